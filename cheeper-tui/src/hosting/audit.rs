//! The audit as a list, the newest entry first. Pure.

use cheeper_protocol::{Action, AuditQuery, Entry};

/// What was done, as far as it is here.
#[derive(Debug, Default)]
pub struct Audit {
    entries: Vec<Entry>,
    /// The index of the entry that is selected.
    selected: usize,
    /// There are older ones than those here.
    more: bool,
    /// Something was asked for and is not here yet.
    is_waiting: bool,
}

impl Audit {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn selected(&self) -> Option<&Entry> {
        self.entries.get(self.selected)
    }

    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// The index of the first entry on a screen with so many rows: the selected one is on it, if it can be in the middle.
    pub fn first_on_screen(&self, rows: usize) -> usize {
        let last = self.entries.len().saturating_sub(rows);
        self.selected.saturating_sub(rows / 2).min(last)
    }

    pub fn index_of_selected(&self) -> usize {
        self.selected
    }

    /// Selects one further on, in the direction of older ones or back. Gives what to ask for if none older is here.
    pub fn select(&mut self, older: bool, steps: usize, limit: usize) -> Option<AuditQuery> {
        let last = self.entries.len().saturating_sub(1);
        let wanted = if older { self.selected.saturating_add(steps) } else { self.selected.saturating_sub(steps) };
        self.selected = wanted.min(last);
        let is_at_end = older && wanted >= last;
        (is_at_end && self.more).then(|| self.ask(limit)).flatten()
    }

    /// What to ask for next, unless that was done.
    pub fn ask(&mut self, limit: usize) -> Option<AuditQuery> {
        if self.is_waiting {
            return None;
        }
        self.is_waiting = true;
        Some(AuditQuery { before: self.entries.last().map(|entry| entry.entry), limit })
    }

    /// The answer.
    pub fn answered(&mut self, entries: Vec<Entry>, more: bool) {
        let oldest = self.entries.last().map_or(u64::MAX, |entry| entry.entry);
        self.entries.extend(entries.into_iter().filter(|entry| entry.entry < oldest));
        (self.more, self.is_waiting) = (more, false);
    }

    /// The answer does not come.
    pub fn lost(&mut self) {
        self.is_waiting = false;
    }

    /// Something was done just now. What is selected stays so.
    pub fn done(&mut self, entry: Entry) {
        if let Action::Undo { undoes } = entry.action
            && let Some(undone) = self.entries.iter_mut().find(|entry| entry.entry == undoes)
        {
            undone.undone_by = Some(entry.entry);
        }
        if self.entries.first().is_none_or(|newest| newest.entry < entry.entry) {
            self.selected += usize::from(!self.entries.is_empty());
            self.entries.insert(0, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, rest: &str) -> Entry {
        let json = format!(r#"{{"entry":{number},"at":"2026-11-23T12:08:00.000Z",{rest}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    fn join(number: u64) -> Entry {
        entry(number, r#""action":"join","link":1"#)
    }

    fn numbers(audit: &Audit) -> Vec<u64> {
        audit.entries().iter().map(|entry| entry.entry).collect()
    }

    #[test]
    fn it_is_read_on_at_its_end_and_each_part_is_asked_for_once() {
        let mut audit = Audit::default();
        assert_eq!(audit.ask(2), Some(AuditQuery { before: None, limit: 2 }));
        assert_eq!(audit.ask(2), None, "it is on its way");
        audit.answered(vec![join(9), join(8)], true);
        assert_eq!(audit.select(true, 1, 2), Some(AuditQuery { before: Some(8), limit: 2 }));
        assert_eq!(audit.select(true, 1, 2), None);
        audit.lost();
        assert_eq!(audit.select(true, 1, 2), Some(AuditQuery { before: Some(8), limit: 2 }), "it was lost");
        audit.answered(vec![join(8), join(7)], false);
        assert_eq!(numbers(&audit), [9, 8, 7]);
        assert_eq!((audit.select(true, 5, 2), audit.selected().map(|entry| entry.entry)), (None, Some(7)));
    }

    #[test]
    fn what_is_done_meanwhile_stands_first_and_what_is_selected_stays() {
        let mut audit = Audit::default();
        audit.answered(vec![entry(8, r#""action":"mute","name":"bob""#), join(7)], false);
        audit.done(entry(9, r#""action":"undo","undoes":8"#));
        assert_eq!(numbers(&audit), [9, 8, 7]);
        assert_eq!(audit.selected().map(|entry| (entry.entry, entry.undone_by)), Some((8, Some(9))));
    }

    #[test]
    fn the_selected_one_is_on_screen() {
        let mut audit = Audit::default();
        audit.answered((1..=30).rev().map(join).collect(), false);
        for selected in 0..30 {
            let first = audit.first_on_screen(7);
            assert!((first..first + 7).contains(&selected) && first <= 23);
            audit.select(true, 1, 10);
        }
    }
}
