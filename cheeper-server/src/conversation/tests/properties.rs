//! However things fall together, nobody misses anything and everything is answered once.

use std::collections::{BTreeMap, BTreeSet};

use cheeper_protocol::{Delete, DeletedBy, Edit, Emoji, Reaction, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::timeline::Changed;

#[derive(Clone, Debug)]
enum Step {
    /// Others' cheeps become durable.
    Publish(u64),
    /// Somebody corrects, deletes or reacts to a cheep.
    Change(Kind, u64),
    /// The driver sends what is new to everybody.
    Deliver,
    /// The client takes so many bytes.
    Room(usize),
    /// The client posts, reacts, pings, or asks for a page.
    Post,
    React(u64),
    Ping,
    History(u64),
    /// The timeline answers; a page comes.
    Answer,
    Page,
    Tick,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Edit,
    Delete,
    Reaction,
}

/// The whole timeline, from which pages are made, as a store makes them.
struct Log {
    whole: Tail,
    cheeps: BTreeMap<Seq, Cheep>,
}

impl Log {
    fn push(&mut self, events: &[Event], live: &Tail) {
        for event in events {
            event.changes().for_each(|target| _ = self.cheeps.get_mut(&target).unwrap().apply(event));
            self.cheeps.extend(event.as_cheep().map(|cheep| (cheep.seq, cheep.clone())));
        }
        self.whole.push(events);
        live.push(events);
    }

    /// A change of a cheep that still stands, if there is one.
    fn change(&self, kind: Kind, which: u64) -> Option<Event> {
        let standing: Vec<&Cheep> = self.cheeps.values().filter(|cheep| !cheep.is_deleted()).collect();
        let cheep = standing.get(usize::try_from(which).unwrap().checked_rem(standing.len())?)?;
        let (seq, at, target) = (self.whole.head().next(), Timestamp::UNIX_EPOCH, cheep.seq);
        Some(match kind {
            Kind::Edit => {
                let cheep = CheepText::cleaned(&format!("corrected by {seq}"));
                Event::Edit(Edit { seq, at, target, cheep, id: None })
            }
            Kind::Delete => {
                let by = DeletedBy::Host;
                Event::Delete(Delete { seq, at, target, by, reply_to: None, parent_replies: None, id: None })
            }
            Kind::Reaction => {
                let (name, emoji) = (name(&format!("reader {seq}")), Emoji::parse("🎉").unwrap());
                let count = cheep.state.reactions.first().map_or(0, |kind| kind.count) + 1;
                Event::Reaction(Reaction { seq, at, target, name, emoji, on: true, count, next: None, id: None })
            }
        })
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..40_u64).prop_map(Step::Publish),
        (prop::sample::select(vec![Kind::Edit, Kind::Delete, Kind::Reaction]), 0..300_u64)
            .prop_map(|(kind, which)| Step::Change(kind, which)),
        Just(Step::Deliver),
        (1..6_000_usize).prop_map(Step::Room),
        Just(Step::Post),
        (0..300_u64).prop_map(Step::React),
        Just(Step::Ping),
        (0..200_u64).prop_map(Step::History),
        Just(Step::Answer),
        Just(Step::Page),
        Just(Step::Tick),
    ];
    prop::collection::vec(step, 1..120)
}

fn subscriptions() -> impl Strategy<Value = Subscription> {
    prop_oneof![
        Just(Subscription::Live),
        (0..9_usize).prop_map(Subscription::Last),
        (0..30_u64).prop_map(|after| Subscription::After { seq: seq(after), reset: false }),
    ]
}

/// What the client makes of what it gets.
struct Client {
    /// The next live event, once live began.
    expects: Seq,
    answered: BTreeSet<String>,
    lags: usize,
    /// What it shows, and every event that it got, for one may come before the page with the cheep that it changes.
    cheeps: BTreeMap<Seq, Cheep>,
    events: Vec<Event>,
}

impl Client {
    fn hear(&mut self, world: &mut World) {
        let bytes = std::mem::take(&mut world.socket.taken);
        self.rest(&bytes, world);
    }

