//! One client's side of its connection: what it says and is to hear, in which order, and when it ends.
//!
//! It has no socket, no thread, no clock and no store. Whoever drives it tells what happened by the `on_…` methods and then
//! asks `next_action` what is to be done until that is to wait. Time is an argument, so that tests own it.
//!
//! A client that only watches costs nothing but its place in the timeline: whatever more is known of a client begins with
//! the first thing that it says.

mod action;
mod context;
mod frame_reader;
mod inbox;
mod input;
mod outbox;
mod output;
mod pace;
pub mod request;
mod state;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use cheeper_protocol::{ErrorFrame, History, Name, Range, Refusal, RequestId, Seq, ServerFrame, limits::FRAME_BYTES};

pub(crate) use self::{
    action::{Action, Pending},
    context::{Context, Subscription, Turn},
};
use self::{
    outbox::Outbox,
    pace::Pace,
    state::{CatchUp, Ending, State},
};
use crate::{
    feed::{PageRequest, Question, frame},
    limits::{Limit, Source},
};

/// Bytes to read in one turn. A message fits, so that what was read and not yet carried out stays small.
pub(crate) const READ_BYTES: usize = FRAME_BYTES;

/// Times that it was told that time has passed, a few seconds each, from which on a connection counts as one that stays.
const SETTLED_TICKS: u8 = 2;

/// See the module.
pub(crate) struct Conversation {
    outbox: Outbox,
    /// The live event that the client is to get next.
    next: Seq,
    /// When the client was heard from, and how much it said in that second.
    heard_at: u32,
    pace: Pace,
    /// Those up to [`SETTLED_TICKS`].
    ticks: u8,
    is_pinged: bool,
    /// The socket will never take anything again.
    is_broken: bool,
    socket: Readiness,
    state: Option<Box<State>>,
}

/// What the socket may do without being waited for.
struct Readiness {
    /// There may be something to read.
    readable: bool,
    /// The client will say nothing more, once what it said is read.
    hung_up: bool,
    /// It may take something.
    writable: bool,
}

impl Conversation {
    /// Begins with a greeting: the answer to the handshake, if it was not given yet. `early` is what the client said right
    /// behind its handshake.
    pub(crate) fn open(
        subscription: Subscription,
        greeting: Vec<u8>,
        welcome: impl FnOnce(Seq) -> ServerFrame,
        early: &[u8],
        cx: &Context,
    ) -> Self {
        // Not the driver's own newest event: another one may have shown the client more before it came here.
        let head = cx.tail.head();
        let mut conversation = Self {
            outbox: Outbox::default(),
            next: head.next(),
            heard_at: cx.now,
            pace: Pace::default(),
            ticks: 0,
            is_pinged: false,
            is_broken: false,
            // What it is not, the first try tells.
            socket: Readiness { readable: true, hung_up: false, writable: true },
            state: None,
        };
        let begun = greeting.len();
        let mut first = greeting;
        frame::write_text(&welcome(head).to_json(), &mut first);
        conversation.outbox.push_begun(first, begun, cx.memory);
        match subscription {
            Subscription::Live => {}
            Subscription::Last(limit) => {
                let history = History { range: Range::Newest, limit };
                let request = PageRequest { id: None, question: Question::History(history), head, reset: false };
                conversation.state().catch_up = CatchUp::Ask(request);
            }
            Subscription::After { seq, reset } => conversation.state().catch_up = CatchUp::After { seq, reset },
        }
        if !early.is_empty() {
            conversation.take_in(early, cx);
        }
        conversation
    }

    /// The name that was used last.
    pub(crate) fn name(&self) -> Option<&Name> {
        self.state.as_ref()?.told_name.as_ref()
    }

    /// Whether it needs nothing but the events from `first` on, in a single write.
    pub(crate) fn keeps_up(&self, first: Seq) -> bool {
        self.next == first && self.socket.writable && self.outbox.is_empty() && self.is_live()
    }

    /// All live events before `next` were written. False, and nothing is noted, if answers wait for one of them.
    pub(crate) fn has_got_all_before(&mut self, next: Seq) -> bool {
        let is_all = self.outbox.held_for().is_none();
        if is_all {
            self.next = next;
        }
        is_all
    }

    /// Whether something is to be done without anything more happening, as after a write to everybody.
    pub(crate) fn has_more_to_do(&self) -> bool {
        self.is_broken || !self.outbox.is_empty() || self.outbox.held_for().is_some()
    }

    /// An answer that tells of an event goes out after that event, if the client gets it at all: nobody is told that a
    /// cheep is on the timeline before they have seen it there.
    fn say_after(&mut self, seq: Seq, frame: &ServerFrame, cx: &Context) {
        let frame = frame::text(&frame.to_json());
        if self.awaits(seq) { self.outbox.hold(seq, frame, cx.memory) } else { self.push(frame, cx) }
    }

    /// Whether the client is still to get this event.
    fn awaits(&self, seq: Seq) -> bool {
        // While pages of what was missed are on their way, one of them may hold any event.
        let catches_up = self.state.as_ref().is_some_and(|state| state.owes_missed());
        !self.is_broken && (catches_up || self.next <= seq && self.is_live())
    }

    /// Whether live events go out as they come.
    fn is_live(&self) -> bool {
        self.state.as_ref().is_none_or(|state| state.is_live())
    }

    fn ending(&self) -> Option<Ending> {
        self.state.as_ref()?.ending
    }

    fn shut_out_since(&self) -> Option<u32> {
        self.state.as_ref()?.shut_out_since
    }

    fn state(&mut self) -> &mut State {
        self.state.get_or_insert_default()
    }

    /// Whatever begins a new second begins a new count of what is said in it.
    fn hear(&mut self, cx: &Context) {
        if self.heard_at != cx.now {
            self.pace = Pace::default();
        }
        self.heard_at = cx.now;
        self.is_pinged = false;
    }

    /// What it has said more of in this second than it may, if it has.
    fn over_its_pace(&self, cx: &Context) -> Option<Limit> {
        let most = cx.rules.rate_limits.frames_per_second().filter(|_| cx.now == self.heard_at)?;
        self.pace.reached(most)
    }

    /// Who the client is to the limits of rates.
    fn source(&self, cx: &Context) -> Source {
        cx.source(self.ticks >= SETTLED_TICKS)
    }

    fn say(&mut self, frame: &ServerFrame, cx: &Context) {
        self.push(frame::text(&frame.to_json()), cx);
    }

    fn refuse(&mut self, id: Option<RequestId>, refusal: Refusal, cx: &Context) {
        self.say(&ServerFrame::Error(ErrorFrame::new(id, refusal)), cx);
    }

    fn push(&mut self, frame: Vec<u8>, cx: &Context) {
        if !self.is_broken {
            self.outbox.push(frame, cx.memory);
        }
    }

    fn share(&mut self, frame: Bytes, cx: &Context) {
        if !self.is_broken {
            self.outbox.push_shared(frame, cx.memory);
        }
    }
}
