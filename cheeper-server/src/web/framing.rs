//! How events are put on a line of HTTP.

use crate::feed::text::TextForm;

/// How events are put on a follower's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    pub(super) form: TextForm,
    /// In chunks, as from HTTP/1.1 on.
    pub(super) chunked: bool,
}

impl Framing {
    pub(super) const ALL: [Self; 4] = [
        Self { form: TextForm::Lines, chunked: true },
        Self { form: TextForm::ServerSent, chunked: true },
        Self { form: TextForm::Lines, chunked: false },
        Self { form: TextForm::ServerSent, chunked: false },
    ];

    /// The text as it goes on the line.
    pub(super) fn frame(self, text: &[u8]) -> Vec<u8> {
        if self.chunked { [format!("{:x}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat() } else { text.to_vec() }
    }
}
