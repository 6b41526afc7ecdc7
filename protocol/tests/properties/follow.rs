//! A client follows a server over a line on which things go wrong. Whatever happens, what it shows is the log, dense
//! and in order, and what it posts is on the log, once.

use std::collections::VecDeque;

use cheeper_protocol::{
    CheepText, Code, Event, Refusal, RequestId, Seq, ServerFrame,
    follow::{Follow, Identity, Input, Link, Millis, Output, Submission},
    testkit::{Fake, name, request_id},
};
use proptest::prelude::*;

/// Small, so that there are many.
const PAGE: usize = 3;

/// Something that happens.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// The client gets frames.
    Receive(usize),
    /// The server carries out requests.
    Serve(usize),
    /// Others cheep, and give their posts ids that the client uses too.
    Others(usize),
    /// The client posts.
    Post,
    /// The client wants older events.
    Older,
    /// The client drops its oldest events.
    Forget(usize),
    /// Somebody presses "now".
    Retry,
    /// Time passes; a tick comes when it is due.
    Wait(Millis),
    /// The connection ends; what is on its way is lost.
    Cut {
        code: Option<u16>,
        jitter: f64,
    },
    /// The server stops as planned.
    Goodbye(Millis),
    /// A live event is lost, comes twice or comes late.
    Lose(prop::sample::Index),
    Repeat(prop::sample::Index),
    Delay(prop::sample::Index),
    /// The client read too slowly.
    Lag,
    /// The server refuses the next post for now.
    Refuse(Code),
    /// The server says how many are here.
    Online,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let index = any::<prop::sample::Index>;
    let code = prop::sample::select(vec![None, Some(1000), Some(1006), Some(1012), Some(1013)]);
    let one = prop_oneof![
        8 => (1..6_usize).prop_map(Move::Receive),
        8 => (1..4_usize).prop_map(Move::Serve),
        4 => (1..9_usize).prop_map(Move::Others),
        4 => Just(Move::Post),
        2 => Just(Move::Older),
        1 => (1..5_usize).prop_map(Move::Forget),
        1 => Just(Move::Retry),
        5 => (1..20_000_u64).prop_map(Move::Wait),
        3 => (code, 0.0..1.0).prop_map(|(code, jitter)| Move::Cut { code, jitter }),
        1 => (0..5_000_u64).prop_map(Move::Goodbye),
        2 => index().prop_map(Move::Lose),
        2 => index().prop_map(Move::Repeat),
        3 => index().prop_map(Move::Delay),
        2 => Just(Move::Lag),
        2 => prop::sample::select(vec![Code::RateLimited, Code::NotStored, Code::Internal]).prop_map(Move::Refuse),
        1 => Just(Move::Online),
    ];
    prop::collection::vec(one, 0..120)
}

struct World {
    now: Millis,
    server: Fake,
    client: Follow,
    /// What the client shows.
    shown: VecDeque<Seq>,
    posts: Vec<RequestId>,
    posted: Vec<(RequestId, Seq)>,
}

impl World {
    fn new(before: usize) -> Self {
        let identity = Identity { name: name("alice"), secret: None };
        let client = Follow::new(Some(identity), Vec::new());
        let mut world = Self {
            now: 0,
            server: Fake::with_pages_of(PAGE),
            client,
            shown: VecDeque::new(),
            posts: Vec::new(),
            posted: Vec::new(),
        };
        world.others(before);
        world.input(Input::Start);
        world
    }

    fn others(&mut self, count: usize) {
        for _ in 0..count {
            let number = self.server.log.published.len();
            self.server.cheep("bob", "hi", Some(id(number).as_str()));
        }
    }

