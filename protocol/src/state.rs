//! What later events have made of a cheep, beside its text.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{emoji::Emoji, name::Name, seq::Seq, time::serialize_some_at};

/// What later events have made of a cheep. One that nothing has changed says nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheepState {
    /// The last event that changed it; absent: none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<Seq>,
    /// When its text was last corrected.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "serialize_some_at")]
    pub edited_at: Option<Timestamp>,
    /// Who took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<DeletedBy>,
    /// What people reacted with, in order of first use: a kind of which the last was taken back goes, and comes last if it
    /// is used again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionCount>,
    /// How many answers stand.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replies: u64,
}

/// One kind of reaction to a cheep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCount {
    /// With what.
    pub emoji: Emoji,
    /// How many have reacted with it.
    pub count: u64,
    /// The first of them, at most [`REACTION_NAMES`](crate::limits::REACTION_NAMES).
    pub names: Vec<Name>,
}

/// Who took a cheep back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeletedBy {
    /// Who wrote it.
    Author,
    /// A host of the server.
    Host,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
