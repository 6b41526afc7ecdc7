//! The thorough look behind the start, while the server serves.
//!
//! What one row has lost is passed over where it is read, and all else goes on. Where the structure is damaged, a write could
//! spread it and an id could be taken twice, so nothing more is written; what can be read is read on.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use rusqlite::Connection;

use super::{
    super::{
        files::{Files, Loss},
        row::Sums,
    },
    thorough::{Finding, Thorough},
};
use crate::{timeline::Damage, trim, worker};

/// Memory of the look's own cache; what it lacks is in the system's.
const CACHE_KIB: i64 = 128;
/// Findings that are logged, each with its sentence; the others are counted.
const TOLD: u64 = 20;

/// What was found so far, for those who ask.
#[derive(Default)]
pub(in super::super) struct Soundness {
    damage: Mutex<Option<Damage>>,
    hinders_writing: AtomicBool,
    has_ended: AtomicBool,
}

impl Soundness {
    pub(in super::super) fn damage(&self) -> Option<Damage> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether what was found is such that a write would make it worse.
    pub(in super::super) fn hinders_writing(&self) -> bool {
        self.hinders_writing.load(Ordering::Relaxed)
    }

    /// Whether the look has come to its end, sound or not.
    pub(in super::super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    fn add(&self, finding: Finding) {
        let mut damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        let damage = damage.get_or_insert_with(|| Damage { count: 0, first: finding.what.clone() });
        damage.count += 1;
        if damage.count <= TOLD {
            let what = finding.what;
            tracing::error!(%what, "the store is damaged: restore a backup");
        }
        if finding.is_of_structure && !self.hinders_writing.swap(true, Ordering::Relaxed) {
            tracing::error!("nothing more is written to the store, as that would do more damage");
        }
    }
}

/// The look at work.
pub(in super::super) struct Behind {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Behind {
    /// Begins to look at the store at `path`, which is open and checked by `sums`.
    pub(in super::super) fn start(
        path: &Path,
        sums: Sums,
        files: Files,
        soundness: Arc<Soundness>,
    ) -> Result<Self, StartError> {
        let db = Connection::open(path)?;
        db.pragma_update(None, "query_only", true)?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        let stop = Arc::<AtomicBool>::default();
        let stopped = stop.clone();
        let work = move || {
            worker::step_back();
            // What was cut off under us must not be touched.
            let is_whole = move || !matches!(files.check(), Err(Loss::Cut(_)));
            let looked = Thorough::new(&db, sums).until(stopped, is_whole).run(&mut |finding| soundness.add(finding));
            match looked {
                Ok(is_whole) => {
                    soundness.has_ended.store(is_whole, Ordering::Release);
                    if is_whole && soundness.damage().is_none() {
                        tracing::debug!("all of the store was looked at: it is sound");
                    }
                }
                Err(error) => tracing::error!(%error, "the store could not be looked at"),
            }
            drop(db);
            trim::give_back();
        };
        Ok(Self { thread: worker::spawn("store-check", work)?, stop })
    }

    /// Ends it wherever it is.
    pub(in super::super) fn stop(self) -> JoinHandle<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
    }
}

/// Why it could not begin.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum StartError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    System(#[from] io::Error),
}
