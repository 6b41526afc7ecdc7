//! The tables, the sums of their rows, and how values stand in them.

use cheeper_protocol::Seq;
use rusqlite::{
    Connection, Row, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

/// A table whose last column is the row's sum.
pub(in super::super) struct Table {
    pub(in super::super) name: &'static str,
    pub(super) columns: usize,
    insert: &'static str,
}

pub(in super::super) const META: Table =
    Table { name: "meta", columns: 3, insert: "INSERT INTO meta VALUES (?, ?, ?)" };
pub(in super::super) const CHEEPS: Table =
    Table { name: "cheeps", columns: 9, insert: "INSERT INTO cheeps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" };
pub(in super::super) const CLAIMS: Table =
    Table { name: "claims", columns: 4, insert: "INSERT INTO claims VALUES (?, ?, ?, ?)" };
pub(in super::super) const ANSWERS: Table =
    Table { name: "answers", columns: 4, insert: "INSERT INTO answers VALUES (?, ?, ?, ?)" };
pub(in super::super) const CHANGES: Table =
    Table { name: "changes", columns: 10, insert: "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" };
/// The only rows that are written anew, whole.
pub(in super::super) const STATES: Table = Table {
    name: "states",
    columns: 10,
    insert: "INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
};
pub(in super::super) const REACTIONS: Table =
    Table { name: "reactions", columns: 6, insert: "INSERT INTO reactions VALUES (?, ?, ?, ?, ?, ?)" };

pub(in super::super) const LOOKALIKES: Table =
    Table { name: "lookalikes", columns: 3, insert: "INSERT OR REPLACE INTO lookalikes VALUES (?, ?, ?)" };
pub(in super::super) const RELEASES: Table =
    Table { name: "releases", columns: 6, insert: "INSERT INTO releases VALUES (?, ?, ?, ?, ?, ?)" };
pub(in super::super) const MUTES: Table =
    Table { name: "mutes", columns: 4, insert: "INSERT INTO mutes VALUES (?, ?, ?, ?)" };
/// Written anew whenever somebody comes in.
pub(in super::super) const LINKS: Table =
    Table { name: "links", columns: 7, insert: "INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?, ?, ?, ?)" };
pub(in super::super) const SESSIONS: Table =
    Table { name: "sessions", columns: 5, insert: "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)" };
/// Written anew when an entry is undone.
pub(in super::super) const AUDIT: Table =
    Table { name: "audit", columns: 7, insert: "INSERT OR REPLACE INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)" };
pub(in super::super) const FLOOR: Table =
    Table { name: "floor", columns: 2, insert: "INSERT INTO floor VALUES (?, ?)" };

/// Reckons the sums of rows, over all other columns and the table's name. The key is the store's own, so that a row of
/// another store, which damage or a wrong copy brought in, is none of this one.
#[derive(Clone, Copy)]
pub(in super::super) struct Sums {
    key: [u8; 32],
    /// The key of fingerprints.
    pub(super) fingerprints: [u8; 32],
}

impl Sums {
    pub(in super::super) fn new(secret_key: &[u8; 32]) -> Self {
        Self {
            key: blake3::derive_key("Cheeper 2026: the sums of a store's rows", secret_key),
            fingerprints: blake3::derive_key("Cheeper 2026: the fingerprints of texts", secret_key),
        }
    }

    /// The sum of these columns of a table or an index.
    pub(in super::super) fn of<'a>(&self, name: &str, columns: impl IntoIterator<Item = ValueRef<'a>>) -> i64 {
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
    pub(in super::super) fn insert(self, db: &Connection, table: &Table, columns: &[ValueRef]) -> rusqlite::Result<()> {
        let sum = ValueRef::Integer(self.of(table.name, columns.iter().copied()));
        let row = columns.iter().copied().chain([sum]).map(ToSqlOutput::Borrowed);
        db.prepare_cached(table.insert)?.execute(params_from_iter(row)).map(drop)
    }

    /// Whether a row, with all columns of its table, is as it was written.
    pub(in super::super) fn hold(self, table: &Table, row: &Row) -> rusqlite::Result<bool> {
        self.hold_from(table, row, 0)
    }

    /// Whether the row of a table that stands in a row of a query from some column on is as it was written.
    pub(in super::super) fn hold_from(self, table: &Table, row: &Row, from: usize) -> rusqlite::Result<bool> {
        let last = from + table.columns - 1;
        let columns = (from..last).map(|column| row.get_ref(column)).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(row.get_ref(last)? == ValueRef::Integer(self.of(table.name, columns)))
    }
}

/// What stands in the place of a text that is gone.
pub(super) fn blank(text: &str) -> String {
    " ".repeat(text.len())
}

/// Whether a text is gone. None that was posted consists of spaces.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ')
}

pub(super) fn is_null(row: &Row, column: usize) -> rusqlite::Result<bool> {
    Ok(row.get_ref(column)? == ValueRef::Null)
}

pub(in super::super) fn seq(seq: Seq) -> ValueRef<'static> {
    ValueRef::Integer(seq.get().cast_signed())
}

pub(super) fn or_null<'a, T>(value: Option<T>, as_column: impl FnOnce(T) -> ValueRef<'a>) -> ValueRef<'a> {
    value.map_or(ValueRef::Null, as_column)
}

pub(super) fn number(number: u64) -> ValueRef<'static> {
    ValueRef::Integer(number.cast_signed())
}

pub(in super::super) fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}
