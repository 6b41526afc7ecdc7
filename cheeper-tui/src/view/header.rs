//! The first line: where, how the connection stands, who is here.

use cheeper_protocol::follow::Link;
use ratatui::{
    Frame,
    layout::Rect,
    style::{Color, Modifier, Style},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr as _;

use super::style;
use crate::{model::Model, wrap::truncate};

pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    let (state, colour) = state(model);
    let state = truncate(&state, width.saturating_sub(1));
    let left = truncate(&format!(" cheeper  {}", model.host), width.saturating_sub(state.width() + 2));
    let gap = width.saturating_sub(left.width() + state.width() + 1);
    let line = Line::from(vec![
        Span::styled(left, Style::new().add_modifier(Modifier::BOLD)),
        Span::raw(" ".repeat(gap)),
        Span::styled(state, style(model, colour)),
    ]);
    frame.render_widget(line, Rect { height: area.height.min(1), ..area });
    if area.height > 1 {
        let rule = Line::styled("─".repeat(width), Style::new().add_modifier(Modifier::DIM));
        frame.render_widget(rule, Rect { y: area.y + 1, height: 1, ..area });
    }
}

fn state(model: &Model) -> (String, Color) {
    let unsent = match model.follow.outbox().len() {
        0 => String::new(),
        count => format!(" · {count} unsent"),
    };
    match model.follow.link() {
        Link::Live => (format!("● live   {} online{unsent}", model.follow.online()), Color::Green),
        Link::Idle | Link::Connecting { .. } => (format!("◌ connecting{unsent}"), Color::Yellow),
        Link::Closing => (format!("◌ offline{unsent}"), Color::Yellow),
        Link::Waiting { until } => {
            let seconds = until.saturating_sub(model.now).div_ceil(1000);
            (format!("◌ offline, again in {seconds} s (r: now){unsent}"), Color::Yellow)
        }
        Link::Barred => (format!("◌ this server does not let you in (r: try again){unsent}"), Color::Red),
    }
}
