//! What waits to be written to one connection, counted against a budget that all connections share.

use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::{Buf as _, Bytes};

use super::Shared;

/// Frames in one write.
const FRAMES: usize = 64;
/// An outbox that has not moved for this long is stuck.
const STUCK_SECONDS: u32 = 20;

/// Bytes that wait in all outboxes together.
pub(crate) struct ReplyBudget {
    waiting: AtomicUsize,
    limit: usize,
}

impl ReplyBudget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { waiting: AtomicUsize::new(0), limit })
    }

    /// Whether no more answers should be made for now.
    pub(crate) fn exhausted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > self.limit
    }
}

/// Frames that wait, in order. Empty, it is one pointer.
#[derive(Default)]
pub(crate) struct Outbox(Option<Box<Waiting>>);

struct Waiting {
    frames: VecDeque<Bytes>,
    bytes: usize,
    budget: Arc<ReplyBudget>,
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

    pub(crate) fn push(&mut self, frame: Bytes, shared: &Shared) {
        let waiting = self.0.get_or_insert_with(|| {
            let budget = shared.replies.clone();
            Box::new(Waiting { frames: VecDeque::with_capacity(1), bytes: 0, budget, moved: None })
        });
        waiting.bytes += frame.len();
        waiting.budget.waiting.fetch_add(frame.len(), Ordering::Relaxed);
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
        self.budget.waiting.fetch_sub(written, Ordering::Relaxed);
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

impl Drop for Waiting {
    fn drop(&mut self) {
        self.budget.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
