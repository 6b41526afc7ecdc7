//! Draws the model and changes nothing. Texts come as parsed types, so no control sequence can be in them; ratatui writes
//! what is left cell by cell.

mod composer;
mod header;
mod timeline;

use ratatui::{
    Frame,
    layout::Rect,
    style::{Color, Modifier, Style},
    text::Line,
    widgets::{Block, Clear, Paragraph},
};

use unicode_width::UnicodeWidthStr as _;

use crate::{
    layout::{areas, message_lines},
    model::Model,
};

/// The first that fits is shown.
const HINTS: &[&str] = &[
    " Enter send  Alt+Enter new line  PgUp older  F1 help  Ctrl+C quit",
    " Enter send  PgUp older  F1 help  Ctrl+C quit",
    " Enter send  F1 help  Ctrl+C quit",
    " F1 help  Ctrl+C quit",
    " F1 help",
];
const HELP: &[&str] = &[
    "Enter            send",
    "Alt+Enter Ctrl+J new line",
    "PgUp PgDn        scroll by a page",
    "↑ ↓              scroll; with nothing typed: recall",
    "Home End         the oldest loaded, the newest",
    "Ctrl+← Ctrl+→    by words",
    "Ctrl+A Ctrl+E    start, end of the line",
    "Ctrl+W Ctrl+U    delete a word, to the start",
    "Ctrl+K Ctrl+Y    delete to the end, put it back",
    "Ctrl+Z           undo",
    "r                connect now (offline, empty input)",
    "Ctrl+C           quit; what is unsent is kept",
];

pub fn draw(model: &Model, frame: &mut Frame) {
    let areas = areas(model);
    header::draw(model, frame, areas.header);
    timeline::draw(model, frame, areas.timeline);
    composer::draw(model, frame, areas.composer);
    draw_hints(model, frame, areas.hints);
    if model.help {
        draw_help(frame, model.area);
    }
}

/// What the person has to be told or, if there is nothing, what can be done.
fn draw_hints(model: &Model, frame: &mut Frame, area: Rect) {
    let mut lines: Vec<Line> = message_lines(model).into_iter().map(|line| Line::raw(format!(" {line}"))).collect();
    let mut look = style(model, Color::Red).add_modifier(Modifier::BOLD);
    if lines.is_empty() {
        let hints = HINTS.iter().find(|hints| hints.width() <= usize::from(area.width));
        lines.extend(hints.map(|hints| Line::raw(*hints)));
        look = Style::new().add_modifier(Modifier::DIM);
    }
    frame.render_widget(Paragraph::new(lines).style(look), area);
}

fn draw_help(frame: &mut Frame, area: Rect) {
    let height = u16::try_from(HELP.len()).unwrap_or(u16::MAX) + 2;
    let width = 54;
    let place = Rect::new(
        area.width.saturating_sub(width) / 2,
        area.height.saturating_sub(height) / 2,
        width.min(area.width),
        height.min(area.height),
    );
    let lines: Vec<Line> = HELP.iter().map(|line| Line::raw(format!(" {line}"))).collect();
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Keys (any key closes) ")), place);
}

/// A colour, where colours are wanted. None is needed to understand anything.
fn style(model: &Model, colour: Color) -> Style {
    if model.colour { Style::new().fg(colour) } else { Style::new() }
}
