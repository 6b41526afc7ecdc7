//! What waits for a thread. Adding never blocks, taking does; bounded, so that a stuck disk cannot fill the memory.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

/// Most items that may wait.
pub(super) const CAPACITY: usize = 65_536;

pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    open: bool,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self { state: Mutex::new(State { waiting: VecDeque::new(), open: true }), changed: Condvar::new() }
    }

    /// Adds an item, or hands it back if the queue is full or closed.
    pub(super) fn push(&self, item: T) -> Result<(), T> {
        let mut state = self.lock();
        if !state.open || state.waiting.len() >= CAPACITY {
            return Err(item);
        }
        state.waiting.push_back(item);
        // Who is awake looks again before it sleeps, so only the first item has to wake anybody.
        if state.waiting.len() == 1 {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// From now on nothing is added; what waits is still handed out.
    pub(super) fn close(&self) {
        self.lock().open = false;
        self.changed.notify_all();
    }

    /// Waits until there is something, and moves at most `most` items to `into`. False when the queue is closed and
    /// empty.
    pub(super) fn take(&self, most: usize, into: &mut Vec<T>) -> bool {
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| state.open && state.waiting.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let count = state.waiting.len().min(most);
        into.extend(state.waiting.drain(..count));
        if !state.waiting.is_empty() {
            self.changed.notify_one();
        }
        count > 0
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_queue_hands_out_what_waits_and_takes_nothing_more() {
        let queue = Queue::new();
        queue.push(1).unwrap();
        queue.push(2).unwrap();
        queue.push(3).unwrap();
        queue.close();
        assert_eq!(queue.push(4), Err(4));
        let mut taken = Vec::new();
        assert!(queue.take(2, &mut taken));
        assert_eq!(taken, [1, 2]);
        assert!(queue.take(2, &mut taken));
        assert!(!queue.take(2, &mut taken));
        assert_eq!(taken, [1, 2, 3]);
    }

    #[test]
    fn a_full_queue_hands_the_item_back() {
        let queue = Queue::new();
        for item in 0..CAPACITY {
            queue.push(item).unwrap();
        }
        assert_eq!(queue.push(7), Err(7));
        assert!(queue.take(1, &mut Vec::new()));
        queue.push(7).unwrap();
    }

    #[test]
    fn every_item_goes_to_exactly_one_of_several_takers() {
        let queue = Queue::new();
        let mut all: Vec<u32> = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut taken = Vec::new();
                        while queue.take(1, &mut taken) {}
                        taken
                    })
                })
                .collect();
            for item in 0..5000 {
                queue.push(item).unwrap();
            }
            queue.close();
            takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect()
        });
        all.sort_unstable();
        assert_eq!(all, (0..5000).collect::<Vec<_>>());
    }
}
