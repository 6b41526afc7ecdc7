//! What the naive engine keeps beside the events: names, mutes, links and the audit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cheeper_protocol::{AuditQuery, Entry, FoldedName, Seq, Timestamp, limits::PAGE};

use crate::timeline::{
    AccessChange, Audit, LinkId, Person,
    rules::{Change, Holder, Link, Mute, Who, is_arrival},
};

/// All that is no event.
#[derive(Clone, Default)]
pub(super) struct Order {
    holders: HashMap<FoldedName, Holder>,
    lookalikes: BTreeSet<(String, FoldedName)>,
    releases: Vec<Release>,
    mutes: Vec<MuteOf>,
    links: BTreeMap<LinkId, Link>,
    /// By the entry that tells of it, each with the link.
    sessions: BTreeMap<(LinkId, u64), ([u8; 32], Person)>,
    audit: BTreeMap<u64, Entry>,
}

/// Somebody whose name was released.
#[derive(Clone)]
struct Release {
    entry: u64,
    folded: FoldedName,
    holder: Holder,
    up_to: Seq,
}

#[derive(Clone)]
struct MuteOf {
    entry: u64,
    name: Option<FoldedName>,
    person: Option<Person>,
    until: Option<Timestamp>,
}

impl Order {
    /// Makes a change, and says what is different about who may come in.
    pub(super) fn take(&mut self, change: Change) -> Option<AccessChange> {
        match change {
            Change::Event { .. } => {}
            Change::Claim { name, holder, skeletons } => {
                let name = name.into_owned();
                self.lookalikes.extend(skeletons.iter().map(|skeleton| (skeleton.clone(), name.clone())));
                self.holders.insert(name, holder);
            }
            Change::Release { name, holder, skeletons, up_to, entry } => {
                self.holders.remove(name);
                self.lookalikes.retain(|(skeleton, known)| known != name || !skeletons.contains(skeleton));
                self.releases.push(Release { entry, folded: name.clone(), holder, up_to });
            }
            Change::Mute { who, until, entry } => {
                let (name, person) = match who {
                    Who::Name(name) => (Some(name.clone()), None),
                    Who::Person(person) => (None, Some(person)),
                };
                self.mutes.push(MuteOf { entry, name, person, until });
            }
            Change::Unmute { entry } => self.mutes.retain(|mute| mute.entry != entry),
            Change::Access { change, entry } => {
                self.change_access(&change, entry);
                return Some(change);
            }
            Change::Note(entry) => {
                self.audit.insert(entry.entry, entry);
            }
            Change::Undone { entry, by } => {
                if let Some(entry) = self.audit.get_mut(&entry) {
                    entry.undone_by = Some(by);
                }
            }
            Change::ForgetArrivals { before } => {
                self.audit.retain(|number, entry| *number >= before || !is_arrival(&entry.action));
            }
        }
        None
    }

    fn change_access(&mut self, change: &AccessChange, entry: u64) {
        match *change {
            AccessChange::LinkMade { link, role, token_hash, ends_at } => {
                self.links.insert(link, Link { role, token_hash, ends_at, sessions: 0, is_ended: false });
            }
            AccessChange::LinkEnded(link) => {
                self.links.entry(link).and_modify(|known| (known.sessions, known.is_ended) = (0, true));
                self.sessions.retain(|(of, _), _| *of != link);
            }
            AccessChange::SessionOpened { link, session_hash, person } => {
                self.links.entry(link).and_modify(|known| known.sessions += 1);
                self.sessions.insert((link, entry), (session_hash, person));
            }
            AccessChange::SessionEnded { link, .. } => {
                self.links.entry(link).and_modify(|known| known.sessions -= 1);
                self.sessions.remove(&(link, entry));
            }
        }
    }

    /// All links and sessions that stand.
    pub(super) fn access(&self) -> Vec<AccessChange> {
        let links = self.links.iter().filter(|(_, link)| !link.is_ended).map(|(id, link)| link.clone().made(*id));
        let sessions = self.sessions.iter().map(|((link, _), (session_hash, person))| AccessChange::SessionOpened {
            link: *link,
            session_hash: *session_hash,
            person: *person,
        });
        links.chain(sessions).collect()
    }

    pub(super) fn audit(&self, query: AuditQuery) -> Audit {
        let older = self.audit.values().rev().filter(|entry| query.before.is_none_or(|before| entry.entry < before));
        let limit = query.limit.min(PAGE);
        (older.clone().take(limit).cloned().collect(), older.count() > limit)
    }

    pub(super) fn holder(&self, name: &FoldedName) -> Option<Holder> {
        self.holders.get(name).cloned()
    }

    pub(super) fn lookalikes(&self, skeletons: &[String]) -> Vec<Holder> {
        let of = |skeleton| self.lookalikes.iter().filter(move |(known, _)| known == skeleton);
        skeletons.iter().flat_map(of).filter_map(|(_, name)| self.holder(name)).collect()
    }

    pub(super) fn former_holder(&self, name: &FoldedName, event: Seq) -> Option<Holder> {
        let later = self.releases.iter().filter(|release| release.folded == *name && release.up_to >= event);
        later.min_by_key(|release| (release.up_to, release.entry)).map(|release| release.holder.clone())
    }

    pub(super) fn was_taken_from(&self, name: &FoldedName, secret_hash: blake3::Hash) -> bool {
        self.releases.iter().any(|release| release.folded == *name && release.holder.secret_hash == secret_hash)
    }

    pub(super) fn released(&self, entry: u64) -> Option<(FoldedName, Holder)> {
        let release = self.releases.iter().find(|release| release.entry == entry)?;
        Some((release.folded.clone(), release.holder.clone()))
    }

    pub(super) fn mutes(&self, name: &FoldedName, person: Person) -> Vec<Mute> {
        let is_theirs = |mute: &&MuteOf| mute.name.as_ref() == Some(name) || mute.person == Some(person);
        let mute = |mute: &MuteOf| Mute { is_of_person: mute.person.is_some(), until: mute.until };
        self.mutes.iter().filter(is_theirs).map(mute).collect()
    }

    pub(super) fn last_entry(&self) -> u64 {
        self.audit.keys().last().copied().unwrap_or_default()
    }

    pub(super) fn entry(&self, number: u64) -> Option<Entry> {
        self.audit.get(&number).cloned()
    }

    pub(super) fn arrival(&self, newer: usize) -> Option<u64> {
        self.audit.values().rev().filter(|entry| is_arrival(&entry.action)).nth(newer).map(|entry| entry.entry)
    }

    pub(super) fn last_link(&self) -> u32 {
        self.links.keys().last().map_or(0, |link| link.0)
    }

    pub(super) fn link(&self, link: LinkId) -> Option<Link> {
        self.links.get(&link).cloned()
    }

    pub(super) fn overdue_links(&self, at: Timestamp) -> Vec<(LinkId, Link)> {
        let is_overdue = |link: &Link| !link.is_ended && link.ends_at.is_some_and(|ends_at| ends_at <= at);
        self.links.iter().filter(|(_, link)| is_overdue(link)).map(|(id, link)| (*id, link.clone())).collect()
    }

    pub(super) fn sessions(&self) -> u64 {
        self.links.values().filter(|link| !link.is_ended).map(|link| link.sessions).sum()
    }

    pub(super) fn session(&self, link: LinkId, entry: u64) -> Option<Person> {
        self.sessions.get(&(link, entry)).map(|(_, person)| *person)
    }
}
