//! What lies over the timeline for a host: the audit as a list, or a link that was made, with its QR code.

use ratatui::{
    Frame,
    layout::Rect,
    style::{Color, Modifier, Style},
    text::Line,
};
use unicode_width::UnicodeWidthStr as _;

use super::palette::{BOLD, DIM, accent};
use crate::{
    hosting::{Audit, Made, Over, line, words},
    model::Model,
    qr,
    theme::{Background, Depth, Theme},
    wrap::{truncate, wrap},
};

/// Columns between the code and the words beside it.
const GAP: u16 = 2;
/// Columns that words beside the code need at least.
const WORDS: u16 = 24;

pub(super) fn draw(model: &Model, over: &Over, frame: &mut Frame, area: Rect) {
    match over {
        Over::Audit(audit) => draw_audit(model, audit, frame, area),
        Over::Link(made) => draw_link(model, made, frame, area),
    }
}

fn draw_audit(model: &Model, audit: &Audit, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width).saturating_sub(1);
    if audit.entries().is_empty() {
        let words =
            if audit.is_waiting() { " It comes as soon as the server has answered." } else { " There is nothing." };
        frame.render_widget(Line::styled(truncate(words, width), DIM), area.rows().next().unwrap_or_default());
        return;
    }
    let first = audit.first_on_screen(area.height.into());
    for ((at, entry), row) in audit.entries().iter().enumerate().skip(first).zip(area.rows()) {
        let is_selected = at == audit.index_of_selected();
        let look = match (is_selected, entry.undone_by) {
            (true, _) => accent(model.theme),
            (false, Some(_)) => DIM,
            (false, None) => Style::new(),
        };
        let edge = if is_selected { "▌" } else { " " };
        frame.render_widget(Line::styled(format!("{edge}{}", truncate(&line(entry, &model.zone), width)), look), row);
    }
}

fn draw_link(model: &Model, made: &Made, frame: &mut Frame, area: Rect) {
    let (light, look) = ink(model.theme);
    let code = qr::rows(&made.link, light).unwrap_or_default();
    let (columns, rows) = (code.first().map_or(0, |row| row.width()), code.len());
    let fits =
        rows > 0 && rows <= usize::from(area.height) && columns + usize::from(GAP + WORDS) <= usize::from(area.width);
    let mut beside = area;
    if fits {
        for (row, place) in code.iter().zip(area.rows()) {
            frame.render_widget(
                Line::styled(row.as_str(), look),
                Rect { width: row.width().try_into().unwrap_or(0), ..place },
            );
        }
        let taken = u16::try_from(columns).unwrap_or(area.width).saturating_add(GAP).min(area.width);
        beside = Rect { x: area.x + taken, width: area.width - taken, ..area };
    }
    let without_code = "A larger window shows it as a QR code.";
    let told = "It is shown this once: copy it, or undo it and make another.";
    let said = words(&made.entry, &model.zone);
    let mut texts = vec![(made.link.as_str(), BOLD), ("", DIM), (&said, Style::new()), (told, DIM)];
    if !fits {
        texts.push((without_code, DIM));
    }
    let width = usize::from(beside.width).saturating_sub(1).max(1);
    let lines = texts.iter().flat_map(|(text, look)| wrap(text, width).into_iter().map(|line| (&text[line], *look)));
    for ((line, look), row) in lines.zip(beside.rows()) {
        frame.render_widget(Line::styled(format!(" {}", line.trim_end()), look), row);
    }
}

/// Whether the light modules are painted, and with what. Where there are colours a code is black on white, as cameras know
/// it; where there are none, what is light is what the terminal's letters are on a dark ground.
fn ink(theme: Theme) -> (bool, Style) {
    match (theme.depth, theme.background) {
        (Depth::None, Background::Dark) => (true, Style::new()),
        (Depth::None, Background::Light) => (false, Style::new()),
        _ => (false, Style::new().fg(Color::Black).bg(Color::White).remove_modifier(Modifier::all())),
    }
}
