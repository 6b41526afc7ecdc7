//! The timeline: one log of events, dense from 1, each durable before anybody hears of it.
//!
//! What every engine promises:
//!
//! * a command is answered only once what it did is durable, or refused and nothing of it done;
//! * `seq` grows by one per event and is never used twice; a failed write uses none up;
//! * the same name and id again is answered with the first one's place, for good;
//! * events are published in order of `seq`, each exactly once, after they are durable and before their authors
//!   are answered.
//!
//! What a command comes to is decided in [`rules`], for all engines alike; an engine only keeps what was decided. The
//! tests in `contract` hold every engine to these promises, and to [`memory`], the naive one.

mod command;
#[cfg(test)]
mod contract;
pub mod memory;
mod moderation;
mod person;
pub mod rules;
mod search;
pub mod sqlite;

use std::io;

use cheeper_protocol::{AuditQuery, Entry, Event, Refusal, Search, Seq, Thread, Timestamp};

pub use self::{
    command::{Author, Changed, Claim, Command, Delete, Edit, Identity, Named, Outcome, Post, Posted, Prepared, React},
    moderation::{AccessChange, Actor, Deed, Known, Moderate},
    person::{LinkId, Person},
};

/// What somebody wants to read. Every cheep is given as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    /// All events in a row, from the first on: none if `first` comes after `last`. One that is damaged is [`Event::Unknown`];
    /// all other kinds of reading leave it out, and only a thread of that very cheep is refused.
    Events {
        /// The first wanted.
        first: Seq,
        /// The last wanted.
        last: Seq,
    },
    /// Cheeps, without the changes between them.
    Cheeps {
        /// Wanted most are those nearest to the gap right after this one.
        pivot: Seq,
        /// Most cheeps wanted up to and with the pivot.
        back: usize,
        /// Most cheeps wanted after it.
        forth: usize,
        /// Nothing after this one is wanted.
        last: Seq,
    },
    /// A cheep, the nearest of those that it answers ([`THREAD_ANCESTORS`](cheeper_protocol::limits::THREAD_ANCESTORS)), and
    /// all answers below it, the oldest first; of all these, those after `thread.after`, and at most as many as a page has
    /// ([`PAGE`](cheeper_protocol::limits::PAGE)). [`Code::NotFound`](cheeper_protocol::Code::NotFound) if it is no cheep.
    Thread {
        /// The cheep.
        thread: Thread,
        /// Nothing after this one is wanted.
        last: Seq,
    },
    /// The newest cheeps that a search finds.
    Search {
        /// What they have in them.
        search: Search,
        /// Nothing after this one is wanted.
        last: Seq,
    },
}

/// What was read, ascending. It is cut short where its events fill a page
/// ([`PAGE_BYTES`](cheeper_protocol::limits::PAGE_BYTES)) on either side of where the reading began, so that it is bounded and
/// holds all that a page can.
#[derive(Clone, Debug, PartialEq)]
pub struct Part<E = Event> {
    /// The events.
    pub events: Vec<E>,
    /// Something that was asked for lies before them.
    pub more_before: bool,
    /// Something that was asked for lies after them.
    pub more_after: bool,
    /// The last seq that this speaks for, if nothing lies after them. A search may not know the newest yet.
    pub last: Seq,
}

/// Why nothing can be written. It is told to anybody who asks, so it names no file: the server's log does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// There is no room.
    #[error("the disk is full")]
    DiskFull,
    /// The log is not what it was.
    #[error("the store's files were moved, deleted or cut off while the server runs")]
    Lost,
    /// What is written would do more damage.
    #[error("the store is damaged, and the server's log says how")]
    Damaged,
    /// Anything else.
    #[error("the disk or the store fails, and the server's log says how")]
    Failing,
}

/// What is wrong with the log, as far as it was looked at. Whatever it hits is not given out, and keeps its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// How many things are.
    pub count: u64,
    /// The first that was found: a sentence without its full stop that names no file.
    pub first: String,
}

/// Where an answer goes. It is called once, from a thread of the engine's, and must not block.
pub type Answer<T> = Box<dyn FnOnce(Result<T, Refusal>) + Send>;

/// Hears of every new event, in order, once it is durable.
pub type Publish = Box<dyn FnMut(&[Event]) + Send>;

/// Hears of what is different about who may come in, once it is durable and before those are answered who asked for it.
pub type Admit = Box<dyn FnMut(&[AccessChange]) + Send>;

/// Entries of the audit, the newest first, and whether there are older ones.
pub type Audit = (Vec<Entry>, bool);

/// A log at work. No method but [`Timeline::close`] blocks.
pub trait Timeline: Send + Sync {
    /// The log's own random id.
    fn id(&self) -> &str;

    /// A key of the log's own for one purpose, which is a sentence nobody else uses.
    fn key(&self, purpose: &'static str) -> [u8; 32];

    /// The first event that is still kept.
    fn floor(&self) -> Seq {
        Seq::ZERO.next()
    }

    /// Why nothing can be written at the moment, if so. That it works again is found out without anybody posting.
    fn trouble(&self) -> Option<Trouble>;

    /// What was found to be wrong with the log since it was opened, if anything was.
    fn damage(&self) -> Option<Damage>;

    /// Carries out a command and publishes what it changed. What one thread submits is carried out in that order.
    fn submit(&self, command: Command, answer: Answer<Outcome>);

    /// Reads a part of the log: what it gives was true at some moment after this was called.
    fn read(&self, read: Read, answer: Answer<Part>);

    /// Reads a part of the audit: at most as many entries as a page has.
    fn audit(&self, query: AuditQuery, answer: Answer<Audit>);

    /// Carries out what was taken, answers it, and lets go of the log. Later requests are refused.
    fn close(&self) -> io::Result<()>;
}

/// A log that was opened and found sound, not at work yet.
pub trait Engine {
    /// Why it cannot be used, in one sentence that says what to do.
    type Error;

    /// The newest event.
    fn head(&self) -> Seq;

    /// The newest events, ascending: `count` of them, or fewer once their texts have `bytes`.
    fn newest(&self, count: u64, bytes: usize) -> Result<Vec<Event>, Self::Error>;

    /// All links and sessions that stand, each link before its sessions. One that is over by its time may be among them.
    fn access(&self) -> Result<Vec<AccessChange>, Self::Error>;

    /// Puts it to work.
    fn start(self, publish: Publish, admit: Admit) -> Result<impl Timeline + 'static, Self::Error>;
}

/// What a part counts of an event: the texts and names in it, which are never more than its JSON has.
fn bytes_of(event: &Event) -> usize {
    match event {
        Event::Cheep(cheep) => {
            let names = cheep.state.reactions.iter().flat_map(|kind| &kind.names);
            cheep.cheep.as_str().len() + names.map(|name| name.as_str().len()).sum::<usize>()
        }
        Event::Edit(edit) => edit.cheep.as_str().len(),
        Event::Reaction(reaction) => reaction.name.as_str().len(),
        Event::Delete(_) | Event::Void { .. } | Event::Unknown { .. } => 0,
    }
}

/// The time that events get now: to the millisecond, as it is stored and sent.
fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap_or_default()
}
