//! A client follows a server over a line on which things go wrong. Whatever happens, what it shows is what everybody sees who
//! has read the log from the first event on, and what it was asked to do is done, once. The crate's client and the page's
//! do the same, step by step.

mod moves;
mod page;
mod screen;
mod world;

use std::cell::RefCell;

use cheeper_protocol::{
    Code, Event, Refusal, Request, RequestId, Seq, ServerFrame,
    follow::{Follow, Input, KEPT_CHANGES, Link, RETRY_MS},
    testkit::seq,
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::Value;

use self::{moves::Move, world::World};
use super::node::Node;

/// What was asked for is done once: a post in its turn, a change if it changed something.
fn everything_is_done_once(world: &World) -> Result<(), TestCaseError> {
    let mut answered: Vec<_> = world.accepted.iter().map(|(id, _)| id).chain(&world.refused).cloned().collect();
    let by_number = |id: &RequestId| world.submitted.iter().position(|submitted| submitted == id);
    answered.sort_by_key(by_number);
    prop_assert_eq!(&answered, &world.submitted, "each is answered, once");

    let is_ours = |id: &RequestId| world.submitted.contains(id);
    let posts: Vec<_> = world.server.log.cheeps().filter(|cheep| cheep.name.as_str() == "alice").collect();
    let posts: Vec<_> = posts.iter().filter_map(|cheep| Some((cheep.id.clone().filter(is_ours)?, cheep.seq))).collect();
    prop_assert!(posts.is_sorted_by_key(|(id, _)| by_number(id)), "in the order they were made");
    prop_assert!(posts.iter().all(|post| world.accepted.contains(post)), "each said to be where it is");
    for (id, at) in &world.accepted {
        let made = posts.iter().filter(|(post, _)| post == id).count();
        let changes = world.server.log.published.iter().filter(|event| is_change_by(world, event, id));
        let places: Vec<Seq> = changes.map(Event::seq).collect();
        prop_assert!(made + places.len() <= 1, "{} was done more than once", id);
        prop_assert!(places.first().is_none_or(|place| place == at), "{} is at {:?}", id, places);
    }
    Ok(())
}

/// Whether the client's own request with this id made this change. Others use the same ids, and only alice changes what is hers.
fn is_change_by(world: &World, event: &Event, id: &RequestId) -> bool {
    let is_hers = |target| world.server.log.cheep(target).is_some_and(|cheep| cheep.name.as_str() == "alice");
    match event {
        Event::Edit(edit) => edit.id.as_ref() == Some(id) && is_hers(edit.target),
        Event::Delete(delete) => delete.id.as_ref() == Some(id) && is_hers(delete.target),
        Event::Reaction(reaction) => reaction.id.as_ref() == Some(id) && reaction.name.as_str() == "alice",
        Event::Cheep(_) | Event::Void { .. } | Event::Unknown { .. } => false,
    }
}

fn play(before: usize, moves: Vec<Move>) -> World {
    let mut world = World::new(before);
    for step in moves {
        world.make(step);
    }
    world.come_to_rest();
    world
}

#[test]
fn a_client_in_either_language_ends_with_the_screen_of_who_has_read_the_log() {
    let page = RefCell::new(Node::run(page::SCRIPT));
    let found = TestRunner::new(super::cases(200)).run(&(0..12_usize, moves::moves()), |(before, moves)| {
        let world = play(before, moves);
        everything_is_done_once(&world)?;
        let differs = page.borrow_mut().ask(&Value::from(world.script));
        prop_assert_eq!(differs, Value::Null);
        Ok(())
    });
    found.unwrap_or_else(|failure| panic!("{failure}"));
}

proptest! {
    #![proptest_config(super::cases(100))]

    #[test]
    fn older_pages_lead_back_to_the_first_event(before in 0..40_usize, moves in prop::collection::vec(moves::moves(), 0..2)) {
        let mut world = play(before, moves.into_iter().flatten().collect());
        while world.screen.part.is_some_and(|(first, _)| first > seq(1)) {
            let first = world.screen.part;
            world.input(Input::Older);
            world.come_to_rest();
            prop_assert!(world.screen.part < first, "nothing older came");
        }
        let shown: Vec<Seq> = world.screen.cheeps.keys().copied().collect();
        prop_assert_eq!(shown, world.server.log.cheeps().map(|cheep| cheep.seq).collect::<Vec<_>>());
    }
}

#[test]
fn an_answer_that_is_older_than_all_changes_that_are_kept_is_asked_for_again() {
    let mut world = World::new(9);
    world.come_to_rest();
    let first = world.screen.part;
    world.input(Input::Older);
    while world.server.serve() {}
    for nth in 0..=KEPT_CHANGES {
        let request = Request::React { name: None, target: seq(1), emoji: world::emoji(0), on: nth % 2 == 0 };
        assert!(world.server.act(&world::person(0), None, request).is_ok());
    }
    world.make(Move::Race(None, Vec::new()));
    assert_eq!(world.screen.part.map(|(oldest, _)| oldest), first.map(|(oldest, _)| oldest), "it is not shown");
    world.come_to_rest();
    world.wait(RETRY_MS);
    world.come_to_rest();
    assert!(world.screen.part < first, "it came again");
}

#[test]
fn who_begins_at_a_cursor_hears_what_comes_after_it() {
    let mut world = World::new(9);
    world.client = Follow::after(seq(4));
    world.screen.part = Some((seq(5), seq(4)));
    world.server.hang_up();
    world.input(Input::Start);
    world.come_to_rest();
    assert_eq!(world.screen.cheeps.keys().map(|seq| seq.get()).collect::<Vec<_>>(), [5, 6, 7, 8, 9]);
    assert_eq!(world.screen.part, Some((seq(5), seq(9))));
}

#[test]
fn numbers_without_bounds_do_no_harm() {
    let huge = u64::MAX;
    let mut world = World::new(1);
    world.make(Move::Receive(1));
    world.server.say(ServerFrame::Goodbye { reason: String::new(), reconnect_after_ms: huge });
    world.server.refusals.push_back(Refusal::from(Code::RateLimited).retry_after(huge));
    world.make(Move::Do(moves::Deed::Post { answers: None }));
    for _ in 0..9 {
        world.make(Move::Serve(1));
        world.make(Move::Receive(9));
    }
    world.make(Move::Cut { code: None, jitter: f64::NAN });
    world.now = huge / 2;
    world.input(Input::Tick);
    world.make(Move::Receive(9));
    world.make(Move::Cut { code: Some(1012), jitter: 1.0 });
    assert!(matches!(world.client.link(), Link::Waiting { .. }));
}
