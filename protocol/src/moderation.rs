//! What a host does to keep order, and the audit: the list of what was done, each entry of which can be looked up and most undone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    name::Name,
    role::Role,
    seq::Seq,
    time::{serialize_at, serialize_some_at},
};

/// Whom a `mute` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Muted {
    /// Whoever uses this name.
    Name {
        /// The name.
        name: Name,
    },
    /// Whoever wrote a cheep, whatever name they use next: their session, or where there are none their address.
    Author {
        /// The cheep.
        target: Seq,
    },
}

/// One line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number: 1, 2, 3 and so on.
    pub entry: u64,
    /// When it was done.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// The number of the host's link by which the one who did it came in; absent: the operator of the machine, or, for a `join`
    /// and a `claim`, somebody for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<u32>,
    /// What was done.
    #[serde(flatten)]
    pub action: Action,
    /// The entry that undid it; absent: it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<u64>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum Action {
    /// A cheep was taken back by a host. It cannot be undone: its text is gone.
    Remove {
        /// The cheep.
        target: Seq,
    },
    /// Somebody may not write.
    Mute {
        /// Who.
        #[serde(flatten)]
        who: Muted,
        /// Until when; absent: until it is undone.
        #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "serialize_some_at")]
        until: Option<Timestamp>,
    },
    /// A claimed name is free again. Undone, it is its former holder's again, if nobody has claimed it since.
    Release {
        /// The name.
        name: Name,
    },
    /// A link was made. Undone, it ends, and whoever came in by it is out.
    Link {
        /// Its number: 1, 2, 3 and so on.
        link: u32,
        /// What those may do who come in by it.
        role: Role,
        /// When it ends by itself; absent: never.
        #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "serialize_some_at")]
        ends_at: Option<Timestamp>,
        /// What it is for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Name>,
    },
    /// Somebody came in by a link. Undone, that session ends.
    Join {
        /// The link.
        link: u32,
    },
    /// Somebody claimed a name. To undo it, release the name.
    Claim {
        /// The name.
        name: Name,
    },
    /// An earlier entry was undone.
    Undo {
        /// Which.
        undoes: u64,
    },
    /// Something this version does not know.
    #[serde(other)]
    Unknown,
}

/// Which entries of the audit are asked for: the newest, or the newest before one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AuditQuery {
    /// Only entries with a smaller number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}