    fn rest(&mut self, bytes: &[u8], world: &World) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (opcode, payload, length) = split(rest);
            if opcode == 1 {
                self.frame(ServerFrame::parse(std::str::from_utf8(payload).unwrap()).unwrap(), world);
            }
            rest = &rest[length..];
        }
    }

    fn frame(&mut self, frame: ServerFrame, world: &World) {
        let mut answer = |id: Option<RequestId>| {
            let id = id.expect("each request has an id").to_string();
            assert!(self.answered.insert(id.clone()), "{id} was answered twice");
        };
        match frame {
            ServerFrame::Event(event) => {
                assert_eq!(event.seq(), self.expects, "no hole, no repeat, no reorder");
                self.expects = event.seq().next();
                self.show(event);
            }
            ServerFrame::Page(page) if page.id.is_none() => {
                self.expects = self.expects.max(page.to.next());
                page.events.into_iter().for_each(|event| self.show(event));
            }
            ServerFrame::Lagged { head } => {
                assert_eq!(world.tail.piece(self.expects, 1).err(), Some(NotHere), "it is told only when it must be");
                self.lags += 1;
                self.expects = head.next();
            }
            ServerFrame::Ack(ack) => {
                assert!(ack.seq < self.expects, "its own cheep comes first");
                answer(ack.id);
            }
            ServerFrame::Pong { id, head } => {
                assert!(head < self.expects);
                answer(id);
            }
            ServerFrame::Page(page) => {
                answer(page.id);
                // Of what begins further on than it knows, a client cannot say what came before.
                if page.from <= self.expects {
                    page.events.into_iter().for_each(|event| self.show(event));
                }
            }
            ServerFrame::Error(error) => answer(error.id),
            ServerFrame::Welcome(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

impl Client {
    /// Applies what is new of an event, by the one rule.
    fn show(&mut self, event: Event) {
        for target in event.changes() {
            self.cheeps.get_mut(&target).map(|cheep| cheep.apply(&event));
        }
        if let Event::Cheep(cheep) = &event {
            let mut cheep = cheep.clone();
            self.events.iter().for_each(|event| _ = cheep.apply(event));
            let known = self.cheeps.entry(cheep.seq).or_insert_with(|| cheep.clone());
            if known.rev() < cheep.rev() {
                *known = cheep;
            }
        }
        self.events.push(event);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_is_missed_and_everything_is_answered_once(
        subscription in subscriptions(),
        steps in steps(),
        ring in prop_oneof![Just(usize::MAX), 1..60_000_usize],
    ) {
        let mut world = World::with(subscription, 20);
        let expects = match subscription {
            Subscription::After { seq, .. } if seq <= world.tail.head() => seq.next(),
            _ => world.tail.head().next(),
        };
        // Pages are made from the whole timeline, live events come from a ring that may be small.
        let mut log = Log { whole: Tail::new(Seq::ZERO, usize::MAX), cheeps: BTreeMap::new() };
        let mut small = Tail::new(Seq::ZERO, ring);
        for number in 1..=20 {
            log.push(&[Event::Cheep(cheep(number, "early"))], &small);
        }
        std::mem::swap(&mut world.tail, &mut small);
        let (cheeps, events) = (BTreeMap::new(), Vec::new());
        let mut client = Client { expects, answered: BTreeSet::new(), lags: 0, cheeps, events };
        let mut asked = BTreeSet::new();
        let mut steps: VecDeque<Step> = steps.into();
        for nth in 0.. {
            let Some(step) = steps.pop_front().or_else(|| world.what_is_left()) else { break };
            let mut request = |kind: &str, world: &mut World| {
                asked.insert(nth.to_string());
                world.say(&[&format!(r#"{{{kind},"id":"{nth}"}}"#)]);
            };
            match step {
                Step::Publish(count) => {
                    let first = world.tail.head().get() + 1;
                    let events: Vec<_> = (first..first + count).map(|number| Event::Cheep(cheep(number, "new"))).collect();
                    log.push(&events, &world.tail);
                }
                Step::Change(kind, which) => {
                    if let Some(event) = log.change(kind, which) {
                        log.push(&[event], &world.tail);
                    }
                }
                Step::Deliver => _ = world.deliver(),
                Step::Room(bytes) => _ = world.room(bytes),
                Step::Post => request(r#""name":"alice","cheep":"mine""#, &mut world),
                Step::React(target) => {
                    let target = 1 + target % world.tail.head().get();
                    let react = format!(r#""type":"react","name":"alice","target":{target},"emoji":"🎉""#);
                    request(&react, &mut world);
                }
                Step::Ping => request(r#""type":"ping""#, &mut world),
                Step::History(after) => {
                    let after = after.min(world.tail.head().get());
                    request(&format!(r#""type":"history","after":{after}"#), &mut world);
                }
                Step::Answer if !world.submitted.is_empty() => match world.submitted[0].1 {
                    Command::Post(_) => {
                        log.push(&[Event::Cheep(cheep(world.tail.head().get() + 1, "mine"))], &world.tail);
                        world.answer_post();
                    }
                    _ => match log.change(Kind::Reaction, nth) {
                        Some(event) => {
                            let (seq, at, cheep) = (event.seq(), Timestamp::UNIX_EPOCH, cheep(1, ""));
                            log.push(&[event], &world.tail);
                            world.answer(|_| Ok(Outcome::Changed(Changed { seq, at, cheep, duplicate: false })));
                        }
                        None => _ = world.answer(|_| Err(Code::Gone.into())),
                    },
                },
                Step::Page if !world.asked.is_empty() => {
                    let request = world.asked.pop_front().unwrap();
                    let selection = page::select(&request.question, request.head);
                    let encode =
                        |part: &crate::timeline::Part<(Seq, &[u8])>| page::encode(request.id.as_ref(), &selection, request.head, part);
                    let made = log.whole.part(&selection.read, encode).unwrap();
                    let frame = world.memory.shared(frame::text(&made.json));
                    let ready = Ready { frame, forward: made.forward, more: made.more, last: made.last };
                    world.on(|it, cx| it.on_page(request.id, Ok(ready), cx));
                    world.advance();
                }
                Step::Tick => {
                    world.socket.said.extend(super::frame(PONG, b""));
                    world.say(&[]);
                    world.tick(1);
                }
                Step::Answer | Step::Page => {}
            }
            // Only whole frames: what is cut off stays until its rest has come.
            client.hear_whole(&mut world);
        }
        prop_assert_eq!(client.answered, asked);
        prop_assert_eq!(client.expects, world.tail.head().next());
        prop_assert_eq!(world.memory.used(), 0, "all memory is given back");
        // Who has missed nothing shows each cheep as it is.
        if client.lags == 0 {
            for (seq, cheep) in &client.cheeps {
                prop_assert_eq!(cheep, &log.cheeps[seq]);
            }
        }
    }
}

impl World {
    /// What is still to happen until everything is quiet.
    fn what_is_left(&self) -> Option<Step> {
        if self.socket.room < PLENTY / 2 {
            Some(Step::Room(PLENTY))
        } else if self.live < self.tail.head() {
            Some(Step::Deliver)
        } else if !self.submitted.is_empty() {
            Some(Step::Answer)
        } else if !self.asked.is_empty() {
            Some(Step::Page)
        } else {
            None
        }
    }
}

impl Client {
    /// Hears what has come in whole frames, and leaves the beginning of the next.
    fn hear_whole(&mut self, world: &mut World) {
        let mut whole = 0;
        let bytes = &world.socket.taken;
        while let Some(length) = length_of(&bytes[whole..]) {
            whole += length;
        }
        let rest = world.socket.taken.split_off(whole);
        self.hear(world);
        world.socket.taken = rest;
    }
}

/// The length of the first frame, if it is whole.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let head = match bytes.get(1)? {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    if bytes.len() < head {
        return None;
    }
    let length = match head {
        4 => usize::from(u16::from_be_bytes([bytes[2], bytes[3]])),
        10 => usize::try_from(u64::from_be_bytes(bytes[2..10].try_into().ok()?)).ok()?,
        _ => usize::from(bytes[1]),
    };
    (bytes.len() >= head + length).then_some(head + length)
}
