//! The last line: what the person has to be told or, if there is nothing, what can be done.

use cheeper_protocol::{Role, follow::Link, links};
use jiff::Timestamp;
use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::Paragraph,
};
use unicode_width::UnicodeWidthStr as _;

use super::palette::{BOLD, DIM, accent, bad};
use crate::{
    composer::complete::Completion,
    find::{Find, Progress},
    hosting::{Over, words},
    layout::message_lines,
    model::Model,
    prompt::{MUTES, Prompt, QUICK},
    wrap::truncate,
};

/// What can be searched for; the first that fits is shown.
const SEARCH: [&str; 4] = [
    "words, \"a phrase\", #tag, @name, from:name   Enter search  Tab only here  Esc back",
    "words, \"a phrase\", #tag, @name, from:name  Enter  Esc back",
    "words, #tag, @name, from:name  Esc back",
    "Enter search  Esc back",
];

/// The first that fits is shown.
const HINTS: &[&str] = &[
    "Enter send  Alt+Enter new line  PgUp older  Alt+↑ select  Ctrl+F find  F1 help  Ctrl+C quit",
    "Enter send  Alt+Enter new line  PgUp older  Ctrl+F find  F1 help  Ctrl+C quit",
    "Enter send  PgUp older  Ctrl+F find  F1 help  Ctrl+C quit",
    "Enter send  PgUp older  F1 help  Ctrl+C quit",
    "Enter send  F1 help  Ctrl+C quit",
    "F1 help  Ctrl+C quit",
    "F1 help",
];

pub(super) fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    if area.is_empty() {
        return;
    }
    let told = message_lines(model);
    if !told.is_empty() {
        let lines: Vec<Line> = told.into_iter().map(|line| Line::raw(format!(" {}", line.trim_end()))).collect();
        frame.render_widget(Paragraph::new(lines).style(bad(model.theme)), area);
        return;
    }
    let width = usize::from(area.width).saturating_sub(1);
    let line = if let Some(prompt) = &model.prompt {
        Line::styled(truncate(&asked(prompt, width), width), accent(model.theme))
    } else if let Some(over) = &model.hosting.over {
        Line::styled(truncate(&lying_over(model, over), width), accent(model.theme))
    } else if let Some(completion) = &model.completion {
        candidates(model, completion, width)
    } else if let Some(find) = &model.find {
        Line::styled(truncate(&found(model, find, width), width), accent(model.theme))
    } else if model.pane().selected.is_some() {
        Line::styled(truncate(&selected(model), width), accent(model.theme))
    } else if let Some(trouble) = model.trouble.as_ref().filter(|_| model.is_offline()) {
        // Why one is not let in is a sentence of its own.
        let is_barred = model.follow.link() == Link::Barred;
        let words = if is_barred { trouble.clone() } else { format!("{}: {trouble}", model.host) };
        Line::styled(truncate(&words, width), DIM)
    } else {
        Line::styled(HINTS.iter().find(|hints| hints.width() <= width).copied().unwrap_or_default(), DIM)
    };
    frame.render_widget(line, Rect { x: area.x + 1, width: area.width - 1, height: 1, ..area });
}

/// The mentions that fit, from about the chosen one on.
fn candidates(model: &Model, completion: &Completion, width: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut used = 0;
    for (nth, mention) in completion.candidates.iter().enumerate().skip(completion.chosen.saturating_sub(2)) {
        let mention = truncate(mention, width.saturating_sub(used + 1));
        used += mention.width() + 2;
        let look = if nth == completion.chosen { BOLD.add_modifier(Modifier::REVERSED) } else { accent(model.theme) };
        spans.extend([Span::styled(mention, look), Span::raw("  ")]);
        if used >= width {
            break;
        }
    }
    Line::from(spans)
}

