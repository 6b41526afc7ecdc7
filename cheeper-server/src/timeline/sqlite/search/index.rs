//! The index's own database, as its one writer has it.
//!
//! Its words are whole words to SQLite's full text index, which parts ASCII only (`timeline/search/tokens.rs` has cut them). It keeps the
//! tokens of each cheep, or it would not know which words of the index go with a cheep that goes; and it overwrites what goes,
//! in the index and in the pages that become free.

use std::{
    fs::{self, File, Permissions},
    io::{self, Read as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use cheeper_protocol::Seq;
use rusqlite::{Connection, OptionalExtension as _};

use super::super::lock::{LOG, beside};

/// "ChSe": no store, and no other program's database.
const APPLICATION_ID: i32 = 0x4368_5365;
/// Rises with the tables and with what tokens are.
const VERSION: i32 = 1;
/// What people wrote is its owner's alone, as in the store.
const OWNER_ONLY: u32 = 0o600;
/// Cheeps that are taken out of it at once.
const FORGOTTEN: usize = 256;
/// Memory of its own cache while it is filled.
const CACHE_KIB: i64 = 1024;

/// Why an index cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum IndexError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    System(#[from] io::Error),
    #[error("{} is another program's file, or a store, which is left as it is", .0.display())]
    Foreign(PathBuf),
}

/// Where an index is told from that of a store with another past: a cheep, and when that was posted, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) seq: Seq,
    pub(super) at_ms: i64,
}

/// How far an index goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// All events up to here are in it.
    pub(super) seq: Seq,
    /// The newest cheep among them, if there is one.
    pub(super) mark: Option<Mark>,
}

/// What a cheep is found by from now on; nothing: it is not found any more.
pub(super) struct Entry {
    pub(super) seq: Seq,
    pub(super) line: Option<String>,
}

/// The index as its writer has it.
pub(super) struct Index {
    db: Connection,
    position: Position,
}

impl Index {
    /// Opens the index at `path` of the store that is named `timeline`. One that is not of this version or of another store is
    /// made anew.
    pub(super) fn open(path: &Path, timeline: &str) -> Result<Self, IndexError> {
        if is_foreign(path)? {
            return Err(IndexError::Foreign(path.to_owned()));
        }
        match Self::open_sound(path, timeline) {
            Ok(Some(index)) => return Ok(index),
            Ok(None) => {}
            Err(error) if is_damage(&error) => {}
            Err(error) => return Err(error.into()),
        }
        remove(path)?;
        File::options().write(true).create(true).truncate(false).mode(OWNER_ONLY).open(path)?;
        let db = connect(path)?;
        create(&db, timeline)?;
        Ok(Self { db, position: Position::default() })
    }

    /// The index that is there, if it is this store's.
    fn open_sound(path: &Path, timeline: &str) -> rusqlite::Result<Option<Self>> {
        if !path.exists() {
            return Ok(None);
        }
        for file in ["", "-wal", "-shm"].map(|suffix| beside(path, suffix)) {
            // Those beside it may not be there.
            drop(fs::set_permissions(file, Permissions::from_mode(OWNER_ONLY)));
        }
        let db = connect(path)?;
        let version: i32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version != VERSION {
            return Ok(None);
        }
        let query = "SELECT position, mark, mark_at_ms FROM state WHERE timeline = ?";
        let position = db.query_row(query, [timeline], |row| {
            let seq = |number: Option<u64>| number.and_then(Seq::new);
            let mark = seq(row.get(1)?).zip(row.get::<_, Option<i64>>(2)?).map(|(seq, at_ms)| Mark { seq, at_ms });
            Ok(Position { seq: seq(row.get(0)?).unwrap_or_default(), mark })
        });
        Ok(position.optional()?.map(|position| Self { db, position }))
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Takes these entries in order and goes on to a position, all or nothing.
    pub(super) fn take(&mut self, entries: &[Entry], position: Position) -> rusqlite::Result<()> {
        let transaction = self.db.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT INTO words (rowid, tokens) VALUES (?, ?)")?;
            let mut delete = transaction.prepare_cached("DELETE FROM words WHERE rowid = ?")?;
            let mut newest = self.position.seq;
            for Entry { seq, line } in entries {
                // What is newer than all before is not in it.
                if *seq <= newest {
                    delete.execute([seq.get()])?;
                }
                newest = newest.max(*seq);
                if let Some(line) = line {
                    insert.execute((seq.get(), line))?;
                }
            }
            let (seq, at_ms) = (position.mark.map(|mark| mark.seq.get()), position.mark.map(|mark| mark.at_ms));
            let update = "UPDATE state SET position = ?, mark = ?, mark_at_ms = ?";
            transaction.prepare_cached(update)?.execute((position.seq.get(), seq, at_ms))?;
        }
        transaction.commit()?;
        self.position = position;
        Ok(())
    }

