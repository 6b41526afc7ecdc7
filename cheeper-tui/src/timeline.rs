//! What has happened, as far as it is here. Which part of it is on screen is not its business. Pure.

use std::{
    collections::{HashMap, VecDeque},
    rc::Rc,
};

use cheeper_protocol::{Cheep, Event, FoldedName, Name, Seq};

use crate::entry::{Entry, Person};

/// Cheeps kept of those that came by themselves. What a person scrolled back to is kept besides, until they follow again.
pub const KEPT: usize = 100_000;
/// The oldest are dropped so many at a time: not at every cheep.
const DROPPED: usize = 1_000;

#[derive(Clone, Debug)]
pub struct Timeline {
    entries: VecDeque<Entry>,
    people: HashMap<Name, Rc<Person>>,
    me: FoldedName,
    seen: Seq,
    /// The last cheep that was read before today's session began: what follows it is new.
    read_before: Option<Seq>,
    older: bool,
}

impl Timeline {
    /// The timeline of the person with this name.
    pub fn new(me: &Name) -> Self {
        Self {
            entries: VecDeque::new(),
            people: HashMap::new(),
            me: me.fold(),
            seen: Seq::ZERO,
            read_before: None,
            older: false,
        }
    }

    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    pub fn me(&self) -> &FoldedName {
        &self.me
    }

    /// Whether there is something before the first cheep that can be loaded.
    pub fn has_older(&self) -> bool {
        self.older
    }

    /// The index of a cheep, or of where it would stand.
    pub fn index_of(&self, seq: Seq) -> usize {
        self.entries.partition_point(|entry| entry.seq < seq)
    }

    pub fn get(&self, seq: Seq) -> Option<&Entry> {
        self.entries.get(self.index_of(seq)).filter(|entry| entry.seq == seq)
    }

    /// The newest cheep that was on screen.
    pub fn seen(&self) -> Seq {
        self.seen
    }

    /// Cheeps that came since the end was last on screen.
    pub fn unseen(&self) -> usize {
        self.entries.len() - self.index_of(self.seen.next())
    }

    /// Whether the line "new since you were here" stands above this cheep.
    pub fn begins_news(&self, index: usize) -> bool {
        let is_new = |index: usize| self.entries.get(index).zip(self.read_before).map(|(entry, read)| entry.seq > read);
        is_new(index) == Some(true) && index.checked_sub(1).and_then(is_new) == Some(false)
    }

