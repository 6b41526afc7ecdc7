//! Changes: events that make something else of an earlier cheep, and the one rule by which they are applied.
//!
//! A change carries the state that results, never a difference. A cheep takes it if it is newer than all that the cheep
//! has taken ([`Cheep::rev`]); so pages, live events and replays may come in any mix, and no two screens end up different.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    cheep::{Cheep, CheepText, RequestId, Seq, serialize_at},
    emoji::Emoji,
    event::Event,
    limits::REACTION_NAMES,
    name::Name,
};

/// What later events have made of a cheep. One that nothing has changed says nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheepState {
    /// The last event that changed it; absent: none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<Seq>,
    /// When its text was last corrected.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "serialize_edited_at")]
    pub edited_at: Option<Timestamp>,
    /// Who took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<DeletedBy>,
    /// What people reacted with, in order of first use: a kind of which the last was taken back goes, and comes last if it
    /// is used again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionCount>,
    /// How many answers stand.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replies: u64,
}

/// One kind of reaction to a cheep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCount {
    /// With what.
    pub emoji: Emoji,
    /// How many have reacted with it.
    pub count: u64,
    /// The first of them, at most [`REACTION_NAMES`].
    pub names: Vec<Name>,
}

/// Who took a cheep back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeletedBy {
    /// Who wrote it.
    Author,
    /// A host of the server.
    Host,
}

/// The text of a cheep was corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Its place in the log.
    pub seq: Seq,
    /// When.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// Which cheep.
    pub target: Seq,
    /// How it reads now.
    pub cheep: CheepText,
    /// The id that was given to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
}

/// A cheep was taken back. Its text and its reactions are gone; its place stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delete {
    /// Its place in the log.
    pub seq: Seq,
    /// When.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// Which cheep.
    pub target: Seq,
    /// By whom.
    pub by: DeletedBy,
    /// The cheep that the target answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// How many answers the cheep in `reply_to` has left; it is a change of that cheep as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_replies: Option<u64>,
    /// The id that was given to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
}

/// Somebody reacted to a cheep, or took that back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Its place in the log.
    pub seq: Seq,
    /// When.
    #[serde(serialize_with = "serialize_at")]
    pub at: Timestamp,
    /// Which cheep.
    pub target: Seq,
    /// Who: taken back, it is the name as it stands among the names.
    pub name: Name,
    /// With what.
    pub emoji: Emoji,
    /// Reacted, or taken back.
    pub on: bool,
    /// How many have reacted with it now.
    pub count: u64,
    /// Who comes onto the list of names, at its end, now that `name` has left it; absent if nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Name>,
    /// The id that was given to the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
}

impl Cheep {
    /// Takes a change of this cheep, unless it is in it already or is none. True if it was taken.
    pub fn apply(&mut self, event: &Event) -> bool {
        if event.seq() <= self.rev() || !event.changes().any(|changed| changed == self.seq) {
            return false;
        }
        match event {
            Event::Cheep(reply) => self.count_replies(reply.parent_replies),
            Event::Edit(edit) => {
                self.cheep = edit.cheep.clone();
                self.state.edited_at = Some(edit.at);
            }
            Event::Delete(delete) if delete.target == self.seq => {
                self.cheep = CheepText::default();
                self.state.deleted = Some(delete.by);
                self.state.edited_at = None;
                self.state.reactions.clear();
            }
            Event::Delete(delete) => self.count_replies(delete.parent_replies),
            Event::Reaction(reaction) => react(&mut self.state.reactions, reaction),
            Event::Void { .. } | Event::Unknown { .. } => return false,
        }
        self.state.rev = Some(event.seq());
        true
    }

    fn count_replies(&mut self, replies: Option<u64>) {
        self.state.replies = replies.unwrap_or(self.state.replies);
    }
}

fn react(kinds: &mut Vec<ReactionCount>, reaction: &Reaction) {
    let Reaction { name, emoji, on, count, next, .. } = reaction;
    let at = kinds.iter().position(|kind| kind.emoji == *emoji);
    match at {
        Some(at) if *count == 0 => {
            kinds.remove(at);
        }
        Some(at) => {
            let kind = &mut kinds[at];
            kind.count = *count;
            kind.names.retain(|known| known != name);
            kind.names.extend(if *on { Some(name.clone()) } else { next.clone() });
            kind.names.truncate(REACTION_NAMES);
        }
        None if *on => kinds.push(ReactionCount { emoji: emoji.clone(), count: *count, names: vec![name.clone()] }),
        None => {}
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::ref_option, reason = "serde asks with a reference")]
fn serialize_edited_at<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serialize_at(at, serializer),
        None => serializer.serialize_none(),
    }
}
