//! The thread that writes live events to all followers that have missed nothing: the same bytes to each socket, one call
//! for each.

use std::{
    cell::LazyCell,
    io,
    mem::take,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use cheeper_protocol::Seq;

use super::{framing::Framing, line::Line};
use crate::{
    access::Standing,
    feed::{Feed, tail::NotHere},
    services::Services,
    worker,
};

/// How often a follower is told something even if nothing happens: proxies cut a line that is quiet for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Bytes of events in one piece.
pub(super) const PIECE_BYTES: usize = 64 * 1024;

/// The thread, as others see it.
pub(super) struct Live {
    /// Lines whose turn has just begun; `None` once the thread has ended.
    arrivals: Mutex<Option<Vec<Weak<Line>>>>,
    /// Whether there is anybody to write to: else a new event is no reason to wake the thread.
    has_lines: AtomicBool,
    is_stopping: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Live {
    /// Starts the thread, which the feed's tail wakes from now on.
    pub(super) fn start(services: &Services) -> io::Result<Arc<Self>> {
        let (feed, standing) = (&services.feed, &services.access.standing);
        let live = Arc::new(Self {
            arrivals: Mutex::new(Some(Vec::new())),
            has_lines: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
            thread: OnceLock::new(),
        });
        let writing = Writing {
            shared: live.clone(),
            feed: feed.clone(),
            standing: standing.clone(),
            revision: 0,
            lines: Vec::new(),
            newest: Seq::ZERO,
        };
        let handle = worker::spawn("followers", move || writing.run())?;
        live.thread.get_or_init(|| handle.thread().clone());
        let woken = live.clone();
        feed.tail().wake_with(Box::new(move |_| {
            if woken.has_lines.load(Ordering::SeqCst) {
                woken.wake();
            }
        }));
        let woken = live.clone();
        standing.wake_with(Box::new(move || woken.wake()));
        Ok(live)
    }

    /// Takes a line whose turn begins.
    pub(super) fn add(&self, line: &Arc<Line>) {
        // Said before the thread looks at the ring: an event that it does not find there wakes it.
        self.has_lines.store(true, Ordering::SeqCst);
        match &mut *self.arrivals() {
            Some(arrivals) => arrivals.push(Arc::downgrade(line)),
            None => line.give_back(),
        }
        self.wake();
    }

    /// Gives all lines back, and every one that comes from now on.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    fn arrivals(&self) -> MutexGuard<'_, Option<Vec<Weak<Line>>>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writing {
    shared: Arc<Live>,
    feed: Arc<Feed>,
    standing: Arc<Standing>,
    /// Those whose lines are here were let in, as far as was known at this revision.
    revision: u64,
    /// The lines whose turn it is. They belong to their connections: one that ended is no longer there.
    lines: Vec<Weak<Line>>,
    /// The newest event that was written.
    newest: Seq,
}

impl Writing {
    fn run(mut self) {
        let mut due = Instant::now() + KEEP_ALIVE;
        while !self.shared.is_stopping.load(Ordering::SeqCst) {
            self.let_go_of_those_who_may_be_out();
            self.take_arrivals();
            while self.write_news() {}
            let now = Instant::now();
            if now >= due {
                due = now + KEEP_ALIVE;
                self.keep_alive();
            }
            thread::park_timeout(due - now);
        }
        let arrivals = self.shared.arrivals().take().unwrap_or_default();
        self.lines.extend(arrivals);
        self.give_all_back();
    }

    /// Who they are is for their followers to know: all of those look, whenever anybody is out.
    fn let_go_of_those_who_may_be_out(&mut self) {
        let revision = self.standing.revision();
        if revision != self.revision {
            self.revision = revision;
            self.give_all_back();
        }
    }

    fn take_arrivals(&mut self) {
        let arrivals = self.shared.arrivals().as_mut().map(take).unwrap_or_default();
        if self.lines.is_empty() {
            self.newest = self.feed.tail().head();
            self.shared.has_lines.store(!arrivals.is_empty(), Ordering::SeqCst);
        }
        for line in arrivals {
            let Some(found) = line.upgrade() else { continue };
            // One that lacks what was written before it came is not for this thread, nor one that may be out by now.
            if found.revision() == self.revision && found.live().is_some_and(|(_, cursor)| cursor >= self.newest) {
                self.lines.push(line);
            } else {
                found.give_back();
            }
        }
    }

    /// Writes the next events to all; false if there are none, or nobody.
    fn write_news(&mut self) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        let before = self.newest;
        let piece = match self.feed.tail().piece(before.next(), PIECE_BYTES) {
            Ok(Some(piece)) => piece,
            Ok(None) => return false,
            Err(NotHere) => {
                self.give_all_back();
                return false;
            }
        };
        self.newest = piece.next().previous();
        let newest = self.newest;
        let piece = &piece;
        let framed =
            Framing::ALL.map(|framing| (framing, LazyCell::new(move || framing.frame(&piece.text(framing.form)))));
        self.lines.retain(|line| {
            let Some((line, framing, cursor)) = live(line) else { return false };
            if cursor >= newest {
                return true;
            }
            match framed.iter().find(|(known, _)| *known == framing) {
                Some((_, bytes)) if cursor == before => line.write_live(bytes, newest),
                // It came while this piece was made, and has a part of it.
                _ => {
                    line.give_back();
                    false
                }
            }
        });
        true
    }

    fn keep_alive(&mut self) {
        self.lines.retain(|line| {
            let Some((line, framing, cursor)) = live(line) else { return false };
            line.write_live(&framing.frame(framing.form.keep_alive()), cursor)
        });
    }

    fn give_all_back(&mut self) {
        self.lines.drain(..).filter_map(|line| line.upgrade()).for_each(|line| line.give_back());
    }
}

/// A line whose turn it still is, what is to be written on it, and its cursor.
fn live(line: &Weak<Line>) -> Option<(Arc<Line>, Framing, Seq)> {
    let line = line.upgrade()?;
    let (framing, cursor) = line.live()?;
    Some((line, framing, cursor))
}
