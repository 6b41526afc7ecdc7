//! Many clients in one thread: one poll, no task and no thread for each, so that what is measured is the server.
//!
//! Every client checks what it gets: each seq once and in order.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    ops::Range,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use crate::{
    Failure, frames,
    link::{Dial, Link},
    process::System,
};

/// Connections that may be opening at once, well within what a listener holds.
const OPENING: usize = 1024;
/// The longest wait that is told apart, in microseconds.
const LONGEST_US: u64 = 120_000_000;

/// When each cheep is due, whatever becomes of it: waits are counted from here.
#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) began: Instant,
    pub(crate) period: Duration,
    pub(crate) cheeps: u32,
}

impl Schedule {
    pub(crate) fn due(&self, nth: u64) -> Instant {
        self.began + Duration::from_nanos(u64::try_from(self.period.as_nanos()).unwrap_or(u64::MAX) * nth)
    }
}

/// What all clients together have seen.
pub(crate) struct Tally {
    /// Events that came, live or in pages, each counted once for each client.
    pub(crate) delivered: u64,
    pub(crate) twice: u64,
    pub(crate) out_of_order: u64,
    pub(crate) lagged: u64,
    pub(crate) opened: usize,
    pub(crate) lost: usize,
    /// From when a cheep was due to when a client had it, in microseconds.
    pub(crate) waits: Histogram<u64>,
    /// The longest such wait of each cheep.
    pub(crate) last_screens: Vec<Duration>,
}

/// What a post looks like.
#[derive(Clone, Copy)]
pub(crate) struct PostForm {
    pub(crate) system: System,
    pub(crate) chars: usize,
}

impl PostForm {
    /// The peers pass a post on as it is, so it has the form of what our server makes of it.
    fn post(self, seq: u64) -> Vec<u8> {
        let kind = if self.system.is_cheeper() { "post" } else { "cheep" };
        let text = "x".repeat(self.chars);
        frames::masked(&format!(
            "{{\"type\":\"{kind}\",\"seq\":{seq},\"at\":\"2026-11-25T12:00:00.000Z\",\"name\":\"alice\",\
             \"cheep\":\"{text}\",\"verified\":false}}"
        ))
    }
}

/// Who posts. It is one of the clients, so that no thread of its own waits for its turn.
struct Author {
    client: usize,
    schedule: Schedule,
    form: PostForm,
    posted: u64,
    /// What the socket has not taken yet.
    rest: Vec<u8>,
}

/// How events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// In WebSocket frames.
    Frames,
    /// In lines over HTTP. The chunks they come in begin with lines of their own, which hold no event.
    Lines,
}

struct Client {
    stream: Link,
    wire: Wire,
    /// Bytes of a frame or a line that has not come whole.
    rest: Vec<u8>,
    is_open: bool,
    reads: bool,
    newest_live: u64,
    /// Which of the expected seqs came.
    seen: Vec<bool>,
    /// It was told that it lags: live events went on after this seq.
    catching_up_to: Option<u64>,
    cursor: u64,
}

pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    buffer: Vec<u8>,
    pub(crate) tally: Tally,
    /// Seqs after this one, this many, are counted.
    expects: (u64, usize),
    author: Option<Author>,
    /// The waits of the first so many clients are counted.
    watched: usize,
    /// Whether the server greets with a frame.
    greets: bool,
    dial: Dial,
}

