//! UpdateFeatures (API key 57). Generated from `schema/update_features.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, Writer, check_version};

/// UpdateFeaturesRequest, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct UpdateFeaturesRequest {
    /// Default 60000.
    pub timeout_ms: i32,
    pub feature_updates: Vec<FeatureUpdateKey>,
    /// From version 1.
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest {
    fn default() -> UpdateFeaturesRequest {
        UpdateFeaturesRequest {
            timeout_ms: 60000,
            feature_updates: Vec::new(),
            validate_only: false,
        }
    }
}

impl UpdateFeaturesRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UpdateFeaturesRequest, DecodeError> {
        check_version("UpdateFeaturesRequest", version, UpdateFeaturesRequest::VERSIONS)?;
        let message = UpdateFeaturesRequest {
            timeout_ms: reader.i32()?,
            feature_updates: reader.array(true, 5, |reader| FeatureUpdateKey::decode(reader, version))?,
            validate_only: if version >= 1 { reader.bool()? } else { false },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("UpdateFeaturesRequest", version, UpdateFeaturesRequest::VERSIONS)?;
        writer.i32(self.timeout_ms);
        writer.array(true, &self.feature_updates, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 1 {
            writer.bool(self.validate_only);
        } else if self.validate_only {
            return Err(EncodeError::absent(
                "UpdateFeaturesRequest",
                "validate_only",
                version,
            ));
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`UpdateFeaturesRequest`].
#[derive(Clone, PartialEq, Debug)]
pub struct FeatureUpdateKey {
    pub feature: String,
    pub max_version_level: i16,
    /// Version 0 only.
    pub allow_downgrade: bool,
    /// From version 1; default 1.
    pub upgrade_type: i8,
}

impl Default for FeatureUpdateKey {
    fn default() -> FeatureUpdateKey {
        FeatureUpdateKey {
            feature: String::new(),
            max_version_level: 0,
            allow_downgrade: false,
            upgrade_type: 1,
        }
    }
}

impl FeatureUpdateKey {
    fn decode(reader: &mut Reader, version: i16) -> Result<FeatureUpdateKey, DecodeError> {
        let message = FeatureUpdateKey {
            feature: reader.string(true)?,
            max_version_level: reader.i16()?,
            allow_downgrade: if version <= 0 { reader.bool()? } else { false },
            upgrade_type: if version >= 1 { reader.i8()? } else { 1 },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.feature)?;
        writer.i16(self.max_version_level);
        if version <= 0 {
            writer.bool(self.allow_downgrade);
        } else if self.allow_downgrade {
            return Err(EncodeError::absent(
                "FeatureUpdateKey",
                "allow_downgrade",
                version,
            ));
        }
        if version >= 1 {
            writer.i8(self.upgrade_type);
        } else if self.upgrade_type != 1 {
            return Err(EncodeError::absent("FeatureUpdateKey", "upgrade_type", version));
        }
        writer.no_tagged_fields();
        Ok(())
    }
}

/// UpdateFeaturesResponse, versions 0 to 2, all flexible.
#[derive(Clone, PartialEq, Debug)]
pub struct UpdateFeaturesResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
    /// Versions 0 to 1.
    pub results: Vec<UpdatableFeatureResult>,
}

impl Default for UpdateFeaturesResponse {
    fn default() -> UpdateFeaturesResponse {
        UpdateFeaturesResponse {
            throttle_time_ms: 0,
            error_code: 0,
            error_message: Some(String::new()),
            results: Vec::new(),
        }
    }
}

impl UpdateFeaturesResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=2;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<UpdateFeaturesResponse, DecodeError> {
        check_version(
            "UpdateFeaturesResponse",
            version,
            UpdateFeaturesResponse::VERSIONS,
        )?;
        let message = UpdateFeaturesResponse {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
            results: if version <= 1 {
                reader.array(true, 5, |reader| UpdatableFeatureResult::decode(reader, version))?
            } else {
                Vec::new()
            },
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version(
            "UpdateFeaturesResponse",
            version,
            UpdateFeaturesResponse::VERSIONS,
        )?;
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        if version <= 1 {
            writer.array(true, &self.results, |writer, item| item.encode(writer, version))?;
        }
        writer.no_tagged_fields();
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
        for item in &self.results {
            item.error_codes(tell);
        }
    }
}

/// A part of [`UpdateFeaturesResponse`].
#[derive(Clone, PartialEq, Debug)]
pub struct UpdatableFeatureResult {
    pub feature: String,
    pub error_code: i16,
    /// Nullable; default empty, not null.
    pub error_message: Option<String>,
}

impl Default for UpdatableFeatureResult {
    fn default() -> UpdatableFeatureResult {
        UpdatableFeatureResult {
            feature: String::new(),
            error_code: 0,
            error_message: Some(String::new()),
        }
    }
}

impl UpdatableFeatureResult {
    fn decode(reader: &mut Reader, _version: i16) -> Result<UpdatableFeatureResult, DecodeError> {
        let message = UpdatableFeatureResult {
            feature: reader.string(true)?,
            error_code: reader.i16()?,
            error_message: reader.nullable_string(true)?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.feature)?;
        writer.i16(self.error_code);
        writer.nullable_string(true, self.error_message.as_deref())?;
        writer.no_tagged_fields();
        Ok(())
    }

    fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}
