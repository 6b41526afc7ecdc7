//! A queue that holds so many at most and takes memory only for those that wait. The bounded channel of the standard library
//! sets room aside for all it might ever hold: 15 MB for two queues that are nearly always empty.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

/// A queue for `limit` requests.
pub(super) fn bounded<T>(limit: usize) -> (Sender<T>, Receiver<T>) {
    let (requests, receiver) = mpsc::channel();
    let waiting = Arc::<AtomicUsize>::default();
    (Sender { requests, waiting: waiting.clone(), limit }, Receiver { receiver, waiting })
}

/// Where requests come in.
pub(super) struct Sender<T> {
    requests: mpsc::Sender<T>,
    waiting: Arc<AtomicUsize>,
    limit: usize,
}

impl<T> Sender<T> {
    /// Puts a request at the end, or gives it back if the queue is full or nobody takes from it any more.
    pub(super) fn try_send(&self, request: T) -> Result<(), T> {
        // Counted before it is there, so that it cannot be taken, and counted off, before it is counted.
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(request);
        }
        self.requests.send(request).map_err(|mpsc::SendError(request)| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            request
        })
    }
}

/// Where they are taken out.
pub(super) struct Receiver<T> {
    receiver: mpsc::Receiver<T>,
    waiting: Arc<AtomicUsize>,
}

impl<T> Receiver<T> {
    /// The next one, when there is one; none once every sender is gone and the queue is empty.
    pub(super) fn recv(&self) -> Option<T> {
        self.receiver.recv().ok().inspect(|_| self.taken())
    }

    /// The next one, if it comes in time.
    pub(super) fn recv_timeout(&self, patience: Duration) -> Result<T, mpsc::RecvTimeoutError> {
        self.receiver.recv_timeout(patience).inspect(|_| self.taken())
    }

    /// Those that are there.
    pub(super) fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        self.receiver.try_iter().inspect(|_| self.taken())
    }

    fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_wait_as_may_and_one_more_is_given_back_at_once() {
        let (sender, receiver) = bounded(3);
        for nth in 0..3 {
            assert_eq!(sender.try_send(nth), Ok(()));
        }
        assert_eq!((sender.try_send(3), sender.try_send(4)), (Err(3), Err(4)));
        assert_eq!(receiver.recv(), Some(0));
        assert_eq!((sender.try_send(5), sender.try_send(6)), (Ok(()), Err(6)), "one was taken");
        assert_eq!(receiver.recv_timeout(Duration::ZERO), Ok(1));
        assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [2, 5]);
        for nth in 0..3 {
            assert_eq!(sender.try_send(nth), Ok(()), "there is room for all again");
        }
        drop(sender);
        assert_eq!(receiver.try_iter().count(), 3, "what was taken in is there to its end");
        assert_eq!(receiver.recv(), None);
    }

    #[test]
    fn nothing_is_put_where_nobody_takes() {
        let (sender, receiver) = bounded(1);
        drop(receiver);
        for nth in 0..3 {
            assert_eq!(sender.try_send(nth), Err(nth));
        }
    }
}
