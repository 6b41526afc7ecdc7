//! What waits to be written to one client. Pure: whoever has the socket writes it.

use std::{
    collections::VecDeque,
    io::{Cursor, IoSlice},
    mem::size_of,
    sync::Arc,
};

use bytes::Bytes;
use cheeper_protocol::Seq;
use tungstenite::protocol::frame::FrameHeader;

use crate::memory::{Charge, MemoryBudget, OVERHEAD_BYTES};

/// Parts in one write.
pub(crate) const PARTS: usize = 16;
/// Answers are joined up to about this many bytes, so that many small ones take one allocation and one write.
const JOINED_BYTES: usize = 16 * 1024;
/// An outbox that has not moved for this long is stuck.
const STUCK_SECONDS: u32 = 20;

/// Bytes that wait, in order. Empty, it is one pointer.
#[derive(Default)]
pub(super) struct Outbox(Option<Box<Waiting>>);

struct Waiting {
    parts: VecDeque<Part>,
    /// Bytes of the first part that are written.
    written: usize,
    /// Bytes that the first part begins with and that are no whole frame: the rest of one, or the answer to the handshake.
    begun: usize,
    /// Bytes that wait to be written.
    bytes: usize,
    /// Answers that wait for an event to go out first: the event, and how long the answer is.
    held: VecDeque<(Seq, usize)>,
    /// Their bytes, one after the other.
    held_bytes: VecDeque<u8>,
    charge: Charge,
    /// Since when nothing of it was written, as far as somebody has looked.
    stuck_since: Option<u32>,
}

enum Part {
    /// This client's own answers, one after the other.
    Own(Vec<u8>),
    /// The same bytes may wait for others too. Whoever made them counts them.
    Shared(Bytes),
}

