//! The door: a thread that accepts connections and looks at what each says first, without taking it out of the socket.
//!
//! A WebSocket handshake that is whole and right, as nearly all are, is answered by a shard, which gets the bare socket; no
//! task is made for it. Everything else goes to HTTP untouched: other requests, handshakes in pieces, handshakes that are to
//! be refused. Whoever says nothing is let go.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    mem::take,
    net,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mio::{
    Events, Interest, Poll, Token, Waker,
    net::{TcpListener, TcpStream},
};
use slab::Slab;
use tokio::sync::mpsc::UnboundedSender;

use super::{Server, handshake};
use crate::{
    admission::{ConnectionLimit, Permit},
    fanout::{Accepted, Handshake},
    worker,
};

const LISTENER: Token = Token(usize::MAX);
const WAKE: Token = Token(usize::MAX - 1);
/// Connections accepted in one turn, so that those already in are not kept waiting.
const ACCEPTED: usize = 256;
/// How long somebody may say nothing.
const SILENCE: Duration = Duration::from_secs(10);
/// How long the door rests when the system has no more files or memory.
const REST: Duration = Duration::from_millis(100);

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 50\r\n\r\n\
    This server is full; please try again in a moment.";

/// Who goes on to HTTP.
pub(super) enum Guest {
    Admitted {
        stream: net::TcpStream,
        peer: SocketAddr,
        permit: Permit,
    },
    /// There is no permit; it has been told so and needs a moment to read it.
    Refused(net::TcpStream),
}

/// The running thread.
pub(super) struct Door {
    waker: Waker,
    is_closing: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Door {
    pub(super) fn open(
        listener: net::TcpListener,
        server: Arc<Server>,
        limit: ConnectionLimit,
        guests: UnboundedSender<Guest>,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let is_closing = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            poll,
            listener,
            server,
            limit,
            guests,
            visitors: Slab::new(),
            is_closing: is_closing.clone(),
            more_to_accept: false,
            looked_after: Instant::now(),
            head: vec![0; handshake::HEAD_BYTES],
        };
        let thread = worker::spawn("door", move || keeper.run())?;
        Ok(Self { waker, is_closing, thread })
    }

    /// Accepts nobody any more.
    pub(super) fn close(self) {
        self.is_closing.store(true, Ordering::Relaxed);
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "the door could not be closed");
            return;
        }
        if self.thread.join().is_err() {
            tracing::error!("the door ended in a panic");
        }
    }
}

struct Keeper {
    poll: Poll,
    listener: TcpListener,
    server: Arc<Server>,
    limit: ConnectionLimit,
    guests: UnboundedSender<Guest>,
    /// Those who have not said anything yet.
    visitors: Slab<Visitor>,
    is_closing: Arc<AtomicBool>,
    more_to_accept: bool,
    looked_after: Instant,
    head: Vec<u8>,
}

struct Visitor {
    stream: TcpStream,
    peer: SocketAddr,
    permit: Permit,
    since: Instant,
}

impl Keeper {
    fn run(mut self) {
        let mut events = Events::with_capacity(ACCEPTED);
        while !self.is_closing.load(Ordering::Relaxed) {
            let wait = if self.more_to_accept { Duration::ZERO } else { Duration::from_secs(1) };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != ErrorKind::Interrupted
            {
                tracing::error!(%error, "waiting at the door failed");
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.more_to_accept = true,
                    WAKE => {}
                    Token(place) => self.on_readable(place),
                }
            }
            if take(&mut self.more_to_accept) {
                self.accept();
            }
            self.look_after();
        }
    }

    fn accept(&mut self) {
        for _ in 0..ACCEPTED {
            match self.listener.accept() {
                Ok((stream, peer)) => self.greet(stream, peer),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Out of files or memory: what is open goes on, and trying again at once would only spin.
                    tracing::warn!(%error, "a connection could not be accepted");
                    thread::sleep(REST);
                    break;
                }
            }
        }
        self.more_to_accept = true;
    }

    fn greet(&mut self, mut stream: TcpStream, peer: SocketAddr) {
        let Some(permit) = self.limit.acquire() else {
            self.server.metrics.refused_connection();
            // It fits into the socket, so this does not wait. What the client may still say is for HTTP to throw away.
            if stream.write_all(FULL).is_ok() {
                self.pass_on(Guest::Refused(stream.into()));
            }
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let visitor = Visitor { stream, peer, permit, since: Instant::now() };
        self.let_in(visitor);
    }

    fn on_readable(&mut self, place: usize) {
        let Some(mut visitor) = self.visitors.try_remove(place) else { return };
        if let Err(error) = self.poll.registry().deregister(&mut visitor.stream) {
            tracing::debug!(%error, "a socket could not be taken off the poll");
        }
        self.let_in(visitor);
    }

    /// Shows a visitor the way, or waits for one who has not said anything yet.
    fn let_in(&mut self, visitor: Visitor) {
        match visitor.stream.peek(&mut self.head) {
            Ok(0) => {}
            Ok(length) => match handshake::accept(&self.server, &self.head[..length]) {
                Some(accepted) => self.upgrade(visitor, accepted),
                None => {
                    let Visitor { stream, peer, permit, .. } = visitor;
                    self.pass_on(Guest::Admitted { stream: stream.into(), peer, permit });
                }
            },
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                self.wait_for(visitor);
            }
            Err(error) => tracing::debug!(%error, "a client left before it said anything"),
        }
    }

    fn wait_for(&mut self, mut visitor: Visitor) {
        let entry = self.visitors.vacant_entry();
        match self.poll.registry().register(&mut visitor.stream, Token(entry.key()), Interest::READABLE) {
            Ok(()) => drop(entry.insert(visitor)),
            Err(error) => tracing::warn!(%error, "a new connection could not be watched"),
        }
    }

    fn upgrade(&mut self, visitor: Visitor, upgrade: handshake::Upgrade) {
        let Visitor { mut stream, peer, permit, .. } = visitor;
        // Only the request is taken out of the socket; what follows it, if anything, is the shard's to read.
        if stream.read_exact(&mut self.head[..upgrade.head_bytes]).is_ok() {
            let handshake::Upgrade { subscription, answer, .. } = upgrade;
            let handshake = Handshake { peer: peer.ip(), answer, early: Vec::new(), subscription, permit };
            self.server.fanout.adopt(Accepted { stream: stream.into(), handshake });
        }
    }

    fn pass_on(&self, guest: Guest) {
        // HTTP has ended only if the server is about to end.
        drop(self.guests.send(guest));
    }

    fn look_after(&mut self) {
        let now = Instant::now();
        if now - self.looked_after >= Duration::from_secs(1) {
            self.looked_after = now;
            // A socket that is closed is off the poll as well.
            self.visitors.retain(|_, visitor| now - visitor.since < SILENCE);
        }
    }
}

/// Whether accepting failed for one connection only, which says nothing of the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
    )
}
