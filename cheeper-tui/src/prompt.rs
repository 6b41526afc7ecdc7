//! What the person is asked before something is done to the selected cheep. Pure.

use cheeper_protocol::Seq;

use crate::composer::Composer;

/// What a number key reacts with.
pub const QUICK: [&str; 6] = ["♥", "👍", "🎉", "😂", "😮", "😢"];

#[derive(Debug)]
pub enum Prompt {
    /// With what to react: a number of the quick ones, or what is typed or pasted.
    React { target: Seq, emoji: Composer },
    /// Whether it is really to be deleted.
    Delete { target: Seq },
}
