//! Who was here before: a few names behind each address, kept while they are used. Names that come in a flood find no seat.

use std::sync::{Mutex, PoisonError};

/// Names that one address can have here.
pub(super) const SEATS: usize = 32;
/// Rows of seats. Addresses beyond these share a row, which is a pity for both and no more.
const ROWS: usize = 1024;
/// Parts of the table with a lock each.
const PARTS: usize = 8;
/// Seconds for which a name keeps its seat.
const PATIENCE: u32 = 20 * 60;
/// Seconds after which a name that was used only once has to leave it to another, if there is no other seat: made-up names do
/// not come back, so they hold up nobody for longer.
const SHORT_PATIENCE: u32 = 20;

/// A key; and the second in which it was used last, in the upper half, above how often.
type Seat = [u64; 2];
const FREE: Seat = [0, 0];

/// See the module. Keys are drawn by chance, names and addresses are not kept.
pub(super) struct Seats(Box<[Mutex<Vec<Seat>>]>);

impl Seats {
    pub(super) fn new() -> Self {
        // What is not used takes no memory.
        Self((0..PARTS).map(|_| Mutex::new(vec![FREE; SEATS * ROWS / PARTS])).collect())
    }

    /// Whether this name of an address has a seat.
    pub(super) fn has(&self, address: u64, name: u64, now: u32) -> bool {
        self.with_row(address, |row| row.iter().any(|seat| is_of(*seat, name, now)))
    }

    /// A name was used: it keeps its seat, or gets one if there is one.
    pub(super) fn note(&self, address: u64, name: u64, now: u32) {
        self.with_row(address, |row| {
            let own = row.iter().position(|seat| is_of(*seat, name, now));
            let free = || row.iter().position(|seat| uses(*seat) == 0 || is_over(*seat, PATIENCE, now));
            let left = || row.iter().position(|seat| uses(*seat) == 1 && is_over(*seat, SHORT_PATIENCE, now));
            let uses = own.map_or(0, |at| uses(row[at]));
            if let Some(at) = own.or_else(free).or_else(left) {
                row[at] = [name, u64::from(now) << 32 | u64::from(uses.saturating_add(1))];
            }
        });
    }

    fn with_row<T>(&self, address: u64, work: impl FnOnce(&mut [Seat]) -> T) -> T {
        let bits = usize::try_from(address).unwrap_or_default();
        let mut part = self.0[bits % PARTS].lock().unwrap_or_else(PoisonError::into_inner);
        let begin = bits / PARTS % (ROWS / PARTS) * SEATS;
        work(&mut part[begin..begin + SEATS])
    }
}

fn uses(seat: Seat) -> u32 {
    u32::try_from(seat[1] & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

fn is_of(seat: Seat, name: u64, now: u32) -> bool {
    seat[0] == name && uses(seat) > 0 && !is_over(seat, PATIENCE, now)
}

fn is_over(seat: Seat, patience: u32, now: u32) -> bool {
    u64::from(now) > (seat[1] >> 32) + u64::from(patience)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_kept_by_coming_back_and_made_up_names_find_none() {
        let seats = Seats::new();
        seats.note(1, 7, 100);
        seats.note(1, 7, 110);
        for nth in 0..100_000 {
            seats.note(1, 1000 + nth, 110 + u32::try_from(nth / 100).unwrap());
        }
        assert!(seats.has(1, 7, 1110), "it was here before");
        assert!(!seats.has(2, 7, 1110), "at another address nobody knows it");
        assert!(!seats.has(1, 7, 1111 + PATIENCE));
    }

    #[test]
    fn an_address_has_so_many_seats_and_those_who_came_first_have_them() {
        let seats = Seats::new();
        for _ in 0..2 {
            (0..100).for_each(|name| seats.note(1, name + 1, 50));
        }
        let seated: Vec<u64> = (0..100).filter(|name| seats.has(1, name + 1, 60)).collect();
        assert_eq!(seated, (0..SEATS as u64).collect::<Vec<_>>());
    }

    #[test]
    fn a_name_that_was_used_once_leaves_its_seat_to_another() {
        let seats = Seats::new();
        (0..SEATS as u64).for_each(|name| seats.note(1, name + 1, 0));
        seats.note(1, 500, SHORT_PATIENCE);
        assert!(!seats.has(1, 500, SHORT_PATIENCE));
        assert!(seats.has(1, 1, 10 * SHORT_PATIENCE), "nobody wanted its seat");
        seats.note(1, 500, 10 * SHORT_PATIENCE);
        assert!(seats.has(1, 500, 10 * SHORT_PATIENCE) && !seats.has(1, 1, 10 * SHORT_PATIENCE));
    }
}
