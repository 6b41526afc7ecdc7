//! A timeline in lines and back: whatever was done to it, the store that is made of them is the same timeline.

use std::{
    io::{BufReader, Cursor},
    path::PathBuf,
};

use cheeper_protocol::Action;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    erasing::{Step, holder, steps, take, within_bounds},
    *,
};
use crate::timeline::{
    Delete, Edit,
    contract::one_in,
    sqlite::exchange::{ExchangeError, What, export, import},
};

fn lines(path: &Path, what: What) -> Vec<String> {
    let mut text = Vec::new();
    let exported = export(path, what, &mut text).unwrap();
    assert_eq!(exported.damaged, 0);
    let lines: Vec<_> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(lines.len() as u64, exported.lines + 1);
    lines
}

fn import_lines(lines: &[String], path: &Path) -> Result<(What, u64), ExchangeError> {
    let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    let imported = import(&mut BufReader::new(Cursor::new(text)), path)?;
    Ok((imported.what, imported.head.get()))
}

fn events(path: &Path) -> Vec<Event> {
    let store = start(Store::open(path).unwrap());
    let events = store.read(everything()).unwrap();
    store.timeline.close().unwrap();
    events
}

/// A store at rest to which these steps were done, with the words that are gone from it.
fn stored(steps: &[Step]) -> (TempDir, PathBuf, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cheeper.db");
    let store = open(&folder);
    let (_, gone) = take(&store, &within_bounds(steps));
    store.timeline.close().unwrap();
    (folder, path, gone.into_iter().collect())
}

/// Some of each kind, an answer and a deleted one among them.
fn some() -> (TempDir, PathBuf, Vec<String>) {
    stored(&[
        Step::Post { words: 3, answers: None },
        Step::Post { words: 3, answers: Some(0) },
        Step::Edit { target: 0, words: 2 },
        Step::React { target: 0 },
        Step::React { target: 100 },
        Step::Edit { target: 0, words: 5 },
        Step::Post { words: 1, answers: Some(100) },
        Step::Delete { target: 50 },
    ])
}

