//! A table of debts: for how long each key has spent ahead. Its size is fixed, so made-up keys fill it and nothing else.

use std::sync::{Arc, Mutex, PoisonError};

use governor::{nanos::Nanos, state::StateStore};

/// Keys that share a row. One that comes to a full row takes the place of the smallest debt in it: that of somebody who has
/// paid it off, as a rule, which is as good as none, and else what is forgotten of it is least.
const WAYS: usize = 8;
/// Parts of the table with a lock each.
const PARTS: usize = 8;

/// A key, and when its debt will be paid off, in nanoseconds of the limiter's clock; 0 is an empty place.
type Cell = [u64; 2];
const EMPTY: Cell = [0, 0];

/// The state of a limiter with keys. Several limiters may share one.
#[derive(Clone)]
pub(super) struct Cells(Arc<[Mutex<Vec<Cell>>]>);

impl Cells {
    /// Room for so many keys; a power of two that has room for a row in each part. What is not used takes no memory.
    pub(super) fn new(keys: usize) -> Self {
        debug_assert!(keys.is_power_of_two() && keys >= PARTS * WAYS);
        Self((0..PARTS).map(|_| Mutex::new(vec![EMPTY; keys / PARTS])).collect())
    }

    #[cfg(test)]
    fn keys(&self) -> usize {
        self.0.iter().map(|part| part.lock().unwrap().iter().filter(|cell| cell[1] > 0).count()).sum()
    }
}

impl StateStore for Cells {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (bits, parts) = (usize::try_from(*key).unwrap_or_default(), self.0.len());
        let mut part = self.0[bits % parts].lock().unwrap_or_else(PoisonError::into_inner);
        let begin = bits / parts * WAYS % part.len();
        let row = &mut part[begin..begin + WAYS];
        if let Some(cell) = row.iter_mut().find(|cell| cell[0] == *key && cell[1] > 0) {
            let (answer, debt) = decide(Some(cell[1].into()))?;
            cell[1] = debt.into();
            return Ok(answer);
        }
        let (answer, debt) = decide(None)?;
        if let Some(smallest) = row.iter_mut().min_by_key(|cell| cell[1]) {
            *smallest = [*key, debt.into()];
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cells: &Cells, key: u64, debt: u64) -> Option<u64> {
        let put: Result<_, ()> = cells.measure_and_replace(&key, |before| Ok((before.map(u64::from), debt.into())));
        put.unwrap()
    }

    #[test]
    fn a_full_row_forgets_the_smallest_debt_and_keeps_the_others() {
        let cells = Cells::new(PARTS * WAYS);
        // All of one row.
        let key = |nth: u64| (nth + 1) * PARTS as u64;
        for nth in 0..WAYS as u64 {
            assert_eq!(put(&cells, key(nth), 100 + nth), None);
        }
        assert_eq!(put(&cells, key(100), 500), None);
        assert_eq!(put(&cells, key(1), 600), Some(101));
        assert_eq!(put(&cells, key(0), 700), None, "this one was forgotten");
    }

    #[test]
    fn however_many_keys_come_it_stays_as_large_as_it_is() {
        let cells = Cells::new(1 << 12);
        for nth in 1..=100_000_u64 {
            put(&cells, nth.wrapping_mul(0x9E37_79B9_7F4A_7C15), nth);
        }
        assert!((1 << 11..=1 << 12).contains(&cells.keys()));
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let cells = Cells::new(1 << 12);
        put(&cells, 7, 1);
        assert_eq!(cells.measure_and_replace(&7, |_| Err::<((), Nanos), _>("no")), Err("no"));
        assert_eq!(cells.measure_and_replace(&8, |_| Err::<((), Nanos), _>("no")), Err("no"));
        assert_eq!((put(&cells, 7, 2), cells.keys()), (Some(1), 1));
    }
}
