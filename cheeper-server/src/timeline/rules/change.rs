//! Changes of cheeps: who may make which, and what they come to.

use cheeper_protocol::{
    Action, Cheep, Code, Delete, DeletedBy, Edit, Event, FoldedName, Reaction, RequestId, Role, Seq, Timestamp,
    limits::REACTION_KINDS,
};

use super::{
    Asked, Change, Decision, Earlier, State,
    audit::note,
    claim::{Usable, usable},
    earlier, is_same_text,
    mute::muted,
    nothing_new, refuse, refused,
};
use crate::timeline::{
    command::{self, Changed, Identity, Outcome},
    person::LinkId,
};

pub(super) fn edit<'a, S: State>(
    edit: &'a command::Edit<Identity>,
    at: Timestamp,
    log: &S,
) -> Result<Decision<'a>, S::Error> {
    let (author, target) = (&edit.author, edit.target);
    let name = match usable(author, log)? {
        Ok(usable) => usable,
        Err(refusal) => return Ok(refused(refusal)),
    };
    if let Some(first) = earlier(author, edit.id.as_ref(), log)? {
        let is_same = match first.asked {
            Asked::Edit { superseded } => {
                first.cheep.seq == target && is_same_text(&first.cheep, superseded, &edit.cheep, log)
            }
            Asked::Post { .. } | Asked::Delete | Asked::React(_) => false,
        };
        return Ok(again(first, is_same));
    }
    if let Some(refusal) = muted(author, at, log)? {
        return Ok(refused(refusal));
    }
    let Some(cheep) = log.cheep(target)? else { return Ok(refuse(Code::NotFound, "target")) };
    if cheep.is_deleted() {
        return Ok(refuse(Code::Gone, "target"));
    }
    if !is_own(author, &name, &cheep, log)? {
        return Ok(refuse(Code::Forbidden, "target"));
    }
    if cheep.cheep == edit.cheep {
        return is_so_already(cheep, log);
    }
    let text = edit.cheep.clone();
    let event = Event::Edit(Edit { seq: log.head().next(), at, target, cheep: text, id: edit.id.clone() });
    Ok(make(event, at, Some(&author.folded), cheep, None))
}

pub(super) fn delete<'a, S: State>(
    delete: &'a command::Delete<Identity>,
    at: Timestamp,
    log: &S,
) -> Result<Decision<'a>, S::Error> {
    let (author, target) = (&delete.author, delete.target);
    let name = match usable(author, log)? {
        Ok(usable) => usable,
        Err(refusal) => return Ok(refused(refusal)),
    };
    if let Some(first) = earlier(author, delete.id.as_ref(), log)? {
        let is_same = first.cheep.seq == target && first.asked == Asked::Delete;
        return Ok(again(first, is_same));
    }
    let Some(cheep) = log.cheep(target)? else { return Ok(refuse(Code::NotFound, "target")) };
    if cheep.is_deleted() {
        return is_gone_already(cheep, log);
    }
    if is_own(author, &name, &cheep, log)? {
        return deleted(cheep, DeletedBy::Author, at, (Some(&author.folded), delete.id.as_ref()), log);
    }
    match author.role {
        Role::Host => deleted_by_host(cheep, author.link, at, (Some(&author.folded), delete.id.as_ref()), log),
        Role::Member | Role::Reader => Ok(refuse(Code::Forbidden, "target")),
    }
}

/// A cheep is taken back by a host who says no name.
pub(super) fn remove<S: State>(
    target: Seq,
    by: Option<LinkId>,
    at: Timestamp,
    log: &S,
) -> Result<Decision<'static>, S::Error> {
    match log.cheep(target)? {
        None => Ok(refuse(Code::NotFound, "target")),
        Some(cheep) if cheep.is_deleted() => is_gone_already(cheep, log),
        Some(cheep) => deleted_by_host(cheep, by, at, (None, None), log),
    }
}

/// Under which name and id something was asked for.
type Key<'a> = (Option<&'a FoldedName>, Option<&'a RequestId>);

fn deleted_by_host<'a, S: State>(
    cheep: Cheep,
    by: Option<LinkId>,
    at: Timestamp,
    key: Key<'a>,
    log: &S,
) -> Result<Decision<'a>, S::Error> {
    let target = cheep.seq;
    let mut decision = deleted(cheep, DeletedBy::Host, at, key, log)?;
    decision.changes.extend(note(at, by, Action::Remove { target }, log)?.1);
    Ok(decision)
}

fn deleted<'a, S: State>(
    cheep: Cheep,
    by: DeletedBy,
    at: Timestamp,
    (author, id): Key<'a>,
    log: &S,
) -> Result<Decision<'a>, S::Error> {
    let parent = match cheep.reply_to {
        None => None,
        Some(to) => log.cheep(to)?,
    };
    let event = Event::Delete(Delete {
        seq: log.head().next(),
        at,
        target: cheep.seq,
        by,
        reply_to: cheep.reply_to,
        parent_replies: parent.as_ref().map(|parent| parent.state.replies.saturating_sub(1)),
        id: id.cloned(),
    });
    Ok(make(event, at, author, cheep, parent))
}

