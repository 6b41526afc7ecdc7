//! The runs of the ring, and where something lies in them.

use std::{collections::VecDeque, sync::Arc};

use cheeper_protocol::Seq;

use super::run::{Changed, Run, Slice};

/// Runs that follow each other, up to the newest event.
pub(super) struct Ring {
    runs: VecDeque<Arc<Run>>,
    bytes: usize,
    pub(super) head: Seq,
    /// The first event that is kept anywhere.
    floor: Seq,
}

/// The ring no longer has, or does not have yet, what was asked for.
#[derive(Debug, PartialEq)]
pub struct NotHere;

impl Ring {
    pub(super) fn new(head: Seq) -> Self {
        Self { runs: VecDeque::new(), bytes: 0, head, floor: Seq::ZERO.next() }
    }

    /// The oldest event that it has; the one after the newest if it has none.
    pub(super) fn oldest(&self) -> Seq {
        self.runs.front().map_or(self.head.next(), |run| run.first)
    }

    /// Bytes of all its frames.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The run that an event lies in.
    pub(super) fn run_of(&self, seq: Seq) -> Option<&Arc<Run>> {
        self.runs.get(self.place_of(seq)).filter(|run| run.first <= seq)
    }

    /// The runs in which something has changed, as they are now, each with its place.
    pub(super) fn changed_runs(&self, changed: &Changed) -> Vec<(usize, Arc<Run>)> {
        let mut runs = Vec::new();
        let mut next = Seq::ZERO;
        while let Some((seq, _)) = changed.range(next..).next()
            && *seq <= self.head
        {
            next = seq.next();
            let at = self.place_of(*seq);
            if let Some(run) = self.runs.get(at).filter(|run| run.first <= *seq) {
                next = run.last().next();
                runs.push((at, run.clone()));
            }
        }
        runs
    }

    /// Puts a run where another one with the same events is.
    pub(super) fn replace(&mut self, at: usize, run: Run) {
        if let Some(old) = self.runs.get_mut(at) {
            self.bytes = self.bytes - old.bytes() + run.bytes();
            *old = Arc::new(run);
        }
    }

    pub(super) fn push(&mut self, run: Run) {
        self.head = run.last();
        self.bytes += run.bytes();
        self.runs.push_back(Arc::new(run));
    }

    /// Lets go of the oldest runs while there are more bytes than these, and of all up to an event if there is one.
    pub(super) fn drop_oldest(&mut self, capacity_bytes: usize, up_to: Option<Seq>) {
        while self.bytes > capacity_bytes && self.runs.len() > 1
            || self.runs.front().is_some_and(|run| Some(run.first) <= up_to)
        {
            self.bytes -= self.runs.pop_front().map_or(0, |run| run.bytes());
        }
    }

    /// Lets go of what is not kept anywhere any longer, and of all up to an event if there is one, with what lies in the same
    /// run.
    pub(super) fn raise_floor(&mut self, floor: Seq, up_to: Option<Seq>) {
        self.floor = self.floor.max(floor);
        self.drop_oldest(usize::MAX, up_to.max(Some(floor.previous())));
    }

    /// The runs with so many cheeps up to and with `pivot`, and with all after it up to `last`; and whether they go back to
    /// the beginning of all.
    pub(super) fn runs_around(&self, pivot: Seq, back: usize, last: Seq) -> (Vec<Arc<Run>>, bool) {
        let (mut runs, mut older) = (Vec::new(), 0);
        for run in self.runs.iter().rev().filter(|run| run.first <= last) {
            older += run.cheeps().filter(|(seq, _)| *seq <= pivot).count();
            runs.push(run.clone());
            if older >= back && run.first <= pivot.next() {
                break;
            }
        }
        runs.reverse();
        let oldest = runs.first().map_or(self.oldest(), |run| run.first);
        (runs, oldest <= self.floor)
    }

    /// The frames from `first` to the head.
    pub(super) fn slices(&self, first: Seq) -> Result<impl Iterator<Item = Slice>, NotHere> {
        if first <= self.head && first < self.oldest() {
            return Err(NotHere);
        }
        Ok(self
            .runs
            .range(self.place_of(first)..)
            .enumerate()
            .map(move |(nth, run)| Slice { run: run.clone(), skip: if nth == 0 { run.index_of(first) } else { 0 } }))
    }

    /// The first run that does not end before an event.
    fn place_of(&self, seq: Seq) -> usize {
        // Nearly all readers want the newest run, and to look for it would touch many others.
        match self.runs.back() {
            Some(newest) if newest.first <= seq => self.runs.len() - 1 + usize::from(newest.last() < seq),
            _ => self.runs.partition_point(|run| run.last() < seq),
        }
    }
}
