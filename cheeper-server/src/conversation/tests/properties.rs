//! However things fall together, nobody misses anything and everything is answered once.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// Others' cheeps become durable.
    Publish(u64),
    /// The driver sends what is new to everybody.
    Deliver,
    /// The client takes so many bytes.
    Room(usize),
    /// The client posts, pings, or asks for a page.
    Post,
    Ping,
    History(u64),
    /// The timeline answers; a page comes.
    Answer,
    Page,
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..40_u64).prop_map(Step::Publish),
        Just(Step::Deliver),
        (1..6_000_usize).prop_map(Step::Room),
        Just(Step::Post),
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
            }
            ServerFrame::Page(page) if page.id.is_none() => {
                self.expects = self.expects.max(page.to.next());
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
            ServerFrame::Page(page) => answer(page.id),
            ServerFrame::Welcome(_) => {}
            other => panic!("{other:?}"),
        }
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
        let whole = Tail::new(Seq::ZERO, usize::MAX);
        let mut small = Tail::new(Seq::ZERO, ring);
        for number in 1..=20 {
            let event = [Event::Cheep(cheep(number, "early"))];
            whole.push(&event);
            small.push(&event);
        }
        std::mem::swap(&mut world.tail, &mut small);
        let mut client = Client { expects, answered: BTreeSet::new(), lags: 0 };
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
                    whole.push(&events);
                    world.tail.push(&events);
                }
                Step::Deliver => _ = world.deliver(),
                Step::Room(bytes) => _ = world.room(bytes),
                Step::Post => request(r#""name":"alice","cheep":"mine""#, &mut world),
                Step::Ping => request(r#""type":"ping""#, &mut world),
                Step::History(after) => {
                    let after = after.min(world.tail.head().get());
                    request(&format!(r#""type":"history","after":{after}"#), &mut world);
                }
                Step::Answer if !world.submitted.is_empty() => {
                    let event = [Event::Cheep(cheep(world.tail.head().get() + 1, "mine"))];
                    whole.push(&event);
                    world.tail.push(&event);
                    world.answer_post();
                }
                Step::Page if !world.asked.is_empty() => {
                    let request = world.asked.pop_front().unwrap();
                    let selection = page::select(&request.question, request.head);
                    let encode =
                        |part: &crate::timeline::Part<(Seq, &[u8])>| page::encode(request.id.as_ref(), &selection, request.head, part);
                    let made = whole.part(&selection.read, encode).unwrap();
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