pub(super) fn react<'a, S: State>(
    react: &'a command::React<Identity>,
    at: Timestamp,
    log: &S,
) -> Result<Decision<'a>, S::Error> {
    let (author, target, emoji, on) = (&react.author, react.target, &react.emoji, react.on);
    let name = match usable(author, log)? {
        Ok(usable) => usable.name,
        Err(refusal) => return Ok(refused(refusal)),
    };
    if let Some(first) = earlier(author, react.id.as_ref(), log)? {
        let is_same = match &first.asked {
            Asked::React(what) => {
                first.cheep.seq == target && what.as_ref().is_none_or(|(was, was_on)| (was, *was_on) == (emoji, on))
            }
            Asked::Post { .. } | Asked::Edit { .. } | Asked::Delete => false,
        };
        return Ok(again(first, is_same));
    }
    if let Some(refusal) = muted(author, at, log)? {
        return Ok(refused(refusal));
    }
    let Some(cheep) = log.cheep(target)? else { return Ok(refuse(Code::NotFound, "target")) };
    if cheep.is_deleted() {
        return Ok(refuse(Code::Gone, "target"));
    }
    let kind = cheep.state.reactions.iter().find(|kind| kind.emoji == *emoji);
    let count = kind.map_or(0, |kind| kind.count);
    let (name, count, next) = match log.reactor(target, emoji, &author.folded)? {
        Some(_) if on => return is_so_already(cheep, log),
        None if !on => return is_so_already(cheep, log),
        None if kind.is_none() && cheep.state.reactions.len() >= REACTION_KINDS => {
            return Ok(refuse(Code::TooMany, "emoji"));
        }
        None => (name, count + 1, None),
        Some(name) => {
            let is_listed = kind.is_some_and(|kind| kind.names.contains(&name));
            let next = if is_listed { log.first_unlisted(target, emoji)? } else { None };
            (name, count.saturating_sub(1), next)
        }
    };
    let (seq, emoji, id) = (log.head().next(), emoji.clone(), react.id.clone());
    let event = Event::Reaction(Reaction { seq, at, target, name, emoji, on, count, next, id });
    Ok(make(event, at, Some(&author.folded), cheep, None))
}

/// Whether somebody may change a cheep as its author: it was written under a name that was claimed then, they hold it now, and
/// with the same secret as whoever held it then. A claimed name is always shown as it was claimed, so it is the same to the
/// letter; but it may have been released since, and be another's.
fn is_own<S: State>(author: &Identity, name: &Usable, cheep: &Cheep, log: &S) -> Result<bool, S::Error> {
    if !(name.claimed && cheep.verified && cheep.name == name.name) {
        return Ok(false);
    }
    let former = log.former_holder(&author.folded, cheep.seq)?;
    Ok(former.is_none_or(|former| author.secret_hash == Some(former.secret_hash)))
}

/// The answer to a request whose name and id were used before.
fn again(first: Earlier, is_same: bool) -> Decision<'static> {
    let Earlier { seq, at, cheep, .. } = first;
    if is_same {
        nothing_new(Outcome::Changed(Changed { seq, at, cheep, duplicate: true }))
    } else {
        refuse(Code::IdConflict, "id")
    }
}

/// The answer to whoever deletes what is deleted: the event that did it.
fn is_gone_already<S: State>(cheep: Cheep, log: &S) -> Result<Decision<'static>, S::Error> {
    let seq = log.deletion(cheep.seq)?;
    let at = log.time(seq)?;
    Ok(nothing_new(Outcome::Changed(Changed { seq, at, cheep, duplicate: true })))
}

/// The answer to a request that would change nothing: the last event that changed the cheep.
fn is_so_already<S: State>(cheep: Cheep, log: &S) -> Result<Decision<'static>, S::Error> {
    let (seq, at) = (cheep.rev(), log.time(cheep.rev())?);
    Ok(nothing_new(Outcome::Changed(Changed { seq, at, cheep, duplicate: true })))
}

fn make(
    event: Event,
    at: Timestamp,
    author: Option<&FoldedName>,
    mut cheep: Cheep,
    parent: Option<Cheep>,
) -> Decision<'_> {
    let mut changed: Vec<_> = parent.into_iter().collect();
    for parent in &mut changed {
        parent.apply(&event);
    }
    cheep.apply(&event);
    changed.push(cheep.clone());
    let outcome = Changed { seq: event.seq(), at, cheep, duplicate: false };
    Decision { outcome: Ok(Outcome::Changed(outcome)), changes: vec![Change::Event { event, author, changed }] }
}
