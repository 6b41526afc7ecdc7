//! What has happened, as far as it is here. Which part of it is on screen is not its business. Pure.

use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    rc::Rc,
};

use cheeper_protocol::{Cheep, CheepText, Event, FoldedName, Name, Seq, Timestamp, mentions};

use crate::wrap::wrap;

/// Cheeps kept of those that came by themselves. What a person scrolled back to is kept besides, until they follow again.
pub const KEPT: usize = 100_000;
/// The oldest are dropped so many at a time: not at every cheep.
const DROPPED: usize = 1_000;

/// Somebody who has cheeped, once for all of their cheeps.
#[derive(Debug, PartialEq)]
pub struct Person {
    pub name: Name,
    pub fold: FoldedName,
}

/// A cheep, with what would be too dear to find out for every picture.
#[derive(Clone, Debug)]
pub struct Entry {
    pub seq: Seq,
    pub at: Timestamp,
    pub person: Rc<Person>,
    pub text: CheepText,
    pub reply_to: Option<Seq>,
    pub verified: bool,
    /// The person here is mentioned by somebody else.
    pub calls: bool,
    /// A width, and the rows of the text in it: whatever goes over the screen asks for the same again.
    rows: Cell<(usize, usize)>,
}

impl Entry {
    /// How many rows the text takes in so many columns.
    pub fn rows(&self, width: usize) -> usize {
        let (known, rows) = self.rows.get();
        if known == width && rows > 0 {
            return rows;
        }
        let rows = wrap(self.text.as_str(), width).len();
        self.rows.set((width, rows));
        rows
    }
}

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

    /// Adds at the end.
    pub fn append(&mut self, events: Vec<Event>) {
        if self.entries.is_empty() {
            self.older = events.first().is_some_and(|first| first.seq() > Seq::ZERO.next());
        }
        for event in events {
            let entry = self.entry(event);
            self.entries.extend(entry);
        }
    }

    /// Adds at the front.
    pub fn prepend(&mut self, events: Vec<Event>, more: bool) {
        self.older = more;
        for event in events.into_iter().rev() {
            if let Some(entry) = self.entry(event) {
                self.entries.push_front(entry);
            }
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

    /// What an event adds to what is shown; nothing if it is of a kind that is not known here.
    fn entry(&mut self, event: Event) -> Option<Entry> {
        match event {
            Event::Cheep(cheep) => Some(self.cheep(cheep)),
            Event::Edit(_) | Event::Delete(_) | Event::Reaction(_) | Event::Void { .. } | Event::Unknown { .. } => None,
        }
    }

    fn cheep(&mut self, cheep: Cheep) -> Entry {
        let Cheep { seq, at, name, cheep: text, verified, reply_to, parent_replies: _, id: _, state: _ } = cheep;
        let person = self
            .people
            .entry(name)
            .or_insert_with_key(|name| Rc::new(Person { name: name.clone(), fold: name.fold() }));
        let calls = person.fold != self.me && mentions(text.as_str(), &self.me);
        Entry { seq, at, person: Rc::clone(person), text, reply_to, verified, calls, rows: Cell::default() }
    }
}

#[cfg(test)]
mod tests {
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
