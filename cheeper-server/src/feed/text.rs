//! Events as text, for readers that are not on a WebSocket.

use cheeper_protocol::Seq;

/// How a stream of events is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// NDJSON: an event on a line of its own.
    Lines,
    /// Server-sent events, each with its seq as the id that a browser gives back when it returns.
    ServerSent,
}

impl TextForm {
    /// How many there are.
    pub(super) const COUNT: usize = 2;

    /// Writes an event, which as JSON has no line feeds.
    pub fn write(self, seq: Seq, json: &[u8], into: &mut Vec<u8>) {
        match self {
            Self::Lines => into.extend_from_slice(json),
            Self::ServerSent => {
                into.extend_from_slice(b"data:");
                into.extend_from_slice(json);
                into.extend_from_slice(format!("\nid:{seq}\n").as_bytes());
            }
        }
        into.push(b'\n');
    }

    /// What says nothing, but that we are still here: an empty line, or a comment.
    pub fn keep_alive(self) -> &'static [u8] {
        match self {
            Self::Lines => b"\n",
            Self::ServerSent => b":\n\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{Cheep, CheepText, Event, Name, Timestamp};

    use super::*;
    use crate::feed::tail::Tail;

    fn cheep(seq: u64) -> Event {
        Event::Cheep(Cheep {
            seq: Seq::new(seq).unwrap(),
            at: Timestamp::UNIX_EPOCH,
            name: Name::parse("alice").unwrap(),
            cheep: CheepText::cleaned("two\nlines"),
            verified: false,
            reply_to: None,
            parent_replies: None,
            id: None,
            state: cheeper_protocol::CheepState::default(),
        })
    }

    /// Wherever a reader begins and however little it takes at a time, it gets every event once, under its own seq.
    #[test]
    fn the_ring_reads_as_text_from_any_place() {
        let tail = Tail::new(Seq::ZERO, usize::MAX);
        for batch in [1..=1, 2..=40, 41..=43] {
            tail.push(&batch.map(cheep).collect::<Vec<_>>());
        }
        for form in [TextForm::Lines, TextForm::ServerSent] {
            for (first, max_bytes) in (1..=43).zip([1, 1000, usize::MAX].into_iter().cycle()) {
                let (mut next, mut text) = (Seq::new(first).unwrap(), String::new());
                while let Some(piece) = tail.piece(next, max_bytes).unwrap() {
                    text += std::str::from_utf8(&piece.text(form)).unwrap();
                    next = piece.next();
                }
                let expected = (first..=43).map(|seq| match form {
                    TextForm::Lines => format!("{}\n", cheep(seq).to_json()),
                    TextForm::ServerSent => format!("data:{}\nid:{seq}\n\n", cheep(seq).to_json()),
                });
                assert_eq!(text, expected.collect::<String>(), "{form:?} from {first}");
            }
        }
    }
}
