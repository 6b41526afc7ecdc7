//! Reads a client's WebSocket frames from bytes that were read already. tungstenite judges them; there is no socket here.

use std::io::{self, Cursor, Read, Write};

use bytes::Bytes;
use cheeper_protocol::limits::FRAME_BYTES;
use tungstenite::{
    Error, Message, Utf8Bytes,
    protocol::{
        Role, WebSocketConfig, WebSocketContext,
        frame::{
            FrameHeader,
            coding::{CloseCode, OpCode},
        },
    },
};

/// Bytes that tungstenite takes in at once. A few usual messages fit.
const BUFFER_BYTES: usize = 4096;

/// What a client sent.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    Text(Utf8Bytes),
    Binary,
    Ping(Bytes),
    Close(CloseCode),
    /// The bytes break the protocol; the connection is closed with this code.
    Broken(CloseCode),
}

/// Reads one client's frames, a message at a time.
pub(super) struct FrameReader {
    context: WebSocketContext,
    boundary: Boundary,
}

impl FrameReader {
    /// About what one takes in memory.
    pub(super) const BYTES: usize = BUFFER_BYTES + size_of::<Self>();

    pub(super) fn new() -> Self {
        // The defaults (64 MiB a message, 128 KiB a buffer) are for few connections and trusted ones.
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(FRAME_BYTES))
            .max_frame_size(Some(FRAME_BYTES));
        Self { context: WebSocketContext::new(Role::Server, Some(config)), boundary: Boundary::default() }
    }

    /// Notes bytes that came and are about to be read.
    pub(super) fn expect(&mut self, bytes: &[u8]) {
        self.boundary.pass(bytes);
    }

    /// The next whole message of these bytes, which are advanced past what was taken in; `None` if there is none yet. A
    /// pong asks for nothing and is passed over.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Incoming> {
        let mut source = Source(bytes);
        loop {
            return Some(match self.context.read(&mut source) {
                Ok(Message::Text(text)) => Incoming::Text(text),
                Ok(Message::Binary(_)) => Incoming::Binary,
                Ok(Message::Ping(payload)) => Incoming::Ping(payload),
                Ok(Message::Close(close)) => Incoming::Close(close.map_or(CloseCode::Normal, |close| close.code)),
                Ok(Message::Pong(_) | Message::Frame(_)) => continue,
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(Error::Capacity(_)) => Incoming::Broken(CloseCode::Size),
                Err(Error::Utf8(_)) => Incoming::Broken(CloseCode::Invalid),
                Err(_) => Incoming::Broken(CloseCode::Protocol),
            });
        }
    }

    /// Bytes of the message that has begun: memory is set aside for a frame as soon as its length is known.
    pub(super) fn begun_bytes(&self) -> usize {
        self.boundary.begun_bytes
    }

    /// Whether all that was expected ends between two messages, so that nothing need be remembered of it.
    pub(super) fn is_between_messages(&self) -> bool {
        self.boundary.is_between_messages()
    }
}

/// Follows frame headers just far enough to know whether the bytes so far end between two messages.
#[derive(Default)]
struct Boundary {
    header: Vec<u8>,
    payload_left: u64,
    in_message: bool,
    /// Payload of the frames that have begun since the last whole message.
    begun_bytes: usize,
}

impl Boundary {
    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = usize::try_from(self.payload_left).map_or(bytes.len(), |left| left.min(bytes.len()));
            self.payload_left -= skipped as u64;
            bytes = &bytes[skipped..];
            let Some((&byte, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.header.push(byte);
            match FrameHeader::parse(&mut Cursor::new(&self.header)) {
                Ok(None) => {}
                Ok(Some((header, length))) => {
                    self.header.clear();
                    self.payload_left = length;
                    let before = if self.in_message { self.begun_bytes } else { 0 };
                    self.begun_bytes =
                        before.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(FRAME_BYTES);
                    if matches!(header.opcode, OpCode::Data(_)) {
                        self.in_message = !header.is_final;
                    }
                }
                // The reader refuses these bytes as well, which ends the connection.
                Err(_) => self.header.clear(),
            }
        }
    }

    fn is_between_messages(&self) -> bool {
        self.header.is_empty() && self.payload_left == 0 && !self.in_message
    }
}

/// Bytes already read, as the stream that tungstenite reads from. What it would write by itself (pongs, the answer to
/// a close) is dropped: the connection writes those, in their place among the other answers.
struct Source<'a, 'b>(&'a mut &'b [u8]);

impl Read for Source<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read(into) }
    }
}

impl Write for Source<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
