//! What a command line changes of the choices of a seed: `lives=2,trouble=none`.

use std::fmt;
use std::str::FromStr;

/// One choice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Which.
    pub key: String,
    /// What it is to be.
    pub value: String,
}

impl Setting {
    /// The choice `key` is to be `value`.
    pub fn new(key: &str, value: impl fmt::Display) -> Setting {
        Setting {
            key: key.to_owned(),
            value: value.to_string(),
        }
    }
}

/// The choices that are not left to the seed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan(Vec<Setting>);

/// A plan cannot be followed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanError {
    /// A choice without a value.
    #[error("{0:?} is not of the form key=value")]
    Form(String),
    /// There is no such choice.
    #[error("there is no choice {0:?}; there are {1}")]
    Key(String, String),
    /// It cannot be that.
    #[error("{key} cannot be {value:?}")]
    Value {
        /// Which.
        key: String,
        /// What it was to be.
        value: String,
    },
}

impl Plan {
    /// Whether everything is left to the seed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The choices, in order.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.0.iter()
    }

    /// This plan with one choice made, or made otherwise.
    pub fn with(&self, setting: Setting) -> Plan {
        let mut settings = self.0.clone();
        settings.retain(|other| other.key != setting.key);
        settings.push(setting);
        Plan(settings)
    }

    /// The value of a choice, if it is made.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.settings()
            .find(|setting| setting.key == key)
            .map(|setting| setting.value.as_str())
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Plan, PlanError> {
        let mut plan = Plan::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| PlanError::Form(part.to_owned()))?;
            plan = plan.with(Setting::new(key.trim(), value.trim()));
        }
        Ok(plan)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, setting) in self.0.iter().enumerate() {
            let comma = if nth > 0 { "," } else { "" };
            write!(f, "{comma}{}={}", setting.key, setting.value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_back_and_its_last_word_counts() {
        let check = |text: &str, expected: &str| {
            let plan: Plan = text.parse().unwrap();
            assert_eq!(plan.to_string(), expected);
            assert_eq!(plan.to_string().parse::<Plan>().unwrap(), plan);
        };
        check("", "");
        check("lives=2, trouble=none", "lives=2,trouble=none");
        check("lives=2,shards=1,lives=3", "shards=1,lives=3");
        assert_eq!("lives".parse::<Plan>(), Err(PlanError::Form("lives".into())));
    }
}
