//! What the person is asked before something is done to the selected cheep, or by a host. Pure.

use cheeper_protocol::{Muted, Name, Seq};

use crate::composer::Composer;

/// What a number key reacts with.
pub const QUICK: [&str; 6] = ["♥", "👍", "🎉", "😂", "😮", "😢"];

/// For how long a key mutes, in milliseconds; without an end until it is undone. No span that is typed begins with one of them.
pub const MUTES: [(&str, &str, Option<u64>); 3] =
    [("h", "an hour", Some(60 * 60 * 1000)), ("d", "a day", Some(24 * 60 * 60 * 1000)), ("g", "for good", None)];

#[derive(Debug)]
pub enum Prompt {
    /// With what to react: a number of the quick ones, or what is typed or pasted.
    React { target: Seq, emoji: Composer },
    /// Whether it is really to be deleted; and whose it is, if it is not this person's own.
    Delete { target: Seq, of: Option<Name> },
    /// For how long somebody may not write, who is called so.
    Mute { who: Muted, called: String, span: Composer },
    /// Whether a name is really to be free again.
    Release { name: Name },
    /// Whether this entry of the audit, which says this, is really to be undone.
    Undo { entry: u64, words: String },
    /// What link is to be made.
    Link { wish: Composer },
}

impl Prompt {
    /// What is typed, where more than a key is asked for.
    pub fn typed(&self) -> Option<&Composer> {
        match self {
            Self::React { emoji: typed, .. } | Self::Mute { span: typed, .. } | Self::Link { wish: typed } => {
                Some(typed)
            }
            Self::Delete { .. } | Self::Release { .. } | Self::Undo { .. } => None,
        }
    }

    pub fn typed_mut(&mut self) -> Option<&mut Composer> {
        match self {
            Self::React { emoji: typed, .. } | Self::Mute { span: typed, .. } | Self::Link { wish: typed } => {
                Some(typed)
            }
            Self::Delete { .. } | Self::Release { .. } | Self::Undo { .. } => None,
        }
    }

    /// What stands before what is typed.
    pub fn label(&self) -> Option<&'static str> {
        match self {
            Self::React { .. } => Some(" react › "),
            Self::Mute { .. } => Some(" mute for › "),
            Self::Link { .. } => Some(" link › "),
            Self::Delete { .. } | Self::Release { .. } | Self::Undo { .. } => None,
        }
    }
}
