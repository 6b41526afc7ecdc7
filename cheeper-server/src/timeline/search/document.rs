//! What a cheep is found by.

use cheeper_protocol::{Cheep, ReferenceKind, references};

use super::tokens;

/// All tokens of a cheep. A deleted one has none, so that nothing finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Document {
    /// The tokens of its text, in order.
    pub(in super::super) words: Vec<String>,
    /// Its tags, whom it mentions and who wrote it, each as one token that no text has.
    pub(in super::super) keys: Vec<String>,
}

impl Document {
    pub(in super::super) fn of(cheep: &Cheep) -> Self {
        if cheep.is_deleted() {
            return Self::default();
        }
        let text = cheep.cheep.as_str();
        let referred = references(text).into_iter().filter_map(|reference| match reference.kind {
            ReferenceKind::Tag(tag) => Some(tokens::tag(&tag)),
            ReferenceKind::Mention(name) => Some(tokens::mention(&name.fold())),
            ReferenceKind::Link => None,
        });
        let keys = referred.chain([tokens::author(&cheep.name.fold())]).collect();
        Self { words: tokens::words(text), keys }
    }

    /// All tokens in a row, for an index that tells only ASCII letters and digits, and everything beyond ASCII, from what is
    /// between words.
    pub(in super::super) fn to_line(&self) -> String {
        [self.words.as_slice(), self.keys.as_slice()].concat().join(" ")
    }
}
