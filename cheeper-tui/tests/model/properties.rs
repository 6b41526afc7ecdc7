//! Whatever comes in whatever order, and whichever keys are pressed meanwhile: what is shown is the log, whole and in order, each
//! cheep as the events so far have made it; what is read stands still, and what was sent is there once.

use std::collections::{BTreeMap, BTreeSet};

use cheeper_protocol::{
    Cheep, CheepText, Emoji, Event, Request, RequestId, Secret, Seq, ServerFrame,
    follow::{Link, Submission},
    testkit::{Author, Fake, name, screen_of},
};
use cheeper_tui::{
    effect::Effect,
    entry::Entry,
    layout::{Laid, timeline_height},
    msg::Msg,
    pane::Pane,
    scroll::{self, Blocks as _, Place},
    side::Subject,
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
    Change(Change, prop::sample::Index),
    FromMemory,
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

/// What others do to a cheep.
#[derive(Clone, Copy, Debug)]
enum Change {
    Answer,
    Edit(&'static str),
    Delete,
    DeleteByHost,
    React { bob: bool, emoji: &'static str, on: bool },
}

fn changes() -> impl Strategy<Value = Change> {
    let emoji = prop::sample::select(vec!["♥", "🎉", "👩‍👩‍👧"]);
    let texts =
        prop::sample::select(vec!["hi", "edited @alice", "a\nb\nc\nd", "家家家家家家家家家家家家家家家家家家家家家家"]);
    prop_oneof![
        3 => Just(Change::Answer),
        3 => texts.prop_map(Change::Edit),
        2 => Just(Change::Delete),
        1 => Just(Change::DeleteByHost),
        4 => (any::<bool>(), emoji, prop::bool::weighted(0.7))
            .prop_map(|(bob, emoji, on)| Change::React { bob, emoji, on }),
    ]
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
        "+1",
        "+2",
        "+🐦<enter>",
        "e!<enter>",
        "e<esc>",
        "dy",
        "dn",
        "t",
        "rYes<enter>",
        "<ctrl+f>hi<tab><enter>",
        "k",
    ]);
    let step = prop_oneof![
        8 => keys.prop_map(Step::Keys),
        1 => (1..90_u16, 1..30_u16).prop_map(|(width, height)| Step::Resize(width, height)),
        4 => (1..9_usize).prop_map(Step::Others),
        8 => (changes(), index()).prop_map(|(change, which)| Step::Change(change, which)),
        1 => Just(Step::FromMemory),
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
    /// Every post that was ever on its way.
    posts: BTreeSet<RequestId>,
}

fn author(who: &str) -> Author {
    (name(who), Secret::parse(&format!("the secret of {who}")).ok())
}

impl World {
    fn new(before: usize) -> Self {
        let mut server = Fake::with_pages_of(PAGE);
        for _ in 0..before {
            post(&mut server, "bob", "hi", None);
        }
        let mut screen = screen(60, 14);
        // Each post has an id of its own.
        screen.model.new_id = || {
            use std::sync::atomic::{AtomicU64, Ordering};
            static NEXT: AtomicU64 = AtomicU64::new(0);
            format!("post {}", NEXT.fetch_add(1, Ordering::Relaxed))
        };
        server.connect();
        Self { screen: Some(screen), server, posts: BTreeSet::new() }
    }

    fn screen(&self) -> &Screen {
        self.screen.as_ref().unwrap()
    }

    fn change(&mut self, change: impl FnOnce(Screen) -> Screen) {
        self.screen = self.screen.take().map(change);
        let posts = self.screen.iter().flat_map(|screen| screen.model.follow.outbox()).filter_map(|submission| {
            if let Submission::Post { id, .. } = submission { Some(id.clone()) } else { None }
        });
        self.posts.extend(posts);
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

    /// Somebody else does something to a cheep. It may well be refused.
    fn act(&mut self, change: Change, which: prop::sample::Index) {
        let cheeps: Vec<(Seq, String)> =
            self.server.log.cheeps().map(|cheep| (cheep.seq, cheep.name.to_string())).collect();
        if cheeps.is_empty() {
            return;
        }
        let (target, by) = which.get(&cheeps).clone();
        // Nobody but alice herself changes what is hers.
        let by = if by == "alice" { "dora".to_owned() } else { by };
        let (by, request) = match change {
            Change::Answer => return post(&mut self.server, "dora", "indeed", Some(target)),
            Change::DeleteByHost => return drop(self.server.delete_as_host(target)),
            Change::Edit(text) => (by, Request::Edit { name: None, target, cheep: CheepText::cleaned(text) }),
            Change::Delete => (by, Request::Delete { name: None, target }),
            Change::React { bob, emoji, on } => {
                let emoji = Emoji::parse(emoji).unwrap();
                (if bob { "bob" } else { "dora" }.to_owned(), Request::React { name: None, target, emoji, on })
            }
        };
        drop(self.server.act(&author(&by), None, request));
    }

    /// A block that does not move while something comes, and where its cheep begins: so many rows below the top of the screen
    /// or above it. It is the first one that is not cut off, for what is cut off may change.
    fn anchor(&self) -> Option<(Seq, isize)> {
        let model = &self.screen().model;
        let blocks = Laid::out(model);
        let (index, row) = scroll::top(&blocks, model.pane().place, timeline_height(model));
        let index = if row > blocks.above(index) { index + 1 } else { index };
        let seq = blocks.seq(index)?;
        Some((seq, self.rows_to(seq)))
    }

    fn rows_to(&self, seq: Seq) -> isize {
        let model = &self.screen().model;
        let blocks = Laid::out(model);
        let (first, row) = scroll::top(&blocks, model.pane().place, timeline_height(model));
        let index = blocks.index_of(seq);
        let before: usize = (first..index).map(|index| blocks.rows(index)).sum();
        let after: usize = (index..first).map(|index| blocks.rows(index)).sum();
        isize::try_from(before + blocks.above(index)).unwrap() - isize::try_from(after + row).unwrap()
    }

    /// A frame comes: what is read does not move, unless so little is left that it is all on screen now.
    fn receive(&mut self) -> bool {
        let Some(frame) = self.server.take() else { return false };
        let model = &self.screen().model;
        let is_same_list = model.sides.is_empty() || matches!(frame, ServerFrame::Event(_));
        let (place, anchor, unsent) = (model.pane().place, self.anchor(), model.follow.outbox().len());
        self.change(|screen| screen.then(Msg::Frame(frame)));
        let model = &self.screen().model;
        let holds = is_same_list && place != Place::Following && unsent == model.follow.outbox().len();
        if let Some((seq, rows)) = anchor.filter(|_| holds && model.pane().place != Place::Following) {
            assert_eq!(self.rows_to(seq), rows, "what is read moved");
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
                    let text = ["hi", "@alice hi", "a\nb\nc 家家家家家家家家家家家家家家家家家家家家家"][nth % 3];
                    post(&mut self.server, ["bob", "dora"][nth % 2], text, None);
                }
            }
            Step::Change(change, which) => self.act(change, which),
            Step::FromMemory => self.server.take_from_memory(),
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
        let main = &screen.model.main;
        let seqs = seqs(main);
        let cursor = screen.model.follow.cursor().unwrap_or_default();
        let first = seqs.first().copied().unwrap_or_default();
        let cheeps = self.server.log.cheeps().map(|cheep| cheep.seq);
        let there: Vec<Seq> = cheeps.filter(|seq| (first..=cursor).contains(seq)).collect();
        assert_eq!(seqs, there, "a hole, a double or disorder up to {cursor}");
        let unseen = seqs.iter().filter(|seq| **seq > main.timeline.seen()).count();
        assert_eq!(main.timeline.unseen(), unseen);
        if main.place == Place::Following && screen.model.sides.is_empty() {
            assert_eq!(unseen, 0);
        }
        let so_far = self.log_up_to(cursor);
        for pane in screen.model.sides.iter().map(|side| &side.pane).chain([main]) {
            pane.timeline.entries().iter().for_each(|entry| self.check_entry(entry, cursor, &so_far));
        }
    }

    /// Every cheep, as whoever read the log from its start up to there has it.
    fn log_up_to(&self, last: Seq) -> BTreeMap<Seq, Cheep> {
        screen_of(self.server.log.published.iter().take_while(|event| event.seq() <= last))
    }

    /// A cheep is shown as the events that have come made it, or as newer ones did that were in its page. What is soon to be
    /// made void by another change may have been left out.
    fn check_entry(&self, entry: &Entry, cursor: Seq, so_far: &BTreeMap<Seq, Cheep>) {
        let shown = entry.to_cheep();
        let known = shown.rev().max(cursor);
        let read =
            if known > cursor { self.log_up_to(known).remove(&entry.seq) } else { so_far.get(&entry.seq).cloned() };
        let read = read.map(|cheep| Cheep { parent_replies: None, id: None, ..cheep }).unwrap();
        let to_come = self.server.log.published.iter().skip_while(|event| event.seq() <= known);
        let is_overtaken = to_come.into_iter().any(|event| match event {
            Event::Edit(edit) => edit.target == entry.seq,
            Event::Delete(delete) => delete.target == entry.seq,
            _ => false,
        });
        if is_overtaken {
            assert!(shown.is_deleted() || !read.is_deleted(), "{shown:?} was deleted");
        } else {
            assert_eq!(shown, read);
        }
    }

    /// A thread that is there to its end is the whole thread.
    fn check_threads(&self) {
        for side in &self.screen().model.sides {
            let Subject::Thread(root) = side.subject else { continue };
            let log = &self.server.log;
            let parent = |seq: Seq| log.cheep(seq).and_then(|cheep| cheep.reply_to);
            let lineage = |seq: Seq| std::iter::successors(Some(seq), |seq| parent(*seq));
            let is_of_it =
                |seq: Seq| lineage(root).any(|above| above == seq) || lineage(seq).any(|above| above == root);
            let there: Vec<Seq> = log.cheeps().map(|cheep| cheep.seq).filter(|seq| is_of_it(*seq)).collect();
            let shown = seqs(&side.pane);
            if side.has_more() {
                assert!(there.starts_with(&shown), "{shown:?} of {there:?}");
            } else {
                assert_eq!(shown, there);
            }
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

fn post(server: &mut Fake, who: &str, text: &str, reply_to: Option<Seq>) {
    let request = Request::Post { name: None, cheep: CheepText::cleaned(text), reply_to };
    server.act(&author(who), None, request).unwrap();
}

fn seqs(pane: &Pane) -> Vec<Seq> {
    pane.timeline.entries().iter().map(|entry| entry.seq).collect()
}

/// The keys one by one.
fn split(keys: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = keys;
    while !rest.is_empty() {
        let length = if rest.starts_with('<') {
            rest.find('>').map_or(1, |at| at + 1)
        } else {
            rest.chars().next().map_or(0, char::len_utf8)
        };
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
        world.check_threads();
        let newest = world.server.log.cheeps().next_back().map(|cheep| cheep.seq);
        prop_assert_eq!(seqs(&world.screen().model.main).last().copied(), newest);
        let ours: Vec<_> = world.server.log.cheeps().filter_map(|cheep| cheep.id.clone()).collect();
        prop_assert!(ours.iter().enumerate().all(|(at, id)| !ours[..at].contains(id)), "each post is there once");
        prop_assert_eq!(ours.into_iter().collect::<BTreeSet<_>>(), world.posts, "and all of them are");
    }
}
