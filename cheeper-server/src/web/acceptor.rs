//! Accepts connections: a thread that looks at what each says first, without taking it out of the socket.
//!
//! A WebSocket handshake that is whole and right, as nearly all are, is answered by a shard, which gets the bare socket; no
//! task is made for it. Everything else goes to HTTP untouched: other requests, handshakes in pieces, handshakes that are to
//! be refused. Whoever says nothing is let go.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    mem::take,
    net::{self, SocketAddr},
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
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::mpsc::UnboundedSender;

use super::{handshake, site::Site, turned_away};
use crate::{
    fanout::{Accepted, Handshake},
    limits::{Limit, Permit},
    worker,
};

const LISTENER: Token = Token(usize::MAX);
const WAKE: Token = Token(usize::MAX - 1);
/// Connections accepted in one turn, so that those already in are not kept waiting.
const ACCEPTED: usize = 256;
/// How long a client may say nothing.
const SILENCE: Duration = Duration::from_secs(10);
/// How long nothing is accepted when the system has no more files or memory.
const PAUSE: Duration = Duration::from_millis(100);
/// Connections that the system keeps for us until they are accepted.
const BACKLOG: i32 = 4096;
/// Bytes that a socket takes beyond what is on its way to the client. The system would keep megabytes for a client that
/// reads nothing, and what waits here costs less, as all share it.
const UNSENT_BYTES: u32 = 64 * 1024;

/// The first byte that a client says which wants to speak TLS.
const HANDSHAKE_RECORD: u8 = 0x16;

/// An address that is ours. Nobody is let in yet.
pub(crate) struct Bound(Socket);

/// Takes an address. What is set here holds for every connection that is accepted, without a call for each.
pub(crate) fn bind(address: SocketAddr) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    socket.bind(&address.into())?;
    Ok(Bound(socket))
}

impl Bound {
    /// Lets clients in; they wait until they are accepted.
    pub(crate) fn listen(self) -> io::Result<net::TcpListener> {
        self.0.listen(BACKLOG)?;
        self.0.set_nonblocking(true)?;
        Ok(self.0.into())
    }

    #[cfg(test)]
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()?.as_socket().ok_or(ErrorKind::Unsupported.into())
    }
}

/// A connection for HTTP.
pub(super) enum HttpConnection {
    Admitted {
        stream: net::TcpStream,
        permit: Permit,
    },
    /// Its handshake is to come.
    Encrypted {
        stream: net::TcpStream,
        permit: Permit,
    },
    /// There is no permit; the client has been told so and needs a moment to read it.
    Refused(net::TcpStream),
}

/// The running thread.
pub(super) struct Acceptor {
    waker: Waker,
    is_stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Acceptor {
    pub(super) fn start(
        listener: net::TcpListener,
        site: Arc<Site>,
        http: UnboundedSender<HttpConnection>,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let is_stopping = Arc::new(AtomicBool::new(false));
        let accepting = AcceptLoop {
            poll,
            listener,
            site,
            http,
            pending: Slab::new(),
            is_stopping: is_stopping.clone(),
            has_more: false,
            ticked_at: Instant::now(),
            head: vec![0; handshake::HEAD_BYTES],
        };
        let thread = worker::spawn("acceptor", move || accepting.run())?;
        Ok(Self { waker, is_stopping, thread })
    }

    /// Accepts nobody any more.
    pub(super) fn stop(self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "accepting could not be stopped");
            return;
        }
        if self.thread.join().is_err() {
            tracing::error!("the acceptor ended in a panic");
        }
    }
}

struct AcceptLoop {
    poll: Poll,
    listener: TcpListener,
    site: Arc<Site>,
    http: UnboundedSender<HttpConnection>,
    /// Those who have not said anything yet.
    pending: Slab<PendingConnection>,
    is_stopping: Arc<AtomicBool>,
    has_more: bool,
    ticked_at: Instant,
    head: Vec<u8>,
}

struct PendingConnection {
    stream: TcpStream,
    permit: Permit,
    since: Instant,
}

