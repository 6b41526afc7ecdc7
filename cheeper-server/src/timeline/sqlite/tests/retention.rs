//! The oldest events go: what is left is what it was, and nothing else is there.

use std::{io::Cursor, iter, thread, time::Instant};

use cheeper_protocol::{Emoji, testkit::PATIENCE};
use proptest::prelude::*;

use super::{
    erasing::{Step, holder, remove, steps, take, within_bounds},
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

/// Waits for what another thread does.
fn until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it is waited for in vain");
        // It lets all others go first.
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until the floor is there.
fn until_floor(store: &Opened, floor: Seq) {
    until(|| store.timeline.floor() >= floor);
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
            Step::Remove { target } => remove(place(target)),
        };
        if let Err(refusal) = store.submit(command) {
            assert!(!matches!(refusal.code, Code::Internal | Code::NotStored), "{step:?}: {refusal:?}");
        }
    }
    assert_eq!(store.timeline.trouble(), None);
}

/// Lines of cheeps that came in so many days ago.
fn lines_of(days_ago: impl Iterator<Item = i64>) -> Vec<u8> {
    let now = cheeper_protocol::Timestamp::now().as_millisecond();
    let cheep = |(nth, days): (usize, i64)| {
        let at = cheeper_protocol::Timestamp::from_millisecond(now - days * 86_400_000).unwrap();
        let seq = nth + 1;
        format!(
            "{{\"type\":\"cheep\",\"seq\":{seq},\"at\":\"{at}\",\"name\":\"alice\",\"cheep\":\"{days} days ago\"}}\n"
        )
    };
    let cheeps: Vec<String> = days_ago.enumerate().map(cheep).collect();
    let head = cheeps.len();
    let header = format!("{{\"cheeper\":\"events\",\"version\":1,\"timeline\":\"old\",\"floor\":1,\"head\":{head}}}\n");
    (header + &cheeps.concat()).into_bytes()
}

fn imported(lines: Vec<u8>) -> TempDir {
    let folder = TempDir::new().unwrap();
    import(&mut Cursor::new(lines), &folder.path().join("cheeper.db")).unwrap();
    folder
}

#[test]
fn what_is_older_than_so_many_days_goes_and_the_rest_stays_whatever_its_time() {
    // One came in when the clock was wrong.
    let folder = imported(lines_of([50, 40, 31, 29, 45, 3, 2].into_iter()));
    let store = open_keeping(&folder, Keep { days: Some(30), ..NEVER });
    until_floor(&store, seq(4));
    let texts: Vec<_> =
        store.read(everything()).unwrap().iter().map(|event| event.as_cheep().unwrap().seq.get()).collect();
    assert_eq!(texts, [4, 5, 6, 7]);
    store.timeline.close().unwrap();
    // Both bounds hold.
    let store = open_keeping(&folder, Keep { days: Some(30), cheeps: Some(2) });
    until_floor(&store, seq(6));
}

#[test]
fn when_all_is_gone_no_place_is_given_twice() {
    let folder = imported(lines_of(iter::repeat_n(40, 30)));
    let store = open_keeping(&folder, Keep { days: Some(30), ..NEVER });
    until_floor(&store, seq(31));
    assert_eq!(store.read(everything()).unwrap(), []);
    store.timeline.close().unwrap();
    assert_eq!(Store::check(&folder.path().join("cheeper.db")).unwrap(), Vec::<String>::new());
    let store = Store::open(&folder.path().join("cheeper.db")).unwrap();
    assert_eq!((store.head(), store.newest(10, usize::MAX).unwrap().len()), (seq(30), 0));
    let store = start(store);
    let posted = store.post(Post { reply_to: None, ..by(author("alice", None), "anew", None) }).unwrap();
    assert_eq!(posted.cheep.seq, seq(31));
    let answer = Post { reply_to: Some(seq(30)), ..by(author("alice", None), "to what is gone", None) };
    assert_eq!(store.post(answer).unwrap_err().code, Code::BadReply);
    assert_eq!(store.read(everything()).unwrap().len(), 1);
}

