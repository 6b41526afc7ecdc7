//! A span of a log: each event in it, and what has become of each of its cheeps.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, types::ValueRef};

use super::{
    super::super::row::{CHANGES, CHEEPS, REACTIONS, StateRow, Sums, present},
    finding::{Find, Finding},
    index::{Entries, add, columns},
};

/// One span, as one view has it.
pub(super) struct Step<'a, 'f> {
    pub(super) db: &'a Connection,
    pub(super) sums: Sums,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) find: Find<'f>,
}

/// What there must be for a cheep that was changed: the last event that did, and how many answers stand.
type Expected = BTreeMap<i64, (i64, u64)>;

impl Step<'_, '_> {
    fn damaged(&mut self, what: String) {
        (self.find)(Finding::of_row(what));
    }

    /// Calls `each` with every row of a query over the span.
    fn each(
        &mut self,
        query: &str,
        mut each: impl FnMut(&mut Self, &Row) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.db.prepare_cached(query)?;
        let mut rows = statement.query([self.first, self.last])?;
        while let Some(row) = rows.next()? {
            each(self, row)?;
        }
        Ok(())
    }

    /// The rows of events: that there is one for each place, and each as it was written.
    pub(super) fn events(&mut self, version: u8, entries: &mut Entries) -> rusqlite::Result<()> {
        let mut places = Vec::new();
        let cheeps = "SELECT * FROM cheeps WHERE seq BETWEEN ? AND ? ORDER BY seq";
        self.each(cheeps, |step, row| {
            let seq = row.get(0)?;
            places.push(seq);
            if !step.sums.hold(&CHEEPS, row)? {
                step.damaged(format!("cheep {seq} is damaged"));
            }
            if row.get_ref(7)? != ValueRef::Null {
                add(&mut entries.cheeps_by_id, step.sums, columns(row, [3, 7, 0])?);
            }
            if row.get_ref(6)? != ValueRef::Null {
                add(&mut entries.answers[0], step.sums, columns(row, [6, 0])?);
            }
            Ok(())
        })?;
        if version > 1 {
            let changes = "SELECT * FROM changes WHERE seq BETWEEN ? AND ? ORDER BY seq";
            self.each(changes, |step, row| {
                let seq = row.get(0)?;
                places.push(seq);
                if !step.sums.hold(&CHANGES, row)? || step.sums.change(row, 0)?.is_none() {
                    step.damaged(format!("change {seq} is damaged"));
                }
                if row.get_ref(6)? != ValueRef::Null {
                    add(&mut entries.changes_by_id, step.sums, columns(row, [5, 6, 0])?);
                }
                add(&mut entries.targets[0], step.sums, columns(row, [4, 0])?);
                Ok(())
            })?;
            places.sort_unstable();
        }
        self.are_dense(&places);
        Ok(())
    }

    fn are_dense(&mut self, places: &[i64]) {
        let mut expected = self.first;
        for &seq in places.iter().chain([&(self.last + 1)]) {
            if seq < expected {
                self.damaged(format!("there are two of event {seq}"));
            } else if seq == expected + 1 {
                self.damaged(format!("event {expected} is missing"));
            } else if seq > expected {
                self.damaged(format!("the events {expected} to {} are missing", seq - 1));
            }
            expected = seq + 1;
        }
    }

    /// What has become of the cheeps: each as it was written, and neither one too many nor one too few.
    pub(super) fn states(&mut self) -> rusqlite::Result<()> {
        let cheeps = present!("WHERE c.seq BETWEEN ? AND ? ORDER BY c.seq");
        self.each(cheeps, |step, row| {
            // One whose own row is damaged was told of already.
            if step.sums.hold(&CHEEPS, row)? && step.sums.present(row)?.is_none() {
                let seq: i64 = row.get(0)?;
                step.damaged(format!("what has become of cheep {seq} is damaged"));
            }
            Ok(())
        })?;
        let mut found = Expected::new();
        self.each("SELECT seq, rev, replies FROM states WHERE seq BETWEEN ? AND ?", |_, row| {
            found.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
            Ok(())
        })?;
        let expected = self.expected()?;
        for (seq, state) in &expected {
            if found.remove(seq).as_ref() != Some(state) {
                self.damaged(format!("what has become of cheep {seq} is not what was done to it"));
            }
        }
        for seq in found.keys() {
            self.damaged(format!("cheep {seq} was never changed, and is another"));
        }
        Ok(())
    }

