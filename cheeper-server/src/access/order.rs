//! What hosts ask for to keep order. Pure but for chance, which a new link needs.

use cheeper_protocol::{Code, Muted, Name, Refusal, Request, Role, Seq, Timestamp, Token};
use jiff::SignedDuration;

use super::{authorizer::Access, principal::Grant, token::TokenKind};
use crate::timeline::{Actor, Command, Deed, Moderate};

/// Something that only a host may ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Take a cheep back that is somebody else's, without a name.
    Remove {
        /// The cheep.
        target: Seq,
    },
    /// Somebody may not write.
    Mute {
        /// Who.
        who: Muted,
        /// For how long, in milliseconds; absent: until it is undone.
        for_ms: Option<u64>,
    },
    /// A claimed name is free again.
    Release {
        /// The name.
        name: Name,
    },
    /// Make a link.
    Link {
        /// What those may do who come in by it.
        role: Role,
        /// For how long, in milliseconds; absent: until it is undone.
        for_ms: Option<u64>,
        /// What it is for.
        note: Option<Name>,
    },
    /// Undo what an entry of the audit tells of.
    Undo {
        /// Its number.
        entry: u64,
    },
}

impl Order {
    /// What a request orders, if that is what it does.
    pub fn of(request: Request) -> Option<Self> {
        match request {
            Request::Delete { name: None, target } => Some(Self::Remove { target }),
            Request::Mute { who, for_ms } => Some(Self::Mute { who, for_ms }),
            Request::Release { name } => Some(Self::Release { name }),
            Request::Link { role, for_ms, note } => Some(Self::Link { role, for_ms, note }),
            Request::Undo { entry } => Some(Self::Undo { entry }),
            _ => None,
        }
    }
}

/// An order as the timeline takes it, and the token that it made, which is told once it is durable.
pub(crate) struct Ordered {
    pub(crate) command: Command,
    pub(crate) token: Option<Token>,
}

impl Access {
    /// Makes an order of somebody who was let in into what the timeline carries out.
    pub(crate) fn prepare(&self, order: Order, from: &Grant, now: Timestamp) -> Result<Ordered, Refusal> {
        if from.role < Role::Host {
            return Err(Refusal::new(Code::Forbidden, ONLY_HOSTS));
        }
        let (mut token, until) = (None, |for_ms| end(now, for_ms));
        let deed = match order {
            Order::Remove { target } => Deed::Remove { target },
            Order::Mute { who: Muted::Name { name }, for_ms } => Deed::MuteName { name, until: until(for_ms) },
            Order::Mute { who: Muted::Author { target }, for_ms } => {
                let person = self.authors.of(target).ok_or_else(|| {
                    let why = "Who wrote this cheep is not known, or not any more: mute the name instead.";
                    Refusal::new(Code::NotFound, why).in_field("target")
                })?;
                Deed::MuteAuthor { person, target, until: until(for_ms) }
            }
            Order::Release { name } => Deed::Release { name },
            Order::Link { role, for_ms, note } => {
                let (made, token_hash) = self.mint.make(TokenKind::of_link(role))?;
                token = Some(made);
                Deed::MakeLink { role, token_hash, ends_at: until(for_ms), note }
            }
            Order::Undo { entry } => Deed::Undo { entry },
        };
        let by = from.link.map_or(Actor::Operator, Actor::Host);
        Ok(Ordered { command: Command::Moderate(Moderate { by, deed }), token })
    }
}

/// What somebody is told who is no host.
pub(crate) const ONLY_HOSTS: &str = "Only a host may do this.";

/// When something ends that lasts so long, to the millisecond, as it is stored.
fn end(now: Timestamp, for_ms: Option<u64>) -> Option<Timestamp> {
    let lasts = SignedDuration::from_millis(i64::try_from(for_ms?).unwrap_or(i64::MAX));
    let end = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
    Some(Timestamp::from_millisecond(end.as_millisecond()).unwrap_or(Timestamp::MAX))
}
