//! What the rules ask of a log.

use cheeper_protocol::{
    Cheep, CheepText, Emoji, Entry, Event, FoldedName, Name, RequestId, Seq, Timestamp, limits::REACTION_NAMES,
};
use rusqlite::{OptionalExtension as _, Params, Row, types::ToSqlOutput};

use super::{
    super::row::{ChangeRow, Kind, LOOKALIKES, REACTIONS, present, who_is},
    Ledger, WriteError,
};
use crate::timeline::{
    AccessChange,
    command::skeletons,
    person::{LinkId, Person},
    rules::{Asked, Earlier, Fingerprint, Holder, Link, Mute, State, Who},
};

impl Ledger<'_> {
    /// The first row of a query, if there is one, which must be as it was written.
    fn row<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnMut(&Row) -> rusqlite::Result<Option<T>>,
    ) -> Result<Option<T>, WriteError> {
        let mut statement = self.transaction.prepare_cached(query)?;
        let row = statement.query_row(parameters, read).optional()?;
        row.map(|row| row.ok_or(WriteError::Damaged)).transpose()
    }

    /// All rows of a query, which must be as they were written.
    fn rows<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnMut(&Row) -> rusqlite::Result<Option<T>>,
    ) -> Result<Vec<T>, WriteError> {
        let mut statement = self.transaction.prepare_cached(query)?;
        let rows = statement.query_map(parameters, read)?;
        rows.map(|row| row?.ok_or(WriteError::Damaged)).collect()
    }

    fn number(&self, query: &str) -> Result<u64, WriteError> {
        Ok(self.transaction.prepare_cached(query)?.query_row([], |row| row.get(0))?)
    }

    /// A reactor in the first row of a query, if there is one.
    fn reactor_of(&self, query: &str, parameters: impl Params) -> Result<Option<Name>, WriteError> {
        let mut statement = self.transaction.prepare_cached(query)?;
        let name = |row: &Row| if self.sums.hold(&REACTIONS, row)? { row.get(3).map(Some) } else { Ok(None) };
        let found: Option<Option<String>> = statement.query_row(parameters, name).optional()?;
        let Some(name) = found else { return Ok(None) };
        let name = name.and_then(|name| Name::kept(&name).ok()).ok_or(WriteError::Damaged)?;
        Ok(Some(name))
    }

    /// The place of what was asked for under a name and an id, by a query for it.
    fn place_of(&self, query: &str, name: &FoldedName, id: &RequestId) -> Result<Option<Seq>, WriteError> {
        let mut statement = self.transaction.prepare_cached(query)?;
        let seq = statement.query_row([name.as_str(), id.as_str()], |row| row.get(0)).optional()?;
        seq.map(|seq| Seq::new(seq).ok_or(WriteError::Damaged)).transpose()
    }

    /// The change that was asked for under a name and an id.
    fn earlier_change(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, WriteError> {
        let query = "SELECT seq FROM changes WHERE folded_name = ? AND id = ?";
        let Some(seq) = self.place_of(query, name, id)? else { return Ok(None) };
        let change = self.change_at(seq)?;
        if (change.folded.as_deref(), change.id.as_ref()) != (Some(name.as_str()), Some(id)) {
            return Err(WriteError::Damaged);
        }
        let ChangeRow { event, at, kind, target, fingerprint, .. } = change;
        let is_void = matches!(event, Event::Void { .. });
        let asked = match (&event, kind) {
            (Event::Reaction(reaction), _) => Asked::React(Some((reaction.emoji.clone(), reaction.on))),
            (_, Kind::Reaction) => Asked::React(None),
            (_, Kind::Delete) => Asked::Delete,
            (_, Kind::Edit) => Asked::Edit { superseded: fingerprint.filter(|_| is_void) },
        };
        let cheep = self.cheep(target)?.ok_or(WriteError::Damaged)?;
        Ok(Some(Earlier { seq, at, cheep, asked }))
    }

    fn change_at(&self, seq: Seq) -> Result<ChangeRow, WriteError> {
        let mut statement = self.transaction.prepare_cached("SELECT * FROM changes WHERE seq = ?")?;
        let change = statement.query_row([seq.get()], |row| self.sums.change(row, 0)).optional()?;
        change.flatten().ok_or(WriteError::Damaged)
    }
}

