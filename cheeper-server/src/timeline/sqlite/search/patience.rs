//! How long a search may go on. SQLite asks it all along, also within a step that would take long by itself: of a word's
//! beginning it puts all words together before it gives the first cheep.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::shared::Shared;

/// Instructions of SQLite's between two questions. A page of the index is read by a statement of a few.
const STEPS: i32 = 16;

/// One for the searcher, told of each search when that begins.
pub(super) struct Patience {
    until: Mutex<Option<Instant>>,
    /// The search under way was told to end.
    is_over: AtomicBool,
    shared: Arc<Shared>,
}

impl Patience {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { until: Mutex::new(None), is_over: AtomicBool::new(false), shared }
    }

    /// A search begins, which may take so long.
    pub(super) fn begin(&self, patience: Duration) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(patience);
        self.is_over.store(false, Ordering::Relaxed);
    }

    /// Whether the search has to end: it takes too long, or the store is to be closed.
    pub(super) fn ends(&self) -> bool {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if self.shared.is_closed() || until.is_some_and(|until| Instant::now() > until) {
            self.is_over.store(true, Ordering::Relaxed);
        }
        self.has_ended()
    }

    /// Whether the search was told to.
    pub(super) fn has_ended(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Has SQLite ask it, and give up with an error when the search has to end.
    pub(super) fn watch(self: &Arc<Self>, db: &Connection) -> rusqlite::Result<()> {
        let patience = self.clone();
        db.progress_handler(STEPS, Some(move || patience.ends()))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ErrorCode;
    use tempfile::TempDir;

    use super::{
        super::index::{Entry, Index, Position},
        *,
    };

    #[test]
    fn a_search_ends_before_its_first_hit_is_there() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("search");
        let mut index = Index::open(&path, "a timeline").unwrap();
        let seqs = (1..=20_000).filter_map(cheeper_protocol::Seq::new);
        let entries: Vec<_> = seqs.map(|seq| Entry { seq, line: Some(format!("a{}", seq.get())) }).collect();
        index.take(&entries, Position::default()).unwrap();
        let db = Connection::open(&path).unwrap();
        let shared = Arc::new(Shared::new());
        let patience = Arc::new(Patience::new(shared.clone()));
        patience.watch(&db).unwrap();
        patience.begin(Duration::from_secs(60));
        let mut statement = db.prepare("SELECT rowid FROM words WHERE words MATCH '\"a\" *'").unwrap();
        assert!(statement.query([]).unwrap().next().unwrap().is_some());
        assert!(!patience.has_ended());

        patience.begin(Duration::ZERO);
        let error = statement.query([]).unwrap().next().map(drop).unwrap_err();
        assert_eq!((error.sqlite_error_code(), patience.has_ended()), (Some(ErrorCode::OperationInterrupted), true));

        patience.begin(Duration::from_secs(60));
        assert!(statement.query([]).unwrap().next().unwrap().is_some(), "the next one is not to blame");
        shared.close();
        statement.query([]).unwrap().next().map(drop).unwrap_err();
        assert!(patience.has_ended());
    }
}
