//! What follows from what happens: the only code that changes the model. Pure but for what the model was given.

use cheeper_protocol::{
    CheepText, Code, Event, Name, RequestId,
    follow::{Input, Link, Output, Post},
};

use crate::{
    composer::Edit,
    effect::Effect,
    layout::{heights, timeline_height},
    model::Model,
    msg::Msg,
    timeline::mentions,
};

/// Takes in what happened at `model.now`.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    let before = (model.follow.outbox().len(), model.composer.text().to_owned());
    match msg {
        Msg::Frame(frame) => model.follow.handle(Input::Frame { frame }, model.now),
        Msg::Closed(code) => model.follow.handle(Input::Closed { code, jitter: (model.jitter)() }, model.now),
        Msg::Tick => tick(model),
        Msg::Resized(width, height) => model.area = ratatui::layout::Rect::new(0, 0, width, height),
        Msg::Quit => effects.push(Effect::Quit),
        key => on_key(model, key),
    }
    drain(model, &mut effects);
    let after = (model.follow.outbox().len(), model.composer.text());
    if (before.0, before.1.as_str()) != after {
        effects.push(save(model));
    }
    effects
}

/// Begins: connects for the first time.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    model.follow.handle(Input::Start, model.now);
    drain(model, &mut effects);
    effects
}

fn save(model: &Model) -> Effect {
    Effect::Save { outbox: model.follow.outbox().cloned().collect(), draft: model.composer.text().to_owned() }
}

fn tick(model: &mut Model) {
    if model.follow.deadline().is_some_and(|deadline| model.now >= deadline) {
        model.follow.handle(Input::Tick, model.now);
    }
}

fn on_key(model: &mut Model, key: Msg) {
    model.notice = None;
    if model.help {
        model.help = false;
        return;
    }
    match key {
        Msg::Char('r')
            if model.composer.is_empty() && matches!(model.follow.link(), Link::Waiting { .. } | Link::Barred) =>
        {
            model.follow.handle(Input::Retry, model.now);
        }
        Msg::Char(c) => model.composer.edit(&Edit::Insert(c.to_string())),
        Msg::Edit(edit) => model.composer.edit(&edit),
        Msg::Submit => submit(model),
        Msg::Up if model.composer.recalls() => model.composer.edit(&Edit::RecallOlder),
        Msg::Down if model.composer.recalls() => model.composer.edit(&Edit::RecallNewer),
        Msg::Up => scroll(model, true, 1),
        Msg::Down => scroll(model, false, 1),
        Msg::PageUp => scroll(model, true, timeline_height(model).saturating_sub(1)),
        Msg::PageDown => scroll(model, false, timeline_height(model).saturating_sub(1)),
        Msg::Top => {
            model.timeline.to_first();
            load_older(model);
        }
        Msg::End => model.timeline.follow(),
        Msg::Help => model.help = true,
        _ => {}
    }
}

fn scroll(model: &mut Model, up: bool, lines: usize) {
    let height = timeline_height(model);
    let heights = heights(model);
    if up {
        model.timeline.scroll_up(lines, height, &heights);
        if model.timeline.top(height, &heights).0 == 0 {
            load_older(model);
        }
    } else {
        model.timeline.scroll_down(lines, height, &heights);
    }
}

fn load_older(model: &mut Model) {
    if model.timeline.has_older() {
        model.follow.handle(Input::Older, model.now);
    }
}

fn submit(model: &mut Model) {
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
    let Ok(id) = RequestId::parse(&(model.new_id)()) else { return };
    model.composer.take();
    model.timeline.follow();
    model.follow.handle(Input::Post { post: Post { id, cheep, reply_to: None } }, model.now);
}

/// Whether an event is somebody else speaking to `name`.
fn calls(event: &Event, name: &Name) -> bool {
    matches!(event, Event::Cheep(cheep) if cheep.name != *name && mentions(cheep, name))
}

