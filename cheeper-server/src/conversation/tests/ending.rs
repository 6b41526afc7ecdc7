//! How conversations end: what was asked is answered first.

use super::*;

const POST: &str = r#"{"name":"alice","cheep":"hello","id":"1"}"#;

#[test]
fn what_comes_together_with_the_end_is_carried_out_and_the_end_is_seen() {
    let mut world = World::new();
    world.heard();
    // Data and FIN come together: the socket tells of both once, and the read that gets the data is a short one.
    world.socket.said.extend(frame(TEXT, POST.as_bytes()));
    world.socket.has_hung_up = true;
    world.on(|it, cx| it.on_ready(true, true, false, cx));
    assert_eq!(world.advance(), Rest::Waits, "the post is under way");
    world.publish(1);
    world.deliver();
    assert_eq!(world.answer_post(), Rest::Ended);
    assert_eq!(world.heard(), ["event 1", "ack 1 under 1"]);
}

#[test]
fn a_close_is_answered_after_everything_that_came_before_it() {
    let mut world = World::new();
    world.heard();
    world.socket.said.extend(frame(TEXT, POST.as_bytes()));
    world.socket.said.extend(frame(TEXT, br#"{"type":"history","id":"h"}"#));
    world.socket.said.extend(frame(CLOSE, &1000_u16.to_be_bytes()));
    world.socket.said.extend(frame(TEXT, POST.as_bytes()));
    assert_eq!(world.say(&[]), Rest::Waits);
    world.publish(1);
    world.deliver();
    assert_eq!(world.answer_page(), Rest::Waits);
    assert_eq!(world.heard(), ["event 1", "page of nothing under h"], "the page was asked for before the cheep came");
    assert_eq!(world.answer_post(), Rest::Ended);
    assert_eq!(world.heard(), ["ack 1 under 1", "close 1000"]);
    assert!(world.submitted.is_empty(), "what follows a close is not said");
}

#[test]
fn pages_that_the_url_asked_for_still_come_before_the_close() {
    let mut world = World::with(Subscription::After { seq: Seq::ZERO, reset: false }, 450);
    world.socket.said.extend(frame(CLOSE, &1000_u16.to_be_bytes()));
    assert_eq!(world.say(&[]), Rest::Waits);
    world.answer_page();
    world.answer_page();
    assert_eq!(world.answer_page(), Rest::Ended);
    let heard = world.heard();
    assert_eq!(heard, ["welcome 450", "page 1 to 200", "page 201 to 400", "page 401 to 450", "close 1000"]);
}

#[test]
fn a_goodbye_comes_after_the_answers_under_way() {
    let mut world = World::new();
    world.heard();
    world.say(&[POST]);
    let goodbye = ServerFrame::Goodbye { reason: "bye".to_owned(), reconnect_after_ms: 1 };
    let goodbye = Bytes::from(frame::text(&goodbye.to_json()));
    world.on(|it, cx| it.dismiss(&goodbye, cx));
    assert_eq!(world.advance(), Rest::Waits);
    world.publish(1);
    world.deliver();
    world.answer_post();
    assert_eq!(world.heard(), ["goodbye", "event 1", "ack 1 under 1", "close 1012"]);
}

#[test]
fn what_was_said_before_the_line_broke_is_carried_out() {
    let mut world = World::new();
    world.socket.is_gone = true;
    world.say(&[r#"{"type":"ping"}"#, POST]);
    assert_eq!(world.submitted.len(), 1);
    world.publish(1);
    assert_eq!(world.answer_post(), Rest::Ended);
    assert_eq!(world.memory.used(), 0);
}

#[test]
fn a_page_that_cannot_be_read_ends_what_the_url_asked_for() {
    let mut world = World::with(Subscription::After { seq: Seq::ZERO, reset: false }, 10);
    world.asked.pop_front().unwrap();
    world.on(|it, cx| it.on_page(None, Err(Code::Internal.into()), cx));
    world.advance();
    assert_eq!(world.heard(), ["welcome 10", "error internal", "close 1013"], "live events would leave a hole");
}

#[test]
fn a_line_that_broke_asks_for_no_more_pages() {
    let mut world = World::with(Subscription::After { seq: Seq::ZERO, reset: false }, 5_000);
    world.socket.room = 10;
    world.answer_page();
    world.socket.said.extend(frame(CLOSE, &1000_u16.to_be_bytes()));
    world.say(&[]);
    world.socket.is_gone = true;
    assert_eq!(world.room(PLENTY), Rest::Ended);
    assert!(world.asked.is_empty());
}

#[test]
fn nothing_follows_a_close() {
    let mut world = World::new();
    world.heard();
    world.socket.room = 2;
    world.socket.said.extend(frame(0x83, b"no such opcode"));
    world.say(&[]);
    let goodbye = ServerFrame::Goodbye { reason: "bye".to_owned(), reconnect_after_ms: 1 };
    let goodbye = Bytes::from(frame::text(&goodbye.to_json()));
    world.on(|it, cx| it.dismiss(&goodbye, cx));
    world.room(PLENTY);
    assert_eq!(world.heard(), ["close 1002"]);
}

#[test]
fn it_ends_once_all_that_was_encrypted_is_taken() {
    let begin = |last: u8| {
        let mut world = World::new();
        world.heard();
        world.socket.behind = 1;
        world.socket.said.extend(frame(last, &1000_u16.to_be_bytes()));
        assert_eq!(world.say(&[]), Rest::Waits);
        assert!(!world.heard().is_empty());
        world
    };
    let mut world = begin(CLOSE);
    world.socket.behind = 0;
    assert_eq!(world.room(PLENTY), Rest::Ended);
    assert!(world.socket.is_shut);
    // Whom we close has the same time to read why, from then on.
    let mut world = begin(0x83);
    assert_eq!(world.tick(10), Rest::Waits);
    world.socket.behind = 0;
    assert_eq!(world.room(PLENTY), Rest::Waits);
    assert!(world.socket.is_shut);
    assert_eq!((world.tick(2), world.tick(1)), (Rest::Waits, Rest::Ended));
    let mut world = begin(CLOSE);
    assert_eq!((world.tick(59), world.tick(1)), (Rest::Waits, Rest::Ended), "it takes nothing any more");
}
