//! A page holds what was asked for and says rightly what it speaks for, however the log looks.

use std::sync::{Arc, mpsc};

use cheeper_protocol::{
    CheepText, Emoji, Event, Page as Received, Query, Role, Secret, ServerFrame,
    testkit::{cheep, name, request_id, seq},
};
use proptest::{prelude::*, sample::Index};

use super::*;
use crate::{
    feed::tail::Tail,
    timeline::{Author, Claim, Command, Delete, Edit, Engine as _, Person, Post, React, Timeline, memory::Memory},
};

/// What a log that is in memory gives to a reading, if nothing is ever cut short.
fn part<'a>(log: &'a [(Seq, Vec<u8>, bool)], read: &Read) -> Part<(Seq, &'a [u8])> {
    let up_to = |last: Seq| log.iter().filter(move |(seq, ..)| *seq <= last);
    let given = |(seq, json, _): &'a (Seq, Vec<u8>, bool)| (*seq, &json[..]);
    match *read {
        Read::Events { first, last } => {
            let events = up_to(last).filter(|(seq, ..)| *seq >= first).map(given).collect();
            Part { events, more_before: false, more_after: false, last }
        }
        Read::Cheeps { pivot, back, forth, last } => {
            let cheeps = up_to(last).filter(|(.., is_cheep)| *is_cheep).map(given);
            let (before, after): (Vec<_>, Vec<_>) = cheeps.partition(|(seq, _)| *seq <= pivot);
            let (more_before, more_after) = (before.len() > back, after.len() > forth);
            let older = before.into_iter().rev().take(back).rev();
            Part { events: older.chain(after.into_iter().take(forth)).collect(), more_before, more_after, last }
        }
        Read::Thread { .. } | Read::Search { .. } => panic!("only a store reads {read:?}"),
    }
}

fn encoded(log: &[Event]) -> Vec<(Seq, Vec<u8>, bool)> {
    log.iter().map(|event| (event.seq(), event.to_json().into_bytes(), event.as_cheep().is_some())).collect()
}

fn received(page: &Page) -> Received {
    match ServerFrame::parse(&page.json) {
        Ok(ServerFrame::Page(page)) => page,
        other => panic!("not a page: {other:?}"),
    }
}

fn head_of(log: &[(Seq, Vec<u8>, bool)]) -> Seq {
    log.last().map_or(Seq::ZERO, |(seq, ..)| *seq)
}

fn ask(log: &[(Seq, Vec<u8>, bool)], range: Range, limit: usize) -> (Page, Received) {
    let selection = select(&Question::History(History { range, limit }), head_of(log));
    let page = encode(None, &selection, head_of(log), &part(log, &selection.read));
    let received = received(&page);
    (page, received)
}

/// A log with cheeps at these places and changes at all others.
fn log_with(cheeps: &[u64], head: u64) -> Vec<(Seq, Vec<u8>, bool)> {
    let event = |number| {
        if cheeps.contains(&number) { Event::Cheep(cheep(number, "hi")) } else { Event::Void { seq: seq(number) } }
    };
    encoded(&(1..=head).map(event).collect::<Vec<_>>())
}

/// A page in a word: its events, the seqs that it speaks for, whether there is more, whether it starts afresh.
fn found(log: &[(Seq, Vec<u8>, bool)], range: Range, limit: usize) -> (Vec<u64>, u64, u64, bool, bool) {
    let (_, page) = ask(log, range, limit);
    let seqs = page.events.iter().map(|event| event.seq().get()).collect();
    (seqs, page.from.get(), page.to.get(), page.more, page.reset)
}

#[test]
fn newest_has_cheeps_alone_and_speaks_up_to_the_head() {
    let log = log_with(&[1, 2, 5, 6], 9);
    assert_eq!(found(&log, Range::Newest, 2), (vec![5, 6], 5, 9, true, false));
    assert_eq!(found(&log, Range::Newest, 4), (vec![1, 2, 5, 6], 1, 9, false, false));
    assert_eq!(found(&log, Range::Newest, usize::MAX), (vec![1, 2, 5, 6], 1, 9, false, false));
    assert_eq!(found(&[], Range::Newest, 3), (vec![], 1, 0, false, false));
}

