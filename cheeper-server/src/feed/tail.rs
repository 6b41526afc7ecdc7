//! The newest events, as the WebSocket frames everybody is sent: encoded once, shared by all readers, bounded in bytes.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard},
};

use bytes::Bytes;
use cheeper_protocol::{Event, Seq};

use super::{frame, text::TextForm};
use crate::timeline::{Part, Read};

/// Frames are kept in runs of about this many bytes, so that one write carries many and old ones go in small steps.
const RUN_BYTES: usize = 64 * 1024;

/// The ring. One thread adds to it (the timeline's writer), everybody else reads it. It is what the whole server goes by
/// when it says which event is the newest.
pub struct Tail {
    ring: RwLock<Ring>,
    capacity_bytes: usize,
    /// Called whenever it has grown.
    wakers: RwLock<Vec<Waker>>,
}

/// Rouses a reader that waits for more than this ring. It must not block.
pub type Waker = Box<dyn Fn() + Send + Sync>;

struct Ring {
    runs: VecDeque<Arc<Run>>,
    bytes: usize,
    head: Seq,
}

/// Consecutive events, frame after frame.
#[derive(Debug)]
struct Run {
    first: Seq,
    frames: Vec<u8>,
    /// Where each frame ends.
    ends: Vec<usize>,
    /// Whether each is a cheep.
    are_cheeps: Vec<bool>,
    /// The same events as text, in each form that somebody has asked for.
    texts: [OnceLock<Bytes>; TextForm::COUNT],
}

/// A part of a run: whole frames, from some seq to the run's end.
#[derive(Clone, Debug)]
pub struct Slice {
    run: Arc<Run>,
    skip: usize,
}

/// The ring no longer has, or does not have yet, what was asked for.
#[derive(Debug, PartialEq)]
pub struct NotHere;

impl Tail {
    /// A ring of at most `capacity_bytes` of frames (and always the newest run), after an event `head`.
    pub fn new(head: Seq, capacity_bytes: usize) -> Self {
        let ring = RwLock::new(Ring { runs: VecDeque::new(), bytes: 0, head });
        Self { ring, capacity_bytes, wakers: RwLock::default() }
    }

    /// Adds events, which follow right after the head, and wakes its readers.
    pub fn push(&self, events: &[Event]) {
        let runs = encode_runs(events);
        {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            for run in runs {
                ring.head = run.last();
                ring.bytes += run.frames.len();
                ring.runs.push_back(Arc::new(run));
            }
            while ring.bytes > self.capacity_bytes && ring.runs.len() > 1 {
                ring.bytes -= ring.runs.pop_front().map_or(0, |run| run.frames.len());
            }
        }
        self.wakers.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(|wake| wake());
    }

    /// Has `waker` called from now on when there is something new.
    pub fn wake_with(&self, waker: Waker) {
        self.wakers.write().unwrap_or_else(PoisonError::into_inner).push(waker);
    }

    /// The newest event.
    pub fn head(&self) -> Seq {
        self.ring().head
    }

    /// The frames from `first` on in one piece, of about `max_bytes` at most; `None` if `first` is not there yet.
    pub fn piece(&self, first: Seq, max_bytes: usize) -> Result<Option<Slice>, NotHere> {
        let (mut slices, mut bytes) = (Vec::new(), 0);
        for slice in self.ring().slices(first)? {
            bytes += slice.bytes().len();
            slices.push(slice);
            if bytes >= max_bytes {
                break;
            }
        }
        // What came in several small steps is joined, so that a reader gets it in one write.
        Ok(if slices.len() > 1 { Some(join(first, &slices)) } else { slices.pop() })
    }

    /// A part of the log, each event as JSON, if the ring has all of it.
    pub fn part<T>(&self, read: &Read, with: impl FnOnce(&Part<(Seq, &[u8])>) -> T) -> Result<T, NotHere> {
        match *read {
            Read::Events { first, last } => self.events(first, last, with),
            Read::Cheeps { pivot, back, forth, last } => self.cheeps(pivot, (back, forth), last, with),
            Read::Thread { .. } | Read::Search { .. } => Err(NotHere),
        }
    }

