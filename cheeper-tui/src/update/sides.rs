//! Threads and searches: what is asked for them, what comes, and how they are left.

use cheeper_protocol::{Code, ErrorFrame, Event, Page, Query, RequestId, follow::Link};

use crate::{
    effect::Effect,
    find::Progress,
    layout::columns,
    model::Model,
    side::{Side, Subject},
};

/// Lays it over what is on screen, unless it is that.
pub(super) fn open(model: &mut Model, subject: Subject) {
    if model.sides.last().is_none_or(|side| side.subject != subject) {
        model.sides.push(Side::new(subject, &model.identity.name));
    }
}

/// Asks what is to be asked, once there is somebody to ask.
pub(super) fn ask(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.follow.link() != Link::Live {
        return;
    }
    let limit = model.follow.limits().page;
    for side in &mut model.sides {
        let Ok(id) = RequestId::parse(&format!("side {}", model.questions)) else { continue };
        if let Some(frame) = side.next_question(id, limit) {
            model.questions += 1;
            effects.push(Effect::Send(frame));
        }
    }
}

/// Later is now.
pub(super) fn try_again(model: &mut Model) {
    model.sides.iter_mut().for_each(Side::try_again);
}

/// The connection ended: no answer will come on it.
pub(super) fn lost(model: &mut Model) {
    model.sides.iter_mut().for_each(Side::lost);
}

/// Events of the timeline change what is in threads and searches as well.
pub(super) fn live(model: &mut Model, events: &[Event]) {
    let width = columns(model.area.width).text;
    for side in &mut model.sides {
        for event in events {
            side.live(event, width);
        }
    }
}

pub(super) fn on_page(model: &mut Model, page: &Page) {
    let recent = model.follow.recent();
    let Some(side) = model.sides.iter_mut().find(|side| side.asked(page.id.as_ref())) else { return };
    side.answered(page.clone(), recent);
    // A word may have been waited for that is looked for in what was found.
    if let Some(find) = &mut model.find
        && let Progress::Loading { from } = find.progress
    {
        find.progress = Progress::Looking { from, older: true };
    }
}

/// Something was refused. Gives the search that was on screen, if it was that and can be put right.
pub(super) fn on_error(model: &mut Model, error: &ErrorFrame) -> Option<Query> {
    let at = model.sides.iter().position(|side| side.asked(error.id.as_ref()))?;
    if error.retryable {
        model.sides[at].put_off();
        return None;
    }
    let is_on_screen = at + 1 == model.sides.len();
    let Side { subject, .. } = model.sides.remove(at);
    let refused = match subject {
        Subject::Search(query) if error.code == Code::BadField && is_on_screen && model.find.is_none() => Some(query),
        _ => None,
    };
    if is_on_screen {
        // What was looked for was looked for in it.
        model.find = None;
    }
    model.notice = Some(match error.code {
        // What the server says of requests that are written by hand would be no help here.
        Code::UnknownType => "This server is older and has neither threads nor a search.".to_owned(),
        _ => error.message.clone().into_owned(),
    });
    refused
}
