//! What new events make of those that are in the ring already, and of each other.
//!
//! A cheep that they change is given as it is now. A correction that a later one replaces, and any correction of or
//! reaction to a cheep that is deleted, becomes void: nothing in the ring tells what is gone. A cheep is found by its
//! seq; the changes that may still become void are listed, for nothing else leads from a cheep to them. New events that
//! change nothing, as nearly all do, cost a look at each.

use std::collections::{HashMap, VecDeque};

use cheeper_protocol::{Cheep, Event, Seq};

use super::run::Changed;

/// The corrections and reactions in the ring, ascending.
#[derive(Default)]
pub(super) struct Changes(VecDeque<Change>);

struct Change {
    seq: Seq,
    target: Seq,
    is_edit: bool,
}

/// An event of the ring cannot be read.
pub(super) struct Unreadable;

/// What is different now.
#[derive(Default)]
pub(super) struct Patch {
    pub(super) changed: Changed,
    /// What cannot be read cannot be changed: the ring may not keep it, nor anything before it.
    pub(super) unreadable: Option<Seq>,
}

impl Changes {
    /// What events make of those before them, which are in the ring, and of each other. They follow right after all that
    /// this has seen.
    pub(super) fn patch(
        &mut self,
        events: &[Event],
        in_ring: impl Fn(Seq) -> Result<Option<Cheep>, Unreadable>,
    ) -> Patch {
        let mut patch = Patch::default();
        let Some(first) = events.first().map(Event::seq) else { return patch };
        let find = |seq: Seq| match seq.get().checked_sub(first.get()) {
            None => in_ring(seq),
            Some(at) => {
                let new = usize::try_from(at).ok().and_then(|at| events.get(at)).and_then(Event::as_cheep);
                Ok(new.cloned())
            }
        };
        for event in events {
            for target in event.changes() {
                patch.apply(event, target, find);
            }
            self.note(event);
        }
        self.make_void(events, &mut patch);
        patch
    }

    /// Forgets what the ring does not have any more.
    pub(super) fn forget_before(&mut self, oldest: Seq) {
        while self.0.front().is_some_and(|change| change.seq < oldest) {
            self.0.pop_front();
        }
    }

    /// The newest of them that is a change of a cheep before `floor`.
    pub(super) fn newest_of(&self, floor: Seq) -> Option<Seq> {
        self.0.iter().rev().find(|change| change.target < floor).map(|change| change.seq)
    }

    fn note(&mut self, event: &Event) {
        let (target, is_edit) = match event {
            Event::Edit(edit) => (edit.target, true),
            Event::Reaction(reaction) => (reaction.target, false),
            Event::Cheep(_) | Event::Delete(_) | Event::Void { .. } | Event::Unknown { .. } => return,
        };
        self.0.push_back(Change { seq: event.seq(), target, is_edit });
    }

    fn make_void(&mut self, events: &[Event], patch: &mut Patch) {
        // For each cheep, which event has made what came before it void, and whether that goes for reactions as well.
        let mut ends: HashMap<Seq, (Seq, bool)> = HashMap::new();
        for event in events {
            match event {
                Event::Edit(edit) => _ = ends.insert(edit.target, (edit.seq, false)),
                Event::Delete(delete) => _ = ends.insert(delete.target, (delete.seq, true)),
                Event::Cheep(_) | Event::Reaction(_) | Event::Void { .. } | Event::Unknown { .. } => {}
            }
        }
        if ends.is_empty() {
            return;
        }
        self.0.retain(|change| {
            let end = ends.get(&change.target);
            let is_void = end.is_some_and(|(end, deletes)| change.seq < *end && (change.is_edit || *deletes));
            if is_void {
                patch.changed.insert(change.seq, Event::Void { seq: change.seq });
            }
            !is_void
        });
    }
}

impl Patch {
    /// Has a cheep take a change, if it is to be found.
    fn apply(&mut self, event: &Event, target: Seq, find: impl FnOnce(Seq) -> Result<Option<Cheep>, Unreadable>) {
        if let Some(Event::Cheep(cheep)) = self.changed.get_mut(&target) {
            cheep.apply(event);
            return;
        }
        match find(target) {
            Ok(Some(mut cheep)) => {
                // One that came in its present state has taken it already.
                if cheep.apply(event) {
                    self.changed.insert(target, Event::Cheep(cheep));
                }
            }
            Ok(None) => {}
            Err(Unreadable) => self.unreadable = self.unreadable.max(Some(target)),
        }
    }
}
