//! The rows of changes: the events that are no cheeps.

use cheeper_protocol::{
    CheepText, Delete, DeletedBy, Edit, Emoji, Event, FoldedName, Name, Reaction, RequestId, Seq, Timestamp,
};
use rusqlite::{Connection, Row, types::ValueRef};
use serde::{Deserialize, Serialize};

use super::table::{CHANGES, Sums, or_null, seq, text};
use crate::timeline::rules::{self, Fingerprint};

/// What a change is. It stays known when the event is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::timeline::sqlite) enum Kind {
    Edit,
    Delete,
    Reaction,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Edit, Self::Delete, Self::Reaction];

    fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Reaction => "reaction",
        }
    }
}

/// A change, as it is given out now.
pub(in crate::timeline::sqlite) struct ChangeRow {
    pub(in crate::timeline::sqlite) event: Event,
    pub(in crate::timeline::sqlite) at: Timestamp,
    pub(in crate::timeline::sqlite) kind: Kind,
    pub(in crate::timeline::sqlite) target: Seq,
    /// What it is found by, if it may be sent again.
    pub(in crate::timeline::sqlite) folded: Option<String>,
    pub(in crate::timeline::sqlite) id: Option<RequestId>,
    /// Of the text of an edit that may be sent again.
    pub(in crate::timeline::sqlite) fingerprint: Option<Fingerprint>,
}

/// What a row holds of a reaction, beside what all changes have.
#[derive(Serialize, Deserialize)]
struct ReactionContent {
    name: Name,
    emoji: Emoji,
    on: bool,
    count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Name>,
}

/// The same of a delete.
#[derive(Serialize, Deserialize)]
struct DeleteContent {
    by: DeletedBy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent_replies: Option<u64>,
}

/// What a new row is made of.
struct New<'a> {
    kind: Kind,
    target: Seq,
    at: Timestamp,
    id: Option<&'a RequestId>,
    content: String,
}

impl New<'_> {
    fn of(event: &Event) -> Result<Option<New<'_>>, serde_json::Error> {
        Ok(Some(match event {
            Event::Edit(Edit { at, target, cheep, id, .. }) => {
                let content = cheep.as_str().to_owned();
                New { kind: Kind::Edit, target: *target, at: *at, id: id.as_ref(), content }
            }
            Event::Delete(Delete { at, target, by, reply_to, parent_replies, id, .. }) => {
                let content = DeleteContent { by: *by, reply_to: *reply_to, parent_replies: *parent_replies };
                let content = serde_json::to_string(&content)?;
                New { kind: Kind::Delete, target: *target, at: *at, id: id.as_ref(), content }
            }
            Event::Reaction(Reaction { at, target, name, emoji, on, count, next, id, .. }) => {
                let (name, emoji, next) = (name.clone(), emoji.clone(), next.clone());
                let content = serde_json::to_string(&ReactionContent { name, emoji, on: *on, count: *count, next })?;
                New { kind: Kind::Reaction, target: *target, at: *at, id: id.as_ref(), content }
            }
            Event::Cheep(_) | Event::Void { .. } | Event::Unknown { .. } => return Ok(None),
        }))
    }
}

/// What a row holds once its change is void.
struct Void {
    at_ms: i64,
    kind: Kind,
    /// None if it cannot be read.
    target: Option<Seq>,
    /// Under which name and id it was asked for, which may be none; none at all if that cannot be read.
    by: Option<(Option<String>, Option<String>)>,
    fingerprint: Option<Fingerprint>,
    content: String,
}

impl Void {
    /// Made of the row of a change, which may be damaged: what cannot be read of it is a guess.
    fn of(row: &Row, fingerprint: Option<Fingerprint>) -> rusqlite::Result<Self> {
        let at_ms = row.get(1).ok().filter(|at_ms| Timestamp::from_millisecond(*at_ms).is_ok());
        let kind = row.get_ref(2)?;
        let kind = Kind::ALL.into_iter().find(|known| kind == text(known.as_str()));
        let content = match row.get_ref(8)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => " ".repeat(bytes.len()),
            _ => String::new(),
        };
        Ok(Self {
            at_ms: at_ms.unwrap_or_default(),
            kind: kind.unwrap_or(Kind::Edit),
            target: row.get(4).ok().and_then(Seq::new),
            by: row.get(5).ok().zip(row.get(6).ok()),
            fingerprint,
            content,
        })
    }
}