#[test]
fn a_page_without_anything_that_was_wanted_speaks_for_nothing() {
    let log = log_with(&[1, 2, 5, 6], 9);
    assert_eq!(found(&log, Range::Newest, 0), (vec![], 10, 9, true, false));
    assert_eq!(found(&log, Range::Before(seq(5)), 0), (vec![], 5, 4, true, false));
    assert_eq!(found(&log, Range::After(seq(5)), 0), (vec![], 6, 5, true, false));
    assert_eq!(found(&[], Range::Newest, 0), (vec![], 1, 0, false, false));
}

#[test]
fn before_is_exclusive_and_beyond_the_head_is_the_newest() {
    let log = log_with(&[1, 2, 5, 6], 9);
    assert_eq!(found(&log, Range::Before(seq(6)), 2), (vec![2, 5], 2, 5, true, false));
    assert_eq!(found(&log, Range::Before(seq(5)), 2), (vec![1, 2], 1, 4, false, false));
    assert_eq!(found(&log, Range::Before(seq(5)), 1), (vec![2], 2, 4, true, false));
    assert_eq!(found(&log, Range::Before(seq(1)), 3), (vec![], 1, 0, false, false));
    assert_eq!(found(&log, Range::Before(seq(0)), 3), (vec![], 1, 0, false, false));
    assert_eq!(found(&log, Range::Before(seq(99)), 1), (vec![6], 6, 9, true, false));
}

#[test]
fn after_is_exclusive_and_has_every_event_and_beyond_the_head_starts_afresh() {
    let log = log_with(&[1, 2, 5, 6], 9);
    assert_eq!(found(&log, Range::After(seq(2)), 2), (vec![3, 4], 3, 4, true, false));
    assert_eq!(found(&log, Range::After(seq(7)), 3), (vec![8, 9], 8, 9, false, false));
    assert_eq!(found(&log, Range::After(seq(9)), 3), (vec![], 10, 9, false, false));
    assert_eq!(found(&log, Range::After(seq(10)), 2), (vec![5, 6], 5, 9, true, true));
    assert_eq!(found(&[], Range::After(seq(1)), 3), (vec![], 1, 0, false, true));
}

#[test]
fn around_has_its_seq_in_the_middle_and_uses_what_one_side_lacks() {
    let every = log_with(&(1..=100).collect::<Vec<_>>(), 100);
    assert_eq!(found(&every, Range::Around(seq(50)), 4), (vec![49, 50, 51, 52], 49, 52, true, false));
    assert_eq!(found(&every, Range::Around(seq(50)), 5), (vec![48, 49, 50, 51, 52], 48, 52, true, false));
    assert_eq!(found(&every, Range::Around(seq(50)), 1), (vec![50], 50, 50, true, false));
    assert_eq!(found(&every, Range::Around(seq(0)), 3), (vec![1, 2, 3], 1, 3, true, false));
    assert_eq!(found(&every, Range::Around(seq(99)), 4), (vec![97, 98, 99, 100], 97, 100, true, false));
    assert_eq!(found(&every, Range::Around(seq(500)), 2), (vec![99, 100], 99, 100, true, false));
    let log = log_with(&[1, 2, 5, 6], 9);
    assert_eq!(found(&log, Range::Around(seq(4)), 2), (vec![2, 5], 2, 5, true, false));
    assert_eq!(found(&log, Range::Around(seq(5)), 3), (vec![2, 5, 6], 2, 9, true, false));
    assert_eq!(found(&log, Range::Around(seq(3)), 9), (vec![1, 2, 5, 6], 1, 9, false, false));
}

#[test]
fn a_request_gets_at_most_a_page() {
    let log = log_with(&(1..=300).collect::<Vec<_>>(), 300);
    for range in [Range::Newest, Range::Before(seq(290)), Range::After(seq(9)), Range::Around(seq(150))] {
        assert_eq!(found(&log, range, usize::MAX).0.len(), limits::PAGE, "{range:?}");
    }
}

