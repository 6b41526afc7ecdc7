//! How much a client says in a second. Who says more than they may is not refused: they are read more slowly, and the rest
//! waits where it is, in the socket, in the end in their own machine.

use crate::limits::Limit;

/// What a client has said in the second in which it was heard from last.
#[derive(Default)]
pub(super) struct Pace {
    frames: u16,
    /// Begun ones, so that many small reads count as well.
    kib: u16,
}

impl Pace {
    pub(super) fn count_bytes(&mut self, bytes: usize) {
        self.kib = self.kib.saturating_add(u16::try_from(bytes.div_ceil(1024)).unwrap_or(u16::MAX));
    }

    pub(super) fn count_frame(&mut self) {
        self.frames = self.frames.saturating_add(1);
    }

    /// What it has reached the end of, where so much may be said in a second.
    pub(super) fn reached(&self, most: u16) -> Option<Limit> {
        if self.frames >= most {
            return Some(Limit::Frames);
        }
        (self.kib >= most).then_some(Limit::Bytes)
    }
}
