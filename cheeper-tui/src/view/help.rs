//! Every key and what it does.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph},
};
use unicode_width::UnicodeWidthStr as _;

use super::palette::BOLD;
use crate::{model::Model, wrap::truncate};

const WIDTH: u16 = 76;

pub(super) fn draw(model: &Model, frame: &mut Frame, first: usize) {
    let area = model.area;
    let rows = u16::try_from(model.keys.len()).unwrap_or(u16::MAX);
    let height = rows.saturating_add(2).min(area.height);
    let width = WIDTH.min(area.width);
    let place = Rect::new((area.width - width) / 2, (area.height - height) / 2, width, height);
    // The terminal may have become smaller a moment ago.
    let place = place.intersection(frame.area());
    let keys_width = model.keys.iter().map(|(keys, _)| keys.width()).max().unwrap_or(0);
    let inner = usize::from(width).saturating_sub(4);
    let what_width = model.keys.iter().map(|(_, what)| what.width()).max().unwrap_or(0);
    let keys_width = keys_width.min(inner.saturating_sub(what_width + 2).max(inner / 3));
    let lines: Vec<Line> = model
        .keys
        .iter()
        .skip(first)
        .map(|(keys, what)| {
            let keys = truncate(keys, keys_width);
            let gap = " ".repeat((keys_width + 2).saturating_sub(keys.width()));
            Line::from(vec![Span::raw(" "), Span::styled(keys, BOLD), Span::raw(gap), Span::raw(*what)])
        })
        .collect();
    let shown = usize::from(height.saturating_sub(2));
    let title =
        if model.keys.len() > shown { " Keys (↑ ↓ PgUp PgDn; others close) " } else { " Keys (any key closes) " };
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(title)), place);
}