#[test]
fn a_thread_is_read_on_after_its_page_and_a_search_before_it() {
    let log = log_with(&[1, 3, 4], 9);
    let events = || part(&log, &Read::Cheeps { pivot: seq(9), back: 9, forth: 0, last: seq(9) }).events;
    let page = |question: &Question, more_before, more_after, last| {
        let selection = select(question, seq(9));
        let page = encode(None, &selection, seq(9), &Part { events: events(), more_before, more_after, last });
        let Received { events, from, to, head, more, .. } = received(&page);
        assert_eq!((events.len(), head, page.forward, page.last), (3, seq(9), false, to));
        (from.get(), to.get(), more)
    };
    let thread = Question::Thread(Thread { seq: seq(3), after: None });
    assert_eq!(page(&thread, false, false, seq(9)), (1, 9, false));
    assert_eq!(page(&thread, false, true, seq(9)), (1, 4, true), "after 4 come the other answers");
    let on = Question::Thread(Thread { seq: seq(3), after: Some(seq(2)) });
    assert_eq!(page(&on, false, false, seq(9)), (3, 9, false), "of what came before, its asker was told before");
    // A store may give more of it than a page holds.
    let long = log_with(&(1..=300).collect::<Vec<_>>(), 300);
    let events = part(&long, &Read::Events { first: seq(1), last: seq(300) }).events;
    let selection = select(&thread, seq(300));
    let long = Part { events, more_before: false, more_after: false, last: seq(300) };
    let Received { events, to, more, .. } = received(&encode(None, &selection, seq(300), &long));
    assert_eq!((events.len(), to.get(), more), (200, 200, true));
    let q = Query::parse("hi").unwrap();
    let search = |before| Question::Search(Search { q: q.clone(), before, limit: 3 });
    // The index is behind: it speaks up to 7 only.
    assert_eq!(page(&search(None), false, false, seq(7)), (1, 7, false));
    assert_eq!(page(&search(None), true, false, seq(7)), (1, 7, true));
    assert_eq!(page(&search(Some(seq(6))), true, false, seq(7)), (1, 5, true));
}

/// A log of fewer than so many events. Texts have up to `chars` characters, and few are different, for to clean one takes long.
fn logs(most: usize, chars: usize) -> impl Strategy<Value = Vec<Event>> {
    let texts = prop::collection::vec(1..=chars, 1..5);
    let places = prop::collection::vec((any::<Index>(), prop::bool::weighted(0.6)), 0..most);
    (texts, places).prop_map(|(chars, places)| {
        let texts: Vec<CheepText> = chars.iter().map(|&chars| CheepText::cleaned(&"é\"".repeat(chars))).collect();
        let event = |(at, (text, is_cheep)): (u64, &(Index, bool))| {
            // There is nothing to change before the first cheep.
            if at == 1 || *is_cheep {
                Event::Cheep(cheeper_protocol::Cheep { cheep: text.get(&texts).clone(), ..cheep(at, "") })
            } else {
                Event::Void { seq: seq(at) }
            }
        };
        (1..).zip(&places).map(event).collect()
    })
}

fn ranges(most: u64) -> impl Strategy<Value = Range> {
    (0..most, 0..4_u8).prop_map(|(number, kind)| match kind {
        0 => Range::Newest,
        1 => Range::Before(seq(number)),
        2 => Range::After(seq(number)),
        _ => Range::Around(seq(number)),
    })
}

