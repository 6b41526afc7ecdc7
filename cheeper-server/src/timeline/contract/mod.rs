//! What every engine promises, as tests. An engine's own tests say where its logs lie ([`Site`]) and call [`contract!`];
//! they are held against the naive engine on the same commands, with restarts and kills in between.
//!
//! The normal run tries few cases; `PROPTEST_CASES=20000 cargo test -p cheeper-server --lib contract` tries thousands.

mod running;
mod script;
mod search;
mod story;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Barrier, mpsc},
    thread,
};

use cheeper_protocol::{Action, AuditQuery, Cheep, CheepText, Code, Entry, Event, Seq, limits::PAGE_BYTES};
use proptest::{prelude::*, test_runner::TestCaseResult};

use self::running::{Answered, Running, timeless, timeless_outcome};
pub(super) use self::{
    running::Site,
    script::{Step, author, posts, retryable, scripts},
    search::{finds, searches},
    story::{hands_names_on, keeps_order},
};
use super::{
    AccessChange, Claim, Command, Engine as _, Outcome, Part, Post, Posted, Read, memory::Memory, rules::makes_void,
};

/// A fraction of the cases that a run is told to try: each of these takes long.
pub(super) fn one_in(fraction: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.div_ceil(fraction), ..config }
}

/// The suite, for the engine of a [`Site`].
macro_rules! contract {
    ($site:ty) => {
        mod contract {
            use proptest::prelude::*;

            use super::*;
            use $crate::timeline::contract;

            #[test]
            fn a_closed_log_refuses_everything_and_can_be_opened_again() {
                contract::closes::<$site>();
            }

            #[test]
            fn what_is_written_under_a_name_stays_its_holders_of_then() {
                contract::hands_names_on::<$site>();
            }

            #[test]
            fn mutes_links_and_sessions_stand_until_they_are_undone() {
                contract::keeps_order::<$site>();
            }

            proptest! {
                #![proptest_config(contract::one_in(8))]

                #[test]
                fn it_answers_and_keeps_what_the_reference_does(script in contract::scripts()) {
                    contract::agrees::<$site>(script)?;
                }
            }

            proptest! {
                #![proptest_config(contract::one_in(16))]

                #[test]
                fn a_search_finds_what_the_reference_does(script in contract::searches()) {
                    contract::finds::<$site>(script)?;
                }

                #[test]
                fn the_log_is_dense_and_published_in_order(posts in contract::posts(60)) {
                    contract::orders::<$site>(&posts)?;
                }

                #[test]
                fn what_was_acked_survives_a_kill_amid_others(
                    commands in contract::retryable(60),
                    acked in 0..60_usize,
                ) {
                    contract::survives::<$site>(&commands, acked)?;
                }

                #[test]
                fn what_was_published_survives_a_kill_right_then(
                    commands in contract::retryable(60),
                    nth in 1..12_usize,
                ) {
                    contract::publishes_what_is_durable::<$site>(&commands, nth)?;
                }
            }

            proptest! {
                #![proptest_config(contract::one_in(64))]

                #[test]
                fn a_long_span_is_cut_only_where_a_page_is_full_already(
                    lengths in prop::collection::vec(1..20_000_usize, 1..40),
                    spans in prop::collection::vec((0..45_u64, 0..45_u64, 0..45_u64), 1..8),
                ) {
                    contract::cuts::<$site>(&lengths, &spans)?;
                }
            }
        }
    };
}
pub(super) use contract;

