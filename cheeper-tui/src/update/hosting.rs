//! What a host does: mutes, releases names, makes links, reads the audit and undoes what stands in it.

use cheeper_protocol::{
    Action as Done, AuditQuery, ErrorFrame, Muted, Request, RequestId, Role, ServerFrame, follow::Link,
};

use super::target::standing;
use crate::{
    action::Action,
    composer::Composer,
    effect::Effect,
    hosting::{Asked, Audit, Made, Over, wished_link, words},
    layout::timeline_height,
    model::Model,
    prompt::Prompt,
    server::join_link,
    span,
};

/// Entries that are asked for at a time: more than a screen has rows.
const PART: usize = 100;

/// Whether this person is a host; if not, they are told that it takes one.
fn is_host(model: &mut Model) -> bool {
    let is_host = model.role == Role::Host;
    if !is_host {
        model.notice = Some("Only a host may do this: come in by a link for hosts.".to_owned());
    }
    is_host
}

/// Does it, if it is one of the keys that are a host's.
pub(super) fn on_action(model: &mut Model, action: Action) -> bool {
    match action {
        Action::Mute | Action::MuteAuthor | Action::Release if model.pane().selected.is_none() => return false,
        Action::Mute | Action::MuteAuthor | Action::Release | Action::Audit | Action::MakeLink if !is_host(model) => {}
        Action::Mute => ask_for_how_long(model, false),
        Action::MuteAuthor => ask_for_how_long(model, true),
        Action::Release => ask_whether_to_release(model),
        Action::Audit => open_audit(model),
        Action::MakeLink => model.prompt = Some(Prompt::Link { wish: Composer::default() }),
        _ => return false,
    }
    true
}

/// Also of a cheep that was deleted: that is when it is wanted most.
fn ask_for_how_long(model: &mut Model, is_about_the_author: bool) {
    let Some(entry) = model.pane().selected.and_then(|seq| model.pane().timeline.get(seq)) else { return };
    let name = entry.person.name.clone();
    let (who, called) = if is_about_the_author {
        (Muted::Author { target: entry.seq }, format!("the author of this cheep of {name}"))
    } else {
        (Muted::Name { name: name.clone() }, name.to_string())
    };
    model.prompt = Some(Prompt::Mute { who, called, span: Composer::default() });
}

fn ask_whether_to_release(model: &mut Model) {
    let Some(entry) = standing(model) else { return };
    if entry.verified {
        model.prompt = Some(Prompt::Release { name: entry.person.name.clone() });
    } else {
        model.notice = Some(format!("{} was not claimed by who wrote this.", entry.person.name));
    }
}

fn open_audit(model: &mut Model) {
    let mut audit = Audit::default();
    let query = audit.ask(PART);
    model.hosting.over = Some(Over::Audit(audit));
    ask_for(model, query);
}

fn ask_for(model: &mut Model, query: Option<AuditQuery>) {
    if let Some(query) = query
        && !want(model, Request::Audit(query), Asked::Audit)
        && let Some(audit) = model.hosting.audit()
    {
        audit.lost();
    }
}

/// What was typed for a mute or a link is complete.
pub(super) fn take_typed(model: &mut Model) {
    match &model.prompt {
        Some(Prompt::Mute { span, .. }) => match span::parse(span.text()) {
            Ok(for_ms) => mute_for(model, Some(for_ms)),
            Err(why) => model.notice = Some(sentence(&why)),
        },
        Some(Prompt::Link { wish }) => match wished_link(wish.text()) {
            Ok(request) => {
                model.prompt = None;
                want(model, request, Asked::Deed("a link".to_owned()));
            }
            Err(why) => model.notice = Some(sentence(&why)),
        },
        _ => {}
    }
}

fn sentence(why: &str) -> String {
    let mut chars = why.chars();
    let first = chars.next().map(char::to_uppercase);
    format!("{}{}.", first.into_iter().flatten().collect::<String>(), chars.as_str().trim_end_matches('.'))
}

/// Mutes whom it was asked about.
pub(super) fn mute_for(model: &mut Model, for_ms: Option<u64>) {
    if let Some(Prompt::Mute { who, called, .. }) = model.prompt.take() {
        want(model, Request::Mute { who, for_ms }, Asked::Deed(format!("the mute of {called}")));
    }
}

/// Whether it is really to be done was answered.
pub(super) fn answer(model: &mut Model, yes: bool) {
    match model.prompt.take().filter(|_| yes) {
        Some(Prompt::Release { name }) => {
            let asked = Asked::Deed(format!("the release of {name}"));
            want(model, Request::Release { name }, asked);
        }
        Some(Prompt::Undo { entry, .. }) => {
            want(model, Request::Undo { entry }, Asked::Deed(format!("the undoing of {entry}")));
        }
        _ => {}
    }
}

