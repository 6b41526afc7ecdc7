//! What keeps order, and how people come in.

use std::borrow::Cow;

use cheeper_protocol::{Action, Code, FoldedName, Muted, Name, Refusal, Role, Timestamp};

use super::{Change, Decision, Link, State, Who, audit::note, change, claim::lookalike, refused};
use crate::timeline::{
    command::Outcome,
    moderation::{AccessChange, Deed, Known, Moderate},
    person::{LinkId, Person},
};

/// Most sessions that one link has at a time.
pub(super) const SESSIONS_PER_LINK: u64 = 10_000;
/// Most that all have.
pub(super) const SESSIONS: u64 = 100_000;

pub(super) fn decide<'a, S: State>(
    moderate: &'a Moderate<Known>,
    at: Timestamp,
    log: &S,
) -> Result<Decision<'a>, S::Error> {
    let by = moderate.by.link();
    let now = Now { at, by, log };
    match &moderate.deed {
        Deed::Remove { target } => change::remove(*target, by, at, log),
        Deed::MuteName { name: Known { name, folded }, until } => {
            now.mute(Who::Name(folded), Muted::Name { name: name.clone() }, *until)
        }
        Deed::MuteAuthor { person, target, until } => {
            now.mute(Who::Person(*person), Muted::Author { target: *target }, *until)
        }
        Deed::Release { name } => now.release(&name.folded),
        Deed::MakeLink { role, token_hash, ends_at, note } => now.make_link(*role, *token_hash, *ends_at, note.clone()),
        Deed::Join { link, session_hash, person } => now.join(*link, *session_hash, *person),
        Deed::Undo { entry } => now.undo(*entry),
    }
}

/// Somebody does something at some time.
struct Now<'l, S> {
    at: Timestamp,
    by: Option<LinkId>,
    log: &'l S,
}

