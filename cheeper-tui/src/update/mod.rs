//! What follows from what happens: the only code that changes the model. Pure but for what the model was given.

mod asking;
mod editing;
mod finding;
mod following;
mod hosting;
mod reading;
mod selected;
mod sides;
mod submitting;
mod target;
mod writing;

use cheeper_protocol::{
    Seq, ServerFrame,
    follow::{Input, Link},
};
use ratatui::layout::Rect;

use crate::{
    action::{Action, Context},
    effect::Effect,
    layout::{Laid, added_to_the_cut_off, timeline_height},
    model::{Model, Saved},
    msg::Msg,
    scroll::{self, Place},
    storage::{Kept, Read},
};

/// Takes in what happened at `model.now`.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    let before = added_to_the_cut_off(model);
    match msg {
        Msg::Do(action) => on_action(model, action, &mut effects),
        Msg::Type(c) => on_type(model, c, &mut effects),
        Msg::Paste(text) => on_paste(model, &text, &mut effects),
        Msg::Click(..) if model.hosting.over.is_some() => {}
        Msg::Click(_, y) => reading::click(model, y),
        Msg::Wheel { up } if model.hosting.over.is_some() => hosting::select(model, !up, 3),
        Msg::Wheel { up } => reading::scroll(model, up, 3),
        Msg::Resized(width, height) => model.area = Rect::new(0, 0, width, height),
        Msg::Frame(frame) => on_frame(model, frame),
        Msg::Closed { code, why } => {
            model.trouble = why;
            sides::lost(model);
            hosting::lost(model);
            model.follow.handle(Input::Closed { code, jitter: (model.jitter)() }, model.now);
            if model.follow.link() == Link::Barred {
                // Where something is typed or selected, the letter is one, or means something else.
                let key = if model.context() == Context::Offline { "r" } else { "Alt+R" };
                model.notice = model.trouble.as_ref().map(|why| format!("{why}. Then press {key} to try again."));
            }
        }
        Msg::Tick => tick(model),
        Msg::Woke => {
            model.follow.handle(Input::Woke, model.now);
            effects.push(Effect::Redraw);
        }
        Msg::Edited(text) => writing::edited(model, text),
        Msg::Told(words) => model.notice = Some(words),
    }
    following::drain(model, &mut effects);
    stand_still(model, before);
    settle(model);
    sides::ask(model, &mut effects);
    hosting::ask(model, &mut effects);
    keep(model, &mut effects);
    entitle(model, &mut effects);
    effects
}

fn on_frame(model: &mut Model, frame: ServerFrame) {
    hosting::on_frame(model, &frame);
    match &frame {
        ServerFrame::Welcome(welcome) => model.role = welcome.role,
        ServerFrame::Who { names, .. } => model.here.clone_from(names),
        ServerFrame::Page(page) => sides::on_page(model, page),
        ServerFrame::Error(error) => {
            if let Some(query) = sides::on_error(model, error) {
                finding::correct(model, &query);
            }
        }
        _ => {}
    }
    model.follow.handle(Input::Frame { frame }, model.now);
}

/// Something is on its way, or was: what is read below the cheep that is cut off at the top of the screen stays where it is.
fn stand_still(model: &mut Model, before: Option<(Seq, usize)>) {
    let after = added_to_the_cut_off(model);
    if let (Some((cut_off, before)), Some((seq, after)), Place::At { row, .. }) = (before, after, model.pane().place)
        && cut_off == seq
    {
        model.pane_mut().place =
            Place::At { seq, row: row.saturating_add_unsigned(after).saturating_sub_unsigned(before) };
    }
}

/// What is above the input may have more room now, or less to show.
fn settle(model: &mut Model) {
    let place = scroll::settled(&Laid::out(model), model.pane().place, timeline_height(model));
    model.pane_mut().place = place;
    if place != Place::Following {
        return;
    }
    match model.sides.last_mut() {
        None => model.main.timeline.see_all(),
        Some(side) => side.end_is_seen(),
    }
}

/// Begins: connects for the first time.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    model.follow.handle(Input::Start, model.now);
    following::drain(model, &mut effects);
    entitle(model, &mut effects);
    effects
}