    /// The names of the others who cheeped last, the latest first. One can come more than once.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        const LOOKED_AT: usize = 2_000;
        let recent = self.entries.iter().rev().take(LOOKED_AT);
        recent.filter(|entry| entry.person.fold != self.me).map(|entry| &entry.person.name)
    }

    /// What was read in an earlier session.
    pub fn was_read(&mut self, up_to: Seq) {
        self.read_before = Some(up_to);
        self.seen = self.seen.max(up_to);
    }

    /// The end is on screen.
    pub fn see_all(&mut self) {
        self.seen = self.entries.back().map_or(self.seen, |entry| entry.seq);
    }

    pub fn reset(&mut self) {
        self.entries.clear();
        self.people.clear();
        (self.seen, self.read_before, self.older) = (Seq::ZERO, None, false);
    }

    /// Adds at the end, and changes what is changed.
    pub fn append(&mut self, events: Vec<Event>) {
        if self.entries.is_empty() {
            // The first event of all is a cheep, as there is nothing to change before it.
            self.older = events.first().is_some_and(|first| first.seq() > Seq::ZERO.next());
        }
        for event in events {
            self.apply(&event);
            self.insert(event);
        }
    }

    /// Adds at the front.
    pub fn prepend(&mut self, events: Vec<Event>, more: bool) {
        self.older = more;
        for event in events.into_iter().rev() {
            self.insert(event);
        }
    }

    /// Changes the cheeps that an event changes and that are here: the others come as they are by then.
    pub fn apply(&mut self, event: &Event) {
        for seq in event.changes() {
            let index = self.index_of(seq);
            if let Some(entry) = self.entries.get_mut(index).filter(|entry| entry.seq == seq) {
                entry.apply(event, &self.me);
            }
        }
    }

    /// Puts a cheep in its place, unless it is there already; other events have none.
    pub fn insert(&mut self, event: Event) {
        let Event::Cheep(cheep) = event else { return };
        let index = self.index_of(cheep.seq);
        if self.entries.get(index).is_none_or(|entry| entry.seq != cheep.seq) {
            let entry = self.entry(cheep);
            self.entries.insert(index, entry);
        }
    }

    /// Drops the oldest, once there are too many before `first`, the first that is needed; says up to which.
    pub fn drop_oldest(&mut self, first: Seq) -> Option<Seq> {
        let surplus = self.entries.len().saturating_sub(KEPT);
        if surplus < DROPPED {
            return None;
        }
        let count = surplus.min(self.index_of(first));
        let up_to = self.entries.drain(..count).next_back()?.seq;
        self.people.retain(|_, person| Rc::strong_count(person) > 1);
        self.older = true;
        Some(up_to)
    }

    fn entry(&mut self, cheep: Cheep) -> Entry {
        let person = match self.people.get(&cheep.name) {
            Some(person) => Rc::clone(person),
            None => {
                let person = Rc::new(Person::new(cheep.name.clone()));
                self.people.insert(cheep.name.clone(), Rc::clone(&person));
                person
            }
        };
        Entry::new(cheep, person, &self.me)
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{CheepText, Timestamp};

    use super::*;

    fn events(seqs: std::ops::RangeInclusive<u64>) -> Vec<Event> {
        seqs.map(|seq| {
            Event::Cheep(Cheep {
                seq: Seq::new(seq).unwrap(),
                at: Timestamp::UNIX_EPOCH,
                name: Name::parse(["bob", "carol", "dora"][usize::try_from(seq % 3).unwrap()]).unwrap(),
                cheep: CheepText::cleaned("hello @alice"),
                verified: false,
                reply_to: None,
                parent_replies: None,
                id: None,
                state: cheeper_protocol::CheepState::default(),
            })
        })
        .collect()
    }

    fn timeline(seqs: std::ops::RangeInclusive<u64>) -> Timeline {
        let mut timeline = Timeline::new(&Name::parse("alice").unwrap());
        timeline.append(events(seqs));
        timeline
    }

    fn seq(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    #[test]
    fn what_came_since_the_end_was_seen_is_counted() {
        let mut timeline = timeline(100..=150);
        timeline.see_all();
        timeline.append(events(151..=160));
        timeline.prepend(events(50..=99), true);
        assert_eq!(timeline.unseen(), 10);
        timeline.see_all();
        assert_eq!(timeline.unseen(), 0);
    }

    #[test]
    fn the_line_stands_above_the_first_that_was_not_read() {
        let mut timeline = timeline(1..=5);
        let lines = |timeline: &Timeline| (0..5).filter(|&index| timeline.begins_news(index)).collect::<Vec<_>>();
        assert_eq!(lines(&timeline), [0_usize; 0]);
        timeline.was_read(seq(3));
        assert_eq!(lines(&timeline), [3]);
        timeline.was_read(seq(5));
        assert_eq!(lines(&timeline), [0_usize; 0], "nothing is new");
        timeline.was_read(seq(9));
        timeline.append(events(6..=12));
        assert!(timeline.begins_news(9));
    }

    #[test]
    fn memory_is_bounded_but_what_is_read_stays() {
        let kept = KEPT as u64;
        let mut timeline = timeline(1..=kept + 500);
        assert_eq!(timeline.drop_oldest(seq(kept)), None, "a few too many are dropped later");
        timeline.append(events(kept + 501..=kept + 1_500));
        assert_eq!(timeline.drop_oldest(seq(100)), Some(seq(99)), "100 is on screen");
        assert_eq!(timeline.entries().front().map(|entry| entry.seq), Some(seq(100)));
        assert!(timeline.has_older());
        timeline.append(events(kept + 1_501..=kept + 3_000));
        assert_eq!(timeline.drop_oldest(seq(kept)), Some(seq(3_000)));
        assert_eq!(timeline.entries().len(), KEPT);
    }
}
