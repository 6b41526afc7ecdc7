//! What clients ask the timeline to change, and what comes of it.

use cheeper_protocol::{Cheep, CheepText, Code, FoldedName, Name, Refusal, RequestId, Secret, Seq};

/// A change that somebody asks for. It is carried out whole or refused whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Command<A = Author> {
    /// Put a cheep on the timeline.
    Post(Post<A>),
    /// Take a name.
    Claim(Claim<A>),
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
pub struct Post<A = Author> {
    /// Who cheeps.
    pub author: A,
    /// The text.
    pub cheep: CheepText,
    /// The cheep that it answers.
    pub reply_to: Option<Seq>,
    /// The idempotency key: the same name with the same id again is the same post.
    pub id: Option<RequestId>,
}

/// The use of a name: a free one is claimed if there is a secret, a claimed one is checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim<A = Author> {
    /// Who wants to use which name.
    pub author: A,
    /// Whether a free name may be claimed now. One that is claimed already is its holder's in any case.
    pub may_claim: Result<(), Refusal>,
}

/// A command as the rules take it. All that needs a Unicode table or the key is done, once and where the command came
/// in; the results travel with it, so that whoever carries it out, wherever and however often, judges alike.
pub type Prepared = Command<Identity>;

/// An [`Author`] in bytes that can be compared. The secret itself is gone.
#[derive(Clone)]
pub struct Identity {
    /// As it was written.
    pub name: Name,
    /// What the name is known by.
    pub folded: FoldedName,
    /// The secret under the timeline's key. Two are compared in the same time wherever they differ.
    pub secret_hash: Option<blake3::Hash>,
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

impl Command {
    /// Makes it ready for the rules of a timeline whose secrets are hashed under `key`.
    pub fn prepare(self, key: &[u8; 32]) -> Prepared {
        match self {
            Self::Post(Post { author, cheep, reply_to, id }) => {
                Command::Post(Post { author: author.prepare(key), cheep, reply_to, id })
            }
            Self::Claim(Claim { author, may_claim }) => {
                Command::Claim(Claim { author: author.prepare(key), may_claim })
            }
        }
    }
}

impl<A> Command<A> {
    /// The answer if the log is full, failing or closed.
    pub fn not_stored(&self) -> Refusal {
        match self {
            Self::Post(_) => Code::NotStored.into(),
            Self::Claim(_) => Refusal::new(
                Code::NotStored,
                "The server's store does not work, so the name was not taken: try again later.",
            ),
        }
    }
}

impl Author {
    fn prepare(self, key: &[u8; 32]) -> Identity {
        let secret_hash = self.secret.map(|secret| blake3::keyed_hash(key, secret.expose().as_bytes()));
        Identity { folded: self.name.fold(), name: self.name, secret_hash }
    }
}
