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

use crate::{layout::areas, model::Model};

const HINTS: &str = " Enter send  Alt+Enter new line  PgUp older  F1 help  Ctrl+C quit";
const HELP: &[&str] = &[
    "Enter            send",
    "Alt+Enter Ctrl+J new line",
    "PgUp PgDn        scroll by a page",
    "↑ ↓              scroll, or recall what you sent",
    "Home End         the first loaded, the newest",
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
    let hints = match &model.notice {
        Some(notice) => Line::styled(format!(" {notice}"), style(model, Color::Red).add_modifier(Modifier::BOLD)),
        None => Line::styled(HINTS, Style::new().add_modifier(Modifier::DIM)),
    };
    let place = if areas.hints.height > 0 || model.notice.is_none() { areas.hints } else { areas.header };
    frame.render_widget(hints, place);
    if model.help {
        draw_help(frame, model.area);
    }
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
