//! The input: a small editor of several lines that moves by graphemes and words. Pure.

use unicode_segmentation::UnicodeSegmentation as _;

/// What is being written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Composer {
    text: String,
    /// Where the cursor is, in bytes; always between two graphemes.
    cursor: usize,
    killed: String,
    undo: Vec<(String, usize)>,
    sent: Vec<String>,
    recalled: Option<usize>,
}

/// A change to the text or the place in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    Insert(String),
    Left,
    Right,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    DeleteLeft,
    DeleteRight,
    KillWordLeft,
    KillToStart,
    KillToEnd,
    Yank,
    Undo,
    RecallOlder,
    RecallNewer,
}

const UNDO_STEPS: usize = 200;
const RECALLED: usize = 100;

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
        self.undo.clear();
        self.recalled = None;
        self.sent.push(text.clone());
        if self.sent.len() > RECALLED {
            self.sent.remove(0);
        }
        text
    }

    /// Puts a text back in front of what is being written.
    pub fn put_back(&mut self, text: &str) {
        self.remember();
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.text = format!("{text}{gap}{}", self.text);
        self.cursor = self.text.len();
    }

    /// Whether ↑ recalls what was sent: the line is empty or still as it was recalled.
    pub fn recalls(&self) -> bool {
        self.text.is_empty() || self.recalled.is_some()
    }

    pub fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Insert(text) => {
                let text = text.replace("\r\n", "\n").replace('\r', "\n");
                self.replace(self.cursor..self.cursor, &text);
            }
            Edit::Left => self.cursor -= self.before_cursor().graphemes(true).next_back().map_or(0, str::len),
            Edit::Right => self.cursor += self.text[self.cursor..].graphemes(true).next().map_or(0, str::len),
            Edit::WordLeft => self.cursor = self.word_start(),
            Edit::WordRight => self.cursor = self.word_end(),
            Edit::LineStart => self.cursor = self.line_start(),
            Edit::LineEnd => self.cursor = self.line_end(),
            Edit::DeleteLeft => {
                let length = self.before_cursor().graphemes(true).next_back().map_or(0, str::len);
                self.replace(self.cursor - length..self.cursor, "");
            }
            Edit::DeleteRight => {
                let length = self.text[self.cursor..].graphemes(true).next().map_or(0, str::len);
                self.replace(self.cursor..self.cursor + length, "");
            }
            Edit::KillWordLeft => self.kill(self.word_start()..self.cursor),
            Edit::KillToStart => self.kill(self.line_start()..self.cursor),
            Edit::KillToEnd => self.kill(self.cursor..self.line_end()),
            Edit::Yank => {
                let killed = self.killed.clone();
                self.replace(self.cursor..self.cursor, &killed);
            }
            Edit::Undo => {
                if let Some((text, cursor)) = self.undo.pop() {
                    (self.text, self.cursor) = (text, cursor);
                }
            }
            Edit::RecallOlder => self.recall(self.recalled.unwrap_or(self.sent.len()).checked_sub(1)),
            Edit::RecallNewer => self.recall(self.recalled.map(|at| at + 1)),
        }
    }

    fn recall(&mut self, at: Option<usize>) {
        let Some(at) = at else { return };
        let text = self.sent.get(at).cloned();
        self.recalled = text.is_some().then_some(at);
        self.text = text.unwrap_or_default();
        self.cursor = self.text.len();
    }

    fn kill(&mut self, range: std::ops::Range<usize>) {
        if !range.is_empty() {
            self.killed = self.text[range.clone()].to_owned();
            self.replace(range, "");
        }
    }

    fn replace(&mut self, range: std::ops::Range<usize>, with: &str) {
        if range.is_empty() && with.is_empty() {
            return;
        }
        self.remember();
        let start = range.start;
        self.text.replace_range(range, with);
        self.cursor = start + with.len();
        // Two characters can become one grapheme; the cursor never stands inside one.
        let whole = self.text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len());
        self.cursor = if self.cursor == 0 { 0 } else { whole.into_iter().find(|end| *end >= self.cursor).unwrap_or(0) };
        self.recalled = None;
    }

    fn remember(&mut self) {
        self.undo.push((self.text.clone(), self.cursor));
        if self.undo.len() > UNDO_STEPS {
            self.undo.remove(0);
        }
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(edits: &[Edit]) -> (String, usize) {
        let mut composer = Composer::default();
        for edit in edits {
            composer.edit(edit);
        }
        (composer.text.clone(), composer.cursor)
    }

    fn insert(text: &str) -> Edit {
        Edit::Insert(text.to_owned())
    }

    #[test]
    fn one_step_is_one_grapheme() {
        let family = "👩‍👩‍👧";
        assert_eq!(typed(&[insert("a"), insert(family), Edit::DeleteLeft]), ("a".to_owned(), 1));
        assert_eq!(typed(&[insert(family), insert("b"), Edit::Left, Edit::Left, Edit::DeleteRight]).0, "b");
        assert_eq!(typed(&[insert("e"), insert("\u{301}"), Edit::DeleteLeft]).0, "");
    }

    #[test]
    fn a_pasted_return_is_a_new_line() {
        assert_eq!(typed(&[insert("a\r\nb\rc")]).0, "a\nb\nc");
    }

    #[test]
    fn what_was_killed_can_be_put_elsewhere_and_taken_back() {
        let killed = [insert("one two"), Edit::KillWordLeft, Edit::LineStart, Edit::Yank];
        assert_eq!(typed(&killed).0, "twoone ");
        assert_eq!(typed(&[&killed[..], &[Edit::Undo]].concat()).0, "one ");
    }

    #[test]
    fn what_was_sent_can_be_recalled() {
        let mut composer = Composer::default();
        for text in ["first", "second"] {
            composer.edit(&insert(text));
            composer.take();
        }
        let mut recall = |edit| {
            composer.edit(&edit);
            composer.text().to_owned()
        };
        let recalled = [Edit::RecallOlder, Edit::RecallOlder, Edit::RecallOlder, Edit::RecallNewer, Edit::RecallNewer];
        assert_eq!(recalled.map(&mut recall), ["second", "first", "first", "second", ""]);
    }

    fn any_edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            "[a é👩\u{200D}\u{301}\n]{0,3}".prop_map(Edit::Insert),
            prop::sample::select(vec![
                Edit::Left,
                Edit::Right,
                Edit::WordLeft,
                Edit::WordRight,
                Edit::LineStart,
                Edit::LineEnd,
                Edit::DeleteLeft,
                Edit::DeleteRight,
                Edit::KillWordLeft,
                Edit::KillToStart,
                Edit::KillToEnd,
                Edit::Yank,
                Edit::Undo,
                Edit::RecallOlder,
                Edit::RecallNewer,
            ])
        ]
    }

    proptest! {
        #[test]
        fn the_cursor_is_never_inside_a_grapheme(edits in prop::collection::vec(any_edit(), 0..40)) {
            let (text, cursor) = typed(&edits);
            let mut ends = text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len());
            prop_assert!(cursor == 0 || ends.any(|end| end == cursor), "{:?} {}", text, cursor);
        }
    }
}
