//! What a client shows, held against the log.

use std::collections::{BTreeMap, BTreeSet};

use cheeper_protocol::{Cheep, Event, Seq, testkit};

/// What the client shows: a part of the timeline, and cheeps that it looked at beside it.
#[derive(Default)]
pub(super) struct Screen {
    /// The cheeps of the part.
    pub(super) cheeps: BTreeMap<Seq, Cheep>,
    /// The first and the last seq of the part.
    pub(super) part: Option<(Seq, Seq)>,
    /// Cheeps of answers to other questions.
    pub(super) looked_at: BTreeMap<Seq, Cheep>,
    /// Of these it has heard that they are deleted.
    gone: BTreeSet<Seq>,
}

impl Screen {
    /// Events at the end.
    pub(super) fn append(&mut self, events: &[Event], from: Seq, to: Seq) {
        if let Some((_, last)) = self.part {
            assert_eq!(from, last.next(), "a hole or an overlap");
        }
        assert!(from <= to.next());
        self.part = Some((self.part.map_or(from, |(first, _)| first), to));
        is_of_part(events, from, to);
        for event in events {
            testkit::take(&mut self.cheeps, event);
            for seq in event.changes() {
                if let Some(cheep) = self.looked_at.get_mut(&seq) {
                    cheep.apply(event);
                }
            }
            if let Event::Delete(delete) = event {
                self.gone.insert(delete.target);
            }
        }
    }

    /// Cheeps at the front.
    pub(super) fn prepend(&mut self, events: &[Event], from: Seq, to: Seq) {
        let (first, last) = self.part.expect("nothing is older than nothing");
        assert_eq!(to.next(), first, "a hole or an overlap");
        self.part = Some((from, last));
        is_of_part(events, from, to);
        for event in events {
            let cheep = event.as_cheep().expect("older are cheeps alone");
            self.cheeps.insert(cheep.seq, cheep.clone());
        }
    }

    /// Drops the oldest cheeps; gives the last seq that is not here any more.
    pub(super) fn forget(&mut self, count: usize) -> Option<Seq> {
        let up_to = *self.cheeps.keys().nth(count)?;
        let up_to = up_to.previous();
        self.cheeps = self.cheeps.split_off(&up_to.next());
        self.part = self.part.map(|(_, last)| (up_to.next(), last));
        Some(up_to)
    }

    /// The text of a cheep is not shown once it was heard that it is deleted.
    pub(super) fn shows_nothing_deleted(&self) {
        for cheep in self.cheeps.values().chain(self.looked_at.values()) {
            let is_gone = self.gone.contains(&cheep.seq) || cheep.is_deleted();
            assert!(!is_gone || (cheep.is_deleted() && cheep.cheep.as_str().is_empty()), "deleted: {cheep:?}");
        }
    }

    /// Where everything up to the newest event is shown, it is shown as everybody sees it who has read the log.
    pub(super) fn is_the_log(&self, published: &[Event]) {
        let log = testkit::screen_of(published);
        for (seq, cheep) in &self.looked_at {
            assert_eq!(Some(cheep), log.get(seq), "looked at");
        }
        let Some((first, last)) = self.part else { return };
        let log: BTreeMap<Seq, Cheep> = log.into_iter().filter(|(seq, _)| (first..=last).contains(seq)).collect();
        assert_eq!(self.cheeps, log, "from {first} to {last}");
    }
}

fn is_of_part(events: &[Event], from: Seq, to: Seq) {
    let seqs: Vec<Seq> = events.iter().map(Event::seq).collect();
    assert!(seqs.is_sorted_by(|one, next| one < next), "{seqs:?}");
    assert!(seqs.iter().all(|seq| (from..=to).contains(seq)), "{seqs:?} from {from} to {to}");
}
