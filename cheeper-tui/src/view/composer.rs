//! The input: who writes, the text, what is left of it. The real cursor stands in it, for input methods.

use cheeper_protocol::{CheepText, Role};
use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr as _;

use super::{
    cheep::answered,
    palette::{DIM, accent, bad},
};
use crate::{
    layout::{COUNT, input_lines, input_width, is_about, is_roomy, prompt},
    model::Model,
    wrap::{place, truncate},
};

const MAY_ONLY_READ: &str = "You may only read here; with a link you can write: cheeper-tui --server LINK";

pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    let mut rows = area.rows();
    let mut left = usize::from(area.height);
    let (prompt, width) = (prompt(model), input_width(model));
    let lines = input_lines(model);
    if left > 1 && is_roomy(model) {
        let rule = Line::styled("─".repeat(usize::from(area.width)), DIM);
        frame.render_widget(rule, rows.next().unwrap_or_default());
        left -= 1;
    }
    if let Some(seq) = is_about(model).filter(|_| left > 1) {
        let what = match model.editing {
            Some(_) => " ✎ editing  (Enter: send, Esc: leave it as it is)".to_owned(),
            None => format!(" {}  (Esc: no reply)", answered(model, seq)),
        };
        let line = Line::styled(truncate(&what, usize::from(area.width)), accent(model.theme));
        frame.render_widget(line, rows.next().unwrap_or_default());
        left -= 1;
    }
    let input = model.input();
    let is_under_something = model.hosting.over.is_some() && model.prompt.is_none();
    let is_asked = model.prompt.as_ref().is_some_and(|prompt| prompt.typed().is_some());
    let may_only_read = model.role == Role::Reader && input.is_empty() && model.find.is_none() && !is_asked;
    let (cursor_row, cursor_column) = place(input.text(), input.before_cursor().len(), width);
    let first = (cursor_row + 1).saturating_sub(left);
    for (nth, (line, row)) in lines.into_iter().skip(first).zip(rows).enumerate() {
        let line = input.text()[line].trim_end();
        let start = if first + nth == 0 { prompt.clone() } else { " ".repeat(prompt.width()) };
        let mut spans = vec![Span::styled(start, accent(model.theme)), Span::raw(line.to_owned())];
        if may_only_read {
            spans.push(Span::styled(truncate(MAY_ONLY_READ, width + COUNT), DIM));
        } else if nth == 0 && model.find.is_none() && !is_asked {
            let count = count_left(model);
            let gap = width.saturating_sub(line.width()) + COUNT.saturating_sub(count.width() + 1);
            let look = if count.starts_with('-') { bad(model.theme) } else { DIM };
            spans.extend([Span::raw(" ".repeat(gap)), Span::styled(count, look)]);
        }
        frame.render_widget(Line::from(spans), row);
        if first + nth == cursor_row && model.help.is_none() && !is_under_something {
            let column = u16::try_from(prompt.width() + cursor_column).unwrap_or(u16::MAX);
            frame.set_cursor_position(Position::new(row.x + column.min(row.width.saturating_sub(1)), row.y));
        }
    }
}

fn count_left(model: &Model) -> String {
    let most = i64::try_from(model.follow.limits().cheep_chars).unwrap_or(i64::MAX);
    let used = i64::try_from(CheepText::cleaned(model.composer.text()).chars()).unwrap_or(i64::MAX);
    (most - used).to_string()
}
