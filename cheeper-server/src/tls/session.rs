//! One client's encryption, between bytes and a socket that never waits.

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use rustls::ServerConnection;

/// Bytes that are encrypted before the socket has taken those before them: what may wait in memory for a slow client.
const PIECE_BYTES: usize = 16 * 1024;

/// A session after its handshake.
pub(crate) struct Session(Box<ServerConnection>);

impl Session {
    pub(super) fn new(mut connection: ServerConnection) -> Self {
        // Whatever is taken is bounded by `write`.
        connection.set_buffer_limit(None);
        Self(Box::new(connection))
    }

    /// Reads what came, as far as there is room: so less than that means that the socket has no more. 0 is the end.
    pub(crate) fn read(&mut self, socket: &mut (impl Read + Write), buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_some(socket, &mut buffer[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                // What came before counts first; the fault is there for the next read as well.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn read_some(&mut self, socket: &mut (impl Read + Write), buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // Many clients hang up without saying so in the session first.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                result => return result,
            }
            let read = self.0.read_tls(socket)?;
            let processed = self.0.process_new_packets();
            // The other side may wait for what this calls for: an alert that says what was wrong, another key.
            match self.flush(socket) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                Ok(()) | Err(_) => {}
            }
            processed.map_err(io::Error::other)?;
            if read == 0 {
                // All is said; what was decrypted by now is found in the next turn, then this.
                return match self.0.reader().read(buffer) {
                    Err(_) => Ok(0),
                    result => result,
                };
            }
        }
    }

    /// Encrypts as much as may wait, and writes what the socket takes. The rest goes with the next write or [`Self::flush`].
    pub(crate) fn write_vectored(&mut self, socket: &mut impl Write, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush(socket)?;
        let mut taken = 0;
        for part in parts {
            let part = &part[..part.len().min(PIECE_BYTES - taken)];
            taken += self.0.writer().write(part)?;
        }
        match self.flush(socket) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            Ok(()) | Err(_) => Ok(taken),
        }
    }

    /// Writes what waits; would block if not all of it was taken.
    pub(crate) fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while self.0.wants_write() {
            self.0.write_tls(socket)?;
        }
        Ok(())
    }

    /// Whether something waits for the socket to take it.
    pub(crate) fn is_flushed(&self) -> bool {
        !self.0.wants_write()
    }

    /// Says that nothing more follows.
    pub(crate) fn close(&mut self, socket: &mut impl Write) -> io::Result<()> {
        self.0.send_close_notify();
        self.flush(socket)
    }
}
