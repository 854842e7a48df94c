//! A line chart as SVG. Its colours come from the page's style, and what the pointer shows from its data attribute.

use std::fmt::Write;

use serde::Serialize;

use super::escape::Escaped;
use super::scale::Scale;

/// The drawing's size, in units of the SVG; the page scales it.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 50.0;
/// More points than this are not told apart on the screen.
const POINTS_MAX: usize = 800;
/// Colours in the page's style; more series share them, and differ in their dashes.
const COLOURS: usize = 6;
/// Widths of a label's character and a band's narrowest label, in units of the SVG.
const CHARACTER: f64 = 6.6;

/// An axis.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// What it is, with its unit.
    pub(super) title: String,
    /// Where values lie.
    pub(super) scale: Scale,
    /// A value as the pointer shows it.
    pub(super) says: fn(f64) -> String,
}

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// In the legend; series of one name have one entry.
    pub(super) name: String,
    /// Its colour's number.
    pub(super) colour: usize,
    /// Whether the line is broken, which tells series apart without colours.
    pub(super) dashes: usize,
    /// From left to right; a value that is not finite is a gap.
    pub(super) points: Vec<(f64, f64)>,
    /// Points are drawn and not joined.
    pub(super) is_scatter: bool,
}

impl Series {
    /// A line in the colour and dashes that series number `index` has everywhere.
    pub(super) fn line(name: impl Into<String>, index: usize, points: Vec<(f64, f64)>) -> Series {
        Series {
            name: name.into(),
            colour: index % COLOURS,
            dashes: index / COLOURS % 3,
            points,
            is_scatter: false,
        }
    }

    /// The same as points.
    pub(super) fn scatter(name: impl Into<String>, index: usize, points: Vec<(f64, f64)>) -> Series {
        Series {
            is_scatter: true,
            ..Series::line(name, index, points)
        }
    }

    /// Whether there is anything to draw.
    pub(super) fn is_empty(&self) -> bool {
        !self.points.iter().any(|(x, y)| x.is_finite() && y.is_finite())
    }
}

/// A range of the x axis that is set apart.
#[derive(Clone, Debug)]
pub(super) struct Band {
    /// From here.
    pub(super) from: f64,
    /// To here.
    pub(super) to: f64,
    /// What it is.
    pub(super) label: String,
}

/// A level across the chart.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// Its value on the y axis.
    pub(super) value: f64,
    /// What it is.
    pub(super) label: String,
}

/// A chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// What it shows, for those who cannot see it too.
    pub(super) title: String,
    /// From left to right.
    pub(super) x: Axis,
    /// Upwards.
    pub(super) y: Axis,
    /// The lines.
    pub(super) series: Vec<Series>,
    /// Ranges set apart.
    pub(super) bands: Vec<Band>,
    /// Levels across.
    pub(super) levels: Vec<Level>,
}

/// A series as the page's script reads it: name, colour, and for each point its place and what it says.
#[derive(Serialize)]
struct Hover<'a> {
    n: &'a str,
    c: usize,
    p: Vec<(f64, f64, String, String)>,
}

