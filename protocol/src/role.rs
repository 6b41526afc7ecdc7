//! What somebody may do on a timeline.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Reader,
    /// Post, react, and change what is their own. Where a server says no role, everybody is one.
    #[default]
    Member,
    /// Keep order: take back any cheep, mute people, release names, make and end links.
    Host,
}

impl Role {
    /// The role as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Member => "member",
            Self::Host => "host",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
