//! One client's socket: what it says is read into steps, what it is to hear waits here or in the ring.

mod outgoing;
mod requests;
mod talk;

use std::{
    io::{self, ErrorKind},
    mem::take,
    sync::Arc,
};

use bytes::Bytes;
use cheeper_protocol::{History, Name, Range, Refusal, RequestId, Seq, limits::FRAME_BYTES};
use mio::net::TcpStream;
use tungstenite::protocol::frame::coding::CloseCode;

use self::{
    outgoing::Outgoing,
    talk::{Ending, Live, Talk},
};
use super::{
    Opening,
    desk::Desk,
    frames::{self, Incoming},
    pages::Ready,
    tail::Slice,
};
use crate::{
    feed::PageRequest,
    seats::Seat,
    session::Session,
    timeline::{Author, Named, Posted},
};

/// Answers waiting for one connection beyond which nothing more that it says is carried out.
const OUTBOX_BYTES: usize = 256 * 1024;
/// Bytes read in one turn. A message fits, so that what was read and not yet carried out stays small.
const READ_BYTES: usize = FRAME_BYTES;

/// The answer to a request that left the shard.
pub(crate) enum Answer {
    Posted { id: Option<RequestId>, name: Name, result: Result<Posted, Refusal> },
    Named { id: Option<RequestId>, author: Author, result: Result<Named, Refusal> },
}

/// What becomes of a connection after its turn.
#[derive(Debug, PartialEq)]
#[must_use]
pub(crate) enum State {
    /// It waits for something to happen.
    Open,
    /// It has more to read, when all others have had their turn.
    Unfinished,
    /// It is of no more use.
    Gone,
}

