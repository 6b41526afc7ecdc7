//! WebSocket frames on bytes already read or still to be written. tungstenite reads and judges them; no socket here.

use std::io::{self, Cursor, Read, Write};

use bytes::Bytes;
use cheeper_protocol::limits::FRAME_BYTES;
use tungstenite::{
    Error, Message, Utf8Bytes,
    protocol::{
        Role, WebSocketConfig, WebSocketContext,
        frame::{
            FrameHeader,
            coding::{CloseCode, Control, Data, OpCode},
        },
    },
};

/// What a client sent.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    Text(Utf8Bytes),
    Binary,
    Ping(Bytes),
    Pong,
    Close(CloseCode),
    /// The bytes break the protocol; the connection is closed with this code.
    Broken(CloseCode),
}

/// Reads one client's frames. It is needed only while a message is incomplete: see [`FrameReader::read`].
pub(crate) struct FrameReader {
    context: WebSocketContext,
    boundary: Boundary,
}

impl FrameReader {
    /// Reads what is complete in `bytes` into `into`. `kept` is the state between two calls: there is none after bytes
    /// that end between two messages, so that a connection which is not in the middle of one costs no memory.
    pub(crate) fn read(kept: &mut Option<Box<Self>>, bytes: &[u8], into: &mut Vec<Incoming>) {
        let mut reader = kept.take().unwrap_or_else(|| Box::new(Self::new()));
        let mut feed = Feed(bytes);
        reader.boundary.pass(bytes);
        loop {
            let incoming = match reader.context.read(&mut feed) {
                Ok(Message::Text(text)) => Incoming::Text(text),
                Ok(Message::Binary(_)) => Incoming::Binary,
                Ok(Message::Ping(payload)) => Incoming::Ping(payload),
                Ok(Message::Pong(_)) => Incoming::Pong,
                Ok(Message::Close(close)) => Incoming::Close(close.map_or(CloseCode::Normal, |close| close.code)),
                Ok(Message::Frame(_)) => continue,
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(Error::Capacity(_)) => Incoming::Broken(CloseCode::Size),
                Err(Error::Utf8(_)) => Incoming::Broken(CloseCode::Invalid),
                Err(_) => Incoming::Broken(CloseCode::Protocol),
            };
            let last = matches!(incoming, Incoming::Close(_) | Incoming::Broken(_));
            into.push(incoming);
            if last {
                return;
            }
        }
        if !reader.boundary.between_messages() {
            *kept = Some(reader);
        }
    }

    fn new() -> Self {
        // The defaults (64 MiB a message, 128 KiB a buffer) are for few connections and trusted ones.
        let config = WebSocketConfig::default()
            .read_buffer_size(4096)
            .write_buffer_size(0)
            .max_write_buffer_size(4096)
            .max_message_size(Some(FRAME_BYTES))
            .max_frame_size(Some(FRAME_BYTES));
        Self { context: WebSocketContext::new(Role::Server, Some(config)), boundary: Boundary::default() }
    }
}

/// Follows frame headers just far enough to know whether the bytes so far end between two messages.
#[derive(Default)]
struct Boundary {
    header: Vec<u8>,
    payload_left: u64,
    in_message: bool,
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
                    if matches!(header.opcode, OpCode::Data(_)) {
                        self.in_message = !header.is_final;
                    }
                }
                // The reader refuses these bytes as well, which ends the connection.
                Err(_) => self.header.clear(),
            }
        }
    }

    fn between_messages(&self) -> bool {
        self.header.is_empty() && self.payload_left == 0 && !self.in_message
    }
}

/// Bytes already read, as the stream that tungstenite reads from. What it would write by itself (pongs, the answer to
/// a close) is dropped: the connection writes those, in their place among the other answers.
struct Feed<'a>(&'a [u8]);

impl Read for Feed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read(into) }
    }
}

impl Write for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends a text frame. Server frames are not masked, so these bytes are the same for every connection.
pub(crate) fn write_text(json: &str, into: &mut Vec<u8>) {
    write_frame(OpCode::Data(Data::Text), json.as_bytes(), into);
}

/// A text frame by itself.
pub(crate) fn text(json: &str) -> Vec<u8> {
    const HEADER_BYTES: usize = 10;
    let mut frame = Vec::with_capacity(HEADER_BYTES + json.len());
    write_text(json, &mut frame);
    frame
}

