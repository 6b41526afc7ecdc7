//! The input: a small editor of several lines that moves by graphemes and words. Pure.

pub mod complete;
mod edit;
mod undo;

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

pub use self::edit::Edit;
use self::undo::Undo;
use crate::wrap::{byte_at, place};

/// Texts that ↑ can bring back.
const RECALLED: usize = 100;

/// What is being written.
#[derive(Clone, Debug, Default)]
pub struct Composer {
    text: String,
    /// Where the cursor is, in bytes; always between two graphemes.
    cursor: usize,
    killed: String,
    undo: Undo,
    sent: Vec<String>,
    recalled: Option<usize>,
}

impl Composer {
    pub fn with_text(text: String) -> Self {
        Self { cursor: text.len(), text, ..Self::default() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor.
    pub fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes the text out, to be sent.
    pub fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        self.cursor = 0;
        self.undo = Undo::default();
        self.recalled = None;
        if self.sent.last() != Some(&text) {
            self.sent.push(text.clone());
        }
        if self.sent.len() > RECALLED {
            self.sent.remove(0);
        }
        text
    }

    /// Puts a text back in front of what is being written.
    pub fn put_back(&mut self, text: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.set(&format!("{text}{gap}{}", self.text));
    }

    /// Puts a text in the place of all that is there.
    pub fn set(&mut self, text: &str) {
        self.replace(0..self.text.len(), text);
    }

    /// Whether ↑ recalls what was sent: the line is empty or still as it was recalled.
    pub fn recalls(&self) -> bool {
        self.text.is_empty() || self.recalled.is_some()
    }

    /// Moves the cursor a line up or down in a text that is `width` columns wide; false if there is none.
    pub fn move_line(&mut self, up: bool, width: usize) -> bool {
        let (row, column) = place(&self.text, self.cursor, width);
        let target = if up { row.checked_sub(1) } else { Some(row + 1) };
        let Some(at) = target.and_then(|row| byte_at(&self.text, row, column, width)) else { return false };
        // A grapheme that is wider than the line stands on several.
        let mut ends = self.text.grapheme_indices(true).map(|(start, grapheme)| start..start + grapheme.len());
        let around = ends.find(|grapheme| grapheme.contains(&at)).unwrap_or(at..at);
        self.cursor = if up || around.start == at { around.start } else { around.end };
        self.undo.pause();
        true
    }

    pub fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Insert(text) => {
                let text = text.replace("\r\n", "\n").replace('\r', "\n");
                self.replace(self.cursor..self.cursor, &text);
            }
            Edit::Left => self.go(self.left()),
            Edit::Right => self.go(self.right()),
            Edit::WordLeft => self.go(self.word_start()),
            Edit::WordRight => self.go(self.word_end()),
            Edit::LineStart => self.go(self.line_start()),
            Edit::LineEnd => self.go(self.line_end()),
            Edit::DeleteLeft => self.replace(self.left()..self.cursor, ""),
            Edit::DeleteRight => self.replace(self.cursor..self.right(), ""),
            Edit::KillWordLeft => self.kill(self.word_start()..self.cursor),
            Edit::KillWordRight => self.kill(self.cursor..self.word_end()),
            Edit::KillToStart => self.kill(self.line_start()..self.cursor),
            Edit::KillToEnd => self.kill(self.cursor..self.line_end()),
            Edit::Yank => {
                let killed = self.killed.clone();
                self.replace(self.cursor..self.cursor, &killed);
            }
            Edit::Undo => self.travel(Undo::back),
            Edit::Redo => self.travel(Undo::forth),
            Edit::RecallOlder => self.recall(self.recalled.unwrap_or(self.sent.len()).checked_sub(1)),
            Edit::RecallNewer => self.recall(self.recalled.map(|at| at + 1)),
        }
    }

    /// Puts `with` in the place of a part; the cursor stands behind it.
    pub fn replace(&mut self, range: Range<usize>, with: &str) {
        if range.is_empty() && with.is_empty() {
            return;
        }
        let is_typing = range.is_empty() && with.chars().nth(1).is_none() && !with.contains(char::is_whitespace);
        self.undo.remember((&self.text, self.cursor), is_typing);
        let end = range.start + with.len();
        self.text.replace_range(range, with);
        // Two characters can become one grapheme; the cursor never stands inside one.
        let mut ends = self.text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len());
        self.cursor = if end == 0 { 0 } else { ends.find(|&at| at >= end).unwrap_or(self.text.len()) };
        self.recalled = None;
    }

    fn go(&mut self, to: usize) {
        self.cursor = to;
        self.undo.pause();
    }

    fn travel(&mut self, way: impl FnOnce(&mut Undo, (&str, usize)) -> Option<(String, usize)>) {
        if let Some((text, cursor)) = way(&mut self.undo, (&self.text, self.cursor)) {
            (self.text, self.cursor, self.recalled) = (text, cursor, None);
        }
    }

    fn recall(&mut self, at: Option<usize>) {
        let Some(at) = at else { return };
        let text = self.sent.get(at).cloned();
        self.recalled = text.is_some().then_some(at);
        self.text = text.unwrap_or_default();
        self.cursor = self.text.len();
    }

    fn kill(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.killed = self.text[range.clone()].to_owned();
            self.replace(range, "");
        }
    }

    fn left(&self) -> usize {
        self.cursor - self.before_cursor().graphemes(true).next_back().map_or(0, str::len)
    }

    fn right(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        self.before_cursor().unicode_word_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn word_end(&self) -> usize {
        let rest = &self.text[self.cursor..];
        rest.unicode_word_indices().next().map_or(self.text.len(), |(at, word)| self.cursor + at + word.len())
    }

    fn line_start(&self) -> usize {
        self.before_cursor().rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at)
    }
}

#[cfg(test)]
mod tests;
