//! What keys do to the cheep that is selected.

use cheeper_protocol::{Seq, links};

use super::{asking, reading, sides};
use crate::{
    action::Action,
    composer::Composer,
    effect::Effect,
    entry::Entry,
    model::{Editing, Model},
    scroll::Place,
    side::Subject,
};

/// Does it; false if it is none of the keys of a selected cheep.
pub(super) fn on_action(model: &mut Model, action: Action, effects: &mut Vec<Effect>) -> bool {
    let Some(seq) = model.pane().selected else { return false };
    match action {
        Action::Up | Action::Above => reading::select(model, true),
        Action::Down | Action::Below => reading::select(model, false),
        Action::Cancel if model.sides.pop().is_some() => {}
        Action::Cancel => model.pane_mut().selected = None,
        Action::Reply | Action::Send => reply(model, seq),
        Action::React => asking::with_what(model, seq),
        Action::Edit => edit(model, seq),
        Action::Delete => asking::really(model, seq),
        Action::Thread => sides::open(model, Subject::Thread(seq)),
        Action::Copy => copy(model, effects),
        Action::Open => open(model, 1, effects),
        _ => return false,
    }
    true
}

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
    if entry.person.fold != *model.main.timeline.me() || !entry.verified {
        model.notice = Some("Only who wrote a cheep, under a name that they had claimed, can change it.".to_owned());
        return None;
    }
    Some(entry)
}

/// What is written from now on answers it.
fn reply(model: &mut Model, seq: Seq) {
    give_up_editing(model);
    model.reply_to = Some(seq);
    let pane = model.pane_mut();
    (pane.selected, pane.place) = (None, Place::Following);
}

/// Its text is taken to be corrected; what was being written waits meanwhile.
fn edit(model: &mut Model, target: Seq) {
    let Some(entry) = own(model) else { return };
    model.pane_mut().selected = None;
    begin_editing(model, target, entry.text.into());
}

/// What is written from now on is the new text of a cheep.
pub(super) fn begin_editing(model: &mut Model, target: Seq, text: String) {
    give_up_editing(model);
    let draft = std::mem::replace(&mut model.composer, Composer::with_text(text));
    model.completion = None;
    model.editing = Some(Editing { target, draft, reply_to: model.reply_to.take() });
}

/// What was being written before comes back. True if a cheep was being corrected.
pub(super) fn give_up_editing(model: &mut Model) -> bool {
    let Some(Editing { draft, reply_to, .. }) = model.editing.take() else { return false };
    (model.composer, model.reply_to) = (draft, reply_to);
    true
}

fn copy(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(entry) = standing(model) {
        effects.push(Effect::Copy(entry.text.as_str().to_owned()));
        model.notice = Some("Copied, if your terminal lets programs copy (OSC 52).".to_owned());
    }
}

/// Opens a link of the selected cheep; they count from 1.
pub(super) fn open(model: &mut Model, number: usize, effects: &mut Vec<Effect>) {
    let Some(entry) = standing(model) else { return };
    let text = entry.text.as_str();
    match links(text).get(number - 1) {
        Some(link) => {
            let link = text[link.clone()].to_owned();
            model.notice = Some(format!("Opening {link}"));
            effects.push(Effect::Open(link));
        }
        None => model.notice = Some(format!("This cheep has no link {number}.")),
    }
}
