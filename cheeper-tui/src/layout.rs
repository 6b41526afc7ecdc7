//! Where things go on a screen of the model's size: what scrolling has to know and drawing follows. Pure.

use std::ops::Range;

use cheeper_protocol::Cheep;
use jiff::tz::TimeZone;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr as _;

use crate::{
    model::Model,
    timeline::{Heights, Timeline},
    wrap::{truncate, wrap},
};

/// Columns for the count of what is left.
pub const COUNT: usize = 6;
/// Rows from which on there is room for rules and hints.
const ROOMY: u16 = 8;

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
    let lines = u16::try_from(input_lines(model).len()).unwrap_or(u16::MAX);
    let extra = u16::from(is_roomy(model));
    let most = (area.height / 3).max(1);
    let composer = lines.clamp(1, most) + extra;
    let message = u16::try_from(message_lines(model).len()).unwrap_or(u16::MAX).min(most);
    let [header, timeline, composer, hints] = Layout::vertical([
        Constraint::Length(1 + extra),
        Constraint::Min(1),
        Constraint::Length(composer),
        Constraint::Length(message.max(extra)),
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

/// The heights of the blocks of the timeline, in lines.
pub fn heights(model: &Model) -> impl Heights + use<> {
    let (columns, zone) = (columns(model.area.width), model.zone.clone());
    move |timeline: &Timeline, index: usize| match timeline.cheeps().get(index) {
        None => 0,
        Some(cheep) => wrap(cheep.cheep.as_str(), columns.text).len() + usize::from(begins_day(timeline, index, &zone)),
    }
}

/// Whether a cheep is the first of its day, so that the day stands above it.
pub fn begins_day(timeline: &Timeline, index: usize, zone: &TimeZone) -> bool {
    let day = |cheep: &Cheep| cheep.at.to_zoned(zone.clone()).date();
    let before = index.checked_sub(1).and_then(|before| timeline.cheeps().get(before));
    match (before, timeline.cheeps().get(index)) {
        (Some(before), Some(cheep)) => day(before) != day(cheep),
        (None, Some(_)) => true,
        _ => false,
    }
}

/// What stands before the input.
pub fn prompt(model: &Model) -> String {
    let mark = if model.claimed { " ✓" } else { "" };
    let most = usize::from(model.area.width) / 3;
    format!(" {}{mark} › ", truncate(model.identity.name.as_str(), most.saturating_sub(5).max(1)))
}

/// Columns for the input.
pub fn input_width(model: &Model) -> usize {
    usize::from(model.area.width).saturating_sub(prompt(model).width() + COUNT).max(1)
}

pub fn input_lines(model: &Model) -> Vec<Range<usize>> {
    wrap(model.composer.text(), input_width(model))
}

/// What the person has to be told, in lines.
pub fn message_lines(model: &Model) -> Vec<&str> {
    let width = usize::from(model.area.width).saturating_sub(2);
    let Some(notice) = model.notice.as_deref() else { return Vec::new() };
    wrap(notice, width).into_iter().map(|line| &notice[line]).collect()
}
