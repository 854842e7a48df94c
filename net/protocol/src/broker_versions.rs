//! Which version of an API a client speaks with a broker: the highest that both sides have. Every client of ours asks
//! here.

use std::collections::BTreeMap;

use crate::ApiKey;
use crate::messages::api_versions::{ApiVersion, ApiVersionsResponse};

/// The versions that a broker has, by API key.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BrokerVersions(BTreeMap<i16, (i16, i16)>);

impl BrokerVersions {
    /// Takes over what a broker said.
    pub fn new(response: &ApiVersionsResponse) -> BrokerVersions {
        let range = |api: &ApiVersion| (api.api_key, (api.min_version, api.max_version));
        BrokerVersions(response.api_keys.iter().map(range).collect())
    }

    /// The versions the broker has of an API, first and last, both included.
    pub fn of(&self, api: ApiKey) -> Option<(i16, i16)> {
        self.0.get(&api.key()).copied()
    }

    /// All ranges, by API key, also of APIs that there is no codec for.
    pub fn iter(&self) -> impl Iterator<Item = (i16, (i16, i16))> {
        self.0.iter().map(|(key, range)| (*key, *range))
    }

    /// The highest common version, at most `version_max`; `None` if there is none.
    pub fn highest_common(&self, api: ApiKey, version_max: i16) -> Option<i16> {
        let (first, last) = self.of(api)?;
        let version = last.min(*api.versions().end()).min(version_max);
        (version >= first && version >= *api.versions().start()).then_some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_is_chosen() {
        let (ours_first, ours_last) = (*ApiKey::Fetch.versions().start(), *ApiKey::Fetch.versions().end());
        let check = |broker: Option<(i16, i16)>, version_max: i16, expected: Option<i16>| {
            let api_keys = broker.map(|(min_version, max_version)| ApiVersion {
                api_key: ApiKey::Fetch.key(),
                min_version,
                max_version,
            });
            let response = ApiVersionsResponse {
                api_keys: api_keys.into_iter().collect(),
                ..ApiVersionsResponse::default()
            };
            let versions = BrokerVersions::new(&response);
            assert_eq!(
                versions.highest_common(ApiKey::Fetch, version_max),
                expected,
                "{broker:?}"
            );
        };
        check(Some((0, 1000)), i16::MAX, Some(ours_last));
        check(Some((0, ours_first)), i16::MAX, Some(ours_first));
        check(Some((0, 1000)), ours_last - 1, Some(ours_last - 1));
        check(Some((0, ours_first - 1)), i16::MAX, None);
        check(Some((ours_last + 1, 1000)), i16::MAX, None);
        check(None, i16::MAX, None);
    }
}
