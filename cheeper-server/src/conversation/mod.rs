//! One client's side of its connection: what it says and is to hear, in which order, and when it ends.
//!
//! It has no socket, no thread, no clock and no store. Whoever drives it tells what happened by the `on_…` methods and then
//! asks [`Conversation::next_action`] what is to be done until that is to wait. Time is an argument, so that tests own it.
//!
//! A client that only watches costs nothing but its place in the timeline: whatever more is known of a client begins with
//! the first thing that it says.

mod frame_reader;
mod inbox;
mod outbox;
pub mod rate_limit;
pub mod request;
mod state;
#[cfg(test)]
mod tests;

use std::{
    io::{self, ErrorKind, IoSlice},
    sync::Arc,
};

use bytes::Bytes;
use cheeper_protocol::{
    Ack, ClientFrame, Code, ErrorFrame, History, Name, Range, Refusal, Request, RequestId, Seq, ServerFrame,
    limits::FRAME_BYTES,
};
use tungstenite::protocol::frame::coding::CloseCode;

use self::{
    frame_reader::Incoming,
    outbox::Outbox,
    rate_limit::Source,
    request::{Rules, Step},
    state::{CatchUp, Ending, State},
};
use crate::{
    feed::{
        PageRequest, Ready, frame,
        tail::{NotHere, Slice, Tail},
    },
    memory::MemoryBudget,
    metrics::Metrics,
    timeline::{Command, Named, Outcome},
};

/// Answers waiting for one client beyond which nothing more that it says is carried out, in bytes.
const OUTBOX_BYTES: usize = 64 * 1024;
/// Bytes of live events in one write.
const LIVE_BYTES: usize = 64 * 1024;
/// A client that was not heard from for this long is sent a ping.
const PING_AFTER_SECONDS: u32 = 25;
/// A client that was not heard from for this long is dropped.
const DROP_AFTER_SECONDS: u32 = 60;
/// How long a client that we close may take to read why.
const LINGER_SECONDS: u32 = 3;
/// When to ask again for a page that there was no memory for.
const NO_MEMORY_RETRY_MS: u64 = 1000;
/// What a client may have carried out in one turn, in units of a ping.
const TURN_COST: u32 = 64;
/// What a request costs that reads or writes much, in the same units.
const LARGE_REQUEST_COST: u32 = 16;
/// Bytes to read in one turn. A message fits, so that what was read and not yet carried out stays small.
pub(crate) const READ_BYTES: usize = FRAME_BYTES;

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
    /// Who the client is to the limits of rates.
    pub(crate) source: Source,
    pub(crate) tail: &'a Tail,
    pub(crate) rules: &'a Rules,
    pub(crate) memory: &'a Arc<MemoryBudget>,
    pub(crate) metrics: &'a Metrics,
}

/// One turn of a client, after which all others have theirs.
pub(crate) struct Turn {
    /// What it may still ask for.
    left: u32,
    has_read: bool,
}

impl Turn {
    pub(crate) fn new() -> Self {
        Self { left: TURN_COST, has_read: false }
    }

    fn spend(&mut self, cost: u32) {
        self.left = self.left.saturating_sub(cost);
    }
}

/// What is to be done next.
#[derive(Debug)]
pub(crate) enum Action {
    /// Write [`Conversation::unwritten`] once, and tell [`Conversation::on_written`].
    Write,
    /// Write these live events once, and tell [`Conversation::on_live_written`].
    WriteLive(Slice),
    /// Read [`READ_BYTES`] once, and tell [`Conversation::on_read`].
    Read,
    /// Have the timeline carry this out, and tell [`Conversation::on_outcome`].
    Submit(Pending, Command),
    /// Get this page, and tell [`Conversation::on_page`].
    GetPage(PageRequest),
    /// Tell [`Conversation::on_names`] who is here.
    ListNames(Option<RequestId>),
    /// The client goes by another name now.
    Rename { old: Option<Name>, new: Option<Name> },
    /// Say that nothing more will come.
    ShutDown,
    /// Wait until something happens.
    Wait,
    /// Go on when all others have had their turn.
    Yield,
    /// Let go of the connection.
    End,
}

