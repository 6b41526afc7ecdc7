//! The timeline: only what is on screen is laid out.

use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr as _;

use super::{
    cheep::block,
    palette::{BOLD, DIM},
};
use crate::{
    layout::{has_pill, visible},
    model::Model,
};

pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let shown = visible(model);
    if shown.is_empty() {
        let words = match model.sides.last() {
            Some(side) if side.is_waiting() => " It comes as soon as the server has answered.",
            Some(_) => " There is nothing.",
            None if model.follow.timeline().is_some() && model.follow.caught_up() => {
                " Nothing here yet: say something."
            }
            None => " The timeline comes as soon as the server is there.",
        };
        let last = area.rows().next_back().unwrap_or_default();
        frame.render_widget(Line::styled(words, DIM), last);
    }
    let empty = usize::from(area.height).saturating_sub(shown.len());
    let mut laid: (usize, Vec<Line>) = (usize::MAX, Vec::new());
    for ((index, row), place) in shown.into_iter().zip(area.rows().skip(empty)) {
        if laid.0 != index {
            laid = (index, block(model, index));
        }
        if let Some(line) = laid.1.get_mut(row) {
            frame.render_widget(std::mem::take(line), place);
        }
    }
    draw_pill(model, frame, area);
}

/// How much is new below, while it is not on screen.
fn draw_pill(model: &Model, frame: &mut Frame, area: Rect) {
    if !has_pill(model) || area.height == 0 {
        return;
    }
    let unseen = model.main.timeline.unseen();
    let what = if unseen == 1 { "cheep" } else { "cheeps" };
    let pill = format!(" ↓ {unseen} new {what}, End ");
    let width = u16::try_from(pill.width()).unwrap_or(u16::MAX).min(area.width);
    let place = Rect { x: area.width - width, y: area.y + area.height - 1, width, height: 1 };
    frame.render_widget(Span::styled(pill, BOLD.add_modifier(Modifier::REVERSED)), place);
}
