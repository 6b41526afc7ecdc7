//! Fills the index, behind the writes.

use std::{path::PathBuf, sync::Arc, time::Duration};

use cheeper_protocol::{Cheep, Event, Seq};

use super::{
    index::{self, Entry, Index, IndexError, Mark, Position},
    shared::Shared,
};
use crate::{
    timeline::{
        Read,
        search::Document,
        sqlite::{reader::Reader, snapshot::ReadError},
    },
    trim, worker,
};

/// Events in one read of the store: while it is read, its log cannot begin anew.
const READ: u64 = 256;
/// Events in one transaction, at most, while much is waiting: each makes a piece of the index that has to be merged.
const TRANSACTION: usize = 8192;
/// So long news gather before they are taken, so that a busy store does not make a transaction for each of its own. Tests
/// wait for the index very often.
const GATHER: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_millis(100) };
/// Then it is tried again, if something went wrong or the log could not be emptied.
const AGAIN: Duration = Duration::from_secs(1);
/// Nothing is to be tried again.
const FOREVER: Duration = Duration::from_secs(3600);

/// Why the index is not filled at the moment.
#[derive(Debug, thiserror::Error)]
enum IndexingError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Store(#[from] ReadError),
}

impl From<rusqlite::Error> for IndexingError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index(error.into())
    }
}

/// The thread that fills it.
pub(super) struct Indexer {
    path: PathBuf,
    timeline: String,
    reader: Reader,
    shared: Arc<Shared>,
    index: Option<Index>,
    /// Something was taken out, and the log still has it.
    has_earlier_pages: bool,
    has_told: bool,
}

impl Indexer {
    pub(super) fn new(path: PathBuf, timeline: String, reader: Reader, shared: Arc<Shared>) -> Self {
        Self { path, timeline, reader, shared, index: None, has_earlier_pages: false, has_told: false }
    }

    /// Works until nothing more is wanted.
    pub(super) fn run(mut self) {
        worker::step_back();
        let mut patience = FOREVER;
        while self.shared.wait(patience, GATHER) {
            patience = match self.catch_up() {
                Ok(()) => {
                    self.has_told = false;
                    if self.has_earlier_pages { AGAIN } else { FOREVER }
                }
                Err(error) => {
                    self.give_up(&error);
                    AGAIN
                }
            };
        }
    }

    /// Something went wrong: an index that is damaged is made anew, all else is tried again.
    fn give_up(&mut self, error: &IndexingError) {
        if !std::mem::replace(&mut self.has_told, true) {
            tracing::warn!(%error, "the search index cannot be filled; it is tried again");
        }
        self.index = None;
        if let IndexingError::Index(IndexError::Sqlite(error)) = error
            && index::is_damage(error)
        {
            self.begin_anew();
        }
    }

    /// The index there is cannot be used any more.
    fn begin_anew(&mut self) {
        self.index = None;
        self.shared.set_indexed(Seq::ZERO);
        if let Err(error) = index::remove(&self.path) {
            tracing::warn!(%error, "the search index cannot be removed");
        }
    }

    fn catch_up(&mut self) -> Result<(), IndexingError> {
        if self.shared.was_condemned() {
            self.begin_anew();
        }
        let is_first = self.index.is_none();
        let mut index = match self.index.take() {
            Some(index) => index,
            None => self.open()?,
        };
        let mut taken = 0;
        while !self.shared.is_closed() && index.forget_before(self.reader.floor()?)? {
            self.has_earlier_pages = true;
        }
        while index.position().seq < self.reader.newest() && !self.shared.is_closed() {
            let (entries, position) = self.gather(index.position())?;
            index.take(&entries, position)?;
            self.shared.set_indexed(position.seq);
            taken += entries.len();
        }
        if self.has_earlier_pages {
            self.has_earlier_pages = !index.forget_earlier_pages()?;
        }
        index.rest()?;
        if is_first || taken >= TRANSACTION {
            // The first time is when a server starts; what was posted in between took some megabytes to take in.
            trim::give_back();
        }
        self.index = Some(index);
        Ok(())
    }

