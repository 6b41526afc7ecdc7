//! Draws the model and changes nothing. Texts come as parsed types, so no control sequence can be in them; ratatui writes
//! what is left cell by cell.

mod composer;
mod header;
mod timeline;

use cheeper_protocol::{Event, Name};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::Line,
    widgets::{Block, Clear, Paragraph},
};

pub use self::timeline::heights;
use crate::model::Model;

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

/// The parts of the screen; the ones that do not fit have no height.
struct Areas {
    header: Rect,
    timeline: Rect,
    composer: Rect,
    hints: Rect,
}

fn areas(model: &Model) -> Areas {
    let area = model.area;
    let lines = u16::try_from(composer::lines(model).len()).unwrap_or(u16::MAX);
    let extra = u16::from(area.height >= 8);
    let composer = lines.clamp(1, (area.height / 3).max(1)) + extra;
    let [header, timeline, composer, hints] = Layout::vertical([
        Constraint::Length(1 + extra),
        Constraint::Min(1),
        Constraint::Length(composer),
        Constraint::Length(extra),
    ])
    .areas(area);
    Areas { header, timeline, composer, hints }
}

/// How many lines of the timeline are on screen.
pub fn timeline_height(model: &Model) -> usize {
    usize::from(areas(model).timeline.height)
}

/// Whether an event speaks to `name`.
pub fn mentions(event: &Event, name: &Name) -> bool {
    let Event::Cheep(cheep) = event else { return false };
    timeline::mentions(cheep, name)
}

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