impl State for Ledger<'_> {
    type Error = WriteError;

    fn head(&self) -> Seq {
        self.head
    }

    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, WriteError> {
        let query = "SELECT * FROM claims WHERE folded_name = ?";
        let claim = self.row(query, [name.as_str()], |row| self.sums.claim(row))?;
        Ok(claim.map(|(_, holder)| holder))
    }

    fn lookalikes(&self, skeletons: &[String]) -> Result<Vec<Holder>, WriteError> {
        let mut holders = Vec::new();
        for skeleton in skeletons {
            let query = "SELECT * FROM lookalikes WHERE skeleton = ? ORDER BY folded_name";
            let folded = |row: &Row| if self.sums.hold(&LOOKALIKES, row)? { row.get(1).map(Some) } else { Ok(None) };
            for folded in self.rows::<String>(query, [skeleton], folded)? {
                let query = "SELECT * FROM claims WHERE folded_name = ?";
                holders.extend(self.row(query, [folded], |row| self.sums.claim(row))?.map(|(_, holder)| holder));
            }
        }
        Ok(holders)
    }

    fn skeletons(&self, name: &Name) -> Vec<String> {
        skeletons(name)
    }

    fn former_holder(&self, name: &FoldedName, event: Seq) -> Result<Option<Holder>, WriteError> {
        let query = "SELECT * FROM releases WHERE folded_name = ? AND up_to >= ? ORDER BY up_to, entry LIMIT 1";
        let release = self.row(query, (name.as_str(), event.get()), |row| self.sums.release(row))?;
        Ok(release.map(|(_, holder)| holder))
    }

    fn was_taken_from(&self, name: &FoldedName, secret_hash: blake3::Hash) -> Result<bool, WriteError> {
        let releases =
            self.rows("SELECT * FROM releases WHERE folded_name = ?", [name.as_str()], |row| self.sums.release(row))?;
        Ok(releases.iter().any(|(_, holder)| holder.secret_hash == secret_hash))
    }

    fn released(&self, entry: u64, name: &Name) -> Result<Option<(FoldedName, Holder)>, WriteError> {
        let query = "SELECT * FROM releases WHERE folded_name = ? AND entry = ?";
        self.row(query, (name.fold().as_str(), entry), |row| self.sums.release(row))
    }

    fn mutes(&self, name: &FoldedName, person: Person) -> Result<Vec<Mute>, WriteError> {
        let query = "SELECT * FROM mutes WHERE who IN (?, ?)";
        let who = [Who::Name(name), Who::Person(person)].map(|who| ToSqlOutput::Borrowed(who_is(who)));
        self.rows(query, who, |row| self.sums.mute(row))
    }

    fn last_entry(&self) -> Result<u64, WriteError> {
        self.number("SELECT coalesce(max(entry), 0) FROM audit")
    }

    fn entry(&self, number: u64) -> Result<Option<Entry>, WriteError> {
        // No number that can be stored is larger.
        let Ok(number) = i64::try_from(number) else { return Ok(None) };
        self.row("SELECT * FROM audit WHERE entry = ?", [number], |row| self.sums.entry(row))
    }

    fn arrival(&self, newer: usize) -> Result<Option<u64>, WriteError> {
        let query = "SELECT entry FROM audit WHERE is_arrival = 1 ORDER BY entry DESC LIMIT 1 OFFSET ?";
        self.row(query, [newer], |row| row.get(0).map(Some))
    }

    fn last_link(&self) -> Result<u32, WriteError> {
        let last = self.number("SELECT coalesce(max(link), 0) FROM links")?;
        u32::try_from(last).map_err(|_| WriteError::Damaged)
    }

    fn link(&self, link: LinkId) -> Result<Option<Link>, WriteError> {
        let link = self.row("SELECT * FROM links WHERE link = ?", [link.0], |row| self.sums.link(row))?;
        Ok(link.map(|(_, link)| link))
    }

    fn overdue_links(&self, at: Timestamp) -> Result<Vec<(LinkId, Link)>, WriteError> {
        let query = "SELECT * FROM links WHERE is_ended = 0 AND ends_at_ms <= ? ORDER BY link";
        self.rows(query, [at.as_millisecond()], |row| self.sums.link(row))
    }

    fn sessions(&self) -> Result<u64, WriteError> {
        self.number("SELECT coalesce(sum(sessions), 0) FROM links WHERE is_ended = 0")
    }

    fn session(&self, link: LinkId, entry: u64) -> Result<Option<Person>, WriteError> {
        let query = "SELECT * FROM sessions WHERE link = ? AND entry = ?";
        let session = self.row(query, (link.0, entry), |row| self.sums.session(row))?;
        Ok(session.and_then(|session| match session {
            AccessChange::SessionOpened { person, .. } => Some(person),
            _ => None,
        }))
    }

    fn cheep(&self, seq: Seq) -> Result<Option<Cheep>, WriteError> {
        let mut statement = self.transaction.prepare_cached(present!("WHERE c.seq = ?"))?;
        let cheep = statement.query_row([seq.get()], |row| self.sums.present(row)).optional()?;
        cheep.map(|cheep| cheep.ok_or(WriteError::Damaged)).transpose()
    }

    fn earlier(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, WriteError> {
        // Most ids are new, which the index alone can tell.
        let Some(seq) = self.place_of("SELECT seq FROM cheeps WHERE folded_name = ? AND id = ?", name, id)? else {
            return self.earlier_change(name, id);
        };
        let cheep = self.cheep(seq)?.ok_or(WriteError::Damaged)?;
        // The index that found it may be damaged as well.
        if cheep.id.as_ref() != Some(id) || cheep.name.fold() != *name {
            return Err(WriteError::Damaged);
        }
        let state = self.sums.state_of(self.transaction, cheep.seq)?.ok_or(WriteError::Damaged)?;
        let asked = Asked::Post { superseded: state.fingerprint };
        Ok(Some(Earlier { seq: cheep.seq, at: cheep.at, cheep, asked }))
    }

    fn time(&self, seq: Seq) -> Result<Timestamp, WriteError> {
        match self.cheep(seq)? {
            Some(cheep) => Ok(cheep.at),
            None => Ok(self.change_at(seq)?.at),
        }
    }

    fn deletion(&self, cheep: Seq) -> Result<Seq, WriteError> {
        let state = self.sums.state_of(self.transaction, cheep)?.ok_or(WriteError::Damaged)?;
        state.deletion.ok_or(WriteError::Damaged)
    }

    fn reactor(&self, cheep: Seq, emoji: &Emoji, name: &FoldedName) -> Result<Option<Name>, WriteError> {
        let query = "SELECT * FROM reactions WHERE target = ? AND emoji = ? AND folded_name = ?";
        self.reactor_of(query, (cheep.get(), emoji.as_str(), name.as_str()))
    }

    fn first_unlisted(&self, cheep: Seq, emoji: &Emoji) -> Result<Option<Name>, WriteError> {
        let query = "SELECT * FROM reactions WHERE target = ? AND emoji = ? ORDER BY seq LIMIT 1 OFFSET ?";
        self.reactor_of(query, (cheep.get(), emoji.as_str(), REACTION_NAMES))
    }

    fn fingerprint(&self, text: &CheepText) -> Fingerprint {
        self.sums.fingerprint(text)
    }
}
