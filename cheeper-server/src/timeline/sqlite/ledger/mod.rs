//! The log within one transaction: what the rules ask of it, and what they decided written down.

mod event;
mod order;
mod state;

use cheeper_protocol::{Event, Seq};
use rusqlite::{ErrorCode, Transaction};

use super::{files::Loss, row::Sums};
use crate::timeline::{AccessChange, Trouble, rules::Change};

/// Why something could not be looked up or written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Lost(#[from] Loss),
    #[error("a row that it hangs on is damaged")]
    Damaged,
}

impl WriteError {
    /// What anybody may know of it.
    pub(super) fn trouble(&self) -> Trouble {
        match self {
            Self::Lost(_) => Trouble::Lost,
            Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => Trouble::DiskFull,
            Self::Sqlite(_) | Self::Damaged => Trouble::Failing,
        }
    }
}

/// The log within one transaction.
pub(super) struct Ledger<'a> {
    transaction: &'a Transaction<'a>,
    head: Seq,
    sums: Sums,
    /// A text was taken out of the log: pages that are older still have it.
    pub(super) erases: bool,
    /// The events that were made.
    pub(super) events: Vec<Event>,
    /// How it was changed who may come in.
    pub(super) access: Vec<AccessChange>,
}

impl<'a> Ledger<'a> {
    /// What `transaction` sees of the log that ends at `head`, whose rows are checked by `sums`.
    pub(super) fn new(transaction: &'a Transaction<'a>, head: Seq, sums: Sums) -> Self {
        Self { transaction, head, sums, erases: false, events: Vec::new(), access: Vec::new() }
    }

    /// Makes a change.
    pub(super) fn make(&mut self, change: Change) -> Result<(), WriteError> {
        match change {
            Change::Event { event, author, changed } => self.make_event(event, author, &changed),
            other => self.keep_order(other),
        }
    }
}
