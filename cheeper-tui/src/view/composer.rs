//! The input: who writes, the text, what is left of it. The real cursor stands in it, for input methods.

use cheeper_protocol::CheepText;
use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr as _;

use super::style;
use crate::{
    layout::{COUNT, input_lines, input_width, is_roomy, prompt},
    model::Model,
    wrap::place,
};

pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    let ruled = u16::from(area.height > 1 && is_roomy(model));
    if ruled > 0 {
        let rule = Line::styled("─".repeat(usize::from(area.width)), Style::new().add_modifier(Modifier::DIM));
        frame.render_widget(rule, Rect { height: 1, ..area });
    }
    let area = Rect { y: area.y + ruled, height: area.height - ruled, ..area };
    let (prompt, width) = (prompt(model), input_width(model));
    let text = model.composer.text();
    let (cursor_line, cursor_column) = place(text, model.composer.before_cursor().len(), width);
    let first = (cursor_line + 1).saturating_sub(usize::from(area.height));
    let left = left(model);
    for (row, line) in input_lines(model).into_iter().skip(first).take(usize::from(area.height)).enumerate() {
        let line = text[line].trim_end();
        let start = if first + row == 0 { prompt.clone() } else { " ".repeat(prompt.width()) };
        let mut spans = vec![Span::styled(start, style(model, Color::Yellow)), Span::raw(line)];
        if row == 0 {
            let gap = width.saturating_sub(line.width()) + COUNT.saturating_sub(left.width() + 1);
            let over = left.starts_with('-');
            let count = if over { style(model, Color::Red).add_modifier(Modifier::BOLD) } else { Style::new() };
            spans.extend([Span::raw(" ".repeat(gap)), Span::styled(left.clone(), count)]);
        }
        let y = area.y + u16::try_from(row).unwrap_or(0);
        frame.render_widget(Line::from(spans), Rect { y, height: 1, ..area });
    }
    let column = u16::try_from(prompt.width() + cursor_column).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
    let row = u16::try_from(cursor_line - first).unwrap_or(0).min(area.height.saturating_sub(1));
    frame.set_cursor_position(Position::new(area.x + column, area.y + row));
}

fn left(model: &Model) -> String {
    let most = i64::try_from(model.follow.limits().cheep_chars).unwrap_or(i64::MAX);
    let used = i64::try_from(CheepText::cleaned(model.composer.text()).chars()).unwrap_or(i64::MAX);
    (most - used).to_string()
}
