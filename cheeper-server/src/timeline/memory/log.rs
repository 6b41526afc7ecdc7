//! What the naive engine keeps, and how it changes.

use std::collections::HashMap;

use cheeper_protocol::{Cheep, Emoji, Event, FoldedName, Name, Reaction, Refusal, RequestId, Seq, Timestamp};

use super::order::Order;
use crate::timeline::{
    AccessChange, Outcome, Prepared, now,
    rules::{self, Asked, Change, Decision},
};

/// It keeps nothing that is worth a key of its own.
pub(super) const KEY: [u8; 32] = [0; 32];

/// The log and all that stands beside it.
#[derive(Clone, Default)]
pub(super) struct Log {
    /// As they are given out now.
    pub(super) events: Vec<Event>,
    /// When each came in.
    pub(super) times: Vec<Timestamp>,
    /// All that is no event.
    pub(super) order: Order,
    pub(super) requests: HashMap<(FoldedName, RequestId), Request>,
    /// Who reacts, in the order in which they did.
    pub(super) reactors: Vec<Reactor>,
    /// The deleted cheeps, each with the event that deleted it.
    pub(super) deletions: HashMap<Seq, Seq>,
}

/// What a name asked for under an id.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) event: Seq,
    pub(super) cheep: Seq,
    pub(super) asked: Asked,
}

/// Somebody who reacts to a cheep.
#[derive(Clone)]
pub(super) struct Reactor {
    pub(super) cheep: Seq,
    pub(super) emoji: Emoji,
    pub(super) folded: FoldedName,
    pub(super) name: Name,
}

/// What came of a command.
pub(super) struct Taken {
    pub(super) outcome: Result<Outcome, Refusal>,
    pub(super) events: Vec<Event>,
    pub(super) access: Vec<AccessChange>,
}

impl Log {
    pub(super) fn carry_out(&mut self, command: &Prepared) -> Taken {
        let Ok(Decision { outcome, changes }) = rules::decide(command, now(), self);
        let (mut events, mut access) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Event { event, author, changed } => {
                    self.take(&event, author, changed);
                    events.push(event);
                }
                other => access.extend(self.order.take(other)),
            }
        }
        Taken { outcome, events, access }
    }

    fn take(&mut self, event: &Event, author: Option<&FoldedName>, changed: Vec<Cheep>) {
        for earlier in &mut self.events {
            if rules::makes_void(event, earlier) {
                *earlier = Event::Void { seq: earlier.seq() };
            }
        }
        for cheep in changed {
            let at = index(cheep.seq);
            self.events[at] = Event::Cheep(cheep);
        }
        self.take_reactors(event, author);
        if let (Some((id, request)), Some(author)) = (request(event), author) {
            self.requests.insert((author.clone(), id), request);
        }
        self.events.push(event.clone());
        self.times.push(time(event));
    }

    fn take_reactors(&mut self, event: &Event, author: Option<&FoldedName>) {
        match (event, author) {
            (Event::Reaction(Reaction { target, emoji, name, on: true, .. }), Some(author)) => {
                let (emoji, folded, name) = (emoji.clone(), author.clone(), name.clone());
                self.reactors.push(Reactor { cheep: *target, emoji, folded, name });
            }
            (Event::Reaction(gone), Some(author)) => self.reactors.retain(|reactor| {
                (reactor.cheep, &reactor.emoji, &reactor.folded) != (gone.target, &gone.emoji, author)
            }),
            (Event::Delete(delete), _) => {
                self.reactors.retain(|reactor| reactor.cheep != delete.target);
                self.deletions.insert(delete.target, delete.seq);
            }
            _ => {}
        }
    }

    pub(super) fn event(&self, seq: Seq) -> Option<&Event> {
        self.events.get(index(seq))
    }

    /// The cheep at a place where there is one.
    pub(super) fn present(&self, seq: Seq) -> Cheep {
        self.event(seq).and_then(Event::as_cheep).expect("nothing is asked for that is no cheep").clone()
    }
}

/// What stands under the id of a request from now on. Texts are always told by their fingerprints here.
fn request(event: &Event) -> Option<(RequestId, Request)> {
    let (cheep, id, asked) = match event {
        Event::Cheep(cheep) => {
            (cheep.seq, &cheep.id, Asked::Post { superseded: Some(rules::fingerprint(&KEY, &cheep.cheep)) })
        }
        Event::Edit(edit) => {
            (edit.target, &edit.id, Asked::Edit { superseded: Some(rules::fingerprint(&KEY, &edit.cheep)) })
        }
        Event::Delete(delete) => (delete.target, &delete.id, Asked::Delete),
        Event::Reaction(Reaction { target, emoji, on, id, .. }) => {
            (*target, id, Asked::React(Some((emoji.clone(), *on))))
        }
        Event::Void { .. } | Event::Unknown { .. } => return None,
    };
    Some((id.clone()?, Request { event: event.seq(), cheep, asked }))
}

/// Where an event stands in the list. The first has seq 1, and none has 0.
pub(super) fn index(seq: Seq) -> usize {
    usize::try_from(seq.get()).unwrap_or(usize::MAX).wrapping_sub(1)
}

fn time(event: &Event) -> Timestamp {
    match event {
        Event::Cheep(cheep) => cheep.at,
        Event::Edit(edit) => edit.at,
        Event::Delete(delete) => delete.at,
        Event::Reaction(reaction) => reaction.at,
        Event::Void { .. } | Event::Unknown { .. } => Timestamp::UNIX_EPOCH,
    }
}
