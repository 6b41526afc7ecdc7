//! The search index beside the store: that it follows, that it is made anew whatever is wrong with it, that nobody is refused
//! over it, and that what is gone from the timeline is gone from it.

use std::{path::PathBuf, thread, time::Duration};

use cheeper_protocol::{Query, Search};

use super::*;
use crate::timeline::{Delete, Edit, Part};

const ALL: usize = 200;

/// Searches until all that was posted before is in the index.
pub(super) fn search(store: &Opened, typed: &str) -> Part {
    let head = store.published.lock().unwrap().last().map_or(Seq::ZERO, Event::seq);
    search_up_to(store, typed, head)
}

fn search_up_to(store: &Opened, typed: &str, head: Seq) -> Part {
    loop {
        let search = Search { q: Query::parse(typed).unwrap(), before: None, limit: ALL };
        let (sender, receiver) = mpsc::channel();
        let read = Read::Search { search, last: Seq::new(SEQ_MAX).unwrap() };
        store.timeline.read(read, Box::new(move |part| sender.send(part).unwrap()));
        match receiver.recv().unwrap() {
            Ok(part) if part.last >= head => return part,
            Ok(_) => {}
            Err(refusal) => assert_eq!(refusal.code, Code::Internal, "{refusal}"),
        }
        thread::yield_now();
    }
}

fn seqs(part: &Part) -> Vec<u64> {
    part.events.iter().map(|event| event.seq().get()).collect()
}

fn post_all(store: &Opened, texts: &[&str]) {
    for text in texts {
        store.post(by(author("alice", None), text, None)).unwrap();
    }
}

fn index_of(folder: &TempDir) -> PathBuf {
    folder.path().join("cheeper.db-search")
}

#[test]
fn what_was_posted_is_found_the_oldest_first() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    post_all(&store, &["hello world", "Caf\u{e9} #Tea", "東京都 @bob", "hello again", "nothing"]);
    store.post(by(author("Ms Okafor", None), "hello @\"bob\"", None)).unwrap();
    for (typed, found) in [
        ("hello", &[1, 4, 6][..]),
        ("hello -world", &[1]),
        ("\"hello again\"", &[4]),
        ("cafe\u{301}", &[2]),
        ("#tea", &[2]),
        ("京", &[3]),
        ("@bob", &[3, 6]),
        ("@bob hel*", &[6]),
        ("from:\"ms okafor\"", &[6]),
        ("from:alice hello", &[1, 4]),
        ("moon", &[]),
        ("\"; DROP TABLE words --", &[]),
    ] {
        assert_eq!(seqs(&search(&store, typed)), found, "{typed}");
    }
}

#[test]
fn an_index_that_is_missing_damaged_or_of_another_store_is_made_anew() {
    let folder = TempDir::new().unwrap();
    let path = index_of(&folder);
    let other = {
        let other = TempDir::new().unwrap();
        let store = open(&other);
        post_all(&store, &["a rarity of another store", "two"]);
        search(&store, "two");
        store.timeline.close().unwrap();
        fs::read(index_of(&other)).unwrap()
    };
    let store = open(&folder);
    post_all(&store, &["the first rarity", "the second"]);
    search(&store, "rarity");
    store.timeline.close().unwrap();
    let sound = fs::read(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut without_tables = sound.clone();
    without_tables[4096..].fill(0);
    let mut another_version = sound.clone();
    another_version[60..64].copy_from_slice(&[0, 0, 0, 99]);
    let cut = sound[..sound.len() / 2].to_vec();
    let in_place =
        [None, Some(b"no database at all".to_vec()), Some(other), Some(without_tables), Some(another_version)];
    for (nth, bytes) in in_place.into_iter().chain([Some(cut), Some(Vec::new()), Some(sound)]).enumerate() {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let store = open(&folder);
        assert_eq!(seqs(&search_up_to(&store, "rarity", Seq::new(2).unwrap())), [1], "case {nth}");
        store.timeline.close().unwrap();
    }
}

#[test]
fn the_file_of_somebody_else_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    // Somebody has a store of this name.
    let store = Store::open(&index_of(&folder)).unwrap().start(Box::new(|_| {}), Box::new(|_| {})).unwrap();
    store.close().unwrap();
    let before = fs::read(index_of(&folder)).unwrap();
    let store = open(&folder);
    post_all(&store, &["hello"]);
    store.timeline.close().unwrap();
    assert_eq!(fs::read(index_of(&folder)).unwrap(), before);
}

#[test]
fn an_index_goes_on_where_it_was_and_not_with_another_past() {
    let folder = TempDir::new().unwrap();
    let (path, copy) = (folder.path().join("cheeper.db"), folder.path().join("copy"));
    let store = open(&folder);
    post_all(&store, &["one hello"]);
    search(&store, "hello");
    store.timeline.close().unwrap();
    fs::copy(&path, &copy).unwrap();
    let store = open(&folder);
    post_all(&store, &["two hello", "three hello"]);
    assert_eq!(seqs(&search(&store, "hello")), [1, 2, 3]);
    store.timeline.close().unwrap();
    // A backup, in which other cheeps come next.
    fs::copy(&copy, &path).unwrap();
    let store = open(&folder);
    post_all(&store, &["moon", "moon hello", "moon"]);
    assert_eq!(seqs(&search(&store, "hello")), [1, 3]);
    assert_eq!(seqs(&search(&store, "moon")), [2, 3, 4]);
}

