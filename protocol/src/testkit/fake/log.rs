//! What the fake server keeps: the log as it was published, and as it is given to whoever asks now.

use std::collections::HashMap;

use crate::{
    Cheep, DeletedBy, Emoji, Event, FoldedName, Name, Reaction, Request, RequestId, Seq, Timestamp,
    limits::REACTION_NAMES,
};

/// Every event, twice: as it was published, and as it is now.
#[derive(Debug, Default)]
pub struct Log {
    /// Every event as everybody heard of it.
    pub published: Vec<Event>,
    /// Every event as it is given from now on: cheeps as they are, and void what does not matter any more.
    pub now: Vec<Event>,
    /// Who has reacted, in order.
    reactors: Vec<Reactor>,
    asked: HashMap<(FoldedName, RequestId), Asked>,
}

#[derive(Debug)]
struct Reactor {
    cheep: Seq,
    emoji: Emoji,
    name: Name,
}

/// A request that made an event.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The event.
    pub(super) seq: Seq,
    /// The cheep that it made or changed.
    pub(super) cheep: Seq,
    /// What was asked for.
    pub(super) request: Request,
}

impl Log {
    /// The newest seq.
    pub fn head(&self) -> Seq {
        self.now.last().map_or(Seq::ZERO, Event::seq)
    }

    /// The event at a place, as it is now.
    pub fn event(&self, seq: Seq) -> Option<&Event> {
        self.now.get(index(seq)?)
    }

    /// The cheep at a place, as it is now; none if a change is there.
    pub fn cheep(&self, seq: Seq) -> Option<&Cheep> {
        self.event(seq)?.as_cheep()
    }

    /// Every cheep, as it is now.
    pub fn cheeps(&self) -> impl DoubleEndedIterator<Item = &Cheep> {
        self.now.iter().filter_map(Event::as_cheep)
    }

    /// When an event came, which void ones do not tell.
    pub(super) fn time(&self, seq: Seq) -> Timestamp {
        match index(seq).and_then(|at| self.published.get(at)) {
            Some(Event::Cheep(cheep)) => cheep.at,
            Some(Event::Edit(edit)) => edit.at,
            Some(Event::Delete(delete)) => delete.at,
            Some(Event::Reaction(reaction)) => reaction.at,
            Some(Event::Void { .. } | Event::Unknown { .. }) | None => Timestamp::UNIX_EPOCH,
        }
    }

    /// The event that deleted a cheep.
    pub(super) fn deletion(&self, cheep: Seq) -> Option<Seq> {
        self.now.iter().find_map(|event| match event {
            Event::Delete(delete) if delete.target == cheep => Some(delete.seq),
            _ => None,
        })
    }

    /// Appends what somebody did, and changes what it changes.
    pub(super) fn append(&mut self, event: Event) {
        for seq in event.changes() {
            if let Some(Event::Cheep(cheep)) = index(seq).and_then(|at| self.now.get_mut(at)) {
                cheep.apply(&event);
            }
        }
        for earlier in &mut self.now {
            if makes_void(&event, earlier) {
                *earlier = Event::Void { seq: earlier.seq() };
            }
        }
        self.note_reactors(&event);
        self.published.push(event.clone());
        self.now.push(event);
    }

    fn note_reactors(&mut self, event: &Event) {
        match event {
            Event::Reaction(Reaction { target, emoji, name, on: true, .. }) => {
                self.reactors.push(Reactor { cheep: *target, emoji: emoji.clone(), name: name.clone() });
            }
            Event::Reaction(Reaction { target, emoji, name, .. }) => {
                let is_it =
                    |reactor: &Reactor| (reactor.cheep, &reactor.emoji, &reactor.name) == (*target, emoji, name);
                self.reactors.retain(|reactor| !is_it(reactor));
            }
            Event::Delete(delete) => self.reactors.retain(|reactor| reactor.cheep != delete.target),
            Event::Cheep(_) | Event::Edit(_) | Event::Void { .. } | Event::Unknown { .. } => {}
        }
    }

    /// Who has reacted to a cheep with this, in order.
    fn reactors(&self, cheep: Seq, emoji: &Emoji) -> impl Iterator<Item = &Name> {
        let of_it = self.reactors.iter().filter(move |reactor| (reactor.cheep, &reactor.emoji) == (cheep, emoji));
        of_it.map(|reactor| &reactor.name)
    }

    /// Somebody's name as it stands among those who have reacted.
    pub(super) fn reactor(&self, cheep: Seq, emoji: &Emoji, name: &Name) -> Option<Name> {
        self.reactors(cheep, emoji).find(|reactor| reactor.fold() == name.fold()).cloned()
    }

    /// Who moves up among the names that are told when one of them leaves.
    pub(super) fn next_listed(&self, cheep: Seq, emoji: &Emoji, leaves: &Name) -> Option<Name> {
        let names: Vec<_> = self.reactors(cheep, emoji).collect();
        let is_listed = names.iter().take(REACTION_NAMES).any(|name| *name == leaves);
        names.get(REACTION_NAMES).filter(|_| is_listed).map(|name| (*name).clone())
    }

    /// What this name asked for under this id.
    pub(super) fn asked(&self, name: &Name, id: Option<&RequestId>) -> Option<&Asked> {
        self.asked.get(&(name.fold(), id?.clone()))
    }

    /// From now on this name has asked for this under this id.
    pub(super) fn note_asked(&mut self, name: &Name, id: Option<RequestId>, asked: Asked) {
        if let Some(id) = id {
            self.asked.insert((name.fold(), id), asked);
        }
    }

    /// What an answer is told about the count of what it answers.
    pub(super) fn replies(&self, parent: Option<Seq>) -> Option<u64> {
        Some(self.cheep(parent?)?.state.replies)
    }

    /// Whether somebody took a cheep back, and who.
    pub(super) fn deleted(&self, cheep: Seq) -> Option<DeletedBy> {
        self.cheep(cheep)?.state.deleted
    }
}

/// Whether an event takes all meaning from an earlier one: of two edits the last one counts, and of what is deleted nothing is left.
fn makes_void(event: &Event, earlier: &Event) -> bool {
    match (event, earlier) {
        (Event::Edit(edit), Event::Edit(earlier)) => edit.target == earlier.target,
        (Event::Delete(delete), Event::Edit(earlier)) => delete.target == earlier.target,
        (Event::Delete(delete), Event::Reaction(earlier)) => delete.target == earlier.target,
        _ => false,
    }
}

/// Where an event stands: the first has seq 1.
fn index(seq: Seq) -> Option<usize> {
    usize::try_from(seq.get()).ok()?.checked_sub(1)
}
