//! Where frames go: over the one before on a terminal, line by line elsewhere.
//!
//! Nothing here fails: a terminal that is gone is no reason to end a run.

use std::io::{IsTerminal, Write, stderr};

use super::Frame;
use super::frame::{Emphasis, Line};

/// Columns and rows where the terminal does not say.
const SIZE_UNKNOWN: (usize, usize) = (80, 24);

/// What standard error can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ability {
    /// Nothing is to be shown.
    None,
    /// Lines can be written.
    Lines,
    /// What was written can be drawn over, in colours if they are wanted.
    Redraw { has_colours: bool },
}

fn ability(is_quiet: bool) -> Ability {
    let says = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if is_quiet {
        Ability::None
    } else if !stderr().is_terminal() || says("TERM").is_some_and(|terminal| terminal == "dumb") {
        Ability::Lines
    } else {
        Ability::Redraw {
            // https://no-color.org
            has_colours: says("NO_COLOR").is_none(),
        }
    }
}

/// Says what happens before there is anything to count; the next frame is drawn over it.
pub fn announce(what: &str, is_quiet: bool) {
    let text = match ability(is_quiet) {
        Ability::None => return,
        Ability::Lines => format!("{what}\n"),
        Ability::Redraw { .. } => format!("\r\x1b[K{what} …\r"),
    };
    write_all(&text);
}

/// The frames of one run.
#[derive(Debug)]
pub struct Screen {
    ability: Ability,
    /// The widths of the lines that are drawn.
    drawn: Vec<usize>,
}

impl Screen {
    /// Shows nothing yet, and nothing at all if `is_quiet`.
    pub fn new(is_quiet: bool) -> Screen {
        Screen {
            ability: ability(is_quiet),
            drawn: Vec::new(),
        }
    }

    /// Shows a frame.
    pub fn show(&mut self, frame: &Frame) {
        match self.ability {
            Ability::None => {}
            Ability::Lines => write_all(&format!("{}\n", frame.plain())),
            Ability::Redraw { has_colours } => {
                let (columns, rows) = size();
                // The last column stays free: some terminals wrap when it is written.
                let mut lines = frame.lines(columns.saturating_sub(1).max(1));
                lines.truncate(rows.saturating_sub(1).max(1));
                write_all(&redrawn(&self.drawn, &lines, columns, has_colours));
                self.drawn = lines.iter().map(|line| line.text.chars().count()).collect();
            }
        }
    }

    /// Wipes what is drawn, so that the summary stands in its place.
    pub fn clear(&mut self) {
        if let Ability::Redraw { has_colours } = self.ability {
            let (columns, _) = size();
            write_all(&redrawn(&self.drawn, &[], columns, has_colours));
            self.drawn.clear();
        }
    }
}

/// What draws `lines` over lines of the widths `drawn`, on a terminal that has `columns` now.
fn redrawn(drawn: &[usize], lines: &[Line], columns: usize, has_colours: bool) -> String {
    // A terminal that has become narrower has wrapped what was drawn.
    let rows: usize = drawn
        .iter()
        .map(|width| width.div_ceil(columns.max(1)).max(1))
        .sum();
    let mut out = String::from("\r");
    if rows > 0 {
        out += &format!("\x1b[{rows}A");
    }
    out += "\x1b[J";
    for line in lines {
        match line.emphasis {
            Emphasis::Bold if has_colours => out += &format!("\x1b[1m{}\x1b[0m\r\n", line.text),
            Emphasis::Bad if has_colours => out += &format!("\x1b[31m{}\x1b[0m\r\n", line.text),
            Emphasis::None | Emphasis::Bold | Emphasis::Bad => out += &format!("{}\r\n", line.text),
        }
    }
    out
}

fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(stderr()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        Ok(_) | Err(_) => SIZE_UNKNOWN,
    }
}

fn write_all(text: &str) {
    let mut err = stderr().lock();
    let _gone = err.write_all(text.as_bytes());
    let _gone = err.flush();
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::frame;
    use super::*;

    #[test]
    fn a_frame_is_drawn_over_the_one_before() {
        let lines = frame().lines(99);
        let first = redrawn(&[], &lines, 100, false);
        assert!(first.starts_with("\r\x1b[J1-topic"), "{first:?}");
        assert_eq!(first.matches("\r\n").count(), lines.len());
        let widths: Vec<usize> = lines.iter().map(|line| line.text.chars().count()).collect();
        let second = redrawn(&widths, &lines, 100, false);
        assert!(
            second.starts_with(&format!("\r\x1b[{}A\x1b[J", lines.len())),
            "{second:?}"
        );
    }

    #[test]
    fn a_narrower_terminal_has_more_rows_to_draw_over() {
        assert_eq!(redrawn(&[40, 10, 0], &[], 20, true), "\r\x1b[4A\x1b[J");
        assert_eq!(redrawn(&[40, 10, 0], &[], 100, true), "\r\x1b[3A\x1b[J");
    }

    #[test]
    fn colours_are_left_out_when_they_are_not_wanted() {
        let lines = frame().lines(99);
        assert!(redrawn(&[], &lines, 100, true).contains("\x1b[1m"));
        assert!(!redrawn(&[], &lines, 100, false).contains("\x1b[1m"));
    }
}