/// A command under way, and what its answer belongs to.
#[derive(Debug)]
pub(crate) struct Pending {
    id: Option<RequestId>,
    name: Name,
}

/// See the module.
pub(crate) struct Conversation {
    outbox: Outbox,
    /// The live event that the client is to get next.
    next: Seq,
    /// When the client was heard from.
    heard_at: u32,
    is_pinged: bool,
    /// The socket may have something to read.
    is_readable: bool,
    /// The client will say nothing more, once what it said is read.
    is_hung_up: bool,
    /// The socket may take something.
    is_writable: bool,
    /// The socket will never take anything again.
    is_broken: bool,
    state: Option<Box<State>>,
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
            is_pinged: false,
            is_readable: true,
            is_hung_up: false,
            is_writable: true,
            is_broken: false,
            state: None,
        };
        let mut first = greeting;
        frame::write_text(&welcome(head).to_json(), &mut first);
        conversation.outbox.push(first, cx.memory);
        match subscription {
            Subscription::Live => {}
            Subscription::Last(limit) => {
                let history = History { range: Range::Newest, limit };
                let request = PageRequest { id: None, history, head, reset: false };
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

    /// The socket may be read or written again, or the client hung up.
    pub(crate) fn on_ready(&mut self, readable: bool, hung_up: bool, writable: bool, cx: &Context) {
        self.is_readable |= readable || hung_up;
        self.is_hung_up |= hung_up;
        if writable && !self.is_broken {
            // Who takes what was sent is alive, however slowly they do.
            if !self.is_writable {
                self.hear(cx);
            }
            self.is_writable = true;
        }
    }

    /// What came of a read into so many bytes.
    pub(crate) fn on_read(&mut self, read: io::Result<&[u8]>, asked: usize, cx: &Context) {
        match read {
            Ok([]) => {
                self.is_readable = false;
                match self.ending() {
                    Some(Ending::Lingering { .. }) => self.state().ending = Some(Ending::Over),
                    _ => self.state().end(Ending::HungUp),
                }
            }
            Ok(bytes) => {
                // Less than was asked for means that there is no more, but perhaps the end, of which nobody tells twice.
                self.is_readable = bytes.len() == asked || self.is_hung_up;
                if self.ending().is_none() {
                    self.hear(cx);
                    self.take_in(bytes, cx);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => self.state().ending = Some(Ending::Over),
        }
    }

    /// What waits to be written, or the first part of it.
    pub(crate) fn unwritten(&self) -> Vec<IoSlice<'_>> {
        self.outbox.slices()
    }

    /// What came of a write of [`Self::unwritten`].
    pub(crate) fn on_written(&mut self, written: io::Result<usize>) {
        if let Some(bytes) = self.note_write(written) {
            self.outbox.advance(bytes);
        }
    }

    /// What came of a write of live events, by [`Action::WriteLive`] or to everybody at once.
    pub(crate) fn on_live_written(&mut self, piece: &Slice, written: io::Result<usize>, cx: &Context) {
        let Some(written) = self.note_write(written) else { return };
        cx.metrics.wrote(written);
        if written == piece.bytes().len() {
            self.next = piece.next();
            return;
        }
        // Of a frame that the socket took half of, the rest waits here, so that the ring may move on. A short write says
        // that the socket is full, but not that it will tell: the next write finds out.
        let (seq, rest) = piece.split(written);
        self.next = seq;
        if !rest.is_empty() {
            self.next = seq.next();
            self.outbox.push(rest.to_vec(), cx.memory);
        }
    }

    /// A command came back.
    pub(crate) fn on_outcome(&mut self, pending: Pending, outcome: Result<Outcome, Refusal>, cx: &Context) {
        let Pending { id, name } = pending;
        let state = self.state();
        state.pending -= 1;
        match outcome {
            Ok(Outcome::Posted(posted)) => {
                state.name = Some(name);
                let (seq, at, duplicate) = (posted.cheep.seq, posted.cheep.at, posted.duplicate);
                self.say_after(seq, &ServerFrame::Ack(Ack { id, seq, at, duplicate }), cx);
            }
            Ok(Outcome::Named(Named { name, claimed })) => {
                state.is_naming = false;
                state.name = Some(name.clone());
                self.say(&ServerFrame::Hello { id, name, claimed }, cx);
            }
            Err(refusal) => {
                // Nothing else is under way during a `hello`, so this is about it.
                if std::mem::take(&mut state.is_naming) {
                    state.forget_name();
                }
                self.refuse(id, refusal, cx);
            }
        }
    }

    /// A page came. After one that the URL asked for, more of them or live events follow, without hole or repeat.
    pub(crate) fn on_page(&mut self, id: Option<RequestId>, page: Result<Ready, Refusal>, cx: &Context) {
        let state = self.state();
        state.awaits_page = false;
        let catches_up = state.catch_up == CatchUp::Asked;
        match page {
            Ok(Ready { frame, forward, more, last }) => {
                if catches_up && forward && more {
                    state.catch_up = CatchUp::After { seq: last, reset: false };
                } else if catches_up {
                    state.catch_up = CatchUp::Done;
                    self.next = last.next();
                }
                self.share(frame, cx);
            }
            Err(why) => {
                if catches_up {
                    // To go on live would leave a hole that nobody is told of: the client comes back with its cursor.
                    state.catch_up = CatchUp::Done;
                    state.end(Ending::Dismissed(CloseCode::Again));
                }
                self.refuse(id, why, cx);
            }
        }
    }

    /// Who is here, for [`Action::ListNames`].
    pub(crate) fn on_names(&mut self, id: Option<RequestId>, names: Vec<Name>, online: u64, cx: &Context) {
        self.say(&ServerFrame::Who { id, names, online }, cx);
    }

    /// Time has passed. Pings a client that is silent; ends with one that is gone, or that is stuck while memory is short.
    pub(crate) fn on_tick(&mut self, cx: &Context) {
        if let Some(Ending::Lingering { since }) = self.ending() {
            if cx.now - since >= LINGER_SECONDS {
                self.state().ending = Some(Ending::Over);
            }
            return;
        }
        let silence = cx.now - self.heard_at;
        let is_stuck = self.outbox.is_stuck(cx.now) && cx.memory.is_exhausted();
        if silence >= DROP_AFTER_SECONDS || is_stuck {
            self.state().ending = Some(Ending::Over);
        } else if silence >= PING_AFTER_SECONDS && !self.is_pinged && self.ending().is_none() {
            self.is_pinged = true;
            self.push(frame::ping(), cx);
        }
    }

    /// Says goodbye. Answers that are under way are still given.
    pub(crate) fn dismiss(&mut self, goodbye: &Bytes, cx: &Context) {
        self.share(goodbye.clone(), cx);
        self.state().end(Ending::Dismissed(CloseCode::Restart));
    }

    /// Says something that is of use only now; a client with anything waiting does without.
    pub(crate) fn send_if_idle(&mut self, frame: &Bytes, cx: &Context) {
        if self.keeps_up(cx.live.next()) {
            self.share(frame.clone(), cx);
        }
    }

    /// Whether it needs nothing but the events from `first` on, in a single write.
    pub(crate) fn keeps_up(&self, first: Seq) -> bool {
        self.next == first && self.is_writable && self.outbox.is_empty() && self.is_live()
    }

    /// Whether something is to be done without anything more happening, as after a write to everybody.
    pub(crate) fn has_more_to_do(&self) -> bool {
        self.is_broken || !self.outbox.is_empty() || self.state.as_ref().is_some_and(|state| state.has_held_answers())
    }

    /// What is to be done next in this turn.
    pub(crate) fn next_action(&mut self, turn: &mut Turn, cx: &Context) -> Action {
        loop {
            if self.ending() == Some(Ending::Over) {
                return Action::End;
            }
            if let Some((old, new)) = self.state.as_mut().and_then(|state| state.rename()) {
                return Action::Rename { old, new };
            }
            self.release_answers(cx);
            if let Some(incoming) = self.next_request(turn, cx) {
                match self.carry_out(incoming, turn, cx) {
                    Some(action) => return action,
                    None => continue,
                }
            }
            if !self.outbox.is_empty() {
                if self.is_writable {
                    return Action::Write;
                }
            } else if let Some(request) = self.next_missed(turn, cx) {
                return Action::GetPage(request);
            } else if let Some(piece) = self.next_live(cx) {
                match piece {
                    Ok(piece) => return Action::WriteLive(piece),
                    // It is told so, which is to be written.
                    Err(NotHere) => continue,
                }
            } else if let Some(action) = self.next_of_the_end(cx) {
                match action {
                    Ok(action) => return action,
                    Err(CloseSaid) => continue,
                }
            }
            return self.read_or_rest(turn, cx);
        }
    }

    fn read_or_rest(&mut self, turn: &mut Turn, cx: &Context) -> Action {
        if self.wants_to_read(cx) {
            if turn.has_read {
                return Action::Yield;
            }
            turn.has_read = true;
            return Action::Read;
        }
        if turn.left == 0 && self.can_go_on(cx) { Action::Yield } else { Action::Wait }
    }

    /// The next request, if it can be carried out now and in this turn.
    fn next_request(&mut self, turn: &Turn, cx: &Context) -> Option<Incoming> {
        if turn.left == 0 || self.is_crowded(cx) {
            return None;
        }
        self.state.as_mut().filter(|state| !state.is_busy())?.inbox.pop()
    }

    /// Whether a turn that is used up was all that kept it from going on.
    fn can_go_on(&self, cx: &Context) -> bool {
        let Some(state) = &self.state else { return false };
        let has_request = !state.inbox.has_no_message() && !state.is_busy() && !self.is_crowded(cx);
        let has_missed = self.outbox.is_empty() && state.wants_missed() && !cx.memory.is_exhausted();
        has_request || has_missed
    }

    /// Nothing more is carried out before some of what waits is written.
    fn is_crowded(&self, cx: &Context) -> bool {
        self.outbox.bytes() > OUTBOX_BYTES || !self.outbox.is_empty() && cx.memory.is_exhausted()
    }

    fn carry_out(&mut self, incoming: Incoming, turn: &mut Turn, cx: &Context) -> Option<Action> {
        turn.spend(1);
        match incoming {
            Incoming::Text(text) => return self.on_text(&text, turn, cx),
            Incoming::Binary => self.refuse(None, Code::BadFrame.into(), cx),
            Incoming::Ping(payload) => self.push(frame::pong(&payload), cx),
            Incoming::Close(code) => self.state().end(Ending::Close(code)),
            Incoming::Broken(code) => self.state().end(Ending::Dismissed(code)),
        }
        None
    }

    fn on_text(&mut self, text: &str, turn: &mut Turn, cx: &Context) -> Option<Action> {
        let ClientFrame { id, request } = match ClientFrame::parse(text, &cx.rules.limits) {
            Ok(frame) => frame,
            Err(unreadable) => {
                if unreadable.is_hello {
                    self.state().forget_name();
                }
                self.refuse(unreadable.id, unreadable.refusal, cx);
                return None;
            }
        };
        let is_hello = matches!(request, Request::Hello { .. });
        let state = self.state();
        match state.speaker.on_request(id.as_ref(), request, cx.source, cx.rules) {
            Ok(Step::Submit(command)) => {
                state.pending += 1;
                let name = match &command {
                    Command::Post(post) => post.author.name.clone(),
                    Command::Claim(claim) => {
                        state.is_naming = true;
                        claim.author.name.clone()
                    }
                };
                Some(Action::Submit(Pending { id, name }, command))
            }
            Ok(Step::Read(history)) if cx.memory.is_exhausted() => {
                let why = Refusal::from(Code::Internal).retry_after(NO_MEMORY_RETRY_MS);
                tracing::warn!(?history, "there is no memory for more pages");
                self.refuse(id, why, cx);
                None
            }
            Ok(Step::Read(history)) => {
                turn.spend(LARGE_REQUEST_COST);
                state.awaits_page = true;
                Some(Action::GetPage(PageRequest { id, history, head: cx.tail.head(), reset: false }))
            }
            Ok(Step::ListNames) => {
                turn.spend(LARGE_REQUEST_COST);
                Some(Action::ListNames(id))
            }
            Ok(Step::Pong) => {
                let head = cx.tail.head();
                self.say_after(head, &ServerFrame::Pong { id, head }, cx);
                None
            }
            Err(refusal) => {
                if is_hello {
                    state.forget_name();
                }
                self.refuse(id, refusal, cx);
                None
            }
        }
    }

    /// The next page of what the URL asked for.
    fn next_missed(&mut self, turn: &mut Turn, cx: &Context) -> Option<PageRequest> {
        let state = self.state.as_mut()?;
        if turn.left == 0 || !state.wants_missed() || cx.memory.is_exhausted() {
            return None;
        }
        turn.spend(LARGE_REQUEST_COST);
        state.next_missed(cx.tail.head())
    }

    /// The next live events to write, as far as the driver has got; an error if they are gone, and the client is told.
    fn next_live(&mut self, cx: &Context) -> Option<Result<Slice, NotHere>> {
        if !self.is_writable || self.next > cx.live || !self.is_live() {
            return None;
        }
        match cx.tail.piece(self.next, LIVE_BYTES) {
            Ok(piece) => piece.map(Ok),
            Err(NotHere) => {
                cx.metrics.lagged();
                self.next = cx.live.next();
                self.say(&ServerFrame::Lagged { head: cx.live }, cx);
                Some(Err(NotHere))
            }
        }
    }

    /// Says the close when its time has come; ends when it is written.
    fn next_of_the_end(&mut self, cx: &Context) -> Option<Result<Action, CloseSaid>> {
        let is_broken = self.is_broken;
        let state = self.state.as_mut()?;
        if let Some(code) = state.close() {
            self.push(frame::close(code), cx);
            return Some(Err(CloseSaid));
        }
        let Some(Ending::Said { lingers }) = state.ending else { return None };
        if lingers && !is_broken {
            state.ending = Some(Ending::Lingering { since: cx.now });
            return Some(Ok(Action::ShutDown));
        }
        state.ending = Some(Ending::Over);
        Some(Ok(Action::End))
    }

    fn wants_to_read(&self, cx: &Context) -> bool {
        self.is_readable && !self.is_crowded(cx) && self.state.as_ref().is_none_or(|state| state.wants_to_read())
    }

    fn take_in(&mut self, bytes: &[u8], cx: &Context) {
        cx.metrics.read(bytes.len());
        let was_silent = self.state.is_none();
        self.state().inbox.push(bytes, cx.memory);
        // A client that only watches and answers pings keeps no state.
        if was_silent && self.state().inbox.is_empty() {
            self.state = None;
        }
    }

    /// An answer that tells of an event goes out after that event, if the client gets it at all: nobody is told that a
    /// cheep is on the timeline before they have seen it there.
    fn say_after(&mut self, seq: Seq, frame: &ServerFrame, cx: &Context) {
        let frame = frame::text(&frame.to_json());
        if self.awaits(seq) { self.state().hold(seq, frame) } else { self.push(frame, cx) }
    }

    fn release_answers(&mut self, cx: &Context) {
        while let Some(seq) = self.state.as_ref().and_then(|state| state.held_for())
            && !self.awaits(seq)
        {
            let Some(frame) = self.state().release() else { return };
            self.push(frame, cx);
        }
    }

    /// Whether the client is still to get this event.
    fn awaits(&self, seq: Seq) -> bool {
        let catches_up = self.state.as_ref().is_some_and(|state| state.owes_missed());
        self.next <= seq && !self.is_broken && (catches_up || self.is_live())
    }

    /// Whether live events go out as they come.
    fn is_live(&self) -> bool {
        self.state.as_ref().is_none_or(|state| state.is_live())
    }

    fn ending(&self) -> Option<Ending> {
        self.state.as_ref()?.ending
    }

    fn state(&mut self) -> &mut State {
        self.state.get_or_insert_default()
    }

    fn hear(&mut self, cx: &Context) {
        self.heard_at = cx.now;
        self.is_pinged = false;
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

    fn note_write(&mut self, written: io::Result<usize>) -> Option<usize> {
        match written {
            Ok(bytes) if bytes > 0 => return Some(bytes),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_writable = false,
            Ok(_) | Err(_) => {
                self.is_broken = true;
                self.is_writable = false;
                self.outbox.clear();
                self.state().end(Ending::HungUp);
            }
        }
        None
    }
}

/// The close was put among what is to be written.
struct CloseSaid;
