//! The selected cheep, as far as something may be done to it.

use crate::{entry::Entry, model::Model};

/// The selected cheep, if it is there to have something done to it; else the person is told that it is not.
pub(super) fn standing(model: &mut Model) -> Option<Entry> {
    let pane = model.pane();
    let entry = pane.selected.and_then(|seq| pane.timeline.get(seq))?.clone();
    if entry.deleted().is_some() {
        model.notice = Some("This cheep was deleted.".to_owned());
        return None;
    }
    Some(entry)
}

/// The same, if it is this person's to change.
pub(super) fn own(model: &mut Model) -> Option<Entry> {
    let entry = standing(model)?;
    if !is_own(model, &entry) {
        model.notice = Some("Only who wrote a cheep, under a name that they had claimed, can change it.".to_owned());
        return None;
    }
    Some(entry)
}

/// Whether a cheep is this person's to change.
pub(super) fn is_own(model: &Model, entry: &Entry) -> bool {
    entry.person.fold == *model.main.timeline.me() && entry.verified
}
