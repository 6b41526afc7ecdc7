//! What is said to the terminal itself: no text in it can end it early or begin another. Pure.

use crossterm::{Command, clipboard::CopyToClipboard};

/// The terminal keeps its title until [`RESTORE_TITLE`].
pub(super) const SAVE_TITLE: &str = "\u{1b}[22;0t";
pub(super) const RESTORE_TITLE: &str = "\u{1b}[23;0t";

/// Buttons and the wheel are told, with places beyond column 223 too; moves, which nobody needs here, are not.
pub(super) const TAKE_MOUSE: &str = "\u{1b}[?1000h\u{1b}[?1006h";
pub(super) const LEAVE_MOUSE: &str = "\u{1b}[?1006l\u{1b}[?1000l";

/// Characters of a notification.
const NOTIFICATION_CHARS: usize = 200;

/// A whole control sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Escape(String);

impl Escape {
    pub fn bell() -> Self {
        Self("\u{7}".to_owned())
    }

    /// OSC 0.
    pub fn title(text: &str) -> Self {
        Self(format!("\u{1b}]0;{}\u{7}", plain(text)))
    }

    /// OSC 9, as iTerm2, `WezTerm`, Windows Terminal and others read it.
    pub fn notify(text: &str) -> Self {
        Self(format!("\u{1b}]9;{}\u{7}", plain(text)))
    }

    /// OSC 777, as urxvt, foot, Ghostty and others read it.
    pub fn notify_with_title(title: &str, text: &str) -> Self {
        // What follows a second semicolon would be more than the text.
        let part = |text: &str| plain(text).replace(';', ",");
        Self(format!("\u{1b}]777;notify;{};{}\u{7}", part(title), part(text)))
    }

    /// OSC 52.
    pub fn copy(text: &str) -> Self {
        let mut escape = String::new();
        // Writing to a string does not fail.
        let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut escape);
        Self(escape)
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The text as one line without control characters.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NOTIFICATION_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_gets_out_of_its_place() {
        let hostile = "a\u{7}b\u{1b}]52;c;eA==\u{1b}\\c\u{9c}\nd;e";
        for escape in [Escape::title(hostile), Escape::notify(hostile), Escape::notify_with_title("x;y", hostile)] {
            let inside = escape.0.strip_prefix("\u{1b}]").and_then(|rest| rest.strip_suffix('\u{7}')).unwrap();
            assert!(!inside.contains(char::is_control), "{inside:?}");
        }
        assert_eq!(Escape::notify_with_title("x;y", "a;b").0.matches(';').count(), 3);
    }

    #[test]
    fn what_is_copied_is_encoded() {
        assert!(Escape::copy("hello\u{1b}").0.contains("aGVsbG8b"));
        assert_eq!(Escape::copy("\u{1b}").0.matches('\u{1b}').count(), Escape::copy("").0.matches('\u{1b}').count());
    }
}