/// It is asked for now or not at all: nobody is to be muted an hour later, when the line is back.
fn want(model: &mut Model, request: Request, asked: Asked) -> bool {
    let is_live = model.follow.link() == Link::Live;
    if is_live {
        model.hosting.wanted.push((request, asked));
    } else {
        model.notice = Some("There is no connection: do it once there is one.".to_owned());
    }
    is_live
}

/// Asks what is wanted.
pub(super) fn ask(model: &mut Model, effects: &mut Vec<Effect>) {
    for (request, asked) in std::mem::take(&mut model.hosting.wanted) {
        let Ok(id) = RequestId::parse(&format!("host {}", model.hosting.count)) else { continue };
        model.hosting.count += 1;
        model.hosting.asked.push((id.clone(), asked));
        effects.push(Effect::Send(cheeper_protocol::ClientFrame { id: Some(id), request }));
    }
}

/// Something came; if it is an answer to a host, it is shown.
pub(super) fn on_frame(model: &mut Model, frame: &ServerFrame) {
    match frame {
        ServerFrame::Audit { id, entries, more } => match model.hosting.answered(id.as_ref()) {
            Some(Asked::Audit) => {
                if let Some(audit) = model.hosting.audit() {
                    audit.answered(entries.clone(), *more);
                }
            }
            Some(Asked::Deed(_)) => {
                let Some(entry) = entries.first() else { return };
                model.notice =
                    Some(format!("Done: {}. Alt+A shows it among what was done.", words(entry, &model.zone)));
                if let Some(audit) = model.hosting.audit() {
                    model.notice = None;
                    audit.done(entry.clone());
                }
            }
            None => {}
        },
        ServerFrame::Link { id, token, made } if model.hosting.answered(id.as_ref()).is_some() => {
            let link = join_link(&model.page, token);
            model.hosting.over = Some(Over::Link(Made { link, entry: made.clone() }));
        }
        ServerFrame::Error(error) => on_error(model, error),
        _ => {}
    }
}

fn on_error(model: &mut Model, error: &ErrorFrame) {
    let Some(asked) = model.hosting.answered(error.id.as_ref()) else { return };
    if asked == Asked::Audit && model.hosting.audit().is_some() {
        model.hosting.over = None;
    }
    model.notice = Some(span::refusal(error));
}

/// The connection ended. What was to be done may be done or not.
pub(super) fn lost(model: &mut Model) {
    for (_, asked) in std::mem::take(&mut model.hosting.asked) {
        match asked {
            Asked::Audit => {
                if let Some(audit) = model.hosting.audit() {
                    audit.lost();
                }
            }
            Asked::Deed(what) => {
                model.notice =
                    Some(format!("The line broke before {what} was answered: look with Alt+A whether it is done."));
            }
        }
    }
}

/// A key, while the audit or a link lies over the timeline.
pub(super) fn on_over(model: &mut Model, action: Action) {
    let page = timeline_height(model).saturating_sub(1).max(1);
    match action {
        Action::Up => select(model, false, 1),
        Action::Down => select(model, true, 1),
        Action::PageUp => select(model, false, page),
        Action::PageDown => select(model, true, page),
        Action::Newest => select(model, true, usize::MAX),
        Action::Oldest => select(model, false, usize::MAX),
        Action::Audit if is_host(model) => open_audit(model),
        Action::MakeLink if is_host(model) => model.prompt = Some(Prompt::Link { wish: Composer::default() }),
        Action::Cancel => model.hosting.over = None,
        _ => {}
    }
}

/// A character, while the audit or a link lies over the timeline.
pub(super) fn on_over_typed(model: &mut Model, typed: &str, effects: &mut Vec<Effect>) {
    model.notice = None;
    match (&model.hosting.over, typed) {
        (Some(Over::Audit(_)), "j") => select(model, true, 1),
        (Some(Over::Audit(_)), "k") => select(model, false, 1),
        (Some(Over::Audit(audit)), "u") => {
            let Some(entry) = audit.selected() else { return };
            let said = words(entry, &model.zone);
            match (&entry.action, entry.undone_by) {
                (_, Some(_)) => model.notice = Some("This is undone already.".to_owned()),
                // What a claim takes to be undone is a release, and that can be undone as well.
                (Done::Claim { name }, None) => model.prompt = Some(Prompt::Release { name: name.clone() }),
                (Done::Remove { .. } | Done::Undo { .. }, None) => {
                    model.notice = Some("This cannot be undone.".to_owned());
                }
                (_, None) => model.prompt = Some(Prompt::Undo { entry: entry.entry, words: said }),
            }
        }
        (Some(Over::Link(made)), "c") => {
            effects.push(Effect::Copy(made.link.clone()));
            model.notice = Some("Copied, if your terminal lets programs copy (OSC 52).".to_owned());
        }
        _ => {}
    }
}

/// Selects another entry of the audit, if that is what lies over the timeline.
pub(super) fn select(model: &mut Model, older: bool, steps: usize) {
    let query = model.hosting.audit().and_then(|audit| audit.select(older, steps, PART));
    ask_for(model, query);
}
