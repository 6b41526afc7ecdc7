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
pub mod rules;
pub mod sqlite;

use std::io;

use cheeper_protocol::{Event, Refusal, Seq, Timestamp};

pub use self::command::{Author, Claim, Command, Identity, Named, Outcome, Post, Posted, Prepared};

/// Consecutive events that somebody wants to read: from `first` to `last`, none if `first` comes after `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first wanted.
    pub first: Seq,
    /// The last wanted.
    pub last: Seq,
    /// Wanted most is what lies nearest to the gap right after this one.
    pub pivot: Seq,
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
    /// Anything else.
    #[error("the disk or the store fails, and the server's log says how")]
    Failing,
}

/// Where an answer goes. It is called once, from a thread of the engine's, and must not block.
pub type Answer<T> = Box<dyn FnOnce(Result<T, Refusal>) + Send>;

/// Hears of every new event, in order, once it is durable.
pub type Publish = Box<dyn FnMut(&[Event]) + Send>;

/// A log at work. No method but [`Timeline::close`] blocks.
pub trait Timeline: Send + Sync {
    /// The log's own random id.
    fn id(&self) -> &str;

    /// Why nothing can be written at the moment, if so. That it works again is found out without anybody posting.
    fn trouble(&self) -> Option<Trouble>;

    /// Carries out a command and publishes what it changed. What one thread submits is carried out in that order.
    fn submit(&self, command: Command, answer: Answer<Outcome>);

    /// Reads the events of a span, ascending. On either side of its pivot it stops at the first event with which the texts
    /// there fill a page, so that what is read is bounded and holds all that a page can.
    fn read(&self, span: Span, answer: Answer<Vec<Event>>);

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

    /// Puts it to work.
    fn start(self, publish: Publish) -> Result<impl Timeline + 'static, Self::Error>;
}

/// The time that events get now: to the millisecond, as it is stored and sent.
fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap_or_default()
}
