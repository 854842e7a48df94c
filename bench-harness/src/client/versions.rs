//! Which version of an API to speak with a broker.

use std::collections::BTreeMap;

use corelog_protocol::messages::api_versions::ApiVersionsResponse;
use corelog_protocol::{ApiKey, BrokerVersions};

use super::ClientError;

/// What a broker answered to ApiVersions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Versions {
    ranges: BrokerVersions,
    features: BTreeMap<String, i16>,
}

impl Versions {
    /// The highest version that both sides have.
    ///
    /// # Errors
    /// `Unsupported`.
    pub fn pick(&self, api: ApiKey) -> Result<i16, ClientError> {
        self.pick_to(api, i16::MAX)
    }

    /// As `pick`, and not above `highest`.
    ///
    /// # Errors
    /// `Unsupported`.
    pub fn pick_to(&self, api: ApiKey, highest: i16) -> Result<i16, ClientError> {
        self.ranges
            .highest_common(api, highest)
            .ok_or(ClientError::Unsupported(api))
    }

    /// Whether there is a version that both sides have.
    pub fn has(&self, api: ApiKey) -> bool {
        self.pick(api).is_ok()
    }

    /// The features that the cluster has agreed on and their levels, which tell Kafka's version (KIP-584).
    pub fn features(&self) -> &BTreeMap<String, i16> {
        &self.features
    }

    /// All ranges, by Kafka's name of the API, or its key where there is no codec.
    pub fn named(&self) -> BTreeMap<String, (i16, i16)> {
        self.ranges
            .iter()
            .map(|(key, range)| {
                let name = ApiKey::try_from(key).map_or_else(|_| key.to_string(), |api| api.to_string());
                (name, range)
            })
            .collect()
    }
}

impl From<&ApiVersionsResponse> for Versions {
    fn from(response: &ApiVersionsResponse) -> Versions {
        let features = response.finalized_features.iter();
        Versions {
            ranges: BrokerVersions::new(response),
            features: features
                .map(|feature| (feature.name.clone(), feature.max_version_level))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use corelog_protocol::messages::api_versions::ApiVersion;

    use super::*;

    #[test]
    fn the_highest_common_version_is_picked() {
        let check = |min_version, max_version, expected: Option<i16>| {
            let response = ApiVersionsResponse {
                api_keys: vec![ApiVersion {
                    api_key: ApiKey::Produce.key(),
                    min_version,
                    max_version,
                }],
                ..ApiVersionsResponse::default()
            };
            assert_eq!(Versions::from(&response).pick(ApiKey::Produce).ok(), expected);
        };
        check(0, 9, Some(9));
        check(3, 99, Some(*ApiKey::Produce.versions().end()));
        check(0, 2, None);
        check(90, 99, None);
        assert!(!Versions::default().has(ApiKey::Fetch));
    }
}
