//! Searches, one after the other, on a thread of their own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cheeper_protocol::{
    Code, Event, Refusal, Search, Seq,
    limits::{PAGE, PAGE_BYTES},
};
use rusqlite::{Connection, OpenFlags};

use super::{index::is_damage, patience::Patience, shared::Shared};
use crate::timeline::{
    Answer, Part, bytes_of,
    search::{Document, Query, Term},
    sqlite::{queue::Receiver, reader::Reader, snapshot::ReadError},
};

/// Memory of its own cache; what it lacks is in the system's.
const CACHE_KIB: i64 = 256;
/// Seqs that are looked through at first, then more and more, up to so many at once: most searches are for what is new.
const FIRST_STEP: u64 = 65_536;
const LONGEST_STEP: u64 = 1_048_576;
/// So long a search may hold up those that wait. Tests search for little, on machines that may stand still for a while.
const PATIENCE: Duration = if cfg!(test) { Duration::from_secs(60) } else { Duration::from_millis(500) };

/// A search that somebody waits for.
pub(in super::super) struct Request {
    pub(in super::super) search: Search,
    /// Nothing after this one is wanted.
    pub(in super::super) last: Seq,
    pub(in super::super) answer: Answer<Part>,
}

/// Why a search came to nothing.
#[derive(Debug, thiserror::Error)]
enum SearchError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Index(#[from] rusqlite::Error),
    #[error(transparent)]
    Store(#[from] ReadError),
}

/// The thread that searches.
pub(super) struct Searcher {
    path: PathBuf,
    reader: Reader,
    shared: Arc<Shared>,
    patience: Arc<Patience>,
    /// The index, and which one it is.
    index: Option<(Connection, u64)>,
}

impl Searcher {
    pub(super) fn new(path: PathBuf, reader: Reader, shared: Arc<Shared>) -> Self {
        let patience = Arc::new(Patience::new(shared.clone()));
        Self { path, reader, shared, patience, index: None }
    }

    /// Works until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, queue: &Receiver<Request>) {
        while let Some(Request { search, last, answer }) = queue.recv() {
            answer(self.search(&search, last, PATIENCE).map_err(|error| match error {
                SearchError::Refused(refusal) => refusal,
                error => {
                    tracing::warn!(%error, "a search failed");
                    self.index = None;
                    if let SearchError::Index(error) = &error
                        && is_damage(error)
                    {
                        self.shared.condemn();
                    }
                    Refusal::from(Code::Internal)
                }
            }));
        }
    }

    fn search(&mut self, search: &Search, last: Seq, patience: Duration) -> Result<Part, SearchError> {
        let query = Query::parse(search.q.as_str())?;
        // Before anything is looked up: so much is in the index for certain.
        let last = self.shared.indexed().min(last);
        let newest = search.before.map_or(last, |before| last.min(before.previous()));
        let Self { reader, index, shared, path, patience: watch } = self;
        // Of the search before this one nothing is to be held against it, not even while the index is opened.
        watch.begin(patience);
        let Some(index) = Self::index(index, shared, watch, path)? else {
            // It says itself that it knows nothing yet.
            return Ok(Part { events: Vec::new(), more_before: false, more_after: false, last: Seq::ZERO });
        };
        let mut found = Found { limit: search.limit.min(PAGE), ..Found::default() };
        match look_up(index, reader, watch, &query, newest, &mut found) {
            Ok(()) => {}
            // SQLite was told to give up, in whatever words it says so.
            Err(SearchError::Index(_)) if watch.has_ended() => found.has_ended_early = true,
            Err(error) => return Err(error),
        }
        let (events, more_before) = found.into_page(shared.is_closed())?;
        Ok(Part { events, more_before, more_after: false, last })
    }

    /// The index that there is now; none before the first was opened.
    fn index<'a>(
        open: &'a mut Option<(Connection, u64)>,
        shared: &Shared,
        patience: &Arc<Patience>,
        path: &Path,
    ) -> rusqlite::Result<Option<&'a Connection>> {
        let generation = shared.generation();
        if open.as_ref().map(|(_, opened)| *opened) != generation {
            *open = None;
            if let Some(generation) = generation {
                // Should it be gone, another one is being made.
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let db = Connection::open_with_flags(path, flags)?;
                db.pragma_update(None, "query_only", true)?;
                db.pragma_update(None, "cache_size", -CACHE_KIB)?;
                patience.watch(&db)?;
                *open = Some((db, generation));
            }
        }
        Ok(open.as_ref().map(|(db, _)| db))
    }
}