/// What can be answered; whatever else has no room, the keys have.
fn asked(prompt: &Prompt, width: usize) -> String {
    const DELETE: [&str; 3] = [
        "Delete this cheep, for everybody and for good?  y yes  n no",
        "Delete it for good?  y yes  n no",
        "y delete  n no",
    ];
    let first_that_fits =
        |ways: &[String]| ways.iter().find(|words| words.width() <= width).or(ways.last()).cloned().unwrap_or_default();
    match prompt {
        Prompt::Delete { of: None, .. } => first_that_fits(&DELETE.map(str::to_owned)),
        Prompt::Delete { of: Some(name), .. } => first_that_fits(&[
            format!("Remove this cheep of {name}, for everybody and for good?  y yes  n no"),
            "y remove  n no".to_owned(),
        ]),
        Prompt::React { .. } => {
            let quick = QUICK.iter().zip(1..).map(|(emoji, number)| format!("{number} {emoji}  "));
            format!("{}or type one, Enter  Esc leave", quick.collect::<String>())
        }
        Prompt::Mute { called, .. } => {
            let quick = MUTES.map(|(key, span, _)| format!("{key} {span}  ")).concat();
            first_that_fits(&[
                format!("Mute {called}: {quick}or 30m, 7d, Enter  Esc leave"),
                format!("{quick}or 30m, 7d, Enter  Esc leave"),
                quick,
            ])
        }
        Prompt::Release { name } => first_that_fits(&[
            format!("Make {name} free for anybody to claim?  y yes  n no"),
            "y release  n no".to_owned(),
        ]),
        Prompt::Undo { entry, words } => {
            // What is to be undone is said, as far as there is room for it.
            let rest = "?  y yes  n no";
            let room = width.saturating_sub("Undo this: ".width() + rest.width());
            first_that_fits(&[format!("Undo this: {}{rest}", truncate(words, room)), format!("Undo {entry}{rest}")])
        }
        Prompt::Link { .. } => first_that_fits(&[
            "Enter: for members, without an end; or type: host, 8h, what it is for  Esc leave".to_owned(),
            "Enter, or: host 8h what for  Esc leave".to_owned(),
        ]),
    }
}

/// What can be done with what lies over the timeline.
fn lying_over(model: &Model, over: &Over) -> String {
    match over {
        Over::Link(_) => "c copy  Esc back".to_owned(),
        // Its row may be too short for it.
        Over::Audit(audit) => match audit.selected() {
            Some(entry) => format!("u undo  ↑ ↓  Esc back   {}", words(entry, &model.zone)),
            None => "Esc back".to_owned(),
        },
    }
}

fn found(model: &Model, find: &Find, width: usize) -> String {
    if find.everywhere {
        return SEARCH
            .iter()
            .find(|words| words.width() <= width)
            .or(SEARCH.last())
            .map_or("", |words| words)
            .to_owned();
    }
    let clock = |at: Timestamp| at.to_zoned(model.zone.clone()).strftime("%A %-d %B %H:%M").to_string();
    match (find.progress, find.hit.and_then(|hit| model.pane().timeline.get(hit))) {
        (Progress::Looking { .. }, _) => "looking…".to_owned(),
        (Progress::Loading { .. }, _) => "looking further back… Esc stops".to_owned(),
        (Progress::NoneLoaded, _) => {
            "no more in what is loaded: Enter looks further back, Tab on the server".to_owned()
        }
        (Progress::None, Some(_)) => "this is the last one".to_owned(),
        (Progress::None, None) => "there is none in what is loaded".to_owned(),
        (Progress::Done, Some(entry)) => {
            format!("{}, {}   Enter older  ↓ newer  Esc done", entry.person.name, clock(entry.at))
        }
        (Progress::Done, None) => "Type what to find; Enter older  ↓ newer  Tab on the server  Esc done".to_owned(),
    }
}

fn selected(model: &Model) -> String {
    let Some(entry) = model.pane().selected.and_then(|seq| model.pane().timeline.get(seq)) else {
        return "Esc leave".to_owned();
    };
    let text = entry.text.as_str();
    let links: Vec<String> =
        links(text).into_iter().enumerate().map(|(nth, link)| format!("  {} {}", nth + 1, &text[link])).collect();
    let open = if links.is_empty() { "" } else { "  o open" };
    let is_ours = entry.person.fold == *model.main.timeline.me() && entry.verified && entry.deleted().is_none();
    let change = if is_ours { "  e edit  d delete" } else { "" };
    let (write, keep_order) = match model.role {
        Role::Reader => ("", ""),
        Role::Member => ("r reply  + react", ""),
        Role::Host if is_ours => ("r reply  + react", "  m M mute"),
        Role::Host => ("r reply  + react", "  d remove  m M mute"),
    };
    let change = if write.is_empty() { "" } else { change };
    let words = format!("{write}{change}{keep_order}  t thread  c copy{open}  Esc leave{}", links.concat());
    let mixes = if entry.person.mixes_scripts { "⚠ the name mixes scripts  " } else { "" };
    format!("{mixes}{}", words.trim_start())
}
