//! The rows of one cheep, or of a post on its way.

use std::{mem, ops::Range};

use cheeper_protocol::{DeletedBy, Emoji, FoldedName, Seq, links};
use ratatui::{
    style::{Modifier, Style},
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr as _;

use super::palette::{BOLD, DIM, accent, of_name};
use crate::{
    changing::Changing,
    entry::{Entry, MIXES_SCRIPTS, is_among},
    layout::{NOT_SENT, Unsent, begins_day, columns, says_not_sent_beside, unsent},
    model::Model,
    wrap::{truncate, wrap},
};

/// All rows of a block of the timeline, the lines above a cheep with it.
pub(super) fn block(model: &Model, index: usize) -> Vec<Line<'static>> {
    let entries = model.pane().timeline.entries();
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
    let known = || model.pane().timeline.get(seq).or_else(|| model.main.timeline.get(seq));
    match known() {
        Some(entry) if entry.deleted().is_some() => format!("↱ {}: a cheep that was deleted", entry.person.name),
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
    if model.pane().timeline.begins_news(index) {
        let words = truncate(" ── new since you were here ", width);
        let rule = "─".repeat(width.saturating_sub(words.width()));
        lines.push(Line::styled(format!("{words}{rule}"), accent(model.theme)));
    }
    lines
}

fn cheep(model: &Model, entry: &Entry) -> Vec<Line<'static>> {
    let is_ours = entry.person.fold == *model.main.timeline.me();
    let name =
        of_name(model.theme, &entry.person.fold).add_modifier(if is_ours { Modifier::BOLD } else { Modifier::empty() });
    let text = if entry.calls { accent(model.theme).add_modifier(Modifier::BOLD) } else { Style::new() };
    // A text stands in its own column; what it cannot write is what stands right before that one.
    let said = match entry.deleted() {
        None => None,
        Some(DeletedBy::Author) => Some("deleted by its author"),
        Some(DeletedBy::Host) => Some("deleted by a host"),
    };
    let said = said.map(|said| truncate(said, columns(model.area.width).text));
    let rows = Rows {
        model,
        clock: entry.at.to_zoned(model.zone.clone()).strftime("%H:%M").to_string(),
        name: (entry.person.name.as_str(), marks(entry.person.mixes_scripts, entry.verified), name),
        reply_to: entry.reply_to,
        gutter: said.as_ref().map(|_| '×'),
        text: said.as_ref().map_or((entry.text.as_str(), text), |said| (said, DIM)),
        is_selected: model.pane().selected == Some(entry.seq),
    };
    // What was deleted meanwhile cannot be changed: there will be a sentence about that.
    let changing = if entry.deleted().is_some() { Changing::default() } else { Changing::of(&model.follow, entry.seq) };
    let says = entry.has_notes() || changing != Changing::default();
    let notes = says.then(|| rows.under_the_text(&notes(entry, &changing, model.main.timeline.me())));
    rows.lines().into_iter().chain(notes).collect()
}

