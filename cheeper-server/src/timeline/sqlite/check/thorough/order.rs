//! The tables by which order is kept. They are small beside the log, so each is looked at in one go, and all in one view.

use std::collections::BTreeMap;

use cheeper_protocol::Action;
use rusqlite::{Connection, Row, types::ValueRef};

use super::{
    super::super::row::{AUDIT, FLOOR, LINKS, LOOKALIKES, MUTES, RELEASES, SESSIONS, Sums, Table},
    finding::{Find, Finding, ROWS},
};

/// A table, in the order of its key.
struct Ordered {
    table: &'static Table,
    query: &'static str,
    /// Its first columns, which are never the same.
    key: usize,
    /// What a row is.
    what: &'static str,
}

const TABLES: [Ordered; 7] = [
    Ordered {
        table: &LOOKALIKES,
        query: "SELECT * FROM lookalikes ORDER BY skeleton, folded_name",
        key: 2,
        what: "what looks like a claimed name",
    },
    Ordered {
        table: &RELEASES,
        query: "SELECT * FROM releases ORDER BY folded_name, up_to, entry",
        key: 3,
        what: "the release of a name",
    },
    Ordered { table: &MUTES, query: "SELECT * FROM mutes ORDER BY who, entry", key: 2, what: "a mute" },
    Ordered { table: &LINKS, query: "SELECT * FROM links ORDER BY link", key: 1, what: "a link" },
    Ordered { table: &SESSIONS, query: "SELECT * FROM sessions ORDER BY link, entry", key: 2, what: "a session" },
    Ordered { table: &AUDIT, query: "SELECT * FROM audit ORDER BY entry", key: 1, what: "an entry of the audit" },
    Ordered { table: &FLOOR, query: "SELECT * FROM floor", key: 1, what: "the place where the log begins" },
];

/// What the tables say of each other, where each can be told from the others.
#[derive(Default)]
struct Noted {
    /// Entries that tell of a mute that stands, and mutes.
    mutes: [Vec<i64>; 2],
    /// Entries that tell of a release, and releases.
    releases: [Vec<i64>; 2],
    /// How many sessions each link is said to have, and has.
    sessions: [BTreeMap<i64, i64>; 2],
    /// Links that the audit tells of, and links.
    links: [Vec<i64>; 2],
}

/// Looks at all of these tables, as `db` sees them.
pub(super) fn look(db: &Connection, sums: Sums, goes_on: &mut dyn FnMut() -> bool, find: Find) -> rusqlite::Result<()> {
    let mut noted = Noted::default();
    let mut is_sound = true;
    for ordered in &TABLES {
        is_sound &= ordered.look(db, sums, goes_on, &mut noted, find)?;
        if !goes_on() {
            return Ok(());
        }
    }
    // Where a row is damaged, the others seem not to fit.
    if is_sound {
        noted.compare(find);
    }
    Ok(())
}

impl Ordered {
    /// Looks at each row, and says whether all are as they were written.
    fn look(
        &self,
        db: &Connection,
        sums: Sums,
        goes_on: &mut dyn FnMut() -> bool,
        noted: &mut Noted,
        find: Find,
    ) -> rusqlite::Result<bool> {
        let Self { table, query, key, what } = self;
        let mut statement = db.prepare(query)?;
        let mut rows = statement.query([])?;
        let (mut last, mut count, mut is_sound) = (Vec::new(), 0, true);
        while let Some(row) = rows.next()? {
            count += 1;
            if count % ROWS == 0 && !goes_on() {
                break;
            }
            let next =
                (0..*key).map(|column| Ok(Part::of(row.get_ref(column)?))).collect::<rusqlite::Result<Vec<_>>>()?;
            if !last.is_empty() && last >= next {
                find(Finding::of_structure(format!("the table of {what} is out of order")));
                return Ok(false);
            }
            last = next;
            if sums.hold(table, row)? {
                noted.add(table, row, sums)?;
            } else {
                is_sound = false;
                find(Finding::of_row(format!("{what} is damaged")));
            }
        }
        Ok(is_sound)
    }
}

impl Noted {
    fn add(&mut self, table: &Table, row: &Row, sums: Sums) -> rusqlite::Result<()> {
        if table.name == RELEASES.name {
            self.releases[1].push(row.get(2)?);
        } else if table.name == MUTES.name {
            self.mutes[1].push(row.get(1)?);
        } else if table.name == LINKS.name {
            self.links[1].push(row.get(0)?);
            let sessions: i64 = row.get(4)?;
            if sessions > 0 {
                self.sessions[0].insert(row.get(0)?, sessions);
            }
        } else if table.name == SESSIONS.name {
            *self.sessions[1].entry(row.get(0)?).or_default() += 1;
        } else if table.name == AUDIT.name
            && let Some(entry) = sums.entry(row)?
        {
            let number = row.get(0)?;
            match entry.action {
                Action::Mute { .. } if entry.undone_by.is_none() => self.mutes[0].push(number),
                Action::Release { .. } => self.releases[0].push(number),
                Action::Link { link, .. } => self.links[0].push(link.into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn compare(mut self, find: Find) {
        for entries in self.mutes.iter_mut().chain(&mut self.releases) {
            entries.sort_unstable();
        }
        let mut wrong = |what: &str| find(Finding::of_row(what));
        if self.mutes[0] != self.mutes[1] {
            wrong("the mutes are not those that the audit tells of");
        }
        if self.releases[0] != self.releases[1] {
            wrong("the released names are not those that the audit tells of");
        }
        if self.sessions[0] != self.sessions[1] {
            wrong("the links have not as many sessions as there are");
        }
        if self.links[0] != self.links[1] {
            wrong("the links are not those that the audit tells of");
        }
    }
}

/// A column of a key, in the order of SQLite's: numbers come before texts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(i64),
    Text(Vec<u8>),
    Other,
}

impl Part {
    fn of(value: ValueRef) -> Self {
        match value {
            ValueRef::Integer(number) => Self::Number(number),
            ValueRef::Text(text) => Self::Text(text.to_owned()),
            _ => Self::Other,
        }
    }
}
