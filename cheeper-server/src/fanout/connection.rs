//! One client's socket: what it says is read into steps, what it is to hear waits here or in the ring.
//!
//! A connection that keeps up holds no buffer: the tail's ring is its queue and `next` its cursor. Only answers, and the
//! rest of a frame that the socket took half of, wait in its outbox.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice, Read, Write},
    net::{IpAddr, Ipv4Addr, Shutdown},
    sync::Arc,
};

use bytes::Bytes;
use cheeper_protocol::{
    Code, ErrorFrame, History, Name, Range, Refusal, RequestId, Seq, ServerFrame,
    limits::{FRAME_BYTES, PAGE, WHO},
};
use mio::net::TcpStream;
use tungstenite::protocol::frame::coding::CloseCode;

use super::{
    Opening, Shared,
    frames::{self, FrameReader, Incoming},
    mailbox::{Address, Mail, Mailbox},
    outbox::Outbox,
    tail::{NotHere, Slice},
};
use crate::{
    feed::PageRequest,
    session::{Session, Step, budget::Origin},
    timeline::{Author, Named, Posted, page::Page},
    web::admission::Seat,
};

/// Requests of one connection under way at once; the next is read when one is answered.
const PENDING_REQUESTS: usize = 64;
/// Answers waiting for one connection beyond which it is not read from.
const OUTBOX_BYTES: usize = 256 * 1024;
/// Runs of the ring in one write.
const SLICES: usize = 16;
/// Bytes read at once. A message fits, so that what was read and not yet carried out stays small.
pub(crate) const READ_BYTES: usize = FRAME_BYTES;

/// The answer to a request that left the shard.
pub(crate) enum Answer {
    Posted { id: Option<RequestId>, name: Name, result: Result<Posted, Refusal> },
    Named { id: Option<RequestId>, author: Author, result: Result<Named, Refusal> },
    Page { id: Option<RequestId>, result: Result<Page, Refusal> },
    CatchUp(Result<Page, Refusal>),
}

/// What a connection needs of its shard while it works.
pub(crate) struct Desk<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) mailbox: &'a Arc<Mailbox>,
    /// The newest event that this shard has delivered.
    pub(crate) live: Seq,
    /// Seconds since the shard began.
    pub(crate) now: u32,
}

/// Whether the connection is still of use.
#[derive(Debug, PartialEq)]
#[must_use]
pub(crate) enum State {
    Open,
    Gone,
}

pub(crate) struct Connection {
    stream: TcpStream,
    serial: u64,
    next: Seq,
    heard: u32,
    pinged: bool,
    writable: bool,
    readable: bool,
    outbox: Outbox,
    talk: Option<Box<Talk>>,
    _seat: Arc<Seat>,
}

/// What only a connection needs that says something.
#[derive(Default)]
struct Talk {
    session: Session,
    reader: Option<Box<FrameReader>>,
    inbox: VecDeque<Incoming>,
    pending: usize,
    /// A `hello` is under way; what was said after it waits, so that it is said under that name.
    naming: bool,
    present: Option<Name>,
    live: Live,
    ending: Option<Ending>,
}

/// Whether live events go out.
#[derive(Clone, Copy, Default, PartialEq)]
enum Live {
    #[default]
    Flowing,
    /// Older events come first and their page is on its way.
    AfterPage,
    /// Older events come first; the next page, after this seq, is asked for when the last one is written.
    AfterMore(Seq),
}