    fn events<T>(&self, first: Seq, last: Seq, with: impl FnOnce(&Part<(Seq, &[u8])>) -> T) -> Result<T, NotHere> {
        let slices: Vec<Slice> = self.ring().slices(first)?.take_while(|slice| slice.run.first <= last).collect();
        let wanted = usize::try_from(last.next().get().saturating_sub(first.get())).map_err(|_| NotHere)?;
        let seqs = (first.get()..).map_while(Seq::new);
        let events: Vec<_> = seqs.zip(slices.iter().flat_map(Slice::payloads)).take(wanted).collect();
        if events.len() != wanted {
            return Err(NotHere);
        }
        Ok(with(&Part { events, more_before: false, more_after: false, last }))
    }

    fn cheeps<T>(
        &self,
        pivot: Seq,
        (back, forth): (usize, usize),
        last: Seq,
        with: impl FnOnce(&Part<(Seq, &[u8])>) -> T,
    ) -> Result<T, NotHere> {
        let (runs, is_whole) = self.ring().runs_around(pivot, back, last);
        let cheeps = || runs.iter().flat_map(|run| run.cheeps()).take_while(|(seq, _)| *seq <= last);
        let (older, newer) = cheeps().fold(
            (0, 0),
            |(older, newer), (seq, _)| {
                if seq <= pivot { (older + 1, newer) } else { (older, newer + 1) }
            },
        );
        if !is_whole && (older < back || runs.first().is_none_or(|run| run.first > pivot.next())) {
            return Err(NotHere);
        }
        let events: Vec<_> =
            cheeps().skip(older.saturating_sub(back)).take(older.min(back) + newer.min(forth)).collect();
        // The first event of all is always a cheep: there was nothing to change before it.
        let more_before = events.first().map_or(pivot, |(seq, _)| seq.previous()) > Seq::ZERO;
        Ok(with(&Part { events, more_before, more_after: newer > forth, last }))
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// The runs with so many cheeps up to and with `pivot`, and with all after it up to `last`; and whether they go back to
    /// the beginning of all.
    fn runs_around(&self, pivot: Seq, back: usize, last: Seq) -> (Vec<Arc<Run>>, bool) {
        let (mut runs, mut older) = (Vec::new(), 0);
        for run in self.runs.iter().rev().filter(|run| run.first <= last) {
            older += run.cheeps().filter(|(seq, _)| *seq <= pivot).count();
            runs.push(run.clone());
            if older >= back && run.first <= pivot.next() {
                break;
            }
        }
        runs.reverse();
        let oldest = runs.first().or(self.runs.front()).map_or(self.head.next(), |run| run.first);
        let is_whole = oldest == Seq::ZERO.next();
        (runs, is_whole)
    }

    /// The frames from `first` to the head.
    fn slices(&self, first: Seq) -> Result<impl Iterator<Item = Slice>, NotHere> {
        let oldest = self.runs.front().map(|run| run.first);
        if first <= self.head && oldest.is_none_or(|oldest| first < oldest) {
            return Err(NotHere);
        }
        // Nearly all readers want the newest run, and to look for it would touch many others.
        let at = match self.runs.back() {
            Some(newest) if newest.first <= first => self.runs.len() - 1 + usize::from(newest.last() < first),
            _ => self.runs.partition_point(|run| run.last() < first),
        };
        Ok(self
            .runs
            .range(at..)
            .enumerate()
            .map(move |(nth, run)| Slice { run: run.clone(), skip: if nth == 0 { run.index_of(first) } else { 0 } }))
    }
}

fn join(first: Seq, slices: &[Slice]) -> Slice {
    let mut run = Run::new(first);
    for Slice { run: part, skip } in slices {
        let moved = run.frames.len();
        let begin = part.start_of(*skip);
        run.frames.extend_from_slice(&part.frames[begin..]);
        run.are_cheeps.extend(&part.are_cheeps[*skip..]);
        run.ends.extend(part.ends[*skip..].iter().map(|end| end - begin + moved));
    }
    Slice { run: Arc::new(run), skip: 0 }
}

fn encode_runs(events: &[Event]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for event in events {
        let run = match runs.last_mut() {
            Some(run) if run.frames.len() < RUN_BYTES => run,
            _ => {
                runs.push(Run::new(event.seq()));
                let at = runs.len() - 1;
                &mut runs[at]
            }
        };
        frame::write_text(&event.to_json(), &mut run.frames);
        run.ends.push(run.frames.len());
        run.are_cheeps.push(event.as_cheep().is_some());
    }
    for run in &mut runs {
        run.frames.shrink_to_fit();
        run.ends.shrink_to_fit();
        run.are_cheeps.shrink_to_fit();
    }
    runs
}

impl Run {
    fn new(first: Seq) -> Self {
        Self { first, frames: Vec::new(), ends: Vec::new(), are_cheeps: Vec::new(), texts: Default::default() }
    }

