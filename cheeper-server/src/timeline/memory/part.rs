//! What is read of the naive engine.

use std::iter;

use cheeper_protocol::{
    Code, Event, Refusal, Search, Seq, Thread,
    limits::{PAGE, PAGE_BYTES, THREAD_ANCESTORS},
};

use super::log::Log;
use crate::timeline::{Part, Read, bytes_of, search};

impl Log {
    /// The newest events, ascending.
    pub(super) fn newest(&self, count: u64, bytes: usize) -> Vec<Event> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut newest = until(bytes, self.events.iter().rev().take(count));
        newest.reverse();
        newest
    }

    pub(super) fn part(&self, read: &Read) -> Result<Part, Refusal> {
        match *read {
            Read::Events { first, last } => {
                let wanted: Vec<_> = self.events.iter().filter(|event| (first..=last).contains(&event.seq())).collect();
                let events = until(PAGE_BYTES, wanted.iter().copied());
                Ok(Part { more_before: false, more_after: events.len() < wanted.len(), last, events })
            }
            Read::Cheeps { pivot, back, forth, last } => {
                let cheeps = self.events.iter().filter(|event| event.as_cheep().is_some() && event.seq() <= last);
                let (before, after): (Vec<_>, Vec<_>) = cheeps.partition(|event| event.seq() <= pivot);
                let mut events = until(PAGE_BYTES, before.iter().rev().take(back).copied());
                let more_before = events.len() < before.len();
                events.reverse();
                let forth = until(PAGE_BYTES, after.iter().take(forth).copied());
                let more_after = forth.len() < after.len();
                events.extend(forth);
                Ok(Part { events, more_before, more_after, last })
            }
            Read::Thread { thread, last } => self.thread(thread, last),
            Read::Search { ref search, last } => self.search(search, last),
        }
    }

    fn thread(&self, thread: Thread, last: Seq) -> Result<Part, Refusal> {
        let parent = |seq: Seq| self.event(seq).and_then(Event::as_cheep).and_then(|cheep| cheep.reply_to);
        let lineage = |seq| iter::successors(Some(seq), |seq| parent(*seq));
        if thread.seq > last || self.event(thread.seq).and_then(Event::as_cheep).is_none() {
            return Err(Refusal::from(Code::NotFound).in_field("seq"));
        }
        let above: Vec<_> = lineage(thread.seq).skip(1).take(THREAD_ANCESTORS).collect();
        let cheeps = self.events.iter().filter(|event| event.as_cheep().is_some() && event.seq() <= last);
        let of_it =
            cheeps.filter(|event| above.contains(&event.seq()) || lineage(event.seq()).any(|seq| seq == thread.seq));
        let wanted: Vec<_> = of_it.filter(|event| thread.after.is_none_or(|after| event.seq() > after)).collect();
        let events = until(PAGE_BYTES, wanted.iter().take(PAGE).copied());
        Ok(Part { more_before: false, more_after: events.len() < wanted.len(), last, events })
    }

    fn search(&self, wanted: &Search, last: Seq) -> Result<Part, Refusal> {
        let hits = search::scan(&self.events, wanted, last)?;
        let mut events = until(PAGE_BYTES, hits.iter().take(wanted.limit.min(PAGE)).copied());
        let more_before = events.len() < hits.len();
        events.reverse();
        Ok(Part { events, more_before, more_after: false, last })
    }
}

/// Events until they have `bytes`.
fn until<'a>(bytes: usize, events: impl Iterator<Item = &'a Event>) -> Vec<Event> {
    let mut taken = 0;
    let not_enough = |event: &&Event| {
        let go_on = taken < bytes;
        taken += bytes_of(event);
        go_on
    };
    events.take_while(not_enough).cloned().collect()
}