impl Chart {
    /// The chart as HTML: its title, a legend if there are several series, and the drawing.
    pub(super) fn render(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "<figure class=\"plot\">")?;
        writeln!(out, "<figcaption>{}</figcaption>", Escaped(&self.title))?;
        self.legend(out)?;
        let names: Vec<&str> = self.series.iter().map(|series| series.name.as_str()).collect();
        let hover = serde_json::to_string(&self.hover()).map_err(|_| std::fmt::Error)?;
        writeln!(
            out,
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}: {} by {}; {}\" \
             data-hover=\"{}\">",
            Escaped(&self.title),
            Escaped(&self.y.title),
            Escaped(&self.x.title),
            Escaped(names.join(", ")),
            Escaped(hover)
        )?;
        self.bands(out)?;
        self.grid(out)?;
        self.levels(out)?;
        for series in &self.series {
            self.line(out, series)?;
        }
        writeln!(out, "</svg>\n</figure>")
    }

    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let across = WIDTH - LEFT - RIGHT;
        let up = HEIGHT - TOP - BOTTOM;
        (
            LEFT + across * self.x.scale.position(x),
            HEIGHT - BOTTOM - up * self.y.scale.position(y),
        )
    }

    fn legend(&self, out: &mut String) -> std::fmt::Result {
        let mut shown: Vec<&str> = Vec::new();
        if self.series.len() < 2 {
            return Ok(());
        }
        write!(out, "<ul class=\"legend\">")?;
        for series in &self.series {
            if shown.contains(&series.name.as_str()) {
                continue;
            }
            shown.push(&series.name);
            let mark = if series.is_scatter {
                format!(
                    "<circle class=\"dot c{}\" cx=\"13\" cy=\"5\" r=\"4\"/>",
                    series.colour
                )
            } else {
                format!(
                    "<path class=\"line c{} d{}\" d=\"M0 5H26\"/>",
                    series.colour, series.dashes
                )
            };
            write!(
                out,
                "<li><svg viewBox=\"0 0 26 10\" aria-hidden=\"true\">{mark}</svg>{}</li>",
                Escaped(&series.name)
            )?;
        }
        writeln!(out, "</ul>")
    }

    fn bands(&self, out: &mut String) -> std::fmt::Result {
        for band in &self.bands {
            let (left, _) = self.place(band.from, f64::NAN);
            let (right, _) = self.place(band.to, f64::NAN);
            let width = right - left;
            if width < 1.0 {
                continue;
            }
            writeln!(
                out,
                "<rect class=\"band\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
                HEIGHT - TOP - BOTTOM
            )?;
            if width > CHARACTER * band.label.chars().count() as f64 {
                writeln!(
                    out,
                    "<text class=\"note\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                    left + width / 2.0,
                    TOP + 13.0,
                    Escaped(&band.label)
                )?;
            }
        }
        Ok(())
    }

    fn grid(&self, out: &mut String) -> std::fmt::Result {
        let bottom = HEIGHT - BOTTOM;
        for tick in self.y.scale.ticks(6) {
            let (_, y) = self.place(f64::NAN, tick.value);
            writeln!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/><text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 7.0,
                y + 4.0,
                Escaped(&tick.label)
            )?;
        }
        // Labels that would touch the one before are left out; their lines stay.
        let mut free_from = f64::NEG_INFINITY;
        for tick in self.x.scale.ticks(8) {
            let (x, _) = self.place(tick.value, f64::NAN);
            writeln!(out, "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom}\"/>")?;
            let half = CHARACTER * tick.label.chars().count() as f64 / 2.0;
            if x - half < free_from {
                continue;
            }
            free_from = x + half + CHARACTER;
            writeln!(
                out,
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                bottom + 17.0,
                Escaped(&tick.label)
            )?;
        }
        writeln!(
            out,
            "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{:.1}\"/>",
            WIDTH - RIGHT
        )?;
        writeln!(
            out,
            "<text class=\"axis-title\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, WIDTH - RIGHT),
            HEIGHT - 10.0,
            Escaped(&self.x.title)
        )?;
        let middle = f64::midpoint(TOP, bottom);
        writeln!(
            out,
            "<text class=\"axis-title\" transform=\"rotate(-90 14 {middle:.1})\" x=\"14\" y=\"{middle:.1}\" \
             text-anchor=\"middle\">{}</text>",
            Escaped(&self.y.title)
        )
    }

    fn levels(&self, out: &mut String) -> std::fmt::Result {
        for level in &self.levels {
            let (_, y) = self.place(f64::NAN, level.value);
            // Above its line, and below it where there is no room.
            let text = if y - TOP < 16.0 { y + 13.0 } else { y - 5.0 };
            writeln!(
                out,
                "<path class=\"level\" d=\"M{LEFT} {y:.1}H{:.1}\"/><text class=\"note\" x=\"{:.1}\" y=\"{text:.1}\" \
                 text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                WIDTH - RIGHT - 4.0,
                Escaped(&level.label)
            )?;
        }
        Ok(())
    }

    fn line(&self, out: &mut String, series: &Series) -> std::fmt::Result {
        let points = thinned(&series.points);
        let is_drawn =
            |point: Option<&(f64, f64)>| point.is_some_and(|(x, y)| x.is_finite() && y.is_finite());
        let mut path = String::new();
        let mut dots = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            if !is_drawn(points.get(index)) {
                continue;
            }
            let (left, top) = self.place(*x, *y);
            let follows = index > 0 && is_drawn(points.get(index - 1));
            // A point without neighbours would be no line at all.
            if series.is_scatter || (!follows && !is_drawn(points.get(index + 1))) {
                write!(
                    dots,
                    "<circle class=\"dot c{}\" cx=\"{left:.1}\" cy=\"{top:.1}\" r=\"{}\"/>",
                    series.colour,
                    if series.is_scatter { 4.5 } else { 2.5 }
                )?;
            }
            write!(path, "{}{left:.1} {top:.1}", if follows { 'L' } else { 'M' })?;
        }
        if !series.is_scatter {
            writeln!(
                out,
                "<path class=\"line c{} d{}\" data-name=\"{}\" d=\"{path}\"/>",
                series.colour,
                series.dashes,
                Escaped(&series.name)
            )?;
        }
        writeln!(out, "{dots}")
    }

    fn hover(&self) -> Vec<Hover<'_>> {
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        let one = |series: &'_ Series| {
            thinned(&series.points)
                .into_iter()
                .filter(|(x, y)| x.is_finite() && y.is_finite())
                .map(|(x, y)| {
                    let (left, top) = self.place(x, y);
                    (tenth(left), tenth(top), (self.x.says)(x), (self.y.says)(y))
                })
                .collect()
        };
        self.series
            .iter()
            .map(|series| Hover {
                n: &series.name,
                c: series.colour,
                p: one(series),
            })
            .collect()
    }
}