    /// Takes out some of what lies before `floor`. False if there is none.
    pub(super) fn forget_before(&self, floor: Seq) -> rusqlite::Result<bool> {
        let query = "DELETE FROM words WHERE rowid IN (SELECT rowid FROM words WHERE rowid < ? LIMIT ?)";
        Ok(self.db.prepare_cached(query)?.execute((floor.get(), FORGOTTEN))? > 0)
    }

    /// Empties the log, in which the pages stand as they were before something was taken out of them. False if somebody reads
    /// it at this moment.
    pub(super) fn forget_earlier_pages(&self) -> rusqlite::Result<bool> {
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
    }

    /// Gives back what filling it took.
    pub(super) fn rest(&self) -> rusqlite::Result<()> {
        self.db.release_memory()
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // Without a flush for each commit, a power cut takes it back to one before: its position goes with it.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(db)
}

fn create(db: &Connection, timeline: &str) -> rusqlite::Result<()> {
    db.execute_batch(
        "BEGIN;
        CREATE TABLE state (
            timeline TEXT NOT NULL,
            position INTEGER NOT NULL,
            mark INTEGER,
            mark_at_ms INTEGER
        ) STRICT;
        CREATE VIRTUAL TABLE words USING fts5 (tokens, tokenize = 'ascii', columnsize = 0);
        INSERT INTO words (words, rank) VALUES ('secure-delete', 1);",
    )?;
    db.execute("INSERT INTO state VALUES (?, 0, NULL, NULL)", [timeline])?;
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    db.pragma_update(None, "user_version", VERSION)?;
    db.execute_batch("COMMIT")
}

/// Whether what lies in the place is a database, but not an index: somebody may have named a store so.
fn is_foreign(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(100).read_to_end(&mut head)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let is_database = head.len() == 100 && head.starts_with(b"SQLite format 3\0");
    // One whose making was cut off has none yet.
    Ok(is_database && ![[0; 4], APPLICATION_ID.to_be_bytes()].iter().any(|id| head[68..72] == *id))
}

/// Removes an index with what SQLite keeps beside it.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for file in ["", "-wal", "-shm", "-journal"].map(|suffix| beside(path, suffix)) {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether there is something in an index's log.
pub(super) fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, LOG)).is_ok_and(|log| log.len() > 0)
}

