//! Copies of stores: of one at work, of what a kill has left, of what is damaged; and stores made of them.

use std::{os::unix::fs::MetadataExt as _, path::PathBuf};

use super::*;
use crate::timeline::{
    Delete, Edit,
    sqlite::copy::{CopyError, back_up, restore},
};

const GONE: &str = "something that was taken back";

/// A store at work in a folder, and the place of a backup.
fn begun() -> (TempDir, PathBuf, PathBuf) {
    let folder = TempDir::new().unwrap();
    let (data, copy) = (folder.path().join("cheeper.db"), folder.path().join("copy.db"));
    (folder, data, copy)
}

fn holder() -> Author {
    author("alice", Some(SECRET))
}

/// Posts some, one of which is deleted and one corrected.
fn fill(store: &Opened) {
    store.claim(holder()).unwrap();
    for text in ["one", GONE, GONE, "four"] {
        store.post(by(holder(), text, None)).unwrap();
    }
    let seq = |number| Seq::new(number).unwrap();
    store.submit(Command::Delete(Delete { author: holder(), target: seq(2), id: None })).unwrap();
    let cheep = CheepText::parse("three", 280).unwrap();
    store.submit(Command::Edit(Edit { author: holder(), target: seq(3), cheep, id: None })).unwrap();
}

fn all(path: &Path) -> Vec<Event> {
    let store = start(Store::open(path).unwrap());
    let events = store.read(everything()).unwrap();
    store.timeline.close().unwrap();
    events
}

fn holds(path: &Path, word: &str) -> bool {
    fs::read(path).unwrap().windows(word.len()).any(|part| part == word.as_bytes())
}

#[test]
fn a_backup_of_a_store_at_work_has_what_was_acked_and_nothing_that_is_gone() {
    let (folder, data, copy) = begun();
    let store = open_keeping_log(&folder);
    fill(&store);
    assert!(holds(&beside(&data, LOG), GONE), "the log still has it");
    let backup = back_up(&data, &copy, false).unwrap();
    assert_eq!((backup.head, backup.damages.len()), (6, 0));
    assert_eq!(backup.bytes, fs::metadata(&copy).unwrap().len());
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    store.post(by(holder(), "after the backup", None)).unwrap();
    assert!(!holds(&copy, GONE) && holds(&copy, "three"));
    let mut events = store.read(everything()).unwrap();
    events.pop();
    assert_eq!(all(&copy), events);
}

#[test]
fn a_backup_is_written_over_nothing_without_leave() {
    let (folder, data, copy) = begun();
    let store = open(&folder);
    fs::write(&copy, "my diary").unwrap();
    assert!(matches!(back_up(&data, &copy, false), Err(CopyError::Exists(_))));
    assert_eq!(fs::read(&copy).unwrap(), b"my diary");
    assert_eq!(back_up(&data, &copy, true).unwrap().head, 0);
    for _ in 0..2 {
        assert!(matches!(back_up(&data, &data, true), Err(CopyError::InUse(_))), "it is the store itself");
        store.timeline.close().unwrap();
    }
    assert!(matches!(back_up(&folder.path().join("none.db"), &copy, true), Err(CopyError::Store(_))));
    assert!(matches!(back_up(&data, &folder.path().join("none/copy.db"), false), Err(CopyError::Write { .. })));
    let left = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().contains(".part")), "half a copy is left");
}

#[test]
fn what_a_kill_has_left_is_in_a_backup_and_stays_as_it_is() {
    let folder = Folder::new();
    let store = open_keeping_log(&folder.0);
    fill(&store);
    let image = folder.image();
    let (data, copy) = (image.0.path().join("cheeper.db"), image.0.path().join("copy.db"));
    let before = [fs::read(&data).unwrap(), fs::read(beside(&data, LOG)).unwrap()];
    assert_eq!(back_up(&data, &copy, false).unwrap().head, 6);
    assert!([fs::read(&data).unwrap(), fs::read(beside(&data, LOG)).unwrap()] == before);
    assert!(!holds(&copy, GONE));
    assert_eq!(all(&copy), store.read(everything()).unwrap());
    // A log beside it would have the rest.
    assert!(matches!(restore(&data, &image.0.path().join("other.db")), Err(CopyError::WithLog(_))));
}

