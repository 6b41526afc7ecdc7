//! The way back through a text's changes, and forth again.

/// Steps that can be taken back.
const STEPS: usize = 200;

/// A text and the place of the cursor in it.
type State = (String, usize);

#[derive(Clone, Debug, Default)]
pub(super) struct Undo {
    back: Vec<State>,
    forth: Vec<State>,
    /// A word is being typed: it counts as one step.
    is_typing: bool,
}

impl Undo {
    /// A change is about to be made.
    pub(super) fn remember(&mut self, (text, cursor): (&str, usize), is_typing: bool) {
        self.forth.clear();
        let goes_on = is_typing && self.is_typing;
        self.is_typing = is_typing;
        if goes_on {
            return;
        }
        self.back.push((text.to_owned(), cursor));
        if self.back.len() > STEPS {
            self.back.remove(0);
        }
    }

    /// What is typed from here on is a step of its own.
    pub(super) fn pause(&mut self) {
        self.is_typing = false;
    }

    pub(super) fn back(&mut self, (text, cursor): (&str, usize)) -> Option<State> {
        let before = self.back.pop()?;
        self.forth.push((text.to_owned(), cursor));
        self.pause();
        Some(before)
    }

    pub(super) fn forth(&mut self, (text, cursor): (&str, usize)) -> Option<State> {
        let after = self.forth.pop()?;
        self.back.push((text.to_owned(), cursor));
        self.pause();
        Some(after)
    }
}
