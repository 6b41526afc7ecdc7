//! The rules of the timeline: what a command changes and what its author is told. Every engine carries out exactly these.
//!
//! Nothing here reads a clock, draws lots, looks into a Unicode table or knows how a log is kept: a decision hangs on the
//! command, the time given with it and what stands in the log before it, so that it is the same on every machine and
//! every time it is made.
//!
//! A command is judged in this order, so that nobody learns from a refusal what is not theirs to know: whose the name is;
//! whether this was asked for before, under the same name and id; whether the asker is muted; whether there is what it names;
//! whether that is deleted; whether the asker may.

mod audit;
mod change;
mod claim;
mod moderate;
mod mute;
mod post;
mod state;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use cheeper_protocol::{Cheep, CheepText, Code, Entry, Event, FoldedName, Refusal, RequestId, Seq, Timestamp};

pub use self::state::{Asked, Earlier, Fingerprint, Holder, Link, Mute, State};
pub(super) use self::state::{fingerprint, is_arrival};
use super::{
    command::{Command, Identity, Outcome, Prepared},
    moderation::AccessChange,
    person::Person,
};

/// What comes of a command.
#[derive(Debug)]
pub struct Decision<'a> {
    /// What its author is told, once the changes are durable.
    pub outcome: Result<Outcome, Refusal>,
    /// What is different from now on, in the order in which it is to be written down. At most one is an event.
    pub changes: Vec<Change<'a>>,
}

/// A change of the log, to be made by its engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<'a> {
    /// This is the next event.
    Event {
        /// The event.
        event: Event,
        /// The name that it is found under, with its id; none if it has none.
        author: Option<&'a FoldedName>,
        /// The earlier cheeps that it changes, as they are from now on.
        changed: Vec<Cheep>,
    },
    /// A name that was free is claimed.
    Claim {
        /// The name that it is known by.
        name: Cow<'a, FoldedName>,
        /// Whose it is.
        holder: Holder,
        /// What it has in common with those that look like it.
        skeletons: Cow<'a, [String]>,
    },
    /// A name is nobody's any more.
    Release {
        /// The name that it is known by.
        name: &'a FoldedName,
        /// Whose it was.
        holder: Holder,
        /// What it has in common with those that look like it.
        skeletons: Vec<String>,
        /// The last event while it was theirs.
        up_to: Seq,
        /// The entry of the audit that tells of it.
        entry: u64,
    },
    /// Somebody may not write.
    Mute {
        /// Who.
        who: Who<'a>,
        /// Until when; none: until it is undone.
        until: Option<Timestamp>,
        /// The entry of the audit that tells of it.
        entry: u64,
    },
    /// The mute that an entry of the audit tells of is over. It may have gone already.
    Unmute {
        /// The entry.
        entry: u64,
    },
    /// Other people may come in.
    Access {
        /// What is different.
        change: AccessChange,
        /// The entry of the audit that tells of what was made or is ended.
        entry: u64,
    },
    /// Something was done.
    Note(Entry),
    /// An entry of the audit was undone.
    Undone {
        /// The entry.
        entry: u64,
        /// The one that undid it.
        by: u64,
    },
    /// Entries in which people came in or claimed a name are forgotten.
    ForgetArrivals {
        /// Those with smaller numbers.
        before: u64,
    },
}

/// Whom a mute is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// Whoever uses a name that is known by this.
    Name(&'a FoldedName),
    /// Somebody, whatever name they use.
    Person(Person),
}

/// Decides a command that comes to a log at some time, which is in whole milliseconds, as it is stored.
pub fn decide<'a, S: State>(command: &'a Prepared, at: Timestamp, log: &S) -> Result<Decision<'a>, S::Error> {
    match command {
        Command::Post(post) => post::decide(post, at, log),
        Command::Edit(edit) => change::edit(edit, at, log),
        Command::Delete(delete) => change::delete(delete, at, log),
        Command::React(react) => change::react(react, at, log),
        Command::Claim(claim) => claim::decide(claim, at, log),
        Command::Moderate(moderate) => moderate::decide(moderate, at, log),
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
    refused(Refusal::from(code).in_field(field))
}

fn refused(refusal: Refusal) -> Decision<'static> {
    Decision { outcome: Err(refusal), changes: Vec::new() }
}

fn nothing_new(outcome: Outcome) -> Decision<'static> {
    Decision { outcome: Ok(outcome), changes: Vec::new() }
}
