//! What commands print: tables for people, JSON for scripts.

use std::io::Write;

use serde::Serialize;

use crate::error::CliError;
use crate::globals::Format;

/// Where results go, and in which form.
pub(crate) struct Output<'a> {
    format: Format,
    writer: &'a mut dyn Write,
}

impl<'a> Output<'a> {
    /// Results in `format` to `writer`.
    pub(crate) fn new(format: Format, writer: &'a mut dyn Write) -> Output<'a> {
        Output { format, writer }
    }

    /// Whether scripts read it.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints a line.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), CliError> {
        writeln!(self.writer, "{text}").map_err(CliError::Output)
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.writer.write_all(bytes).map_err(CliError::Output)
    }

    /// Prints a value as JSON, indented.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value).expect("values of ours have JSON forms");
        self.line(&text)
    }

    /// Prints a table to people, its JSON form to scripts.
    pub(crate) fn table_or_json(&mut self, table: &Table, value: &impl Serialize) -> Result<(), CliError> {
        if self.is_json() {
            self.json(value)
        } else {
            self.table(table)
        }
    }

    /// Prints a table.
    pub(crate) fn table(&mut self, table: &Table) -> Result<(), CliError> {
        self.bytes(table.render().as_bytes())
    }

    /// Hands on what is buffered.
    pub(crate) fn flush(&mut self) -> Result<(), CliError> {
        self.writer.flush().map_err(CliError::Output)
    }
}

/// Rows under headings, aligned. A column of numbers is aligned to the right.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(headings: &[&'static str]) -> Table {
        Table {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: a cell for each heading.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<_> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.headings.len(), "a cell for each heading");
        self.rows.push(cells);
    }

    pub(crate) fn render(&self) -> String {
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| width(&row[column]));
                cells.chain([width(self.headings[column])]).max().unwrap_or(0)
            })
            .collect();
        let is_number = |cell: &String| cell == "-" || cell.parse::<f64>().is_ok();
        let right: Vec<bool> = (0..self.headings.len())
            .map(|column| !self.rows.is_empty() && self.rows.iter().all(|row| is_number(&row[column])))
            .collect();
        let mut text = String::new();
        let headings: Vec<String> = self
            .headings
            .iter()
            .map(|heading| (*heading).to_owned())
            .collect();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[column] - width(cell));
                if column > 0 {
                    line.push_str("  ");
                }
                if right[column] {
                    line.push_str(&padding);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&padding);
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// A value that may be missing, as a cell.
pub(crate) fn cell<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Numbers separated by commas, as a cell.
pub(crate) fn joined(values: &[i32]) -> String {
    if values.is_empty() {
        return "-".to_owned();
    }
    values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let mut table = Table::new(&["NAME", "COUNT", "NOTE"]);
        table.row(["a".into(), "5".into(), "x".into()]);
        table.row(["größer".into(), "-".into(), String::new()]);
        table.row(["c".into(), "12345678".into(), "long".into()]);
        assert_eq!(
            table.render(),
            "NAME       COUNT  NOTE\n\
             a              5  x\n\
             größer         -\n\
             c       12345678  long\n"
        );
        assert_eq!(Table::new(&["NAME"]).render(), "NAME\n");
    }
}
