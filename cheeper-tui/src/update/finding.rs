//! Finding a word: the hit is shown, and Enter goes on to the next older one; or the server looks for it in everything.

use cheeper_protocol::{Query, Seq, limits::QUERY_BYTES};

use super::{
    reading::{edge_on_screen, load_older, show},
    sides,
};
use crate::{
    action::Action,
    composer::{Composer, Edit},
    find::{Find, Progress},
    model::Model,
    side::Subject,
};

pub(super) fn begin_or_go_on(model: &mut Model) {
    if model.find.is_some() {
        look(model, true);
    } else {
        model.completion = None;
        let pane = model.pane();
        model.find = Some(Find::new((pane.place, pane.selected)));
    }
}

/// The server would not look for this: it is there again, to be put right.
pub(super) fn correct(model: &mut Model, query: &Query) {
    begin_or_go_on(model);
    let Some(find) = &mut model.find else { return };
    find.everywhere = true;
    find.query = Composer::with_text(query.as_str().to_owned());
}

pub(super) fn on_action(model: &mut Model, action: Action) {
    let Some(find) = &mut model.find else { return };
    match action {
        Action::Cancel => model.find = None,
        Action::Complete | Action::CompleteBack => turn(model),
        Action::Send if find.everywhere => search(model),
        Action::Send | Action::Up => look(model, true),
        Action::Down => look(model, false),
        action => {
            if let Some(edit) = Edit::of(action) {
                self::edit(model, &edit);
            }
        }
    }
}

/// From looking in what is here to having the server look, and back.
fn turn(model: &mut Model) {
    let from = start(model);
    let pane = model.sides.last_mut().map_or(&mut model.main, |side| &mut side.pane);
    let Some(find) = &mut model.find else { return };
    // What the server finds comes in a list of its own. Whoever leaves it has come to see nothing of the hits here.
    if find.hit.is_some() {
        (pane.place, pane.selected) = find.began;
    }
    find.everywhere = !find.everywhere;
    find.changed(from);
    go_on(model);
}

/// Has the server look for it, in everything.
fn search(model: &mut Model) {
    let Some(find) = &model.find else { return };
    match Query::parse(find.query.text()) {
        Ok(query) => {
            model.find = None;
            sides::open(model, Subject::Search(query));
        }
        Err(_) if find.query.text().trim().is_empty() => {}
        Err(_) => model.notice = Some(format!("This is too long to search for: {QUERY_BYTES} bytes at most.")),
    }
}

/// One step on, if it looks for something.
pub(super) fn go_on(model: &mut Model) {
    let pane = model.sides.last_mut().map_or(&mut model.main, |side| &mut side.pane);
    let Some(find) = &mut model.find else { return };
    if find.step(&pane.timeline)
        && let Some(hit) = find.hit
    {
        pane.selected = Some(hit);
        show(model, hit);
    }
}

/// Changes what is looked for.
pub(super) fn edit(model: &mut Model, edit: &Edit) {
    let from = start(model);
    let Some(find) = &mut model.find else { return };
    let before = find.query.text().to_owned();
    find.query.edit(edit);
    if find.query.text() != before {
        find.changed(from);
        go_on(model);
    }
}

fn look(model: &mut Model, older: bool) {
    let from = start(model);
    let first = model.pane().timeline.entries().front().map_or(Seq::ZERO, |entry| entry.seq);
    let Some(find) = &mut model.find else { return };
    if older && find.progress == Progress::NoneLoaded {
        find.progress = Progress::Loading { from: first };
        load_older(model);
    } else {
        find.look(from, older);
        go_on(model);
    }
}

/// Right behind the hit, or behind the newest cheep on screen: the first to be looked at is that one.
fn start(model: &Model) -> Seq {
    let hit = model.find.as_ref().and_then(|find| find.hit);
    hit.or_else(|| edge_on_screen(model, true)).unwrap_or_default().next()
}