fn drain(model: &mut Model, effects: &mut Vec<Effect>) {
    while let Some(output) = model.follow.poll_output() {
        match output {
            Output::Connect => effects.push(Effect::Connect),
            Output::Disconnect => effects.push(Effect::Disconnect),
            Output::Send { frame } => effects.push(Effect::Send(frame)),
            Output::Reset => model.timeline.reset(),
            Output::Events { events } => {
                // The first page is the past: nobody is calling in it.
                let is_news = !model.timeline.cheeps().is_empty();
                if is_news && events.iter().any(|event| calls(event, &model.identity.name)) {
                    effects.push(Effect::Bell);
                }
                model.timeline.append(events);
            }
            Output::Older { events, more } => model.timeline.prepend(events, more),
            Output::Posted { .. } => {}
            Output::Refused { post, error } => {
                model.composer.put_back(post.cheep.as_str());
                model.notice = Some(error.message.into_owned());
            }
            Output::Named { claimed, .. } => model.claimed = claimed,
            Output::NameRefused { error } => {
                let name = &model.identity.name;
                model.notice = Some(format!("{} Quit and start again with another --name than {name}.", error.message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{ServerFrame, follow::Identity};

    use super::*;

    fn model() -> Model {
        let identity = Identity { name: Name::parse("alice").unwrap(), secret: None };
        let mut model = Model::new("localhost:5000".to_owned(), identity, Vec::new(), String::new());
        start(&mut model);
        model
    }

    fn hear(model: &mut Model, json: &str) -> Vec<Effect> {
        update(model, Msg::Frame(ServerFrame::parse(json).unwrap()))
    }

    fn welcome(model: &mut Model) -> Vec<Effect> {
        hear(
            model,
            r#"{"type":"welcome","protocol":1,"server":"t","timeline":"t","head":0,"online":1,"limits":
            {"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}"#,
        )
    }

    #[test]
    fn a_cheep_waits_in_the_outbox_until_it_is_acked() {
        let mut model = model();
        update(&mut model, Msg::Edit(Edit::Insert("hi".to_owned())));
        let effects = update(&mut model, Msg::Submit);
        assert!(matches!(&effects[..], [Effect::Save { outbox, draft }] if outbox.len() == 1 && draft.is_empty()));
        welcome(&mut model);
        let effects = hear(&mut model, r#"{"type":"hello","id":"hello","name":"alice","claimed":false}"#);
        assert!(
            matches!(&effects[..], [Effect::Send(frame)] if frame.id.as_ref().is_some_and(|id| id.as_str() == "id"))
        );
        let effects = hear(&mut model, r#"{"type":"ack","id":"id","seq":1,"at":"2026-11-24T12:00:00.000Z"}"#);
        assert!(matches!(&effects[..], [.., Effect::Save { outbox, .. }] if outbox.is_empty()), "{effects:?}");
    }

    #[test]
    fn what_is_refused_comes_back_with_the_sentence() {
        let mut model = model();
        welcome(&mut model);
        hear(&mut model, r#"{"type":"hello","id":"hello","name":"alice","claimed":false}"#);
        update(&mut model, Msg::Edit(Edit::Insert("hi".to_owned())));
        update(&mut model, Msg::Submit);
        hear(&mut model, r#"{"type":"error","id":"id","code":"id_conflict","message":"No.","retryable":false}"#);
        assert_eq!((model.composer.text(), model.notice.as_deref()), ("hi", Some("No.")));
    }

    #[test]
    fn too_long_a_cheep_stays_and_says_why() {
        let mut model = model();
        update(&mut model, Msg::Edit(Edit::Insert("x".repeat(281))));
        update(&mut model, Msg::Submit);
        assert_eq!(model.composer.text().len(), 281);
        assert!(model.notice.is_some());
    }

    #[test]
    fn r_connects_at_once_while_offline_and_is_a_letter_otherwise() {
        let mut model = model();
        update(&mut model, Msg::Closed(None));
        assert_eq!(update(&mut model, Msg::Char('r')), [Effect::Connect]);
        welcome(&mut model);
        update(&mut model, Msg::Char('r'));
        assert_eq!(model.composer.text(), "r");
    }
}
