//! What an edit can be.

use crate::action::Action;

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
    KillWordRight,
    KillToStart,
    KillToEnd,
    Yank,
    Undo,
    Redo,
    RecallOlder,
    RecallNewer,
}

impl Edit {
    /// The edit that an action is, if it is one wherever a text is written.
    pub fn of(action: Action) -> Option<Self> {
        Some(match action {
            Action::Left => Self::Left,
            Action::Right => Self::Right,
            Action::WordLeft => Self::WordLeft,
            Action::WordRight => Self::WordRight,
            Action::LineStart => Self::LineStart,
            Action::LineEnd => Self::LineEnd,
            Action::DeleteLeft => Self::DeleteLeft,
            Action::DeleteRight => Self::DeleteRight,
            Action::KillWordLeft => Self::KillWordLeft,
            Action::KillWordRight => Self::KillWordRight,
            Action::KillToStart => Self::KillToStart,
            Action::KillToEnd => Self::KillToEnd,
            Action::Yank => Self::Yank,
            Action::Undo => Self::Undo,
            Action::Redo => Self::Redo,
            _ => return None,
        })
    }
}
