//! Where things go on a screen of the model's size: what scrolling has to know and drawing follows. Pure.

use std::{collections::HashSet, ops::Range};

use cheeper_protocol::{CheepText, Seq, follow::Submission};
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::{
    changing::targets,
    entry::Entry,
    model::Model,
    prompt::Prompt,
    scroll::{self, Blocks, Place},
    side::Subject,
    wrap::{truncate, wrap},
};

/// Columns for the count of what is left.
pub const COUNT: usize = 6;
/// Rows from which on there is room for rules and hints.
const ROOMY: u16 = 8;
/// Columns below which there is no room for the name before the input.
const NARROW: u16 = 30;
/// Stands at the end of a cheep that is on its way.
pub const NOT_SENT: &str = "(not sent yet)";

/// The parts of the screen; the ones that do not fit have no height.
pub struct Areas {
    pub header: Rect,
    pub timeline: Rect,
    pub composer: Rect,
    pub hints: Rect,
}

/// Columns of the parts of a cheep.
#[derive(Clone, Copy)]
pub struct Columns {
    pub clock: usize,
    pub name: usize,
    pub text: usize,
}

/// Whether there is room for more than the bare necessities.
pub fn is_roomy(model: &Model) -> bool {
    model.area.height >= ROOMY
}

pub fn areas(model: &Model) -> Areas {
    let area = model.area;
    let extra = u16::from(is_roomy(model));
    let most = (area.height / 3).max(1);
    let lines = u16::try_from(input_lines(model).len()).unwrap_or(u16::MAX).clamp(1, most);
    let about = u16::from(is_about(model).is_some() && lines < most);
    let message = u16::try_from(message_lines(model).len()).unwrap_or(u16::MAX).min(most);
    let is_asked = model.completion.is_some() || model.find.is_some() || model.prompt.is_some();
    let hints = if is_asked { 1 } else { extra };
    let [header, timeline, composer, hints] = Layout::vertical([
        Constraint::Length(1 + extra),
        Constraint::Min(1),
        Constraint::Length(lines + about + extra),
        Constraint::Length(message.max(hints)),
    ])
    .areas(area);
    Areas { header, timeline, composer, hints }
}

/// How many lines of the timeline are on screen.
pub fn timeline_height(model: &Model) -> usize {
    usize::from(areas(model).timeline.height)
}

pub fn columns(width: u16) -> Columns {
    let width = usize::from(width);
    let clock = if width >= 40 { 8 } else { 0 };
    let name = if width >= 60 { 10 } else { (width / 4).min(9) };
    Columns { clock, name, text: width.saturating_sub(clock + name + 2).max(1) }
}

/// A post that is on its way.
#[derive(Clone, Copy)]
pub struct Unsent<'a> {
    pub cheep: &'a CheepText,
    pub reply_to: Option<Seq>,
}

/// The posts that are on their way and belong to what is on screen, oldest first. A change of a cheep that is on its way has
/// no block of its own.
pub fn unsent(model: &Model) -> impl Iterator<Item = Unsent<'_>> {
    let subject = model.sides.last().map(|side| &side.subject);
    let is_shown = move |post: &Unsent<'_>| match subject {
        None => true,
        Some(Subject::Thread(root)) => {
            post.reply_to.is_some_and(|seq| seq >= *root && model.pane().timeline.get(seq).is_some())
        }
        Some(Subject::Search(_)) => false,
    };
    let posts = model.follow.outbox().filter_map(|submission| match submission {
        Submission::Post { cheep, reply_to, .. } => Some(Unsent { cheep, reply_to: *reply_to }),
        Submission::Edit { .. } | Submission::Delete { .. } | Submission::React { .. } => None,
    });
    posts.filter(is_shown)
}

/// The blocks of what is on screen: its cheeps, then the posts that are on their way.
pub struct Laid<'a> {
    model: &'a Model,
    columns: Columns,
    /// The cheeps that say what is on its way to become of them.
    changing: HashSet<Seq>,
}

impl<'a> Laid<'a> {
    pub fn out(model: &'a Model) -> Self {
        Self { model, columns: columns(model.area.width), changing: targets(&model.follow) }
    }

    fn entry(&self, index: usize) -> Option<&'a Entry> {
        self.model.pane().timeline.entries().get(index)
    }

    fn post(&self, index: usize) -> Option<Unsent<'a>> {
        unsent(self.model).nth(index.checked_sub(self.model.pane().timeline.entries().len())?)
    }
}

