//! The rules of the timeline: what a command changes and what its author is told. Every engine carries out exactly these.
//!
//! Nothing here reads a clock, draws lots, looks into a Unicode table or knows how a log is kept: a decision hangs on the
//! command, the time given with it and what stands in the log before it, so that it is the same on every machine and
//! every time it is made.
//!
//! A command is judged in this order, so that nobody learns from a refusal what is not theirs to know: whose the name is;
//! whether this was asked for before, under the same name and id; whether there is what it names; whether that is deleted;
//! whether the asker may.

mod change;
mod claim;
mod post;
#[cfg(test)]
mod tests;

use cheeper_protocol::{Cheep, CheepText, Code, Emoji, Event, FoldedName, Name, Refusal, RequestId, Seq, Timestamp};

use super::command::{Command, Identity, Outcome, Prepared};

/// What the rules ask of a log. It answers for all that was decided before, durable yet or not.
pub trait State {
    /// Why it cannot tell.
    type Error;

    /// The newest event.
    fn head(&self) -> Seq;

    /// Who holds a name.
    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, Self::Error>;

    /// The cheep at this place, as it is now; none if nothing or a change is there.
    fn cheep(&self, seq: Seq) -> Result<Option<Cheep>, Self::Error>;

    /// What was asked for under a name and an id, if that made an event.
    fn earlier(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, Self::Error>;

    /// When an event came in. There must be one.
    fn time(&self, seq: Seq) -> Result<Timestamp, Self::Error>;

    /// The event that deleted a cheep. It must be deleted.
    fn deletion(&self, cheep: Seq) -> Result<Seq, Self::Error>;

    /// The name of somebody who reacts to a cheep with this, as it was written then; none if they do not.
    fn reactor(&self, cheep: Seq, emoji: &Emoji, name: &FoldedName) -> Result<Option<Name>, Self::Error>;

    /// The first to react to a cheep with this after as many as are listed
    /// ([`REACTION_NAMES`](cheeper_protocol::limits::REACTION_NAMES)).
    fn first_unlisted(&self, cheep: Seq, emoji: &Emoji) -> Result<Option<Name>, Self::Error>;

    /// What tells a text from others once it is gone.
    fn fingerprint(&self, text: &CheepText) -> Fingerprint;
}

/// Whoever has the secret of a claimed name.
#[derive(Clone)]
pub struct Holder {
    /// The name as it was written when it was claimed.
    pub name: Name,
    /// The secret under the timeline's key.
    pub secret_hash: blake3::Hash,
}

/// The hash of a text under the log's own key, so that without the log nobody can try texts on it.
pub type Fingerprint = [u8; 16];

/// The fingerprint of a text under a key.
pub(super) fn fingerprint(key: &[u8; 32], text: &CheepText) -> Fingerprint {
    let mut fingerprint = Fingerprint::default();
    blake3::Hasher::new_keyed(key).update(text.as_str().as_bytes()).finalize_xof().fill(&mut fingerprint);
    fingerprint
}

/// A request that made an event.
pub struct Earlier {
    /// The place of the event.
    pub seq: Seq,
    /// When it came in.
    pub at: Timestamp,
    /// The cheep that it made or changed, as it is now.
    pub cheep: Cheep,
    /// What was asked for.
    pub asked: Asked,
}

/// What an earlier request asked for, as far as it is still known.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// A post.
    Post {
        /// Its text, if that was corrected since: else it is the cheep's.
        superseded: Option<Fingerprint>,
    },
    /// A correction.
    Edit {
        /// Its text, if that was corrected since: else it is the cheep's.
        superseded: Option<Fingerprint>,
    },
    /// To take it back.
    Delete,
    /// A reaction: with what, and whether on or off. None once the cheep is deleted, with which it is forgotten.
    React(Option<(Emoji, bool)>),
}

/// What comes of a command.
pub struct Decision<'a> {
    /// What its author is told, once the change is durable.
    pub outcome: Result<Outcome, Refusal>,
    /// What is different from now on, if anything.
    pub change: Option<Change<'a>>,
}

/// A change of the log, to be made by its engine.
pub enum Change<'a> {
    /// This is the next event.
    Event {
        /// The event.
        event: Event,
        /// The name that it is found under, with its id.
        author: &'a FoldedName,
        /// The earlier cheeps that it changes, as they are from now on.
        changed: Vec<Cheep>,
    },
    /// A name that was free is claimed.
    Claim {
        /// The name that it is known by.
        name: &'a FoldedName,
        /// Whose it is.
        holder: Holder,
    },
}

/// Decides a command that comes to a log at some time, which is in whole milliseconds, as it is stored.
pub fn decide<'a, S: State>(command: &'a Prepared, at: Timestamp, log: &S) -> Result<Decision<'a>, S::Error> {
    match command {
        Command::Post(post) => post::decide(post, at, log),
        Command::Edit(edit) => change::edit(edit, at, log),
        Command::Delete(delete) => change::delete(delete, at, log),
        Command::React(react) => change::react(react, at, log),
        Command::Claim(claim) => claim::decide(claim, log),
    }
}

/// Whether a later event makes an earlier one void, so that what it held is gone from the log: a correction makes earlier
/// ones of the same cheep void, the end of a cheep all its corrections and reactions.
pub fn makes_void(later: &Event, earlier: &Event) -> bool {
    match (later, earlier) {
        (Event::Edit(later), Event::Edit(earlier)) => later.target == earlier.target,
        (Event::Delete(delete), Event::Edit(earlier)) => delete.target == earlier.target,
        (Event::Delete(delete), Event::Reaction(earlier)) => delete.target == earlier.target,
        (_, _) => false,
    }
}

/// What stands under a request's name and id already.
fn earlier<S: State>(author: &Identity, id: Option<&RequestId>, log: &S) -> Result<Option<Earlier>, S::Error> {
    id.map_or(Ok(None), |id| log.earlier(&author.folded, id))
}

/// Whether a text is the one that an earlier request came with. Nothing is left to tell by once the cheep is deleted: then
/// any is taken for it, as whoever sends the same again must not be told that it was something else.
fn is_same_text<S: State>(cheep: &Cheep, superseded: Option<Fingerprint>, text: &CheepText, log: &S) -> bool {
    cheep.is_deleted() || superseded.map_or(cheep.cheep == *text, |was| was == log.fingerprint(text))
}

fn refuse(code: Code, field: &'static str) -> Decision<'static> {
    Decision { outcome: Err(Refusal::from(code).in_field(field)), change: None }
}

fn nothing_new(outcome: Outcome) -> Decision<'static> {
    Decision { outcome: Ok(outcome), change: None }
}
