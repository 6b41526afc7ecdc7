//! Makes a store of lines. They go the way of events that come in: each changes the cheeps that it names as the same event did
//! when it was new, so what lines say of a cheep's state is taken from the events alone. In the end all is looked at
//! like any other store, and only then it is put in its place.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{BufRead, Read as _},
    path::Path,
};

use cheeper_protocol::{
    Action, Cheep, CheepState, CheepText, DeletedBy, Entry, Event, FoldedName, Name, Seq, Timestamp,
};
use rusqlite::{Connection, ErrorCode, Transaction};

use super::{
    super::{
        check::{self, Found},
        ledger::{Ledger, WriteError},
        lock::StoreLock,
        row::{FLOOR, Sums, seq},
        schema::{self, Identity},
    },
    error::ExchangeError,
    line::{Header, LINE_BYTES, Line, What},
};
use crate::timeline::{
    now,
    rules::{Change, Holder, State as _},
    sqlite::error::OpenError,
};

/// Statements that are kept ready: all that there are.
const STATEMENTS: usize = 32;
/// Stands in the place of a text that is gone until the event comes that took it away.
const GONE: &str = "-";

/// What was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// What the lines were.
    pub what: What,
    /// The last event of the new store.
    pub head: Seq,
}

/// Makes a new store at `path` of these lines: all of them, or it is not there.
pub fn import(lines: &mut dyn BufRead, path: &Path) -> Result<Imported, ExchangeError> {
    let mut lock = StoreLock::take(path)?;
    if !matches!(check::look(&lock), Ok(Found::Nothing)) {
        return Err(ExchangeError::Exists(path.to_owned()));
    }
    let mut made = Err(ExchangeError::Unsound("there are none".to_owned()));
    let put = lock.put_new(|new, path| {
        schema::create(new, path)?;
        made = fill(lines, new, path);
        // It is told below, in its own words.
        made.as_ref().map(drop).map_err(|_| OpenError::unusable(path, "no store was made"))
    });
    let imported = made?;
    put?;
    Ok(imported)
}

fn fill(lines: &mut dyn BufRead, new: &Path, path: &Path) -> Result<Imported, ExchangeError> {
    let failed = |error: rusqlite::Error| ExchangeError::sqlite(path, &error);
    let mut db = Connection::open(new).map_err(failed)?;
    // It is thrown away if it does not come to its end, and flushed when it has.
    db.pragma_update(None, "journal_mode", "OFF").map_err(failed)?;
    db.pragma_update(None, "synchronous", "OFF").map_err(failed)?;
    db.pragma_update(None, "secure_delete", "ON").map_err(failed)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    let identity = Identity::read(&db).map_err(failed)?;
    let sums = identity.ok_or_else(|| OpenError::damaged(path, "its key is damaged"))?.sums();
    let mut reader = LineReader { lines, nth: 0 };
    let first = reader.next()?.ok_or_else(|| reader.refuse("there is no first line"))?;
    let header = Header::parse(&first).map_err(|why| reader.refuse(why))?;
    let transaction = db.transaction().map_err(failed)?;
    let mut taker = Taker::new(&transaction, sums, &header);
    while let Some(line) = reader.next()? {
        let line = Line::parse(&line).map_err(|why| reader.refuse(why))?;
        taker.take(line).map_err(|error| match error {
            TakeError::Line(why) => reader.refuse(why),
            TakeError::Write(WriteError::Sqlite(error))
                if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) =>
            {
                reader.refuse("its name has used its id for an earlier one")
            }
            TakeError::Write(WriteError::Sqlite(error)) => failed(error),
            TakeError::Write(error) => reader.refuse(error.to_string()),
        })?;
    }
    taker.end(&header).map_err(|why| reader.refuse(why))?;
    let head = disown(taker, now()).map_err(|error| match error {
        WriteError::Sqlite(error) => failed(error),
        error => ExchangeError::Unsound(error.to_string()),
    })?;
    if header.cheeper == What::Events && header.floor > Seq::ZERO.next() {
        sums.insert(&transaction, &FLOOR, &[seq(header.floor.previous())]).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    match check::damages(&db, sums).map_err(failed)?.into_iter().next() {
        Some(what) => Err(ExchangeError::Unsound(what)),
        None => db.close().map(|()| Imported { what: header.cheeper, head }).map_err(|(_, error)| failed(error)),
    }
}

