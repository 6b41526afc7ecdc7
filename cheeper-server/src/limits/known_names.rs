//! Who was here before: a few names behind each address, kept while they are used. Names that come in a flood find no room.

use std::sync::{Mutex, PoisonError};

/// Names that one address can have here.
pub(super) const SEATS: u32 = 32;
const WIDTH: usize = SEATS as usize;
/// Rows of the table. Addresses beyond these share a row, which is a pity for both and no more.
const ROWS: usize = 1024;
/// Parts of the table with a lock each.
const PARTS: usize = 8;
/// Seconds for which a name stays known.
const PATIENCE: u32 = 20 * 60;
/// Seconds after which a name that did not come back has to leave its entry to another, if none is free: made-up names
/// hold up nobody for longer.
const SHORT_PATIENCE: u32 = 20;
/// Seconds that a name has to have been here before it is known: who comes with a thousand names at once does not get what is
/// kept for the others, but has to wait for it, and is busy meanwhile.
pub(super) const PROBATION: u32 = 30;

/// A key, then the second in which it was used last, in the upper half, and that in which it came, in the lower.
type KnownName = [u64; 2];
const FREE: KnownName = [0, 0];

/// See the module. Keys are drawn by chance, names and addresses are not kept.
pub(super) struct KnownNames(Box<[Mutex<Vec<KnownName>>]>);

impl KnownNames {
    pub(super) fn new() -> Self {
        // What is not used takes no memory.
        Self((0..PARTS).map(|_| Mutex::new(vec![FREE; WIDTH * ROWS / PARTS])).collect())
    }

    /// Whether this name of an address has been here for a while.
    pub(super) fn knows(&self, address: u64, name: u64, now: u32) -> bool {
        let is_known =
            |entry: &KnownName| is_of(*entry, name, now) && u64::from(now) >= came(*entry) + u64::from(PROBATION);
        self.with_row(address, |row| row.iter().any(is_known))
    }

    /// A name was used: it keeps its entry, or gets one if one is free.
    pub(super) fn note(&self, address: u64, name: u64, now: u32) {
        self.put(address, name, now, now);
    }

    /// Somebody has proved that a name is theirs, which is as good as to have been here for a while.
    pub(super) fn welcome(&self, address: u64, name: u64, now: u32) {
        self.put(address, name, now, now.saturating_sub(PROBATION));
    }

    /// Notes one that has been here since `since`, or for longer.
    fn put(&self, address: u64, name: u64, now: u32, since: u32) {
        let (now_bits, since) = (u64::from(now), u64::from(since));
        self.with_row(address, |row| {
            if let Some(own) = row.iter_mut().find(|entry| is_of(**entry, name, now)) {
                *own = [name, now_bits << 32 | came(*own).min(since)];
                return;
            }
            let free = row.iter().position(|entry| *entry == FREE || is_over(*entry, PATIENCE, now));
            let left =
                || row.iter().position(|entry| last(*entry) == came(*entry) && is_over(*entry, SHORT_PATIENCE, now));
            if let Some(at) = free.or_else(left) {
                row[at] = [name, now_bits << 32 | since];
            }
        });
    }

    fn with_row<T>(&self, address: u64, work: impl FnOnce(&mut [KnownName]) -> T) -> T {
        let bits = usize::try_from(address).unwrap_or_default();
        let mut part = self.0[bits % PARTS].lock().unwrap_or_else(PoisonError::into_inner);
        let begin = bits / PARTS % (ROWS / PARTS) * WIDTH;
        work(&mut part[begin..begin + WIDTH])
    }
}

fn last(entry: KnownName) -> u64 {
    entry[1] >> 32
}

fn came(entry: KnownName) -> u64 {
    entry[1] & u64::from(u32::MAX)
}

fn is_of(entry: KnownName, name: u64, now: u32) -> bool {
    entry != FREE && entry[0] == name && !is_over(entry, PATIENCE, now)
}

fn is_over(entry: KnownName, patience: u32, now: u32) -> bool {
    u64::from(now) > last(entry) + u64::from(patience)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_after_a_while_if_it_came_back_and_made_up_names_do_not_take_its_seat() {
        let known_names = KnownNames::new();
        known_names.note(1, 7, 100);
        known_names.note(1, 7, 110);
        assert!(!known_names.knows(1, 7, 99 + PROBATION));
        known_names.welcome(1, 8, 110);
        assert!(known_names.knows(1, 8, 110));
        for nth in 0..100_000 {
            known_names.note(1, 1000 + nth, 110 + u32::try_from(nth / 100).unwrap());
        }
        assert!(known_names.knows(1, 7, 1110), "it was here before");
        assert!(!known_names.knows(2, 7, 1110), "at another address nobody knows it");
        assert!(!known_names.knows(1, 7, 111 + PATIENCE));
    }

    #[test]
    fn an_address_has_so_many_seats_and_those_who_came_first_have_them() {
        let known_names = KnownNames::new();
        for now in [50, 51] {
            (0..100).for_each(|name| known_names.note(1, name + 1, now));
        }
        let seated: Vec<u64> = (0..100).filter(|name| known_names.knows(1, name + 1, 90)).collect();
        assert_eq!(seated, (0..u64::from(SEATS)).collect::<Vec<_>>());
    }

    #[test]
    fn a_name_that_did_not_come_back_leaves_its_seat_to_another() {
        let known_names = KnownNames::new();
        let knows = |name: u64, now: u32| known_names.knows(1, name, now + PROBATION);
        (0..u64::from(SEATS)).for_each(|name| known_names.note(1, name + 1, 1));
        known_names.note(1, 500, 1 + SHORT_PATIENCE);
        assert!(!knows(500, 1 + SHORT_PATIENCE));
        assert!(knows(1, 10 * SHORT_PATIENCE), "nobody wanted its entry");
        known_names.note(1, 500, 10 * SHORT_PATIENCE);
        assert!(knows(500, 10 * SHORT_PATIENCE) && !knows(1, 10 * SHORT_PATIENCE));
    }
}
