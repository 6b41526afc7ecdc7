//! Scrolling, and what is done with a cheep that is selected.

use cheeper_protocol::{Seq, follow::Input, links};

use crate::{
    action::Action,
    effect::Effect,
    layout::{self, Laid, timeline_height},
    model::Model,
    scroll::{self, Blocks as _, Place},
};

pub(super) fn scroll(model: &mut Model, up: bool, lines: usize) {
    let height = timeline_height(model);
    let place = scroll::moved(&Laid::out(model), model.place, height, up, lines);
    model.place = place;
    if up && scroll::top(&Laid::out(model), place, height).0 == 0 {
        load_older(model);
    }
}

pub(super) fn load_older(model: &mut Model) {
    if model.timeline.has_older() {
        model.follow.handle(Input::Older, model.now);
    }
}

pub(super) fn to_oldest(model: &mut Model) {
    scroll(model, true, usize::MAX);
}

pub(super) fn follow(model: &mut Model) {
    model.place = Place::Following;
    model.selected = None;
}

/// Brings a cheep on screen.
pub(super) fn show(model: &mut Model, seq: Seq) {
    let blocks = Laid::out(model);
    let index = blocks.index_of(seq);
    model.place = scroll::shown(&blocks, model.place, timeline_height(model), index);
}

/// The newest cheep that is on screen, or the oldest.
pub(super) fn edge_on_screen(model: &Model, newest: bool) -> Option<Seq> {
    let rows = layout::visible(model);
    let mut seqs = rows.iter().filter_map(|(index, _)| Some(model.timeline.entries().get(*index)?.seq));
    if newest { seqs.next_back() } else { seqs.next() }
}

pub(super) fn select(model: &mut Model, older: bool) {
    let entries = model.timeline.entries();
    let selected = match model.selected.map(|seq| model.timeline.index_of(seq)) {
        None => edge_on_screen(model, older),
        Some(0) if older => {
            load_older(model);
            return;
        }
        Some(index) => {
            let index = if older { index - 1 } else { index + 1 };
            entries.get(index).map(|entry| entry.seq)
        }
    };
    model.selected = selected;
    match selected {
        Some(seq) => show(model, seq),
        None => follow(model),
    }
}

pub(super) fn click(model: &mut Model, y: u16) {
    model.help = None;
    let timeline = layout::areas(model).timeline;
    let is_pill = model.place != Place::Following && model.timeline.unseen() > 0 && y + 1 == timeline.bottom();
    if is_pill {
        follow(model);
    } else {
        let clicked = layout::cheep_at(model, y);
        model.selected = clicked.filter(|seq| model.selected != Some(*seq));
    }
}

/// What a key does to the selected cheep; false if it is none of its keys.
pub(super) fn on_selected(model: &mut Model, action: Action, effects: &mut Vec<Effect>) -> bool {
    match action {
        Action::Up => select(model, true),
        Action::Down => select(model, false),
        Action::Cancel => model.selected = None,
        Action::Reply | Action::Send => {
            model.reply_to = model.selected.take();
            model.place = Place::Following;
        }
        Action::Copy => {
            if let Some(entry) = model.selected.and_then(|seq| model.timeline.get(seq)) {
                effects.push(Effect::Copy(entry.text.as_str().to_owned()));
                model.notice = Some("Copied, if your terminal lets programs copy (OSC 52).".to_owned());
            }
        }
        Action::Open => open(model, 1, effects),
        _ => return false,
    }
    true
}

/// Opens a link of the selected cheep; they count from 1.
pub(super) fn open(model: &mut Model, number: usize, effects: &mut Vec<Effect>) {
    let Some(entry) = model.selected.and_then(|seq| model.timeline.get(seq)) else { return };
    let text = entry.text.as_str();
    match links(text).get(number - 1) {
        Some(link) => {
            effects.push(Effect::Open(text[link.clone()].to_owned()));
            model.notice = Some(format!("Opening {}", &text[link.clone()]));
        }
        None => model.notice = Some(format!("This cheep has no link {number}.")),
    }
}
