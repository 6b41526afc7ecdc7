//! A thread that owns sockets: it waits for what happens to any of them and never for one of them.

use std::{
    io::{self, ErrorKind},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use cheeper_protocol::{Seq, ServerFrame, VERSION, Welcome};
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use super::{
    Opening, Shared,
    connection::{Answer, Connection, Desk, State},
    frames,
    mailbox::{Address, Mail, Mailbox},
};
use crate::web::admission::Seat;

const WAKE: Token = Token(usize::MAX);
const EVENTS: usize = 1024;
/// How often `online` is said when nothing changed.
const ONLINE_SECONDS: u32 = 30;
/// How often silent connections are looked for.
const LOOK_AFTER_SECONDS: u32 = 5;
/// How long goodbyes may take to be read.
const STOP_SECONDS: u32 = 3;
/// Clients of a server that stops come back at a moment of their own within this time.
const RECONNECT_AFTER_MS: u64 = 3000;
/// Runs of the ring that one delivery takes in.
const SLICES: usize = 16;

static SERIALS: AtomicU64 = AtomicU64::new(0);

/// A socket fresh from its handshake.
pub(crate) struct Newcomer {
    pub(crate) stream: TcpStream,
    pub(crate) early: Vec<u8>,
    pub(crate) opening: Opening,
    pub(crate) seat: Arc<Seat>,
}

pub(crate) struct Shard {
    poll: Poll,
    mailbox: Arc<Mailbox>,
    shared: Arc<Shared>,
    connections: Slab<Connection>,
    live: Seq,
    began: Instant,
    said_online: (u64, u32),
    looked_after: u32,
    stopping_since: Option<u32>,
}

impl Shard {
    pub(crate) fn new(shared: Arc<Shared>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mailbox = Arc::new(Mailbox::new(Waker::new(poll.registry(), WAKE)?));
        let live = shared.feed.tail.head();
        Ok(Self {
            poll,
            mailbox,
            shared,
            connections: Slab::new(),
            live,
            began: Instant::now(),
            said_online: (0, 0),
            looked_after: 0,
            stopping_since: None,
        })
    }

    pub(crate) fn mailbox(&self) -> Arc<Mailbox> {
        self.mailbox.clone()
    }

    /// Works until it was told to stop and everybody has gone.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_done() {
            if let Err(error) = self.poll.poll(&mut events, Some(Duration::from_secs(1)))
                && error.kind() != ErrorKind::Interrupted
            {
                tracing::error!(%error, "waiting for sockets failed");
            }
            // New events go first: an author's own cheep is on its way before the ack that belongs to it.
            self.deliver();
            for mail in self.mailbox.take() {
                self.on_mail(mail);
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                let readable = event.is_readable() || event.is_read_closed() || event.is_error();
                let writable = event.is_writable() || event.is_write_closed();
                self.with(event.token().0, |place, connection, desk| connection.ready(place, readable, writable, desk));
            }
            self.deliver();
            self.keep_time();
        }
    }

    fn is_done(&self) -> bool {
        self.stopping_since.is_some_and(|since| self.connections.is_empty() || self.now() >= since + STOP_SECONDS)
    }

    /// Whole seconds since the shard began.
    fn now(&self) -> u32 {
        u32::try_from(self.began.elapsed().as_secs()).unwrap_or(u32::MAX)
    }

    /// Does something with one connection and lets go of it if it is of no more use.
    fn with(&mut self, place: usize, work: impl FnOnce(usize, &mut Connection, &Desk) -> State) {
        let desk = Desk { shared: &self.shared, mailbox: &self.mailbox, live: self.live, now: self.now() };
        let Some(connection) = self.connections.get_mut(place) else { return };
        if work(place, connection, &desk) == State::Gone {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: usize) {
        let Some(mut connection) = self.connections.try_remove(place) else { return };
        if let Err(error) = self.poll.registry().deregister(connection.stream()) {
            tracing::debug!(%error, "a socket could not be taken off the poll");
        }
        self.shared.presence.leave(connection.present());
    }

    fn on_mail(&mut self, mail: Mail) {
        match mail {
            Mail::Adopt(newcomer) => {
                if let Err(error) = self.adopt(newcomer) {
                    tracing::warn!(%error, "a new connection could not be taken over");
                }
            }
            Mail::Answered { to, answer } => self.on_answer(to, answer),
            Mail::Stop => self.stop(),
        }
    }

    fn on_answer(&mut self, to: Address, answer: Answer) {
        if self.connections.get(to.place).is_some_and(|connection| connection.serial() == to.serial) {
            self.with(to.place, |place, connection, desk| connection.answered(place, answer, desk));
        }
    }

    fn adopt(&mut self, newcomer: Newcomer) -> io::Result<()> {
        let Newcomer { stream, early, opening, seat } = newcomer;
        if self.stopping_since.is_some() {
            return Ok(());
        }
        let now = self.now();
        let mut stream = mio::net::TcpStream::from_std(stream);
        let entry = self.connections.vacant_entry();
        let place = entry.key();
        self.poll.registry().register(&mut stream, Token(place), Interest::READABLE | Interest::WRITABLE)?;
        let online = self.shared.presence.join();
        let desk = Desk { shared: &self.shared, mailbox: &self.mailbox, live: self.live, now };
        let serial = SERIALS.fetch_add(1, Ordering::Relaxed);
        entry.insert(Connection::new(stream, serial, seat, &desk));
        let welcome = frames::text(&self.welcome(online).to_json());
        self.with(place, |place, connection, desk| connection.open(place, &opening, &early, welcome, desk));
        Ok(())
    }

    fn welcome(&self, online: u64) -> ServerFrame {
        ServerFrame::Welcome(Welcome {
            protocol: VERSION,
            server: concat!("cheeper/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeline: self.shared.feed.timeline_id().to_owned(),
            head: self.live,
            online,
            limits: self.shared.rules.limits.clone(),
        })
    }

    /// Sends everybody what has come since the last time: what came together goes out together.
    fn deliver(&mut self) {
        let first = self.live.next();
        let Ok(slices) = self.shared.feed.tail.since(first, SLICES) else {
            // So much came at once that the ring has moved past this shard: everybody is told, one by one.
            self.live = self.shared.feed.tail.head();
            return self.for_each(|place, connection, desk| connection.work(place, desk));
        };
        let Some(last) = slices.last() else { return };
        self.live = last.next().previous();
        self.for_each(|place, connection, desk| connection.deliver(place, first, &slices, desk));
    }

    fn for_each(&mut self, mut work: impl FnMut(usize, &mut Connection, &Desk) -> State) {
        let desk = Desk { shared: &self.shared, mailbox: &self.mailbox, live: self.live, now: self.now() };
        let mut gone = Vec::new();
        for (place, connection) in &mut self.connections {
            if work(place, connection, &desk) == State::Gone {
                gone.push(place);
            }
        }
        for place in gone {
            self.remove(place);
        }
    }

    fn keep_time(&mut self) {
        let now = self.now();
        let online = self.shared.presence.online();
        let (said, at) = self.said_online;
        if (online != said && now > at) || now >= at + ONLINE_SECONDS {
            self.said_online = (online, now);
            let frame = frames::text(&ServerFrame::Online { count: online, head: self.live }.to_json());
            self.for_each(|_, connection, desk| {
                connection.mention(&frame, desk);
                State::Open
            });
        }
        if now >= self.looked_after + LOOK_AFTER_SECONDS || self.stopping_since.is_some() {
            self.looked_after = now;
            self.for_each(|place, connection, desk| match connection.look_after(desk) {
                State::Open => connection.work(place, desk),
                State::Gone => State::Gone,
            });
        }
    }

    fn stop(&mut self) {
        self.stopping_since = Some(self.now());
        let goodbye = ServerFrame::Goodbye {
            reason: "The server is stopping.".to_owned(),
            reconnect_after_ms: RECONNECT_AFTER_MS,
        };
        let goodbye = frames::text(&goodbye.to_json());
        self.for_each(|place, connection, desk| connection.dismiss(place, &goodbye, desk));
    }
}
