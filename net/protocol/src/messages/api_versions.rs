//! ApiVersions (API key 18). Generated from `schema/api_versions.schema`; not to be edited.

use std::ops::RangeInclusive;

use crate::codec::{DecodeError, EncodeError, Reader, TaggedFields, Writer, check_version};

/// ApiVersionsRequest, versions 0 to 5, flexible from 3.
#[derive(Clone, PartialEq, Debug)]
pub struct ApiVersionsRequest {
    /// From version 3.
    pub client_software_name: String,
    /// From version 3.
    pub client_software_version: String,
    /// From version 5; nullable.
    pub cluster_id: Option<String>,
    /// From version 5; default -1.
    pub node_id: i32,
}

impl Default for ApiVersionsRequest {
    fn default() -> ApiVersionsRequest {
        ApiVersionsRequest {
            client_software_name: String::new(),
            client_software_version: String::new(),
            cluster_id: None,
            node_id: -1,
        }
    }
}

impl ApiVersionsRequest {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ApiVersionsRequest, DecodeError> {
        check_version("ApiVersionsRequest", version, ApiVersionsRequest::VERSIONS)?;
        let flexible = version >= 3;
        let message = ApiVersionsRequest {
            client_software_name: if version >= 3 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            client_software_version: if version >= 3 {
                reader.string(flexible)?
            } else {
                String::new()
            },
            cluster_id: if version >= 5 {
                reader.nullable_string(flexible)?
            } else {
                None
            },
            node_id: if version >= 5 { reader.i32()? } else { -1 },
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ApiVersionsRequest", version, ApiVersionsRequest::VERSIONS)?;
        let flexible = version >= 3;
        if version >= 3 {
            writer.string(flexible, &self.client_software_name)?;
        }
        if version >= 3 {
            writer.string(flexible, &self.client_software_version)?;
        }
        if version >= 5 {
            writer.nullable_string(flexible, self.cluster_id.as_deref())?;
        }
        if version >= 5 {
            writer.i32(self.node_id);
        }
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// ApiVersionsResponse, versions 0 to 5, flexible from 3.
#[derive(Clone, PartialEq, Debug)]
pub struct ApiVersionsResponse {
    pub error_code: i16,
    pub api_keys: Vec<ApiVersion>,
    /// From version 1.
    pub throttle_time_ms: i32,
    /// From version 3; tag 0.
    pub supported_features: Vec<SupportedFeatureKey>,
    /// From version 3; tag 1; default -1.
    pub finalized_features_epoch: i64,
    /// From version 3; tag 2.
    pub finalized_features: Vec<FinalizedFeatureKey>,
    /// From version 3; tag 3.
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse {
    fn default() -> ApiVersionsResponse {
        ApiVersionsResponse {
            error_code: 0,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        }
    }
}

impl ApiVersionsResponse {
    /// The versions there are.
    pub const VERSIONS: RangeInclusive<i16> = 0..=5;

    /// Decodes from `reader` and leaves in it what follows.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(reader: &mut Reader, version: i16) -> Result<ApiVersionsResponse, DecodeError> {
        check_version("ApiVersionsResponse", version, ApiVersionsResponse::VERSIONS)?;
        let flexible = version >= 3;
        let mut message = ApiVersionsResponse {
            error_code: reader.i16()?,
            api_keys: reader.array(flexible, 6, |reader| ApiVersion::decode(reader, version))?,
            throttle_time_ms: if version >= 1 { reader.i32()? } else { 0 },
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        };
        if flexible {
            reader.tagged_fields(|tag, reader| {
                match tag {
                    0 => {
                        message.supported_features =
                            reader.array(true, 6, |reader| SupportedFeatureKey::decode(reader, version))?
                    }
                    1 => message.finalized_features_epoch = reader.i64()?,
                    2 => {
                        message.finalized_features =
                            reader.array(true, 6, |reader| FinalizedFeatureKey::decode(reader, version))?
                    }
                    3 => message.zk_migration_ready = reader.bool()?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }

    /// Appends the message to `writer`.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        check_version("ApiVersionsResponse", version, ApiVersionsResponse::VERSIONS)?;
        let flexible = version >= 3;
        writer.i16(self.error_code);
        writer.array(flexible, &self.api_keys, |writer, item| {
            item.encode(writer, version)
        })?;
        if version >= 1 {
            writer.i32(self.throttle_time_ms);
        }
        if flexible {
            let mut tags = TaggedFields::new();
            if !self.supported_features.is_empty() {
                tags.add(0, |writer| {
                    writer.array(true, &self.supported_features, |writer, item| {
                        item.encode(writer, version)
                    })?;
                    Ok(())
                })?;
            }
            if self.finalized_features_epoch != -1 {
                tags.add(1, |writer| {
                    writer.i64(self.finalized_features_epoch);
                    Ok(())
                })?;
            }
            if !self.finalized_features.is_empty() {
                tags.add(2, |writer| {
                    writer.array(true, &self.finalized_features, |writer, item| {
                        item.encode(writer, version)
                    })?;
                    Ok(())
                })?;
            }
            if self.zk_migration_ready {
                tags.add(3, |writer| {
                    writer.bool(self.zk_migration_ready);
                    Ok(())
                })?;
            }
            writer.tagged_fields(&tags);
        }
        Ok(())
    }

    /// Gives `tell` every error code of the answer, that of no error included.
    pub fn error_codes(&self, tell: &mut impl FnMut(i16)) {
        tell(self.error_code);
    }
}

/// A part of [`ApiVersionsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ApiVersion {
    pub api_key: i16,
    pub min_version: i16,
    pub max_version: i16,
}

impl ApiVersion {
    fn decode(reader: &mut Reader, version: i16) -> Result<ApiVersion, DecodeError> {
        let flexible = version >= 3;
        let message = ApiVersion {
            api_key: reader.i16()?,
            min_version: reader.i16()?,
            max_version: reader.i16()?,
        };
        if flexible {
            reader.skip_tagged_fields()?;
        }
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        let flexible = version >= 3;
        writer.i16(self.api_key);
        writer.i16(self.min_version);
        writer.i16(self.max_version);
        if flexible {
            writer.no_tagged_fields();
        }
        Ok(())
    }
}

/// A part of [`ApiVersionsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SupportedFeatureKey {
    pub name: String,
    pub min_version: i16,
    pub max_version: i16,
}

impl SupportedFeatureKey {
    fn decode(reader: &mut Reader, _version: i16) -> Result<SupportedFeatureKey, DecodeError> {
        let message = SupportedFeatureKey {
            name: reader.string(true)?,
            min_version: reader.i16()?,
            max_version: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i16(self.min_version);
        writer.i16(self.max_version);
        writer.no_tagged_fields();
        Ok(())
    }
}

/// A part of [`ApiVersionsResponse`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FinalizedFeatureKey {
    pub name: String,
    pub max_version_level: i16,
    pub min_version_level: i16,
}

impl FinalizedFeatureKey {
    fn decode(reader: &mut Reader, _version: i16) -> Result<FinalizedFeatureKey, DecodeError> {
        let message = FinalizedFeatureKey {
            name: reader.string(true)?,
            max_version_level: reader.i16()?,
            min_version_level: reader.i16()?,
        };
        reader.skip_tagged_fields()?;
        Ok(message)
    }

    fn encode(&self, writer: &mut Writer, _version: i16) -> Result<(), EncodeError> {
        writer.string(true, &self.name)?;
        writer.i16(self.max_version_level);
        writer.i16(self.min_version_level);
        writer.no_tagged_fields();
        Ok(())
    }
}
