//! A client's socket, and the session that encrypts what goes over it, if there is one.

use std::{
    io::{self, ErrorKind, IoSlice, Read as _, Write as _},
    net::{self, Shutdown},
};

use mio::net::TcpStream;

use crate::tls::Session;

/// Never waits, whether encrypted or not.
pub(super) struct Stream {
    socket: TcpStream,
    session: Option<Session>,
}

impl Stream {
    pub(super) fn new(socket: net::TcpStream, session: Option<Session>) -> Self {
        Self { socket: TcpStream::from_std(socket), session }
    }

    /// The socket itself, for the poll.
    pub(super) fn socket_mut(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// The socket itself, if bytes may be written to it as they are.
    pub(super) fn plain(&self) -> Option<&TcpStream> {
        self.session.is_none().then_some(&self.socket)
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.session {
            None => self.socket.read(buffer),
            Some(session) => session.read(&mut self.socket, buffer),
        }
    }

    pub(super) fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.session {
            None => self.socket.write_vectored(parts),
            Some(session) => session.write_vectored(&mut self.socket, parts),
        }
    }

    /// The socket takes more. Whether that is so once it has taken what was encrypted before; if not, it will tell again.
    pub(super) fn on_writable(&mut self) -> bool {
        let Some(session) = &mut self.session else { return true };
        // What is wrong with the socket is met by the next write.
        !matches!(session.flush(&mut self.socket), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Nothing more follows. Would block, and is to be said again, while the socket has not taken all that was encrypted.
    pub(super) fn shut_down(&mut self) -> io::Result<()> {
        if let Some(session) = &mut self.session {
            session.close(&mut self.socket)?;
        }
        self.socket.shutdown(Shutdown::Write)
    }
}