/// As many points as can be told apart: of each group of neighbours the lowest and the highest, so that no peak is lost.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= POINTS_MAX {
        return points.to_vec();
    }
    let size = points.len().div_ceil(POINTS_MAX / 2);
    let mut kept = Vec::with_capacity(POINTS_MAX);
    for group in points.chunks(size) {
        let low = group.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let high = group.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let mut pair: Vec<(f64, f64)> = low.into_iter().chain(high).copied().collect();
        pair.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept.extend(pair);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(series: Vec<Series>) -> Chart {
        let axis = |title: &str| Axis {
            title: title.to_owned(),
            scale: Scale::span(0.0, 10.0),
            says: |value| format!("{value}"),
        };
        Chart {
            title: String::from("Rate"),
            x: axis("Time (s)"),
            y: axis("Messages (1/s)"),
            series,
            bands: Vec::new(),
            levels: Vec::new(),
        }
    }

    fn rendered(chart: &Chart) -> String {
        let mut out = String::new();
        chart.render(&mut out).unwrap();
        out
    }

    #[test]
    fn each_series_has_its_line_and_its_place_in_the_legend() {
        let text = rendered(&chart(vec![
            Series::line("one", 0, vec![(0.0, 0.0), (10.0, 10.0)]),
            Series::line("two", 1, vec![(0.0, 10.0), (10.0, 0.0)]),
        ]));
        assert!(
            text.contains("class=\"line c0 d0\" data-name=\"one\" d=\"M66.0 250.0L742.0 16.0\""),
            "{text}"
        );
        assert!(
            text.contains("class=\"line c1 d0\" data-name=\"two\" d=\"M66.0 16.0L742.0 250.0\""),
            "{text}"
        );
        assert_eq!(text.matches("<li>").count(), 2);
        for label in [">Time (s)<", ">Messages (1/s)<", ">0<", ">10<"] {
            assert!(text.contains(label), "{label}");
        }
    }

    #[test]
    fn a_gap_breaks_the_line_and_a_lonely_point_is_a_dot() {
        let points = vec![
            (0.0, 1.0),
            (1.0, 1.0),
            (2.0, f64::NAN),
            (3.0, 1.0),
            (4.0, f64::NAN),
        ];
        let text = rendered(&chart(vec![Series::line("one", 0, points)]));
        let path = text.split("data-name=\"one\" d=\"").nth(1).unwrap();
        let path = path.split('"').next().unwrap();
        assert_eq!(path, "M66.0 226.6L133.6 226.6M268.8 226.6");
        assert_eq!(text.matches("<circle").count(), 1);
        assert!(!text.contains("NaN"));
    }

    #[test]
    fn names_stay_names() {
        let text = rendered(&chart(vec![
            Series::line("</svg><script>alert(1)</script>", 0, vec![(0.0, 0.0), (1.0, 1.0)]),
            Series::line("\" onload=\"alert(1)", 1, vec![(0.0, 0.0)]),
        ]));
        assert!(!text.contains("<script"));
        assert!(!text.contains("\" onload"));
        assert_eq!(
            text.matches("</svg>").count(),
            3,
            "two in the legend, one drawing"
        );
    }

    #[test]
    fn a_long_series_keeps_its_peaks() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|x| (f64::from(x), 1.0)).collect();
        points[77_777].1 = 50.0;
        points[33_333].1 = -50.0;
        let thin = thinned(&points);
        assert!(thin.len() <= POINTS_MAX);
        assert!(thin.contains(&(77_777.0, 50.0)) && thin.contains(&(33_333.0, -50.0)));
        assert!(thin.is_sorted_by(|a, b| a.0 <= b.0));
    }

    #[test]
    fn labels_do_not_touch() {
        let mut crowded = chart(vec![Series::line("one", 0, vec![(0.0, 0.0), (9.0, 1.0)])]);
        crowded.x.scale = Scale::Nines { most: 7.0 };
        let text = rendered(&crowded);
        let mut end = 0.0;
        let mut labels = 0;
        for line in text.lines().filter(|line| line.contains(" %</text>")) {
            let x: f64 = line
                .split("x=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            let label = line.split('>').nth(1).unwrap().split('<').next().unwrap();
            let half = label.chars().count() as f64 * CHARACTER / 2.0;
            assert!(x - half >= end, "{label}");
            end = x + half;
            labels += 1;
        }
        assert!(labels >= 6, "{labels}");
    }
}
