//! The links and sessions that stand, as the timeline tells of them. Pure.

use std::collections::{HashMap, HashSet};

use cheeper_protocol::{Role, Timestamp};

use super::token::TokenHash;
use crate::timeline::{AccessChange, LinkId, Person};

/// All that stand.
#[derive(Default)]
pub(super) struct Registry {
    tokens: HashMap<TokenHash, Opened>,
    links: HashMap<LinkId, Link>,
    /// The hash of each session's token, and the link that it came by.
    sessions: HashMap<Person, (TokenHash, LinkId)>,
}

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    Link(LinkId),
    Session(LinkId, Person),
}

/// A link that stands.
pub(super) struct Link {
    pub(super) role: Role,
    pub(super) ends_at: Option<Timestamp>,
    token_hash: TokenHash,
    /// Who has a session by it.
    people: HashSet<Person>,
    /// Whose session has ended since the start. Who shows the link's own token has none, so that there is none does not say
    /// that it has ended.
    ended: HashSet<Person>,
}

impl Registry {
    /// Takes in what has changed; whether anybody is out by it who was in.
    pub(super) fn apply(&mut self, changes: &[AccessChange]) -> bool {
        let mut ends = false;
        for change in changes {
            match *change {
                AccessChange::LinkMade { link, role, token_hash, ends_at } => {
                    self.tokens.insert(token_hash, Opened::Link(link));
                    let (people, ended) = (HashSet::new(), HashSet::new());
                    self.links.insert(link, Link { role, ends_at, token_hash, people, ended });
                }
                AccessChange::SessionOpened { link, session_hash, person } => self.open(link, session_hash, person),
                AccessChange::LinkEnded(link) => ends |= self.end_link(link),
                AccessChange::SessionEnded { link, person } => {
                    ends = true;
                    self.end_session(person);
                    if let Some(link) = self.links.get_mut(&link) {
                        link.ended.insert(person);
                    }
                }
            }
        }
        ends
    }

    /// Ends the links whose time has come; whether there were any.
    pub(super) fn expire(&mut self, now: Timestamp) -> bool {
        let over = self.links.iter().filter(|(_, link)| !link.lasts(now));
        let over: Vec<LinkId> = over.map(|(number, _)| *number).collect();
        for link in &over {
            self.end_link(*link);
        }
        !over.is_empty()
    }

    /// When the next link ends by itself.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.links.values().filter_map(|link| link.ends_at).min()
    }

    /// What a token opens now.
    pub(super) fn find(&self, token: &TokenHash, now: Timestamp) -> Option<(Opened, &Link)> {
        let opened = *self.tokens.get(token)?;
        let (Opened::Link(link) | Opened::Session(link, _)) = opened;
        Some((opened, self.links.get(&link).filter(|link| link.lasts(now))?))
    }

    /// Whether somebody who came in by this link still may.
    pub(super) fn stands(&self, link: LinkId, person: Person) -> bool {
        self.links.get(&link).is_some_and(|link| !link.ended.contains(&person))
    }

    fn open(&mut self, link: LinkId, session_hash: TokenHash, person: Person) {
        // One of a link that ended meanwhile lets nobody in.
        let Some(found) = self.links.get_mut(&link) else { return };
        found.people.insert(person);
        self.tokens.insert(session_hash, Opened::Session(link, person));
        self.sessions.insert(person, (session_hash, link));
    }

    fn end_session(&mut self, person: Person) {
        let Some((hash, link)) = self.sessions.remove(&person) else { return };
        self.tokens.remove(&hash);
        if let Some(link) = self.links.get_mut(&link) {
            link.people.remove(&person);
        }
    }

    fn end_link(&mut self, link: LinkId) -> bool {
        let Some(link) = self.links.remove(&link) else { return false };
        self.tokens.remove(&link.token_hash);
        for person in link.people {
            self.end_session(person);
        }
        true
    }
}

