//! A thread that owns sockets: it waits for what happens to any of them and never for one of them.

use std::{
    collections::BTreeSet,
    io::{self, ErrorKind},
    mem::take,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::Receiver,
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use cheeper_protocol::{Seq, ServerFrame, Timestamp};
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use super::{
    broadcast::{Broadcast, WIDTH},
    clock::Clock,
    connection::{Connection, Progress},
    context::{Accepted, ShardContext, welcome},
    mailbox::{ConnectionId, Mailbox, Message},
    stream::Stream,
};
use crate::{
    feed::{
        frame,
        tail::{NotHere, Slice},
    },
    services::Services,
};

const WAKE: Token = Token(usize::MAX);
const EVENTS: usize = 1024;
/// New connections taken over in one turn, so that those who are here do not wait for a crowd at the door.
const ADOPTED: usize = 32;
/// Bytes of live events that go to everybody at once.
const DELIVERY_BYTES: usize = 64 * 1024;
/// How soon it is seen that a second is over, while somebody waits for the next.
const PAUSE: Duration = Duration::from_millis(100);
/// How often `online` is said when nothing changed.
const ONLINE_SECONDS: u32 = 30;
/// Connections for each second between two changes of `online`: a crowd that comes and goes costs no more than this.
const ONLINE_A_SECOND: u64 = 1000;
/// Each connection is told the time once in so many seconds, and not all in the same one.
const TICK_SECONDS: u32 = 5;
/// How long goodbyes may take to be read.
const STOP_SECONDS: u32 = 3;
/// Clients of a server that stops come back at a moment of their own within this time.
const RECONNECT_AFTER_MS: u64 = 3000;

/// Counts connections over all shards.
static GENERATIONS: AtomicU64 = AtomicU64::new(0);

pub(super) struct Shard {
    poll: Poll,
    connections: Slab<Connection>,
    context: ShardContext,
    accepted: Receiver<Accepted>,
    /// Connections whose turn ended before they were done.
    unfinished: Vec<usize>,
    /// Connections that wait for the next second.
    paused: BTreeSet<usize>,
    /// There may be more who were accepted.
    has_accepted: bool,
    /// Whether the last one is served first next time.
    backwards: bool,
    clock: Clock,
    said_online: (u64, u32),
    ticked_at: u32,
    /// Who is here was let in, as far as was known then.
    revision: u64,
    stopping_since: Option<u32>,
}

impl Shard {
    pub(super) fn new(services: Arc<Services>, accepted: Receiver<Accepted>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mailbox = Arc::new(Mailbox::new(Waker::new(poll.registry(), WAKE)?));
        let live = services.feed.tail().head();
        Ok(Self {
            poll,
            connections: Slab::new(),
            context: ShardContext { services, mailbox, live, now: 0, buffer: Vec::new() },
            accepted,
            unfinished: Vec::new(),
            paused: BTreeSet::new(),
            has_accepted: false,
            backwards: false,
            clock: Clock::start(Instant::now()),
            said_online: (0, 0),
            ticked_at: 0,
            revision: 0,
            stopping_since: None,
        })
    }

    pub(super) fn mailbox(&self) -> Arc<Mailbox> {
        self.context.mailbox.clone()
    }

    /// Works until it was told to stop and everybody has gone.
    pub(super) fn run(mut self) {
        let mut broadcast = Broadcast::probe();
        let mut events = Events::with_capacity(EVENTS);
        while !self.is_done() {
            let wait = self.wait();
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != ErrorKind::Interrupted
            {
                tracing::error!(%error, "waiting for sockets failed");
            }
            self.context.now = self.clock.seconds(Instant::now());
            // The messages are taken first and read last: an author's own cheep is delivered to everybody in one go before
            // the ack that belongs to it is looked at.
            let messages = self.context.mailbox.take();
            self.shut_out();
            self.deliver(&mut broadcast);
            for message in messages {
                self.on_message(message);
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                let hung_up = event.is_read_closed() || event.is_error();
                let writable = event.is_writable() || event.is_write_closed();
                let readable = event.is_readable();
                self.with(event.token().0, |it, shard| it.on_ready(readable, hung_up, writable, shard));
            }
            for slot in take(&mut self.unfinished) {
                self.with(slot, Connection::advance);
            }
            self.adopt_some();
            self.deliver(&mut broadcast);
            self.keep_time();
        }
    }

    fn wait(&self) -> Duration {
        if self.has_more_to_do() {
            Duration::ZERO
        } else if self.paused.is_empty() {
            Duration::from_secs(1)
        } else {
            PAUSE
        }
    }

    fn is_done(&self) -> bool {
        let is_over = |since| self.connections.is_empty() || self.context.now >= since + STOP_SECONDS;
        self.stopping_since.is_some_and(is_over)
    }

    fn has_more_to_do(&self) -> bool {
        !self.unfinished.is_empty() || self.has_accepted || self.context.live < self.context.services.feed.tail().head()
    }

    /// Does something with one connection, and what follows from it.
    fn with(&mut self, slot: usize, work: impl FnOnce(&mut Connection, &mut ShardContext) -> Progress) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        match work(connection, &mut self.context) {
            Progress::Waiting => {}
            Progress::Unfinished => self.unfinished.push(slot),
            Progress::Paused => drop(self.paused.insert(slot)),
            Progress::Gone => self.close(slot),
        }
    }

    /// Like [`Self::with`], if it is still the same connection.
    fn with_id(&mut self, id: ConnectionId, work: impl FnOnce(&mut Connection, &mut ShardContext) -> Progress) {
        if self.connections.get(id.slot).is_some_and(|connection| connection.id() == id) {
            self.with(id.slot, work);
        }
    }

    fn close(&mut self, slot: usize) {
        let Some(mut connection) = self.connections.try_remove(slot) else { return };
        if let Err(error) = self.poll.registry().deregister(connection.stream_mut().socket_mut()) {
            tracing::debug!(%error, "a socket could not be taken off the poll");
        }
        self.context.services.presence.leave(connection.name());
    }

    fn on_message(&mut self, message: Message) {
        match message {
            Message::Outcome { to, pending, outcome } => {
                self.with_id(to, |it, shard| it.on_outcome(pending, outcome, shard));
            }
            Message::Ordered { to, pending, token, outcome } => {
                self.with_id(to, |it, shard| it.on_ordered(pending, token, outcome, shard));
            }
            Message::Audit { to, id, audit } => self.with_id(to, |it, shard| it.on_audit(id, audit, shard)),
            Message::Page { to, id, page } => self.with_id(to, |it, shard| it.on_page(id, page, shard)),
            Message::Stop => self.stop(),
        }
    }

    fn adopt_some(&mut self) {
        let waiting: Vec<Accepted> = self.accepted.try_iter().take(ADOPTED).collect();
        self.has_accepted = waiting.len() == ADOPTED;
        for accepted in waiting {
            if let Err(error) = self.adopt(accepted) {
                tracing::warn!(%error, "a new connection could not be taken over");
            }
        }
    }

    fn adopt(&mut self, accepted: Accepted) -> io::Result<()> {
        if self.stopping_since.is_some() {
            return Ok(());
        }
        let Accepted { stream, session, handshake } = accepted;
        let mut stream = Stream::new(stream, session);
        let entry = self.connections.vacant_entry();
        let id = ConnectionId { slot: entry.key(), generation: GENERATIONS.fetch_add(1, Ordering::Relaxed) };
        self.poll.registry().register(stream.socket_mut(), Token(id.slot), Interest::READABLE | Interest::WRITABLE)?;
        let services = &self.context.services;
        let online = services.presence.join();
        let role = handshake.principal.grant.role;
        let welcome = |head| welcome(services, role, head, online);
        entry.insert(Connection::open(stream, handshake, id, welcome, &self.context));
        // Its link may have ended while it waited here, which was said before it came.
        self.with(id.slot, Connection::see_whether_it_may_stay);
        self.with(id.slot, Connection::advance);
        Ok(())
    }

    /// Ends the connections of those who may not be here any more, if there can be any.
    fn shut_out(&mut self) {
        let revision = self.context.services.access.standing.revision();
        if revision != self.revision {
            self.revision = revision;
            for slot in self.slots() {
                self.with(slot, Connection::see_whether_it_may_stay);
            }
        }
    }

    /// Sends everybody what has come since the last time: what came together goes out together.
    fn deliver(&mut self, broadcast: &mut Broadcast) {
        let first = self.context.live.next();
        let behind = match self.context.services.feed.tail().piece(first, DELIVERY_BYTES) {
            Ok(None) => return,
            Ok(Some(piece)) => {
                self.context.live = piece.next().previous();
                self.broadcast(broadcast, first, &piece)
            }
            Err(NotHere) => {
                // So much came at once that the ring has moved past this shard: everybody is told, one by one.
                self.context.live = self.context.services.feed.tail().head();
                self.slots()
            }
        };
        for slot in behind {
            self.with(slot, Connection::advance);
        }
    }

    /// Sends to those who keep up; returns the others.
    fn broadcast(&mut self, broadcast: &mut Broadcast, first: Seq, piece: &Slice) -> Vec<usize> {
        let (mut ready, mut behind) = (Vec::with_capacity(self.connections.len()), Vec::new());
        for (slot, connection) in &self.connections {
            // What is encrypted is other bytes for each.
            let may_share = connection.plain_stream().is_some() && connection.keeps_up(first);
            if may_share { ready.push(slot) } else { behind.push(slot) }
        }
        // Back and forth: whom it served last it finds in the processor's caches, and nobody is the last one each time.
        if self.backwards {
            ready.reverse();
        }
        self.backwards = !self.backwards;
        let (length, next) = (piece.bytes().len(), piece.next());
        let (mut results, mut taken) = (Vec::with_capacity(WIDTH), 0);
        for slots in ready.chunks(WIDTH) {
            let sockets: Vec<_> = slots.iter().filter_map(|&slot| self.connections[slot].plain_stream()).collect();
            broadcast.send(&sockets, piece, &mut results);
            for (&slot, written) in slots.iter().zip(results.drain(..)) {
                // Nearly all take all of it, and most of those need nothing more.
                if matches!(written, Ok(bytes) if bytes == length) && self.connections[slot].has_got_all_before(next) {
                    taken += length;
                } else {
                    self.with(slot, |it, shard| it.on_broadcast(piece, written, shard));
                }
            }
        }
        self.context.services.metrics.wrote(taken);
        behind
    }

    fn keep_time(&mut self) {
        self.say_online();
        let now = self.context.now;
        if now == self.ticked_at {
            return;
        }
        self.ticked_at = now;
        for slot in take(&mut self.paused) {
            self.with(slot, Connection::advance);
        }
        self.context.services.feed.forget_pages();
        self.context.services.access.standing.expire(Timestamp::now());
        let everybody = self.stopping_since.is_some() || self.context.services.memory.is_exhausted();
        for slot in self.slots() {
            if everybody || slot % TICK_SECONDS as usize == (now % TICK_SECONDS) as usize {
                self.with(slot, Connection::on_tick);
            }
        }
    }

    fn say_online(&mut self) {
        let (now, online) = (self.context.now, self.context.services.presence.online());
        let (said, at) = self.said_online;
        let pause = u32::try_from(online / ONLINE_A_SECOND).unwrap_or(u32::MAX).clamp(1, ONLINE_SECONDS);
        if now < at.saturating_add(if online == said { ONLINE_SECONDS } else { pause }) {
            return;
        }
        self.said_online = (online, now);
        let frame = ServerFrame::Online { count: online, head: self.context.live };
        let frame = Bytes::from(frame::text(&frame.to_json()));
        for slot in self.slots() {
            self.with(slot, |it, shard| it.send_if_idle(&frame, shard));
        }
    }

    fn slots(&self) -> Vec<usize> {
        self.connections.iter().map(|(slot, _)| slot).collect()
    }

    fn stop(&mut self) {
        self.stopping_since = Some(self.context.now);
        let goodbye = ServerFrame::Goodbye {
            reason: "The server is stopping.".to_owned(),
            reconnect_after_ms: RECONNECT_AFTER_MS,
        };
        let goodbye = Bytes::from(frame::text(&goodbye.to_json()));
        for slot in self.slots() {
            self.with(slot, |it, shard| it.dismiss(&goodbye, shard));
        }
    }
}