/// Finds what there is up to `newest`, until a page is full or the search has to end.
fn look_up(
    index: &Connection,
    reader: &mut Reader,
    patience: &Patience,
    query: &Query,
    newest: Seq,
    found: &mut Found,
) -> Result<(), SearchError> {
    let mut statement = index
        .prepare_cached("SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC")?;
    let (terms, mut step, mut up_to) = (expression(query), FIRST_STEP, newest.get());
    while up_to > 0 {
        let from = up_to.saturating_sub(step) + 1;
        let mut rows = statement.query((&terms, from, up_to))?;
        while let Some(row) = rows.next()? {
            let seq = Seq::new(row.get(0)?).unwrap_or_default();
            match reader.cheep(seq) {
                Ok(Some(cheep)) if query.matches(&Document::of(&cheep)) => found.add(Event::Cheep(cheep)),
                // It was changed since, or it is damaged, which is told to who reads it.
                Ok(_) | Err(ReadError::Damaged(_)) => {}
                Err(error) => return Err(error.into()),
            }
            if found.has_more {
                return Ok(());
            }
            // Many that were changed since take long as well.
            if patience.ends() {
                found.has_ended_early = true;
                return Ok(());
            }
        }
        (up_to, step) = (from - 1, (step * 4).min(LONGEST_STEP));
    }
    Ok(())
}

/// What was found, the newest first.
#[derive(Default)]
struct Found {
    events: Vec<Event>,
    bytes: usize,
    limit: usize,
    has_more: bool,
    /// There may be more that nobody has looked for.
    has_ended_early: bool,
}

impl Found {
    /// Takes it, or notes that there is more than fits.
    fn add(&mut self, event: Event) {
        if self.events.len() >= self.limit || self.bytes >= PAGE_BYTES {
            self.has_more = true;
            return;
        }
        self.bytes += bytes_of(&event);
        self.events.push(event);
    }

    /// The page, and whether there is more. What a search has found that had to end is a page from which can be read on; one
    /// that has found nothing would come no further if it were tried again, unless it had to end with the store.
    fn into_page(self, is_closed: bool) -> Result<(Vec<Event>, bool), Refusal> {
        let Self { mut events, has_more, has_ended_early, .. } = self;
        if has_ended_early && events.is_empty() {
            return Err(if is_closed {
                Refusal::from(Code::Internal)
            } else {
                let why = "This search takes too long: look for rarer words, or for more of them.";
                Refusal::new(Code::BadField, why).in_field("q")
            });
        }
        events.reverse();
        Ok((events, has_more || has_ended_early))
    }
}

/// The query in the language of SQLite's full text index. Tokens have nothing that means anything there.
fn expression(query: &Query) -> String {
    let term = |term: &Term| match term {
        Term::Key(key) => format!("\"{key}\""),
        Term::Phrase { words, is_begun } => format!("\"{}\"{}", words.join(" "), if *is_begun { " *" } else { "" }),
    };
    query.terms.iter().map(term).collect::<Vec<_>>().join(" AND ")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use cheeper_protocol::limits::SEQ_MAX;
    use tempfile::TempDir;

    use super::{
        super::index::{Entry, Index, Position},
        *,
    };
    use crate::timeline::sqlite::{Store, files::Files};

    #[test]
    fn a_search_that_takes_too_long_is_refused_for_good_and_one_that_a_stop_ends_is_not() {
        let folder = TempDir::new().unwrap();
        let (path, index) = (folder.path().join("cheeper.db"), folder.path().join("search"));
        let store = Store::open(&path).unwrap();
        let db = Connection::open(&path).unwrap();
        let reader = Reader {
            db,
            sums: store.sums,
            files: Files::of(&path).unwrap(),
            head: Arc::new(AtomicU64::new(0)),
            told: Arc::default(),
        };
        let shared = Arc::new(Shared::new());
        let seqs = (1..=1000).filter_map(Seq::new);
        let entries: Vec<_> = seqs.map(|seq| Entry { seq, line: Some(format!("a{}", seq.get())) }).collect();
        Index::open(&index, "a timeline").unwrap().take(&entries, Position::default()).unwrap();
        shared.count_generation();
        shared.set_indexed(Seq::new(1000).unwrap());
        let mut searcher = Searcher::new(index, reader, shared.clone());
        let q = cheeper_protocol::Query::parse("a* a1*").unwrap();
        let search = Search { q, before: None, limit: PAGE };
        let mut within = |patience| searcher.search(&search, Seq::new(SEQ_MAX).unwrap(), patience);
        let refused = |found: Result<Part, SearchError>| match found {
            Err(SearchError::Refused(refusal)) => (refusal.code, refusal.field),
            found => panic!("{found:?}"),
        };
        let long = Duration::from_secs(60);
        assert!(within(long).unwrap().events.is_empty(), "the store has none of them");
        assert_eq!(refused(within(Duration::ZERO)), (Code::BadField, Some("q".into())));
        assert!(within(long).is_ok(), "it goes on");
        shared.close();
        assert_eq!(refused(within(long)), (Code::Internal, None));
    }

    #[test]
    fn what_was_found_before_a_search_had_to_end_is_a_page() {
        let events = vec![Event::Void { seq: Seq::ZERO.next() }];
        let found = |events, has_ended_early| Found { events, has_ended_early, ..Found::default() };
        assert_eq!(found(events.clone(), true).into_page(false).unwrap(), (events.clone(), true));
        assert_eq!(found(events.clone(), false).into_page(false).unwrap(), (events, false));
        assert_eq!(found(Vec::new(), false).into_page(false).unwrap(), (Vec::new(), false));
        assert!(found(Vec::new(), true).into_page(false).is_err());
    }
}
