//! Events: what the timeline's log is made of, live and in pages.
//!
//! A new kind is a variant of [`Event`] with the `type` it has on the wire, and a line in [`KINDS`]. Nothing here or in
//! the clients takes "all other kinds" together, so the compiler names each place that has to know of it.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    change::{Delete, Edit, Reaction},
    cheep::Cheep,
    seq::Seq,
};

/// The `type` of each kind that is read here. One of them with wrong fields is a mistake; another one is of a later version.
pub(crate) const KINDS: &[&str] = &["cheep", "edit", "delete", "reaction", "void"];

/// Something that changed what people see. Each has a place of its own in the log, without a hole.
///
/// What is read from JSON must be of a kind known here, and right; [`ServerFrame::parse`](crate::ServerFrame::parse) and
/// the events of a [`Page`](crate::Page) make of everything else an [`Event::Unknown`].
///
/// ```
/// # use cheeper_protocol::{Event, Seq, ServerFrame};
/// let frame = ServerFrame::parse(r#"{"type":"applause","seq":7,"loud":true}"#)?;
/// let seven = Seq::new(7).expect("at most 2⁵³ − 1");
/// assert_eq!(frame, ServerFrame::Event(Event::Unknown { seq: seven }));
/// # Ok::<(), cheeper_protocol::BadServerFrame>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Event {
    /// Somebody cheeped.
    Cheep(Cheep),
    /// The text of a cheep was corrected.
    Edit(Edit),
    /// A cheep was taken back.
    Delete(Delete),
    /// Somebody reacted to a cheep, or took that back.
    Reaction(Reaction),
    /// A change that a later one has made void, with all that it held: an earlier correction, or anything about a cheep
    /// that is deleted. It takes up its place and shows nothing.
    Void {
        /// Its place in the log.
        seq: Seq,
    },
    /// A kind of event this version does not know, or one that its server cannot read any more, as the store is damaged: it
    /// takes up its place and shows nothing.
    Unknown {
        /// Its place in the log.
        seq: Seq,
    },
}

impl Event {
    /// Its place in the log, from 1 up.
    pub fn seq(&self) -> Seq {
        match self {
            Self::Cheep(cheep) => cheep.seq,
            Self::Edit(edit) => edit.seq,
            Self::Delete(delete) => delete.seq,
            Self::Reaction(reaction) => reaction.seq,
            Self::Void { seq } | Self::Unknown { seq } => *seq,
        }
    }

    /// The earlier cheeps that it changes: its target, and what an answer answers, whose answers are counted.
    pub fn changes(&self) -> impl Iterator<Item = Seq> + use<> {
        let (target, parent) = match self {
            Self::Cheep(cheep) => (None, cheep.reply_to),
            Self::Edit(edit) => (Some(edit.target), None),
            Self::Delete(delete) => (Some(delete.target), delete.reply_to),
            Self::Reaction(reaction) => (Some(reaction.target), None),
            Self::Void { .. } | Self::Unknown { .. } => (None, None),
        };
        target.into_iter().chain(parent)
    }

    /// The cheep, if it is one.
    pub fn as_cheep(&self) -> Option<&Cheep> {
        match self {
            Self::Cheep(cheep) => Some(cheep),
            Self::Edit(_) | Self::Delete(_) | Self::Reaction(_) | Self::Void { .. } | Self::Unknown { .. } => None,
        }
    }

    /// The event as it goes on the wire, one line of JSON: as a frame of its own and, byte for byte the same, in pages.
    #[expect(clippy::missing_panics_doc, reason = "strings and numbers are always JSON")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an event is always JSON")
    }
}

/// The events of a page. One that cannot be read keeps its place, or the asker would ask for it for ever.
pub(crate) fn of_page<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Event>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(clippy::large_enum_variant, reason = "nearly all are events")]
    enum Placed {
        Read(Event),
        Unread { seq: Seq },
    }
    let placed = Vec::<Placed>::deserialize(deserializer)?;
    let event = |placed| match placed {
        Placed::Read(event) => event,
        Placed::Unread { seq } => Event::Unknown { seq },
    };
    Ok(placed.into_iter().map(event).collect())
}
