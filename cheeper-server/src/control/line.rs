//! The operator's end of the socket, or of a store that no server works with: a request, and its answer.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
};

use cheeper_protocol::{ClientFrame, Request, ServerFrame};

use super::{greeting::Greeting, handler::Handler, socket};

/// A way to whoever answers.
pub(crate) enum Line {
    /// A running server.
    Server(BufReader<UnixStream>),
    /// Nobody but us.
    Store { handler: Handler, runtime: tokio::runtime::Runtime },
}

impl Line {
    /// The server that works with the store at `store`, and what it said first; none if there is none.
    pub(crate) fn to_server(store: &Path) -> io::Result<Option<(Self, Greeting)>> {
        let Some(stream) = socket::connect(store)? else { return Ok(None) };
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let greeting = serde_json::from_str(&line).map_err(|_| hung_up())?;
        Ok(Some((Self::Server(stream), greeting)))
    }

    /// The store itself.
    pub(crate) fn to_store(handler: Handler) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self::Store { handler, runtime })
    }

    /// What is answered.
    pub(crate) fn ask(&mut self, request: Request) -> io::Result<ServerFrame> {
        let mut frame = ClientFrame { id: None, request }.to_json();
        match self {
            Self::Store { handler, runtime } => Ok(runtime.block_on(handler.answer(&frame))),
            Self::Server(stream) => {
                frame.push('\n');
                stream.get_mut().write_all(frame.as_bytes())?;
                let mut answer = String::new();
                stream.read_line(&mut answer)?;
                ServerFrame::parse(&answer).map_err(|_| hung_up())
            }
        }
    }

    /// Lets go of it, with all that was done on the disk.
    pub(crate) fn close(self) -> io::Result<()> {
        match self {
            Self::Store { handler, .. } => handler.close(),
            Self::Server(_) => Ok(()),
        }
    }
}

fn hung_up() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server stopped in the middle of it")
}
