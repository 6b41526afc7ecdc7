//! What pressure drives: floods, readers that do not read, memory that is used up.

use super::*;

const PING: &str = r#"{"type":"ping"}"#;

#[test]
fn a_flood_of_requests_is_carried_out_in_turns_whose_answers_go_out_joined() {
    let mut world = World::new();
    world.heard();
    let mut floods = 0;
    world.socket.said.extend(frame(TEXT, PING.as_bytes()).repeat(2000));
    world.on(|it, cx| it.on_ready(true, false, false, cx));
    let (reads, writes) = (world.socket.reads, world.socket.writes);
    while world.turn() == Rest::Yields {
        let answered = world.heard().len();
        assert!(answered <= TURN_COST as usize, "{answered} in one turn");
        floods += 1;
    }
    let (reads, writes) = (world.socket.reads - reads, world.socket.writes - writes);
    assert!((2000 / TURN_COST..2000 / TURN_COST + 10).contains(&floods), "{floods}");
    assert!(writes <= floods as usize + reads && reads <= 5, "{reads} reads, {writes} writes");
    assert_eq!(world.memory.used(), 0);
}

#[test]
fn requests_that_cost_much_use_up_a_turn_sooner() {
    let mut world = World::new();
    world.socket.said.extend(frame(TEXT, br#"{"type":"who"}"#).repeat(100));
    world.on(|it, cx| it.on_ready(true, false, false, cx));
    world.heard();
    assert_eq!(world.turn(), Rest::Yields);
    assert!((1..10).contains(&world.heard().len()));
}

#[test]
fn who_does_not_read_the_answers_is_not_read_either() {
    let mut world = World::new();
    world.socket.room = 0;
    for _ in 0..10 {
        world.socket.said.extend(frame(TEXT, br#"{"type":"who"}"#).repeat(1000));
        world.on(|it, cx| it.on_ready(true, false, false, cx));
        assert_eq!(world.advance(), Rest::Waits);
    }
    let used = world.memory.used();
    assert!(used < 2 * OUTBOX_BYTES + READ_BYTES, "{used} bytes");
    assert!(world.socket.said.len() > 1000, "the rest stays in the socket");
    world.room(PLENTY);
    assert_eq!(world.memory.used(), 0);
    assert_eq!(world.heard().iter().filter(|what| *what == "who").count(), 10_000, "all is answered in the end");
}

#[test]
fn who_only_posts_and_reads_nothing_is_carried_out_until_much_waits_for_them() {
    let mut world = World::new();
    world.socket.room = 0;
    let mut carried_out = 0;
    for _ in 0..2_000 {
        world.say(&[r#"{"name":"alice","cheep":"again"}"#]);
        if world.submitted.is_empty() {
            break;
        }
        world.publish(1);
        world.deliver();
        world.answer_post();
        carried_out += 1;
    }
    assert_eq!(carried_out, 2_000);
    let acks = world.memory.used();
    assert!(acks > 2_000 * 60, "acks wait behind the cheeps that they are of, and are counted: {acks}");
    world.room(PLENTY);
    assert_eq!(world.memory.used(), 0);
    let heard = world.heard();
    let place = |what: &str| heard.iter().position(|said| said == what).unwrap();
    assert!(place("event 2000") < place("ack 2000"), "in their order");
}

#[test]
fn half_a_message_is_counted_and_given_back() {
    let mut world = World::new();
    let message = frame(TEXT, &[b' '; 16_000]);
    world.socket.said.extend(&message[..100]);
    world.say(&[]);
    assert!(world.memory.used() > 16_000, "its room is set aside: {}", world.memory.used());
    world.socket.said.extend(&message[100..]);
    world.say(&[]);
    assert_eq!(world.memory.used(), 0);
    assert_eq!(world.heard().last().unwrap(), "error bad_json");
}

#[test]
fn without_memory_pages_are_refused_with_when_to_ask_again() {
    let memory = MemoryBudget::new(1000);
    let mut world = World::within(memory.clone(), Subscription::Live, 10);
    let _others = memory.shared(vec![0; 2000]);
    world.heard();
    world.say(&[r#"{"type":"history","id":"h"}"#, PING]);
    assert!(world.asked.is_empty());
    world.deliver();
    assert_eq!(world.heard(), ["error internal under h", "pong 10"]);
}

#[test]
fn without_memory_missed_pages_wait_until_there_is_some() {
    let memory = MemoryBudget::new(1000);
    let others = memory.shared(vec![0; 2000]);
    let mut world = World::within(memory, Subscription::After { seq: Seq::ZERO, reset: false }, 3);
    assert_eq!(world.tick(1), Rest::Waits);
    assert!(world.asked.is_empty());
    drop(others);
    world.tick(1);
    assert_eq!(world.asked.len(), 1);
}

#[test]
fn a_stuck_client_is_let_go_only_where_memory_is_short() {
    for (is_short, expected) in [(false, Rest::Waits), (true, Rest::Ended)] {
        let mut world = World::within(MemoryBudget::new(100_000), Subscription::Live, 0);
        world.socket.room = 0;
        world.say(&[PING]);
        world.now += 20;
        world.on(Conversation::on_tick);
        let _others = is_short.then(|| world.memory.shared(vec![0; 200_000]));
        // Pings do not count as progress, and the client is not silent for long enough to be dropped for that.
        world.tick(10);
        assert_eq!(world.tick(10), expected, "short of memory: {is_short}");
    }
}

#[test]
fn a_reader_that_falls_out_of_the_ring_is_told_once_and_goes_on_live() {
    let mut world = World { tail: Tail::new(Seq::ZERO, 1), ..World::new() };
    world.heard();
    world.socket.room = 0;
    world.say(&[r#"{"type":"who"}"#]);
    for _ in 0..3 {
        world.publish(1000);
        world.deliver();
    }
    world.room(PLENTY);
    world.publish(1);
    world.deliver();
    assert_eq!(world.heard(), ["who", "lagged 3000", "event 3001"]);
}

#[test]
fn what_is_of_use_only_now_is_not_kept_for_the_slow() {
    let mut world = World::new();
    let online = Bytes::from(frame::text(&ServerFrame::Online { count: 3, head: Seq::ZERO }.to_json()));
    world.on(|it, cx| it.send_if_idle(&online, cx));
    world.advance();
    world.socket.room = 0;
    world.say(&[PING]);
    world.on(|it, cx| it.send_if_idle(&online, cx));
    world.advance();
    world.room(PLENTY);
    assert_eq!(world.heard(), ["welcome 0", "online 3", "pong 0"]);
}

#[test]
fn without_memory_nobody_is_carried_out_whose_answers_wait_for_an_event() {
    let memory = MemoryBudget::new(1000);
    let _others = memory.shared(vec![0; 2000]);
    let mut world = World::within(memory, Subscription::Live, 0);
    world.publish(1);
    let before = world.memory.used();
    for _ in 0..1000 {
        world.say(&[PING]);
    }
    let more = world.memory.used() - before;
    assert!(more < 40_000, "{more} bytes");
}

#[test]
fn who_takes_anything_is_not_stuck_however_full_the_queue_is_kept() {
    let memory = MemoryBudget::new(100_000);
    let mut world = World::within(memory.clone(), Subscription::Live, 0);
    world.socket.room = 0;
    world.say(&[r#"{"type":"who"}"#; 40]);
    let _others = memory.shared(vec![0; 200_000]);
    for _ in 0..20 {
        assert_eq!(world.tick(5), Rest::Waits);
        world.room(10);
    }
}