    fn input(&mut self, input: Input) {
        self.client.handle(input, self.now);
        while let Some(output) = self.client.poll_output() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Connect => {
                assert!(!self.server.is_connected(), "a second connection");
                self.server.connect();
            }
            Output::Disconnect => self.cut(None, 0.5),
            Output::Send { frame } => self.server.hear(frame),
            Output::Events { events, .. } => self.shown.extend(events.iter().map(Event::seq)),
            Output::Older { events, .. } => {
                for event in events.iter().rev() {
                    self.shown.push_front(event.seq());
                }
            }
            Output::Accepted { id, seq } => self.posted.push((id, seq)),
            Output::Named { .. } => {}
            Output::Reset | Output::Refused { .. } | Output::NameRefused { .. } => panic!("no reason for {output:?}"),
        }
        let shown = self.shown.iter().copied();
        assert!(shown.clone().zip(shown.skip(1)).all(|(one, next)| one.next() == next), "{:?}", self.shown);
        assert_eq!(self.client.cursor().filter(|_| !self.shown.is_empty()), self.shown.back().copied());
    }

    fn cut(&mut self, code: Option<u16>, jitter: f64) {
        if self.server.hang_up() {
            self.input(Input::Closed { code, jitter });
        }
    }

    fn receive(&mut self) -> bool {
        let Some(frame) = self.server.take() else { return false };
        self.input(Input::Frame { frame });
        true
    }

    fn wait(&mut self, span: Millis) {
        self.now += span;
        if self.client.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.input(Input::Tick);
        }
    }

    fn post(&mut self) {
        let id = id(self.posts.len());
        self.posts.push(id.clone());
        self.input(Input::Submit { submission: Submission::Post { id, cheep: text("hello"), reply_to: None } });
    }

    fn make(&mut self, step: Move) {
        match step {
            Move::Receive(count) => {
                for _ in 0..count {
                    self.receive();
                }
            }
            Move::Serve(count) => {
                for _ in 0..count {
                    self.server.serve();
                }
            }
            Move::Others(count) => self.others(count),
            Move::Post => self.post(),
            Move::Older => self.input(Input::Older),
            Move::Forget(count) => {
                let count = count.min(self.shown.len());
                let dropped = self.shown.drain(..count).next_back();
                if let Some(up_to) = dropped {
                    self.input(Input::Forgot { up_to });
                }
            }
            Move::Retry => self.input(Input::Retry),
            Move::Wait(span) => self.wait(span),
            Move::Cut { code, jitter } => self.cut(code, jitter),
            Move::Goodbye(reconnect_after_ms) => {
                self.server.say(ServerFrame::Goodbye { reason: "restart".to_owned(), reconnect_after_ms });
                while self.receive() {}
                self.cut(Some(1012), 0.5);
            }
            Move::Lose(which) => self.server.tamper(|live| *which.get(live), |down, at| drop(down.remove(at))),
            Move::Repeat(which) => {
                self.server.tamper(|live| *which.get(live), |down, at| down.push_back(down[at].clone()));
            }
            Move::Delay(which) => self.server.tamper(
                |live| *which.get(live),
                |down, at| {
                    let late = down.remove(at);
                    down.extend(late);
                },
            ),
            Move::Lag => self.server.lag(),
            Move::Refuse(code) => {
                let refusal = Refusal::from(code);
                let refusal = if code == Code::RateLimited { refusal.retry_after(3_000) } else { refusal };
                self.server.refusals.push_back(refusal);
            }
            Move::Online => {
                let head = self.server.head();
                self.server.say(ServerFrame::Online { count: 1, head });
            }
        }
    }

    /// Nothing goes wrong any more: until there is nothing left to do.
    fn come_to_rest(&mut self) {
        let said = self.server.head();
        self.server.say(ServerFrame::Online { count: 1, head: said });
        for _ in 0..5_000 {
            let busy = self.server.serve() | self.receive();
            let done = self.client.link() == Link::Live && self.client.caught_up() && self.client.outbox().len() == 0;
            if !busy && done {
                return;
            }
            if !busy {
                let deadline = self.client.deadline().expect("something to wait for");
                self.wait(deadline.saturating_sub(self.now));
            }
        }
        panic!("no rest: {:?}", self.client);
    }
}

fn text(raw: &str) -> CheepText {
    CheepText::cleaned(raw)
}

fn id(number: usize) -> RequestId {
    request_id(&format!("id {number}"))
}

proptest! {
    #![proptest_config(super::cases(300))]

    #[test]
    fn nothing_is_missed_and_every_post_is_on_the_log_once(before in 0..12_usize, moves in moves()) {
        let mut world = World::new(before);
        for step in moves {
            world.make(step);
        }
        world.come_to_rest();
        let head = world.server.head();
        prop_assert_eq!(world.client.cursor(), Some(head));
        prop_assert!(world.shown.back().is_none_or(|last| *last == head));
        let mine: Vec<_> = world.server.log.cheeps().filter(|cheep| cheep.name.as_str() == "alice").collect();
        let on_the_log: Vec<_> = mine.iter().filter_map(|cheep| cheep.id.clone()).collect();
        prop_assert_eq!(&on_the_log, &world.posts, "each once, in the order they were made");
        let places: Vec<_> = mine.iter().filter_map(|cheep| Some((cheep.id.clone()?, cheep.seq))).collect();
        prop_assert_eq!(&world.posted, &places, "each said to be posted once, where it is");
    }

    #[test]
    fn older_pages_lead_back_to_the_first_event(before in 0..40_usize) {
        let mut world = World::new(before);
        world.come_to_rest();
        for _ in 0..before {
            world.input(Input::Older);
            world.come_to_rest();
        }
        let all: Vec<u64> = world.shown.iter().map(|seq| seq.get()).collect();
        prop_assert_eq!(all, (1..=before as u64).collect::<Vec<_>>());
    }
}

#[test]
fn who_begins_at_a_cursor_hears_what_comes_after_it() {
    let mut world = World::new(9);
    world.client = Follow::after(Seq::new(4).expect("a seq"));
    world.server.hang_up();
    world.input(Input::Start);
    world.come_to_rest();
    let all: Vec<u64> = world.shown.iter().map(|seq| seq.get()).collect();
    assert_eq!(all, [5, 6, 7, 8, 9]);
}

#[test]
fn numbers_without_bounds_do_no_harm() {
    let huge = u64::MAX;
    let mut world = World::new(1);
    world.receive();
    world.server.say(ServerFrame::Goodbye { reason: String::new(), reconnect_after_ms: huge });
    world.server.refusals.push_back(Refusal::from(Code::RateLimited).retry_after(huge));
    world.post();
    while world.server.serve() | world.receive() {}
    world.cut(None, f64::NAN);
    world.now = huge / 2;
    world.input(Input::Tick);
    while world.receive() {}
    world.cut(Some(1012), 1.0);
    assert!(matches!(world.client.link(), Link::Waiting { .. }));
}
