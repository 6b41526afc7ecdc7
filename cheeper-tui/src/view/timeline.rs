//! The timeline: only what is on screen is laid out.

use cheeper_protocol::{Query, follow::Link};
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
    side::{Side, Subject},
    wrap::truncate,
};

pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let shown = visible(model);
    if shown.is_empty() {
        let words = match model.sides.last() {
            Some(side) if side.is_waiting() => " It comes as soon as the server has answered.".to_owned(),
            Some(Side { subject: Subject::Search(query), is_behind, .. }) => nothing_found(query, *is_behind),
            Some(_) => " There is nothing.".to_owned(),
            None if model.follow.timeline().is_some() && model.follow.caught_up() => {
                " Nothing here yet: say something.".to_owned()
            }
            None if model.follow.link() == Link::Barred => " The timeline comes once there is a way in.".to_owned(),
            None => " The timeline comes as soon as the server is there.".to_owned(),
        };
        let words = truncate(&words, area.width.into());
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

/// What was looked for stands last: it may be long.
fn nothing_found(query: &Query, is_behind: bool) -> String {
    let newest = if is_behind { " (the newest are not searched yet)" } else { "" };
    format!(" Nothing was found{newest} for {}", query.as_str())
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
