//! What the client's conversation with the server comes to.

use cheeper_protocol::{
    Code, Event, Seq,
    follow::{Input, Millis, Output, Submission},
};

use super::{editing, reading, sides};
use crate::{effect::Effect, find::Progress, layout::columns, model::Model, scroll::Place, span};

/// Between one ring and the next.
const PAUSE_MS: Millis = 1_000;

pub(super) fn drain(model: &mut Model, effects: &mut Vec<Effect>) {
    remember_what_was_read(model);
    while let Some(output) = model.follow.poll_output() {
        match output {
            Output::Connect => effects.push(Effect::Connect),
            Output::Disconnect => effects.push(Effect::Disconnect),
            Output::Send { frame } => effects.push(Effect::Send(frame)),
            Output::Reset => reset(model),
            Output::Events { events, .. } => append(model, events, effects),
            Output::Older { events, more, .. } => {
                model.main.timeline.prepend(events, more);
                if let Some(Progress::Loading { from }) = model.find.as_ref().map(|find| find.progress)
                    && let Some(find) = &mut model.find
                    && model.sides.is_empty()
                {
                    find.progress = Progress::Looking { from, older: true };
                }
            }
            Output::Accepted { .. } => {}
            Output::Refused { submission, error } => {
                take_back(model, submission, error.code);
                model.notice = Some(span::refusal(&error));
            }
            Output::Named { claimed, .. } => model.claimed = claimed,
            Output::NameRefused { error } => {
                model.claimed = false;
                // Who may only read needs no name, and is told so where others write.
                if error.code == Code::ReadOnly {
                    continue;
                }
                model.notice = Some(match error.code {
                    Code::NameTaken => format!(
                        "{} is taken on this server. Quit and take another --name; or if it is yours, bring its secret: \
                         cheeper-tui identity export there, cheeper-tui identity import here.",
                        model.identity.name
                    ),
                    _ => format!("{} Quit and start again with another --name.", error.message),
                });
            }
        }
    }
}

/// What was written comes back to be written otherwise.
fn take_back(model: &mut Model, submission: Submission, code: Code) {
    match submission {
        Submission::Post { cheep, reply_to, .. } => {
            model.composer.put_back(cheep.as_str());
            model.reply_to = reply_to.filter(|_| code != Code::BadReply);
        }
        // Something else is being corrected at the moment, and two texts cannot be. It is not lost without a word.
        Submission::Edit { cheep, .. } if model.editing.is_some() => model.composer.put_back(cheep.as_str()),
        Submission::Edit { target, cheep, .. } => {
            editing::begin(model, target, cheep.as_str().to_owned());
        }
        Submission::Delete { .. } | Submission::React { .. } => {}
    }
}

/// What was read before counts once the server has said that this is the same timeline.
fn remember_what_was_read(model: &mut Model) {
    let Some(timeline) = model.follow.timeline() else { return };
    if let Some(read) = model.read.take().filter(|read| read.timeline == timeline) {
        model.main.timeline.was_read(read.seq);
    }
}

fn reset(model: &mut Model) {
    model.main.timeline.reset();
    (model.main.place, model.main.selected) = (Place::Following, None);
    // The numbers mean other cheeps from now on.
    model.sides.clear();
    if let Some(find) = &mut model.find {
        (find.began, find.hit) = ((Place::Following, None), None);
    }
    (model.reply_to, model.prompt, model.hosting.over) = (None, None, None);
    editing::give_up(model);
    model.reply_to = None;
}

fn append(model: &mut Model, events: Vec<Event>, effects: &mut Vec<Effect>) {
    let is_first = model.main.timeline.entries().is_empty();
    let before = model.main.timeline.entries().len();
    if events.iter().any(|event| event.changes().next().is_some()) {
        reading::hold(model);
    }
    sides::live(model, &events);
    let width = columns(model.area.width).text;
    model.main.change(width, |timeline| timeline.append(events));
    // The first page is the past: nobody is calling in it. And nobody is called more than once at a time.
    let rings = !is_first && model.rang_at.is_none_or(|rang_at| model.now >= rang_at + PAUSE_MS);
    let call = model.main.timeline.entries().range(before..).rev().find(|entry| entry.calls && rings);
    if let Some(entry) = call {
        effects.push(Effect::Ring(format!("{}: {}", entry.person.name, entry.text)));
        model.rang_at = Some(model.now);
    }
    forget(model);
}

/// Bounds the memory: drops the oldest, but nothing from the screen on.
fn forget(model: &mut Model) {
    let first = match model.main.place {
        Place::Following => model.main.timeline.entries().back().map_or(Seq::ZERO, |entry| entry.seq),
        // The screen may begin with the end of the cheep before.
        Place::At { seq, .. } => seq.previous(),
    };
    let first = model.main.selected.map_or(first, |selected| selected.min(first));
    if let Some(up_to) = model.main.timeline.drop_oldest(first) {
        model.follow.handle(Input::Forgot { up_to }, model.now);
    }
}
