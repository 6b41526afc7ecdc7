//! A thread that owns sockets: it waits for what happens to any of them and never for one of them.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    mem::take,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use cheeper_protocol::{Seq, ServerFrame, VERSION, Welcome};
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use super::{
    Opening, Shared,
    broadcast::{Broadcast, WIDTH},
    connection::{Connection, State},
    desk::Desk,
    frames,
    mailbox::{Address, Mail, Mailbox},
    tail::{NotHere, Slice},
};
use crate::seats::Seat;

const WAKE: Token = Token(usize::MAX);
const EVENTS: usize = 1024;
/// Newcomers taken over in one turn, so that those who are here do not wait for a crowd at the door.
const NEWCOMERS: usize = 32;
/// Bytes of live events that go to everybody at once.
const DELIVERY_BYTES: usize = 64 * 1024;
/// How often `online` is said when nothing changed.
const ONLINE_SECONDS: u32 = 30;
/// Connections for each second between two changes of `online`: a crowd that comes and goes costs no more than this.
const ONLINE_A_SECOND: u64 = 1000;
/// Each connection is looked after once in so many seconds, and not all in the same one.
const LOOK_AFTER_SECONDS: u32 = 5;
/// How long goodbyes may take to be read.
const STOP_SECONDS: u32 = 3;
/// Clients of a server that stops come back at a moment of their own within this time.
const RECONNECT_AFTER_MS: u64 = 3000;

static SERIALS: AtomicU64 = AtomicU64::new(0);

/// A socket fresh from its handshake.
pub(crate) struct Newcomer {
    pub(crate) stream: TcpStream,
    /// The answer to the handshake, if it was not given yet.
    pub(crate) answer: Vec<u8>,
    /// What the client sent right behind its handshake.
    pub(crate) early: Vec<u8>,
    pub(crate) opening: Opening,
    pub(crate) seat: Arc<Seat>,
}

pub(crate) struct Shard {
    poll: Poll,
    connections: Slab<Connection>,
    desk: Desk,
    newcomers: VecDeque<Newcomer>,
    /// Connections whose turn ended before they were done.
    unfinished: Vec<usize>,
    /// Whether the last one is served first next time.
    backwards: bool,
    began: Instant,
    said_online: (u64, u32),
    looked_after: u32,
    stopping_since: Option<u32>,
}

impl Shard {
    pub(crate) fn new(shared: Arc<Shared>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mailbox = Mailbox::new(Waker::new(poll.registry(), WAKE)?);
        Ok(Self {
            poll,
            connections: Slab::new(),
            desk: Desk::new(shared, mailbox),
            newcomers: VecDeque::new(),
            unfinished: Vec::new(),
            backwards: false,
            began: Instant::now(),
            said_online: (0, 0),
            looked_after: 0,
            stopping_since: None,
        })
    }

    pub(crate) fn mailbox(&self) -> Arc<Mailbox> {
        self.desk.mailbox.clone()
    }