proptest! {
    // Each case reads up to 256 KiB back.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_page_reads_back_and_has_all_that_it_speaks_for(
        log in prop_oneof![logs(400, 20), logs(120, 4000)],
        range in ranges(420),
        limit in 0..300_usize,
        id in prop::option::of("\\PC{1,16}"),
    ) {
        let id = id.map(|id| request_id(&id));
        let log = encoded(&log);
        let head = head_of(&log);
        let selection = select(&Question::History(History { range, limit }), head);
        let page = encode(id.as_ref(), &selection, head, &part(&log, &selection.read));
        prop_assert!(page.json.len() <= limits::PAGE_BYTES);
        let Received { id: got, events, from, to, head: told, more, reset, .. } = received(&page);
        prop_assert_eq!((got, told, more, reset, to), (id, head, page.more, selection.reset, page.last));
        prop_assert_eq!(page.forward, matches!(range, Range::After(after) if after <= head));
        prop_assert!(events.len() <= limit.min(limits::PAGE));
        let wanted = |is_cheep: bool| page.forward || is_cheep;
        let spoken_for: Vec<Seq> = log
            .iter()
            .filter(|(seq, _, is_cheep)| (from..=to).contains(seq) && wanted(*is_cheep))
            .map(|(seq, ..)| *seq)
            .collect();
        prop_assert_eq!(events.iter().map(Event::seq).collect::<Vec<_>>(), spoken_for);
        let lacks_older = log.iter().any(|(seq, _, is_cheep)| *seq < from && *is_cheep);
        let lacks_newer = log.iter().any(|(seq, _, is_cheep)| *seq > to && wanted(*is_cheep));
        match range {
            Range::After(after) if page.forward => {
                prop_assert!(from == after.next() && more == lacks_newer && (!events.is_empty() || after == head || limit == 0));
            }
            Range::Around(_) => prop_assert_eq!(more, lacks_older || lacks_newer),
            Range::Before(before) => {
                prop_assert!(to == before.previous().min(head) && more == lacks_older);
                prop_assert!(from == Seq::ZERO.next() || lacks_older);
            }
            Range::Newest | Range::After(_) => prop_assert!(to == head && more == lacks_older),
        }
    }

    /// Whoever reads on, in either direction, learns of every place once.
    #[test]
    fn pages_that_follow_each_other_leave_no_hole_and_do_not_overlap(
        log in prop_oneof![logs(400, 20), logs(90, 4000)],
        limits in prop::collection::vec(1..90_usize, 1..5),
    ) {
        let log = encoded(&log);
        let head = head_of(&log);
        let mut each = limits.iter().copied().cycle();
        let mut limit = || each.next().unwrap();

        let (mut range, mut next, mut cheeps) = (Range::Newest, head, 0);
        loop {
            let (_, page) = ask(&log, range, limit());
            prop_assert_eq!(page.to, next);
            prop_assert!(page.more || page.from == Seq::ZERO.next());
            cheeps += page.events.len();
            (range, next) = (Range::Before(page.from), page.from.previous());
            if !page.more {
                break;
            }
        }
        prop_assert_eq!(cheeps, log.iter().filter(|(.., is_cheep)| *is_cheep).count());

        let mut cursor = Seq::ZERO;
        loop {
            let (page, Received { from, to, events, more, .. }) = ask(&log, Range::After(cursor), limit());
            prop_assert_eq!(from, cursor.next());
            prop_assert_eq!(events.len() as u64, to.get() - cursor.get());
            cursor = page.last;
            if !more {
                break;
            }
        }
        prop_assert_eq!(cursor, head);
    }
}

/// What somebody asks a timeline to do.
#[derive(Clone, Debug)]
enum Asked {
    Post(usize, Option<u64>),
    Edit(u64, usize),
    Delete(u64),
    React(u64, bool),
}

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        6 => (1..1500_usize, prop::option::weighted(0.2, 1..250_u64)).prop_map(|(chars, to)| Asked::Post(chars, to)),
        2 => (1..250_u64, 1..1500_usize).prop_map(|(target, chars)| Asked::Edit(target, chars)),
        1 => (1..250_u64).prop_map(Asked::Delete),
        2 => (1..250_u64, any::<bool>()).prop_map(|(target, on)| Asked::React(target, on)),
    ]
}

fn command(asked: &Asked, head: Seq) -> Command {
    let author = Author {
        name: name("alice"),
        secret: Some(Secret::parse("alice's own secret").unwrap()),
        role: Role::Member,
        person: Person(1),
        link: None,
    };
    let text = |chars: usize| CheepText::cleaned(&"🐦".repeat(chars));
    // Most are of something that is there.
    let target = |number: u64| seq(1 + number % (head.get() + 2));
    match *asked {
        Asked::Post(chars, to) => {
            Command::Post(Post { author, cheep: text(chars), reply_to: to.map(target), id: None })
        }
        Asked::Edit(at, chars) => Command::Edit(Edit { author, target: target(at), cheep: text(chars), id: None }),
        Asked::Delete(at) => Command::Delete(Delete { author, target: target(at), id: None }),
        Asked::React(at, on) => {
            Command::React(React { author, target: target(at), emoji: Emoji::parse("🎉").unwrap(), on, id: None })
        }
    }
}

