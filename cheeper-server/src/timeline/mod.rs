//! The timeline: one log of events, dense from 1, each durable before anybody hears of it.
//!
//! What every implementation of [`Timeline`] promises:
//!
//! * a post is answered only once it is durable, or refused and not taken at all;
//! * `seq` grows by one per event and is never used twice; a failed write uses none up;
//! * the same name and id again is answered with the first one's place, for good;
//! * events are published in order of `seq`, each exactly once, after they are durable and before their authors
//!   are answered.

pub mod page;
pub mod sqlite;

use cheeper_protocol::{Cheep, CheepText, Name, Refusal, RequestId, Secret, Seq};

use self::page::Span;

/// Who posts or claims: a name and, for a claimed one, the secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Author {
    pub name: Name,
    pub secret: Option<Secret>,
    /// Whether a free name may be claimed now. One that is claimed already is its holder's in any case.
    pub may_claim: Result<(), Refusal>,
}

impl Author {
    /// Somebody whom nothing keeps from claiming.
    pub fn new(name: Name, secret: Option<Secret>) -> Self {
        Self { name, secret, may_claim: Ok(()) }
    }
}

/// A cheep on its way into the log.
#[derive(Clone, Debug)]
pub struct NewCheep {
    pub author: Author,
    pub cheep: CheepText,
    pub reply_to: Option<Seq>,
    pub id: Option<RequestId>,
}

/// A cheep that is durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    pub cheep: Cheep,
    /// It had been posted before under the same name and id.
    pub duplicate: bool,
}

/// A name that its asker may use.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// As it is shown: the way it was written when it was claimed, else as given.
    pub name: Name,
    pub claimed: bool,
}

/// Where an answer goes. It is called once, from a thread of the timeline's, and must not block.
pub type Answer<T> = Box<dyn FnOnce(Result<T, Refusal>) + Send>;

/// Hears of every new event, in order, once it is durable.
pub type Publish = Box<dyn FnMut(&[Cheep]) + Send>;

/// A log of events. No method blocks.
pub trait Timeline: Send + Sync {
    /// The store's own random id.
    fn id(&self) -> &str;

    /// Whether the last write failed. That it works again is found out without anybody posting.
    fn is_failing(&self) -> bool;

    /// Makes a cheep durable and publishes it.
    fn append(&self, cheep: NewCheep, answer: Answer<Posted>);

    /// Takes a name: claims a free one if there is a secret and it may be, checks the secret of a claimed one.
    fn claim(&self, author: Author, answer: Answer<Named>);

    /// Reads the events of a span, ascending. It may leave out those farthest from its pivot once there are more of them
    /// than the bytes of a page hold.
    fn read(&self, span: Span, answer: Answer<Vec<Cheep>>);
}
