//! What surrounds a conversation, and how much of it one turn may take.

use std::sync::Arc;

use cheeper_protocol::Seq;

use super::request::Rules;
use crate::{
    access::{Principal, PrincipalRef},
    feed::tail::Tail,
    limits::{Connected, Source},
    memory::MemoryBudget,
    metrics::Metrics,
};

/// What a client may have carried out in one turn, in units of a ping.
pub(super) const TURN_COST: u32 = 64;

/// What a client's URL asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Subscription {
    /// Live events only.
    Live,
    /// The newest so many, then live.
    Last(usize),
    /// Everything after a seq, then live.
    After {
        seq: Seq,
        /// The seq belongs to another timeline.
        reset: bool,
    },
}

/// What surrounds a conversation at the moment.
pub(crate) struct Context<'a> {
    /// Seconds of the driver's clock.
    pub(crate) now: u32,
    /// The newest event that the driver has sent to everybody. Live events are written up to this one, so that they go out
    /// in large steps.
    pub(crate) live: Seq,
    /// The connection's own number, and whose it is.
    pub(crate) connection: u64,
    pub(crate) principal_ref: PrincipalRef<'a>,
    pub(crate) tail: &'a Tail,
    pub(crate) rules: &'a Rules,
    pub(crate) memory: &'a Arc<MemoryBudget>,
    pub(crate) metrics: &'a Metrics,
}

impl Context<'_> {
    /// Who the client is to the limits of rates; `is_settled`: it has been here for a while.
    pub(super) fn source(&self, is_settled: bool) -> Source {
        let connection = Connected { serial: self.connection, is_settled };
        let Principal { client, grant } = self.principal_ref.principal();
        Source { address: client.address, connection: Some(connection), grant }
    }
}

/// One turn of a client, after which all others have theirs.
pub(crate) struct Turn {
    /// What it may still ask for.
    pub(super) left: u32,
    pub(super) has_read: bool,
}

impl Turn {
    pub(crate) fn new() -> Self {
        Self { left: TURN_COST, has_read: false }
    }

    pub(super) fn spend(&mut self, cost: u32) {
        self.left = self.left.saturating_sub(cost);
    }
}