fn page_of(timeline: &dyn Timeline, selection: &Selection, head: Seq) -> Page {
    let (sender, receiver) = mpsc::channel();
    timeline.read(selection.read.clone(), Box::new(move |part| sender.send(part).unwrap()));
    let Part { events, more_before, more_after, last } = receiver.recv().unwrap().unwrap();
    let events = encoded(&events);
    let events = events.iter().map(|(seq, json, _)| (*seq, &json[..])).collect();
    encode(None, selection, head, &Part { events, more_before, more_after, last })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// A timeline stops reading where a page is full, and the ring may be small: nobody can tell from the page.
    #[test]
    fn a_page_is_the_same_from_the_ring_and_from_the_timeline(
        asked in prop::collection::vec(asked(), 1..240),
        questions in prop::collection::vec((ranges(250), 1..220_usize, 0..10_u64), 1..8),
        capacity_bytes in 1..1_000_000_usize,
    ) {
        let rings = [usize::MAX, capacity_bytes].map(|bytes| Arc::new(Tail::new(Seq::ZERO, bytes)));
        let published = rings.clone();
        let publish = move |events: &[Event]| published.iter().for_each(|ring| ring.push(events));
        let timeline = Memory::new("a timeline").start(Box::new(publish), Box::new(|_| {})).unwrap();
        let Command::Delete(Delete { author, .. }) = command(&Asked::Delete(1), Seq::ZERO) else { unreachable!() };
        timeline.submit(Command::Claim(Claim { author, may_claim: Ok(()) }), Box::new(|named| drop(named.unwrap())));
        for asked in &asked {
            // What cannot be done is refused, and changes nothing.
            timeline.submit(command(asked, rings[0].head()), Box::new(drop));
        }
        for (range, limit, behind) in questions {
            // The newest of those who ask know of all; others came a moment before.
            let head = seq(rings[0].head().get().saturating_sub(behind));
            let selection = select(&Question::History(History { range, limit }), head);
            let page = page_of(&timeline, &selection, head);
            let of_ring = |ring: &Tail| ring.part(&selection.read, |part| encode(None, &selection, head, part));
            prop_assert!(of_ring(&rings[0]).as_ref() == Ok(&page), "{range:?} {limit} of {head}");
            if let Ok(of_small) = of_ring(&rings[1]) {
                prop_assert!(of_small == page, "{range:?} {limit} of {head}");
            }
        }
    }
}

/// A page of a log of which nothing before `floor` is kept, read when nothing before `now` was.
fn above(log: &[(Seq, Vec<u8>, bool)], range: Range, limit: usize, [floor, now]: [u64; 2]) -> Received {
    let head = head_of(log);
    let selection = select(&Question::History(History { range, limit }), head).above(seq(floor), head);
    let kept: Vec<_> = log.iter().filter(|(seq, ..)| seq.get() >= now).cloned().collect();
    received(&encode(None, &selection, head, &part(&kept, &selection.read)))
}

#[test]
fn a_page_begins_at_the_floor_and_says_what_is_missing() {
    let log = log_with(&(1..=40).collect::<Vec<_>>(), 40);
    let said = |page: &Received| {
        let seqs: Vec<u64> = page.events.iter().map(|event| event.seq().get()).collect();
        (seqs, page.from.get(), page.to.get(), page.more, page.floor.map(Seq::get), page.missing)
    };
    let ask = |range, limit, floors| said(&above(&log, range, limit, floors));
    let nothing = Vec::<u64>::new;
    assert_eq!(ask(Range::After(seq(3)), 2, [30, 30]), (vec![30, 31], 30, 31, true, Some(30), true));
    assert_eq!(ask(Range::After(seq(3)), 50, [30, 30]), ((30..=40).collect(), 30, 40, false, Some(30), true));
    assert_eq!(
        ask(Range::After(seq(29)), 2, [30, 30]),
        (vec![30, 31], 30, 31, true, Some(30), false),
        "all after it is there"
    );
    assert_eq!(ask(Range::After(seq(35)), 2, [30, 30]), (vec![36, 37], 36, 37, true, Some(30), false));
    assert_eq!(ask(Range::After(seq(0)), 2, [1, 1]), (vec![1, 2], 1, 2, true, None, false));
    // All is gone.
    assert_eq!(ask(Range::After(seq(3)), 2, [41, 41]), (nothing(), 41, 40, false, Some(41), true));
    assert_eq!(ask(Range::Newest, 2, [41, 41]), (nothing(), 41, 40, false, Some(41), false));
    // It has risen since it was asked for.
    assert_eq!(ask(Range::After(seq(3)), 9, [20, 25]), ((25..29).collect(), 25, 28, true, Some(25), true));
    assert_eq!(ask(Range::After(seq(3)), 9, [20, 35]), (nothing(), 29, 28, true, Some(29), true), "asking on goes on");
    assert_eq!(ask(Range::Before(seq(33)), 9, [30, 30]), (vec![30, 31, 32], 30, 32, false, Some(30), false));
    assert_eq!(ask(Range::Before(seq(7)), 9, [30, 30]), (nothing(), 30, 29, false, Some(30), false));
    assert_eq!(ask(Range::Newest, 50, [30, 30]), ((30..=40).collect(), 30, 40, false, Some(30), false));
    assert_eq!(ask(Range::Around(seq(2)), 4, [30, 30]), ((30..34).collect(), 30, 33, true, Some(30), false));
}