/// One life: every answer is the naive engine's, and so is what is read and what stands in the log in the end; each event
/// is published once, in order, before its author is answered; and whoever has heard all of them, and applied them as clients
/// do, has what is read in the end.
pub(super) fn agrees<S: Site>(script: Vec<Step>) -> TestCaseResult {
    let model = Memory::new("reference");
    let reference = Running::start(model.clone());
    let mut site = S::new();
    let mut running = Running::start(site.open());
    let id = running.timeline.id().to_owned();
    let (mut published, mut admitted) = (Vec::new(), Vec::new());
    for step in script {
        match step {
            Step::Commands(commands) => {
                let expected = reference.carry_out(commands.clone());
                let answers = running.carry_out(commands);
                prop_assert_eq!(answers.len(), expected.len());
                for (answered, expected) in answers.iter().zip(&expected) {
                    prop_assert_eq!(timeless_outcome(&answered.outcome), timeless_outcome(&expected.outcome));
                    if let Some((seq, ..)) = answered.event() {
                        prop_assert!(seq <= answered.newest, "{seq} was acked before it was published");
                    }
                    prop_assert!(is_admitted(answered), "{:?} was answered before it was told", answered.outcome);
                }
                continue;
            }
            Step::Audit(query) => {
                prop_assert_eq!(running.audit(query), reference.audit(query));
                continue;
            }
            Step::Read(read) => {
                let [read, expected] = [&running, &reference].map(|log| {
                    let part = log.read(read.clone());
                    part.map(|part| Part { events: timeless(part.events), ..part })
                });
                prop_assert_eq!(read, expected);
                continue;
            }
            Step::Restart => running.timeline.close().unwrap(),
            Step::Crash => {
                let image = site.image();
                running.timeline.close().unwrap();
                site = image;
            }
        }
        published.extend(running.published());
        admitted.extend(running.admitted());
        let engine = site.open();
        prop_assert_eq!(engine.head(), model.head());
        prop_assert_eq!(engine.access().unwrap(), model.access().unwrap());
        for (count, bytes) in [(0, 100), (3, 1), (7, 300), (100, 2000), (100, usize::MAX)] {
            let newest = timeless(engine.newest(count, bytes).unwrap());
            prop_assert_eq!(newest, timeless(model.newest(count, bytes).unwrap()));
        }
        running = Running::start(engine);
    }
    let log = running.log();
    published.extend(running.published());
    admitted.extend(running.admitted());
    prop_assert_eq!(&admitted, &reference.admitted());
    prop_assert_eq!(admits(&admitted), admits(&model.access().unwrap()));
    let whole = AuditQuery { before: None, limit: usize::MAX };
    prop_assert_eq!(running.audit(whole), reference.audit(whole));
    prop_assert!(is_dense(&published));
    prop_assert_eq!(timeless(published.clone()), timeless(reference.published()));
    prop_assert_eq!(&present(&published), &log);
    prop_assert_eq!(&cheeps(&log), &running.cheeps());
    forgets(&log)?;
    prop_assert_eq!(timeless(log), timeless(reference.log()));
    prop_assert_eq!(running.timeline.id(), id);
    Ok(())
}

/// Whether a link or a session had been told of when it was answered.
fn is_admitted(answered: &Answered) -> bool {
    let Ok(Outcome::Moderated(Entry { action, .. })) = &answered.outcome else { return true };
    answered.admitted.iter().any(|change| match (action, change) {
        (Action::Link { link, .. }, AccessChange::LinkMade { link: made, .. }) => *link == made.0,
        (Action::Join { link }, AccessChange::SessionOpened { link: by, .. }) => *link == by.0,
        _ => false,
    }) || !matches!(action, Action::Link { .. } | Action::Join { .. })
}

/// Who may come in after these changes: the links, and with each the people who did.
fn admits(changes: &[AccessChange]) -> BTreeMap<u32, Vec<u64>> {
    let mut links = BTreeMap::<_, Vec<_>>::new();
    for change in changes {
        match change {
            AccessChange::LinkMade { link, .. } => links.entry(link.0).or_default().clear(),
            AccessChange::LinkEnded(link) => drop(links.remove(&link.0)),
            AccessChange::SessionOpened { link, person, .. } => links.get_mut(&link.0).unwrap().push(person.0),
            AccessChange::SessionEnded { link, person } => {
                let people = links.get_mut(&link.0).unwrap();
                let at = people.iter().position(|known| *known == person.0).unwrap();
                people.remove(at);
            }
        }
    }
    for people in links.values_mut() {
        people.sort_unstable();
    }
    links
}

