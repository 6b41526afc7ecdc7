//! What waits to be written to one connection, and how much of it there is in memory for all of them together.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::{Buf as _, Bytes};

/// Frames in one write.
const FRAMES: usize = 64;
/// An outbox that has not moved for this long is stuck.
const STUCK_SECONDS: u32 = 20;

/// The memory that answers take up, wherever they wait. Bytes that many outboxes share count once.
pub(crate) struct ReplyBudget {
    used: AtomicUsize,
    limit: usize,
}

struct Charged {
    bytes: Vec<u8>,
    budget: Arc<ReplyBudget>,
}

impl ReplyBudget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), limit })
    }

    /// Counts these bytes until the last that holds them lets go.
    pub(crate) fn charge(self: &Arc<Self>, bytes: Vec<u8>) -> Bytes {
        self.used.fetch_add(bytes.len(), Ordering::Relaxed);
        Bytes::from_owner(Charged { bytes, budget: self.clone() })
    }

    /// Whether no more answers should be made for now.
    pub(crate) fn exhausted(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.limit
    }
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// Frames that wait, in order. Empty, it is one pointer.
#[derive(Default)]
pub(crate) struct Outbox(Option<Box<Waiting>>);

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// The time of the last look, and the bytes that waited then.
    moved: Option<(u32, usize)>,
}

impl Outbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |waiting| waiting.bytes)
    }

    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }

    pub(crate) fn push(&mut self, frame: Bytes) {
        let waiting = self.0.get_or_insert_default();
        waiting.bytes += frame.len();
        waiting.frames.push_back(frame);
    }

    /// Writes once, as much as fits.
    pub(crate) fn write_to(&mut self, socket: &mut impl Write) -> io::Result<()> {
        let Some(waiting) = &mut self.0 else { return Ok(()) };
        let parts: Vec<IoSlice> = waiting.frames.iter().take(FRAMES).map(|frame| IoSlice::new(frame)).collect();
        match socket.write_vectored(&parts)? {
            0 => return Err(ErrorKind::WriteZero.into()),
            written => waiting.advance(written),
        }
        if waiting.frames.is_empty() {
            self.0 = None;
        }
        Ok(())
    }

    /// Remembers when it last got shorter.
    pub(crate) fn note_progress(&mut self, now: u32) {
        if let Some(waiting) = &mut self.0
            && waiting.moved.is_none_or(|(_, bytes)| waiting.bytes < bytes)
        {
            waiting.moved = Some((now, waiting.bytes));
        }
    }

    pub(crate) fn is_stuck(&self, now: u32) -> bool {
        self.0.as_ref().and_then(|waiting| waiting.moved).is_some_and(|(at, _)| now - at >= STUCK_SECONDS)
    }
}

impl Waiting {
    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(frame) = self.frames.front_mut() {
            if written < frame.len() {
                frame.advance(written);
                return;
            }
            written -= frame.len();
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_shared_count_once_and_until_the_last_lets_go() {
        let budget = ReplyBudget::new(10);
        let frame = budget.charge(vec![0; 11]);
        let mut outboxes = [Outbox::default(), Outbox::default()];
        for outbox in &mut outboxes {
            outbox.push(frame.clone());
        }
        drop(frame);
        assert!(budget.exhausted());
        outboxes[0].write_to(&mut io::sink()).unwrap();
        assert!(outboxes[0].is_empty() && budget.exhausted());
        outboxes[1].clear();
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }
}
