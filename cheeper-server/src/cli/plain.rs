//! Text that nobody can make more of than a part of one line: neither another line nor orders to a terminal.

use std::{
    fmt::{self, Write as _},
    io::{self, Write as _},
};

/// Bytes of a line, about; what is longer is cut off.
const LINE_BYTES: usize = 4096;

/// A line in the making. What is written to it is made plain.
#[derive(Default)]
pub(super) struct PlainLine(String);

impl PlainLine {
    /// One that begins with this, which is ours and stays as it is.
    pub(super) fn begin(with: String) -> Self {
        Self(with)
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

impl fmt::Write for PlainLine {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.0.len() >= LINE_BYTES {
                if !self.0.ends_with('…') {
                    self.0.push('…');
                }
                break;
            }
            if is_plain(character) {
                self.0.push(character);
            } else {
                self.0.extend(character.escape_default());
            }
        }
        Ok(())
    }
}

/// Says something on standard output, in a line of its own.
pub(super) fn print(what: &str) {
    let mut line = PlainLine::default();
    // A line takes every write; and whoever reads no further has the exit code.
    _ = write!(line, "{what}");
    drop(writeln!(io::stdout(), "{}", line.finish()));
}

/// Whether a character is shown where it stands and does nothing else.
fn is_plain(character: char) -> bool {
    let is_end_of_line = matches!(character, '\u{2028}' | '\u{2029}');
    // They make what comes after them be shown before it.
    let is_of_direction = matches!(
        character,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    !(character.is_control() || is_end_of_line || is_of_direction)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn plain(text: &str) -> String {
        let mut line = PlainLine::default();
        line.write_str(text).unwrap();
        line.finish()
    }

    #[test]
    fn what_is_shown_as_it_is_stays_and_the_rest_is_spelled_out() {
        assert_eq!(plain("grüße, 世界 \"👋🏽\" \\ ~"), "grüße, 世界 \"👋🏽\" \\ ~");
        assert_eq!(plain("a\nb\r\u{1b}[31m\u{7f}\u{9b}\0"), "a\\nb\\r\\u{1b}[31m\\u{7f}\\u{9b}\\u{0}");
        assert_eq!(plain("\u{85}\u{2028}\u{2029}"), "\\u{85}\\u{2028}\\u{2029}");
        assert_eq!(plain("\u{202e}\u{2066}\u{200f}\u{61c}"), "\\u{202e}\\u{2066}\\u{200f}\\u{61c}");
    }

    #[test]
    fn a_line_ends_somewhere() {
        let line = plain(&"\u{1b}é".repeat(LINE_BYTES));
        assert!(line.len() < LINE_BYTES + 16 && line.ends_with('…') && !line.ends_with("……"), "{line}");
    }
}