    /// The index, if it belongs to the store as it is; else another one.
    fn open(&mut self) -> Result<Index, IndexingError> {
        // A run that was killed may have left there what it had just taken out.
        self.has_earlier_pages |= index::has_log(&self.path);
        let mut index = Index::open(&self.path, &self.timeline)?;
        let Position { seq, mark } = index.position();
        // A backup that was put into the store's place has another past.
        let is_of_another_past = match mark {
            _ if seq > self.reader.newest() => true,
            None => false,
            Some(mark) => self.cheep(mark.seq)?.is_none_or(|cheep| cheep.at.as_millisecond() != mark.at_ms),
        };
        if is_of_another_past {
            drop(index);
            index::remove(&self.path).map_err(IndexError::from)?;
            index = Index::open(&self.path, &self.timeline)?;
        }
        self.shared.set_indexed(index.position().seq);
        self.shared.count_generation();
        Ok(index)
    }

    /// What comes next into the index, and how far it goes then.
    fn gather(&mut self, from: Position) -> Result<(Vec<Entry>, Position), IndexingError> {
        let (mut entries, mut position) = (Vec::new(), from);
        // Of what is not kept any longer there is nothing to be read.
        position.seq = position.seq.max(self.reader.floor()?.previous());
        let head = self.reader.newest();
        while position.seq < head && entries.len() < TRANSACTION && !self.shared.is_closed() {
            let first = position.seq.next();
            let last = Seq::new(position.seq.get() + READ).unwrap_or(head).min(head);
            for event in &self.reader.part(&Read::Events { first, last })?.events {
                self.take(event, &mut entries, &mut position)?;
            }
        }
        Ok((entries, position))
    }

    fn take(&mut self, event: &Event, entries: &mut Vec<Entry>, position: &mut Position) -> Result<(), ReadError> {
        let entry = |cheep: &Cheep| {
            let line = (!cheep.is_deleted()).then(|| Document::of(cheep).to_line());
            Entry { seq: cheep.seq, line }
        };
        match event {
            Event::Cheep(cheep) => {
                position.mark = Some(Mark { seq: cheep.seq, at_ms: cheep.at.as_millisecond() });
                entries.push(entry(cheep));
            }
            // The cheep as it is now: whatever else has changed it, this is right or a later event makes it so.
            Event::Edit(edit) => {
                self.has_earlier_pages = true;
                let target = self.cheep(edit.target)?;
                entries.push(target.map_or(Entry { seq: edit.target, line: None }, |cheep| entry(&cheep)));
            }
            Event::Delete(delete) => {
                self.has_earlier_pages = true;
                entries.push(Entry { seq: delete.target, line: None });
            }
            // What is damaged is told where it is read; what is sound is found.
            Event::Reaction(_) | Event::Void { .. } | Event::Unknown { .. } => {}
        }
        position.seq = event.seq();
        Ok(())
    }

    /// A cheep as it is now; none if it is not there or damaged. What cannot be read for a moment is no such thing: passed over
    /// now, it would not be found ever after.
    fn cheep(&mut self, seq: Seq) -> Result<Option<Cheep>, ReadError> {
        match self.reader.cheep(seq) {
            Err(ReadError::Damaged(_)) => Ok(None),
            read => read,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use cheeper_protocol::{CheepText, Edit, Timestamp};
    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;
    use crate::timeline::sqlite::{Store, files::Files};

    #[test]
    fn an_edit_of_what_cannot_be_read_for_a_moment_is_not_passed_over() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("cheeper.db");
        let store = Store::open(&path).unwrap();
        let head = Arc::new(AtomicU64::new(2));
        // Without its tables it can read nothing.
        let (db, files) = (Connection::open_in_memory().unwrap(), Files::of(&path).unwrap());
        let reader = Reader { db, sums: store.sums, files, head, told: Arc::default() };
        let shared = Arc::new(Shared::new());
        let mut indexer = Indexer::new(folder.path().join("search"), "a timeline".to_owned(), reader, shared);
        let target = Seq::ZERO.next();
        let (at, cheep) = (Timestamp::UNIX_EPOCH, CheepText::cleaned("new"));
        let edit = Event::Edit(Edit { seq: target.next(), at, target, cheep, id: None });
        let (mut entries, mut position) = (Vec::new(), Position::default());
        assert!(indexer.take(&edit, &mut entries, &mut position).is_err());
        assert_eq!((entries.len(), position), (0, Position::default()), "it comes again");
    }
}
