//! The oldest events go: what is left is what it was, and nothing else is there.

use std::{io::Cursor, thread};

use cheeper_protocol::Emoji;
use proptest::prelude::*;

use super::{
    erasing::{Step, holder, left, steps, take, within_bounds},
    *,
};
use crate::timeline::{
    Delete, Edit, React,
    contract::one_in,
    sqlite::exchange::{What, export, import},
};

const NEVER: Keep = Keep { days: None, cheeps: None };

fn newest(cheeps: u64) -> Keep {
    Keep { cheeps: Some(cheeps), ..NEVER }
}

fn open_keeping(folder: &TempDir, keep: Keep) -> Opened {
    start(Store::open(&folder.path().join("cheeper.db")).unwrap().keeping(keep))
}

fn seq(number: u64) -> Seq {
    Seq::new(number).unwrap()
}

/// Waits until the floor is there.
fn until_floor(store: &Opened, floor: Seq) {
    while store.timeline.floor() < floor {
        thread::yield_now();
    }
    assert_eq!(store.timeline.floor(), floor);
}

/// What there must be of these events once none before `floor` is kept.
fn above(events: &[Event], floor: Seq) -> Vec<Event> {
    let kept = events.iter().filter(|event| event.seq() >= floor);
    let target = |event: &Event| match event {
        Event::Edit(edit) => edit.target,
        Event::Reaction(reaction) => reaction.target,
        Event::Delete(delete) => delete.target,
        Event::Cheep(_) | Event::Void { .. } | Event::Unknown { .. } => floor,
    };
    kept.map(|event| if target(event) < floor { Event::Void { seq: event.seq() } } else { event.clone() }).collect()
}

/// Where the floor comes to be if so many cheeps are kept.
fn floor_of(events: &[Event], cheeps: usize) -> Seq {
    let seqs: Vec<_> = events.iter().filter(|event| event.as_cheep().is_some()).map(Event::seq).collect();
    seqs.len().checked_sub(cheeps).map_or(seq(1), |at| seqs[at])
}

fn thread_of(store: &Opened, of: Seq) -> Result<Vec<Event>, Refusal> {
    store.read(Read::Thread { thread: Thread { seq: of, after: None }, last: seq(SEQ_MAX) })
}

proptest! {
    #![proptest_config(one_in(64))]

    #[test]
    fn what_is_above_the_floor_stays_as_it_is(steps in steps(), cheeps in 1..20_usize, more in steps()) {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        take(&store, &within_bounds(&steps));
        let before = store.read(everything()).unwrap();
        let floor = floor_of(&before, cheeps);
        let kept = above(&before, floor);
        let threads: Vec<_> = kept.iter().filter(|event| event.as_cheep().is_some()).map(|cheep| {
            let mut thread = thread_of(&store, cheep.seq()).unwrap();
            // Where what it answers is gone, it begins.
            let begins = thread.iter().rposition(|cheep| cheep.seq() < floor).map_or(0, |at| at + 1);
            thread.drain(..begins);
            (cheep.seq(), thread)
        }).collect();
        store.timeline.close().unwrap();

        let store = open_keeping(&folder, newest(cheeps as u64));
        until_floor(&store, floor);
        prop_assert_eq!(&store.read(everything()).unwrap(), &kept);
        for (of, thread) in &threads {
            prop_assert_eq!(&thread_of(&store, *of).unwrap(), thread);
        }
        for gone in before.iter().take_while(|event| event.seq() < floor) {
            prop_assert_eq!(thread_of(&store, gone.seq()).unwrap_err().code, Code::NotFound);
        }
        store.timeline.close().unwrap();
        prop_assert_eq!(Store::check(&folder.path().join("cheeper.db")).unwrap(), Vec::<String>::new());

        // An export of it makes the same.
        let (path, copy) = (folder.path().join("cheeper.db"), folder.path().join("copy.db"));
        let mut lines = Vec::new();
        export(&path, What::Events, &mut lines).unwrap();
        import(&mut Cursor::new(lines), &copy).unwrap();
        let imported = start(Store::open(&copy).unwrap());
        prop_assert_eq!(imported.timeline.floor(), floor);
        prop_assert_eq!(&imported.read(everything()).unwrap(), &kept);

        // It goes on where it was, whatever is changed of what is there and what is not.
        let store = open(&folder);
        prop_assert_eq!(store.timeline.floor(), floor);
        prop_assert_eq!(store.timeline.trouble(), None);
        take_more(&store, &more, before.len() as u64);
        store.timeline.close().unwrap();
        prop_assert_eq!(Store::check(&path).unwrap(), Vec::<String>::new());
    }
}

/// Steps on whatever has one of the places up to the head.
fn take_more(store: &Opened, steps: &[Step], head: u64) {
    for (nth, step) in steps.iter().enumerate() {
        let place = |target: usize| seq((target as u64 * head / 100).max(1));
        let id = Some(RequestId::parse(&nth.to_string()).unwrap());
        let cheep = CheepText::parse(&format!("more {nth}"), 280).unwrap();
        let command = match *step {
            Step::Post { answers, .. } => {
                Command::Post(Post { author: holder(), cheep, reply_to: answers.map(place), id })
            }
            Step::Edit { target, .. } => Command::Edit(Edit { author: holder(), target: place(target), cheep, id }),
            Step::React { target } => {
                let emoji = Emoji::parse("🐱").unwrap();
                Command::React(React { author: holder(), target: place(target), emoji, on: true, id })
            }
            Step::Delete { target } => Command::Delete(Delete { author: holder(), target: place(target), id }),
        };
        if let Err(refusal) = store.submit(command) {
            assert!(!matches!(refusal.code, Code::Internal | Code::NotStored), "{step:?}: {refusal:?}");
        }
    }
    assert_eq!(store.timeline.trouble(), None);
}
