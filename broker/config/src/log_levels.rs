//! `log.level`: which log lines are written.

/// The levels, the most severe first; `off` writes nothing.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Whether `text` is a level, or a list of levels and `target=level`: what an `EnvFilter` of `tracing` takes, without
/// spans and fields.
pub(crate) fn is_valid(text: &str) -> bool {
    text.split(',').all(|part| match part.trim().split_once('=') {
        None => is_level(part.trim()),
        Some((target, level)) => is_target(target) && is_level(level),
    })
}

fn is_level(text: &str) -> bool {
    LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text))
}

/// A path of modules.
fn is_target(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':'))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn levels_and_targets() {
        for good in [
            "info",
            "WARN",
            "info,glommio=warn",
            "off, corelog_broker::api=trace",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "",
            "loud",
            "info,",
            "=info",
            "a b=info",
            "corelog_broker",
            "a[b]=info",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