impl Outbox {
    /// Nothing can be written.
    pub(super) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|waiting| waiting.parts.is_empty())
    }

    /// Bytes that wait, for the socket or for an event.
    pub(super) fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |waiting| waiting.bytes + waiting.held_bytes.len())
    }

    /// Keeps an answer until the event with this seq has gone out.
    pub(super) fn hold(&mut self, seq: Seq, frame: Vec<u8>, memory: &Arc<MemoryBudget>) {
        let waiting = self.waiting(memory);
        waiting.held.push_back((seq, frame.len()));
        waiting.held_bytes.extend(frame);
        waiting.count();
    }

    /// What the first answer that is held waits for.
    pub(super) fn held_for(&self) -> Option<Seq> {
        self.0.as_ref()?.held.front().map(|(seq, _)| *seq)
    }

    /// Puts the first answer that is held among what can be written.
    pub(super) fn release(&mut self, memory: &Arc<MemoryBudget>) {
        let Some(waiting) = &mut self.0 else { return };
        let Some((_, length)) = waiting.held.pop_front() else { return };
        let frame = waiting.held_bytes.drain(..length).collect();
        self.push(frame, memory);
    }

    pub(super) fn clear(&mut self) {
        self.0 = None;
    }

    /// Drops what waits, except for the rest of a frame that is half written: whatever comes next could not be read behind
    /// half a frame. Whether anything was dropped.
    pub(super) fn drop_unbegun(&mut self) -> bool {
        let before = self.bytes();
        let Some(waiting) = &mut self.0 else { return false };
        waiting.held.clear();
        waiting.held_bytes.clear();
        waiting.parts.truncate(1);
        let first = waiting.parts.front().map_or(&[][..], Part::bytes);
        let mut end = waiting.begun;
        while end < waiting.written {
            // A length that cannot be read would be a bug; then all of it stays, which is safe.
            end = frame_length(&first[end..]).map_or(first.len(), |length| first.len().min(end + length));
        }
        if end == waiting.written {
            self.0 = None;
        } else {
            waiting.bytes = end - waiting.written;
            if let Some(first) = waiting.parts.front_mut() {
                first.truncate(end);
            }
            waiting.count();
        }
        self.bytes() < before
    }

    /// Adds bytes of which the first, so many, are no whole frame. Nothing may wait before them.
    pub(super) fn push_begun(&mut self, bytes: Vec<u8>, begun: usize, memory: &Arc<MemoryBudget>) {
        debug_assert!(self.is_empty());
        self.push(bytes, memory);
        self.waiting(memory).begun = begun;
    }

    /// Adds whole frames of this client's own.
    pub(super) fn push(&mut self, frames: Vec<u8>, memory: &Arc<MemoryBudget>) {
        let waiting = self.waiting(memory);
        waiting.bytes += frames.len();
        match waiting.parts.back_mut() {
            Some(Part::Own(joined)) if joined.len() + frames.len() <= JOINED_BYTES => joined.extend_from_slice(&frames),
            _ => waiting.parts.push_back(Part::Own(frames)),
        }
        waiting.count();
    }

    /// Adds frames that many may share.
    pub(super) fn push_shared(&mut self, frames: Bytes, memory: &Arc<MemoryBudget>) {
        let waiting = self.waiting(memory);
        waiting.bytes += frames.len();
        waiting.parts.push_back(Part::Shared(frames));
        waiting.count();
    }

    /// The first parts, for one write.
    pub(super) fn slices(&self) -> Vec<IoSlice<'_>> {
        let Some(waiting) = &self.0 else { return Vec::new() };
        let mut written = waiting.written;
        let parts = waiting.parts.iter().take(PARTS);
        parts.map(|part| IoSlice::new(&part.bytes()[std::mem::take(&mut written)..])).collect()
    }

    /// So much of it is written.
    pub(super) fn advance(&mut self, bytes: usize) {
        let Some(waiting) = &mut self.0 else { return };
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        waiting.written += bytes;
        waiting.stuck_since = None;
        while let Some(first) = waiting.parts.front().map(|part| part.bytes().len())
            && waiting.written >= first
        {
            waiting.written -= first;
            waiting.begun = 0;
            waiting.parts.pop_front();
        }
        if waiting.parts.is_empty() && waiting.held.is_empty() {
            self.0 = None;
        } else {
            waiting.count();
        }
    }

    /// Looks whether nothing of it was written for long.
    pub(super) fn is_stuck(&mut self, now: u32) -> bool {
        let Some(waiting) = self.0.as_mut().filter(|waiting| !waiting.parts.is_empty()) else { return false };
        now - *waiting.stuck_since.get_or_insert(now) >= STUCK_SECONDS
    }

    fn waiting(&mut self, memory: &Arc<MemoryBudget>) -> &mut Waiting {
        self.0.get_or_insert_with(|| {
            let charge = Charge::new(memory, 0);
            Box::new(Waiting {
                parts: VecDeque::new(),
                written: 0,
                begun: 0,
                bytes: 0,
                held: VecDeque::new(),
                held_bytes: VecDeque::new(),
                charge,
                stuck_since: None,
            })
        })
    }
}

impl Waiting {
    /// Counts what it takes in memory now. There are few parts, as small ones are joined.
    fn count(&mut self) {
        let own = self.parts.iter().map(|part| match part {
            Part::Own(frames) => frames.capacity() + OVERHEAD_BYTES,
            Part::Shared(_) => 0,
        });
        let parts = self.parts.capacity() * size_of::<Part>() + own.sum::<usize>();
        let held = self.held.capacity() * size_of::<(Seq, usize)>() + self.held_bytes.capacity() + 2 * OVERHEAD_BYTES;
        self.charge.set(size_of::<Self>() + OVERHEAD_BYTES + parts + held);
    }
}

impl Part {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(frames) => frames,
            Self::Shared(frames) => frames,
        }
    }

    fn truncate(&mut self, length: usize) {
        match self {
            Self::Own(frames) => frames.truncate(length),
            Self::Shared(frames) => frames.truncate(length),
        }
    }
}