/// Whatever is posted, from many threads at once: the log is dense, everything new is published once, in order, and each
/// thread's own stands in the order in which it was posted.
pub(super) fn orders<S: Site>(posts: &[Post]) -> TestCaseResult {
    let site = S::new();
    let running = Running::start(site.open());
    let (sender, receiver) = mpsc::channel();
    let chunk = posts.len().div_ceil(3);
    let barrier = Barrier::new(posts.chunks(chunk).len());
    thread::scope(|scope| {
        for (nth, posts) in posts.chunks(chunk).enumerate() {
            let (running, barrier, sender) = (&running, &barrier, sender.clone());
            scope.spawn(move || {
                barrier.wait();
                for (number, post) in posts.iter().enumerate() {
                    running.submit(nth * chunk + number, Command::Post(post.clone()), &sender);
                }
            });
        }
    });
    drop(sender);
    let answers: HashMap<usize, _> = receiver.iter().collect();
    prop_assert_eq!(answers.len(), posts.len());
    let log = running.log();
    prop_assert!(is_dense(&log), "{:?}", log);
    prop_assert_eq!(&running.published(), &log);
    let mut fresh = 0;
    for from in (0..posts.len()).step_by(chunk) {
        let mut before = Seq::ZERO;
        for answered in (from..posts.len().min(from + chunk)).map(|number| &answers[&number]) {
            let Ok(Outcome::Posted(Posted { cheep, duplicate })) = &answered.outcome else { continue };
            prop_assert!(cheep.seq <= answered.newest, "{} was acked before it was published", cheep.seq);
            prop_assert!(log.contains(&Event::Cheep(cheep.clone())));
            if !duplicate {
                prop_assert!(before < cheep.seq, "{} overtook {before}", cheep.seq);
                before = cheep.seq;
                fresh += 1;
            }
        }
    }
    prop_assert_eq!(fresh, log.len());
    Ok(())
}

/// What the log holds once these events have come, in order.
pub(super) fn present(published: &[Event]) -> Vec<Event> {
    let mut log: Vec<Event> = Vec::new();
    for event in published {
        for earlier in &mut log {
            if makes_void(event, earlier) {
                *earlier = Event::Void { seq: earlier.seq() };
            }
            if let Event::Cheep(cheep) = earlier {
                cheep.apply(event);
            }
        }
        log.push(event.clone());
    }
    log
}

fn cheeps(log: &[Event]) -> Vec<Event> {
    log.iter().filter(|event| event.as_cheep().is_some()).cloned().collect()
}

/// Nothing is left of what was deleted, nor of a text that was corrected.
fn forgets(log: &[Event]) -> TestCaseResult {
    let find = |seq: Seq| log.iter().find_map(|event| event.as_cheep().filter(|cheep| cheep.seq == seq)).unwrap();
    for event in log {
        match event {
            Event::Cheep(cheep) => {
                prop_assert_eq!(cheep.cheep.as_str().is_empty(), cheep.is_deleted());
                prop_assert!(cheep.state.reactions.is_empty() || !cheep.is_deleted());
            }
            Event::Edit(edit) => prop_assert_eq!(&find(edit.target).cheep, &edit.cheep),
            Event::Reaction(reaction) => prop_assert!(!find(reaction.target).is_deleted()),
            Event::Delete(delete) => prop_assert!(find(delete.target).is_deleted()),
            Event::Void { .. } | Event::Unknown { .. } => {}
        }
    }
    Ok(())
}

/// Killed when `acked` commands are answered and the others anywhere.
pub(super) fn survives<S: Site>(commands: &[Command], acked: usize) -> TestCaseResult {
    let site = S::new();
    let running = Running::start(site.open());
    let (sender, receiver) = mpsc::channel();
    for (number, command) in commands.iter().enumerate() {
        running.submit(number, command.clone(), &sender);
    }
    let acked: Vec<_> = receiver.iter().take(acked.min(commands.len())).collect();
    let image = site.image();
    running.timeline.close().unwrap();
    recovers(&image, commands, &acked)
}

/// Killed in the middle of being told of an event, the earliest that anybody can know of it.
pub(super) fn publishes_what_is_durable<S: Site>(commands: &[Command], nth: usize) -> TestCaseResult {
    let site = Arc::new(S::new());
    let (killed, images) = mpsc::channel();
    let (from, mut alive) = (site.clone(), true);
    let running = Running::watched(site.open(), move |published| {
        if alive && published.len() >= nth {
            alive = false;
            killed.send((from.image(), published.to_vec())).unwrap();
        }
    });
    running.carry_out(commands.to_vec());
    running.timeline.close().unwrap();
    let Ok((image, published)) = images.try_recv() else { return Ok(()) };
    let found = Running::start(image.open());
    prop_assert_eq!(found.log(), present(&published));
    found.timeline.close().unwrap();
    recovers(&image, commands, &[])
}