#[derive(Clone, Copy, PartialEq)]
enum Ending {
    /// The client closed: it gets its answers, then the close.
    Close(CloseCode),
    /// The client hung up its half without a close.
    HungUp,
    /// We close: the protocol was broken, or the server stops.
    Dismissed(CloseCode),
    /// The close is said. A client that we dismissed may need a moment to read it.
    Said { linger: bool },
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, serial: u64, seat: Arc<Seat>, desk: &Desk) -> Self {
        Self {
            stream,
            serial,
            next: desk.live.next(),
            heard: desk.now,
            pinged: false,
            writable: true,
            readable: true,
            outbox: Outbox::default(),
            talk: None,
            _seat: seat,
        }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// The name that was used on it last.
    pub(crate) fn present(&self) -> Option<&Name> {
        self.talk.as_ref()?.present.as_ref()
    }

    /// Says welcome, starts on what the URL asked for, and takes in what came with the handshake.
    pub(crate) fn open(&mut self, place: usize, opening: &Opening, early: &[u8], welcome: Bytes, desk: &Desk) -> State {
        self.outbox.push(welcome, desk.shared);
        match *opening {
            Opening::Live => {}
            Opening::Last(limit) => {
                self.talk().live = Live::AfterPage;
                let history = History { range: Range::Newest, limit };
                self.ask_catch_up(place, PageRequest { id: None, history, head: desk.live, reset: false }, desk);
            }
            Opening::After { seq, reset } => self.catch_up(place, seq, reset, desk),
        }
        if !early.is_empty() {
            self.take_in(early, desk);
        }
        self.work(place, desk)
    }

    /// The socket may be read or written again.
    pub(crate) fn ready(&mut self, place: usize, readable: bool, writable: bool, desk: &Desk) -> State {
        self.readable |= readable;
        self.writable |= writable;
        self.work(place, desk)
    }

    /// Reads, carries out and writes until there is nothing to do or something to wait for.
    pub(crate) fn work(&mut self, place: usize, desk: &Desk) -> State {
        loop {
            self.digest(place, desk);
            match self.flush(place, desk) {
                Ok(()) => {}
                Err(_) => return State::Gone,
            }
            if self.is_over() {
                return State::Gone;
            }
            if !self.wants_to_read() {
                return State::Open;
            }
            let mut buffer = [0; READ_BYTES];
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.readable = false;
                    if matches!(self.ending(), Some(Ending::Said { .. })) {
                        return State::Gone;
                    }
                    self.end(Ending::HungUp);
                }
                Ok(length) => {
                    self.heard = desk.now;
                    self.pinged = false;
                    self.take_in(&buffer[..length], desk);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    return State::Open;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return State::Gone,
            }
        }
    }

    /// An answer came back.
    pub(crate) fn answered(&mut self, place: usize, answer: Answer, desk: &Desk) -> State {
        let talk = self.talk();
        talk.pending -= 1;
        match answer {
            Answer::Posted { id, name, result } => {
                if result.is_ok() {
                    self.appear(name, desk);
                }
                self.say(&Session::on_posted(id, result), desk);
            }
            Answer::Named { id, author, result } => {
                talk.naming = false;
                let named = result.as_ref().ok().map(|named| named.name.clone());
                let frame = talk.session.on_named(id, &author, result);
                if let Some(name) = named {
                    self.appear(name, desk);
                }
                self.say(&frame, desk);
            }
            Answer::Page { id, result } => self.say_page(id, result, desk),
            Answer::CatchUp(result) => self.on_catch_up(result, desk),
        }
        self.work(place, desk)
    }

    /// Sends new events, `slices`, which begin at `first`. The usual case costs one write and nothing else.
    pub(crate) fn deliver(&mut self, place: usize, first: Seq, slices: &[Slice], desk: &Desk) -> State {
        let keeps_up = self.next == first && self.writable && self.outbox.is_empty() && self.live_flows();
        let result = if keeps_up { self.write_slices(slices, desk) } else { self.flush(place, desk) };
        if result.is_err() || self.is_over() { State::Gone } else { State::Open }
    }

    /// Sends something that is of use only now; a connection with anything waiting does without.
    pub(crate) fn mention(&mut self, frame: &Bytes, desk: &Desk) {
        let keeps_up = self.next > desk.live && self.outbox.is_empty() && self.live_flows();
        if keeps_up {
            self.outbox.push(frame.clone(), desk.shared);
            self.flush_outbox();
        }
    }

    /// Looks after a connection that may be silent, or stuck while the memory for answers is used up.
    pub(crate) fn look_after(&mut self, desk: &Desk) -> State {
        let silence = desk.now - self.heard;
        if silence >= super::DROP_AFTER_SECONDS || (self.outbox.is_stuck(desk.now) && desk.shared.replies.exhausted()) {
            return State::Gone;
        }
        if matches!(self.ending(), Some(Ending::Said { .. })) && silence >= super::LINGER_SECONDS {
            return State::Gone;
        }
        if silence >= super::PING_AFTER_SECONDS && !self.pinged {
            self.pinged = true;
            self.mention(&frames::ping(), desk);
        }
        State::Open
    }

    /// Says goodbye; answers that are under way are still given.
    pub(crate) fn dismiss(&mut self, place: usize, goodbye: &Bytes, desk: &Desk) -> State {
        self.outbox.push(goodbye.clone(), desk.shared);
        self.end(Ending::Dismissed(CloseCode::Restart));
        self.work(place, desk)
    }

    fn talk(&mut self) -> &mut Talk {
        self.talk.get_or_insert_default()
    }

    fn ending(&self) -> Option<Ending> {
        self.talk.as_ref()?.ending
    }

    fn end(&mut self, ending: Ending) {
        let talk = self.talk();
        if talk.ending.is_none() {
            talk.ending = Some(ending);
            talk.reader = None;
            if matches!(ending, Ending::Dismissed(_)) {
                talk.inbox.clear();
            }
        }
    }

    fn is_over(&self) -> bool {
        self.outbox.is_empty() && matches!(self.ending(), Some(Ending::Said { linger: false }))
    }

    fn live_flows(&self) -> bool {
        self.talk.as_ref().is_none_or(|talk| {
            talk.live == Live::Flowing && talk.ending.is_none_or(|e| !matches!(e, Ending::Said { .. }))
        })
    }

    fn wants_to_read(&self) -> bool {
        self.readable
            && match &self.talk {
                None => true,
                Some(talk) => match talk.ending {
                    None => talk.inbox.is_empty() && !self.is_busy(talk),
                    Some(Ending::Said { .. }) => true,
                    Some(_) => false,
                },
            }
    }

    fn is_busy(&self, talk: &Talk) -> bool {
        talk.naming || talk.pending >= PENDING_REQUESTS || self.outbox.bytes() > OUTBOX_BYTES
    }

    fn take_in(&mut self, bytes: &[u8], desk: &Desk) {
        if self.ending().is_some() {
            return;
        }
        let mut kept = self.talk.as_mut().and_then(|talk| talk.reader.take());
        let mut incoming = Vec::new();
        FrameReader::read(&mut kept, bytes, &mut incoming);
        incoming.retain(|message| *message != Incoming::Pong);
        // Connections that only watch and answer pings keep no state.
        if kept.is_some() || !incoming.is_empty() {
            let talk = self.talk();
            talk.reader = kept;
            talk.inbox.extend(incoming);
        }
        desk.shared.metrics.read(bytes.len());
    }

    /// Carries out what was read, as long as its answers have room.
    fn digest(&mut self, place: usize, desk: &Desk) {
        while let Some(talk) = &self.talk {
            let crowded = desk.shared.replies.exhausted() && !self.outbox.is_empty();
            if self.is_busy(talk) || crowded {
                break;
            }
            let Some(incoming) = self.talk().inbox.pop_front() else { break };
            match incoming {
                Incoming::Text(text) => self.on_text(place, &text, desk),
                Incoming::Binary => self.say(&refusal(None, Code::BadFrame.into()), desk),
                Incoming::Ping(payload) => self.outbox.push(frames::pong(&payload), desk.shared),
                Incoming::Pong => {}
                Incoming::Close(code) => self.end(Ending::Close(code)),
                Incoming::Broken(code) => self.end(Ending::Dismissed(code)),
            }
        }
        self.say_close(desk);
    }

    fn say_close(&mut self, desk: &Desk) {
        let Some(talk) = &mut self.talk else { return };
        if talk.pending > 0
            || !talk.inbox.is_empty()
            || talk.live != Live::Flowing && talk.ending != Some(Ending::HungUp)
        {
            return;
        }
        let (code, linger) = match talk.ending {
            Some(Ending::Close(code)) => (Some(code), false),
            Some(Ending::Dismissed(code)) => (Some(code), true),
            Some(Ending::HungUp) => (None, false),
            Some(Ending::Said { .. }) | None => return,
        };
        talk.ending = Some(Ending::Said { linger });
        if let Some(code) = code {
            self.outbox.push(frames::close(code), desk.shared);
        }
    }

    fn on_text(&mut self, place: usize, text: &str, desk: &Desk) {
        let address = self.stream.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let from = Origin { address, connection: Some(self.serial) };
        let (id, step) = self.talk().session.on_text(text, from, &desk.shared.rules);
        match step {
            Step::Reply(frame) => self.say(&frame, desk),
            Step::Pong => self.say(&ServerFrame::Pong { id, head: desk.live }, desk),
            Step::Who => {
                let presence = &desk.shared.presence;
                let who = ServerFrame::Who { id, names: presence.names(WHO), online: presence.online() };
                self.say(&who, desk);
            }
            Step::Append(cheep) => {
                let name = cheep.author.name.clone();
                let answer = self.answer(place, desk);
                let posted = move |result| answer(Answer::Posted { id, name, result });
                desk.shared.feed.append(cheep, Box::new(posted));
            }
            Step::Claim(author) => {
                let asked = author.clone();
                let answer = self.answer(place, desk);
                self.talk().naming = true;
                let named = move |result| answer(Answer::Named { id, author, result });
                desk.shared.feed.claim(asked, Box::new(named));
            }
            Step::History(history) => {
                let request = PageRequest { id: id.clone(), history, head: desk.shared.feed.tail.head(), reset: false };
                match desk.shared.feed.page_from_tail(&request) {
                    Some(page) => self.say_page(id, Ok(page), desk),
                    None => {
                        let answer = self.answer(place, desk);
                        let read = move |result| answer(Answer::Page { id, result });
                        desk.shared.feed.page_from_store(request, read);
                    }
                }
            }
        }
    }

    /// Where the answer to a request that leaves the shard goes.
    fn answer(&mut self, place: usize, desk: &Desk) -> impl FnOnce(Answer) + Send + 'static {
        self.talk().pending += 1;
        let to = Address { place, serial: self.serial };
        let mailbox = desk.mailbox.clone();
        move |answer| mailbox.send(Mail::Answered { to, answer })
    }

    fn say(&mut self, frame: &ServerFrame, desk: &Desk) {
        self.outbox.push(frames::text(&frame.to_json()), desk.shared);
    }

    fn say_page(&mut self, id: Option<RequestId>, page: Result<Page, Refusal>, desk: &Desk) {
        match page {
            Ok(page) => self.outbox.push(frames::text(&page.json), desk.shared),
            Err(why) => self.say(&refusal(id, why), desk),
        }
    }

    fn appear(&mut self, name: Name, desk: &Desk) {
        let talk = self.talk();
        desk.shared.presence.rename(talk.present.as_ref(), Some(&name));
        talk.present = Some(name);
    }

    fn catch_up(&mut self, place: usize, after: Seq, reset: bool, desk: &Desk) {
        self.talk().live = Live::AfterPage;
        let range = if reset { Range::Newest } else { Range::After(after) };
        let history = History { range, limit: PAGE };
        self.ask_catch_up(place, PageRequest { id: None, history, head: desk.shared.feed.tail.head(), reset }, desk);
    }

    fn ask_catch_up(&mut self, place: usize, request: PageRequest, desk: &Desk) {
        match desk.shared.feed.page_from_tail(&request) {
            Some(page) => self.on_catch_up(Ok(page), desk),
            None => {
                let answer = self.answer(place, desk);
                desk.shared.feed.page_from_store(request, move |page| answer(Answer::CatchUp(page)));
            }
        }
    }

    /// A page that the URL asked for: more of them or live events follow, without hole or repeat.
    fn on_catch_up(&mut self, page: Result<Page, Refusal>, desk: &Desk) {
        let continues = page.as_ref().is_ok_and(|page| page.forward && page.more);
        let last = page.as_ref().ok().map(|page| page.last);
        self.say_page(None, page, desk);
        self.talk().live = match last {
            Some(last) if continues => Live::AfterMore(last),
            Some(last) => {
                self.next = last.next();
                Live::Flowing
            }
            None => Live::Flowing,
        };
    }

    /// Writes what waits, first the outbox, then the ring.
    fn flush(&mut self, place: usize, desk: &Desk) -> io::Result<()> {
        loop {
            self.flush_outbox();
            self.outbox.note_progress(desk.now);
            if !self.outbox.is_empty() {
                return Ok(());
            }
            if let Some(talk) = &self.talk {
                if let Some(Ending::Said { linger: true }) = talk.ending {
                    return self.stream.shutdown(Shutdown::Write).or(Ok(()));
                }
                if let Live::AfterMore(last) = talk.live {
                    self.catch_up(place, last, false, desk);
                    continue;
                }
            }
            if !self.live_flows() || !self.writable || self.next > desk.live {
                return Ok(());
            }
            match desk.shared.feed.tail.since(self.next, SLICES) {
                Ok(slices) => self.write_slices(&slices, desk)?,
                Err(NotHere) => {
                    desk.shared.metrics.lagged();
                    self.next = desk.live.next();
                    self.say(&ServerFrame::Lagged { head: desk.live }, desk);
                }
            }
        }
    }

    fn flush_outbox(&mut self) {
        while self.writable && !self.outbox.is_empty() {
            match self.outbox.write_to(&mut self.stream) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A broken socket is found out by the next read as well; what waited for it is of no use.
                Err(error) => {
                    self.writable = false;
                    if error.kind() != ErrorKind::WouldBlock {
                        self.outbox.clear();
                        self.end(Ending::HungUp);
                    }
                }
            }
        }
    }

    /// Writes frames from the ring. Of a frame that the socket took half of, the rest goes to the outbox, so that the
    /// ring may move on.
    fn write_slices(&mut self, slices: &[Slice], desk: &Desk) -> io::Result<()> {
        let result = match slices {
            [slice] => self.stream.write(slice.bytes()),
            slices => {
                let parts: Vec<IoSlice> = slices.iter().map(|slice| IoSlice::new(slice.bytes())).collect();
                self.stream.write_vectored(&parts)
            }
        };
        let mut written = match result {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.writable = false;
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        };
        desk.shared.metrics.wrote(written);
        for slice in slices {
            let length = slice.bytes().len();
            if written < length {
                let (seq, rest) = slice.split(written);
                self.next = if rest.is_empty() { seq } else { seq.next() };
                if !rest.is_empty() {
                    self.outbox.push(Bytes::copy_from_slice(rest), desk.shared);
                }
                self.flush_outbox();
                return Ok(());
            }
            written -= length;
            self.next = slice.next();
        }
        Ok(())
    }
}

fn refusal(id: Option<RequestId>, refusal: Refusal) -> ServerFrame {
    ServerFrame::Error(ErrorFrame::new(id, refusal))
}
