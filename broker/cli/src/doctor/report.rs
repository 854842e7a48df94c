//! What a check found, and how it is told.

use serde_json::json;

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;

/// How well something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Verdict::Ok => "OK",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        }
    }
}

/// One line of the report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) found: String,
    /// What to do, if it is not well.
    pub(crate) advice: Option<String>,
}

impl Line {
    pub(crate) fn ok(check: &'static str, found: impl Into<String>) -> Line {
        Line {
            check,
            verdict: Verdict::Ok,
            found: found.into(),
            advice: None,
        }
    }

    pub(crate) fn warn(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Line {
        Line {
            check,
            verdict: Verdict::Warn,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }

    pub(crate) fn fail(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Line {
        Line {
            check,
            verdict: Verdict::Fail,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }
}

pub(crate) fn print(lines: &[Line], output: &mut Output<'_>) -> Result<(), CliError> {
    if output.is_json() {
        let values: Vec<_> = lines
            .iter()
            .map(|line| {
                json!({
                    "check": line.check, "verdict": line.verdict.name(), "found": line.found,
                    "advice": line.advice,
                })
            })
            .collect();
        return output.json(&values);
    }
    let width = lines.iter().map(|line| line.check.len()).max().unwrap_or(0);
    for line in lines {
        output.line(&format!(
            "{:4}  {:width$}  {}",
            line.verdict.name(),
            line.check,
            line.found
        ))?;
        if let Some(advice) = &line.advice {
            output.line(&format!("{:4}  {:width$}  -> {advice}", "", ""))?;
        }
    }
    let count = |verdict| lines.iter().filter(|line| line.verdict == verdict).count();
    let (warnings, failures) = (count(Verdict::Warn), count(Verdict::Fail));
    output.line(&format!("{failures} to fix, {warnings} to consider"))
}

pub(crate) fn exit(lines: &[Line], strict: bool) -> Exit {
    let worst = lines.iter().map(|line| line.verdict).max().unwrap_or(Verdict::Ok);
    match worst {
        Verdict::Fail => Exit::Unfit,
        Verdict::Warn if strict => Exit::Unfit,
        Verdict::Warn | Verdict::Ok => Exit::Success,
    }
}

#[cfg(test)]
mod tests {
    use crate::globals::Format;

    use super::*;

    fn lines() -> Vec<Line> {
        vec![
            Line::ok("kernel", "6.18"),
            Line::warn("governor", "powersave", "Set performance."),
        ]
    }

    #[test]
    fn the_report_says_what_to_do() {
        let mut text = Vec::new();
        print(&lines(), &mut Output::new(Format::Table, &mut text)).unwrap();
        let expected = "OK    kernel    6.18\n\
                        WARN  governor  powersave\n                \
                        -> Set performance.\n\
                        0 to fix, 1 to consider\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn the_exit_code_follows_the_worst_line() {
        assert_eq!(exit(&lines(), false), Exit::Success);
        assert_eq!(exit(&lines(), true), Exit::Unfit);
        assert_eq!(exit(&[Line::fail("x", "y", "z")], false), Exit::Unfit);
    }
}
