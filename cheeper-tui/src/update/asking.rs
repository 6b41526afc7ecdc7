//! What the person is asked before something is done to the selected cheep, and what their answer does.

use cheeper_protocol::{Emoji, Role, Seq, follow::Submission, limits::NAME_BYTES};

use super::{
    hosting,
    submitting::{new_id, submit},
    target::{is_own, own, standing},
};
use crate::{
    action::Action,
    changing::Changing,
    composer::{Composer, Edit},
    entry::is_among,
    model::Model,
    prompt::{MUTES, Prompt, QUICK},
};

/// Asks with what to react.
pub(super) fn with_what(model: &mut Model, target: Seq) {
    if standing(model).is_some() {
        model.prompt = Some(Prompt::React { target, emoji: Composer::default() });
    }
}

/// Asks whether it is really to be deleted: by whom it is, or by a host.
pub(super) fn really(model: &mut Model, target: Seq) {
    let Some(entry) = standing(model) else { return };
    if is_own(model, &entry) {
        model.prompt = Some(Prompt::Delete { target, of: None });
    } else if model.role == Role::Host {
        model.prompt = Some(Prompt::Delete { target, of: Some(entry.person.name.clone()) });
    } else {
        own(model);
    }
}

/// Something was typed or pasted.
pub(super) fn on_type(model: &mut Model, text: &str) {
    model.notice = None;
    match &mut model.prompt {
        Some(Prompt::React { target, emoji }) => {
            let number = text.parse::<usize>().ok().filter(|_| emoji.is_empty());
            match number.and_then(|number| QUICK.get(number.checked_sub(1)?)) {
                Some(quick) => {
                    let target = *target;
                    react(model, target, quick);
                }
                None => insert(emoji, text, MOST_TYPED),
            }
        }
        Some(Prompt::Delete { target, .. }) => {
            let target = *target;
            model.prompt = None;
            if text == "y"
                && let Some(id) = new_id(model)
            {
                submit(model, Submission::Delete { id, target });
            }
        }
        Some(Prompt::Mute { span, .. }) => match MUTES.iter().find(|(key, ..)| *key == text && span.is_empty()) {
            Some((_, _, for_ms)) => hosting::mute_for(model, *for_ms),
            None => insert(span, text, MOST_TYPED),
        },
        Some(Prompt::Link { wish }) => insert(wish, text, MOST_WISHED),
        Some(Prompt::Release { .. } | Prompt::Undo { .. }) => hosting::answer(model, text == "y"),
        None => {}
    }
}

fn insert(into: &mut Composer, text: &str, most: usize) {
    if into.text().len() + text.len() <= most {
        into.edit(&Edit::Insert(text.replace(['\r', '\n'], " ")));
    }
}

/// Bytes that can be typed: more than any emoji or span of time has.
const MOST_TYPED: usize = 64;
/// Bytes of a wish for a link: more than a role, a span and a note can have.
const MOST_WISHED: usize = NAME_BYTES + 2 * MOST_TYPED;

pub(super) fn on_action(model: &mut Model, action: Action) {
    match (&mut model.prompt, action) {
        (Some(Prompt::React { target, emoji }), Action::Send) => {
            let (target, typed) = (*target, emoji.text().trim().to_owned());
            react(model, target, &typed);
        }
        (Some(Prompt::Mute { .. } | Prompt::Link { .. }), Action::Send) => hosting::take_typed(model),
        (prompt, _) => match (prompt.as_mut().and_then(Prompt::typed_mut), Edit::of(action)) {
            (Some(typed), Some(edit)) => typed.edit(&edit),
            _ => model.prompt = None,
        },
    }
}

/// Reacts, or takes back what this person reacted with before.
fn react(model: &mut Model, target: Seq, typed: &str) {
    let emoji = match Emoji::parse(typed) {
        Ok(emoji) => emoji,
        Err(refusal) => {
            model.notice = Some(refusal.message.into_owned());
            return;
        }
    };
    model.prompt = None;
    let on = !has_reacted(model, target, &emoji);
    // The same keys twice, because nothing seemed to happen, are on and off: that does not go by unnoticed.
    model.notice = Changing::of(&model.follow, target).reaction(&emoji).map(|_| {
        let what = if on { "reacts with it again" } else { "takes it back" };
        format!("Your {emoji} is still on its way: this {what}.")
    });
    if let Some(id) = new_id(model) {
        submit(model, Submission::React { id, target, emoji, on });
    }
}

/// Whether this person has reacted so, once all that is on its way is done.
fn has_reacted(model: &Model, target: Seq, emoji: &Emoji) -> bool {
    let stands = || {
        let entry = model.pane().timeline.get(target)?;
        let kind = entry.reactions().iter().find(|kind| kind.emoji == *emoji)?;
        Some(is_among(kind, model.pane().timeline.me()))
    };
    Changing::of(&model.follow, target).reaction(emoji).or_else(stands).unwrap_or(false)
}
