//! A store of an earlier version becomes one of this version: whole or not at all, wherever that is cut off.

use std::{cell::RefCell, collections::BTreeMap, mem, path::PathBuf};

use cheeper_protocol::{Cheep, Timestamp, testkit::cheep_by};
use rusqlite::types::ValueRef;

use super::*;
use crate::timeline::{
    Changed, Edit,
    command::skeletons,
    sqlite::row::{CHEEPS, CLAIMS, Sums, text},
};

const CHEEPS_BEFORE: u64 = 3000;
/// Less than the new tables take, so that they go into the log before they are all there.
const CACHE_KIB: i64 = 16;

fn reply_to(seq: u64) -> Option<u64> {
    match seq {
        8.. if seq % 10 == 7 => Some(7),
        3.. if seq.is_multiple_of(3) => Some(seq / 2),
        _ => None,
    }
}

/// Makes a store as version 1 left it: every third cheep is the holder's.
fn old_store(path: &Path) {
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute_batch(schema::FIRST).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    let key = [9; 32];
    let sums = Sums::new(&key);
    sums.insert(&db, &row::META, &[text("old"), ValueRef::Blob(&key)]).unwrap();
    let hash = blake3::keyed_hash(&key, SECRET.as_bytes());
    sums.insert(&db, &CLAIMS, &[text("holder"), text("Holder"), ValueRef::Blob(hash.as_bytes())]).unwrap();
    db.execute_batch("BEGIN").unwrap();
    for seq in 1..=CHEEPS_BEFORE {
        let is_holder = seq.is_multiple_of(3);
        let (name, folded) = if is_holder { ("Holder", "holder") } else { ("Bob", "bob") };
        let integer = |number: u64| ValueRef::Integer(number.cast_signed());
        let (words, id) = (format!("cheep {seq}"), format!("id {seq}"));
        let to = reply_to(seq).map_or(ValueRef::Null, integer);
        let id = if seq.is_multiple_of(4) { text(&id) } else { ValueRef::Null };
        let columns = [
            integer(seq),
            integer(1000 + seq),
            text(name),
            text(folded),
            text(&words),
            integer(is_holder.into()),
            to,
            id,
        ];
        sums.insert(&db, &CHEEPS, &columns).unwrap();
    }
    db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

/// What there must be of the old cheeps.
fn expected() -> Vec<Event> {
    let mut answers = BTreeMap::<u64, Vec<u64>>::new();
    for seq in 1..=CHEEPS_BEFORE {
        if let Some(to) = reply_to(seq) {
            answers.entry(to).or_default().push(seq);
        }
    }
    let cheep = |number: u64| {
        let by = if number.is_multiple_of(3) { "Holder" } else { "Bob" };
        let parent_replies =
            reply_to(number).map(|to| answers[&to].iter().filter(|seq| **seq <= number).count() as u64);
        let mut cheep = Cheep {
            at: Timestamp::from_millisecond(1000 + number.cast_signed()).unwrap(),
            verified: by == "Holder",
            reply_to: reply_to(number).and_then(Seq::new),
            parent_replies,
            id: number.is_multiple_of(4).then(|| RequestId::parse(&format!("id {number}")).unwrap()),
            ..cheep_by(by, number, &format!("cheep {number}"))
        };
        if let Some(answers) = answers.get(&number) {
            cheep.state.replies = answers.len() as u64;
            cheep.state.rev = answers.last().and_then(|seq| Seq::new(*seq));
        }
        Event::Cheep(cheep)
    };
    (1..=CHEEPS_BEFORE).map(cheep).collect()
}

/// Opens what was left, and sees that all of it is there.
fn opens(folder: &TempDir, expected: &[Event]) {
    let path = folder.path().join("cheeper.db");
    assert_eq!(Store::check(&path).unwrap(), [""; 0]);
    let store = Store::open(&path).unwrap();
    assert!(store.newest(u64::MAX, usize::MAX).unwrap() == expected, "the cheeps are not as they were");
    drop(store);
    assert_eq!(Store::check(&path).unwrap(), [""; 0]);
}

#[test]
fn a_store_of_version_1_is_brought_up_to_date() {
    let folder = TempDir::new().unwrap();
    old_store(&folder.path().join("cheeper.db"));
    opens(&folder, &expected());
    let store = open(&folder);
    let holder = || author("holder", Some(SECRET));
    let words = CheepText::parse("better words", 280).unwrap();
    let target = Seq::new(9).unwrap();
    let edit = Command::Edit(Edit { author: holder(), target, cheep: words.clone(), id: None });
    let Ok(Outcome::Changed(Changed { cheep, duplicate: false, .. })) = store.submit(edit) else {
        panic!("it is hers")
    };
    assert_eq!((cheep.cheep, cheep.state.replies), (words, 1));
    let again = by(author("bob", None), "cheep 4", Some("id 4"));
    assert_eq!(store.post(again).unwrap().cheep.seq.get(), 4);
    let answer = Post { reply_to: Seq::new(7), ..by(author("bob", None), "one more", None) };
    let answered = expected()[6].as_cheep().unwrap().state.replies;
    assert_eq!(store.post(answer).unwrap().cheep.parent_replies, Some(answered + 1));
    let db = Connection::open(folder.path().join("cheeper.db")).unwrap();
    let like: Vec<(String, String)> = db
        .prepare("SELECT skeleton, folded_name FROM lookalikes")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let skeletons = skeletons(&cheeper_protocol::Name::parse("Holder").unwrap());
    assert_eq!(like, skeletons.into_iter().map(|skeleton| (skeleton, "holder".to_owned())).collect::<Vec<_>>());
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(folder: &Path) -> Files {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

fn lay(files: &Files) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

thread_local! {
    /// The folder that is looked at, and what lay there after each commit.
    static COMMITS: RefCell<(PathBuf, Vec<Files>)> = RefCell::default();
}

fn as_the_writer_has_it(path: &Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.pragma_update(None, "cache_size", -CACHE_KIB).unwrap();
    db
}

#[test]
fn a_kill_at_any_point_of_it_leaves_a_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cheeper.db");
    old_store(&path);
    let old = fs::read(&path).unwrap();
    let mut db = as_the_writer_has_it(&path);
    COMMITS.set((folder.path().to_owned(), Vec::new()));
    db.wal_hook(Some(|_, _| {
        COMMITS.with_borrow_mut(|(folder, commits)| commits.push(files(folder)));
        Ok(())
    }));
    let (images, from) = (Arc::new(Mutex::new(Vec::new())), folder.path().to_owned());
    let (kept, mut steps) = (images.clone(), 0);
    // It is asked whenever a statement has gone on a little: often, as each row has one.
    let copy = move || {
        steps += 1;
        let mut kept = kept.lock().unwrap();
        if steps % 100 == 0 && kept.len() < 1000 {
            kept.push(files(&from));
        }
        false
    };
    db.progress_handler(10, Some(copy)).unwrap();
    schema::migrate(&mut db, &path).unwrap();
    db.progress_handler(0, None::<fn() -> bool>).unwrap();
    let new = fs::read(&path).unwrap();

    let commits = COMMITS.take().1;
    let mut images = mem::take(&mut *images.lock().unwrap());
    images.dedup();
    let each = images.len().div_ceil(12);
    let mut images: Vec<_> = images.into_iter().step_by(each).collect();
    let logs: Vec<_> = images.iter().map(|image| image["cheeper.db-wal"].len()).collect();
    // The first commit is the mark, which is a page.
    let amid_it = logs.iter().filter(|log| **log > 3 * 4120).count();
    assert!(amid_it > 2 && commits.len() >= 2, "{logs:?}");
    // While the log is carried over: the pages come into the database in their order.
    let last = commits.last().unwrap();
    for pages in [1, 2, old.len() / 4096 / 2, old.len() / 4096, new.len() / 4096 - 1] {
        let mut database = new[..pages * 4096].to_vec();
        database.extend(old.get(pages * 4096..).unwrap_or_default());
        images.push(Files::from_iter([
            ("cheeper.db".to_owned(), database),
            ("cheeper.db-wal".to_owned(), last["cheeper.db-wal"].clone()),
        ]));
    }
    images.extend(commits);
    let expected = expected();
    for mut image in images {
        opens(&lay(&image), &expected);
        // A power cut does not leave the log's index, or an older one.
        image.remove("cheeper.db-shm");
        opens(&lay(&image), &expected);
    }
}

#[test]
fn without_room_for_it_the_store_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cheeper.db");
    old_store(&path);
    let mut db = as_the_writer_has_it(&path);
    let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    db.pragma_update(None, "max_page_count", pages + 5).unwrap();
    assert!(matches!(schema::migrate(&mut db, &path), Err(OpenError::Full { .. })));
    drop(db);
    opens(&folder, &expected());
}
