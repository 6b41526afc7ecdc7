//! What keys do to the cheep that is selected.

use cheeper_protocol::{Seq, links};

use super::{
    asking, editing, reading, sides,
    submitting::may_write,
    target::{own, standing},
};
use crate::{action::Action, changing::Changing, effect::Effect, model::Model, scroll::Place, side::Subject};

/// Does it; false if it is none of the keys of a selected cheep.
pub(super) fn on_action(model: &mut Model, action: Action, effects: &mut Vec<Effect>) -> bool {
    let Some(seq) = model.pane().selected else { return false };
    match action {
        Action::Reply | Action::Send | Action::React | Action::Edit | Action::Delete if !may_write(model) => {}
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

/// What is written from now on answers it.
fn reply(model: &mut Model, seq: Seq) {
    editing::give_up(model);
    model.reply_to = Some(seq);
    let pane = model.pane_mut();
    (pane.selected, pane.place) = (None, Place::Following);
}

/// Its text is taken to be corrected; what was being written waits meanwhile.
fn edit(model: &mut Model, target: Seq) {
    let Some(entry) = own(model) else { return };
    model.pane_mut().selected = None;
    // What is on its way already is corrected on; it would be undone otherwise.
    let text = Changing::of(&model.follow, target).edit.cloned().unwrap_or(entry.text);
    editing::begin(model, target, text.into());
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
