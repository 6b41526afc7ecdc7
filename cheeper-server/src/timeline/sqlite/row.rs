//! Rows and what they are checked by. SQLite has no checksums of its own: it gives a flipped bit out as a word, a name
//! or a time.

use cheeper_protocol::{Cheep, CheepState, CheepText, FoldedName, Name, RequestId, Seq, Timestamp};
use rusqlite::{
    Connection, Row, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

/// A table whose last column is the row's sum.
pub(super) struct Table {
    name: &'static str,
    columns: usize,
    insert: &'static str,
}

pub(super) const META: Table = Table { name: "meta", columns: 3, insert: "INSERT INTO meta VALUES (?, ?, ?)" };
pub(super) const CHEEPS: Table =
    Table { name: "cheeps", columns: 9, insert: "INSERT INTO cheeps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" };
pub(super) const CLAIMS: Table = Table { name: "claims", columns: 4, insert: "INSERT INTO claims VALUES (?, ?, ?, ?)" };

/// Reckons the sums of rows, over all other columns and the table's name. The key is the store's own, so that a row of
/// another store, which damage or a wrong copy brought in, is none of this one.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    key: [u8; 32],
}

impl Sums {
    pub(super) fn new(secret_key: &[u8; 32]) -> Self {
        Self { key: blake3::derive_key("Cheeper 2026: the sums of a store's rows", secret_key) }
    }

    /// The sum of these columns of a table or an index.
    pub(super) fn of<'a>(&self, name: &str, columns: impl IntoIterator<Item = ValueRef<'a>>) -> i64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        // Each is told by its kind and its length, so that nothing passes from one column into the next.
        let mut add = |kind: u8, bytes: &[u8]| {
            hasher.update(&[kind]).update(&bytes.len().to_le_bytes()).update(bytes);
        };
        add(b'#', name.as_bytes());
        for column in columns {
            match column {
                ValueRef::Null => add(b'n', &[]),
                ValueRef::Integer(number) => add(b'i', &number.to_le_bytes()),
                ValueRef::Real(number) => add(b'r', &number.to_le_bytes()),
                ValueRef::Text(text) => add(b't', text),
                ValueRef::Blob(bytes) => add(b'b', bytes),
            }
        }
        let mut sum = [0; 8];
        hasher.finalize_xof().fill(&mut sum);
        i64::from_le_bytes(sum)
    }

    /// Writes a row with these columns and their sum.
    pub(super) fn insert(self, db: &Connection, table: &Table, columns: &[ValueRef]) -> rusqlite::Result<()> {
        let sum = ValueRef::Integer(self.of(table.name, columns.iter().copied()));
        let row = columns.iter().copied().chain([sum]).map(ToSqlOutput::Borrowed);
        db.prepare_cached(table.insert)?.execute(params_from_iter(row)).map(drop)
    }

    /// Whether a row, with all columns of its table, is as it was written.
    pub(super) fn hold(self, table: &Table, row: &Row) -> rusqlite::Result<bool> {
        let last = table.columns - 1;
        let columns = (0..last).map(|column| row.get_ref(column)).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(row.get_ref(last)? == ValueRef::Integer(self.of(table.name, columns)))
    }

    /// Writes a cheep of an author that is known by `folded`.
    pub(super) fn insert_cheep(self, db: &Connection, cheep: &Cheep, folded: &FoldedName) -> rusqlite::Result<()> {
        let seq = |seq: Seq| ValueRef::Integer(seq.get().cast_signed());
        let columns = [
            seq(cheep.seq),
            ValueRef::Integer(cheep.at.as_millisecond()),
            text(cheep.name.as_str()),
            text(folded.as_str()),
            text(cheep.cheep.as_str()),
            ValueRef::Integer(cheep.verified.into()),
            cheep.reply_to.map_or(ValueRef::Null, seq),
            cheep.id.as_ref().map_or(ValueRef::Null, |id| text(id.as_str())),
        ];
        self.insert(db, &CHEEPS, &columns)
    }

    /// The cheep in a whole row; none if it is not as it was written.
    pub(super) fn cheep(self, row: &Row) -> rusqlite::Result<Option<Cheep>> {
        if !self.hold(&CHEEPS, row)? {
            return Ok(None);
        }
        let (seq, at_ms, name, cheep) = (row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get::<_, String>(4)?);
        let (verified, reply_to, id) = (row.get(5)?, row.get::<_, Option<u64>>(6)?, row.get::<_, Option<String>>(7)?);
        let read = || {
            Some(Cheep {
                seq: Seq::new(seq)?,
                at: Timestamp::from_millisecond(at_ms).ok()?,
                name: Name::parse(&name).ok()?,
                cheep: CheepText::cleaned(&cheep),
                verified,
                reply_to: reply_to.and_then(Seq::new),
                parent_replies: None,
                id: id.and_then(|id| RequestId::parse(&id).ok()),
                state: CheepState::default(),
            })
        };
        Ok(read())
    }
}

pub(super) fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}
