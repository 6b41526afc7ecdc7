//! Writing a cheep and sending it.

use std::collections::HashSet;

use cheeper_protocol::{
    CheepText, ClientFrame, Code, Name, Request, RequestId,
    follow::{Link, Submission},
};

use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    editing, finding, reading,
    submitting::{may_write, new_id, submit},
};
use crate::{
    action::Action,
    composer::{Edit, complete::Completion},
    effect::Effect,
    layout::input_width,
    model::Model,
    scroll::Place,
    secret_link::SecretLink,
    timeline::Timeline,
};

/// Something was typed or pasted.
pub(super) fn insert(model: &mut Model, text: &str, effects: &mut Vec<Effect>) {
    model.notice = None;
    model.help = None;
    model.completion = None;
    if model.find.is_some() {
        finding::edit(model, &Edit::Insert(text.replace(['\r', '\n'], " ")));
    } else {
        model.pane_mut().selected = None;
        if matches!(text, "@" | "＠") {
            ask_who_is_here(model, effects);
        }
        let text = fitting(model, text, model.composer.text().len()).to_owned();
        model.composer.edit(&Edit::Insert(text));
    }
}

/// As much of a text as could ever be sent beside so many bytes: every key and picture goes over all that is written.
fn fitting<'a>(model: &mut Model, text: &'a str, beside: usize) -> &'a str {
    let room = model.follow.limits().frame_bytes.saturating_sub(beside);
    if text.len() <= room {
        return text;
    }
    let ends = text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len());
    let end = ends.take_while(|end| *end <= room).last().unwrap_or(0);
    model.notice = Some("This is far too long for a cheep: only its beginning was taken.".to_owned());
    &text[..end]
}

/// Somebody is about to be mentioned: by the time that Tab is pressed, the answer is there.
fn ask_who_is_here(model: &Model, effects: &mut Vec<Effect>) {
    if model.follow.link() == Link::Live {
        effects.push(Effect::Send(ClientFrame { id: RequestId::parse("who").ok(), request: Request::Who }));
    }
}

/// The editor's text takes the place of what was written.
pub(super) fn edited(model: &mut Model, text: Option<String>) {
    if let Some(text) = text {
        let text = text.replace("\r\n", "\n");
        let text = fitting(model, text.trim_end_matches('\n'), 0);
        model.composer.set(text);
    }
}

pub(super) fn on_action(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let completion = model.completion.take();
    match action {
        Action::Send => send(model),
        Action::NewLine => model.composer.edit(&Edit::Insert("\n".to_owned())),
        Action::Complete => complete(model, completion, true),
        Action::CompleteBack => complete(model, completion, false),
        Action::Editor => effects.push(Effect::Edit(model.composer.text().to_owned())),
        Action::Up => up_or_down(model, true),
        Action::Down => up_or_down(model, false),
        Action::Cancel if completion.is_none() => leave(model),
        action => {
            if let Some(edit) = Edit::of(action) {
                model.composer.edit(&edit);
            }
        }
    }
}

/// Leaves one thing after the other: a correction, an answer, what lies over the timeline.
fn leave(model: &mut Model) {
    if !editing::give_up(model) && model.reply_to.take().is_none() {
        model.sides.pop();
    }
}

fn up_or_down(model: &mut Model, up: bool) {
    if model.composer.recalls() {
        model.composer.edit(if up { &Edit::RecallOlder } else { &Edit::RecallNewer });
    } else if !model.composer.move_line(up, input_width(model)) {
        reading::scroll(model, up, 1);
    }
}

fn complete(model: &mut Model, completion: Option<Completion>, forward: bool) {
    model.completion = match completion {
        Some(mut completion) => {
            completion.turn(&mut model.composer, forward);
            Some(completion)
        }
        None => Completion::begin(&mut model.composer, names(&model.main.timeline, &model.here)),
    };
}

/// Names, each once: those who cheeped last, then those who are here.
fn names<'a>(timeline: &'a Timeline, here: &'a [Name]) -> impl Iterator<Item = &'a Name> {
    let mut said: HashSet<&Name> = HashSet::new();
    let me = timeline.me();
    let here = here.iter().filter(|name| name.fold() != *me);
    timeline.names().chain(here).filter(move |name| said.insert(name))
}

fn send(model: &mut Model) {
    // Who is told to start with a link may well paste it here; once it is posted, no key takes it back.
    if let Some(secret) = SecretLink::find(model.composer.text()) {
        model.notice = Some(format!("{}.", secret.sentence()));
        return;
    }
    if !may_write(model) {
        return;
    }
    let most = model.follow.limits().cheep_chars;
    let cheep = match CheepText::parse(model.composer.text(), most) {
        Ok(cheep) => cheep,
        Err(refusal) => {
            if refusal.code != Code::EmptyCheep {
                model.notice = Some(refusal.message.into_owned());
            }
            return;
        }
    };
    let Some(id) = new_id(model) else { return };
    let submission = match model.editing.as_ref().map(|editing| editing.target) {
        Some(target) => {
            editing::give_up(model);
            Submission::Edit { id, target, cheep }
        }
        None => {
            model.composer.take();
            model.pane_mut().place = Place::Following;
            Submission::Post { id, cheep, reply_to: model.reply_to.take() }
        }
    };
    submit(model, submission);
}