#[test]
fn damage_is_told_of_and_is_written_over_no_earlier_backup() {
    let (folder, data, copy) = begun();
    let store = open(&folder);
    fill(&store);
    store.timeline.close().unwrap();
    back_up(&data, &copy, false).unwrap();
    // Where a start does not look.
    assert_eq!(
        Connection::open(&data).unwrap().execute("UPDATE cheeps SET name = 'eve' WHERE seq = 1", []).unwrap(),
        1
    );
    let sound = fs::read(&copy).unwrap();
    assert!(matches!(back_up(&data, &copy, true), Err(CopyError::Worse { .. })));
    assert!(fs::read(&copy).unwrap() == sound);
    let other = folder.path().join("other.db");
    assert_eq!(back_up(&data, &other, false).unwrap().damages, ["cheep 1 is damaged"]);
    let kept = fs::read(&data).unwrap();
    let refused = restore(&other, &data).unwrap_err();
    assert!(refused.to_string().contains("cheep 1 is damaged; nothing was changed"), "{refused}");
    assert!(fs::read(&data).unwrap() == kept);
}

#[test]
fn a_restored_store_is_another_timeline_with_the_same_cheeps_and_claims() {
    let (folder, data, copy) = begun();
    let store = open(&folder);
    fill(&store);
    let (id, key, events) =
        (store.timeline.id().to_owned(), store.timeline.key("a"), store.read(everything()).unwrap());
    back_up(&data, &copy, false).unwrap();
    assert!(matches!(restore(&copy, &data), Err(CopyError::Store(OpenError::Locked { .. }))), "a server uses it");
    store.post(by(holder(), "after the backup", None)).unwrap();
    store.timeline.close().unwrap();
    let (inode, backup) = (fs::metadata(&data).unwrap().ino(), fs::read(&copy).unwrap());

    let restored = restore(&copy, &data).unwrap();
    assert_eq!(restored.head, 6);
    assert!(fs::read(&copy).unwrap() == backup, "the backup can be used again");
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o600);
    let aside = restored.aside.unwrap();
    assert_eq!(fs::metadata(&aside).unwrap().ino(), inode, "the store that was there is the same file still");
    let store = open(&folder);
    assert_eq!(store.timeline.id(), restored.timeline);
    assert_ne!(store.timeline.id(), id);
    assert_eq!(store.timeline.key("a"), key);
    assert_eq!(store.read(everything()).unwrap(), events);
    assert_eq!(store.claim(author("alice", None)).unwrap_err().code, Code::NameTaken);
    assert!(store.claim(holder()).unwrap().claimed);
    assert_eq!(store.post(by(holder(), "goes on", None)).unwrap().cheep.seq.get(), 7);
    store.timeline.close().unwrap();
    assert_eq!(all(&aside).len(), 7);
    assert_eq!(Store::check(&data).unwrap(), Vec::<String>::new());
}

#[test]
fn a_store_is_restored_where_there_is_none_and_over_what_a_kill_has_left() {
    let folder = Folder::new();
    let store = open(&folder.0);
    fill(&store);
    let copy = folder.0.path().join("copy.db");
    back_up(&folder.0.path().join("cheeper.db"), &copy, false).unwrap();
    let other = TempDir::new().unwrap();
    let elsewhere = other.path().join("new/cheeper.db");
    assert_eq!(restore(&copy, &elsewhere).unwrap().aside, None);
    assert_eq!(all(&elsewhere), store.read(everything()).unwrap());

    store.post(by(holder(), "after the backup", None)).unwrap();
    let image = folder.image();
    let data = image.0.path().join("cheeper.db");
    let aside = restore(&copy, &data).unwrap().aside.unwrap();
    assert!(!beside(&data, LOG).exists());
    assert_eq!((all(&data).len(), all(&aside).len()), (6, 7));
}

#[test]
fn what_is_no_backup_is_refused_and_nothing_is_changed() {
    let (folder, data, copy) = begun();
    let store = open(&folder);
    fill(&store);
    store.timeline.close().unwrap();
    back_up(&data, &copy, false).unwrap();
    let (kept, sound) = (fs::read(&data).unwrap(), fs::read(&copy).unwrap());
    let refused = |with: &str| {
        let error = restore(&copy, &data).unwrap_err().to_string();
        assert!(error.contains(with), "{error}");
        assert!(fs::read(&data).unwrap() == kept);
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
        assert!(
            !files
                .into_iter()
                .any(|name| [".new", ".replaced"].iter().any(|part| name.to_string_lossy().contains(part)))
        );
    };
    fs::write(&copy, "my diary").unwrap();
    refused("it is not a Cheeper store");
    fs::write(&copy, &sound[..sound.len() / 2]).unwrap();
    refused("cannot be used");
    fs::write(&copy, &sound).unwrap();
    Connection::open(&copy).unwrap().pragma_update(None, "user_version", 99).unwrap();
    refused("newer Cheeper");
    fs::remove_file(&copy).unwrap();
    Connection::open(&copy).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    refused("it belongs to another program");
    fs::remove_file(&copy).unwrap();
    refused("there is no such file");
    assert!(matches!(restore(&data, &data), Err(CopyError::InUse(_))));
}
