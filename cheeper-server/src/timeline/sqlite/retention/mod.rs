//! How much of a log is kept: the oldest events go, a few at a time, between the writes of others.
//!
//! A thread of the lowest priority finds out up to where the log may go ([`plan`]); the writer, which alone writes, takes it away
//! in small steps with pauses ([`cut`], [`Retention`]). What is taken away first is the *floor*: from the commit on that
//! raises it, nothing below it is there for anybody, in the same view as the rows that go.
//!
//! Nothing goes before the look behind the start has come to its end: it adds up what it has seen, and would take for damage
//! what has gone meanwhile.

mod cut;
mod keep;
mod plan;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use cheeper_protocol::Seq;
use rusqlite::Connection;

pub(super) use self::cut::is_sound_floor;
pub use self::keep::Keep;
use self::plan::{Planner, Wanted};
use super::{
    check::behind::{Soundness, StartError},
    checkpoint::Log,
    files::Files,
    ledger::WriteError,
    mark,
    row::Sums,
};
use crate::worker;

/// What takes care of it in a store at `path`: for the writer what it takes away, and the thread that says up to where. `floor` is
/// told when that has risen, and the last is called when all has gone that is to go.
pub(super) fn start(
    path: &Path,
    keep: Keep,
    (files, soundness): (&Files, &Arc<Soundness>),
    (floor, on_rest): (Arc<AtomicU64>, Box<dyn FnMut() + Send>),
) -> Result<(Retention, Planning), StartError> {
    let wanted = Wanted::default();
    let retention = Retention::new(wanted.clone(), floor, on_rest);
    if !keep.is_bounded() {
        return Ok((retention, Planning::default()));
    }
    let db = Connection::open(path)?;
    db.pragma_update(None, "query_only", true)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let planner = Planner { db, keep, wanted, files: files.clone(), soundness: soundness.clone() };
    let (stop, stopped) = mpsc::channel();
    let thread = worker::spawn("store-keeper", move || planner.run(&stopped))?;
    Ok((retention, Planning(Some((stop, thread)))))
}

/// The planner at work; none if all is kept.
#[derive(Default)]
pub(super) struct Planning(Option<(mpsc::Sender<()>, JoinHandle<()>)>);

impl Planning {
    /// Ends it, and gives what is to be waited for.
    pub(super) fn stop(self) -> Option<JoinHandle<()>> {
        self.0.map(|(_, thread)| thread)
    }
}

/// Memory of the planner's own cache; what it lacks is in the system's.
const CACHE_KIB: i64 = 128;
/// Rows of a step at the beginning, and between what and what it goes up and down with the time that they take.
const ROWS: u64 = 32;
const FEWEST_ROWS: u64 = 4;
const MOST_ROWS: u64 = 1024;
/// So long a step may hold up whoever comes just then, without the flush that a post's own commit has as well.
const STEP: Duration = Duration::from_millis(2);
/// The shortest pause between steps, and how many times as long as a step one is at least: so retention has a tenth of the
/// writer's time at most.
const PAUSE: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_millis(20) };
const PAUSES: u32 = 9;
/// A step may have stood still for other reasons.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The pause after a step that failed: the disk may be full.
const AGAIN: Duration = Duration::from_secs(10);
/// Free pages that stay in the file for what comes next: so many, and one in so many of all.
const SPARE_PAGES: u64 = if cfg!(test) { 0 } else { 256 };
const SPARE_SHARE: u64 = if cfg!(test) { u64::MAX } else { 20 };

/// What the writer takes away.
pub(super) struct Retention {
    wanted: Wanted,
    /// The floor, for those who ask without a view of the store.
    floor: Arc<AtomicU64>,
    /// Called when the floor has risen as far as it is to.
    on_rest: Box<dyn FnMut() + Send>,
    rows: u64,
    next: Instant,
    /// What has to be done yet.
    phase: Phase,
    has_told: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The floor may have to rise.
    Cut,
    /// What lies below it and hangs on many rows, or an earlier run has left.
    Sweep,
    /// The file is longer than it has to be.
    Shrink,
    /// Nothing, until more is wanted.
    Rest,
}

impl Retention {
    fn new(wanted: Wanted, floor: Arc<AtomicU64>, on_rest: Box<dyn FnMut() + Send>) -> Self {
        Self { wanted, floor, on_rest, rows: ROWS, next: Instant::now(), phase: Phase::Rest, has_told: false }
    }

    /// How long until the next step; none if nothing has to go.
    pub(super) fn due(&self) -> Option<Duration> {
        let is_wanted = self.phase != Phase::Rest || self.wanted.seq() > self.floor();
        is_wanted.then(|| self.next.saturating_duration_since(Instant::now()))
    }

    fn floor(&self) -> Seq {
        Seq::new(self.floor.load(Ordering::Acquire)).unwrap_or_default()
    }

    /// Takes a step if it is time.
    pub(super) fn step_if_due(&mut self, db: &mut Connection, sums: Sums, files: &Files, log: &mut Log) {
        if self.due().is_none_or(|due| !due.is_zero()) {
            return;
        }
        let began = Instant::now();
        match self.step(db, sums, files, log) {
            Ok(()) => {
                self.has_told = false;
                self.next = Instant::now() + (began.elapsed() * PAUSES).clamp(PAUSE, LONGEST_PAUSE);
            }
            Err(error) => {
                if !std::mem::replace(&mut self.has_told, true) {
                    tracing::warn!(%error, "old events could not be taken out of the store; it is tried again");
                }
                self.next = Instant::now() + AGAIN;
            }
        }
    }

    fn step(&mut self, db: &mut Connection, sums: Sums, files: &Files, log: &mut Log) -> Result<(), WriteError> {
        files.check()?;
        if !log.is_known {
            log.make_known(db)?;
        }
        let began = Instant::now();
        let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let (mut floor, mut length) = (None, None);
        let next = match self.phase {
            Phase::Rest | Phase::Cut => {
                let (reached, is_there) = cut::cut(&transaction, sums, self.wanted.seq(), self.rows)?;
                floor = Some(reached);
                if is_there { Phase::Sweep } else { Phase::Cut }
            }
            Phase::Sweep if cut::sweep(&transaction, self.rows)? => Phase::Sweep,
            Phase::Sweep => Phase::Shrink,
            Phase::Shrink => {
                let shrunk = cut::shrink(&transaction, self.rows, (SPARE_PAGES, SPARE_SHARE))?;
                length = shrunk.length;
                if shrunk.goes_on { Phase::Shrink } else { Phase::Rest }
            }
        };
        let with_mark = !log.is_marked;
        if with_mark {
            mark::mark(&transaction)?;
        }
        self.adapt(began.elapsed());
        if let Some(length) = length {
            // The file is cut off when the log is carried over, which is after this.
            files.may_shrink_to(length);
        }
        transaction.commit()?;
        log.on_commit(with_mark);
        if let Some(floor) = floor {
            self.floor.store(floor.get(), Ordering::Release);
        }
        self.phase = next;
        if next == Phase::Rest {
            // The log has the pages as they were.
            log.empty_soon();
            (self.on_rest)();
        }
        log.checkpoint_if_long(db);
        Ok(())
    }

    /// As many rows as there is time for.
    fn adapt(&mut self, took: Duration) {
        if took > STEP {
            self.rows = (self.rows / 2).max(FEWEST_ROWS);
        } else if took < STEP / 4 {
            self.rows = (self.rows * 2).min(MOST_ROWS);
        }
    }
}
