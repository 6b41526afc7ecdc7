//! Who wrote the newest cheeps, so that a host can mute a person whatever name they use next. It is in memory alone: what
//! is kept for good names nobody who did not name themselves.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use cheeper_protocol::Seq;

use crate::timeline::Person;

/// Cheeps whose authors are known.
const KNOWN: usize = 10_000;

/// The authors of the newest cheeps.
#[derive(Default)]
pub(crate) struct RecentAuthors(Mutex<BTreeMap<Seq, Person>>);

impl RecentAuthors {
    /// Somebody has written a cheep.
    pub(crate) fn note(&self, cheep: Seq, author: Person) {
        let mut known = self.known();
        known.insert(cheep, author);
        if known.len() > KNOWN {
            known.pop_first();
        }
    }

    /// Who wrote a cheep, if that is still known.
    pub(super) fn of(&self, cheep: Seq) -> Option<Person> {
        self.known().get(&cheep).copied()
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Seq, Person>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_known_whatever_order_they_were_acked_in() {
        let authors = RecentAuthors::default();
        let seq = |number: usize| Seq::new(number as u64).unwrap();
        for number in (1..=KNOWN + 3).map(|number| number ^ 1) {
            authors.note(seq(number), Person(number as u64));
        }
        assert_eq!(authors.of(seq(1)), None);
        assert_eq!(authors.of(seq(KNOWN)), Some(Person(KNOWN as u64)));
        assert_eq!(authors.known().len(), KNOWN);
    }
}