    fn expected(&mut self) -> rusqlite::Result<Expected> {
        let mut expected = Expected::new();
        self.each("SELECT target, max(seq) FROM changes WHERE target BETWEEN ? AND ? GROUP BY target", |_, row| {
            expected.insert(row.get(0)?, (row.get(1)?, 0));
            Ok(())
        })?;
        // The delete of an answer is a change of what it answers, too.
        let answers = "SELECT a.parent, max(a.seq, coalesce(max(d.seq), 0)), count(*) - count(d.seq)
            FROM answers a LEFT JOIN changes d ON d.target = a.seq AND d.kind = 'delete'
            WHERE a.parent BETWEEN ? AND ? GROUP BY a.parent, a.seq";
        self.each(answers, |_, row| {
            let (parent, rev, replies): (i64, i64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let state = expected.entry(parent).or_default();
            *state = (state.0.max(rev), state.1 + replies);
            Ok(())
        })?;
        Ok(expected)
    }

    /// Who reacts: each row as it was written, as many as the cheeps say, and all to be found by their order.
    pub(super) fn reactions(&mut self) -> rusqlite::Result<()> {
        let mut counts = BTreeMap::<_, u64>::new();
        let (mut rows, mut indexed) = (0, 0);
        let by_name = "SELECT * FROM reactions NOT INDEXED WHERE target BETWEEN ? AND ?";
        self.each(by_name, |step, row| {
            let (target, emoji): (i64, String) = (row.get(0)?, row.get(1)?);
            if !step.sums.hold(&REACTIONS, row)? {
                step.damaged(format!("a reaction to cheep {target} is damaged"));
            }
            *counts.entry((target, emoji)).or_default() += 1;
            add(&mut rows, step.sums, columns(row, [0, 1, 4])?);
            Ok(())
        })?;
        let by_seq =
            "SELECT target, emoji, seq FROM reactions INDEXED BY reactions_by_seq WHERE target BETWEEN ? AND ?";
        self.each(by_seq, |step, row| {
            add(&mut indexed, step.sums, columns(row, [0, 1, 2])?);
            Ok(())
        })?;
        if rows != indexed {
            (self.find)(Finding::of_structure("the index of the reactions is damaged"));
        }
        self.each("SELECT * FROM states WHERE seq BETWEEN ? AND ?", |step, row| {
            let seq: i64 = row.get(0)?;
            // Which one is damaged is told already.
            let Some(StateRow { state, .. }) = step.sums.state(row, 0)? else { return Ok(()) };
            for kind in state.reactions {
                if counts.remove(&(seq, kind.emoji.as_str().to_owned())) != Some(kind.count) {
                    step.damaged(format!("who reacts to cheep {seq} is damaged"));
                }
            }
            Ok(())
        })?;
        for (target, _) in counts.keys() {
            self.damaged(format!("who reacts to cheep {target} is damaged"));
        }
        Ok(())
    }

    /// The entries of changes in the index of what they change.
    pub(super) fn targets(&mut self, head: i64, entries: &mut Entries) -> rusqlite::Result<()> {
        let query = "SELECT target, seq FROM changes INDEXED BY changes_by_target WHERE target BETWEEN ? AND ?";
        self.each(query, |step, row| {
            if row.get::<_, i64>(1)? <= head {
                add(&mut entries.targets[1], step.sums, columns(row, [0, 1])?);
            }
            Ok(())
        })
    }

    /// The answers to the cheeps of the span.
    pub(super) fn answers(&mut self, head: i64, entries: &mut Entries) -> rusqlite::Result<()> {
        self.each("SELECT parent, seq FROM answers WHERE parent BETWEEN ? AND ?", |step, row| {
            if row.get::<_, i64>(1)? <= head {
                add(&mut entries.answers[1], step.sums, columns(row, [0, 1])?);
            }
            Ok(())
        })
    }
}
