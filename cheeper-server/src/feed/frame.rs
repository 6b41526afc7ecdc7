//! WebSocket frames as they are written. A server's frames are not masked, so the same bytes are right for everybody.

use std::io::Cursor;

use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

/// Appends a text frame.
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
    use super::*;

    #[test]
    fn a_text_frame_gives_its_payload_back() {
        for length in [0, 1, 125, 126, 65535, 65536] {
            let json = "x".repeat(length);
            assert_eq!(payload(&text(&json)), json.as_bytes());
        }
    }
}
