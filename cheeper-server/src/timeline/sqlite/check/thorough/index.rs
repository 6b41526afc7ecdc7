//! Indexes, held against the rows that they lead to. SQLite's own check of one would look up each of its entries, in minutes.
//! Sums that are added up are equal if they are of the same entries, in whatever order.

use rusqlite::{Connection, Row, types::ValueRef};

use super::{
    super::super::row::Sums,
    finding::{Find, Finding, ROWS},
};

/// What the rows say that stands in indexes, and what was found there: each sum of entries up to the head.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) cheeps_by_id: i64,
    pub(super) changes_by_id: i64,
    /// Of changes, by what they change: as the rows have it, and as the index has it.
    pub(super) targets: [i64; 2],
    /// Of answers, by what they answer: as the cheeps have it, and as the table of answers has it.
    pub(super) answers: [i64; 2],
}

impl Entries {
    /// Holds those against each other that were found step by step.
    pub(super) fn compare(&self, find: Find) {
        for (name, [expected, found]) in [("changes", self.targets), ("answers", self.answers)] {
            if expected != found {
                find(Finding::of_structure(format!("the index of the {name} is damaged")));
            }
        }
    }
}

/// Adds an entry with these columns to a sum.
pub(super) fn add<'a>(sum: &mut i64, sums: Sums, columns: impl IntoIterator<Item = ValueRef<'a>>) {
    *sum = sum.wrapping_add(sums.of("index", columns));
}

/// An index of a table by name and id.
#[derive(Clone, Copy)]
pub(super) struct ById {
    name: &'static str,
    query: &'static str,
}

pub(super) const CHEEPS_BY_ID: ById = ById {
    name: "cheeps",
    query: "SELECT folded_name, id, seq FROM cheeps INDEXED BY cheeps_by_author_and_id
        WHERE id IS NOT NULL AND (folded_name, id) > (?, ?) ORDER BY folded_name, id LIMIT ?",
};
pub(super) const CHANGES_BY_ID: ById = ById {
    name: "changes",
    query: "SELECT folded_name, id, seq FROM changes INDEXED BY changes_by_author_and_id
        WHERE id IS NOT NULL AND (folded_name, id) > (?, ?) ORDER BY folded_name, id LIMIT ?",
};

impl ById {
    /// Whether the entries of the index up to `head` have the sum that the rows call for.
    pub(super) fn compare(
        &self,
        db: &Connection,
        sums: Sums,
        (head, expected): (i64, i64),
        goes_on: &mut dyn FnMut() -> bool,
        find: Find,
    ) -> rusqlite::Result<()> {
        let Self { name, query } = self;
        let mut statement = db.prepare(query)?;
        let (mut sum, mut last) = (0_i64, (String::new(), String::new()));
        loop {
            if !goes_on() {
                return Ok(());
            }
            let mut rows = statement.query((&last.0, &last.1, ROWS))?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let next = (row.get(0)?, row.get(1)?);
                // One that is out of order could lead in a circle.
                if next <= last {
                    find(Finding::of_structure(format!("the index of the {name} by their ids is out of order")));
                    return Ok(());
                }
                (last, count) = (next, count + 1);
                if row.get::<_, i64>(2)? <= head {
                    add(&mut sum, sums, columns(row, [0, 1, 2])?);
                }
            }
            if count < ROWS {
                break;
            }
        }
        if sum != expected {
            find(Finding::of_structure(format!("the index of the {name} by their ids is damaged")));
        }
        Ok(())
    }
}

/// Some columns of a row.
pub(super) fn columns<'a, const N: usize>(row: &'a Row, which: [usize; N]) -> rusqlite::Result<[ValueRef<'a>; N]> {
    let mut columns = [ValueRef::Null; N];
    for (column, which) in columns.iter_mut().zip(which) {
        *column = row.get_ref(which)?;
    }
    Ok(columns)
}
