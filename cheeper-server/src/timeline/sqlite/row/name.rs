//! The rows of names: whose they are, whose they were, and what looks like them.

use cheeper_protocol::{FoldedName, Name, Seq};
use rusqlite::{Connection, Row, types::ValueRef};

use super::table::{CLAIMS, LOOKALIKES, RELEASES, Sums, number, seq, text};
use crate::timeline::rules::Holder;

impl Sums {
    /// Writes that a name is claimed.
    pub(in crate::timeline::sqlite) fn insert_claim(
        self,
        db: &Connection,
        folded: &FoldedName,
        holder: &Holder,
    ) -> rusqlite::Result<()> {
        let hash = ValueRef::Blob(holder.secret_hash.as_bytes());
        self.insert(db, &CLAIMS, &[text(folded.as_str()), text(holder.name.as_str()), hash])
    }

    /// The claim in a whole row; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn claim(self, row: &Row) -> rusqlite::Result<Option<(FoldedName, Holder)>> {
        if !self.hold(&CLAIMS, row)? {
            return Ok(None);
        }
        Ok(holder(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?, row.get(2)?))
    }

    /// Writes what a claimed name has in common with others that look like it.
    pub(in crate::timeline::sqlite) fn insert_lookalikes(
        self,
        db: &Connection,
        folded: &FoldedName,
        skeletons: &[String],
    ) -> rusqlite::Result<()> {
        skeletons.iter().try_for_each(|skeleton| self.insert(db, &LOOKALIKES, &[text(skeleton), text(folded.as_str())]))
    }

    /// Writes whose name was released, by an entry of the audit, after the event `up_to`.
    pub(in crate::timeline::sqlite) fn insert_release(
        self,
        db: &Connection,
        entry: u64,
        (folded, holder): (&FoldedName, &Holder),
        up_to: Seq,
    ) -> rusqlite::Result<()> {
        let hash = ValueRef::Blob(holder.secret_hash.as_bytes());
        let columns = [text(folded.as_str()), seq(up_to), number(entry), text(holder.name.as_str()), hash];
        self.insert(db, &RELEASES, &columns)
    }

    /// Whose name was released, in a whole row; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn release(self, row: &Row) -> rusqlite::Result<Option<(FoldedName, Holder)>> {
        if !self.hold(&RELEASES, row)? {
            return Ok(None);
        }
        Ok(holder(&row.get::<_, String>(0)?, &row.get::<_, String>(3)?, row.get(4)?))
    }
}

/// A holder as a row has them; none if the name is not what it is known by.
fn holder(folded: &str, name: &str, secret_hash: [u8; 32]) -> Option<(FoldedName, Holder)> {
    let name = Name::kept(name).ok()?;
    let known = name.fold();
    let holder = Holder { name, secret_hash: secret_hash.into() };
    (known.as_str() == folded).then_some((known, holder))
}
