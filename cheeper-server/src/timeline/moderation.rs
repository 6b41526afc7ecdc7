//! What keeps order on a timeline: what a host does, and what the links do by which people come in.

use cheeper_protocol::{FoldedName, Name, Role, Seq, Timestamp};

use super::person::{LinkId, Person};

/// Something that is done to keep order, or to come in. Each leaves an entry in the audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Moderate<N = Name> {
    /// Who does it.
    pub by: Actor,
    /// What.
    pub deed: Deed<N>,
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever has the machine.
    Operator,
    /// A host who came in by this link.
    Host(LinkId),
    /// Somebody for themselves.
    Oneself,
}

/// What is done. Whether whoever asks may is for those who take requests in: here all are carried out.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed<N = Name> {
    /// Take a cheep back, without a name. It is answered as [`Command::Delete`](super::Command::Delete) is.
    Remove {
        /// The cheep.
        target: Seq,
    },
    /// Whoever uses this name may not write.
    MuteName {
        /// The name.
        name: N,
        /// Until when; none: until it is undone.
        until: Option<Timestamp>,
    },
    /// Somebody may not write, whatever name they use.
    MuteAuthor {
        /// Who.
        person: Person,
        /// The cheep of theirs that they are known by.
        target: Seq,
        /// Until when; none: until it is undone.
        until: Option<Timestamp>,
    },
    /// A claimed name is free again.
    Release {
        /// The name.
        name: N,
    },
    /// A link lets people in.
    MakeLink {
        /// What those may do who come in by it.
        role: Role,
        /// What the link's token is known by.
        token_hash: [u8; 32],
        /// When it ends by itself.
        ends_at: Option<Timestamp>,
        /// What it is for.
        note: Option<Name>,
    },
    /// Somebody comes in by a link. [`Code::TokenRequired`](cheeper_protocol::Code::TokenRequired) if it has ended,
    /// [`Code::TooMany`](cheeper_protocol::Code::TooMany) if as many have come in as can.
    Join {
        /// The link.
        link: LinkId,
        /// What the session's token is known by.
        session_hash: [u8; 32],
        /// Who it makes of them, drawn by lot.
        person: Person,
    },
    /// What an entry of the audit tells of is undone.
    Undo {
        /// Its number.
        entry: u64,
    },
}

/// A [`Name`] with all that the rules compare of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// As it was written.
    pub name: Name,
    /// What it is known by.
    pub folded: FoldedName,
}

/// What is different about who may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessChange {
    /// A link lets people in.
    LinkMade {
        /// The link.
        link: LinkId,
        /// What those may do who come in by it.
        role: Role,
        /// What its token is known by.
        token_hash: [u8; 32],
        /// When it ends by itself. That alone is not told again: it lets nobody in from then on.
        ends_at: Option<Timestamp>,
    },
    /// A link lets nobody in any more, and its sessions have ended with it.
    LinkEnded(LinkId),
    /// Somebody has come in.
    SessionOpened {
        /// By this link.
        link: LinkId,
        /// What the session's token is known by.
        session_hash: [u8; 32],
        /// Who that is.
        person: Person,
    },
    /// Somebody's session has ended, and their link has not.
    SessionEnded {
        /// The link that they came in by.
        link: LinkId,
        /// Who that was.
        person: Person,
    },
}

impl Actor {
    /// As an entry of the audit says it.
    pub(super) fn link(self) -> Option<LinkId> {
        match self {
            Self::Host(link) => Some(link),
            Self::Operator | Self::Oneself => None,
        }
    }
}

impl Moderate {
    pub(super) fn prepare(self) -> Moderate<Known> {
        let known = |name: Name| Known { folded: name.fold(), name };
        let whole = |time: Option<Timestamp>| time.map(whole_milliseconds);
        let deed = match self.deed {
            Deed::Remove { target } => Deed::Remove { target },
            Deed::MuteName { name, until } => Deed::MuteName { name: known(name), until: whole(until) },
            Deed::MuteAuthor { person, target, until } => Deed::MuteAuthor { person, target, until: whole(until) },
            Deed::Release { name } => Deed::Release { name: known(name) },
            Deed::MakeLink { role, token_hash, ends_at, note } => {
                Deed::MakeLink { role, token_hash, ends_at: whole(ends_at), note }
            }
            Deed::Join { link, session_hash, person } => Deed::Join { link, session_hash, person },
            Deed::Undo { entry } => Deed::Undo { entry },
        };
        Moderate { by: self.by, deed }
    }
}

/// A time as it is stored and sent. In the last second that there is, milliseconds cannot be told.
fn whole_milliseconds(time: Timestamp) -> Timestamp {
    let whole = Timestamp::from_millisecond(time.as_millisecond());
    whole.or_else(|_| Timestamp::from_second(time.as_second())).unwrap_or(time)
}
