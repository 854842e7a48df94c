//! What a broker says that it speaks, beyond what requests go by.

use std::collections::BTreeMap;
use std::time::Duration;

use corelog_protocol::BrokerVersions;
use corelog_protocol::messages::api_versions::ApiVersionsRequest;

use crate::api_error::ApiError;
use crate::client::{Client, Target};
use crate::error::ClientError;

/// The levels of a feature, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FeatureRange {
    /// Those that the broker can work with; `None` if it does not say.
    pub supported: Option<(i16, i16)>,
    /// The level that the cluster works with; `None` if it is not set.
    pub finalized: Option<i16>,
}

/// What one broker speaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokerFeatures {
    /// Its APIs.
    pub versions: BrokerVersions,
    /// Its features (KIP-584), by name.
    pub features: BTreeMap<String, FeatureRange>,
}

impl Client {
    /// Asks a broker what it speaks.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn features(&mut self, broker: i32) -> Result<BrokerFeatures, ClientError> {
        self.retrying(|client| {
            let response = client.call(&Target::Broker(broker), Duration::ZERO, |_| ApiVersionsRequest {
                client_software_name: "corelog".to_owned(),
                client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
                ..ApiVersionsRequest::default()
            })?;
            ApiError::check(response.error_code, None)
                .map_err(|error| ClientError::refused(format!("the versions of broker {broker}"), error))?;
            let mut features: BTreeMap<String, FeatureRange> = BTreeMap::new();
            for feature in &response.supported_features {
                let range = features.entry(feature.name.clone()).or_default();
                range.supported = Some((feature.min_version, feature.max_version));
            }
            for feature in &response.finalized_features {
                features.entry(feature.name.clone()).or_default().finalized = Some(feature.max_version_level);
            }
            Ok(BrokerFeatures {
                versions: BrokerVersions::new(&response),
                features,
            })
        })
    }
}