    fn last(&self) -> Seq {
        Seq::new(self.first.get() + self.ends.len() as u64 - 1).unwrap_or(self.first)
    }

    fn index_of(&self, seq: Seq) -> usize {
        usize::try_from(seq.get() - self.first.get()).map_or(self.ends.len(), |index| index.min(self.ends.len()))
    }

    /// Its cheeps as JSON.
    fn cheeps(&self) -> impl Iterator<Item = (Seq, &[u8])> {
        let seqs = (self.first.get()..).map_while(Seq::new);
        let cheeps = seqs.enumerate().zip(&self.are_cheeps).filter(|(_, is_cheep)| **is_cheep);
        cheeps.map(|((at, seq), _)| (seq, frame::payload(&self.frames[self.start_of(at)..self.ends[at]])))
    }

    fn start_of(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] }
    }
}

impl Slice {
    /// The frames' bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.run.frames[self.run.start_of(self.skip)..]
    }

    /// The seq after its last frame.
    pub fn next(&self) -> Seq {
        self.run.last().next()
    }

    /// How `written` bytes of it divide: the seq of the first frame not wholly written, and the rest of that frame if
    /// some of it was.
    pub fn split(&self, written: usize) -> (Seq, &[u8]) {
        let end = self.run.start_of(self.skip) + written;
        let index = self.run.ends.partition_point(|&frame_end| frame_end <= end);
        let seq = Seq::new(self.run.first.get() + index as u64).unwrap_or(self.run.first);
        let rest = if index < self.run.ends.len() && end > self.run.start_of(index) {
            &self.run.frames[end..self.run.ends[index]]
        } else {
            &[]
        };
        (seq, rest)
    }

    /// The same events as text. It is made once for all who read a whole run.
    pub(crate) fn text(&self, form: TextForm) -> Bytes {
        if self.skip > 0 {
            return self.to_text(form);
        }
        self.run.texts[form as usize].get_or_init(|| self.to_text(form)).clone()
    }

    fn to_text(&self, form: TextForm) -> Bytes {
        let mut text = Vec::with_capacity(self.bytes().len());
        let seqs = (self.run.first.get() + self.skip as u64..).map_while(Seq::new);
        for (seq, payload) in seqs.zip(self.payloads()) {
            form.write(seq, payload, &mut text);
        }
        text.into()
    }

    fn payloads(&self) -> impl Iterator<Item = &[u8]> {
        let run = &self.run;
        (self.skip..run.ends.len()).map(|at| frame::payload(&run.frames[run.start_of(at)..run.ends[at]]))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use cheeper_protocol::{Cheep, CheepText, Name, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn cheeps(first: u64, lengths: &[usize]) -> Vec<Event> {
        let cheep = |(at, length): (usize, &usize)| {
            Event::Cheep(Cheep {
                seq: Seq::new(first + at as u64).unwrap(),
                at: Timestamp::UNIX_EPOCH,
                name: Name::parse("alice").unwrap(),
                cheep: CheepText::cleaned(&"x".repeat(*length)),
                verified: false,
                reply_to: None,
                parent_replies: None,
                id: None,
                state: cheeper_protocol::CheepState::default(),
            })
        };
        lengths.iter().enumerate().map(cheep).collect()
    }

    fn seq(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    /// Everything from `first` on, piece by piece.
    fn read(tail: &Tail, first: Seq, max_bytes: usize) -> Vec<u8> {
        let (mut next, mut bytes) = (first, Vec::new());
        while let Some(piece) = tail.piece(next, max_bytes).unwrap() {
            bytes.extend_from_slice(piece.bytes());
            assert!(piece.next() > next);
            next = piece.next();
        }
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// However a reader is cut short, going on from the split gives every byte once and in order.
        #[test]
        fn a_reader_that_is_cut_anywhere_goes_on_without_hole_or_repeat(
            batches in prop::collection::vec(prop::collection::vec(1..3000_usize, 1..60), 1..6),
            cut in any::<prop::sample::Index>(),
            from in any::<prop::sample::Index>(),
            max_bytes in 1..100_000_usize,
        ) {
            let tail = Tail::new(Seq::ZERO, usize::MAX);
            let mut next = 1;
            for batch in &batches {
                tail.push(&cheeps(next, batch));
                next += batch.len() as u64;
            }
            let first = seq(1 + from.index(usize::try_from(next).unwrap() - 1) as u64);
            let whole = read(&tail, first, usize::MAX);
            let piece = tail.piece(first, max_bytes).unwrap().unwrap();
            let written = cut.index(piece.bytes().len() + 1);
            let (resume, rest) = piece.split(written);
            let after = if rest.is_empty() { resume } else { resume.next() };
            let mut again = piece.bytes()[..written].to_vec();
            again.extend_from_slice(rest);
            again.extend(read(&tail, after, max_bytes));
            prop_assert!(again == whole);
        }

        #[test]
        fn it_stays_within_its_bytes_and_says_what_it_dropped(
            batches in prop::collection::vec(prop::collection::vec(1..3000_usize, 1..60), 1..12),
        ) {
            let tail = Tail::new(Seq::ZERO, 100_000);
            let mut next = 1;
            for batch in &batches {
                tail.push(&cheeps(next, batch));
                next += batch.len() as u64;
            }
            prop_assert_eq!(tail.head(), seq(next - 1));
            let oldest = (1..next).find(|&first| tail.piece(seq(first), 1).is_ok()).unwrap();
            prop_assert!(read(&tail, seq(oldest), usize::MAX).len() <= 100_000 + RUN_BYTES);
            for first in 1..next {
                let expected = if first < oldest { Err(NotHere) } else { Ok(next - first) };
                let read = Read::Events { first: seq(first), last: seq(next - 1) };
                let found = tail.part(&read, |part| part.events.len() as u64);
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn whoever_is_woken_finds_what_is_new() {
        let tail = Arc::new(Tail::new(Seq::ZERO, usize::MAX));
        let found = Arc::new(Mutex::new(Vec::new()));
        let (woken, finds) = (Arc::downgrade(&tail), found.clone());
        tail.wake_with(Box::new(move || finds.lock().unwrap().push(woken.upgrade().unwrap().head())));
        tail.push(&cheeps(1, &[5, 5]));
        tail.push(&cheeps(3, &[5]));
        assert_eq!(*found.lock().unwrap(), [seq(2), seq(3)]);
    }

    #[test]
    fn nothing_after_the_head_is_not_an_error_and_everything_before_an_empty_ring_is() {
        let tail = Tail::new(seq(7), 1000);
        assert!(tail.piece(seq(8), 9).is_ok_and(|piece| piece.is_none()));
        assert!(tail.piece(seq(7), 9).is_err());
        assert_eq!(tail.part(&Read::Events { first: seq(8), last: seq(8) }, |_| ()), Err(NotHere));
    }
}