/// What came under claimed names belongs to nobody, and ends with the last event: secrets do not come along, so that whoever
/// first claims such a name here would be taken for its author. Each name is released by an entry of the audit, as if somebody
/// had held it with a secret that nobody knows.
fn disown(taker: Taker, at: Timestamp) -> Result<Seq, WriteError> {
    let Taker { mut ledger, transaction, verified, .. } = taker;
    let up_to = ledger.head();
    for (folded, name) in &verified {
        let drawn: [u8; 32] = transaction.query_row("SELECT randomblob(32)", [], |row| row.get(0))?;
        let holder = Holder { name: name.clone(), secret_hash: drawn.into() };
        let (entry, skeletons) = (ledger.last_entry()? + 1, ledger.skeletons(name));
        ledger.make(Change::Release { name: folded, holder, skeletons, up_to, entry })?;
        let action = Action::Release { name: name.clone() };
        ledger.make(Change::Note(Entry { entry, at, by: None, action, undone_by: None }))?;
    }
    Ok(up_to)
}

/// Lines, counted from 1, none longer than one can be.
struct LineReader<'a> {
    lines: &'a mut dyn BufRead,
    nth: u64,
}

impl LineReader<'_> {
    fn next(&mut self) -> Result<Option<String>, ExchangeError> {
        let mut line = Vec::new();
        let limit = LINE_BYTES as u64;
        // `&mut dyn BufRead` is one itself, which can be limited for a while.
        let read = (&mut *self.lines).take(limit).read_until(b'\n', &mut line).map_err(ExchangeError::Read)?;
        if read == 0 {
            return Ok(None);
        }
        self.nth += 1;
        if read == LINE_BYTES {
            return Err(self.refuse(format!("it has more than {LINE_BYTES} bytes")));
        }
        String::from_utf8(line).map(Some).map_err(|_| self.refuse("it is not UTF-8"))
    }

    fn refuse(&self, why: impl Into<String>) -> ExchangeError {
        ExchangeError::Line { nth: self.nth, why: why.into() }
    }
}

enum TakeError {
    Line(String),
    Write(WriteError),
}

impl From<WriteError> for TakeError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

fn no_cheep(seq: Seq) -> TakeError {
    TakeError::Line(format!("{seq} is no cheep"))
}

/// What takes the lines in.
struct Taker<'a> {
    ledger: Ledger<'a>,
    transaction: &'a Transaction<'a>,
    what: What,
    floor: Seq,
    /// Cheeps that are said to be deleted, and are not yet.
    deleted: BTreeSet<Seq>,
    /// Where cheeps stand now that stood elsewhere.
    places: HashMap<Seq, Seq>,
    /// Names that were claimed when they were written under.
    verified: BTreeMap<FoldedName, Name>,
}

impl<'a> Taker<'a> {
    fn new(transaction: &'a Transaction<'a>, sums: Sums, header: &Header) -> Self {
        let (what, floor) = (header.cheeper, header.floor);
        let head = match what {
            What::Events => floor.previous(),
            What::Cheeps => Seq::ZERO,
        };
        let ledger = Ledger::new(transaction, head, sums);
        let (deleted, places, verified) = (BTreeSet::new(), HashMap::new(), BTreeMap::new());
        Self { ledger, transaction, what, floor, deleted, places, verified }
    }

    fn take(&mut self, line: Line) -> Result<(), TakeError> {
        match (self.what, line) {
            (What::Events, Line::Void(seq, void)) => {
                self.is_next(seq)?;
                let target = self.ledger.cheep(void.target)?;
                if target.is_none() && void.target >= self.floor {
                    return Err(no_cheep(void.target));
                }
                Ok(self.ledger.make_void(seq, void.at, void.was.into(), (void.target, target))?)
            }
            (What::Events, Line::Event(event)) => {
                self.is_next(event.seq())?;
                self.event(event)
            }
            (What::Cheeps, Line::Event(Event::Cheep(cheep))) => self.anew(cheep),
            (What::Cheeps, _) => Err(TakeError::Line("the first line promises cheeps alone".to_owned())),
        }
    }

    /// The log is dense.
    fn is_next(&self, seq: Seq) -> Result<(), TakeError> {
        let next = self.ledger.head().next();
        if seq == next { Ok(()) } else { Err(TakeError::Line(format!("event {next} comes next, and this is {seq}"))) }
    }