/// Whether the index is at fault, and not the disk or the system.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, Unknown};
    // A table that is not there, or a value of another kind, is damage as well.
    error.sqlite_error_code().is_none_or(|code| matches!(code, DatabaseCorrupt | NotADatabase | Unknown))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn index() -> (TempDir, Index) {
        let folder = TempDir::new().unwrap();
        let index = Index::open(&folder.path().join("search"), "a timeline").unwrap();
        (folder, index)
    }

    fn seq(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    fn at(number: u64) -> Position {
        Position { seq: seq(number), mark: Some(Mark { seq: seq(number), at_ms: 7 }) }
    }

    /// Whether a word stands anywhere in the files.
    fn stands_in_a_file(folder: &TempDir, word: &str) -> bool {
        let files = fs::read_dir(folder.path()).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
    }

    fn found(index: &Index, word: &str) -> Vec<u64> {
        let mut statement = index.db.prepare("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid").unwrap();
        let rows = statement.query_map([format!("\"{word}\"")], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn what_is_taken_out_is_in_none_of_the_files_any_more() {
        let (folder, mut index) = index();
        // Enough for many pages, in several pieces that are merged now and then.
        for chunk in 0..30_u64 {
            let line =
                |nth: u64| (nth > 0).then(|| format!("common words and unique{nth:04}x and shared{:02}x", nth % 40));
            let numbers = (1..=100).map(|nth| chunk * 100 + nth);
            let entries: Vec<_> = numbers.map(|nth| Entry { seq: seq(nth), line: line(nth) }).collect();
            index.take(&entries, at((chunk + 1) * 100)).unwrap();
        }
        assert!(stands_in_a_file(&folder, "unique0777x"));
        let gone: Vec<u64> = (1..3000).step_by(37).collect();
        let entries: Vec<_> = gone.iter().map(|nth| Entry { seq: seq(*nth), line: None }).collect();
        index.take(&entries, at(3001)).unwrap();
        let edited = Entry { seq: seq(1500), line: Some("another line".to_owned()) };
        index.take(&[edited], at(3002)).unwrap();
        assert!(index.forget_earlier_pages().unwrap());
        for nth in gone.into_iter().chain([1500]) {
            let word = format!("unique{nth:04}x");
            // The index keeps what a word has in common with the one before apart, so the number is what tells.
            assert!(!stands_in_a_file(&folder, &word), "{word} is there");
            assert_eq!(found(&index, &word), [0; 0]);
        }
        assert_eq!((found(&index, "unique0777x"), found(&index, "another")), (vec![777], vec![1500]));
        // All cheeps that had it.
        let last: Vec<_> =
            (1..=3000).filter(|nth| nth % 40 == 7).map(|nth| Entry { seq: seq(nth), line: None }).collect();
        assert!(stands_in_a_file(&folder, "shared07x"));
        index.take(&last, at(3003)).unwrap();
        assert!(index.forget_earlier_pages().unwrap());
        assert!(!stands_in_a_file(&folder, "shared07x"));
    }

    #[test]
    fn it_goes_on_where_it_was_left() {
        let (folder, mut index) = index();
        let path = folder.path().join("search");
        index.take(&[Entry { seq: seq(1), line: Some("hello".to_owned()) }], at(1)).unwrap();
        drop(index);
        let index = Index::open(&path, "a timeline").unwrap();
        assert_eq!((index.position(), found(&index, "hello")), (at(1), vec![1]));
        drop(index);
        let index = Index::open(&path, "another timeline").unwrap();
        assert_eq!((index.position(), found(&index, "hello")), (Position::default(), vec![]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Whatever is put in, changed and taken out, in whatever transactions: it finds what is there, and nothing else.
        #[test]
        fn it_holds_what_was_put_there_last(
            steps in prop::collection::vec(prop::collection::vec((1..30_u64, prop::option::of("[abc]( [abc]){0,3}")), 1..8), 1..12),
        ) {
            let (_folder, mut index) = index();
            let mut model = std::collections::BTreeMap::new();
            let mut newest = 0;
            for entries in steps {
                let entries: Vec<_> = entries.into_iter().map(|(nth, line)| Entry { seq: seq(nth), line }).collect();
                for Entry { seq, line } in &entries {
                    newest = newest.max(seq.get());
                    model.insert(seq.get(), line.clone().unwrap_or_default());
                }
                index.take(&entries, at(newest)).unwrap();
            }
            for word in ["a", "b", "c"] {
                let expected: Vec<u64> =
                    model.iter().filter(|(_, line)| line.split(' ').any(|part| part == word)).map(|(seq, _)| *seq).collect();
                prop_assert_eq!(found(&index, word), expected);
            }
        }
    }
}