impl Blocks for Laid<'_> {
    fn count(&self) -> usize {
        self.model.pane().timeline.entries().len() + unsent(self.model).count()
    }

    fn above(&self, index: usize) -> usize {
        usize::from(begins_day(self.model, index)) + usize::from(self.model.pane().timeline.begins_news(index))
    }

    fn body(&self, index: usize) -> usize {
        let width = self.columns.text;
        if let Some(entry) = self.entry(index) {
            let says = !self.changing.is_empty() && says_only_what_is_on_its_way(entry, &self.changing);
            entry.body(width) + usize::from(says)
        } else if let Some(post) = self.post(index) {
            let label = usize::from(!says_not_sent_beside(self.columns, post.cheep));
            usize::from(post.reply_to.is_some()) + wrap(post.cheep.as_str(), width).len() + label
        } else {
            0
        }
    }

    fn seq(&self, index: usize) -> Option<Seq> {
        self.entry(index).map(|entry| entry.seq)
    }

    fn index_of(&self, seq: Seq) -> usize {
        self.model.pane().timeline.index_of(seq)
    }
}

/// Whether a cheep has a line under its text for nothing but what is on its way to become of it.
fn says_only_what_is_on_its_way(entry: &Entry, changing: &HashSet<Seq>) -> bool {
    !entry.has_notes() && entry.deleted().is_none() && changing.contains(&entry.seq)
}

/// The rows that what is on its way adds to the cheep that is cut off at the top of the screen, and which cheep that is.
pub fn added_to_the_cut_off(model: &Model) -> Option<(Seq, usize)> {
    let Place::At { seq, row: 1.. } = model.pane().place else { return None };
    let entry = model.pane().timeline.get(seq)?;
    Some((seq, usize::from(says_only_what_is_on_its_way(entry, &targets(&model.follow)))))
}

/// The rows on screen from top to bottom: the block of each, and the row in it.
pub fn visible(model: &Model) -> Vec<(usize, usize)> {
    let blocks = Laid::out(model);
    let height = timeline_height(model);
    let (first, skip) = scroll::top(&blocks, model.pane().place, height);
    let rows = (first..blocks.count()).flat_map(|index| (0..blocks.rows(index)).map(move |row| (index, row)));
    rows.skip(skip).take(height).collect()
}

/// Whether it says how much is new below the screen.
pub fn has_pill(model: &Model) -> bool {
    model.sides.is_empty() && model.main.place != Place::Following && model.main.timeline.unseen() > 0
}

/// The cheep that is drawn in a row of the screen.
pub fn cheep_at(model: &Model, y: u16) -> Option<Seq> {
    let area = areas(model).timeline;
    let rows = visible(model);
    let empty = usize::from(area.height).saturating_sub(rows.len());
    let row = usize::from(y.checked_sub(area.y)?).checked_sub(empty)?;
    Some(model.pane().timeline.entries().get(rows.get(row)?.0)?.seq)
}

/// Whether what says that a post is not sent yet fits beside the end of its text.
pub fn says_not_sent_beside(columns: Columns, cheep: &CheepText) -> bool {
    let text = cheep.as_str();
    let last = wrap(text, columns.text).pop().map_or(0, |line| text[line].trim_end().width());
    last + 2 + NOT_SENT.width() <= columns.text
}

/// Whether a cheep is the first of its day, so that the day stands above it.
pub fn begins_day(model: &Model, index: usize) -> bool {
    let entries = model.pane().timeline.entries();
    let day = |index: usize| entries.get(index).map(|entry| entry.at.to_zoned(model.zone.clone()).date());
    let today = day(index);
    today.is_some() && index.checked_sub(1).and_then(day) != today
}

/// The cheep that what is written is about: it answers it, or is its new text.
pub fn is_about(model: &Model) -> Option<Seq> {
    model.editing.as_ref().map(|editing| editing.target).or(model.reply_to)
}

/// What stands before the input.
pub fn prompt(model: &Model) -> String {
    match (model.prompt.as_ref().and_then(Prompt::label), &model.find) {
        (Some(label), _) => return label.to_owned(),
        (_, Some(find)) if find.everywhere => return " search › ".to_owned(),
        (_, Some(_)) => return " find › ".to_owned(),
        _ => {}
    }
    if model.area.width < NARROW {
        return " › ".to_owned();
    }
    let mark = if model.claimed { " ✓" } else { "" };
    let most = usize::from(model.area.width) / 3;
    format!(" {}{mark} › ", truncate(model.identity.name.as_str(), most.saturating_sub(5)))
}

/// Columns for the input.
pub fn input_width(model: &Model) -> usize {
    usize::from(model.area.width).saturating_sub(prompt(model).width() + COUNT).max(1)
}

pub fn input_lines(model: &Model) -> Vec<Range<usize>> {
    wrap(model.input().text(), input_width(model))
}

/// What the person has to be told, in lines.
pub fn message_lines(model: &Model) -> Vec<&str> {
    let width = usize::from(model.area.width).saturating_sub(2);
    let Some(notice) = model.notice.as_deref() else { return Vec::new() };
    wrap(notice, width).into_iter().map(|line| &notice[line]).collect()
}
