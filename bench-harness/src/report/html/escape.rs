//! Text within HTML. Labels, names and errors come from files and from servers: none may become markup.

use std::fmt::{self, Display, Formatter, Write};

/// Displays as text that HTML takes literally, in an element and in a quoted attribute.
pub(super) struct Escaped<T>(pub(super) T);

impl<T: Display> Display for Escaped<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'b>(&'a mut Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.write_str("&amp;")?,
                '<' => self.0.write_str("&lt;")?,
                '>' => self.0.write_str("&gt;")?,
                '"' => self.0.write_str("&quot;")?,
                '\'' => self.0.write_str("&#39;")?,
                // HTML knows no form for the others.
                other if other.is_control() && other != '\n' && other != '\t' => {
                    self.0.write_char(char::REPLACEMENT_CHARACTER)?;
                }
                other => self.0.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        let check = |text: &str, expected: &str| assert_eq!(Escaped(text).to_string(), expected);
        check("plain", "plain");
        check(
            "<script>alert(1)</script>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
        );
        check("\" onload='x' &amp;", "&quot; onload=&#39;x&#39; &amp;amp;");
        check("a\u{0}b\u{1b}[0m\n", "a\u{fffd}b\u{fffd}[0m\n");
        check("größer 10 µs", "größer 10 µs");
    }

    #[test]
    fn anything_that_displays_can_be_escaped() {
        assert_eq!(Escaped(format_args!("{}<{}", 1, 2)).to_string(), "1&lt;2");
    }
}
