//! How much a client says in a second. Who says more than they may is not refused: they are read more slowly, and the rest
//! waits where it is, in the socket, in the end in their own machine.

use super::{Context, Conversation};
use crate::limits::{Connected, Limit, Source};

/// Times that it was looked at after so many seconds each, from which on a connection counts as one that stays.
const SETTLED_TICKS: u8 = 2;

/// What a client has said in the second in which it was heard from last.
#[derive(Default)]
pub(super) struct Pace {
    frames: u16,
    /// Begun ones, so that many small reads count as well.
    kib: u16,
}

impl Conversation {
    /// Who the client is to the limits of rates.
    pub(super) fn source(&self, cx: &Context) -> Source {
        let connection = Connected { serial: cx.connection, is_settled: self.ticks >= SETTLED_TICKS };
        Source { address: cx.visitor.client.address, connection: Some(connection), grant: cx.visitor.grant }
    }

    pub(super) fn age(&mut self) {
        self.ticks = (self.ticks + 1).min(SETTLED_TICKS);
    }

    pub(super) fn hear(&mut self, cx: &Context) {
        if self.heard_at != cx.now {
            self.pace = Pace::default();
        }
        self.heard_at = cx.now;
        self.is_pinged = false;
    }

    pub(super) fn count_bytes(&mut self, bytes: usize) {
        self.pace.kib = self.pace.kib.saturating_add(u16::try_from(bytes.div_ceil(1024)).unwrap_or(u16::MAX));
    }

    pub(super) fn count_frame(&mut self, cx: &Context) {
        // It may have been said in an earlier second.
        self.hear(cx);
        self.pace.frames = self.pace.frames.saturating_add(1);
    }

    /// What it has said more of in this second than it may, if it has.
    pub(super) fn over_its_pace(&self, cx: &Context) -> Option<Limit> {
        let most = cx.rules.rate_limits.frames_per_second().filter(|_| cx.now == self.heard_at)?;
        if self.pace.frames >= most {
            return Some(Limit::Frames);
        }
        (self.pace.kib >= most).then_some(Limit::Bytes)
    }
}
