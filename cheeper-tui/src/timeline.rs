//! What has happened, and which part of it is on screen. The place in it is held by a cheep, not by a row, so nothing
//! that comes or goes moves what is being read. Pure.

use std::collections::VecDeque;

use cheeper_protocol::{Cheep, Event, Name, Seq};

/// Cheeps kept in memory; the far end is dropped and can be loaded again.
const KEPT: usize = 20_000;

#[derive(Clone, Debug, Default)]
pub struct Timeline {
    cheeps: VecDeque<Cheep>,
    place: Place,
    seen: Seq,
    older: bool,
}

/// What stands at the top of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Place {
    /// The end is shown, whatever comes.
    #[default]
    Following,
    /// This cheep is at the top, less the first `skip` lines of it.
    At { seq: Seq, skip: usize },
}

/// How many lines a block (a cheep, and the day above it if that is new) takes; by its index.
pub trait Heights {
    fn of(&self, timeline: &Timeline, index: usize) -> usize;
}

impl<F: Fn(&Timeline, usize) -> usize> Heights for F {
    fn of(&self, timeline: &Timeline, index: usize) -> usize {
        self(timeline, index)
    }
}

impl Timeline {
    pub fn cheeps(&self) -> &VecDeque<Cheep> {
        &self.cheeps
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// Whether there is something before the first cheep that can be loaded.
    pub fn has_older(&self) -> bool {
        self.older
    }

    /// Cheeps that came since the end was last on screen.
    pub fn unseen(&self) -> usize {
        self.cheeps.iter().rev().take_while(|cheep| cheep.seq > self.seen).count()
    }

    pub fn reset(&mut self) {
        *self = Self::default();
    }

    pub fn append(&mut self, events: Vec<Event>) {
        let was_empty = self.cheeps.is_empty();
        if let Some(first) = events.first().filter(|_| was_empty) {
            self.older = first.seq() > Seq::ZERO.next();
        }
        self.cheeps.extend(events.into_iter().filter_map(cheep));
        if self.place == Place::Following {
            self.see_all();
            while self.cheeps.len() > KEPT {
                self.cheeps.pop_front();
            }
        }
    }

    pub fn prepend(&mut self, events: Vec<Event>, more: bool) {
        self.older = more;
        for cheep in events.into_iter().rev().filter_map(cheep) {
            self.cheeps.push_front(cheep);
        }
    }

    pub fn follow(&mut self) {
        self.place = Place::Following;
        self.see_all();
    }

    /// Goes to the first cheep there is.
    pub fn to_first(&mut self) {
        if let Some(first) = self.cheeps.front() {
            self.place = Place::At { seq: first.seq, skip: 0 };
        }
    }

    /// The block and line at the top of a screen of `height` lines.
    pub fn top(&self, height: usize, heights: &impl Heights) -> (usize, usize) {
        match self.place {
            Place::At { seq, skip } => {
                let index = self.cheeps.partition_point(|cheep| cheep.seq < seq);
                (index, skip.min(heights.of(self, index).saturating_sub(1)))
            }
            Place::Following => self.up_from((self.cheeps.len(), 0), height, heights),
        }
    }

    pub fn scroll_up(&mut self, lines: usize, height: usize, heights: &impl Heights) {
        let top = self.up_from(self.top(height, heights), lines, heights);
        self.put(top);
    }

    pub fn scroll_down(&mut self, lines: usize, height: usize, heights: &impl Heights) {
        if self.place == Place::Following {
            return;
        }
        let (mut index, skip) = self.top(height, heights);
        let mut skip = skip + lines;
        while index < self.cheeps.len() && skip >= heights.of(self, index) {
            skip -= heights.of(self, index);
            index += 1;
        }
        let last_top = self.up_from((self.cheeps.len(), 0), height, heights);
        if (index, skip) >= last_top {
            self.follow();
        } else {
            self.put((index, skip));
        }
    }

    fn put(&mut self, (index, skip): (usize, usize)) {
        if let Some(cheep) = self.cheeps.get(index) {
            self.place = Place::At { seq: cheep.seq, skip };
        }
    }

    fn up_from(&self, (mut index, mut skip): (usize, usize), lines: usize, heights: &impl Heights) -> (usize, usize) {
        let mut left = lines;
        while left > skip && index > 0 {
            left -= skip;
            index -= 1;
            skip = heights.of(self, index);
        }
        (index, skip.saturating_sub(left))
    }

    fn see_all(&mut self) {
        self.seen = self.cheeps.back().map_or(self.seen, |cheep| cheep.seq);
    }
}

/// Whether a cheep has `@name` in it.
pub fn mentions(cheep: &Cheep, name: &Name) -> bool {
    let wanted = name.fold();
    let words = cheep.cheep.as_str().split(char::is_whitespace).filter_map(|word| word.strip_prefix('@'));
    words
        .map(|word| word.trim_end_matches(['.', ',', ':', '!', '?', ';', ')']))
        .any(|word| Name::parse(word).is_ok_and(|mentioned| mentioned.fold() == wanted))
}

fn cheep(event: Event) -> Option<Cheep> {
    match event {
        Event::Cheep(cheep) => Some(cheep),
        Event::Unknown { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{CheepText, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn events(seqs: std::ops::RangeInclusive<u64>) -> Vec<Event> {
        seqs.map(|seq| {
            Event::Cheep(Cheep {
                seq: Seq::new(seq).unwrap(),
                at: Timestamp::UNIX_EPOCH,
                name: Name::parse("alice").unwrap(),
                cheep: CheepText::cleaned("hello"),
                verified: false,
                reply_to: None,
                id: None,
            })
        })
        .collect()
    }

    /// A cheep takes one, two or three lines.
    fn heights(timeline: &Timeline, index: usize) -> usize {
        timeline.cheeps.get(index).map_or(0, |cheep| usize::try_from(cheep.seq.get() % 3).unwrap() + 1)
    }

    fn at_top(timeline: &Timeline) -> (u64, usize) {
        let (index, skip) = timeline.top(10, &heights);
        (timeline.cheeps[index].seq.get(), skip)
    }

    #[test]
    fn what_is_read_stands_still_whatever_comes_before_or_after() {
        let mut timeline = Timeline::default();
        timeline.append(events(100..=150));
        timeline.scroll_up(7, 10, &heights);
        let before = at_top(&timeline);
        timeline.append(events(151..=160));
        timeline.prepend(events(50..=99), true);
        assert_eq!(at_top(&timeline), before);
        assert_eq!(timeline.unseen(), 10);
        timeline.follow();
        assert_eq!(timeline.unseen(), 0);
    }

    #[test]
    fn a_mention_is_the_name_behind_an_at_however_it_is_written() {
        let alice = Name::parse("alice").unwrap();
        let mentioned = |text: &str| {
            let Event::Cheep(cheep) = events(1..=1).remove(0) else { unreachable!() };
            mentions(&Cheep { cheep: CheepText::cleaned(text), ..cheep }, &alice)
        };
        assert!(mentioned("hi @alice!") && mentioned("@ALICE") && mentioned("(see\n@Alice)"));
        assert!(!mentioned("alice") && !mentioned("@alicea") && !mentioned("mail bob@alice"));
    }

    proptest! {
        #[test]
        fn up_and_down_again_is_where_it_was(up in 1..80_usize, more in 0..40_usize) {
            let mut timeline = Timeline::default();
            timeline.append(events(1..=100));
            timeline.scroll_up(up, 10, &heights);
            let place = timeline.place();
            timeline.scroll_up(more, 10, &heights);
            timeline.scroll_down(more, 10, &heights);
            prop_assert_eq!(timeline.place(), place);
            timeline.scroll_down(up, 10, &heights);
            prop_assert_eq!(timeline.place(), Place::Following);
        }
    }
}