impl Link {
    fn lasts(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const LINK: LinkId = LinkId(1);

    fn later(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn made(link: u32, role: Role, ends_at: Option<Timestamp>) -> AccessChange {
        AccessChange::LinkMade { link: LinkId(link), role, token_hash: hash(u64::from(link)), ends_at }
    }

    fn opened(link: u32, person: u64) -> AccessChange {
        AccessChange::SessionOpened { link: LinkId(link), session_hash: hash(1000 + person), person: Person(person) }
    }

    fn hash(of: u64) -> TokenHash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&of.to_le_bytes());
        hash
    }

    #[test]
    fn a_link_and_its_sessions_let_in_until_it_ends() {
        let mut registry = Registry::default();
        assert!(!registry.apply(&[made(1, Role::Host, None), opened(1, 7)]));
        let (found, link) = registry.find(&hash(1), NOW).unwrap();
        assert_eq!((found, link.role), (Opened::Link(LINK), Role::Host));
        assert_eq!(registry.find(&hash(1007), NOW).unwrap().0, Opened::Session(LINK, Person(7)));
        assert!(registry.find(&hash(2), NOW).is_none() && registry.stands(LINK, Person(7)));
        assert!(registry.apply(&[AccessChange::LinkEnded(LINK)]));
        assert!(registry.find(&hash(1), NOW).is_none() && registry.find(&hash(1007), NOW).is_none());
        assert!(!registry.stands(LINK, Person(7)));
        assert!(!registry.apply(&[AccessChange::LinkEnded(LINK), opened(1, 8)]), "it has ended already");
        assert!(registry.find(&hash(1008), NOW).is_none());
    }

    #[test]
    fn a_session_ends_alone() {
        let mut registry = Registry::default();
        registry.apply(&[made(1, Role::Member, None), opened(1, 7), opened(1, 8)]);
        assert!(registry.apply(&[AccessChange::SessionEnded { link: LINK, person: Person(7) }]));
        assert!(registry.find(&hash(1007), NOW).is_none() && !registry.stands(LINK, Person(7)));
        assert!(registry.find(&hash(1008), NOW).is_some() && registry.stands(LINK, Person(8)));
        assert!(registry.stands(LINK, Person(99)), "who has none, but the link's own token");
    }

    #[test]
    fn a_link_ends_by_itself_when_its_time_has_come() {
        let mut registry = Registry::default();
        registry.apply(&[made(1, Role::Member, Some(later(10))), made(2, Role::Member, Some(later(20))), opened(1, 7)]);
        assert_eq!(registry.next_end(), Some(later(10)));
        assert!(registry.find(&hash(1007), later(9)).is_some() && registry.find(&hash(1007), later(10)).is_none());
        assert!(!registry.expire(later(9)) && registry.expire(later(10)) && !registry.expire(later(10)));
        assert!(!registry.stands(LINK, Person(7)) && registry.stands(LinkId(2), Person(7)));
        assert_eq!(registry.next_end(), Some(later(20)));
    }

    proptest! {
        /// Whatever happens in whatever order: no token is left of what has ended, and none is missing of what stands.
        #[test]
        fn the_tokens_are_those_of_what_stands(steps in proptest::collection::vec((0u8..4, 1u32..4, 0u64..6), 0..60)) {
            let mut registry = Registry::default();
            for (kind, link, person) in steps {
                let change = match kind {
                    0 if !registry.links.contains_key(&LinkId(link)) => made(link, Role::Member, None),
                    1 if !registry.sessions.contains_key(&Person(person)) => opened(link, person),
                    2 => AccessChange::LinkEnded(LinkId(link)),
                    _ => AccessChange::SessionEnded { link: LinkId(link), person: Person(person) },
                };
                registry.apply(&[change]);
                prop_assert_eq!(registry.tokens.len(), registry.links.len() + registry.sessions.len());
                let of_links: usize = registry.links.values().map(|link| link.people.len()).sum();
                prop_assert_eq!(of_links, registry.sessions.len());
            }
        }
    }
}