    /// Works until it was told to stop and everybody has gone.
    pub(crate) fn run(mut self) {
        let mut broadcast = Broadcast::probe();
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_done() {
            let wait = if self.has_more_to_do() { Duration::ZERO } else { Duration::from_secs(1) };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != ErrorKind::Interrupted
            {
                tracing::error!(%error, "waiting for sockets failed");
            }
            self.desk.now = u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX);
            // The mail is taken first and read last: an author's own cheep goes out before the ack that belongs to it.
            let mail = self.desk.mailbox.take();
            self.deliver(&mut broadcast);
            for mail in mail {
                self.on_mail(mail);
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                let readable = event.is_readable() || event.is_read_closed() || event.is_error();
                let writable = event.is_writable() || event.is_write_closed();
                self.with(event.token().0, |place, connection, desk| connection.ready(place, readable, writable, desk));
            }
            for place in take(&mut self.unfinished) {
                self.with(place, Connection::work_at);
            }
            self.adopt_some();
            self.deliver(&mut broadcast);
            self.keep_time();
        }
    }

    fn is_done(&self) -> bool {
        self.stopping_since.is_some_and(|since| self.connections.is_empty() || self.desk.now >= since + STOP_SECONDS)
    }

    fn has_more_to_do(&self) -> bool {
        !self.unfinished.is_empty() || !self.newcomers.is_empty() || self.desk.live < self.desk.shared.feed.tail.head()
    }

    /// Does something with one connection, and what follows from it.
    fn with(&mut self, place: usize, work: impl FnOnce(usize, &mut Connection, &mut Desk) -> State) {
        let Some(connection) = self.connections.get_mut(place) else { return };
        let state = work(place, connection, &mut self.desk);
        self.settle(place, &state);
    }

    fn settle(&mut self, place: usize, state: &State) {
        match state {
            State::Open => {}
            State::Unfinished => self.unfinished.push(place),
            State::Gone => self.remove(place),
        }
    }

    fn remove(&mut self, place: usize) {
        let Some(mut connection) = self.connections.try_remove(place) else { return };
        if let Err(error) = self.poll.registry().deregister(connection.stream()) {
            tracing::debug!(%error, "a socket could not be taken off the poll");
        }
        self.desk.shared.presence.leave(connection.present());
    }

    fn on_mail(&mut self, mail: Mail) {
        match mail {
            Mail::Adopt(newcomer) => self.newcomers.push_back(newcomer),
            Mail::Answered { to, answer } => {
                self.with_addressed(to, |place, connection, desk| connection.answered(place, answer, desk));
            }
            Mail::Read { request, page } => {
                let id = request.id.clone();
                let (page, waiting) = self.desk.pages.on_read(request, page, &self.desk.shared.replies);
                for to in waiting {
                    let (id, page) = (id.clone(), page.clone());
                    self.with_addressed(to, |place, connection, desk| connection.turned(place, id, page, desk));
                }
            }
            Mail::Stop => self.stop(),
        }
    }

    /// Like [`Self::with`], if it is still the same connection.
    fn with_addressed(&mut self, to: Address, work: impl FnOnce(usize, &mut Connection, &mut Desk) -> State) {
        if self.connections.get(to.place).is_some_and(|connection| connection.serial() == to.serial) {
            self.with(to.place, work);
        }
    }

    fn adopt_some(&mut self) {
        let count = self.newcomers.len().min(NEWCOMERS);
        for newcomer in self.newcomers.drain(..count).collect::<Vec<_>>() {
            if let Err(error) = self.adopt(newcomer) {
                tracing::warn!(%error, "a new connection could not be taken over");
            }
        }
    }

    fn adopt(&mut self, newcomer: Newcomer) -> io::Result<()> {
        let Newcomer { stream, answer: mut greeting, early, opening, seat } = newcomer;
        if self.stopping_since.is_some() {
            return Ok(());
        }
        let mut stream = mio::net::TcpStream::from_std(stream);
        let entry = self.connections.vacant_entry();
        let place = entry.key();
        self.poll.registry().register(&mut stream, Token(place), Interest::READABLE | Interest::WRITABLE)?;
        let online = self.desk.shared.presence.join();
        let serial = SERIALS.fetch_add(1, Ordering::Relaxed);
        entry.insert(Connection::new(stream, serial, seat, &self.desk));
        frames::write_text(&self.welcome(online).to_json(), &mut greeting);
        self.with(place, |place, connection, desk| connection.open(place, opening, greeting, &early, desk));
        Ok(())
    }

    fn welcome(&self, online: u64) -> ServerFrame {
        ServerFrame::Welcome(Welcome {
            protocol: VERSION,
            server: concat!("cheeper/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeline: self.desk.shared.feed.timeline_id().to_owned(),
            head: self.desk.live,
            online,
            limits: self.desk.shared.rules.limits.clone(),
        })
    }

    /// Sends everybody what has come since the last time: what came together goes out together.
    fn deliver(&mut self, broadcast: &mut Broadcast) {
        let first = self.desk.live.next();
        let behind = match self.desk.shared.feed.tail.piece(first, DELIVERY_BYTES) {
            Ok(None) => return,
            Ok(Some(piece)) => {
                self.desk.live = piece.next().previous();
                self.broadcast(broadcast, first, &piece)
            }
            Err(NotHere) => {
                // So much came at once that the ring has moved past this shard: everybody is told, one by one.
                self.desk.live = self.desk.shared.feed.tail.head();
                self.connections.iter().map(|(place, _)| place).collect()
            }
        };
        for place in behind {
            self.with(place, Connection::work_at);
        }
    }

    /// Sends to those who keep up; returns the others.
    fn broadcast(&mut self, broadcast: &mut Broadcast, first: Seq, piece: &Slice) -> Vec<usize> {
        let (mut ready, mut behind) = (Vec::with_capacity(self.connections.len()), Vec::new());
        for (place, connection) in &self.connections {
            if connection.keeps_up(first) { ready.push(place) } else { behind.push(place) }
        }
        // Back and forth: whom it served last it finds in the processor's caches, and nobody is the last one each time.
        if self.backwards {
            ready.reverse();
        }
        self.backwards = !self.backwards;
        let mut results = Vec::with_capacity(WIDTH);
        for places in ready.chunks(WIDTH) {
            let sockets: Vec<_> = places.iter().map(|&place| self.connections[place].socket()).collect();
            broadcast.send(&sockets, piece, &mut results);
            for (&place, written) in places.iter().zip(results.drain(..)) {
                let state = self.connections[place].wrote(piece, written, &self.desk);
                self.settle(place, &state);
            }
        }
        behind
    }

    fn keep_time(&mut self) {
        self.tell_online();
        if self.desk.now == self.looked_after {
            return;
        }
        self.looked_after = self.desk.now;
        self.desk.pages.forget();
        let everybody = self.stopping_since.is_some() || self.desk.shared.replies.exhausted();
        let turn = self.desk.now as usize;
        let is_due =
            |place: usize| everybody || place % LOOK_AFTER_SECONDS as usize == turn % LOOK_AFTER_SECONDS as usize;
        for place in self.places().filter(|&place| is_due(place)).collect::<Vec<_>>() {
            self.with(place, |place, connection, desk| connection.look_after(place, desk));
        }
    }

    fn tell_online(&mut self) {
        let (now, online) = (self.desk.now, self.desk.shared.presence.online());
        let (said, at) = self.said_online;
        let pause = u32::try_from(online / ONLINE_A_SECOND).unwrap_or(u32::MAX).clamp(1, ONLINE_SECONDS);
        if now < at.saturating_add(if online == said { ONLINE_SECONDS } else { pause }) {
            return;
        }
        self.said_online = (online, now);
        let frame = ServerFrame::Online { count: online, head: self.desk.live };
        let frame = Bytes::from(frames::text(&frame.to_json()));
        for place in self.places().collect::<Vec<_>>() {
            self.with(place, |_, connection, desk| connection.mention(&frame, desk));
        }
    }

    fn places(&self) -> impl Iterator<Item = usize> {
        self.connections.iter().map(|(place, _)| place)
    }

    fn stop(&mut self) {
        self.stopping_since = Some(self.desk.now);
        let goodbye = ServerFrame::Goodbye {
            reason: "The server is stopping.".to_owned(),
            reconnect_after_ms: RECONNECT_AFTER_MS,
        };
        let goodbye = Bytes::from(frames::text(&goodbye.to_json()));
        for place in self.places().collect::<Vec<_>>() {
            self.with(place, |place, connection, desk| connection.dismiss(place, &goodbye, desk));
        }
    }
}
