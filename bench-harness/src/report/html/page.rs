//! The page: its sections, each a chart with its table.

use std::fmt::Write;

use super::chart::Chart;
use super::escape::Escaped;
use super::group::Group;
use super::notices::{Weight, notices};
use super::plots::GROUPS_MAX;
use super::sections::{charts_of_runs, section};
use super::tables::{self, Table};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("hover.js");

/// A part of the page before the charts of the runs: what a comparison, a search or a sweep found.
pub(super) struct Finding {
    /// Its heading.
    pub(super) title: String,
    /// What it says, a sentence each.
    pub(super) sentences: Vec<String>,
    /// Its charts.
    pub(super) charts: Vec<Chart>,
    /// Its tables.
    pub(super) tables: Vec<Table>,
}

/// Writes the whole page. `others` are results without runs of their own, of which nothing but the circumstances are shown.
pub(super) fn write_page(
    out: &mut String,
    findings: &[Finding],
    groups: &[Group],
    others: &[Group],
) -> std::fmt::Result {
    let described = if groups.is_empty() { others } else { groups };
    let title = title(described);
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n\
         <h1>{}</h1>\n",
        Escaped(&title),
        Escaped(&title)
    )?;
    writeln!(out, "<p class=\"quiet\">{}</p>", Escaped(subtitle(described)))?;
    for notice in notices(groups) {
        let (class, word) = match notice.weight {
            Weight::Good => ("good", ""),
            Weight::Warning => ("warn", "Note: "),
            Weight::Bad => ("bad", "Wrong: "),
        };
        writeln!(
            out,
            "<p class=\"notice {class}\">{word}{}</p>",
            Escaped(&notice.text)
        )?;
    }
    writeln!(out, "</header>\n<main>")?;
    for finding in findings {
        section(out, &finding.title, |out| {
            for sentence in &finding.sentences {
                writeln!(out, "<p>{}</p>", Escaped(sentence))?;
            }
            for chart in &finding.charts {
                chart.render(out)?;
            }
            for table in &finding.tables {
                table.render(out)?;
            }
            Ok(())
        })?;
    }
    section(out, "Summary", |out| tables::summary(groups).render(out))?;
    if groups.len() > GROUPS_MAX {
        writeln!(
            out,
            "<p class=\"quiet\">The charts over time show the first {GROUPS_MAX} of {} results.</p>",
            groups.len()
        )?;
    }
    charts_of_runs(out, groups)?;
    section(out, "Workload and environment", |out| {
        tables::settings("Workload", described, "/workload").render(out)?;
        tables::environment(described).render(out)?;
        writeln!(
            out,
            "<details><summary>The target's API versions, lowest and highest</summary>"
        )?;
        tables::settings("API versions", described, "/api_versions").render(out)?;
        writeln!(out, "</details>")
    })?;
    write!(out, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n")
}

fn title(groups: &[Group]) -> String {
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    match names.as_slice() {
        [] => String::from("No results"),
        [.., _] if names.len() > 4 => format!(
            "{} results, {} to {}",
            names.len(),
            names[0],
            names[names.len() - 1]
        ),
        [..] => names.join(" and "),
    }
}

fn subtitle(groups: &[Group]) -> String {
    let mut workloads: Vec<&str> = Vec::new();
    for run in groups.iter().flat_map(|group| &group.runs) {
        if let Some(name) = run
            .text("/workload/name")
            .filter(|name| !workloads.contains(name))
        {
            workloads.push(name);
        }
    }
    let begun = groups
        .first()
        .and_then(|group| group.runs[0].number("/started_at_ms"));
    let begun = begun.map(|millis| {
        let millis = i64::try_from(crate::number::round_to_u64(millis)).unwrap_or(i64::MAX);
        crate::figures::date(millis)
    });
    let mut parts = vec![format!("Workload {}", workloads.join(", "))];
    parts.extend(begun);
    parts.push(format!("corelog-bench {}", env!("CARGO_PKG_VERSION")));
    parts.join(" · ")
}
