//! Changes of cheeps, threads and searches, as one client meets them.

use cheeper_protocol::{Delete, DeletedBy, Edit, Emoji, Reaction, Thread, Timestamp};

use super::*;
use crate::{feed::Question, timeline::Changed};

const EDIT: &str = r#"{"type":"edit","name":"alice","target":1,"cheep":"better","id":"1"}"#;
const DELETE: &str = r#"{"type":"delete","name":"alice","target":1,"id":"1"}"#;
const REACT: &str = r#"{"type":"react","name":"alice","target":1,"emoji":"🎉","id":"1"}"#;

/// What the timeline publishes of a change, as its second event.
fn second(request: &str) -> Event {
    let (seq, at, target) = (seq(2), Timestamp::UNIX_EPOCH, seq(1));
    match request {
        EDIT => Event::Edit(Edit { seq, at, target, cheep: CheepText::cleaned("better"), id: None }),
        DELETE => {
            let by = DeletedBy::Author;
            Event::Delete(Delete { seq, at, target, by, reply_to: None, parent_replies: None, id: None })
        }
        _ => Event::Reaction(Reaction {
            seq,
            at,
            target,
            name: name("alice"),
            emoji: Emoji::parse("🎉").unwrap(),
            on: true,
            count: 1,
            next: None,
            id: None,
        }),
    }
}

/// A timeline of one cheep, which the client has seen.
fn world() -> World {
    let mut world = World::with(Subscription::Live, 1);
    world.deliver();
    world.heard();
    world
}

fn answer(world: &mut World, at: u64, duplicate: bool) -> Rest {
    let changed = Changed { seq: seq(at), at: Timestamp::UNIX_EPOCH, cheep: cheep(1, "hi"), duplicate };
    world.answer(|_| Ok(Outcome::Changed(changed)))
}

#[test]
fn the_ack_of_a_change_comes_after_its_event_even_if_the_answer_is_faster() {
    for request in [EDIT, DELETE, REACT] {
        let mut world = world();
        world.say(&[request]);
        world.tail.push(&[second(request)]);
        answer(&mut world, 2, false);
        assert_eq!(world.heard(), [""; 0], "{request}: the driver has not sent the event yet");
        world.deliver();
        assert_eq!(world.heard(), ["event 2", "ack 2 under 1"], "{request}");
    }
}

/// An earlier correction may be void by the time that its author is answered; it takes its place all the same.
#[test]
fn an_ack_waits_for_the_place_of_its_event_whatever_has_become_of_it() {
    let mut world = world();
    world.say(&[EDIT]);
    world.tail.push(&[second(EDIT)]);
    world.tail.push(&[Event::Edit(Edit {
        seq: seq(3),
        at: Timestamp::UNIX_EPOCH,
        target: seq(1),
        cheep: CheepText::cleaned("best"),
        id: None,
    })]);
    answer(&mut world, 2, false);
    assert_eq!(world.heard(), [""; 0]);
    world.deliver();
    assert_eq!(world.heard(), ["event 2", "event 3", "ack 2 under 1"]);
}

#[test]
fn what_was_so_already_is_acked_at_once_with_the_place_of_what_made_it_so() {
    for request in [EDIT, DELETE, REACT] {
        let mut world = world();
        world.tail.push(&[second(request)]);
        world.deliver();
        world.heard();
        world.say(&[request]);
        answer(&mut world, 2, true);
        assert_eq!(world.heard(), ["duplicate 2 under 1"], "{request}");
    }
    // Somebody else has made it so a moment ago: the client has to see that first.
    let mut world = world();
    world.say(&[REACT]);
    world.tail.push(&[second(REACT)]);
    answer(&mut world, 2, true);
    assert_eq!(world.heard(), [""; 0]);
    world.deliver();
    assert_eq!(world.heard(), ["event 2", "duplicate 2 under 1"]);
}

#[test]
fn who_changes_something_is_here_under_that_name_and_who_is_refused_is_not() {
    for request in [EDIT, DELETE, REACT] {
        let mut world = world();
        world.say(&[request]);
        world.answer(|_| Err(Code::Forbidden.into()));
        assert_eq!(world.heard(), ["error forbidden under 1"]);
        assert_eq!(world.renamed, []);
        world.say(&[request]);
        answer(&mut world, 1, true);
        assert_eq!(world.renamed, [(None, Some("alice".to_owned()))], "{request}");
    }
}

#[test]
fn a_change_needs_a_name_and_takes_the_one_of_hello_with_its_secret() {
    let mut world = world();
    let nameless = [EDIT, DELETE, REACT].map(|request| request.replace(r#""name":"alice","#, ""));
    for request in &nameless {
        world.say(&[request]);
        assert_eq!(world.heard(), ["error name_required under 1"], "{request}");
    }
    world.say(&[r#"{"type":"hello","name":"alice","secret":"0123456789abcdef"}"#]);
    world.answer(|_| Ok(Outcome::Named(Named { name: name("alice"), claimed: true })));
    for request in &nameless {
        world.say(&[request]);
        let (_, command) = world.submitted.pop_front().unwrap();
        let author = command.author().unwrap();
        assert!(author.name == name("alice") && author.secret.is_some(), "{command:?}");
    }
}

#[test]
fn threads_and_searches_are_answered_one_at_a_time_and_cost_as_much_as_pages() {
    let thread = r#"{"type":"thread","seq":1,"id":"t"}"#;
    let search = r#"{"type":"search","q":"hi","id":"s"}"#;
    let mut world = world();
    world.say(&[thread, search, REACT]);
    assert_eq!(world.asked.len(), 1, "the rest waits");
    let request = world.asked.pop_front().unwrap();
    assert_eq!(request.question, Question::Thread(Thread { seq: seq(1), after: None }));
    let selection = page::select(&request.question, request.head);
    let json = Event::Cheep(cheep(1, "hi")).to_json();
    let events = vec![(seq(1), json.as_bytes())];
    let part = crate::timeline::Part { events, more_before: false, more_after: false, last: seq(1) };
    let Page { json, forward, more, last } = page::encode(request.id.as_ref(), &selection, request.head, &part);
    let ready = Ready { frame: frame::text(&json).into(), forward, more, last };
    world.on(|it, cx| it.on_page(request.id, Ok(ready), cx));
    world.advance();
    assert!(matches!(world.asked.front().unwrap().question, Question::Search(_)));
    world.on(|it, cx| it.on_page(RequestId::parse("s").ok(), Err(Code::NotFound.into()), cx));
    world.advance();
    assert_eq!(world.heard(), ["page 1 to 1 under t", "error not_found under s"]);
    assert!(matches!(world.submitted.pop_front(), Some((_, Command::React(_)))));
    // It goes on live as if nothing had been asked.
    world.publish(1);
    world.deliver();
    assert_eq!(world.heard(), ["event 2"]);
    for request in [thread, search] {
        let mut turn = Turn::new();
        world.socket.said.extend(super::frame(TEXT, request.as_bytes()));
        world.on(|it, cx| it.on_ready(true, false, false, cx));
        let (action, read) = (world.on(|it, cx| it.next_action(&mut turn, cx)), world.socket.read());
        assert!(matches!(action, Action::Read), "{action:?}");
        world.on(|it, cx| it.on_read(read.as_deref().map_err(|error| error.kind().into()), READ_BYTES, cx));
        let action = world.on(|it, cx| it.next_action(&mut turn, cx));
        assert!(matches!(action, Action::GetPage(_)) && turn.left + 16 < TURN_COST, "{action:?}");
        world.on(|it, cx| it.on_page(None, Err(Code::Internal.into()), cx));
        world.advance();
    }
}
