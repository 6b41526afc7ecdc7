//! Makers of what tests are full of.

use crate::{Cheep, CheepState, CheepText, Name, RequestId, Seq, Timestamp};

/// A seq from a number that can be one.
pub fn seq(number: u64) -> Seq {
    Seq::new(number).expect("a seq")
}

/// A name from a text that can be one.
pub fn name(name: &str) -> Name {
    Name::parse(name).expect("a name")
}

/// An id from a text that can be one.
pub fn request_id(id: &str) -> RequestId {
    RequestId::parse(id).expect("an id")
}

/// A cheep of alice's, with nothing that may be absent.
pub fn cheep(number: u64, text: &str) -> Cheep {
    cheep_by("alice", number, text)
}

/// A cheep of somebody's, with nothing that may be absent. It was posted when computers began to count.
pub fn cheep_by(author: &str, number: u64, text: &str) -> Cheep {
    Cheep {
        seq: seq(number),
        at: Timestamp::UNIX_EPOCH,
        name: name(author),
        cheep: CheepText::cleaned(text),
        verified: false,
        reply_to: None,
        parent_replies: None,
        id: None,
        state: CheepState::default(),
    }
}

/// The first byte of a text message in one frame.
pub const TEXT: u8 = 0x81;

/// A masked WebSocket frame, as a client sends it.
pub fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [7, 11, 13, 17];
    let mut frame = vec![first_byte];
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0xFE);
            frame.extend(u16::try_from(payload.len()).expect("at most 64 KiB").to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ MASK[at % 4]));
    frame
}
