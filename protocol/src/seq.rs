//! Places in the timeline's log.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::SEQ_MAX;

/// A place in the timeline's log: the first event has 1; 0 is the place before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Seq(u64);

impl Seq {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// A seq from a number; `None` above 2⁵³ − 1, which not every JSON reader would keep exactly.
    pub const fn new(number: u64) -> Option<Self> {
        if number <= SEQ_MAX { Some(Self(number)) } else { None }
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one. It stays at the last one, which a post a microsecond reaches in 285 years.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 < SEQ_MAX { Self(self.0 + 1) } else { self }
    }

    /// The place before this one; [`Seq::ZERO`] has none and stays.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<u64> for Seq {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a seq is at most 9007199254740991")
    }
}

impl From<Seq> for u64 {
    fn from(seq: Seq) -> Self {
        seq.0
    }
}
