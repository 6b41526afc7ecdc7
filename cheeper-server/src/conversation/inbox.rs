//! What a client said and what is not carried out yet.
//!
//! It keeps bytes, not messages: a read of 16 KiB can hold thousands of requests, which would take many times that. Only
//! the next message is taken apart.

use std::{mem::size_of, sync::Arc};

use super::frame_reader::{FrameReader, Incoming};
use crate::memory::{Charge, MemoryBudget, OVERHEAD_BYTES};

/// One client's requests, in order. Between two messages, with nothing left to do, it is one pointer.
#[derive(Default)]
pub(super) struct Inbox(Option<Box<Reading>>);

struct Reading {
    reader: FrameReader,
    next: Option<Incoming>,
    /// What the reader has not taken in yet: from `taken` on.
    bytes: Vec<u8>,
    taken: usize,
    charge: Charge,
}

impl Inbox {
    /// Takes in what was read. To be called when there is no next message left.
    pub(super) fn push(&mut self, mut bytes: &[u8], memory: &Arc<MemoryBudget>) {
        debug_assert!(self.has_no_message());
        let reading = self.0.get_or_insert_with(|| Box::new(Reading::new(memory)));
        reading.reader.expect(bytes);
        reading.next = reading.reader.next(&mut bytes);
        reading.bytes = bytes.to_vec();
        reading.taken = 0;
        reading.charge.set(Reading::BYTES + reading.reader.begun_bytes() + reading.bytes.capacity());
        self.let_go();
    }

    /// The next message.
    pub(super) fn pop(&mut self) -> Option<Incoming> {
        let reading = self.0.as_mut()?;
        let message = reading.next.take()?;
        if matches!(message, Incoming::Close(_) | Incoming::Broken(_)) {
            // Nothing may follow.
            self.clear();
            return Some(message);
        }
        let mut rest = &reading.bytes[reading.taken..];
        reading.next = reading.reader.next(&mut rest);
        reading.taken = reading.bytes.len() - rest.len();
        self.let_go();
        Some(message)
    }

    /// No whole message is here; one may have begun.
    pub(super) fn has_no_message(&self) -> bool {
        self.0.as_ref().is_none_or(|reading| reading.next.is_none())
    }

    /// Nothing is here, not even the beginning of a message.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    /// A connection that is not in the middle of a message costs no memory.
    fn let_go(&mut self) {
        self.0.take_if(|reading| reading.next.is_none() && reading.reader.is_between_messages());
    }
}

impl Reading {
    const BYTES: usize = size_of::<Self>() + FrameReader::BYTES + 2 * OVERHEAD_BYTES;

    fn new(memory: &Arc<MemoryBudget>) -> Self {
        let charge = Charge::new(memory, Self::BYTES);
        Self { reader: FrameReader::new(), next: None, bytes: Vec::new(), taken: 0, charge }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cheeper_protocol::limits::FRAME_BYTES;
    use proptest::prelude::*;
    use tungstenite::protocol::frame::coding::CloseCode;

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
        let memory = MemoryBudget::new(usize::MAX);
        let (mut inbox, mut read) = (Inbox::default(), Vec::new());
        for piece in pieces {
            inbox.push(piece, &memory);
            while let Some(message) = inbox.pop() {
                let ends = matches!(message, Incoming::Close(_) | Incoming::Broken(_));
                read.push(message);
                if ends {
                    return (read, !inbox.is_empty());
                }
            }
            assert_eq!(inbox.is_empty(), memory.used() == 0, "all that it keeps is counted");
        }
        (read, !inbox.is_empty())
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
