//! What is known of a client that says something, or whose URL asked for older events.

use std::mem::take;

use cheeper_protocol::{History, Name, Range, Seq, limits::PAGE};
use tungstenite::protocol::frame::coding::CloseCode;

use super::{inbox::Inbox, request::Speaker};
use crate::feed::{PageRequest, Question};

/// Requests of one client under way at once; the next is carried out when one is answered.
const PENDING_REQUESTS: usize = 64;

#[derive(Default)]
pub(super) struct State {
    pub(super) speaker: Speaker,
    /// The name it goes by now, and the one that the driver was told.
    pub(super) name: Option<Name>,
    pub(super) told_name: Option<Name>,
    pub(super) catch_up: CatchUp,
    pub(super) ending: Option<Ending>,
    /// Since when the client may not be here any more: from then on it gets nothing but what its commands under way came to.
    pub(super) shut_out_since: Option<u32>,
    pub(super) inbox: Inbox,
    /// Commands under way.
    pub(super) pending: usize,
    /// A `hello` is under way; what was said after it waits, so that it is said under that name.
    pub(super) is_naming: bool,
    /// A page is under way. One at a time, so that nobody's pages fill the memory or hold up everybody else's.
    pub(super) awaits_page: bool,
}

/// Whether older events come first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum CatchUp {
    /// Live events go out as they come.
    #[default]
    Done,
    /// This page is to be asked for.
    Ask(PageRequest),
    /// A page is on its way.
    Asked,
    /// The next page, after this seq, is asked for when the one before is written.
    After {
        seq: Seq,
        /// The seq belongs to another timeline.
        reset: bool,
    },
}

/// How far the connection is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    /// The client closed: it gets its answers, then the close.
    Close(CloseCode),
    /// The client hung up without a close; what it said before is still carried out.
    HungUp,
    /// We close: the protocol was broken, or the server stops.
    Dismissed(CloseCode),
    /// The close is said, and with it all.
    Said { lingers: bool },
    /// All is written, but not all of it taken: some waits to be taken in the session that encrypts it.
    Closing { lingers: bool },
    /// All is taken; a client that we dismissed may need a moment to read why, since this second.
    Lingering { since: u32 },
    /// Nothing is left to do.
    Over,
}

impl State {
    /// No more is carried out before something that is under way is answered.
    pub(super) fn is_busy(&self) -> bool {
        self.is_naming || self.awaits_page || self.pending >= PENDING_REQUESTS
    }

    /// The first reason to end is the one that counts.
    pub(super) fn end(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending);
            if matches!(ending, Ending::Dismissed(_)) {
                self.inbox.clear();
            }
        }
    }

    /// Nothing can be written any more, so whatever else there was to end for does not count.
    pub(super) fn break_off(&mut self) {
        self.ending = Some(if self.has_said_close() { Ending::Over } else { Ending::HungUp });
    }

    /// The client may not be here any more, whatever else there was to end for. `has_dropped` is whether something of what
    /// was to be written is not going to be, so that a close which was said is not among what the client gets.
    pub(super) fn shut_out(&mut self, has_dropped: bool, now: u32) {
        self.shut_out_since = Some(now);
        self.catch_up = CatchUp::Done;
        self.inbox.clear();
        if !self.has_said_close() || has_dropped {
            self.ending = Some(Ending::Dismissed(CloseCode::Policy));
        }
    }

    /// The client was told that this is the end.
    pub(super) fn has_said_close(&self) -> bool {
        use Ending::{Closing, Lingering, Over, Said};
        matches!(self.ending, Some(Said { .. } | Closing { .. } | Lingering { .. } | Over))
    }

    /// All that was asked for is answered: the close, if it is time to say it.
    pub(super) fn close(&mut self) -> Option<CloseCode> {
        let is_answered = self.pending == 0 && (!self.awaits_page || self.shut_out_since.is_some());
        if !is_answered || !self.inbox.has_no_message() || self.owes_missed() {
            return None;
        }
        let (code, lingers) = match self.ending? {
            Ending::Close(code) => (Some(code), false),
            Ending::Dismissed(code) => (Some(code), true),
            Ending::HungUp => (None, false),
            Ending::Said { .. } | Ending::Closing { .. } | Ending::Lingering { .. } | Ending::Over => return None,
        };
        self.ending = Some(Ending::Said { lingers });
        code
    }

    /// Whether live events go out as they come.
    pub(super) fn is_live(&self) -> bool {
        self.catch_up == CatchUp::Done && self.shut_out_since.is_none() && !self.has_said_close()
    }

    /// The client is still to get pages that its URL asked for.
    pub(super) fn owes_missed(&self) -> bool {
        self.catch_up != CatchUp::Done && matches!(self.ending, None | Some(Ending::Close(_)))
    }

    /// The next of those pages can be asked for.
    pub(super) fn wants_missed(&self) -> bool {
        self.owes_missed() && !self.awaits_page && self.catch_up != CatchUp::Asked
    }

    /// The next of those pages, of a timeline that ends at `head`.
    pub(super) fn next_missed(&mut self, head: Seq) -> Option<PageRequest> {
        let request = match take(&mut self.catch_up) {
            CatchUp::Ask(request) => request,
            CatchUp::After { seq, reset } => {
                let range = if reset { Range::Newest } else { Range::After(seq) };
                PageRequest { id: None, question: Question::History(History { range, limit: PAGE }), head, reset }
            }
            CatchUp::Done | CatchUp::Asked => return None,
        };
        self.catch_up = CatchUp::Asked;
        self.awaits_page = true;
        Some(request)
    }

    /// What the client says is still of interest.
    pub(super) fn wants_to_read(&self) -> bool {
        match self.ending {
            None => self.inbox.has_no_message() && !self.is_busy(),
            // What still comes is thrown away, so that the client gets to read what we said.
            Some(Ending::Lingering { .. }) => true,
            Some(_) => false,
        }
    }

    /// A `hello` was refused.
    pub(super) fn forget_name(&mut self) {
        self.speaker.forget();
        self.name = None;
    }

    /// The name before and the one now, once for each change.
    pub(super) fn rename(&mut self) -> Option<(Option<Name>, Option<Name>)> {
        if self.name == self.told_name {
            return None;
        }
        let old = std::mem::replace(&mut self.told_name, self.name.clone());
        Some((old, self.name.clone()))
    }
}