/// A ping without payload.
pub(crate) fn ping() -> Vec<u8> {
    control(Control::Ping, &[])
}

/// The answer to a ping.
pub(crate) fn pong(payload: &[u8]) -> Vec<u8> {
    control(Control::Pong, payload)
}

/// A close with its code.
pub(crate) fn close(code: CloseCode) -> Vec<u8> {
    control(Control::Close, &u16::from(code).to_be_bytes())
}

/// The JSON of the first whole frame, and how long that frame is.
#[cfg(test)]
pub(crate) fn first(bytes: &[u8]) -> Option<(&str, usize)> {
    let mut cursor = Cursor::new(bytes);
    let (_, length) = FrameHeader::parse(&mut cursor).ok()??;
    let (begin, length) = (usize::try_from(cursor.position()).ok()?, usize::try_from(length).ok()?);
    Some((std::str::from_utf8(bytes.get(begin..begin + length)?).ok()?, begin + length))
}

/// The JSON in a text frame that [`write_text`] made.
pub(crate) fn payload(frame: &[u8]) -> &[u8] {
    let mut cursor = Cursor::new(frame);
    match FrameHeader::parse(&mut cursor) {
        Ok(Some(_)) => usize::try_from(cursor.position()).ok().and_then(|at| frame.get(at..)).unwrap_or_default(),
        _ => &[],
    }
}

fn control(opcode: Control, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(2 + payload.len());
    write_frame(OpCode::Control(opcode), payload, &mut frame);
    frame
}

fn write_frame(opcode: OpCode, payload: &[u8], into: &mut Vec<u8>) {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    header.format(payload.len() as u64, into).expect("a Vec takes every write");
    into.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(first_byte: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first_byte];
        match u8::try_from(payload.len()) {
            Ok(length) if length < 126 => frame.push(0x80 | length),
            _ => {
                frame.push(0xFE);
                frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        frame.extend([1, 2, 3, 4]);
        frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ [1, 2, 3, 4][at % 4]));
        frame
    }

    fn read_all(pieces: &[&[u8]]) -> (Vec<Incoming>, bool) {
        let (mut kept, mut read) = (None, Vec::new());
        for piece in pieces {
            FrameReader::read(&mut kept, piece, &mut read);
        }
        (read, kept.is_some())
    }

    #[test]
    fn a_control_frame_between_fragments_is_read_at_once() {
        let pieces = [masked(0x01, b"hel"), masked(0x89, b"?"), masked(0x80, b"lo")];
        let (read, kept) = read_all(&[&pieces[0], &pieces[1]]);
        assert_eq!(read, [Incoming::Ping(Bytes::from_static(b"?"))]);
        assert!(kept);
        let (read, kept) = read_all(&[&pieces[0], &pieces[1], &pieces[2]]);
        assert_eq!(read[1], Incoming::Text("hello".into()));
        assert!(!kept);
    }

    #[test]
    fn what_breaks_the_protocol_has_its_close_code() {
        let cases: [(&[u8], CloseCode); 5] = [
            (&[0x81, 0x01, b'a'], CloseCode::Protocol),
            (&masked(0xC1, b"a"), CloseCode::Protocol),
            (&masked(0x83, b"a"), CloseCode::Protocol),
            (&masked(0x81, &[0xFF, 0xFE]), CloseCode::Invalid),
            (&masked(0x81, &vec![b'a'; FRAME_BYTES + 1]), CloseCode::Size),
        ];
        for (bytes, code) in cases {
            assert_eq!(read_all(&[bytes]).0, [Incoming::Broken(code)], "{:?}", &bytes[..2]);
        }
    }

    #[test]
    fn a_text_frame_gives_its_payload_back() {
        for length in [0, 1, 125, 126, 65535, 65536] {
            let json = "x".repeat(length);
            assert_eq!(payload(&text(&json)), json.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_cut_the_messages_are_the_same(
            messages in proptest::collection::vec("[a-zé]{0,200}", 1..6),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let bytes: Vec<u8> = messages.iter().flat_map(|text| masked(0x81, text.as_bytes())).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let (read, kept) = read_all(&pieces);
            let expected: Vec<_> = messages.iter().map(|text| Incoming::Text(text.as_str().into())).collect();
            prop_assert_eq!(read, expected);
            prop_assert!(!kept);
        }

        #[test]
        fn random_bytes_never_panic(bytes: Vec<u8>) {
            read_all(&[&bytes]);
        }
    }
}
