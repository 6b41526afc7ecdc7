//! What the fake server does with a request to change the timeline: the rules of the protocol document in the plainest way.

use super::log::{Asked, Log};
use crate::{
    Ack, Cheep, CheepState, CheepText, Code, Delete, DeletedBy, Edit, Emoji, Event, Name, Reaction, Refusal, Request,
    RequestId, Seq, Timestamp, limits::REACTION_KINDS,
};

/// Who asks, under a name that they may use.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    /// The name as it is shown.
    pub(super) name: Name,
    /// It is claimed, and theirs.
    pub(super) is_holder: bool,
    /// They may take back any cheep.
    pub(super) is_host: bool,
}

type Decided = Result<Ack, Refusal>;

/// Posts, edits, deletes or reacts.
pub(super) fn carry_out(log: &mut Log, asker: &Asker, id: Option<RequestId>, request: Request) -> Decided {
    if let Some(asked) = log.asked(&asker.name, id.as_ref()) {
        if !is_same(log, asked, &request) {
            return Err(Refusal::from(Code::IdConflict).in_field("id"));
        }
        return Ok(duplicate(log, asked.seq, id));
    }
    match &request {
        Request::Post { cheep, reply_to, .. } => post(log, asker, id.as_ref(), cheep, *reply_to)?,
        Request::Edit { target, cheep, .. } => {
            let was = changeable(log, *target)?;
            if !is_own(asker, was) {
                return Err(Refusal::from(Code::Forbidden).in_field("target"));
            }
            if was.cheep == *cheep {
                return Ok(duplicate(log, was.rev(), id));
            }
            edit(log, id.as_ref(), *target, cheep);
        }
        Request::Delete { target, .. } => {
            if let Some(seq) = log.deletion(*target) {
                return Ok(duplicate(log, seq, id));
            }
            delete(log, asker, id.as_ref(), *target)?;
        }
        Request::React { target, emoji, on, .. } => {
            let rev = changeable(log, *target)?.rev();
            if log.reactor(*target, emoji, &asker.name).is_some() == *on {
                return Ok(duplicate(log, rev, id));
            }
            react(log, asker, id.as_ref(), *target, (emoji, *on))?;
        }
        other => panic!("{other:?} changes nothing"),
    }
    let seq = log.head();
    let cheep = target(&request).unwrap_or(seq);
    log.note_asked(&asker.name, id.clone(), Asked { seq, cheep, request });
    Ok(Ack { id, seq, at: log.time(seq), duplicate: false })
}

fn target(request: &Request) -> Option<Seq> {
    match request {
        Request::Edit { target, .. } | Request::Delete { target, .. } | Request::React { target, .. } => Some(*target),
        _ => None,
    }
}

fn duplicate(log: &Log, seq: Seq, id: Option<RequestId>) -> Ack {
    Ack { id, seq, at: log.time(seq), duplicate: true }
}

/// Whether a request is the one that was made before. Once the cheep is deleted, nothing is known any more of what was said.
fn is_same(log: &Log, asked: &Asked, request: &Request) -> bool {
    let is_forgotten = log.deleted(asked.cheep).is_some();
    match (&asked.request, request) {
        (Request::Post { cheep, reply_to, .. }, Request::Post { cheep: again, reply_to: to, .. }) => {
            reply_to == to && (is_forgotten || cheep == again)
        }
        (Request::Edit { target, cheep, .. }, Request::Edit { target: of, cheep: again, .. }) => {
            target == of && (is_forgotten || cheep == again)
        }
        (Request::Delete { target, .. }, Request::Delete { target: of, .. }) => target == of,
        (Request::React { target, emoji, on, .. }, Request::React { target: of, emoji: with, on: again, .. }) => {
            target == of && (is_forgotten || (emoji, on) == (with, again))
        }
        _ => false,
    }
}

/// A cheep that is there and not deleted.
fn changeable(log: &Log, target: Seq) -> Result<&Cheep, Refusal> {
    let cheep = log.cheep(target).ok_or(Refusal::from(Code::NotFound).in_field("target"))?;
    if cheep.is_deleted() { Err(Refusal::from(Code::Gone).in_field("target")) } else { Ok(cheep) }
}

fn is_own(asker: &Asker, cheep: &Cheep) -> bool {
    asker.is_holder && cheep.verified && cheep.name.fold() == asker.name.fold()
}

fn post(
    log: &mut Log,
    asker: &Asker,
    id: Option<&RequestId>,
    cheep: &CheepText,
    reply_to: Option<Seq>,
) -> Result<(), Refusal> {
    let replies = log.replies(reply_to);
    if reply_to.is_some() && replies.is_none() {
        return Err(Refusal::from(Code::BadReply).in_field("reply_to"));
    }
    let (seq, at) = next(log);
    log.append(Event::Cheep(Cheep {
        seq,
        at,
        name: asker.name.clone(),
        cheep: cheep.clone(),
        verified: asker.is_holder,
        reply_to,
        parent_replies: replies.map(|replies| replies + 1),
        id: id.cloned(),
        state: CheepState::default(),
    }));
    Ok(())
}

fn edit(log: &mut Log, id: Option<&RequestId>, target: Seq, cheep: &CheepText) {
    let (seq, at) = next(log);
    log.append(Event::Edit(Edit { seq, at, target, cheep: cheep.clone(), id: id.cloned() }));
}

fn delete(log: &mut Log, asker: &Asker, id: Option<&RequestId>, target: Seq) -> Result<(), Refusal> {
    let was = changeable(log, target)?;
    let by = match (is_own(asker, was), asker.is_host) {
        (true, _) => DeletedBy::Author,
        (false, true) => DeletedBy::Host,
        (false, false) => return Err(Refusal::from(Code::Forbidden).in_field("target")),
    };
    let reply_to = was.reply_to;
    let parent_replies = log.replies(reply_to).map(|replies| replies - 1);
    let (seq, at) = next(log);
    log.append(Event::Delete(Delete { seq, at, target, by, reply_to, parent_replies, id: id.cloned() }));
    Ok(())
}

fn react(
    log: &mut Log,
    asker: &Asker,
    id: Option<&RequestId>,
    target: Seq,
    (emoji, on): (&Emoji, bool),
) -> Result<(), Refusal> {
    let kinds = &changeable(log, target)?.state.reactions;
    let count = kinds.iter().find(|kind| kind.emoji == *emoji).map_or(0, |kind| kind.count);
    if count == 0 && kinds.len() >= REACTION_KINDS {
        return Err(Refusal::from(Code::TooMany).in_field("emoji"));
    }
    // Who takes it back goes from the names as they stand there.
    let name = log.reactor(target, emoji, &asker.name).unwrap_or_else(|| asker.name.clone());
    let next_listed = if on { None } else { log.next_listed(target, emoji, &name) };
    let (seq, at) = next(log);
    log.append(Event::Reaction(Reaction {
        seq,
        at,
        target,
        name,
        emoji: emoji.clone(),
        on,
        count: if on { count + 1 } else { count - 1 },
        next: next_listed,
        id: id.cloned(),
    }));
    Ok(())
}

/// The place of the next event, and its time: no two have the same.
fn next(log: &Log) -> (Seq, Timestamp) {
    let seq = log.head().next();
    let at = i64::try_from(seq.get()).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    (seq, at.unwrap_or(Timestamp::UNIX_EPOCH))
}
