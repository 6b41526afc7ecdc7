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