impl AcceptLoop {
    fn run(mut self) {
        let mut events = Events::with_capacity(ACCEPTED);
        while !self.is_stopping.load(Ordering::Relaxed) {
            let wait = if self.has_more { Duration::ZERO } else { Duration::from_secs(1) };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != ErrorKind::Interrupted
            {
                tracing::error!(%error, "waiting for connections failed");
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.has_more = true,
                    WAKE => {}
                    Token(slot) => self.on_readable(slot),
                }
            }
            if take(&mut self.has_more) {
                self.accept();
            }
            self.drop_silent();
        }
    }

    fn accept(&mut self) {
        for _ in 0..ACCEPTED {
            match self.listener.accept() {
                Ok((stream, peer)) => self.on_accepted(stream, peer),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Out of files or memory: what is open goes on, and trying again at once would only spin.
                    tracing::warn!(%error, "a connection could not be accepted");
                    thread::sleep(PAUSE);
                    break;
                }
            }
        }
        self.has_more = true;
    }

    fn on_accepted(&mut self, mut stream: TcpStream, peer: SocketAddr) {
        match self.site.connections.acquire(peer.ip()) {
            Ok(permit) => self.dispatch(PendingConnection { stream, permit, since: Instant::now() }),
            Err(why) => {
                self.site.services.metrics.refused_connection();
                // It fits into the socket, so this does not wait. What the client may still say is for HTTP to throw away.
                if stream.write_all(turned_away::head_and_body(why).as_bytes()).is_ok() {
                    self.pass_to_http(HttpConnection::Refused(stream.into()));
                }
            }
        }
    }

    fn on_readable(&mut self, slot: usize) {
        let Some(mut pending) = self.pending.try_remove(slot) else { return };
        if let Err(error) = self.poll.registry().deregister(&mut pending.stream) {
            tracing::debug!(%error, "a socket could not be taken off the poll");
        }
        self.dispatch(pending);
    }

    /// Finds who is to answer it, or waits for it to say something.
    fn dispatch(&mut self, pending: PendingConnection) {
        match pending.stream.peek(&mut self.head) {
            Ok(0) => {}
            Ok(_) if self.site.tls.is_some() => {
                let PendingConnection { stream, permit, .. } = pending;
                let stream = stream.into();
                self.pass_to_http(if self.head[0] == HANDSHAKE_RECORD {
                    HttpConnection::Encrypted { stream, permit }
                } else {
                    HttpConnection::Admitted { stream, permit }
                });
            }
            Ok(length) => match handshake::accept(&self.site, &pending.permit, &self.head[..length]) {
                Some(accepted) => self.upgrade(pending, accepted),
                None => {
                    let PendingConnection { stream, permit, .. } = pending;
                    self.pass_to_http(HttpConnection::Admitted { stream: stream.into(), permit });
                }
            },
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                self.watch(pending);
            }
            Err(error) => tracing::debug!(%error, "a client left before it said anything"),
        }
    }

    fn watch(&mut self, mut pending: PendingConnection) {
        let entry = self.pending.vacant_entry();
        match self.poll.registry().register(&mut pending.stream, Token(entry.key()), Interest::READABLE) {
            Ok(()) => drop(entry.insert(pending)),
            Err(error) => tracing::warn!(%error, "a new connection could not be watched"),
        }
    }

    fn upgrade(&mut self, pending: PendingConnection, upgrade: handshake::Upgrade) {
        let mut stream = pending.stream;
        // Only the request is taken out of the socket; what follows it, if anything, is the shard's to read.
        if stream.read_exact(&mut self.head[..upgrade.head_bytes]).is_ok() {
            let handshake::Upgrade { subscription, principal, permit, answer, .. } = upgrade;
            let handshake = Handshake { answer, early: Vec::new(), subscription, principal, permit };
            self.site.fanout.adopt(Accepted { stream: stream.into(), session: None, handshake });
        }
    }

    fn pass_to_http(&self, connection: HttpConnection) {
        // HTTP has ended only if the server is about to end.
        drop(self.http.send(connection));
    }

    fn drop_silent(&mut self) {
        let now = Instant::now();
        if now - self.ticked_at >= Duration::from_secs(1) {
            self.ticked_at = now;
            let limited = self.site.services.rules.rate_limits.limited();
            // A socket that is closed is off the poll as well.
            self.pending.retain(|_, pending| {
                let is_silent = now - pending.since >= SILENCE;
                if is_silent {
                    limited.note(Limit::Silence);
                }
                !is_silent
            });
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

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: SocketAddr = SocketAddr::new(net::IpAddr::V4(net::Ipv4Addr::LOCALHOST), 0);

    #[test]
    fn an_address_that_is_ours_lets_nobody_in_before_there_is_somebody_to_answer() {
        let bound = bind(LOOPBACK).unwrap();
        let address = bound.address().unwrap();
        assert_eq!(net::TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let _listener = bound.listen().unwrap();
        net::TcpStream::connect(address).unwrap();
        assert_eq!(bind(address).err().map(|error| error.kind()), Some(ErrorKind::AddrInUse));
    }

    #[test]
    fn what_is_set_on_the_listener_holds_for_those_who_are_accepted() {
        let listener = bind(LOOPBACK).unwrap().listen().unwrap();
        let _client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        // On loopback it is there as soon as `connect` returns.
        let accepted = Socket::from(listener.accept().unwrap().0);
        assert!(accepted.tcp_nodelay().unwrap());
        assert_eq!(accepted.tcp_notsent_lowat().unwrap(), UNSENT_BYTES);
    }
}
