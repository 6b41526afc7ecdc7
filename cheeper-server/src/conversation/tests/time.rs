//! What time drives: pings, the end of the silent, the patience with those who are to read why they are closed.

use super::*;

#[test]
fn a_silent_client_is_pinged_after_25_seconds_and_dropped_after_60() {
    let mut world = World::new();
    assert_eq!(world.heard(), ["welcome 0"]);
    assert_eq!(world.tick(24), Rest::Waits);
    assert_eq!(world.heard(), [""; 0]);
    assert_eq!(world.tick(1), Rest::Waits);
    assert_eq!(world.heard(), ["ping"]);
    assert_eq!(world.tick(34), Rest::Waits);
    assert_eq!(world.heard(), [""; 0], "once is enough");
    assert_eq!(world.tick(1), Rest::Ended);
}

#[test]
fn whoever_answers_pings_stays_and_costs_nothing() {
    let mut world = World::new();
    for _ in 0..10 {
        world.tick(25);
        world.socket.said.extend(frame(PONG, b""));
        assert_eq!(world.say(&[]), Rest::Waits);
    }
    assert_eq!(world.heard().iter().filter(|what| *what == "ping").count(), 10);
    assert!(world.conversation.state.is_none(), "a watcher has no state");
    assert_eq!(world.memory.used(), 0);
}

#[test]
fn a_slow_reader_is_kept_while_it_takes_anything() {
    let mut world = World::new();
    world.heard();
    world.socket.room = 0;
    world.publish(5_000);
    world.deliver();
    for _ in 0..20 {
        assert_eq!(world.tick(30), Rest::Waits);
        assert_eq!(world.room(1), Rest::Waits);
    }
    assert_eq!(world.tick(59), Rest::Waits);
    assert_eq!(world.tick(1), Rest::Ended, "it takes nothing any more");
}

#[test]
fn who_is_closed_has_a_few_seconds_to_read_why() {
    let mut world = World::new();
    world.socket.said.extend(frame(0x83, b"no such opcode"));
    assert_eq!(world.say(&[]), Rest::Waits);
    assert_eq!(world.heard(), ["welcome 0", "close 1002"]);
    assert!(world.socket.is_shut);
    assert_eq!(world.say(&[r#"{"cheep":"too late","name":"alice"}"#]), Rest::Waits);
    assert!(world.submitted.is_empty());
    assert_eq!(world.tick(2), Rest::Waits);
    assert_eq!(world.tick(1), Rest::Ended);
}

#[test]
fn who_has_read_why_is_let_go_at_once() {
    let mut world = World::new();
    world.socket.said.extend(frame(0x83, b"no such opcode"));
    world.say(&[]);
    world.socket.has_hung_up = true;
    world.on(|it, cx| it.on_ready(false, true, false, cx));
    assert_eq!(world.advance(), Rest::Ended);
}
