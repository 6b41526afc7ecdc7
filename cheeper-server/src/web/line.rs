//! A connection of HTTP, of which live events may be written past hyper.
//!
//! A task for each follower and what hyper does in it cost as much again as sending. So hyper writes the head and what a
//! follower has missed; while it has missed nothing, one thread writes to the sockets of all. When a
//! socket is full, the connection is hyper's again, with the rest of what was begun.

use std::{
    future::poll_fn,
    io::{self, ErrorKind, IoSlice},
    mem::take,
    net::Shutdown,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use cheeper_protocol::Seq;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::framing::Framing;
use crate::tls::Session;

/// Hears of lines on which live events may be written now.
pub(super) type OnTurn = Arc<dyn Fn(&Arc<Line>) + Send + Sync>;

/// What hyper and the thread share.
pub(super) struct Line {
    socket: TcpStream,
    /// Nobody on the way can read along.
    pub(super) is_secure: bool,
    /// Called when the thread's turn begins.
    on_turn: OnTurn,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What encrypts it, if anything does.
    session: Option<Session>,
    turn: Turn,
    /// Whoever it is was let in, as far as was known at this revision of who may come in.
    revision: u64,
    /// What the thread has begun and the socket has not taken, to be written before anything else.
    rest: Vec<u8>,
    /// The follower's task, which waits for its turn.
    waker: Option<Waker>,
}

/// Whose turn it is to write, and the follower's cursor.
#[derive(Clone, Copy, Default)]
enum Turn {
    #[default]
    Http,
    /// The thread's, as soon as all that hyper has is written.
    LiveOnceFlushed(Framing, Seq),
    Live(Framing, Seq),
    /// Hyper's again.
    Over(Seq),
}

impl State {
    fn is_flushed(&self) -> bool {
        self.session.as_ref().is_none_or(Session::is_flushed)
    }
}

/// The socket as a session takes it.
struct Unwaiting<'a>(&'a TcpStream);

impl io::Read for Unwaiting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl io::Write for Unwaiting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line {
    pub(super) fn new(socket: TcpStream, session: Option<Session>, on_turn: OnTurn) -> Arc<Self> {
        let (is_secure, state) = (session.is_some(), Mutex::new(State { session, ..State::default() }));
        Arc::new(Self { socket, is_secure, on_turn, state })
    }

    /// Has live events after `cursor` written past the caller, for as long as the socket takes them. Gives the event up to
    /// which it has them then.
    pub(super) async fn go_live(&self, framing: Framing, cursor: Seq, revision: u64) -> Seq {
        {
            let mut state = self.state();
            state.turn = Turn::LiveOnceFlushed(framing, cursor);
            state.revision = revision;
        }
        poll_fn(|cx| {
            let mut state = self.state();
            if let Turn::Over(cursor) = state.turn {
                state.turn = Turn::Http;
                return Poll::Ready(cursor);
            }
            state.waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// What the thread is to write for it, and its cursor; `None` if it is not the thread's turn.
    pub(super) fn live(&self) -> Option<(Framing, Seq)> {
        match self.state().turn {
            Turn::Live(framing, cursor) => Some((framing, cursor)),
            _ => None,
        }
    }

    /// The revision of who may come in by which it was let in.
    pub(super) fn revision(&self) -> u64 {
        self.state().revision
    }

    /// Writes events up to `cursor`, or something that is none. Whether it is still the thread's turn.
    pub(super) fn write_live(&self, bytes: &[u8], cursor: Seq) -> bool {
        let mut state = self.state();
        let Turn::Live(framing, before) = state.turn else { return false };
        match self.write(&mut state, &[IoSlice::new(bytes)]) {
            Ok(written) if written == bytes.len() && state.is_flushed() => {
                state.turn = Turn::Live(framing, cursor);
                return true;
            }
            // With a session all may have been taken, and some of it wait there.
            Ok(written) => {
                state.rest = bytes[written..].to_vec();
                state.turn = Turn::Over(cursor);
            }
            // Whatever else is wrong with it, hyper meets it too.
            Err(_) => state.turn = Turn::Over(before),
        }
        wake(&mut state);
        false
    }

    /// Ends the thread's turn.
    pub(super) fn give_back(&self) {
        let mut state = self.state();
        if let Turn::Live(_, cursor) | Turn::LiveOnceFlushed(_, cursor) = state.turn {
            state.turn = Turn::Over(cursor);
            wake(&mut state);
        }
    }

    fn poll_rest(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut state = self.state();
            let rest = take(&mut state.rest);
            let written = if rest.is_empty() {
                match &mut state.session {
                    Some(session) if !session.is_flushed() => session.flush(&mut Unwaiting(&self.socket)).map(|()| 0),
                    _ => return Poll::Ready(Ok(())),
                }
            } else {
                self.write(&mut state, &[IoSlice::new(&rest)])
            };
            state.rest = rest;
            match written {
                Ok(written) => drop(state.rest.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    drop(state);
                    ready!(self.socket.poll_write_ready(cx))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_write(&self, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.poll_rest(cx))?;
        loop {
            let written = self.write(&mut self.state(), parts);
            match written {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.socket.poll_write_ready(cx))?,
                result => return Poll::Ready(result),
            }
        }
    }

    fn write(&self, state: &mut State, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut state.session {
            None => self.socket.try_write_vectored(parts),
            Some(session) => session.write_vectored(&mut Unwaiting(&self.socket), parts),
        }
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.state().session {
            None => self.socket.try_read(buffer),
            Some(session) => session.read(&mut Unwaiting(&self.socket), buffer),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(state: &mut State) {
    if let Some(waker) = state.waker.take() {
        waker.wake();
    }
}

/// The connection as hyper has it.
pub(super) struct LineStream(pub(super) Arc<Line>);

impl LineStream {
    /// The bare socket and what encrypts it, if no request works with it any more.
    pub(super) fn into_inner(self) -> Option<(TcpStream, Option<Session>)> {
        let Line { socket, state, .. } = Arc::into_inner(self.0)?;
        Some((socket, state.into_inner().unwrap_or_else(PoisonError::into_inner).session))
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Hyper calls this when it has written all that it has.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let line = &self.0;
        ready!(line.poll_rest(cx))?;
        let mut state = line.state();
        if let Turn::LiveOnceFlushed(framing, cursor) = state.turn {
            state.turn = Turn::Live(framing, cursor);
            drop(state);
            (line.on_turn)(line);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(session) = &mut self.0.state().session {
            drop(session.close(&mut Unwaiting(&self.0.socket)));
        }
        Poll::Ready(socket2::SockRef::from(&self.0.socket).shutdown(Shutdown::Write))
    }
}

impl AsyncRead for LineStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let unfilled = buffer.initialize_unfilled();
            match self.0.read(unfilled) {
                Ok(read) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.0.socket.poll_read_ready(cx))?,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}
