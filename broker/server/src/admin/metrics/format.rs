//! The two text formats, and which of them a client asks for.

use hyper::HeaderMap;
use hyper::header::ACCEPT;

/// A format of `/metrics`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::admin) enum Format {
    /// OpenMetrics 1.0.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4.
    Prometheus,
}

impl Format {
    /// As headers have it.
    pub(in crate::admin) fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// OpenMetrics for whoever names it and likes nothing better, the older format for all others.
    pub(in crate::admin) fn of_headers(headers: &HeaderMap) -> Format {
        let ranges = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        Format::of_accept(ranges.flat_map(|value| value.split(',')))
    }

    fn of_accept<'a>(ranges: impl Iterator<Item = &'a str>) -> Format {
        let (mut open_metrics, mut prometheus) = (0.0_f64, 0.0_f64);
        for range in ranges {
            let mut parts = range.split(';').map(str::trim);
            let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut quality, mut version) = (1.0, None);
            for (name, value) in parts.filter_map(|part| part.split_once('=')) {
                match name.trim().to_ascii_lowercase().as_str() {
                    "q" => quality = value.trim().parse().unwrap_or(0.0),
                    "version" => version = Some(value.trim().trim_matches('"')),
                    _ => {}
                }
            }
            match (media_type.as_str(), version) {
                ("application/openmetrics-text", None | Some("1.0.0")) => {
                    open_metrics = open_metrics.max(quality);
                }
                ("text/plain" | "text/*", None | Some("0.0.4")) => prometheus = prometheus.max(quality),
                _ => {}
            }
        }
        if open_metrics > 0.0 && open_metrics >= prometheus {
            Format::OpenMetrics
        } else {
            Format::Prometheus
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_liked_best() {
        let check = |accept: &str, expected: Format| {
            assert_eq!(Format::of_accept(accept.split(',')), expected, "{accept}");
        };
        check("", Format::Prometheus);
        check("*/*", Format::Prometheus);
        check("text/html, */*;q=0.8", Format::Prometheus);
        check("text/plain", Format::Prometheus);
        check("application/openmetrics-text", Format::OpenMetrics);
        check(
            "application/openmetrics-text; version=\"1.0.0\"; charset=utf-8",
            Format::OpenMetrics,
        );
        check("application/openmetrics-text;version=9.9.9", Format::Prometheus);
        check("application/openmetrics-text;q=0", Format::Prometheus);
        check(
            "application/openmetrics-text;q=0.3,text/plain;version=0.0.4;q=0.5",
            Format::Prometheus,
        );
        // What Prometheus 2.55 and 3.5 send.
        check(
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::OpenMetrics,
        );
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            Format::OpenMetrics,
        );
    }
}