    fn event(&mut self, event: Event) -> Result<(), TakeError> {
        match event {
            Event::Cheep(cheep) => self.cheep(cheep),
            Event::Edit(edit) => {
                let target = self.ledger.cheep(edit.target)?.ok_or_else(|| no_cheep(edit.target))?;
                // It was put there as it reads now, and an edit that is not void is the last.
                if target.cheep != edit.cheep {
                    return Err(TakeError::Line(format!("cheep {} has another text than this", target.seq)));
                }
                let author = target.name.fold();
                self.make(Event::Edit(edit), Some(&author), vec![target])
            }
            Event::Delete(mut delete) => {
                let target = self.ledger.cheep(delete.target)?.ok_or_else(|| no_cheep(delete.target))?;
                if !self.deleted.remove(&target.seq) {
                    return Err(TakeError::Line(format!("cheep {} is not said to be deleted", target.seq)));
                }
                // Nobody knows under which name a host did it.
                if delete.by == DeletedBy::Host {
                    delete.id = None;
                }
                let author = (delete.by == DeletedBy::Author).then(|| target.name.fold());
                let parent = delete.reply_to.map_or(Ok(None), |to| self.ledger.cheep(to))?;
                self.make(Event::Delete(delete), author.as_ref(), parent.into_iter().chain([target]).collect())
            }
            Event::Reaction(reaction) => {
                let target = self.ledger.cheep(reaction.target)?.ok_or_else(|| no_cheep(reaction.target))?;
                let author = reaction.name.fold();
                self.make(Event::Reaction(reaction), Some(&author), vec![target])
            }
            Event::Void { seq } | Event::Unknown { seq } => Err(no_cheep(seq)),
        }
    }

    fn cheep(&mut self, said: Cheep) -> Result<(), TakeError> {
        let mut cheep = Cheep { state: CheepState::default(), ..said };
        if cheep.cheep.as_str().is_empty() {
            self.deleted.insert(cheep.seq);
            cheep.cheep = CheepText::cleaned(GONE);
        }
        let parent = cheep.reply_to.map_or(Ok(None), |to| self.ledger.cheep(to))?;
        match (cheep.reply_to, &parent) {
            (Some(to), None) if to >= self.floor => {
                return Err(TakeError::Line(format!("it answers {to}, which is no cheep")));
            }
            (_, Some(parent)) if cheep.parent_replies != Some(parent.state.replies + 1) => {
                let why = format!("cheep {} had {} answers before this one", parent.seq, parent.state.replies);
                return Err(TakeError::Line(why));
            }
            _ => {}
        }
        let author = cheep.name.fold();
        self.make(Event::Cheep(cheep), Some(&author), parent.into_iter().collect())
    }

    /// A cheep at a place of its own: those between are not there.
    fn anew(&mut self, said: Cheep) -> Result<(), TakeError> {
        if said.is_deleted() {
            return Err(TakeError::Line("a deleted cheep cannot be imported by itself".to_owned()));
        }
        let seq = self.ledger.head().next();
        if self.places.insert(said.seq, seq).is_some() {
            return Err(TakeError::Line(format!("there are two of cheep {}", said.seq)));
        }
        // What it answers may have been deleted.
        let reply_to = said.reply_to.and_then(|to| self.places.get(&to)).copied();
        let parent = reply_to.map_or(Ok(None), |to| self.ledger.cheep(to))?;
        let parent_replies = parent.as_ref().map(|parent| parent.state.replies + 1);
        let author = said.name.fold();
        let cheep = Cheep { seq, reply_to, parent_replies, state: CheepState::default(), ..said };
        self.make(Event::Cheep(cheep), Some(&author), parent.into_iter().collect())
    }

    /// Does what was done when the event was new.
    fn make(&mut self, event: Event, author: Option<&FoldedName>, mut changed: Vec<Cheep>) -> Result<(), TakeError> {
        if let (Event::Cheep(cheep), Some(author)) = (&event, author)
            && cheep.verified
            && !self.verified.contains_key(author)
        {
            self.verified.insert(author.clone(), cheep.name.clone());
        }
        for cheep in &mut changed {
            cheep.apply(&event);
        }
        self.ledger.make(Change::Event { event, author, changed })?;
        // Nobody has to be told of them.
        self.ledger.events.clear();
        Ok(())
    }

    /// Nothing is missing.
    fn end(&self, header: &Header) -> Result<(), String> {
        let head = self.ledger.head();
        if self.what == What::Events && head != header.head {
            return Err(format!("it is the last one, but {} was to be", header.head));
        }
        match self.deleted.first() {
            Some(seq) => Err(format!("it is the last one, and no event has deleted cheep {seq}")),
            None => Ok(()),
        }
    }
}
