//! What clients ask the timeline to change, and what comes of it.

use cheeper_protocol::{Cheep, CheepText, Name, Refusal, RequestId, Secret, Seq};

/// A change that somebody asks for. It is carried out whole or refused whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Put a cheep on the timeline.
    Post(Post),
    /// Take a name.
    Claim(Claim),
}

/// Who asks: a name and, for a claimed one, the secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Author {
    /// As it was written.
    pub name: Name,
    /// What proves that the name is theirs.
    pub secret: Option<Secret>,
}

/// A cheep on its way into the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Who cheeps.
    pub author: Author,
    /// The text.
    pub cheep: CheepText,
    /// The cheep that it answers.
    pub reply_to: Option<Seq>,
    /// The idempotency key: the same name with the same id again is the same post.
    pub id: Option<RequestId>,
}

/// The use of a name: a free one is claimed if there is a secret, a claimed one is checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Who wants to use which name.
    pub author: Author,
    /// Whether a free name may be claimed now. One that is claimed already is its holder's in any case.
    pub may_claim: Result<(), Refusal>,
}

/// What a command came to, once it is durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Of [`Command::Post`].
    Posted(Posted),
    /// Of [`Command::Claim`].
    Named(Named),
}

/// A cheep that is durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// As it stands in the log.
    pub cheep: Cheep,
    /// It had been posted before under the same name and id.
    pub duplicate: bool,
}

/// A name that its asker may use.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// As it is shown: the way it was written when it was claimed, else as given.
    pub name: Name,
    /// Whether it is claimed, by the asker.
    pub claimed: bool,
}