impl Swarm {
    pub(crate) fn new(greets: bool, dial: Dial) -> Result<Self, Failure> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            clients: Vec::new(),
            buffer: vec![0; 256 * 1024],
            tally: Tally {
                delivered: 0,
                twice: 0,
                out_of_order: 0,
                lagged: 0,
                opened: 0,
                lost: 0,
                waits: Histogram::new_with_bounds(1, LONGEST_US, 3).map_err(|error| Failure::new(error.to_string()))?,
                last_screens: Vec::new(),
            },
            expects: (0, 0),
            author: None,
            watched: 0,
            greets,
            dial,
        })
    }

    /// From now on counts `count` cheeps after `after`.
    pub(crate) fn expect(&mut self, after: u64, count: usize) {
        self.expects = (after, count);
        self.tally.delivered = 0;
        self.tally.waits.reset();
        for client in &mut self.clients {
            client.seen = vec![false; count];
            client.newest_live = after;
            client.cursor = after;
        }
        self.tally.last_screens = vec![Duration::ZERO; count];
    }

    /// Lets a client post on this schedule, and counts waits from it on, of all clients there are now.
    pub(crate) fn post(&mut self, client: usize, schedule: Schedule, form: PostForm) {
        self.author = Some(Author { client, schedule, form, posted: 0, rest: Vec::new() });
        self.watched = self.clients.len();
    }

    fn post_what_is_due(&mut self) -> Result<(), Failure> {
        let Some(author) = &mut self.author else { return Ok(()) };
        loop {
            if author.rest.is_empty() {
                let Schedule { cheeps, .. } = author.schedule;
                if author.posted == u64::from(cheeps) || author.schedule.due(author.posted) > Instant::now() {
                    return Ok(());
                }
                author.posted += 1;
                author.rest = author.form.post(self.expects.0 + author.posted);
            }
            match self.clients[author.client].stream.write(&author.rest) {
                Ok(written) => drop(author.rest.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Opens so many more connections and waits until the server has greeted each.
    pub(crate) fn open(&mut self, port: u16, path: &str, count: usize) -> Result<(), Failure> {
        self.open_as(Wire::Frames, port, path, count)
    }

    /// The same with readers of another kind.
    pub(crate) fn open_as(&mut self, wire: Wire, port: u16, path: &str, count: usize) -> Result<(), Failure> {
        for begun in (0..count).step_by(OPENING) {
            self.begin_as(wire, port, path, OPENING.min(count - begun))?;
            let wanted = self.clients.len();
            self.run(Duration::from_secs(60), |tally| tally.opened + tally.lost >= wanted)?;
        }
        match self.tally.lost {
            0 => Ok(()),
            lost => Err(Failure::new(format!("{lost} connections were lost while they were opened"))),
        }
    }

    /// Starts so many handshakes at once.
    pub(crate) fn begin(&mut self, port: u16, path: &str, count: usize) -> Result<(), Failure> {
        self.begin_as(Wire::Frames, port, path, count)
    }

    fn begin_as(&mut self, wire: Wire, port: u16, path: &str, count: usize) -> Result<(), Failure> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let more = match wire {
            Wire::Frames => {
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            }
            Wire::Lines => "",
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
        for _ in 0..count {
            let mut stream = self.dial.connect(address, request.as_bytes())?;
            let token = Token(self.clients.len());
            self.poll.registry().register(stream.socket_mut(), token, Interest::READABLE)?;
            self.clients.push(Client {
                stream,
                wire,
                rest: Vec::new(),
                is_open: false,
                reads: true,
                newest_live: self.expects.0,
                seen: vec![false; self.expects.1],
                catching_up_to: None,
                cursor: self.expects.0,
            });
        }
        Ok(())
    }

    /// Lets these clients read no more, or again.
    pub(crate) fn set_reading(&mut self, clients: Range<usize>, reads: bool) {
        for nth in clients {
            self.clients[nth].reads = reads;
            if reads {
                self.read(nth);
            }
        }
    }

    /// The seqs that did not come, over all clients.
    pub(crate) fn missing(&self, skip: usize) -> u64 {
        self.clients.iter().skip(skip).map(|client| client.seen.iter().filter(|seen| !**seen).count() as u64).sum()
    }

    /// Reads until `done` or until nothing has come for as long as `patience`.
    pub(crate) fn run(&mut self, patience: Duration, mut done: impl FnMut(&Tally) -> bool) -> Result<bool, Failure> {
        let mut quiet_since = Instant::now();
        let mut so_far = (0, 0);
        while !done(&self.tally) {
            self.post_what_is_due()?;
            let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
            // It never sleeps: to wake it would cost the server more than to send, and no reader elsewhere costs that.
            let polled = self.poll.poll(&mut events, Some(Duration::ZERO));
            if let Err(error) = polled
                && error.kind() != ErrorKind::Interrupted
            {
                return Err(error.into());
            }
            for event in &events {
                self.read(event.token().0);
                self.post_what_is_due()?;
            }
            self.events = events;
            let now = (self.tally.delivered, self.tally.opened);
            if now != so_far {
                (so_far, quiet_since) = (now, Instant::now());
            } else if quiet_since.elapsed() > patience {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read(&mut self, nth: usize) {
        while self.clients[nth].reads {
            let mut buffer = std::mem::take(&mut self.buffer);
            let result = self.clients[nth].stream.read(&mut buffer);
            if let Ok(length @ 1..) = result {
                self.take_in(nth, &buffer[..length], Instant::now());
            }
            let tells = self.clients[nth].stream.tells_its_end();
            let is_all = matches!(result, Ok(length) if length < buffer.len() && tells);
            self.buffer = buffer;
            match result {
                Ok(0) => return self.lose(nth),
                Ok(_) if is_all => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.lose(nth),
            }
        }
    }

    fn lose(&mut self, nth: usize) {
        self.clients[nth].reads = false;
        self.tally.lost += 1;
    }

    fn take_in(&mut self, nth: usize, bytes: &[u8], now: Instant) {
        let rest = std::mem::take(&mut self.clients[nth].rest);
        let joined;
        let mut bytes = bytes;
        if !rest.is_empty() {
            joined = [&rest, bytes].concat();
            bytes = &joined;
        }
        if !self.clients[nth].is_open {
            let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
                self.clients[nth].rest = bytes.to_vec();
                return;
            };
            self.clients[nth].is_open = true;
            bytes = &bytes[end + 4..];
            if !self.greets || self.clients[nth].wire == Wire::Lines {
                self.tally.opened += 1;
            }
        }
        let next = match self.clients[nth].wire {
            Wire::Frames => frames::payload,
            Wire::Lines => |bytes: &[u8]| memchr::memchr(b'\n', bytes).map(|end| (0, end + 1)),
        };
        while let Some((begin, end)) = next(bytes) {
            self.on_frame(nth, &bytes[begin..end], now);
            bytes = &bytes[end..];
        }
        if !bytes.is_empty() {
            self.clients[nth].rest = bytes.to_vec();
        }
    }

    fn on_frame(&mut self, nth: usize, json: &[u8], now: Instant) {
        if json.starts_with(b"{\"type\":\"cheep\"") {
            if let Some(seq) = frames::seq(json) {
                self.on_live(nth, seq, now);
            }
        } else if json.starts_with(b"{\"type\":\"welcome\"") {
            self.tally.opened += 1;
        } else if json.starts_with(b"{\"type\":\"page\"") {
            self.on_page(nth, json);
        } else if json.starts_with(b"{\"type\":\"lagged\"") {
            self.tally.lagged += 1;
            let is_first = self.clients[nth].catching_up_to.is_none();
            self.clients[nth].catching_up_to = frames::head(json);
            if is_first {
                self.ask(nth);
            }
        }
    }

    fn on_live(&mut self, nth: usize, seq: u64, now: Instant) {
        let client = &mut self.clients[nth];
        self.tally.out_of_order += u64::from(seq <= client.newest_live);
        client.newest_live = seq;
        if client.catching_up_to.is_none() {
            client.cursor = seq;
        }
        let Some(at) = seq.checked_sub(self.expects.0 + 1).and_then(|at| usize::try_from(at).ok()) else { return };
        let Some(seen) = client.seen.get_mut(at) else { return };
        if std::mem::replace(seen, true) {
            self.tally.twice += 1;
            return;
        }
        self.tally.delivered += 1;
        if let Some(Author { schedule, .. }) = self.author.as_ref().filter(|_| nth < self.watched) {
            let wait = now.saturating_duration_since(schedule.due(at as u64));
            self.tally.waits.saturating_record(u64::try_from(wait.as_micros()).unwrap_or(LONGEST_US).max(1));
            if let Some(last) = self.tally.last_screens.get_mut(at) {
                *last = wait.max(*last);
            }
        }
    }

    /// A page may reach into what went on live; that part is not new.
    fn on_page(&mut self, nth: usize, json: &[u8]) {
        let client = &mut self.clients[nth];
        let end = client.catching_up_to.unwrap_or(u64::MAX);
        for seq in frames::seqs(json).filter(|seq| *seq <= end) {
            self.tally.out_of_order += u64::from(seq <= client.cursor && client.cursor > self.expects.0);
            client.cursor = seq;
            let at = seq.checked_sub(self.expects.0 + 1).and_then(|at| usize::try_from(at).ok());
            let Some(seen) = at.and_then(|at| client.seen.get_mut(at)) else { continue };
            self.tally.twice += u64::from(*seen);
            self.tally.delivered += u64::from(!*seen);
            *seen = true;
        }
        client.newest_live = client.newest_live.max(client.cursor);
        if client.catching_up_to.is_some() {
            if client.cursor >= end {
                client.catching_up_to = None;
                client.cursor = client.newest_live;
            } else {
                self.ask(nth);
            }
        }
    }

    fn ask(&mut self, nth: usize) {
        let client = &mut self.clients[nth];
        let ask = frames::masked(&format!("{{\"type\":\"history\",\"after\":{},\"limit\":200}}", client.cursor));
        // So short a request always fits; without its answer the client misses events, which is counted.
        drop(client.stream.write(&ask));
    }
}
