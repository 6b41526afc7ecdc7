//! A client's end of a connection, encrypted or not.

use std::{
    io::{self, Read as _, Write as _},
    net::{self, SocketAddr},
    sync::Arc,
};

use mio::net::TcpStream;
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

/// How clients connect.
#[derive(Clone)]
pub(crate) enum Dial {
    Plain,
    Encrypted(Arc<ClientConfig>),
}

/// One of them.
pub(crate) enum Link {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Dial {
    /// Connects, asks, and waits for nothing from then on.
    pub(crate) fn connect(&self, address: SocketAddr, request: &[u8]) -> io::Result<Link> {
        let mut stream = net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let Self::Encrypted(config) = self else {
            stream.write_all(request)?;
            stream.set_nonblocking(true)?;
            return Ok(Link::Plain(TcpStream::from_std(stream)));
        };
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut session = ClientConnection::new(config.clone(), name).map_err(io::Error::other)?;
        rustls::Stream::new(&mut session, &mut stream).write_all(request)?;
        stream.set_nonblocking(true)?;
        Ok(Link::Encrypted(Box::new(StreamOwned::new(session, TcpStream::from_std(stream)))))
    }
}

impl Link {
    pub(crate) fn socket_mut(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Encrypted(stream) => &mut stream.sock,
        }
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Encrypted(stream) => stream.read(buffer),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    /// Whether less than was asked for means that there is no more.
    pub(crate) fn tells_its_end(&self) -> bool {
        matches!(self, Self::Plain(_))
    }
}