impl Sums {
    /// Writes a new change that somebody asked for who is known by `folded`, if by a name. A cheep is none.
    pub(in crate::timeline::sqlite) fn insert_change(
        self,
        db: &Connection,
        event: &Event,
        folded: Option<&FoldedName>,
    ) -> rusqlite::Result<()> {
        let new = New::of(event).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let Some(New { kind, target, at, id, content }) = new else { return Ok(()) };
        // From the beginning, so that the row need not grow when the text goes.
        let fingerprint = match event {
            Event::Edit(edit) if id.is_some() => Some(self.fingerprint(&edit.cheep)),
            _ => None,
        };
        let columns = [
            seq(event.seq()),
            ValueRef::Integer(at.as_millisecond()),
            text(kind.as_str()),
            ValueRef::Integer(0),
            seq(target),
            or_null(id.and(folded), |folded| text(folded.as_str())),
            or_null(folded.and(id), |id| text(id.as_str())),
            or_null(fingerprint.as_ref(), |fingerprint| ValueRef::Blob(fingerprint)),
            text(&content),
        ];
        self.insert(db, &CHANGES, &columns)
    }

    /// Writes a change that is void, of which nothing else is known.
    pub(in crate::timeline::sqlite) fn insert_void(
        self,
        db: &Connection,
        place: Seq,
        at: Timestamp,
        kind: Kind,
        target: Seq,
    ) -> rusqlite::Result<()> {
        let columns = [
            seq(place),
            ValueRef::Integer(at.as_millisecond()),
            text(kind.as_str()),
            ValueRef::Integer(1),
            seq(target),
            ValueRef::Null,
            ValueRef::Null,
            ValueRef::Null,
            text(""),
        ];
        self.insert(db, &CHANGES, &columns)
    }

    /// The change in a row of a query from some column on; none if that is not as it was written.
    pub(in crate::timeline::sqlite) fn change(self, row: &Row, from: usize) -> rusqlite::Result<Option<ChangeRow>> {
        if !self.hold_from(&CHANGES, row, from)? {
            return Ok(None);
        }
        let (seq, at_ms, is_void, target) =
            (row.get(from)?, row.get(from + 1)?, row.get::<_, bool>(from + 3)?, row.get(from + 4)?);
        let (kind, id) = (row.get::<_, String>(from + 2)?, row.get::<_, Option<String>>(from + 6)?);
        let folded = row.get(from + 5)?;
        let (fingerprint, content) = (row.get(from + 7)?, row.get_ref(from + 8)?.as_str()?);
        let read = || {
            let (seq, target, at) = (Seq::new(seq)?, Seq::new(target)?, Timestamp::from_millisecond(at_ms).ok()?);
            let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
            let known = id.and_then(|id| RequestId::parse(&id).ok());
            let id = known.clone();
            let event = match kind {
                _ if is_void => Event::Void { seq },
                Kind::Edit => Event::Edit(Edit { seq, at, target, cheep: CheepText::cleaned(content), id }),
                Kind::Delete => {
                    let DeleteContent { by, reply_to, parent_replies } = serde_json::from_str(content).ok()?;
                    Event::Delete(Delete { seq, at, target, by, reply_to, parent_replies, id })
                }
                Kind::Reaction => {
                    let ReactionContent { name, emoji, on, count, next } = serde_json::from_str(content).ok()?;
                    Event::Reaction(Reaction { seq, at, target, name, emoji, on, count, next, id })
                }
            };
            Some(ChangeRow { event, at, kind, target, folded, id: known, fingerprint })
        };
        Ok(read())
    }

    /// The text of the correction `seq` of a cheep, in a row of a query from some column on; none if it is not that, or not
    /// as it was written.
    pub(super) fn edited_text(
        self,
        row: &Row,
        from: usize,
        seq: Seq,
        target: Seq,
    ) -> rusqlite::Result<Option<CheepText>> {
        Ok(match self.change(row, from)?.map(|change| change.event) {
            Some(Event::Edit(edit)) if edit.seq == seq && edit.target == target => Some(edit.cheep),
            _ => None,
        })
    }

