//! Changes: events that make something else of an earlier cheep. Each carries the state that results.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    cheep::{CheepText, RequestId},
    emoji::Emoji,
    name::Name,
    seq::Seq,
    state::DeletedBy,
    time::serialize_at,
};

/// The text of a cheep was corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Its place in the log.
    pub seq: Seq,
    /// When.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// Which cheep.
    pub target: Seq,
    /// How it reads now.
    pub cheep: CheepText,
    /// The id that was given to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
}

/// A cheep was taken back. Its text and its reactions are gone; its place stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete {
    /// Its place in the log.
    pub seq: Seq,
    /// When.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// Which cheep.
    pub target: Seq,
    /// By whom.
    pub by: DeletedBy,
    /// The cheep that the target answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// How many answers the cheep in `reply_to` has left; it is a change of that cheep as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_replies: Option<u64>,
    /// The id that was given to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
}

/// Somebody reacted to a cheep, or took that back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Its place in the log.
    pub seq: Seq,
    /// When.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// Which cheep.
    pub target: Seq,
    /// Who: taken back, it is the name as it stands among the names.
    pub name: Name,
    /// With what.
    pub emoji: Emoji,
    /// Reacted, or taken back.
    pub on: bool,
    /// How many have reacted with it now.
    pub count: u64,
    /// Who comes onto the list of names, at its end, now that `name` has left it; absent if nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Name>,
    /// The id that was given to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
}
