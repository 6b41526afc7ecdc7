//! The first line: where, how the connection stands, who is here.

use cheeper_protocol::{Role, follow::Link};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr as _;

use super::palette::{BOLD, DIM, accent, bad, good};
use crate::{action::Context, hosting::Over, model::Model, side::Subject, span, wrap::truncate};

pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let width = usize::from(area.width);
    let (states, look) = states(model);
    // The first that leaves room for where it is; if none does, the shortest.
    let name = match (&model.hosting.over, model.sides.last().map(|side| &side.subject)) {
        (Some(Over::Audit(_)), _) => " what was done  (Esc: back)".to_owned(),
        (Some(Over::Link(_)), _) => " a link  (Esc: back)".to_owned(),
        (None, None) => format!(" cheeper  {}", model.host),
        (None, Some(Subject::Thread(_))) => " thread  (Esc: back)".to_owned(),
        (None, Some(Subject::Search(query))) => format!(" search  (Esc: back)  {}", query.as_str()),
    };
    let room = width.saturating_sub(name.width() + 3);
    let fitting = states.iter().find(|state| state.width() <= room).or(states.last());
    let state = truncate(fitting.map_or("", String::as_str), width.saturating_sub(1));
    let left = truncate(&name, width.saturating_sub(state.width() + 2));
    let gap = width.saturating_sub(left.width() + state.width() + 1);
    let line = Line::from(vec![Span::styled(left, BOLD), Span::raw(" ".repeat(gap)), Span::styled(state, look)]);
    frame.render_widget(line, Rect { height: area.height.min(1), ..area });
    if area.height > 1 {
        let rule = Line::styled("─".repeat(width), DIM);
        frame.render_widget(rule, Rect { y: area.y + 1, height: 1, ..area });
    }
}

/// How it stands, the longest way to say it first.
fn states(model: &Model) -> (Vec<String>, Style) {
    let unsent = match model.follow.outbox().len() {
        0 => String::new(),
        count => format!(" · {count} unsent"),
    };
    let contact = match model.follow.timeline() {
        Some(_) => format!(" · last contact {}", span::shown(model.now.saturating_sub(model.follow.heard_at()))),
        None => String::new(),
    };
    let now = if model.context() == Context::Offline { " · r: now" } else { "" };
    match model.follow.link() {
        Link::Live => {
            let online = model.follow.online();
            let role = match model.role {
                Role::Member => "",
                Role::Reader => " · you may read",
                Role::Host => " · you are a host",
            };
            let said = vec![
                format!("● live   {online} online{role}{unsent}"),
                format!("● live   {online} online{unsent}"),
                format!("● live{unsent}"),
                format!("●{unsent}"),
            ];
            (said, good(model.theme))
        }
        Link::Idle | Link::Connecting { .. } => {
            (vec![format!("◌ connecting{contact}{unsent}"), format!("◌ connecting{unsent}")], accent(model.theme))
        }
        Link::Closing => {
            (vec![format!("◌ offline{contact}{unsent}"), format!("◌ offline{unsent}")], accent(model.theme))
        }
        Link::Waiting { until } => {
            let again = span::shown(until.saturating_sub(model.now));
            let said = vec![
                format!("◌ offline, again in {again}{contact}{unsent}{now}"),
                format!("◌ offline, again in {again}{unsent}{now}"),
                format!("◌ offline, {again}{unsent}"),
                format!("◌ {again}{unsent}"),
            ];
            (said, accent(model.theme))
        }
        Link::Barred => {
            // Nothing happens by itself, so the key is told wherever there is one.
            let now = if now.is_empty() { " · Alt+R: now" } else { now };
            (vec![format!("◌ no way in{unsent}{now}"), format!("◌ barred{unsent}")], bad(model.theme))
        }
    }
}