fn tick(model: &mut Model) {
    if model.follow.deadline().is_some_and(|deadline| model.now >= deadline) {
        model.follow.handle(Input::Tick, model.now);
    }
    finding::go_on(model);
    sides::try_again(model);
}

fn on_type(model: &mut Model, c: char, effects: &mut Vec<Effect>) {
    if model.help.take().is_some() {
        return;
    }
    let mut bytes = [0; 4];
    let typed = &*c.encode_utf8(&mut bytes);
    match c.to_digit(10) {
        _ if model.prompt.is_some() => asking::on_type(model, typed),
        _ if model.hosting.over.is_some() => hosting::on_over_typed(model, typed, effects),
        Some(number @ 1..) if model.pane().selected.is_some() && model.find.is_none() => {
            selected::open(model, number as usize, effects);
        }
        _ => writing::insert(model, typed, effects),
    }
}

fn on_paste(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    if model.prompt.is_some() {
        asking::on_type(model, text);
    } else if model.hosting.over.is_none() {
        writing::insert(model, text, effects);
    }
}

fn on_action(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Quit => effects.push(Effect::Quit),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Redraw => effects.push(Effect::Redraw),
        Action::TryAgain => {
            model.notice = None;
            model.follow.handle(Input::Retry, model.now);
        }
        Action::Help => model.help = if model.help.is_some() { None } else { Some(0) },
        _ if model.help.is_some() => on_help(model, action),
        _ => {
            model.notice = None;
            if model.prompt.is_some() {
                asking::on_action(model, action);
            } else if model.hosting.over.is_some() {
                hosting::on_over(model, action);
            } else if !hosting::on_action(model, action) {
                on_reading(model, action, effects);
            }
        }
    }
}

fn on_help(model: &mut Model, action: Action) {
    let page = usize::from(model.area.height.saturating_sub(3)).max(1);
    let last = model.keys.len().saturating_sub(page);
    model.help = match (action, model.help) {
        (Action::Up, Some(first)) => Some(first.saturating_sub(1)),
        (Action::Down, Some(first)) => Some((first + 1).min(last)),
        (Action::PageUp, Some(first)) => Some(first.saturating_sub(page)),
        (Action::PageDown, Some(first)) => Some((first + page).min(last)),
        _ => None,
    };
}

fn on_reading(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::PageUp => reading::scroll(model, true, timeline_height(model).saturating_sub(1)),
        Action::PageDown => reading::scroll(model, false, timeline_height(model).saturating_sub(1)),
        Action::Oldest => reading::to_oldest(model),
        Action::Newest => reading::follow(model),
        Action::ConnectNow => model.follow.handle(Input::Retry, model.now),
        Action::Find => finding::begin_or_go_on(model),
        _ if model.find.is_some() => finding::on_action(model, action),
        Action::SelectOlder => reading::select(model, true),
        Action::SelectNewer => reading::select(model, false),
        _ if model.pane().selected.is_some() && selected::on_action(model, action, effects) => {}
        _ => writing::on_action(model, action, effects),
    }
}

/// Gives out what must outlive the process, if it is not what was kept already.
fn keep(model: &mut Model, effects: &mut Vec<Effect>) {
    let unsent = model.follow.outbox().len();
    let seen = model.main.timeline.seen();
    let (draft, reply_to) = model.draft();
    let saved = &model.saved;
    let is_kept = saved.unsent == unsent && saved.draft == draft && saved.reply_to == reply_to && saved.seen == seen;
    if is_kept {
        return;
    }
    let draft = draft.to_owned();
    let timeline = model.follow.timeline();
    effects.push(Effect::Save(Kept {
        outbox: model.follow.outbox().cloned().collect(),
        draft: draft.clone(),
        reply_to,
        read: model.read.clone().or_else(|| Some(Read { timeline: timeline?.to_owned(), seq: seen })),
    }));
    model.saved = Saved { unsent, draft, reply_to, seen };
}

/// The terminal's title counts what was not seen.
fn entitle(model: &mut Model, effects: &mut Vec<Effect>) {
    let count = match model.main.timeline.unseen() {
        0 => String::new(),
        count => format!("({count}) "),
    };
    let title = format!("{count}cheeper {}", model.host);
    if title != model.title {
        effects.push(Effect::Title(title.clone()));
        model.title = title;
    }
}
