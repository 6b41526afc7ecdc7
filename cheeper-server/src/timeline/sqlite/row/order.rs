//! The rows by which order is kept: mutes, links with their sessions, and the audit.

use cheeper_protocol::{Action, Entry, Role, Timestamp};
use rusqlite::{Connection, Row, types::ValueRef};

use super::table::{AUDIT, LINKS, MUTES, SESSIONS, Sums, number, or_null, text};
use crate::timeline::{
    moderation::AccessChange,
    person::{LinkId, Person},
    rules::{Link, Mute, Who, is_arrival},
};

impl Sums {
    /// Writes whom an entry of the audit has muted.
    pub(in crate::timeline::sqlite) fn insert_mute(
        self,
        db: &Connection,
        entry: u64,
        who: Who,
        until: Option<Timestamp>,
    ) -> rusqlite::Result<()> {
        self.insert(db, &MUTES, &[who_is(who), number(entry), or_null(until, time)])
    }

    /// The mute in a whole row; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn mute(self, row: &Row) -> rusqlite::Result<Option<Mute>> {
        if !self.hold(&MUTES, row)? {
            return Ok(None);
        }
        let is_of_person = matches!(row.get_ref(0)?, ValueRef::Integer(_));
        Ok(Some(Mute { is_of_person, until: some_time(row.get(2)?) }))
    }

    /// Writes a link, as it is now.
    pub(in crate::timeline::sqlite) fn put_link(
        self,
        db: &Connection,
        id: LinkId,
        link: &Link,
    ) -> rusqlite::Result<()> {
        let columns = [
            ValueRef::Integer(id.0.into()),
            text(link.role.as_str()),
            ValueRef::Blob(&link.token_hash),
            or_null(link.ends_at, time),
            number(link.sessions),
            ValueRef::Integer(link.is_ended.into()),
        ];
        self.insert(db, &LINKS, &columns)
    }

    /// The link in a whole row; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn link(self, row: &Row) -> rusqlite::Result<Option<(LinkId, Link)>> {
        if !self.hold(&LINKS, row)? {
            return Ok(None);
        }
        let role: String = row.get(1)?;
        let Some(role) = [Role::Reader, Role::Member, Role::Host].into_iter().find(|known| known.as_str() == role)
        else {
            return Ok(None);
        };
        let (token_hash, ends_at, sessions, is_ended) = (row.get(2)?, some_time(row.get(3)?), row.get(4)?, row.get(5)?);
        Ok(Some((LinkId(row.get(0)?), Link { role, token_hash, ends_at, sessions, is_ended })))
    }

    /// Writes who came in by a link, with an entry of the audit.
    pub(in crate::timeline::sqlite) fn insert_session(
        self,
        db: &Connection,
        entry: u64,
        link: LinkId,
        (session_hash, person): (&[u8; 32], Person),
    ) -> rusqlite::Result<()> {
        let columns = [ValueRef::Integer(link.0.into()), number(entry), ValueRef::Blob(session_hash), number(person.0)];
        self.insert(db, &SESSIONS, &columns)
    }

    /// The session in a whole row; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn session(self, row: &Row) -> rusqlite::Result<Option<AccessChange>> {
        if !self.hold(&SESSIONS, row)? {
            return Ok(None);
        }
        let person = Person(row.get::<_, i64>(3)?.cast_unsigned());
        Ok(Some(AccessChange::SessionOpened { link: LinkId(row.get(0)?), session_hash: row.get(2)?, person }))
    }

    /// Writes an entry of the audit, as it is now.
    pub(in crate::timeline::sqlite) fn put_entry(self, db: &Connection, entry: &Entry) -> rusqlite::Result<()> {
        let action = serde_json::to_string(&entry.action);
        let action = action.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let columns = [
            number(entry.entry),
            time(entry.at),
            or_null(entry.by, |link| ValueRef::Integer(link.into())),
            ValueRef::Integer(is_arrival(&entry.action).into()),
            text(&action),
            or_null(entry.undone_by, number),
        ];
        self.insert(db, &AUDIT, &columns)
    }

    /// The entry of the audit in a whole row; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn entry(self, row: &Row) -> rusqlite::Result<Option<Entry>> {
        if !self.hold(&AUDIT, row)? {
            return Ok(None);
        }
        let (at, action) = (some_time(row.get(1)?), serde_json::from_str::<Action>(row.get_ref(4)?.as_str()?).ok());
        let Some((at, action)) = at.zip(action) else { return Ok(None) };
        Ok(Some(Entry { entry: row.get(0)?, at, by: row.get(2)?, action, undone_by: row.get(5)? }))
    }
}

/// Under what a mute is found.
pub(in crate::timeline::sqlite) fn who_is(who: Who<'_>) -> ValueRef<'_> {
    match who {
        Who::Name(folded) => text(folded.as_str()),
        Who::Person(person) => number(person.0),
    }
}

fn time(at: Timestamp) -> ValueRef<'static> {
    ValueRef::Integer(at.as_millisecond())
}

fn some_time(ms: Option<i64>) -> Option<Timestamp> {
    ms.and_then(|ms| Timestamp::from_millisecond(ms).ok())
}
