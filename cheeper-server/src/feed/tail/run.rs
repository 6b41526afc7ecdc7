//! Frames as they lie in the ring: runs of them, one after the other, which all readers share and nobody changes.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use cheeper_protocol::{Event, Seq};

use crate::feed::{frame, text::TextForm};

/// Frames are kept in runs of about this many bytes, so that one write carries many and old ones go in small steps.
pub(super) const RUN_BYTES: usize = 64 * 1024;

/// Consecutive events, frame after frame.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) first: Seq,
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
    pub(super) run: Arc<Run>,
    pub(super) skip: usize,
}

/// Events as they are now, for those that are no longer what they were when they came.
pub(super) type Changed = BTreeMap<Seq, Event>;

/// The frames of new events, in runs.
pub(super) fn encode(events: &[Event], changed: &Changed) -> Vec<Run> {
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
        run.push(changed.get(&event.seq()).unwrap_or(event));
    }
    runs.iter_mut().for_each(Run::shrink);
    runs
}

/// The frames from `first` on, of slices that follow each other, in one piece.
pub(super) fn join(first: Seq, slices: &[Slice]) -> Slice {
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

impl Run {
    fn new(first: Seq) -> Self {
        Self { first, frames: Vec::new(), ends: Vec::new(), are_cheeps: Vec::new(), texts: Default::default() }
    }

    fn push(&mut self, event: &Event) {
        frame::write_text(&event.to_json(), &mut self.frames);
        self.ends.push(self.frames.len());
        self.are_cheeps.push(event.as_cheep().is_some());
    }

    /// It will not grow any more.
    fn shrink(&mut self) {
        self.frames.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.are_cheeps.shrink_to_fit();
    }

    /// The same events as they are now. Who reads the old ones at the moment keeps those; texts are made anew.
    pub(super) fn with(&self, changed: &Changed) -> Self {
        let mut run = Self::new(self.first);
        run.frames.reserve(self.frames.len());
        let mut changed = changed.range(self.first..).peekable();
        for (at, seq) in (0..self.ends.len()).zip((self.first.get()..).map_while(Seq::new)) {
            if let Some((_, event)) = changed.next_if(|(changed, _)| **changed == seq) {
                run.push(event);
            } else {
                run.frames.extend_from_slice(&self.frames[self.start_of(at)..self.ends[at]]);
                run.ends.push(run.frames.len());
                run.are_cheeps.push(self.are_cheeps[at]);
            }
        }
        run.shrink();
        run
    }

    pub(super) fn last(&self) -> Seq {
        Seq::new(self.first.get() + self.ends.len() as u64 - 1).unwrap_or(self.first)
    }

    /// Bytes of its frames.
    pub(super) fn bytes(&self) -> usize {
        self.frames.len()
    }

    pub(super) fn index_of(&self, seq: Seq) -> usize {
        let index = seq.get().saturating_sub(self.first.get());
        usize::try_from(index).map_or(self.ends.len(), |index| index.min(self.ends.len()))
    }

    /// An event as JSON, if it is a cheep of this run.
    pub(super) fn cheep(&self, seq: Seq) -> Option<&[u8]> {
        let at = self.index_of(seq);
        let is_cheep = seq >= self.first && *self.are_cheeps.get(at)?;
        is_cheep.then(|| self.payload(at))
    }

    /// Its cheeps as JSON.
    pub(super) fn cheeps(&self) -> impl Iterator<Item = (Seq, &[u8])> {
        let seqs = (self.first.get()..).map_while(Seq::new);
        let cheeps = seqs.enumerate().zip(&self.are_cheeps).filter(|(_, is_cheep)| **is_cheep);
        cheeps.map(|((at, seq), _)| (seq, self.payload(at)))
    }

    fn payload(&self, at: usize) -> &[u8] {
        frame::payload(&self.frames[self.start_of(at)..self.ends[at]])
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

    /// Its events as JSON.
    pub(super) fn payloads(&self) -> impl Iterator<Item = &[u8]> {
        (self.skip..self.run.ends.len()).map(|at| self.run.payload(at))
    }
}
