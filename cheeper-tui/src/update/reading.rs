//! Going through what is on screen: scrolling and selecting.

use cheeper_protocol::{Seq, follow::Input};

use crate::{
    layout::{self, Laid, timeline_height},
    model::Model,
    scroll::{self, Blocks as _, Place},
};

pub(super) fn scroll(model: &mut Model, up: bool, lines: usize) {
    let height = timeline_height(model);
    let place = scroll::moved(&Laid::out(model), model.pane().place, height, up, lines);
    model.pane_mut().place = place;
    if up && scroll::top(&Laid::out(model), place, height).0 == 0 {
        load_older(model);
    }
}

/// Holds the place by the cheep that is at the top now. In a window of another size it may have been held by one before that.
pub(super) fn hold(model: &mut Model) {
    let place = scroll::moved(&Laid::out(model), model.pane().place, timeline_height(model), true, 0);
    model.pane_mut().place = place;
}

pub(super) fn load_older(model: &mut Model) {
    if !model.pane().timeline.has_older() {
        return;
    }
    match model.sides.last_mut() {
        None => model.follow.handle(Input::Older, model.now),
        Some(side) => side.want_more(),
    }
}

pub(super) fn to_oldest(model: &mut Model) {
    scroll(model, true, usize::MAX);
}

pub(super) fn follow(model: &mut Model) {
    let pane = model.pane_mut();
    (pane.place, pane.selected) = (Place::Following, None);
}

/// Brings a cheep on screen.
pub(super) fn show(model: &mut Model, seq: Seq) {
    let blocks = Laid::out(model);
    let index = blocks.index_of(seq);
    let place = scroll::shown(&blocks, model.pane().place, timeline_height(model), index);
    model.pane_mut().place = place;
}

/// The newest cheep that is on screen, or the oldest.
pub(super) fn edge_on_screen(model: &Model, newest: bool) -> Option<Seq> {
    let rows = layout::visible(model);
    let mut seqs = rows.iter().filter_map(|(index, _)| Some(model.pane().timeline.entries().get(*index)?.seq));
    if newest { seqs.next_back() } else { seqs.next() }
}

pub(super) fn select(model: &mut Model, older: bool) {
    let pane = model.pane();
    let selected = match pane.selected.map(|seq| pane.timeline.index_of(seq)) {
        None => edge_on_screen(model, older),
        Some(0) if older => {
            load_older(model);
            return;
        }
        Some(index) => {
            let index = if older { index - 1 } else { index + 1 };
            pane.timeline.entries().get(index).map(|entry| entry.seq)
        }
    };
    model.pane_mut().selected = selected;
    match selected {
        Some(seq) => show(model, seq),
        None => follow(model),
    }
}

pub(super) fn click(model: &mut Model, y: u16) {
    model.help = None;
    let timeline = layout::areas(model).timeline;
    let is_pill = layout::has_pill(model) && y + 1 == timeline.bottom();
    if is_pill {
        follow(model);
    } else {
        let clicked = layout::cheep_at(model, y);
        let pane = model.pane_mut();
        pane.selected = clicked.filter(|seq| pane.selected != Some(*seq));
    }
}
