//! In which order a client gets what it gets.

use super::*;

const POST: &str = r#"{"name":"alice","cheep":"hello","id":"1"}"#;

#[test]
fn it_is_welcomed_at_the_one_head_however_far_its_driver_has_got() {
    let mut world = World::with(Subscription::Live, 7);
    assert_eq!(world.heard(), ["welcome 7"], "another driver may have shown it all seven");
    world.deliver();
    assert_eq!(world.heard(), [""; 0], "what lies before the welcome is not sent");
    world.publish(2);
    world.deliver();
    assert_eq!(world.heard(), ["event 8", "event 9"]);
}

#[test]
fn its_own_event_comes_before_its_ack_even_if_the_answer_is_faster() {
    let mut world = World::new();
    world.heard();
    world.say(&[POST]);
    world.publish(1);
    world.answer_post();
    assert_eq!(world.heard(), [""; 0], "the driver has not sent the event yet");
    world.deliver();
    assert_eq!(world.heard(), ["event 1", "ack 1 under 1"]);
}

#[test]
fn its_own_event_comes_before_its_ack_even_if_the_client_is_behind() {
    let mut world = World::new();
    world.heard();
    world.say(&[POST]);
    world.socket.room = 10;
    world.publish(3);
    world.deliver();
    world.answer_post();
    world.room(PLENTY);
    assert_eq!(world.heard(), ["event 1", "event 2", "event 3", "ack 3 under 1"]);
}

#[test]
fn an_ack_waits_for_no_event_that_the_client_will_not_get() {
    let mut world = World::with(Subscription::Live, 5);
    world.deliver();
    world.heard();
    world.say(&[POST]);
    world.answer(|_| Ok(Outcome::Posted(Posted { cheep: cheep(2, "hello"), duplicate: true })));
    assert_eq!(world.heard(), ["duplicate 2 under 1"], "it is an old one");
}

#[test]
fn a_pong_tells_of_no_head_below_what_was_acked_and_none_beyond_what_was_sent() {
    let mut world = World::new();
    world.heard();
    world.publish(1);
    world.say(&[r#"{"type":"ping","id":"p"}"#]);
    assert_eq!(world.heard(), [""; 0]);
    world.deliver();
    assert_eq!(world.heard(), ["event 1", "pong 1 under p"]);
}

#[test]
fn after_a_hello_everything_waits_for_its_answer() {
    let mut world = World::new();
    world.heard();
    world.say(&[r#"{"type":"hello","name":"alice"}"#, r#"{"cheep":"I am alice","id":"1"}"#]);
    assert_eq!(world.submitted.len(), 1);
    world.answer(|_| Ok(Outcome::Named(Named { name: name("alice"), claimed: false })));
    assert_eq!(world.heard(), ["hello alice"]);
    let Some((_, Command::Post(post))) = world.submitted.front() else { panic!("no post") };
    assert_eq!(post.author.name, name("alice"));
}

#[test]
fn a_refused_hello_leaves_neither_a_name_nor_a_mark() {
    let hello = |name: &str| format!(r#"{{"type":"hello","name":"{name}","id":"h"}}"#);
    let mut world = World::new();
    world.say(&[&hello("alice")]);
    world.answer(|_| Ok(Outcome::Named(Named { name: name("alice"), claimed: false })));
    world.say(&[&hello("bob")]);
    world.answer(|_| Err(taken()));
    world.heard();
    world.say(&[r#"{"cheep":"who am I","id":"1"}"#]);
    assert_eq!(world.heard(), ["error name_required under 1"]);
    let alice = || Some("alice".to_owned());
    assert_eq!(world.renamed, [(None, alice()), (alice(), None)], "it is not listed either");
}

#[test]
fn a_hello_that_cannot_be_read_is_a_refused_one() {
    let mut world = World::new();
    world.say(&[r#"{"type":"hello","name":"alice"}"#]);
    world.answer(|_| Ok(Outcome::Named(Named { name: name("alice"), claimed: false })));
    world.heard();
    world.say(&[r#"{"type":"hello","name":"bob","secret":"short","id":"h"}"#, r#"{"cheep":"who am I","id":"1"}"#]);
    assert_eq!(world.heard(), ["error bad_secret under h", "error name_required under 1"]);
    assert_eq!(world.renamed.last().unwrap().1, None);
}

#[test]
fn missed_pages_come_first_then_live_events_without_hole_or_repeat() {
    let mut world = World::with(Subscription::After { seq: seq(10), reset: false }, 300);
    world.publish(20);
    world.deliver();
    world.answer_page();
    world.publish(5);
    world.deliver();
    world.answer_page();
    world.publish(1);
    world.deliver();
    let heard = world.heard();
    // The second page was asked for when the timeline ended at 320.
    let events: Vec<String> = (321..=326).map(|number| format!("event {number}")).collect();
    assert_eq!(heard[..3], ["welcome 300", "page 11 to 210", "page 211 to 320"]);
    assert_eq!(heard[3..], events);
}

#[test]
fn the_newest_page_comes_with_the_welcome() {
    let mut world = World::with(Subscription::Last(3), 10);
    world.deliver();
    world.answer_page();
    world.publish(1);
    world.deliver();
    assert_eq!(world.heard(), ["welcome 10", "page 8 to 10", "event 11"]);
}

#[test]
fn of_many_commands_few_are_under_way_at_once_and_all_are_carried_out() {
    let mut world = World::new();
    world.heard();
    let posts: Vec<String> = (0..200).map(|nth| format!(r#"{{"name":"alice","cheep":"{nth}"}}"#)).collect();
    world.say(&posts.iter().map(String::as_str).collect::<Vec<_>>());
    let mut answered = 0;
    while !world.submitted.is_empty() {
        assert!(world.submitted.len() <= 64);
        world.publish(1);
        world.deliver();
        world.answer_post();
        answered += 1;
    }
    assert_eq!(answered, 200);
    let acks = world.heard().iter().filter(|what| what.starts_with("ack")).count();
    assert_eq!(acks, 200);
}

#[test]
fn an_ack_comes_after_the_page_with_its_event() {
    let mut world = World::with(Subscription::After { seq: Seq::ZERO, reset: false }, 450);
    world.socket.room = 0;
    world.answer_page();
    world.say(&[POST]);
    // It had been posted before the line was lost.
    world.answer(|_| Ok(Outcome::Posted(Posted { cheep: cheep(440, "hello"), duplicate: true })));
    world.room(PLENTY);
    world.answer_page();
    world.answer_page();
    let heard = world.heard();
    assert_eq!(heard, ["welcome 450", "page 1 to 200", "page 201 to 400", "page 401 to 450", "duplicate 440 under 1"]);
}