    /// Makes a correction void that another takes the place of, and overwrites what it held but for its fingerprint. False if
    /// the row is not as it was written.
    pub(in crate::timeline::sqlite) fn erase_change(self, db: &Connection, change: Seq) -> rusqlite::Result<bool> {
        let mut statement = db.prepare_cached("SELECT * FROM changes WHERE seq = ?")?;
        let mut rows = statement.query([change.get()])?;
        let Some(row) = rows.next()? else { return Ok(false) };
        if !self.hold(&CHANGES, row)? {
            return Ok(false);
        }
        let fingerprint: Option<Fingerprint> = row.get(7)?;
        let void = Void::of(row, fingerprint)?;
        drop(rows);
        self.put_void(db, change, &void)?;
        Ok(true)
    }

    /// Makes a change void whose cheep goes, with all that it held. Whatever is wrong with the row, what can be overwritten
    /// is: damage must not keep alive what somebody wants gone.
    pub(in crate::timeline::sqlite) fn erase_change_wholly(self, db: &Connection, change: Seq) -> rusqlite::Result<()> {
        let mut statement = db.prepare_cached("SELECT * FROM changes WHERE seq = ?")?;
        let mut rows = statement.query([change.get()])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        let void = Void::of(row, (row.get_ref(7)? != ValueRef::Null).then(Fingerprint::default))?;
        drop(rows);
        self.put_void(db, change, &void)
    }

    /// Makes a change void whose cheep is not kept any longer, and forgets under which id it was asked for.
    pub(in crate::timeline::sqlite) fn forget_change(self, db: &Connection, change: Seq) -> rusqlite::Result<()> {
        self.erase_change_wholly(db, change)?;
        let mut statement = db.prepare_cached("SELECT * FROM changes WHERE seq = ?")?;
        let mut rows = statement.query([change.get()])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        // One that is damaged stays so, and its id goes all the same.
        let sum = if self.hold(&CHANGES, row)? {
            let columns = (0..CHANGES.columns - 1).map(|column| match column {
                5 | 6 => Ok(ValueRef::Null),
                _ => row.get_ref(column),
            });
            Some(self.of(CHANGES.name, columns.collect::<rusqlite::Result<Vec<_>>>()?))
        } else {
            None
        };
        drop(rows);
        let query = "UPDATE changes SET folded_name = NULL, id = NULL, sum = coalesce(?, sum) WHERE seq = ?";
        db.prepare_cached(query)?.execute((sum, change.get())).map(drop)
    }

    /// Writes a void change over what stands in its place, as sound if whose it was can be read. Only columns that no index
    /// knows are written: what one knows might be another value than the row's, if that is damaged.
    fn put_void(self, db: &Connection, change: Seq, void: &Void) -> rusqlite::Result<()> {
        let Void { at_ms, kind, target, by, fingerprint, content } = void;
        let fingerprint = fingerprint.as_ref();
        let sum = target.as_ref().zip(by.as_ref()).map(|(target, (folded, id))| {
            let columns = [
                seq(change),
                ValueRef::Integer(*at_ms),
                text(kind.as_str()),
                ValueRef::Integer(1),
                seq(*target),
                or_null(folded.as_deref(), text),
                or_null(id.as_deref(), text),
                or_null(fingerprint, |fingerprint| ValueRef::Blob(fingerprint)),
                text(content),
            ];
            self.of(CHANGES.name, columns)
        });
        let query =
            "UPDATE changes SET at_ms = ?, kind = ?, is_void = 1, fingerprint = ?, content = ?, sum = coalesce(?, sum)
            WHERE seq = ?";
        let columns = (at_ms, kind.as_str(), fingerprint, content, sum, change.get());
        db.prepare_cached(query)?.execute(columns).map(drop)
    }

    /// What tells a text from others once it is gone. Like the sums it is the store's own.
    pub(in crate::timeline::sqlite) fn fingerprint(&self, text: &CheepText) -> Fingerprint {
        rules::fingerprint(&self.fingerprints, text)
    }
}