#[test]
fn the_file_becomes_shorter_while_it_is_open_and_nobody_takes_that_for_a_loss() {
    let folder = imported(lines_of(iter::repeat_n(1, 5000)));
    let path = folder.path().join("cheeper.db");
    let before = fs::metadata(&path).unwrap().len();
    let store = open_keeping(&folder, newest(50));
    until_floor(&store, seq(4951));
    // The log is carried over when all is done.
    until(|| {
        assert_eq!(store.timeline.trouble(), None);
        fs::metadata(&path).unwrap().len() < before / 2
    });
    assert!(store.post(by(author("alice", None), "goes on", None)).is_ok());
    assert_eq!(store.read(everything()).unwrap().len(), 51);
    assert_eq!(store.timeline.trouble(), None);
    assert_eq!(store.timeline.damage(), None);
    // What is really cut off is a loss all the same.
    fs::File::options().write(true).open(&path).unwrap().set_len(4096).unwrap();
    assert_eq!(store.post(by(author("alice", None), "too late", None)).unwrap_err().code, Code::NotStored);
    assert_eq!(store.timeline.trouble(), Some(Trouble::Lost));
}

#[test]
fn what_is_gone_is_found_no_more_and_its_words_leave_the_index() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for nth in 0..600 {
        store.post(by(author("alice", None), &format!("word{nth}x"), None)).unwrap();
    }
    until(|| !super::search::search(&store, "word599x").events.is_empty());
    store.timeline.close().unwrap();
    let index = folder.path().join("cheeper.db-search");
    let rows = || {
        let query = "SELECT count(*), min(id) FROM words_content";
        Connection::open(&index).unwrap().query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    assert_eq!(rows(), (600, 1));
    let store = open_keeping(&folder, newest(20));
    until_floor(&store, seq(581));
    assert!(super::search::search(&store, "word7x").events.is_empty());
    assert_eq!(super::search::search(&store, "word590x").events.len(), 1);
    until(|| rows() == (20, 581));
    store.timeline.close().unwrap();
    // One that is made anew begins at the floor.
    fs::remove_file(&index).unwrap();
    let store = open(&folder);
    until(|| !super::search::search(&store, "word599x").events.is_empty());
    assert!(super::search::search(&store, "word7x").events.is_empty());
    store.timeline.close().unwrap();
    assert_eq!(rows(), (20, 581));
}

#[test]
fn ids_of_what_is_gone_are_free_again_and_do_no_harm() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.claim(holder()).unwrap();
    let react = |target: u64, on, id: &str| {
        let (emoji, id) = (Emoji::parse("🐦").unwrap(), Some(RequestId::parse(id).unwrap()));
        Command::React(React { author: holder(), target: seq(target), emoji, on, id })
    };
    store.post(by(holder(), "old", Some("a"))).unwrap();
    store.post(by(holder(), "new", Some("b"))).unwrap();
    // These come after what is kept, and are of what is not.
    store.submit(react(1, true, "c")).unwrap();
    store.submit(react(1, false, "d")).unwrap();
    let cheep = CheepText::parse("edited", 280).unwrap();
    let edit =
        |id: &str| Edit { author: holder(), target: seq(1), cheep: cheep.clone(), id: RequestId::parse(id).ok() };
    store.submit(Command::Edit(edit("e"))).unwrap();
    store.timeline.close().unwrap();
    let store = open_keeping(&folder, newest(1));
    until_floor(&store, seq(2));
    for again in [react(1, true, "c"), Command::Edit(edit("e"))] {
        assert_eq!(store.submit(again).unwrap_err().code, Code::NotFound);
    }
    for id in ["c", "d", "e"] {
        store.submit(react(2, id != "d", id)).unwrap();
    }
    // From here on all stays, or the next cheep would take the one away that is asked for.
    store.timeline.close().unwrap();
    let store = open(&folder);
    assert!(!store.post(by(holder(), "old", Some("a"))).unwrap().duplicate);
    let again = store.post(by(holder(), "new", Some("b"))).unwrap();
    assert_eq!((again.duplicate, again.cheep.seq, store.timeline.floor()), (true, seq(2), seq(2)));
}

#[test]
fn many_reactions_to_one_cheep_go_step_by_step() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.post(by(author("alice", None), "liked by all", None)).unwrap();
    store.post(by(author("alice", None), "kept", None)).unwrap();
    for nth in 0..300 {
        let (author, emoji) = (author(&format!("fan {nth}"), None), Emoji::parse("🐦").unwrap());
        store.submit(Command::React(React { author, target: seq(1), emoji, on: true, id: None })).unwrap();
    }
    store.timeline.close().unwrap();
    let store = open_keeping(&folder, newest(1));
    until_floor(&store, seq(2));
    let events = store.read(Read::Events { first: seq(3), last: seq(302) }).unwrap();
    assert!(events.len() == 300 && events.iter().all(|event| matches!(event, Event::Void { .. })));
    store.timeline.close().unwrap();
    assert_eq!(Store::check(&folder.path().join("cheeper.db")).unwrap(), Vec::<String>::new());
}
