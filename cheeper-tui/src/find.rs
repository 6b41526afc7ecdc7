//! Looking for a word in the cheeps that are here. A step looks at a bounded number of them, so that no key waits. Pure.

use cheeper_protocol::Seq;
use regex::{Regex, RegexBuilder};

use crate::{composer::Composer, entry::Entry, scroll::Place, timeline::Timeline};

/// Cheeps that one step looks at.
const STEP: usize = 5_000;

/// What is looked for, and how far that is.
#[derive(Debug)]
pub struct Find {
    pub query: Composer,
    /// It is to be looked for on the server, in everything, once the query is complete.
    pub everywhere: bool,
    /// What was on screen and which cheep was selected when it began. Who then has the server look goes back to that.
    pub began: (Place, Option<Seq>),
    pub hit: Option<Seq>,
    pub progress: Progress,
    matcher: Option<Regex>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// There is nothing to look for, or it was found.
    Done,
    /// On from this cheep, which is not looked at itself.
    Looking { from: Seq, older: bool },
    /// On from this cheep when those before it have come.
    Loading { from: Seq },
    /// There is no further hit in what is loaded; older ones can be loaded.
    NoneLoaded,
    /// There is no further hit.
    None,
}

impl Find {
    /// Nothing is looked for yet; this is on screen, and this is selected.
    pub fn new(began: (Place, Option<Seq>)) -> Self {
        let (query, progress) = (Composer::default(), Progress::Done);
        Self { query, everywhere: false, began, hit: None, progress, matcher: None }
    }

    /// The query was changed: looks from the newest that is on screen, unless the server is to look.
    pub fn changed(&mut self, from: Seq) {
        let query = self.query.text().trim();
        let pattern = (!query.is_empty()).then(|| regex::escape(query));
        self.matcher = pattern.and_then(|pattern| RegexBuilder::new(&pattern).case_insensitive(true).build().ok());
        self.hit = None;
        self.look(from, true);
    }

    /// Looks on from the hit, or from where it is said.
    pub fn look(&mut self, from: Seq, older: bool) {
        self.progress = match self.matcher {
            Some(_) if !self.everywhere => Progress::Looking { from: self.hit.unwrap_or(from), older },
            _ => Progress::Done,
        };
    }

    /// One step on; true if it came to a hit.
    pub fn step(&mut self, timeline: &Timeline) -> bool {
        let (Progress::Looking { from, older }, Some(matcher)) = (self.progress, &self.matcher) else { return false };
        let entries = timeline.entries();
        let range = if older {
            let end = timeline.index_of(from);
            end.saturating_sub(STEP)..end
        } else {
            let start = timeline.index_of(from.next());
            start..(start + STEP).min(entries.len())
        };
        let matches = |index: &usize| entries.get(*index).is_some_and(|entry| is_hit(matcher, entry));
        let hit = if older { range.clone().rev().find(matches) } else { range.clone().find(matches) };
        if let Some(entry) = hit.and_then(|index| entries.get(index)) {
            self.hit = Some(entry.seq);
            self.progress = Progress::Done;
            return true;
        }
        let edge = if older { range.start } else { range.end.saturating_sub(1) };
        let at_end = if older { range.start == 0 } else { range.end >= entries.len() };
        self.progress = match entries.get(edge) {
            Some(entry) if !at_end => Progress::Looking { from: entry.seq, older },
            Some(_) if older && timeline.has_older() => Progress::NoneLoaded,
            _ => Progress::None,
        };
        false
    }

    /// Where the query stands in a text.
    pub fn hits_in(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let Some(matcher) = &self.matcher else { return Vec::new() };
        matcher.find_iter(text).map(|hit| hit.range()).collect()
    }
}

/// What was deleted is not found, not even by who wrote it.
fn is_hit(matcher: &Regex, entry: &Entry) -> bool {
    if entry.deleted().is_some() {
        return false;
    }
    matcher.is_match(entry.text.as_str()) || matcher.is_match(entry.person.name.as_str())
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{Cheep, CheepText, Event, Name, Timestamp};

    use super::*;

    fn seq(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    fn timeline(texts: impl Iterator<Item = String>) -> Timeline {
        let mut timeline = Timeline::new(&Name::parse("alice").unwrap());
        let event = |(text, number): (String, u64)| {
            Event::Cheep(Cheep {
                seq: seq(number),
                at: Timestamp::UNIX_EPOCH,
                name: Name::parse("Zoë").unwrap(),
                cheep: CheepText::cleaned(&text),
                verified: false,
                reply_to: None,
                parent_replies: None,
                id: None,
                state: cheeper_protocol::CheepState::default(),
            })
        };
        timeline.append(texts.zip(1..).map(event).collect());
        timeline
    }

    fn find(query: &str) -> Find {
        let mut find = Find::new((Place::Following, None));
        find.query = Composer::with_text(query.to_owned());
        find.changed(seq(9_999_999));
        find
    }

    fn run(find: &mut Find, timeline: &Timeline) -> Option<u64> {
        while matches!(find.progress, Progress::Looking { .. }) {
            find.step(timeline);
        }
        find.hit.map(Seq::get)
    }

    #[test]
    fn it_goes_from_hit_to_hit_and_back() {
        let timeline = timeline(["one", "STRASSE", "two", "one more"].map(str::to_owned).into_iter());
        let mut find = find("One");
        assert_eq!(run(&mut find, &timeline), Some(4));
        find.look(seq(1), true);
        assert_eq!(run(&mut find, &timeline), Some(1));
        find.look(seq(1), true);
        assert_eq!((run(&mut find, &timeline), find.progress), (Some(1), Progress::None), "the hit stays");
        find.look(seq(1), false);
        assert_eq!(run(&mut find, &timeline), Some(4));
        assert_eq!(find.hits_in("One, oNe"), [0..3, 5..8]);
    }

    #[test]
    fn names_count_and_signs_stand_for_themselves() {
        let timeline = timeline(["a.c", "abc"].map(str::to_owned).into_iter());
        assert_eq!(run(&mut find("a.c"), &timeline), Some(1));
        assert_eq!(run(&mut find("ZOË"), &timeline), Some(2));
        assert_eq!(run(&mut find("  "), &timeline), None);
    }

    #[test]
    fn a_long_way_takes_several_steps() {
        let texts = (0..2 * STEP + 10).map(|n| if n == 3 { "needle".to_owned() } else { "hay".to_owned() });
        let timeline = timeline(texts);
        let mut find = find("needle");
        assert!(!find.step(&timeline) && matches!(find.progress, Progress::Looking { .. }));
        assert_eq!(run(&mut find, &timeline), Some(4));
    }
}