/// How long the frame is that these bytes begin with.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let mut cursor = Cursor::new(bytes);
    let (_, payload) = FrameHeader::parse(&mut cursor).ok().flatten()?;
    usize::try_from(cursor.position() + payload).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(outbox: &Outbox) -> Vec<u8> {
        outbox.slices().iter().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn small_answers_take_one_part_and_all_that_is_taken_is_counted_and_given_back() {
        let memory = MemoryBudget::new(usize::MAX);
        let mut outbox = Outbox::default();
        for nth in 0..100_u8 {
            outbox.push(vec![nth; 40], &memory);
        }
        assert_eq!((outbox.slices().len(), outbox.bytes()), (1, 4000));
        assert!((4000..16_000).contains(&memory.used()), "{}", memory.used());
        outbox.advance(4000);
        assert!(outbox.is_empty());
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn it_is_stuck_once_nothing_was_written_for_long() {
        let memory = MemoryBudget::new(usize::MAX);
        let mut outbox = Outbox::default();
        outbox.push(vec![0; 10], &memory);
        assert!(!outbox.is_stuck(100) && !outbox.is_stuck(119) && outbox.is_stuck(120));
        outbox.advance(1);
        outbox.push(vec![0; 10], &memory);
        assert!(
            !outbox.is_stuck(121) && !outbox.is_stuck(140) && outbox.is_stuck(141),
            "it moves, however full it is kept"
        );
    }

    #[test]
    fn what_waits_for_an_event_is_counted_and_not_stuck() {
        let memory = MemoryBudget::new(usize::MAX);
        let mut outbox = Outbox::default();
        for nth in 1..=10_u64 {
            outbox.hold(Seq::new(nth).unwrap(), vec![0; 100], &memory);
        }
        assert!(outbox.is_empty() && !outbox.is_stuck(100) && !outbox.is_stuck(200));
        assert!(outbox.bytes() == 1000 && memory.used() >= 1000, "{}", memory.used());
        while outbox.held_for().is_some() {
            outbox.release(&memory);
        }
        assert_eq!(text(&outbox).len(), 1000);
        outbox.advance(1000);
        assert_eq!(memory.used(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Wherever the socket stopped, what is left ends with the frame that it stopped in.
        #[test]
        fn what_is_dropped_begins_where_a_frame_does(
            begun in 0..300_usize,
            frames in prop::collection::vec((any::<bool>(), prop_oneof![0..130_usize, 0..70_000_usize]), 1..12),
            stop: prop::sample::Index,
        ) {
            let memory = MemoryBudget::new(usize::MAX);
            let (mut outbox, mut ends) = (Outbox::default(), vec![0, begun]);
            if begun > 0 {
                outbox.push_begun(vec![b'x'; begun], begun, &memory);
            }
            for (shared, length) in frames {
                let frame = crate::feed::frame::text(&"x".repeat(length));
                ends.push(ends.last().unwrap() + frame.len());
                if shared { outbox.push_shared(frame.into(), &memory) } else { outbox.push(frame, &memory) }
            }
            let written = stop.index(outbox.bytes());
            // The answer to the handshake goes out even if none of it has yet.
            let end = *ends.iter().find(|&&end| end >= written && end >= begun).unwrap();
            outbox.advance(written);
            outbox.hold(Seq::new(1).unwrap(), vec![0; 10], &memory);
            prop_assert!(outbox.drop_unbegun());
            prop_assert!(outbox.bytes() == end - written && outbox.held_for().is_none());
            prop_assert_eq!(outbox.bytes(), text(&outbox).len());
            outbox.advance(end - written);
            prop_assert!(outbox.is_empty() && memory.used() == 0);
        }

        /// However it is filled and however much of it a socket takes, every byte comes once and in order.
        #[test]
        fn every_byte_is_written_once_and_in_order(
            steps in prop::collection::vec((any::<bool>(), 0..9000_usize, 0..12_000_usize), 1..40),
        ) {
            let memory = MemoryBudget::new(usize::MAX);
            let (mut outbox, mut pushed, mut written) = (Outbox::default(), Vec::new(), Vec::new());
            for (nth, (shared, length, taken)) in steps.into_iter().enumerate() {
                let frames = vec![u8::try_from(nth).unwrap(); length + 1];
                pushed.extend_from_slice(&frames);
                if shared { outbox.push_shared(frames.into(), &memory) } else { outbox.push(frames, &memory) }
                let waiting = text(&outbox);
                let taken = taken.min(waiting.len());
                written.extend_from_slice(&waiting[..taken]);
                outbox.advance(taken);
                prop_assert_eq!(outbox.bytes(), pushed.len() - written.len());
            }
            while !outbox.is_empty() {
                let waiting = text(&outbox);
                written.extend_from_slice(&waiting);
                outbox.advance(waiting.len());
            }
            prop_assert_eq!(memory.used(), 0);
            prop_assert!(written == pushed);
        }
    }
}
