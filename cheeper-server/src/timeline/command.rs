//! What clients ask the timeline to change, and what comes of it.

use cheeper_protocol::{
    Cheep, CheepText, Code, Emoji, Entry, FoldedName, Name, Refusal, RequestId, Role, Secret, Seq, Timestamp,
};

use super::{
    moderation::{Known, Moderate},
    person::{LinkId, Person},
};

/// A change that somebody asks for. It is carried out whole or refused whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Command<A = Author, N = Name> {
    /// Put a cheep on the timeline.
    Post(Post<A>),
    /// Correct the text of a cheep.
    Edit(Edit<A>),
    /// Take a cheep back.
    Delete(Delete<A>),
    /// React to a cheep, or take that back.
    React(React<A>),
    /// Take a name.
    Claim(Claim<A>),
    /// Keep order, or come in.
    Moderate(Moderate<N>),
}

/// Who asks: a name and, for a claimed one, the secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Author {
    /// As it was written.
    pub name: Name,
    /// What proves that the name is theirs.
    pub secret: Option<Secret>,
    /// What they may do.
    pub role: Role,
    /// Who that is, whatever the name.
    pub person: Person,
    /// The link by which they came in.
    pub link: Option<LinkId>,
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

/// Another text for a cheep.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit<A = Author> {
    /// Who corrects it: only the holder of the name under which it was written may.
    pub author: A,
    /// The cheep.
    pub target: Seq,
    /// Its text from now on.
    pub cheep: CheepText,
    /// The idempotency key.
    pub id: Option<RequestId>,
}

/// The end of a cheep's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete<A = Author> {
    /// Who takes it back: the holder of the name under which it was written, or a host.
    pub author: A,
    /// The cheep.
    pub target: Seq,
    /// The idempotency key.
    pub id: Option<RequestId>,
}

/// A reaction to a cheep.
#[derive(Clone, Debug, PartialEq)]
pub struct React<A = Author> {
    /// Who reacts: anybody, under a name that they may use.
    pub author: A,
    /// The cheep.
    pub target: Seq,
    /// With what.
    pub emoji: Emoji,
    /// React, or take it back.
    pub on: bool,
    /// The idempotency key.
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
pub type Prepared = Command<Identity, Known>;

/// An [`Author`] in bytes that can be compared. The secret itself is gone.
#[derive(Clone)]
pub struct Identity {
    /// As it was written.
    pub name: Name,
    /// What the name is known by.
    pub folded: FoldedName,
    /// What names have in common that look like it.
    pub skeletons: Vec<String>,
    /// The secret under the timeline's key. Two are compared in the same time wherever they differ.
    pub secret_hash: Option<blake3::Hash>,
    /// What they may do.
    pub role: Role,
    /// Who that is, whatever the name.
    pub person: Person,
    /// The link by which they came in.
    pub link: Option<LinkId>,
}

/// What a command came to, once it is durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Of [`Command::Post`].
    Posted(Posted),
    /// Of [`Command::Edit`], [`Command::Delete`] and [`Command::React`], and where a cheep is removed.
    Changed(Changed),
    /// Of [`Command::Claim`].
    Named(Named),
    /// Of all else that is done to keep order: the entry of the audit that tells of it.
    Moderated(Entry),
}

/// A cheep that is durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// As it is now.
    pub cheep: Cheep,
    /// It had been posted before under the same name and id.
    pub duplicate: bool,
}

/// A change that is durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Its place in the log. If nothing had to be changed: of the last event that changed the cheep, or of the cheep.
    pub seq: Seq,
    /// When that was.
    pub at: Timestamp,
    /// The cheep as it is now.
    pub cheep: Cheep,
    /// It had been asked for under the same name and id before, or it was so already.
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
            Self::Edit(Edit { author, target, cheep, id }) => {
                Command::Edit(Edit { author: author.prepare(key), target, cheep, id })
            }
            Self::Delete(Delete { author, target, id }) => {
                Command::Delete(Delete { author: author.prepare(key), target, id })
            }
            Self::React(React { author, target, emoji, on, id }) => {
                Command::React(React { author: author.prepare(key), target, emoji, on, id })
            }
            Self::Claim(Claim { author, may_claim }) => {
                Command::Claim(Claim { author: author.prepare(key), may_claim })
            }
            Self::Moderate(moderate) => Command::Moderate(moderate.prepare()),
        }
    }
}

impl<A, N> Command<A, N> {
    /// Who asks; none where nobody needs a name.
    pub fn author(&self) -> Option<&A> {
        match self {
            Self::Post(post) => Some(&post.author),
            Self::Edit(edit) => Some(&edit.author),
            Self::Delete(delete) => Some(&delete.author),
            Self::React(react) => Some(&react.author),
            Self::Claim(claim) => Some(&claim.author),
            Self::Moderate(_) => None,
        }
    }

    /// The answer if the log is full, failing or closed.
    pub fn not_stored(&self) -> Refusal {
        match self {
            Self::Post(_) => Code::NotStored.into(),
            Self::Edit(_) | Self::Delete(_) | Self::React(_) => Refusal::new(
                Code::NotStored,
                "The server could not store this change, so it was not made: try again later.",
            ),
            Self::Claim(_) => Refusal::new(
                Code::NotStored,
                "The server's store does not work, so the name was not taken: try again later.",
            ),
            Self::Moderate(_) => {
                Refusal::new(Code::NotStored, "The server could not store this, so it was not done: try again later.")
            }
        }
    }
}

impl Author {
    fn prepare(self, key: &[u8; 32]) -> Identity {
        let secret_hash = self.secret.map(|secret| blake3::keyed_hash(key, secret.expose().as_bytes()));
        Identity {
            folded: self.name.fold(),
            skeletons: skeletons(&self.name),
            name: self.name,
            secret_hash,
            role: self.role,
            person: self.person,
            link: self.link,
        }
    }
}

/// What names have in common that people cannot tell apart.
pub(super) fn skeletons(name: &Name) -> Vec<String> {
    name.skeletons().into_iter().map(String::from).collect()
}
