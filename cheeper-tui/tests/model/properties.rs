//! Whatever comes in whatever order, and whichever keys are pressed meanwhile: what is shown is the log, dense and in order,
//! what is read stands still, and what was sent is there once.

use cheeper_protocol::{Seq, ServerFrame, follow::Link, testkit::Fake};
use cheeper_tui::{
    effect::Effect,
    layout::{Laid, timeline_height},
    msg::Msg,
    scroll::{self, Blocks as _, Place},
};
use proptest::prelude::*;

use crate::screen::{Screen, screen};

/// Small, so that there are many.
const PAGE: usize = 7;

#[derive(Clone, Copy, Debug)]
enum Step {
    Keys(&'static str),
    Resize(u16, u16),
    Others(usize),
    Serve(usize),
    Receive(usize),
    Lose(prop::sample::Index),
    Repeat(prop::sample::Index),
    Lag,
    Cut,
    Wait(u64),
    Wheel(bool),
    Click(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<prop::sample::Index>;
    let keys = prop::sample::select(vec![
        "<pgup>",
        "<pgup>",
        "<pgdn>",
        "<home>",
        "<end>",
        "<alt+up>",
        "<alt+down>",
        "<up>",
        "<down>",
        "<esc>",
        "r",
        "o",
        "@b<tab>",
        "hi<enter>",
        "two<alt+enter>lines<enter>",
        "<ctrl+f>hi",
        "<enter>",
        "<ctrl+f>zzz",
        "<ctrl+_>",
        "<ctrl+w>",
        "<f1>",
        "<ctrl+l>",
    ]);
    let step = prop_oneof![
        8 => keys.prop_map(Step::Keys),
        1 => (1..90_u16, 1..30_u16).prop_map(|(width, height)| Step::Resize(width, height)),
        4 => (1..9_usize).prop_map(Step::Others),
        6 => (1..4_usize).prop_map(Step::Serve),
        6 => (1..6_usize).prop_map(Step::Receive),
        2 => index().prop_map(Step::Lose),
        2 => index().prop_map(Step::Repeat),
        1 => Just(Step::Lag),
        2 => Just(Step::Cut),
        4 => (1..20_000_u64).prop_map(Step::Wait),
        2 => any::<bool>().prop_map(Step::Wheel),
        1 => (0..30_u16).prop_map(Step::Click),
    ];
    prop::collection::vec(step, 0..150)
}

struct World {
    screen: Option<Screen>,
    server: Fake,
    sent: usize,
}

impl World {
    fn new(before: usize) -> Self {
        let mut server = Fake::with_pages_of(PAGE);
        for _ in 0..before {
            server.cheep("bob", "hi", None);
        }
        let mut screen = screen(60, 14);
        // Each post has an id of its own.
        screen.model.new_id = || {
            use std::sync::atomic::{AtomicU64, Ordering};
            static NEXT: AtomicU64 = AtomicU64::new(0);
            format!("post {}", NEXT.fetch_add(1, Ordering::Relaxed))
        };
        server.connect();
        Self { screen: Some(screen), server, sent: 0 }
    }

    fn screen(&self) -> &Screen {
        self.screen.as_ref().unwrap()
    }

    fn change(&mut self, change: impl FnOnce(Screen) -> Screen) {
        let outbox = self.screen().model.follow.outbox().len();
        self.screen = self.screen.take().map(change);
        let sent = self.screen().model.follow.outbox().len().saturating_sub(outbox);
        self.sent += sent;
        for effect in std::mem::take(&mut self.screen.as_mut().unwrap().effects) {
            match effect {
                Effect::Connect => self.server.connect(),
                Effect::Disconnect => self.cut(),
                Effect::Send(frame) => self.server.hear(frame),
                _ => {}
            }
        }
    }

    fn cut(&mut self) {
        if self.server.hang_up() {
            self.change(|screen| screen.then(Msg::Closed { code: None, why: None }));
        }
    }

    /// What stands at the top: a cheep and the row of it, or below 0 a line above it.
    fn top(&self) -> Option<(Seq, usize, usize)> {
        let model = &self.screen().model;
        let blocks = Laid::out(model);
        let (index, row) = scroll::top(&blocks, model.main.place, timeline_height(model));
        Some((blocks.seq(index)?, row, blocks.above(index)))
    }

    /// A frame comes: what is read does not move.
    fn receive(&mut self) -> bool {
        let Some(frame) = self.server.take() else { return false };
        let before = (self.screen().model.main.place, self.top(), self.screen().model.follow.outbox().len());
        self.change(|screen| screen.then(Msg::Frame(frame)));
        let after = (self.screen().model.main.place, self.top(), self.screen().model.follow.outbox().len());
        if let (Place::At { .. }, Some((seq, row, above))) = (before.0, before.1)
            && before.2 == after.2
        {
            assert_eq!(before.0, after.0);
            if row >= above {
                let (now, now_row, now_above) = after.1.unwrap();
                assert_eq!((now, now_row - now_above), (seq, row - above), "what is read moved");
            }
        }
        true
    }

    fn tick(&mut self, span: u64) {
        self.screen.as_mut().unwrap().model.now += span;
        self.change(|screen| screen.then(Msg::Tick));
    }

    fn make(&mut self, step: Step) {
        let draws = matches!(step, Step::Keys(_) | Step::Resize(..));
        match step {
            Step::Keys(keys) => {
                // Every key is a message of its own; what it leads to is carried out before the next one.
                for key in split(keys) {
                    self.change(|screen| screen.keys(key));
                }
            }
            Step::Resize(width, height) => self.change(|screen| screen.then(Msg::Resized(width, height))),
            Step::Others(count) => {
                for nth in 0..count {
                    self.server.cheep(
                        ["bob", "dora"][nth % 2],
                        ["hi", "@alice hi", "a\nb\nc 家家家家家家家家家家家家家家家家家家家家家"][nth % 3],
                        None,
                    );
                }
            }
            Step::Serve(count) => (0..count).for_each(|_| _ = self.server.serve()),
            Step::Receive(count) => (0..count).for_each(|_| _ = self.receive()),
            Step::Lose(which) => self.server.tamper(|live| *which.get(live), |down, at| drop(down.remove(at))),
            Step::Repeat(which) => {
                self.server.tamper(|live| *which.get(live), |down, at| down.push_back(down[at].clone()));
            }
            Step::Lag => self.server.lag(),
            Step::Cut => self.cut(),
            Step::Wait(span) => self.tick(span),
            Step::Wheel(up) => self.change(|screen| screen.then(Msg::Wheel { up })),
            Step::Click(y) => self.change(|screen| screen.then(Msg::Click(9, y))),
        }
        self.check();
        if draws {
            self.screen().buffer();
        }
    }

    fn check(&self) {
        let screen = self.screen();
        let seqs: Vec<Seq> = screen.model.main.timeline.entries().iter().map(|entry| entry.seq).collect();
        assert!(seqs.windows(2).all(|pair| pair[0].next() == pair[1]), "a hole, a double or disorder: {seqs:?}");
        let unseen = seqs.iter().filter(|seq| **seq > screen.model.main.timeline.seen()).count();
        assert_eq!(screen.model.main.timeline.unseen(), unseen);
        if screen.model.main.place == Place::Following && screen.model.sides.is_empty() {
            assert_eq!(unseen, 0);
        }
    }

    fn come_to_rest(&mut self) {
        for _ in 0..5_000 {
            let head = self.server.head();
            let busy = self.server.serve() | self.receive();
            if !busy {
                self.server.say(ServerFrame::Online { count: 1, head });
            }
            let follow = &self.screen().model.follow;
            if follow.link() == Link::Live
                && follow.caught_up()
                && follow.outbox().len() == 0
                && follow.cursor() == Some(head)
            {
                return;
            }
            if !busy || follow.deadline().is_some() {
                self.tick(500);
            }
        }
        panic!("no rest");
    }
}

/// The keys one by one.
fn split(keys: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = keys;
    while !rest.is_empty() {
        let length = if rest.starts_with('<') { rest.find('>').map_or(1, |at| at + 1) } else { 1 };
        let (one, after) = rest.split_at(length);
        parts.push(one);
        rest = after;
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_frames_losses_and_keys_ends_well(before in 0..40_usize, steps in steps()) {
        let mut world = World::new(before);
        for step in steps {
            world.make(step);
        }
        world.come_to_rest();
        world.check();
        let shown = world.screen().model.main.timeline.entries().back().map(|entry| entry.seq);
        prop_assert_eq!(shown, Some(world.server.head()).filter(|head| *head > Seq::ZERO));
        let ours: Vec<_> = world.server.log.cheeps().filter_map(|cheep| cheep.id.clone()).collect();
        prop_assert_eq!(ours.len(), world.sent, "each post is on the log");
        prop_assert!(ours.iter().enumerate().all(|(at, id)| !ours[..at].contains(id)), "and once");
    }
}
