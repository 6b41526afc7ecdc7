//! The changes that came last: what brings an answer up to date that was made before them.

use std::collections::VecDeque;

use crate::{cheep::Cheep, event::Event, seq::Seq, server_frame::Page};

/// Changes that are kept; an answer that is older than all of them is asked for again.
pub const KEPT_CHANGES: usize = 1000;

/// The last changes of cheeps, as far as everything was applied.
///
/// A page (of older cheeps, a thread, a search) shows its cheeps as they were at its `head`. Changes may have come live since
/// then; that nothing deleted comes back on the screen, they are applied to it before it is shown.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// Every change after this one is in `changes`.
    since: Seq,
    changes: VecDeque<Event>,
}

impl Recent {
    /// Nothing was missed up to here, and nothing before it is known.
    pub(super) fn since(seq: Seq) -> Self {
        Self { since: seq, changes: VecDeque::new() }
    }

    /// Events that were applied, ascending.
    pub(super) fn note(&mut self, events: &[Event]) {
        self.changes.extend(events.iter().filter(|event| event.changes().next().is_some()).cloned());
        let surplus = self.changes.len().saturating_sub(KEPT_CHANGES);
        let dropped = self.changes.drain(..surplus).next_back();
        self.since = dropped.map_or(self.since, |last| last.seq().max(self.since));
    }

    /// Whether an answer that was made when this was the newest event can be brought up to date.
    pub fn reaches(&self, head: Seq) -> bool {
        head >= self.since
    }

    /// The changes after this one that are kept, ascending; a cheep that answers one is a change of that.
    pub fn after(&self, seq: Seq) -> impl Iterator<Item = &Event> {
        self.changes.iter().skip_while(move |change| change.seq() <= seq)
    }

    /// Brings a cheep up to date.
    pub fn refresh(&self, cheep: &mut Cheep) {
        for change in &self.changes {
            cheep.apply(change);
        }
    }

    /// Brings the cheeps of a page up to date. False: it is too old for that, and has to be asked for again.
    #[must_use]
    pub fn refresh_page(&self, page: &mut Page) -> bool {
        if !self.reaches(page.head) {
            return false;
        }
        for event in &mut page.events {
            if let Event::Cheep(cheep) = event {
                self.refresh(cheep);
            }
        }
        true
    }
}
