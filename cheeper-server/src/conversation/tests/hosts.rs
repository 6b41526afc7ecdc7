//! What hosts do to keep order, as one of them meets it; and how somebody is shown out.

use cheeper_protocol::{Action as Done, Entry, Timestamp, Token};

use super::*;
use crate::timeline::{Audit, Changed, LinkId};

const POST: &str = r#"{"name":"alice","cheep":"hello","id":"1"}"#;

/// A host who was welcomed.
fn world() -> World {
    let mut world = World::new();
    world.principal.grant = Grant { role: Role::Host, link: Some(LinkId(1)), ..PRINCIPAL.grant };
    world.heard();
    world
}

fn entry() -> Entry {
    let action = Done::Release { name: name("bob") };
    Entry { entry: 7, at: Timestamp::UNIX_EPOCH, by: Some(1), action, undone_by: None }
}

fn answer_order(world: &mut World, token: Option<Token>, outcome: Result<Outcome, Refusal>) -> Rest {
    let (pending, _) = world.ordered.pop_front().expect("an order");
    world.on(|it, cx| it.on_ordered(pending, token, outcome, cx));
    world.advance()
}

#[test]
fn what_a_host_orders_is_answered_by_the_entry_that_tells_of_it() {
    let mut world = world();
    world.say(&[r#"{"type":"release","name":"bob"}"#, r#"{"type":"link"}"#, r#"{"type":"undo","entry":3}"#]);
    answer_order(&mut world, None, Ok(Outcome::Moderated(entry())));
    let token = Token::parse("j_0123456789abcdef").unwrap();
    answer_order(&mut world, Some(token.clone()), Ok(Outcome::Moderated(entry())));
    answer_order(&mut world, None, Err(Code::Gone.into()));
    assert_eq!(world.heard(), ["audit of 1", "link by entry 7", "error gone"]);
    world.say(&[r#"{"type":"link"}"#]);
    answer_order(&mut world, Some(token), Err(Code::NotStored.into()));
    assert_eq!(world.heard(), ["error not_stored"], "what was not made is not told");
}

#[test]
fn a_cheep_that_a_host_removes_without_a_name_is_acked_after_its_event() {
    let mut world = world();
    world.publish(1);
    world.deliver();
    world.heard();
    world.say(&[r#"{"type":"delete","target":1,"id":"d"}"#]);
    world.publish(1);
    let changed = Changed { seq: seq(2), at: Timestamp::UNIX_EPOCH, cheep: cheep(1, ""), duplicate: false };
    answer_order(&mut world, None, Ok(Outcome::Changed(changed)));
    world.deliver();
    assert_eq!(world.heard(), ["event 2", "ack 2 under d"]);
    assert_eq!(world.conversation.name(), None, "it goes by no name for that");
}

#[test]
fn one_audit_is_read_at_a_time_and_what_follows_waits() {
    let mut world = world();
    world.say(&[r#"{"type":"audit","id":"a"}"#, r#"{"type":"audit","id":"b"}"#, r#"{"type":"ping"}"#]);
    assert_eq!(world.audits.len(), 1);
    let answer = |world: &mut World, audit: Result<Audit, Refusal>| {
        let id = world.audits.pop_front().expect("an audit");
        world.on(|it, cx| it.on_audit(id, audit, cx));
        world.advance();
    };
    answer(&mut world, Ok((vec![entry(), entry()], true)));
    answer(&mut world, Err(Code::Internal.into()));
    assert_eq!(world.heard(), ["audit of 2", "error internal under b", "pong 0"]);
}

#[test]
fn whoever_may_not_be_here_any_more_gets_what_their_commands_came_to_and_1008() {
    let mut world = World::new();
    world.heard();
    world.say(&[POST]);
    world.on(Conversation::shut_out);
    assert_eq!(world.say(&[POST]), Rest::Waits, "what is said from then on is not heard");
    world.publish(1);
    world.deliver();
    world.answer_post();
    assert_eq!(world.heard(), ["ack 1 under 1", "close 1008"]);
    assert!(world.submitted.is_empty() && world.socket.is_shut);
    world.on(Conversation::shut_out);
    world.tick(10);
    assert_eq!(world.heard(), [""; 0], "it is said once");
}

#[test]
fn whoever_is_shown_out_in_the_middle_of_a_frame_gets_its_rest_and_no_other() {
    let mut world = World::with(Subscription::After { seq: Seq::ZERO, reset: false }, 450);
    world.heard();
    world.socket.room = 5;
    world.say(&[r#"{"type":"who"}"#]);
    world.answer_page();
    assert!(world.conversation.outbox.bytes() > 5);
    world.on(Conversation::shut_out);
    world.publish(3);
    world.deliver();
    world.say(&[r#"{"type":"who"}"#, r#"{"type":"history"}"#]);
    let goodbye = Bytes::from(frame::text(r#"{"type":"goodbye","reason":"bye","reconnect_after_ms":1}"#));
    world.on(|it, cx| it.dismiss(&goodbye, cx));
    assert_eq!(world.room(PLENTY), Rest::Waits);
    assert_eq!(world.heard(), ["page 1 to 200", "close 1008"]);
    assert!(world.asked.is_empty() && world.socket.is_shut);
}

#[test]
fn whoever_is_shown_out_in_the_middle_of_a_live_event_gets_its_rest_and_no_other() {
    let mut world = World::new();
    world.heard();
    world.socket.room = 5;
    world.publish(10);
    world.deliver();
    world.say(&[r#"{"type":"who"}"#]);
    world.on(Conversation::shut_out);
    world.publish(10);
    world.deliver();
    assert_eq!(world.room(PLENTY), Rest::Waits);
    assert_eq!(world.heard(), ["event 1", "close 1008"]);
}

#[test]
fn a_close_of_their_own_keeps_nobody_here_who_is_shown_out() {
    let close = || frame(CLOSE, &1000_u16.to_be_bytes());
    let mut world = World::with(Subscription::After { seq: Seq::ZERO, reset: false }, 450);
    world.socket.said.extend(close());
    world.say(&[]);
    world.on(Conversation::shut_out);
    world.advance();
    assert_eq!(world.heard(), ["welcome 450", "close 1008"], "a page under way is not waited for");
    world.answer_page();
    assert!(world.heard().is_empty() && world.asked.is_empty());
    // Their close is answered, but nothing of that was taken.
    let mut world = World::with(Subscription::After { seq: Seq::ZERO, reset: false }, 100);
    world.heard();
    world.socket.room = 0;
    world.socket.said.extend(close());
    world.say(&[]);
    world.answer_page();
    world.on(Conversation::shut_out);
    world.room(PLENTY);
    assert_eq!(world.heard(), ["close 1008"]);
    // Half of the answer was taken.
    let mut world = World::new();
    world.heard();
    world.socket.room = 2;
    world.socket.said.extend(close());
    world.say(&[]);
    world.on(Conversation::shut_out);
    assert_eq!(world.room(PLENTY), Rest::Ended);
    assert_eq!(world.heard(), ["close 1000"], "nothing follows a close");
}

#[test]
fn whoever_hung_up_is_not_waited_for_when_shown_out() {
    let mut world = World::new();
    world.heard();
    world.socket.said.extend(frame(TEXT, POST.as_bytes()));
    world.socket.has_hung_up = true;
    world.on(|it, cx| it.on_ready(true, true, false, cx));
    assert_eq!(world.advance(), Rest::Waits, "the post is under way");
    world.on(Conversation::shut_out);
    world.publish(1);
    assert_eq!(world.answer_post(), Rest::Ended);
    assert_eq!(world.heard(), ["ack 1 under 1", "close 1008"]);
}

#[test]
fn whoever_is_shown_out_and_reads_nothing_or_waits_for_an_answer_is_gone_soon() {
    let mut stuck = World::with(Subscription::After { seq: Seq::ZERO, reset: false }, 450);
    stuck.socket.room = 5;
    stuck.answer_page();
    let mut waiting = World::new();
    waiting.say(&[POST]);
    for mut world in [stuck, waiting] {
        world.on(Conversation::shut_out);
        assert_eq!(world.advance(), Rest::Waits);
        assert_eq!(world.tick(2), Rest::Waits);
        assert_eq!(world.tick(1), Rest::Ended);
    }
}

#[test]
fn a_post_that_is_refused_leaves_a_hello_behind_it_alone() {
    let mut world = World::new();
    world.heard();
    let hello = r#"{"type":"hello","name":"bob","secret":"0123456789abcdef"}"#;
    world.say(&[POST, hello, r#"{"cheep":"as bob"}"#]);
    world.answer(|_| Err(Code::Muted.into()));
    assert_eq!(world.submitted.len(), 1, "what follows the hello waits for it");
    world.answer(|_| Ok(Outcome::Named(Named { name: name("bob"), claimed: true })));
    let (_, command) = world.submitted.pop_front().expect("the post, under the name");
    assert_eq!(command.author().map(|author| &author.name), Some(&name("bob")));
    assert_eq!(world.heard(), ["error muted under 1", "hello bob"]);
}
