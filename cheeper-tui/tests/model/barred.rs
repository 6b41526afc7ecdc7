//! A server that lets nobody in, and links where they do not belong.

use cheeper_protocol::follow::{Link, NOT_ALLOWED};
use cheeper_tui::{effect::Effect, msg::Msg};

use crate::screen::{Screen, screen};

const LINK: &str = "https://cheeper.example/team/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg";

fn notice(screen: &Screen) -> &str {
    screen.model.notice.as_deref().unwrap_or_default()
}

fn sent_away(screen: Screen) -> Screen {
    let screen = screen.then(Msg::Closed { code: Some(NOT_ALLOWED), why: Some("it says no".to_owned()) });
    assert_eq!(screen.model.follow.link(), Link::Barred);
    screen
}

#[test]
fn the_key_that_is_told_tries_again_whatever_is_typed() {
    let connects = |screen: &Screen| screen.effects.contains(&Effect::Connect);
    let empty = sent_away(screen(80, 12));
    assert_eq!(notice(&empty), "it says no. Then press r to try again.");
    assert!(empty.rows().concat().contains("once there is a way in"), "{:?}", empty.rows());
    assert!(connects(&empty.keys("r")));
    let draft = sent_away(screen(80, 12).keys("half a cheep"));
    assert_eq!(notice(&draft), "it says no. Then press Alt+R to try again.");
    let draft = draft.keys("!");
    assert!(draft.rows()[0].contains("no way in · Alt+R: now"), "{:?}", draft.rows());
    let draft = draft.keys("<alt+r>");
    assert!(connects(&draft));
    assert_eq!(draft.model.composer.text(), "half a cheep!");
    let searching = sent_away(screen(80, 12).keys("<ctrl+f>word"));
    assert!(connects(&searching.keys("<alt+r>")));
}

#[test]
fn a_link_that_lets_people_in_is_never_posted() {
    for way in [sent_away(screen(80, 12)), screen(80, 12).live()] {
        let screen = way.then(Msg::Paste(LINK.to_owned())).keys("<enter>");
        assert!(notice(&screen).starts_with("This is a link that lets people in: it is not posted."));
        assert_eq!((screen.model.composer.text(), screen.model.follow.outbox().len()), (LINK, 0));
    }
    let name = "mine: https://cheeper.example/#name=alice&secret=correct%20horse%20battery";
    let screen = screen(80, 12).live().then(Msg::Paste(name.to_owned())).keys("<enter>");
    assert!(notice(&screen).contains("identity import"), "{}", notice(&screen));
    assert_eq!((screen.model.composer.text(), screen.model.follow.outbox().len()), (name, 0));
}

#[test]
fn no_cheep_is_corrected_into_such_a_link() {
    let screen = screen(80, 14)
        .live()
        .cheep("alice", "hi", r#","verified":true"#)
        .keys("<alt+up>e")
        .then(Msg::Paste(LINK.to_owned()))
        .keys("<enter>");
    assert!(notice(&screen).starts_with("This is a link that lets people in"), "{}", notice(&screen));
    assert!(screen.model.editing.is_some() && screen.model.follow.outbox().len() == 0);
}
