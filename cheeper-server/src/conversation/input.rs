//! What happens to a conversation: each is noted, and what follows from it is left to the next action.

use std::io::{self, ErrorKind, IoSlice};

use bytes::Bytes;
use cheeper_protocol::{Ack, Name, Refusal, RequestId, ServerFrame, Token};
use tungstenite::protocol::frame::coding::CloseCode;

use super::{
    Context, Conversation, Pending, SETTLED_TICKS,
    state::{CatchUp, Ending},
};
use crate::{
    feed::{Ready, frame, tail::Slice},
    timeline::{Audit, Named, Outcome},
};

/// A client that was not heard from for this long is sent a ping.
const PING_AFTER_SECONDS: u32 = 25;
/// A client that was not heard from for this long is dropped.
const DROP_AFTER_SECONDS: u32 = 60;
/// How long a client that we close may take to read why.
const LINGER_SECONDS: u32 = 3;

impl Conversation {
    /// The socket may be read or written again, or the client hung up.
    pub(crate) fn on_ready(&mut self, readable: bool, hung_up: bool, writable: bool, cx: &Context) {
        self.socket.readable |= readable || hung_up;
        self.socket.hung_up |= hung_up;
        if writable && !self.is_broken {
            // Who takes what was sent is alive, however slowly they do.
            if !self.socket.writable {
                self.hear(cx);
            }
            self.socket.writable = true;
        }
    }