/// After a kill: the log is sound, and whoever asks for the same again finds what was acked in its place.
fn recovers<S: Site>(image: &S, commands: &[Command], acked: &[(usize, Answered)]) -> TestCaseResult {
    let running = Running::start(image.open());
    let left = running.log();
    prop_assert!(is_dense(&left), "{:?}", left);
    forgets(&left)?;
    let again = running.carry_out(commands.to_vec());
    for (number, answered) in acked {
        if let Some((seq, at, false)) = answered.event() {
            prop_assert_eq!(again[*number].event(), Some((seq, at, true)), "{} is lost", seq);
        }
    }
    let log = running.log();
    let new: Vec<_> = running.published().iter().map(Event::seq).collect();
    prop_assert!(is_dense(&log), "{:?}", log);
    prop_assert_eq!(new, log[left.len()..].iter().map(Event::seq).collect::<Vec<_>>());
    forgets(&log)
}

/// What is read of a span is a piece of it around its pivot. A side that ends too early ends with the event that fills a
/// page, so that nobody who makes a page of it can tell, and no side is longer than that.
pub(super) fn cuts<S: Site>(lengths: &[usize], spans: &[(u64, u64, u64)]) -> TestCaseResult {
    let site = S::new();
    let running = Running::start(site.open());
    let post = |length: &usize| {
        // A wide character, as it is the characters that cost time here.
        let cheep = CheepText::cleaned(&"🐦".repeat(*length));
        Command::Post(Post { author: author("alice", None), cheep, reply_to: None, id: None })
    };
    running.carry_out(lengths.iter().map(post).collect());
    let log = running.published();
    prop_assert_eq!(log.len(), lengths.len());
    for numbers in spans {
        let [_, last, pivot] = <[u64; 3]>::from(*numbers).map(|number| Seq::new(number).unwrap());
        let (back, forth) = (100, 100);
        let pivot = pivot.min(last);
        let mut read = running.read(Read::Cheeps { pivot, back, forth, last }).unwrap().events;
        let span = log.iter().filter(|event| event.seq() <= last).cloned();
        let (mut before, after): (Vec<_>, Vec<_>) = span.partition(|event| event.seq() <= pivot);
        let read_after = read.split_off(read.partition_point(|event| event.seq() <= pivot));
        before.reverse();
        read.reverse();
        for (read, side) in [(read, before), (read_after, after)] {
            prop_assert!(side.starts_with(&read));
            let bytes = |events: &[Event]| events.iter().map(|event| cheep(event).cheep.as_str().len()).sum::<usize>();
            prop_assert!(read.len() == side.len() || bytes(&read) >= PAGE_BYTES, "cut after {}", bytes(&read));
            let others = &read[..read.len().saturating_sub(1)];
            prop_assert!(bytes(others) < PAGE_BYTES, "{} bytes were not enough", bytes(others));
        }
    }
    Ok(())
}

/// After a close nothing is carried out, and the log is there for the next.
pub(super) fn closes<S: Site>() {
    let site = S::new();
    let running = Running::start(site.open());
    let post = |text: &str| {
        let cheep = CheepText::parse(text, 280).unwrap();
        Command::Post(Post { author: author("alice", None), cheep, reply_to: None, id: None })
    };
    let claim = Command::Claim(Claim { author: author("bob", Some("bob's own secret")), may_claim: Ok(()) });
    let first = running.carry_out(vec![post("in time")]).remove(0).outcome;
    running.timeline.close().unwrap();
    for answered in running.carry_out(vec![post("late"), claim]) {
        assert_eq!(answered.outcome.unwrap_err().code, Code::NotStored);
    }
    let read = Read::Events { first: Seq::ZERO, last: Seq::ZERO.next() };
    assert_eq!(running.read(read).unwrap_err().code, Code::Internal);
    running.timeline.close().unwrap();

    let again = Running::start(site.open());
    let Ok(Outcome::Posted(Posted { cheep, duplicate: false })) = first else { panic!("{first:?}") };
    assert_eq!(again.log(), [Event::Cheep(cheep)]);
    let free = Command::Claim(Claim { author: author("bob", None), may_claim: Ok(()) });
    let Ok(Outcome::Named(named)) = &again.carry_out(vec![free])[0].outcome else { panic!("bob is nobody's") };
    assert!(!named.claimed);
}

fn is_dense(log: &[Event]) -> bool {
    log.iter().map(|event| event.seq().get()).eq(1..=log.len() as u64)
}

fn cheep(event: &Event) -> &Cheep {
    match event {
        Event::Cheep(cheep) => cheep,
        other => panic!("{other:?} is no cheep"),
    }
}
