//! The rows of one cheep, or of a post on its way.

use std::{mem, ops::Range};

use cheeper_protocol::{Seq, links};
use ratatui::{
    style::{Modifier, Style},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr as _;

use super::palette::{BOLD, DIM, accent, of_name};
use crate::{
    layout::{NOT_SENT, Unsent, begins_day, columns, says_not_sent_beside, unsent},
    model::Model,
    timeline::Entry,
    wrap::{truncate, wrap},
};

/// All rows of a block of the timeline, the lines above a cheep with it.
pub(super) fn block(model: &Model, index: usize) -> Vec<Line<'static>> {
    let entries = model.timeline.entries();
    if let Some(entry) = entries.get(index) {
        let mut lines = above(model, index, entry);
        lines.extend(cheep(model, entry));
        return lines;
    }
    let post = index.checked_sub(entries.len()).and_then(|nth| unsent(model).nth(nth));
    post.map_or_else(Vec::new, |post| pending(model, post))
}

/// What a cheep says that another one answers, in one line.
pub(super) fn answered(model: &Model, seq: Seq) -> String {
    match model.timeline.get(seq) {
        Some(entry) => format!("↱ {}: {}", entry.person.name, entry.text.as_str().replace('\n', " ")),
        None => format!("↱ cheep {seq}, from before"),
    }
}

fn above(model: &Model, index: usize, entry: &Entry) -> Vec<Line<'static>> {
    let width = usize::from(model.area.width);
    let mut lines = Vec::new();
    if begins_day(model, index) {
        let at = entry.at.to_zoned(model.zone.clone());
        let day = truncate(&format!("── {} ──", at.strftime("%A %-d %B %Y")), width);
        let gap = width.saturating_sub(day.width()) / 2;
        lines.push(Line::styled(format!("{}{day}", " ".repeat(gap)), DIM));
    }
    if model.timeline.begins_news(index) {
        let words = truncate(" ── new since you were here ", width);
        let rule = "─".repeat(width.saturating_sub(words.width()));
        lines.push(Line::styled(format!("{words}{rule}"), accent(model.theme)));
    }
    lines
}

fn cheep(model: &Model, entry: &Entry) -> Vec<Line<'static>> {
    let is_ours = entry.person.fold == *model.timeline.me();
    let name =
        of_name(model.theme, &entry.person.fold).add_modifier(if is_ours { Modifier::BOLD } else { Modifier::empty() });
    let text = if entry.calls { accent(model.theme).add_modifier(Modifier::BOLD) } else { Style::new() };
    Rows {
        model,
        clock: entry.at.to_zoned(model.zone.clone()).strftime("%H:%M").to_string(),
        name: (entry.person.name.as_str(), entry.verified, name),
        reply_to: entry.reply_to,
        text: (entry.text.as_str(), text),
        is_selected: model.selected == Some(entry.seq),
    }
    .lines()
}

fn pending(model: &Model, post: Unsent<'_>) -> Vec<Line<'static>> {
    let rows = Rows {
        model,
        clock: "…".to_owned(),
        name: (model.identity.name.as_str(), model.claimed, DIM),
        reply_to: post.reply_to,
        text: (post.cheep.as_str(), DIM),
        is_selected: false,
    };
    let mut lines = rows.lines();
    let room = usize::from(model.area.width).saturating_sub(NOT_SENT.width() + 1);
    let beside = says_not_sent_beside(columns(model.area.width), post.cheep);
    match lines.last_mut().filter(|_| beside) {
        Some(last) => {
            let gap = room.saturating_sub(last.width());
            last.push_span(Span::styled(format!("{}{NOT_SENT}", " ".repeat(gap)), DIM));
        }
        None => lines.push(Line::styled(format!("{}{NOT_SENT}", " ".repeat(room)), DIM)),
    }
    lines
}

struct Rows<'a> {
    model: &'a Model,
    clock: String,
    /// A name, whether it is verified, and its look.
    name: (&'a str, bool, Style),
    reply_to: Option<Seq>,
    text: (&'a str, Style),
    is_selected: bool,
}

impl Rows<'_> {
    fn lines(self) -> Vec<Line<'static>> {
        let columns = columns(self.model.area.width);
        let (text, look) = self.text;
        let marks = self.marks();
        let mut start = self.start();
        let edge = if self.is_selected { "▌" } else { " " };
        let indent = format!("{edge}{}", " ".repeat(columns.clock + columns.name));
        let mut lines = Vec::new();
        if let Some(seq) = self.reply_to {
            let mut spans = mem::take(&mut start);
            spans.push(Span::styled(truncate(&answered(self.model, seq), columns.text), DIM));
            lines.push(Line::from(spans));
        }
        for line in wrap(text, columns.text) {
            let mut spans = mem::take(&mut start);
            if spans.is_empty() {
                spans.push(Span::raw(indent.clone()));
            }
            spans.extend(marked(text, &line, look, &marks));
            lines.push(Line::from(spans));
        }
        lines
    }

    /// What stands before the text of the first row.
    fn start(&self) -> Vec<Span<'static>> {
        let columns = columns(self.model.area.width);
        let (name, is_verified, look) = self.name;
        let mark = if is_verified { " ✓" } else { "" };
        // The first column is the edge; without a clock the name makes room for it.
        let edge_width = usize::from(columns.clock == 0);
        let name = format!("{}{mark}", truncate(name, columns.name.saturating_sub(mark.width() + edge_width)));
        let gap = (columns.name + 1 - edge_width).saturating_sub(name.width());
        let edge = if self.is_selected { Span::styled("▌", accent(self.model.theme)) } else { Span::raw(" ") };
        let clock = match columns.clock {
            0 => String::new(),
            width => format!("{:<width$}", self.clock, width = width - 1),
        };
        vec![edge, Span::styled(clock, DIM), Span::styled(name, look), Span::raw(" ".repeat(gap))]
    }

    /// Parts of the text that look different: links, and what is looked for.
    fn marks(&self) -> Vec<(Range<usize>, Style)> {
        let (text, look) = self.text;
        let mut marks: Vec<_> =
            links(text).into_iter().map(|link| (link, look.add_modifier(Modifier::UNDERLINED))).collect();
        if let Some(find) = &self.model.find {
            marks.extend(find.hits_in(text).into_iter().map(|hit| (hit, BOLD.add_modifier(Modifier::REVERSED))));
        }
        marks
    }
}

/// A line of a text, in parts of one look each; later marks lie over earlier ones.
fn marked(text: &str, line: &Range<usize>, look: Style, marks: &[(Range<usize>, Style)]) -> Vec<Span<'static>> {
    let end = line.start + text[line.clone()].trim_end().len();
    let mut cuts = vec![line.start, end];
    cuts.extend(
        marks.iter().flat_map(|(mark, _)| [mark.start, mark.end]).filter(|cut| (line.start..end).contains(cut)),
    );
    cuts.sort_unstable();
    cuts.dedup();
    let look_at = |at: usize| marks.iter().rev().find(|(mark, _)| mark.contains(&at)).map_or(look, |(_, look)| *look);
    cuts.windows(2).map(|cut| Span::styled(text[cut[0]..cut[1]].to_owned(), look_at(cut[0]))).collect()
}