/// What there is to say under the text, in one line. What this person reacted with stands in brackets, and what is on its way
/// has dots; that a text is not as it stands there comes first, so that it is not cut off.
fn notes(entry: &Entry, changing: &Changing<'_>, me: &FoldedName) -> String {
    let text = match changing {
        Changing { is_deleted: true, .. } => Some("not deleted yet".to_owned()),
        Changing { edit: Some(_), .. } => Some("edit not saved yet".to_owned()),
        _ => None,
    };
    let reaction = |emoji: &Emoji, count: Option<u64>, is_ours: bool| {
        let wish = changing.reaction(emoji);
        let count = count.map_or_else(String::new, |count| format!(" {count}"));
        let dots = if wish.is_some() { " …" } else { "" };
        if wish.unwrap_or(is_ours) { format!("[{emoji}{count}{dots}]") } else { format!("{emoji}{count}{dots}") }
    };
    let stand = entry.reactions().iter().map(|kind| reaction(&kind.emoji, Some(kind.count), is_among(kind, me)));
    let is_new = |emoji: &Emoji| entry.reactions().iter().all(|kind| kind.emoji != *emoji);
    let new =
        changing.reactions.iter().filter(|(emoji, _)| is_new(emoji)).map(|(emoji, _)| reaction(emoji, None, false));
    let kinds = stand.chain(new);
    let answers = match entry.replies() {
        0 => None,
        1 => Some("1 answer".to_owned()),
        count => Some(format!("{count} answers")),
    };
    let edited = entry.is_edited().then(|| "(edited)".to_owned());
    let kinds = Some(kinds.collect::<Vec<_>>().join("  ")).filter(|kinds| !kinds.is_empty());
    [text, kinds, answers, edited].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn pending(model: &Model, post: Unsent<'_>) -> Vec<Line<'static>> {
    let rows = Rows {
        model,
        clock: "…".to_owned(),
        name: (model.identity.name.as_str(), marks(model.identity.name.mixes_scripts(), model.claimed), DIM),
        reply_to: post.reply_to,
        gutter: None,
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

/// What this client says of a name, right after it.
fn marks(mixes_scripts: bool, is_verified: bool) -> &'static str {
    match (mixes_scripts, is_verified) {
        (false, false) => "",
        (false, true) => " ✓",
        (true, false) => MIXES_SCRIPTS,
        (true, true) => " ⚠ ✓",
    }
}

struct Rows<'a> {
    model: &'a Model,
    clock: String,
    /// A name, what stands after it, and its look.
    name: (&'a str, &'static str, Style),
    reply_to: Option<Seq>,
    /// Stands right before the text, if there is something that is not the author's own words.
    gutter: Option<char>,
    text: (&'a str, Style),
    is_selected: bool,
}

impl Rows<'_> {
    fn lines(&self) -> Vec<Line<'static>> {
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
            self.put_gutter(&mut spans);
            spans.extend(marked(text, &line, look, &marks));
            lines.push(Line::from(spans));
        }
        lines
    }

    /// What stands before the text of the first row.
    fn start(&self) -> Vec<Span<'static>> {
        let columns = columns(self.model.area.width);
        let (name, mark, look) = self.name;
        // The first column is the edge; without a clock the name makes room for it.
        let edge_width = usize::from(columns.clock == 0);
        let beside = mark.width() + edge_width + usize::from(self.gutter.is_some());
        let name = format!("{}{mark}", truncate(name, columns.name.saturating_sub(beside)));
        let gap = (columns.name + 1 - edge_width).saturating_sub(name.width());
        let clock = match columns.clock {
            0 => String::new(),
            width => format!("{:<width$}", self.clock, width = width - 1),
        };
        vec![self.edge(), Span::styled(clock, DIM), Span::styled(name, look), Span::raw(" ".repeat(gap))]
    }

    /// A line that stands under the text. No text can look like it: what it begins with is left of every text.
    fn under_the_text(&self, words: &str) -> Line<'static> {
        let columns = columns(self.model.area.width);
        let before = columns.clock + columns.name;
        let corner = if before < 2 { " ".repeat(before) } else { format!("{}└ ", " ".repeat(before - 2)) };
        let words = truncate(words, columns.text);
        Line::from(vec![self.edge(), Span::styled(corner, DIM), Span::styled(words, DIM)])
    }

    fn put_gutter(&self, spans: &mut Vec<Span<'static>>) {
        let Some(gutter) = self.gutter else { return };
        if let Some(last) = spans.last_mut()
            && let Some(gap) = last.content.strip_suffix(' ')
        {
            last.content = gap.to_owned().into();
            spans.push(Span::styled(gutter.to_string(), DIM));
        }
    }

    fn edge(&self) -> Span<'static> {
        if self.is_selected { Span::styled("▌", accent(self.model.theme)) } else { Span::raw(" ") }
    }

    /// Parts of the text that look different: links, and what is looked for.
    fn marks(&self) -> Vec<(Range<usize>, Style)> {
        let (text, look) = self.text;
        let mut marks: Vec<_> =
            links(text).into_iter().map(|link| (link, look.add_modifier(Modifier::UNDERLINED))).collect();
        if let Some(find) = self.model.find.as_ref().filter(|_| self.gutter.is_none()) {
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
