//! Searches, one after the other, on a thread of their own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use cheeper_protocol::{
    Code, Event, Refusal, Search, Seq,
    limits::{PAGE, PAGE_BYTES},
};
use rusqlite::{Connection, OpenFlags};

use super::{index::is_damage, shared::Shared};
use crate::timeline::{
    Answer, Part, bytes_of,
    search::{Document, Query, Term},
    sqlite::{queue::Receiver, reader::Reader, snapshot::ReadError},
};

/// Memory of its own cache; what it lacks is in the system's.
const CACHE_KIB: i64 = 256;
/// Seqs that are looked through at first, then more and more, up to so many at once. Between two of these steps a search that
/// takes too long can be ended.
const FIRST_STEP: u64 = 65_536;
const LONGEST_STEP: u64 = 1_048_576;
/// So long a search may hold up those that wait.
const PATIENCE: Duration = Duration::from_millis(250);

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
    /// The index, and which one it is.
    index: Option<(Connection, u64)>,
}

impl Searcher {
    pub(super) fn new(path: PathBuf, reader: Reader, shared: Arc<Shared>) -> Self {
        Self { path, reader, shared, index: None }
    }

    /// Works until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, queue: &Receiver<Request>) {
        while let Some(Request { search, last, answer }) = queue.recv() {
            answer(self.search(&search, last).map_err(|error| match error {
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

    fn search(&mut self, search: &Search, last: Seq) -> Result<Part, SearchError> {
        let query = Query::parse(search.q.as_str())?;
        // Before anything is looked up: so much is in the index for certain.
        let last = self.shared.indexed().min(last);
        let newest = search.before.map_or(last, |before| last.min(before.previous()));
        let Self { reader, index, shared, path } = self;
        let Some(index) = Self::index(index, shared, path)? else {
            // It says itself that it knows nothing yet.
            return Ok(Part { events: Vec::new(), more_before: false, more_after: false, last: Seq::ZERO });
        };
        let mut found = Found { limit: search.limit.min(PAGE), ..Found::default() };
        let (began, terms) = (Instant::now(), expression(&query));
        let (mut step, mut up_to) = (FIRST_STEP, newest.get());
        let mut statement = index.prepare_cached(
            "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC",
        )?;
        while up_to > 0 && !found.has_more {
            let from = up_to.saturating_sub(step) + 1;
            let mut rows = statement.query((&terms, from, up_to))?;
            while let Some(row) = rows.next()?
                && !found.has_more
            {
                let seq = Seq::new(row.get(0)?).unwrap_or_default();
                match reader.cheep(seq) {
                    Ok(Some(cheep)) if query.matches(&Document::of(&cheep)) => found.add(Event::Cheep(cheep)),
                    // It was changed since, or it is damaged, which is told to who reads it.
                    Ok(_) | Err(ReadError::Damaged(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            (up_to, step) = (from - 1, (step * 4).min(LONGEST_STEP));
            if up_to > 0 && began.elapsed() > PATIENCE && !found.has_more {
                found.end_early()?;
            }
        }
        found.events.reverse();
        Ok(Part { events: found.events, more_before: found.has_more, more_after: false, last })
    }

    /// The index that there is now; none before the first was opened.
    fn index<'a>(
        open: &'a mut Option<(Connection, u64)>,
        shared: &Shared,
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
                *open = Some((db, generation));
            }
        }
        Ok(open.as_ref().map(|(db, _)| db))
    }
}

/// What was found, the newest first.
#[derive(Default)]
struct Found {
    events: Vec<Event>,
    bytes: usize,
    limit: usize,
    has_more: bool,
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

    /// Others wait. What there is so far is a page, from which can be read on.
    fn end_early(&mut self) -> Result<(), Refusal> {
        if self.events.is_empty() {
            let why = "This search takes too long: look for rarer words, or for more of them.";
            return Err(Refusal::new(Code::Internal, why));
        }
        self.has_more = true;
        Ok(())
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
