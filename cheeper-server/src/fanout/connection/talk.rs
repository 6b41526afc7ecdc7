//! What only a connection needs that says something, or whose URL asked for older events.

use std::collections::VecDeque;

use cheeper_protocol::{History, Name, Range, Seq, limits::PAGE};
use tungstenite::protocol::frame::coding::CloseCode;

use super::super::frames::{FrameReader, Incoming};
use crate::session::Session;

/// Requests of one connection under way at once; the next is carried out when one is answered.
const PENDING_REQUESTS: usize = 64;

#[derive(Default)]
pub(super) struct Talk {
    pub(super) session: Session,
    pub(super) present: Option<Name>,
    pub(super) live: Live,
    pub(super) ending: Option<Ending>,
    /// What was read and not carried out yet.
    pub(super) inbox: VecDeque<Incoming>,
    /// Requests under way.
    pub(super) pending: usize,
    /// A `hello` is under way; what was said after it waits, so that it is said under that name.
    pub(super) is_naming: bool,
    /// A page is under way. One at a time, so that nobody's pages fill the memory or hold up everybody else's.
    pub(super) awaits_page: bool,
    reader: Option<Box<FrameReader>>,
}

/// Whether live events go out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Live {
    #[default]
    Flowing,
    /// Older events come first; their page is on its way.
    AfterPage,
    /// Older events come first; their next page, after this seq, is asked for when the one before is written.
    AfterMore {
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
    /// All is written; a client that we dismissed may need a moment to read why, since this second.
    Lingering { since: u32 },
    /// Nothing is left to do.
    Over,
}

impl Talk {
    /// Takes in what was read.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        let mut incoming = Vec::new();
        FrameReader::read(&mut self.reader, bytes, &mut incoming);
        self.inbox.extend(incoming.into_iter().filter(|message| *message != Incoming::Pong));
    }

    /// What was read so far asks for nothing.
    pub(super) fn has_read_nothing(&self) -> bool {
        self.inbox.is_empty() && self.reader.is_none()
    }

    /// No more is carried out before something that is under way is answered.
    pub(super) fn is_busy(&self) -> bool {
        self.is_naming || self.awaits_page || self.pending >= PENDING_REQUESTS
    }

    pub(super) fn end(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending);
            self.reader = None;
            if matches!(ending, Ending::Dismissed(_)) {
                self.inbox.clear();
            }
        }
    }

    /// All that was asked for is answered: the close, if it is time to say it.
    pub(super) fn close(&mut self) -> Option<CloseCode> {
        let owes_pages = self.live != Live::Flowing && self.wants_pages();
        if self.pending > 0 || self.awaits_page || !self.inbox.is_empty() || owes_pages {
            return None;
        }
        let (code, lingers) = match self.ending? {
            Ending::Close(code) => (Some(code), false),
            Ending::Dismissed(code) => (Some(code), true),
            Ending::HungUp => (None, false),
            Ending::Said { .. } | Ending::Lingering { .. } | Ending::Over => return None,
        };
        self.ending = Some(Ending::Said { lingers });
        code
    }

    /// The pages that its URL asked for are still wanted.
    pub(super) fn wants_pages(&self) -> bool {
        matches!(self.ending, None | Some(Ending::Close(_)))
    }

    /// What the client says is still of interest.
    pub(super) fn wants_more(&self) -> bool {
        match self.ending {
            None => self.inbox.is_empty() && !self.is_busy(),
            // What still comes is thrown away, so that the client gets to read what we said.
            Some(Ending::Lingering { .. }) => true,
            Some(_) => false,
        }
    }

    /// The request for what the client missed.
    pub(super) fn missed(after: Seq, reset: bool) -> History {
        History { range: if reset { Range::Newest } else { Range::After(after) }, limit: PAGE }
    }
}
