//! The timeline: only the lines on screen are laid out.

use cheeper_protocol::{Name, follow::Post};
use ratatui::{
    Frame,
    layout::Rect,
    style::{Color, Modifier, Style},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr as _;

use super::style;
use crate::{
    layout::{begins_day, columns, heights},
    model::Model,
    timeline::{Place, mentions},
    wrap::{truncate, wrap},
};

/// Readable on dark and on light.
const COLOURS: &[Color] = &[Color::Cyan, Color::Green, Color::Magenta, Color::Blue, Color::Red, Color::Yellow];

/// Stands at the end of a cheep that is on its way.
const NOT_SENT: &str = "(not sent yet)";

pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let height = usize::from(area.height);
    let following = model.timeline.place() == Place::Following;
    let mut lines = if following { newest(model, height) } else { from_place(model, height) };
    if lines.is_empty() {
        lines.push(Line::styled(" Nothing here yet: say something.", Style::new().add_modifier(Modifier::DIM)));
    }
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    for (line, y) in lines.into_iter().zip(area.y + area.height - count..) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
    let unseen = model.timeline.unseen();
    if !following && unseen > 0 && area.height > 0 {
        let what = if unseen == 1 { "cheep" } else { "cheeps" };
        let pill = format!(" ↓ {unseen} new {what}, End ");
        let width = u16::try_from(pill.width()).unwrap_or(u16::MAX).min(area.width);
        let place = Rect { x: area.width - width, y: area.y + area.height - 1, width, height: 1 };
        frame.render_widget(Span::styled(pill, Style::new().add_modifier(Modifier::REVERSED)), place);
    }
}

/// The last lines: the newest cheeps, and below them what is on its way.
fn newest(model: &Model, height: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line> = Vec::new();
    for post in model.follow.outbox().collect::<Vec<_>>().into_iter().rev() {
        lines.splice(0..0, pending(model, post));
        if lines.len() >= height {
            break;
        }
    }
    let mut index = model.timeline.cheeps().len();
    while lines.len() < height && index > 0 {
        index -= 1;
        lines.splice(0..0, block(model, index));
    }
    let above = lines.len().saturating_sub(height);
    lines.split_off(above)
}

fn from_place(model: &Model, height: usize) -> Vec<Line<'static>> {
    let (index, skip) = model.timeline.top(height, &heights(model));
    let blocks = (index..model.timeline.cheeps().len()).flat_map(|index| block(model, index));
    blocks.skip(skip).take(height).collect()
}

fn block(model: &Model, index: usize) -> Vec<Line<'static>> {
    let Some(cheep) = model.timeline.cheeps().get(index) else { return Vec::new() };
    let at = cheep.at.to_zoned(model.zone.clone());
    let mut lines = Vec::new();
    if begins_day(&model.timeline, index, &model.zone) {
        let day = format!("── {} ──", at.strftime("%A %-d %B %Y"));
        let gap = usize::from(model.area.width).saturating_sub(day.width()) / 2;
        lines.push(Line::styled(format!("{}{day}", " ".repeat(gap)), Style::new().add_modifier(Modifier::DIM)));
    }
    let ours = cheep.name.fold() == model.identity.name.fold();
    let text = if mentions(cheep, &model.identity.name) {
        style(model, Color::Yellow).add_modifier(Modifier::BOLD)
    } else {
        Style::new()
    };
    let name = style(model, colour(&cheep.name)).add_modifier(if ours { Modifier::BOLD } else { Modifier::empty() });
    let clock = at.strftime("%H:%M").to_string();
    lines.extend(rows(model, &clock, (&cheep.name, cheep.verified, name), cheep.cheep.as_str(), text));
    lines
}

fn pending(model: &Model, post: &Post) -> Vec<Line<'static>> {
    let dim = Style::new().add_modifier(Modifier::DIM);
    let name = (&model.identity.name, model.claimed, dim);
    let mut lines = rows(model, "…", name, post.cheep.as_str(), dim);
    let room = usize::from(model.area.width).saturating_sub(NOT_SENT.width() + 1);
    let used = lines.last().map_or(0, Line::width);
    if used + 2 > room {
        lines.push(Line::styled(format!("{}{NOT_SENT}", " ".repeat(room)), dim));
    } else if let Some(last) = lines.last_mut() {
        last.push_span(Span::styled(format!("{}{NOT_SENT}", " ".repeat(room - used)), dim));
    }
    lines
}

fn rows(
    model: &Model,
    clock: &str,
    (name, verified, name_style): (&Name, bool, Style),
    text: &str,
    text_style: Style,
) -> Vec<Line<'static>> {
    let columns = columns(model.area.width);
    let mark = if verified { " ✓" } else { "" };
    let name = format!("{}{mark}", truncate(name.as_str(), columns.name.saturating_sub(mark.width())));
    let clock = if columns.clock > 0 { format!(" {clock:<width$}", width = columns.clock - 1) } else { String::new() };
    let name_gap = (columns.name + 1).saturating_sub(name.width());
    let indent = " ".repeat(columns.clock + columns.name + 1);
    let mut start = vec![
        Span::styled(clock, Style::new().add_modifier(Modifier::DIM)),
        Span::styled(name, name_style),
        Span::raw(" ".repeat(name_gap)),
    ];
    wrap(text, columns.text)
        .into_iter()
        .map(|line| {
            let mut spans = std::mem::take(&mut start);
            if spans.is_empty() {
                spans.push(Span::raw(indent.clone()));
            }
            spans.push(Span::styled(text[line].trim_end().to_owned(), text_style));
            Line::from(spans)
        })
        .collect()
}

/// The same colour for the same name, always.
fn colour(name: &Name) -> Color {
    let hash = name
        .fold()
        .as_str()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    COLOURS[hash as usize % COLOURS.len()]
}
