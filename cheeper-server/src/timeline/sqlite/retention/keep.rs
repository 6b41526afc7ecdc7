//! What a host wants to be kept.

/// How much is kept. What goes by either goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Events of this many days, if there is a bound.
    pub days: Option<u32>,
    /// The newest of this many cheeps, with all events since the oldest of them, if there is a bound.
    pub cheeps: Option<u64>,
}

impl Keep {
    /// Whether anything ever goes.
    pub(super) fn is_bounded(self) -> bool {
        self.days.is_some() || self.cheeps.is_some()
    }
}