pub(crate) struct Connection {
    out: Outgoing,
    serial: u64,
    /// When its client was heard from, in the shard's seconds.
    heard: u32,
    pinged: bool,
    readable: bool,
    talk: Option<Box<Talk>>,
    _seat: Arc<Seat>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, serial: u64, seat: Arc<Seat>, desk: &Desk) -> Self {
        Self {
            out: Outgoing::new(stream, desk.live.next()),
            serial,
            heard: desk.now,
            pinged: false,
            readable: true,
            talk: None,
            _seat: seat,
        }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        self.out.stream()
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        self.out.stream_ref()
    }

    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// The name that was used on it last.
    pub(crate) fn present(&self) -> Option<&Name> {
        self.talk.as_ref()?.present.as_ref()
    }

    /// Says what is said first, starts on what the URL asked for, and takes in what came with the handshake.
    pub(crate) fn open(
        &mut self,
        place: usize,
        opening: Opening,
        greeting: Vec<u8>,
        early: &[u8],
        desk: &mut Desk,
    ) -> State {
        self.out.push(greeting, desk);
        match opening {
            Opening::Live => {}
            Opening::Last(limit) => {
                let request = PageRequest {
                    id: None,
                    history: History { range: Range::Newest, limit },
                    head: desk.live,
                    reset: false,
                };
                self.catch_up(place, request, desk);
            }
            Opening::After { seq, reset } => self.talk().live = Live::AfterMore { seq, reset },
        }
        if !early.is_empty() {
            self.take_in(early, desk);
        }
        self.work(place, desk)
    }

    /// The socket may be read or written again.
    pub(crate) fn ready(&mut self, place: usize, readable: bool, writable: bool, desk: &mut Desk) -> State {
        self.readable |= readable;
        // Who takes what was sent is alive, however slowly they do.
        if writable && self.out.on_writable() {
            self.heard(desk);
        }
        self.work(place, desk)
    }

    /// One turn: carries out, writes and reads once, so that nobody can keep a shard to themselves.
    pub(crate) fn work(&mut self, place: usize, desk: &mut Desk) -> State {
        self.advance(place, desk);
        if self.is_over() {
            return State::Gone;
        }
        if !self.wants_to_read() {
            return State::Open;
        }
        let mut buffer = take(&mut desk.buffer);
        buffer.resize(READ_BYTES, 0);
        let read = self.out.read(&mut buffer);
        match read {
            Ok(0) => {
                self.readable = false;
                self.on_end_of_input();
            }
            Ok(length) => {
                // Less than was asked for means that there is no more.
                self.readable = length == READ_BYTES;
                if self.ending().is_none() {
                    self.heard(desk);
                    self.take_in(&buffer[..length], desk);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return State::Gone,
        }
        desk.buffer = buffer;
        self.advance(place, desk);
        if self.is_over() {
            State::Gone
        } else if self.wants_to_read() {
            State::Unfinished
        } else {
            State::Open
        }
    }

    /// The same, as the shard calls it.
    pub(crate) fn work_at(place: usize, connection: &mut Self, desk: &mut Desk) -> State {
        connection.work(place, desk)
    }

    /// An answer came back.
    pub(crate) fn answered(&mut self, place: usize, answer: Answer, desk: &mut Desk) -> State {
        let talk = self.talk();
        talk.pending -= 1;
        match answer {
            Answer::Posted { id, name, result } => {
                if result.is_ok() {
                    self.appear(name, desk);
                }
                self.out.say(&Session::on_posted(id, result), desk);
            }
            Answer::Named { id, author, result } => {
                talk.is_naming = false;
                let named = result.as_ref().ok().map(|named| named.name.clone());
                let frame = talk.session.on_named(id, &author, result);
                if let Some(name) = named {
                    self.appear(name, desk);
                }
                self.out.say(&frame, desk);
            }
        }
        self.work(place, desk)
    }

    /// A page came that was asked for under this id.
    pub(crate) fn turned(
        &mut self,
        place: usize,
        id: Option<RequestId>,
        page: Result<Ready, Refusal>,
        desk: &mut Desk,
    ) -> State {
        self.on_page(id, page, desk);
        self.work(place, desk)
    }

    /// Whether it needs nothing but the events from `first` on, in a single write.
    pub(crate) fn keeps_up(&self, first: Seq) -> bool {
        self.out.keeps_up(first) && self.live_flows()
    }

    /// Live events were written to it by somebody else.
    pub(crate) fn wrote(&mut self, piece: &Slice, written: io::Result<usize>, desk: &Desk) -> State {
        self.out.wrote(piece, written, desk);
        if self.out.is_broken() { State::Unfinished } else { State::Open }
    }

    /// Sends something that is of use only now; a connection with anything waiting does without.
    pub(crate) fn mention(&mut self, frame: &Bytes, desk: &Desk) -> State {
        if self.keeps_up(desk.live.next()) {
            self.out.share(frame.clone());
            self.out.write_outbox();
        }
        if self.out.is_broken() { State::Unfinished } else { State::Open }
    }

    /// Looks after a connection that may be silent, or stuck while the memory for answers is used up.
    pub(crate) fn look_after(&mut self, place: usize, desk: &mut Desk) -> State {
        if let Some(Ending::Lingering { since }) = self.ending() {
            return if desk.now - since >= super::LINGER_SECONDS { State::Gone } else { State::Open };
        }
        let silence = desk.now - self.heard;
        let is_stuck = self.out.is_stuck(desk.now) && desk.shared.replies.exhausted();
        if silence >= super::DROP_AFTER_SECONDS || is_stuck {
            return State::Gone;
        }
        if silence >= super::PING_AFTER_SECONDS && !self.pinged && self.ending().is_none() {
            self.pinged = true;
            self.out.push(frames::ping(), desk);
        }
        self.work(place, desk)
    }

    /// Says goodbye; answers that are under way are still given.
    pub(crate) fn dismiss(&mut self, place: usize, goodbye: &Bytes, desk: &mut Desk) -> State {
        self.out.share(goodbye.clone());
        self.talk().end(Ending::Dismissed(CloseCode::Restart));
        self.work(place, desk)
    }

    fn talk(&mut self) -> &mut Talk {
        self.talk.get_or_insert_default()
    }

    fn ending(&self) -> Option<Ending> {
        self.talk.as_ref()?.ending
    }

    fn heard(&mut self, desk: &Desk) {
        self.heard = desk.now;
        self.pinged = false;
    }

    fn is_over(&self) -> bool {
        self.ending() == Some(Ending::Over)
    }

    fn live_flows(&self) -> bool {
        self.talk.as_ref().is_none_or(|talk| {
            let is_told = matches!(talk.ending, Some(Ending::Said { .. } | Ending::Lingering { .. } | Ending::Over));
            talk.live == Live::Flowing && !is_told
        })
    }

    fn wants_to_read(&self) -> bool {
        self.readable
            && self.out.waiting_bytes() <= OUTBOX_BYTES
            && self.talk.as_ref().is_none_or(|talk| talk.wants_more())
    }

    fn on_end_of_input(&mut self) {
        match self.ending() {
            Some(Ending::Lingering { .. }) => self.talk().ending = Some(Ending::Over),
            _ => self.talk().end(Ending::HungUp),
        }
    }

    fn take_in(&mut self, bytes: &[u8], desk: &Desk) {
        // Connections that only watch and answer pings keep no state.
        let was_silent = self.talk.is_none();
        self.talk().read(bytes);
        if was_silent && self.talk().has_read_nothing() {
            self.talk = None;
        }
        desk.shared.metrics.read(bytes.len());
    }

    /// Carries out what was read and writes what waits, until neither gets any further.
    fn advance(&mut self, place: usize, desk: &mut Desk) {
        loop {
            self.flush(place, desk);
            let Some(incoming) = self.next_request(desk) else { break };
            self.carry_out(place, incoming, desk);
        }
        self.finish(desk);
    }

    fn next_request(&mut self, desk: &Desk) -> Option<Incoming> {
        let is_crowded =
            self.out.waiting_bytes() > OUTBOX_BYTES || self.out.has_waiting() && desk.shared.replies.exhausted();
        let talk = self.talk.as_mut().filter(|talk| !is_crowded && !talk.is_busy())?;
        talk.inbox.pop_front()
    }

    /// Writes what waits, first the outbox, then the ring.
    fn flush(&mut self, place: usize, desk: &mut Desk) {
        loop {
            self.out.write_outbox();
            if self.out.is_broken() {
                self.talk().end(Ending::HungUp);
                return;
            }
            if self.out.has_waiting() {
                return;
            }
            match self.talk.as_ref().filter(|talk| talk.wants_pages()).map(|talk| talk.live) {
                Some(Live::AfterMore { .. }) if desk.shared.replies.exhausted() => return,
                Some(Live::AfterMore { seq, reset }) => {
                    let history = Talk::missed(seq, reset);
                    let request = PageRequest { id: None, history, head: desk.shared.feed.tail.head(), reset };
                    self.catch_up(place, request, desk);
                }
                _ if self.live_flows() => {
                    self.out.write_live(desk);
                    if !self.out.has_waiting() {
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// Says the close when its time has come, and ends when it is written.
    fn finish(&mut self, desk: &Desk) {
        let Some(talk) = &mut self.talk else { return };
        if let Some(code) = talk.close() {
            self.out.push(frames::close(code), desk);
        }
        self.out.write_outbox();
        if let Some(Ending::Said { lingers }) = talk.ending
            && !self.out.has_waiting()
        {
            talk.ending = Some(if lingers && !self.out.is_broken() {
                self.out.shut();
                Ending::Lingering { since: desk.now }
            } else {
                Ending::Over
            });
        }
    }
}