#[test]
fn a_cheep_that_is_damaged_does_not_hold_up_the_others() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    post_all(&store, &["hello one", "hello two", "3", "4", "5", "6", "hello seven"]);
    store.timeline.close().unwrap();
    let db = Connection::open(folder.path().join("cheeper.db")).unwrap();
    // Early enough that the start does not see it.
    assert_eq!(db.execute("UPDATE cheeps SET cheep = 'hello x' WHERE seq = 1", []).unwrap(), 1);
    db.close().unwrap();
    let store = open(&folder);
    let all = Seq::new(7).unwrap();
    assert_eq!(seqs(&search_up_to(&store, "hello", all)), [2, 7], "it is not shown");
    store.timeline.close().unwrap();
    fs::remove_file(index_of(&folder)).unwrap();
    let store = open(&folder);
    assert_eq!(seqs(&search_up_to(&store, "hello", all)), [2, 7], "nor does it come into a new index");
}

/// Whether a word stands in one of the index's files.
fn stands_in_the_index(folder: &TempDir, word: &str) -> bool {
    let files = ["", "-wal", "-shm"].map(|suffix| fs::read(beside(&index_of(folder), suffix)).unwrap_or_default());
    files.iter().any(|bytes| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
}

#[test]
fn what_is_edited_away_or_deleted_is_not_found_from_then_on_and_leaves_the_index() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let alice = || author("alice", Some(SECRET));
    store.claim(alice()).unwrap();
    for text in ["the word xylograph", "the word zymurgy", "the word is out"] {
        store.post(by(alice(), text, None)).unwrap();
    }
    assert_eq!(seqs(&search(&store, "xylograph")), [1]);
    assert!(stands_in_the_index(&folder, "xylograph") && stands_in_the_index(&folder, "zymurgy"));
    let at_once = |typed: &str| seqs(&search_up_to(&store, typed, Seq::ZERO));
    let (first, second) = (Seq::new(1).unwrap(), Seq::new(2).unwrap());
    let cheep = CheepText::parse("the word vanished", 280).unwrap();
    store.submit(Command::Edit(Edit { author: alice(), target: first, cheep, id: None })).unwrap();
    assert_eq!(at_once("xylograph"), [0; 0]);
    store.submit(Command::Delete(Delete { author: alice(), target: second, id: None })).unwrap();
    assert_eq!(at_once("zymurgy"), [0; 0]);
    assert_eq!(at_once("from:alice is"), [3]);
    assert_eq!(seqs(&search(&store, "vanished")), [1], "and the new text is");
    // A search that goes on at that moment keeps the log from being emptied; then it is tried again.
    while stands_in_the_index(&folder, "xylograph") || stands_in_the_index(&folder, "zymurgy") {
        thread::yield_now();
    }
    assert_eq!((seqs(&search(&store, "word")), seqs(&search(&store, "from:alice"))), (vec![1, 3], vec![1, 3]));
}

#[test]
fn an_index_that_turns_out_to_be_damaged_is_made_anew_while_the_server_runs() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    post_all(&store, &["hello one", "hello two"]);
    assert_eq!(seqs(&search(&store, "hello")), [1, 2]);
    let db = Connection::open(index_of(&folder)).unwrap();
    db.execute_batch("DROP TABLE words").unwrap();
    db.close().unwrap();
    post_all(&store, &["hello three"]);
    assert_eq!(seqs(&search(&store, "hello")), [1, 2, 3]);
}

/// Whether a word leaves the index's files by itself, within a bound that no machine comes to.
fn leaves_the_index(folder: &TempDir, word: &str) -> bool {
    (0..400).any(|_| {
        thread::sleep(Duration::from_millis(50));
        !stands_in_the_index(folder, word)
    })
}

#[test]
fn a_start_after_a_kill_takes_out_of_the_index_what_was_deleted_before() {
    let (folder, image) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let store = open(&folder);
    let alice = || author("alice", Some(SECRET));
    store.claim(alice()).unwrap();
    store.post(by(alice(), "the word xylograph", None)).unwrap();
    assert_eq!(seqs(&search(&store, "xylograph")), [1]);
    // As long as somebody reads it as it was, its log cannot be emptied.
    let reader = Connection::open(index_of(&folder)).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM state").unwrap();
    store.submit(Command::Delete(Delete { author: alice(), target: Seq::new(1).unwrap(), id: None })).unwrap();
    assert_eq!(seqs(&search(&store, "xylograph")), [0; 0]);
    for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), image.path().join(file.file_name())).unwrap();
    }
    drop(reader);
    store.timeline.close().unwrap();

    assert!(stands_in_the_index(&image, "xylograph"), "the kill has left it");
    let after_kill = open(&image);
    assert!(leaves_the_index(&image, "xylograph"));
    after_kill.timeline.close().unwrap();
}
