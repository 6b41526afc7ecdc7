//! The changes that came last: what brings an answer up to date that was made before them.

use std::collections::VecDeque;

use crate::{
    cheep::{Cheep, CheepText},
    event::Event,
    seq::Seq,
    server_frame::Page,
};

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
        for event in events.iter().filter(|event| event.changes().next().is_some()) {
            if let Event::Delete(delete) = event {
                self.erase(delete.target);
            }
            self.changes.push_back(event.clone());
        }
        let surplus = self.changes.len().saturating_sub(KEPT_CHANGES);
        let dropped = self.changes.drain(..surplus).next_back();
        self.since = dropped.map_or(self.since, |last| last.seq().max(self.since));
    }

    /// Leaves nothing in memory of what a deleted cheep said.
    fn erase(&mut self, deleted: Seq) {
        self.changes.retain_mut(|change| match change {
            // The delete makes them void.
            Event::Edit(edit) => edit.target != deleted,
            Event::Reaction(reaction) => reaction.target != deleted,
            // It still counts as an answer. Its state is left as it was, to take the changes after it one by one.
            Event::Cheep(cheep) if cheep.seq == deleted => {
                cheep.cheep = CheepText::default();
                true
            }
            Event::Cheep(_) | Event::Delete(_) | Event::Void { .. } | Event::Unknown { .. } => true,
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, seq: u64, fields: &str) -> Event {
        let at = "2026-11-23T12:00:00.000Z";
        serde_json::from_str(&format!(r#"{{"type":"{kind}","seq":{seq},"at":"{at}",{fields}}}"#)).unwrap()
    }

    fn cheep(seq: u64, answers: &str) -> Event {
        event("cheep", seq, &format!(r#""name":"bob","cheep":"secret {seq}"{answers}"#))
    }

    fn changed(event: &Event, changes: &[Event]) -> Cheep {
        let mut cheep = event.as_cheep().unwrap().clone();
        for change in changes {
            cheep.apply(change);
        }
        cheep
    }

    #[test]
    fn nothing_of_what_is_deleted_is_kept_and_pages_come_out_the_same() {
        let events = [
            cheep(3, r#","reply_to":1,"parent_replies":1"#),
            event("edit", 4, r#""target":3,"cheep":"secret edit""#),
            event("reaction", 5, r#""target":3,"name":"secretary","emoji":"👍","on":true,"count":1"#),
            cheep(6, r#","reply_to":3,"parent_replies":1"#),
            event("edit", 7, r#""target":1,"cheep":"open""#),
            event("edit", 8, r#""target":2,"cheep":"secret too""#),
            event("delete", 9, r#""target":3,"by":"author","reply_to":1,"parent_replies":0"#),
            event("delete", 10, r#""target":2,"by":"author""#),
            event("delete", 11, r#""target":6,"by":"host","reply_to":3,"parent_replies":0"#),
        ];
        let mut recent = Recent::since(Seq::ZERO);
        recent.note(&events[..7]);
        recent.note(&events[7..]);
        let kept = format!("{recent:?}");
        assert!(!kept.contains("secret") && kept.contains("open"), "{kept}");
        for old in [cheep(1, ""), cheep(2, ""), events[0].clone(), events[3].clone()] {
            let mut cheep = old.as_cheep().unwrap().clone();
            recent.refresh(&mut cheep);
            assert_eq!(cheep, changed(&old, &events));
        }
        // An answer that is taken from what is kept comes to the same as well.
        let kept: Vec<Event> = recent.after(Seq::ZERO).cloned().collect();
        assert_eq!(changed(&kept[0], &kept), changed(&events[0], &events));
    }
}