    /// What came of a read into so many bytes.
    pub(crate) fn on_read(&mut self, read: io::Result<&[u8]>, asked: usize, cx: &Context) {
        match read {
            Ok([]) => {
                self.socket.readable = false;
                match self.ending() {
                    Some(Ending::Lingering { .. }) => self.state().ending = Some(Ending::Over),
                    _ => self.state().end(Ending::HungUp),
                }
            }
            Ok(bytes) => {
                // Less than was asked for means that there is no more, but perhaps the end, of which nobody tells twice.
                self.socket.readable = bytes.len() == asked || self.socket.hung_up;
                if self.ending().is_none() {
                    self.hear(cx);
                    self.pace.count_bytes(bytes.len());
                    self.take_in(bytes, cx);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.socket.readable = false,
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
            self.outbox.push_begun(rest.to_vec(), rest.len(), cx.memory);
        }
    }

    /// What came of saying that nothing more will come.
    pub(crate) fn on_shut_down(&mut self, done: &io::Result<()>, cx: &Context) {
        match done {
            // What was written before would be lost if the socket went now.
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.socket.writable = false,
            Err(_) => self.state().ending = Some(Ending::Over),
            Ok(()) => {
                let lingers = self.ending() == Some(Ending::Closing { lingers: true });
                self.state().ending = Some(if lingers { Ending::Lingering { since: cx.now } } else { Ending::Over });
            }
        }
    }

    /// A command came back.
    pub(crate) fn on_outcome(&mut self, pending: Pending, outcome: Result<Outcome, Refusal>, cx: &Context) {
        let Pending { id, name, is_hello } = pending;
        let source = self.source(cx);
        let state = self.state();
        state.pending -= 1;
        match outcome {
            Ok(Outcome::Posted(posted)) => {
                state.name = name;
                let (seq, at, duplicate) = (posted.cheep.seq, posted.cheep.at, posted.duplicate);
                self.say_after(seq, &ServerFrame::Ack(Ack { id, seq, at, duplicate }), cx);
            }
            Ok(Outcome::Changed(changed)) => {
                // A host who removes a cheep has none.
                state.name = name.or(state.name.take());
                let (seq, at, duplicate) = (changed.seq, changed.at, changed.duplicate);
                self.say_after(seq, &ServerFrame::Ack(Ack { id, seq, at, duplicate }), cx);
            }
            Ok(Outcome::Named(Named { name, claimed })) => {
                state.is_naming = false;
                state.name = Some(name.clone());
                if claimed && let Some(holder) = state.speaker.author() {
                    cx.rules.rate_limits.welcome(source, holder);
                }
                self.say(&ServerFrame::Hello { id, name, claimed }, cx);
            }
            Ok(Outcome::Moderated(entry)) => self.say(&ServerFrame::moderated(id, None, entry), cx),
            Err(refusal) => {
                if is_hello {
                    state.is_naming = false;
                    state.forget_name();
                }
                self.refuse(id, refusal, cx);
            }
        }
    }

    /// What a host ordered came back, with the token that it made.
    pub(crate) fn on_ordered(
        &mut self,
        pending: Pending,
        token: Option<Token>,
        outcome: Result<Outcome, Refusal>,
        cx: &Context,
    ) {
        match outcome {
            Ok(Outcome::Moderated(entry)) => {
                self.state().pending -= 1;
                self.say(&ServerFrame::moderated(pending.id, token, entry), cx);
            }
            outcome => self.on_outcome(pending, outcome, cx),
        }
    }

    /// A part of the audit came.
    pub(crate) fn on_audit(&mut self, id: Option<RequestId>, audit: Result<Audit, Refusal>, cx: &Context) {
        let state = self.state();
        state.awaits_page = false;
        if state.shut_out_since.is_some() {
            return;
        }
        match audit {
            Ok((entries, more)) => self.say(&ServerFrame::Audit { id, entries, more }, cx),
            Err(why) => self.refuse(id, why, cx),
        }
    }

    /// A page came. After one that the URL asked for, more of them or live events follow, without hole or repeat.
    pub(crate) fn on_page(&mut self, id: Option<RequestId>, page: Result<Ready, Refusal>, cx: &Context) {
        let state = self.state();
        state.awaits_page = false;
        if state.shut_out_since.is_some() {
            return;
        }
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
        self.ticks = SETTLED_TICKS.min(self.ticks + 1);
        let since = match self.ending() {
            Some(Ending::Lingering { since }) => Some(since),
            _ => self.shut_out_since(),
        };
        if let Some(since) = since {
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
        // Nothing may follow a close.
        if self.shut_out_since().is_some() || self.state.as_ref().is_some_and(|state| state.has_said_close()) {
            return;
        }
        self.share(goodbye.clone(), cx);
        self.state().end(Ending::Dismissed(CloseCode::Restart));
    }

    /// The client may not be here any more. What its commands under way came to is still said, and nothing else: neither
    /// what waits to be written nor what comes from now on is for it.
    pub(crate) fn shut_out(&mut self, cx: &Context) {
        if self.shut_out_since().is_some() || self.ending() == Some(Ending::Over) {
            return;
        }
        let has_dropped = self.outbox.drop_unbegun();
        self.state().shut_out(has_dropped, cx.now);
        // A client that had hung up is not waited for: the end of what it says is there to be read again.
        self.socket.readable = true;
    }

    /// Says something that is of use only now; a client with anything waiting does without.
    pub(crate) fn send_if_idle(&mut self, frame: &Bytes, cx: &Context) {
        if self.keeps_up(cx.live.next()) {
            self.share(frame.clone(), cx);
        }
    }

    pub(super) fn take_in(&mut self, bytes: &[u8], cx: &Context) {
        cx.metrics.read(bytes.len());
        let was_silent = self.state.is_none();
        self.state().inbox.push(bytes, cx.memory);
        // A client that only watches and answers pings keeps no state.
        if was_silent && self.state().inbox.is_empty() {
            self.state = None;
        }
    }

    fn note_write(&mut self, written: io::Result<usize>) -> Option<usize> {
        match written {
            Ok(bytes) if bytes > 0 => return Some(bytes),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.socket.writable = false,
            Ok(_) | Err(_) => {
                self.is_broken = true;
                self.socket.writable = false;
                self.outbox.clear();
                self.state().break_off();
            }
        }
        None
    }
}