proptest! {
    #![proptest_config(one_in(64))]

    #[test]
    fn every_event_comes_back_in_its_place_and_nothing_that_is_gone(steps in steps()) {
        let (folder, path, gone) = stored(&steps);
        let exported = lines(&path, What::Events);
        let text = exported.concat();
        prop_assert!(gone.iter().all(|word| !text.contains(word.as_str())) && !text.contains(SECRET));
        let copy = folder.path().join("copy.db");
        let before = events(&path);
        prop_assert_eq!(import_lines(&exported, &copy).unwrap(), (What::Events, before.len() as u64));
        prop_assert_eq!(events(&copy), before);
        prop_assert_eq!(Store::check(&copy).unwrap(), Vec::<String>::new());
        // The same again, but for the timeline's own id.
        prop_assert_eq!(&lines(&copy, What::Events)[1..], &exported[1..]);
    }

    #[test]
    fn cheeps_alone_come_back_as_posts_with_their_texts_and_times(steps in steps()) {
        let (folder, path, _) = stored(&steps);
        let copy = folder.path().join("copy.db");
        let said: Vec<_> = events(&path).into_iter().filter_map(|event| match event {
            Event::Cheep(cheep) if !cheep.is_deleted() => Some(cheep),
            _ => None,
        }).collect();
        import_lines(&lines(&path, What::Cheeps), &copy).unwrap();
        let come: Vec<_> = events(&copy).iter().map(|event| event.as_cheep().unwrap().clone()).collect();
        prop_assert_eq!(come.len(), said.len());
        for (come, said) in come.iter().zip(&said) {
            prop_assert_eq!((&come.name, &come.cheep, come.at, &come.id), (&said.name, &said.cheep, said.at, &said.id));
        }
        prop_assert_eq!(Store::check(&copy).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn an_imported_timeline_goes_on() {
    let (folder, path, _) = some();
    let copy = folder.path().join("copy.db");
    import_lines(&lines(&path, What::Events), &copy).unwrap();
    let store = start(Store::open(&copy).unwrap());
    let head = events(&path).len() as u64;
    // No claim came along, so the name is free.
    assert!(!store.claim(author("alice", None)).unwrap().claimed);
    assert!(store.claim(holder()).unwrap().claimed);
    assert_eq!(store.post(by(holder(), "goes on", None)).unwrap().cheep.seq.get(), head + 1);
    assert_eq!(
        store.post(by(holder(), "another text", Some("0"))).unwrap_err().code,
        Code::IdConflict,
        "what was asked for once is known"
    );
}

#[test]
fn what_came_along_under_a_claimed_name_is_not_its_next_holders() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cheeper.db");
    let (alice, store) = (|secret| author("Alice", Some(secret)), open(&folder));
    store.claim(alice(SECRET)).unwrap();
    store.post(by(alice(SECRET), "mine", None)).unwrap();
    store.post(by(author("bob", None), "nobody's", None)).unwrap();
    store.timeline.close().unwrap();
    let another = "somebody else's secret";
    for (nth, (what, secret)) in
        [(What::Events, another), (What::Cheeps, another), (What::Events, SECRET)].into_iter().enumerate()
    {
        let copy = folder.path().join(format!("copy {nth}.db"));
        import_lines(&lines(&path, what), &copy).unwrap();
        let store = start(Store::open(&copy).unwrap());
        assert!(store.claim(alice(secret)).unwrap().claimed);
        let own = store.post(by(alice(secret), "goes on", None)).unwrap().cheep.seq;
        let edit = |target| {
            let cheep = CheepText::parse("rewritten", 280).unwrap();
            store.submit(Command::Edit(Edit { author: alice(secret), target, cheep, id: None })).map(drop)
        };
        let first = Seq::ZERO.next();
        let delete = Delete { author: alice(secret), target: first, id: None };
        assert_eq!(edit(first).unwrap_err().code, Code::Forbidden, "{what:?}");
        assert_eq!(store.submit(Command::Delete(delete)).unwrap_err().code, Code::Forbidden);
        edit(own).unwrap();
        assert!(
            store
                .submit(Command::Moderate(Moderate { by: Actor::Operator, deed: Deed::Remove { target: first } }))
                .is_ok()
        );
        // The audit tells of it, and of nobody who never claimed a name.
        let released: Vec<_> =
            store.audit().into_iter().filter(|entry| matches!(entry.action, Action::Release { .. })).collect();
        let [Entry { by: None, action: Action::Release { name }, undone_by: None, .. }] = &released[..] else {
            panic!("{released:?}")
        };
        assert_eq!(name.as_str(), "Alice");
        store.timeline.close().unwrap();
        assert_eq!(Store::check(&copy).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_timeline_without_room_for_another_event_is_refused() {
    let (folder, path, _) = some();
    let copy = folder.path().join("copy.db");
    let mut header: Value = serde_json::from_str(&lines(&path, What::Events)[0]).unwrap();
    for (head, is_taken) in [(SEQ_MAX, false), (SEQ_MAX / 2 + 1, false), (SEQ_MAX / 2, true)] {
        (header["floor"], header["head"]) = (json!(head), json!(head));
        let cheep = json!({
            "type": "cheep", "seq": head, "at": "2026-11-23T12:01:09.004Z", "name": "bob", "cheep": "the last",
        });
        let imported = import_lines(&[header.to_string(), cheep.to_string()], &copy);
        match imported {
            Ok(imported) => assert!(is_taken && imported == (What::Events, head)),
            Err(error) => {
                let error = error.to_string();
                assert!(!is_taken && error.starts_with("line 1: ") && error.contains("no room"), "{head}: {error}");
            }
        }
    }
    let store = start(Store::open(&copy).unwrap());
    assert_eq!(store.post(by(author("bob", None), "one more", None)).unwrap().cheep.seq.get(), SEQ_MAX / 2 + 1);
}

#[test]
fn a_line_that_is_wrong_is_named_and_nothing_is_imported() {
    let (folder, path, _) = some();
    let exported = lines(&path, What::Events);
    let copy = folder.path().join("copy.db");
    let nth = |kind: &str| exported.iter().position(|line| line.contains(kind)).unwrap();
    let with = |at: usize, change: &dyn Fn(&mut Value)| {
        let mut lines = exported.clone();
        let mut line: Value = serde_json::from_str(&lines[at]).unwrap();
        change(&mut line);
        lines[at] = line.to_string();
        lines
    };
    let without = |at: usize| {
        let mut lines = exported.clone();
        lines.remove(at);
        lines
    };
    let (edit, delete, reaction) = (nth("\"edit\",\"seq\""), nth("\"delete\""), nth("\"reaction\""));
    let last = exported.len();
    for (lines, line, why) in [
        (vec![], 0, "no first line"),
        (without(0), 1, "not the first line"),
        (without(2), 3, "event 2 comes next"),
        (without(last - 1), last - 1, "was to be"),
        (with(1, &|line| line["name"] = json!("a\u{202E}b")), 2, "it is no event"),
        (with(2, &|line| line["parent_replies"] = json!(7)), 3, "had 0 answers"),
        (with(2, &|line| line["reply_to"] = json!(9)), 3, "no earlier one"),
        (with(edit, &|line| line["cheep"] = json!("another")), edit + 1, "another text"),
        (with(edit, &|line| line["target"] = json!(3)), edit + 1, "no cheep"),
        (with(delete, &|line| line["target"] = json!(1)), delete + 1, "not said to be deleted"),
        (with(reaction, &|line| line["emoji"] = json!("7")), reaction + 1, "it is no event"),
        (with(0, &|line| line["cheeper"] = json!("cheeps")), 3, "deleted cheep"),
    ] {
        let error = import_lines(&lines, &copy).unwrap_err().to_string();
        assert!(error.starts_with(&format!("line {line}: ")) && error.contains(why), "{why} at {line}: {error}");
        assert!(!copy.exists());
    }
    assert!(matches!(import_lines(&exported, &path), Err(ExchangeError::Exists(_))));
    import_lines(&exported, &copy).unwrap();
    assert!(matches!(import_lines(&exported, &copy), Err(ExchangeError::Exists(_))));
}

#[test]
fn a_line_without_an_end_is_not_read_for_ever() {
    let folder = TempDir::new().unwrap();
    let mut endless = BufReader::new(std::io::repeat(b'x'));
    let error = import(&mut endless, &folder.path().join("cheeper.db")).unwrap_err();
    assert!(matches!(error, ExchangeError::Line { nth: 1, .. }), "{error}");
}

#[test]
fn a_store_at_work_is_exported_as_it_is_at_that_moment() {
    let folder = TempDir::new().unwrap();
    let store = open_keeping_log(&folder);
    store.post(by(author("alice", None), "in the log alone", None)).unwrap();
    let exported = lines(&folder.path().join("cheeper.db"), What::Cheeps);
    assert!(exported.len() == 2 && exported[1].contains("in the log alone"), "{exported:?}");
}