impl<S: State> Now<'_, S> {
    /// Changes, each made for the number of the entry that tells of them all.
    fn done<'a>(&self, action: Action, change: impl FnOnce(u64) -> Vec<Change<'a>>) -> Result<Decision<'a>, S::Error> {
        let (entry, noted) = note(self.at, self.by, action, self.log)?;
        let mut changes = change(entry.entry);
        changes.extend(noted);
        Ok(Decision { outcome: Ok(Outcome::Moderated(entry)), changes })
    }

    fn mute<'a>(&self, who: Who<'a>, muted: Muted, until: Option<Timestamp>) -> Result<Decision<'a>, S::Error> {
        self.done(Action::Mute { who: muted, until }, |entry| vec![Change::Mute { who, until, entry }])
    }

    fn release<'a>(&self, name: &'a FoldedName) -> Result<Decision<'a>, S::Error> {
        let Some(holder) = self.log.holder(name)? else {
            return Ok(refused(Refusal::new(Code::NotFound, "Nobody has claimed this name.").in_field("name")));
        };
        let (skeletons, up_to) = (self.log.skeletons(&holder.name), self.log.head());
        let action = Action::Release { name: holder.name.clone() };
        self.done(action, |entry| vec![Change::Release { name, holder, skeletons, up_to, entry }])
    }

    fn make_link(
        &self,
        role: Role,
        token_hash: [u8; 32],
        ends_at: Option<Timestamp>,
        note: Option<Name>,
    ) -> Result<Decision<'static>, S::Error> {
        let Some(number) = self.log.last_link()?.checked_add(1) else {
            return Ok(refused(Refusal::new(Code::TooMany, "There are as many links as there can be.")));
        };
        let overdue = self.log.overdue_links(self.at)?;
        self.done(Action::Link { link: number, role, ends_at, note }, |entry| {
            let link = LinkId(number);
            let made = AccessChange::LinkMade { link, role, token_hash, ends_at };
            let ended = overdue.into_iter().map(|(link, _)| AccessChange::LinkEnded(link));
            ended.chain([made]).map(|change| Change::Access { change, entry }).collect()
        })
    }

    fn join(&self, link: LinkId, session_hash: [u8; 32], person: Person) -> Result<Decision<'static>, S::Error> {
        let is_over = |link: &Link| link.is_ended || link.ends_at.is_some_and(|ends_at| ends_at <= self.at);
        let Some(known) = self.log.link(link)?.filter(|link| !is_over(link)) else {
            let why = "This link has ended: ask the host for a new one.";
            return Ok(refused(Refusal::new(Code::TokenRequired, why)));
        };
        let too_many = |why| Ok(refused(Refusal::new(Code::TooMany, why)));
        if known.sessions >= SESSIONS_PER_LINK {
            return too_many("As many people have come in by this link as can: ask the host for a new one.");
        }
        let sessions = self.log.sessions()?;
        let overdue = if sessions < SESSIONS { Vec::new() } else { self.log.overdue_links(self.at)? };
        let freed: u64 = overdue.iter().map(|(_, link)| link.sessions).sum();
        if sessions.saturating_sub(freed) >= SESSIONS {
            return too_many("As many people have come in as can: the host has to end an old link first.");
        }
        self.done(Action::Join { link: link.0 }, |entry| {
            let opened = AccessChange::SessionOpened { link, session_hash, person };
            let ended = overdue.into_iter().map(|(link, _)| AccessChange::LinkEnded(link));
            ended.chain([opened]).map(|change| Change::Access { change, entry }).collect()
        })
    }

    fn undo(&self, number: u64) -> Result<Decision<'static>, S::Error> {
        let refuse = |code, why: &'static str| Ok(refused(Refusal::new(code, why).in_field("entry")));
        let Some(entry) = self.log.entry(number)? else {
            return refuse(Code::NotFound, "There is no such entry.");
        };
        if entry.undone_by.is_some() {
            return refuse(Code::Gone, "This was undone already.");
        }
        let undoing = match entry.action {
            Action::Remove { .. } => return refuse(Code::Gone, "What was removed is gone for good."),
            Action::Undo { .. } => return refuse(Code::Gone, "What was undone stays so: do it anew."),
            Action::Claim { .. } => return refuse(Code::Forbidden, "A claim is not undone: release the name."),
            Action::Unknown => return refuse(Code::Forbidden, "This cannot be undone here."),
            Action::Mute { .. } => Some(Change::Unmute { entry: number }),
            Action::Release { name } => match self.give_back(number, &name)? {
                Ok(claim) => Some(claim),
                Err(refusal) => return Ok(refused(refusal)),
            },
            Action::Link { link, .. } => {
                let stands = self.log.link(LinkId(link))?.is_some_and(|link| !link.is_ended);
                let change = AccessChange::LinkEnded(LinkId(link));
                stands.then_some(Change::Access { change, entry: number })
            }
            Action::Join { link } => {
                let link = LinkId(link);
                let change = |person| AccessChange::SessionEnded { link, person };
                self.log.session(link, number)?.map(|person| Change::Access { change: change(person), entry: number })
            }
        };
        self.done(Action::Undo { undoes: number }, |by| {
            undoing.into_iter().chain([Change::Undone { entry: number, by }]).collect()
        })
    }

    /// A name that was released is its former holder's again, unless it or one that looks like it is somebody else's by now.
    fn give_back(&self, entry: u64, name: &Name) -> Result<Result<Change<'static>, Refusal>, S::Error> {
        let taken = |why: &'static str| Ok(Err(Refusal::new(Code::NameTaken, why).in_field("entry")));
        let Some((folded, holder)) = self.log.released(entry, name)? else {
            return Ok(Err(Refusal::new(Code::Gone, "Nobody knows any more whose this name was.").in_field("entry")));
        };
        if self.log.holder(&folded)?.is_some() {
            return taken("Somebody has claimed this name since: release it first.");
        }
        let skeletons = self.log.skeletons(&holder.name);
        if lookalike(&skeletons, Some(holder.secret_hash), self.log)?.is_some() {
            return taken("Somebody has claimed a name since that looks like this one: release that one first.");
        }
        Ok(Ok(Change::Claim { name: Cow::Owned(folded), holder, skeletons: Cow::Owned(skeletons) }))
    }
}
