//! What was deleted or corrected is in none of a store's files: a little later, after a stop, and a little after the start
//! that follows a kill.

use std::{collections::BTreeSet, thread, time::Duration};

use cheeper_protocol::{Action, Emoji};
use proptest::prelude::*;

use super::*;
use crate::timeline::{Actor, Changed, Deed, Delete, Edit, Moderate, React, contract::one_in};

/// Something to do, with the first to last of the cheeps as 0 to 100.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Post { words: usize, answers: Option<usize> },
    Edit { target: usize, words: usize },
    React { target: usize },
    Delete { target: usize },
    Remove { target: usize },
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let target = || 0..=100_usize;
    // From one word to some pages, which a row has beside its own.
    let words = || prop_oneof![6 => 1..20_usize, 2 => 20..400_usize, 1 => 400..2000_usize];
    let step = prop_oneof![
        6 => (words(), prop::option::of(target())).prop_map(|(words, answers)| Step::Post { words, answers }),
        4 => (target(), words()).prop_map(|(target, words)| Step::Edit { target, words }),
        2 => target().prop_map(|target| Step::React { target }),
        2 => target().prop_map(|target| Step::Delete { target }),
        1 => target().prop_map(|target| Step::Remove { target }),
    ];
    prop::collection::vec(step, 1..120)
}

/// The same with texts that a server takes, which have 4000 characters at most.
pub(super) fn within_bounds(steps: &[Step]) -> Vec<Step> {
    let bounded = |step: &Step| match *step {
        Step::Post { words, answers } => Step::Post { words: words.min(300), answers },
        Step::Edit { target, words } => Step::Edit { target, words: words.min(300) },
        ref other => other.clone(),
    };
    steps.iter().map(bounded).collect()
}

/// A text that is found by its word wherever a part of it is left.
fn text(word: &str, words: usize) -> CheepText {
    CheepText::parse(&[word].repeat(words).join(" "), usize::MAX).unwrap()
}

pub(super) fn holder() -> Author {
    author("alice", Some(SECRET))
}

/// Does the steps one after the other, and says which words came and which of them went again.
pub(super) fn take(store: &Opened, steps: &[Step]) -> (BTreeSet<String>, BTreeSet<String>) {
    store.claim(holder()).unwrap();
    let (mut cheeps, mut words) = (Vec::new(), BTreeSet::new());
    for (nth, step) in steps.iter().enumerate() {
        let place =
            |target: usize| cheeps.get(target * cheeps.len().saturating_sub(1) / 100).copied().unwrap_or_default();
        let word = format!("<word{nth}>");
        let id = Some(RequestId::parse(&nth.to_string()).unwrap());
        let command = match *step {
            Step::Post { words, answers } => Command::Post(Post {
                author: holder(),
                cheep: text(&word, words),
                reply_to: answers.map(place).filter(|to| *to > Seq::ZERO),
                id,
            }),
            Step::Edit { target, words } => {
                Command::Edit(Edit { author: holder(), target: place(target), cheep: text(&word, words), id })
            }
            Step::React { target } => {
                let emoji = Emoji::parse("🐦").unwrap();
                Command::React(React { author: holder(), target: place(target), emoji, on: true, id })
            }
            Step::Delete { target } => Command::Delete(Delete { author: holder(), target: place(target), id }),
            Step::Remove { target } => remove(place(target)),
        };
        match store.submit(command) {
            Ok(Outcome::Posted(Posted { cheep, .. })) => {
                cheeps.push(cheep.seq);
                words.insert(word);
            }
            Ok(Outcome::Changed(Changed { cheep, .. })) if cheep.cheep.as_str().contains(&word) => {
                words.insert(word);
            }
            _ => {}
        }
    }
    let shown: Vec<_> = cheeps.iter().map(|seq| shown(store, *seq)).collect();
    words.into_iter().partition(|word| shown.iter().any(|text| text.contains(word.as_str())))
}

fn shown(store: &Opened, seq: Seq) -> String {
    let read = store.read(Read::Events { first: seq, last: seq }).unwrap();
    read[0].as_cheep().unwrap().cheep.as_str().to_owned()
}

/// Which of these words are in which files.
pub(super) fn left(folder: &Path, words: &BTreeSet<String>) -> Vec<String> {
    let mut left = Vec::new();
    for file in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        // One that goes at this moment, as a log at a stop, has nothing.
        let bytes = fs::read(file.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let found: BTreeSet<_> =
            text.split('<').filter_map(|part| Some(format!("<{}>", part.split_once('>')?.0))).collect();
        left.extend(words.intersection(&found).map(|word| format!("{word} in {:?}", file.file_name())));
    }
    left
}

/// Waits until none of these words is left. Forever if one is, but for a bound that no machine comes to.
fn until_gone(folder: &Path, words: &BTreeSet<String>) {
    for _ in 0..1200 {
        if left(folder, words).is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{:?} a minute later", left(folder, words));
}

fn edit(target: Seq, text: &str, id: &str) -> Command {
    let (cheep, id) = (CheepText::parse(text, 280).unwrap(), Some(RequestId::parse(id).unwrap()));
    Command::Edit(Edit { author: holder(), target, cheep, id })
}

/// A host takes it back, without a name.
pub(super) fn remove(target: Seq) -> Command {
    Command::Moderate(Moderate { by: Actor::Operator, deed: Deed::Remove { target } })
}

fn delete(target: Seq) -> Command {
    Command::Delete(Delete { author: holder(), target, id: None })
}

fn react(name: &str, target: Seq) -> Command {
    let emoji = Emoji::parse("🐦").unwrap();
    Command::React(React { author: author(name, None), target, emoji, on: true, id: None })
}

/// Whether a request was taken for one that came before.
fn is_duplicate(outcome: Result<Outcome, Refusal>) -> bool {
    match outcome.unwrap() {
        Outcome::Posted(posted) => posted.duplicate,
        Outcome::Changed(changed) => changed.duplicate,
        Outcome::Named(_) | Outcome::Moderated(_) => panic!("nobody claims a name here"),
    }
}

#[test]
fn what_somebody_muted_wanted_to_write_is_nowhere_and_what_a_host_removed_is_gone() {
    let folder = Folder::new();
    let store = open(&folder.0);
    store.claim(holder()).unwrap();
    let post = |text: &str| store.post(by(holder(), text, None));
    let removed = post("<removed>").unwrap().cheep.seq;
    let name = holder().name;
    store.moderate(Deed::MuteName { name, until: None }).unwrap();
    assert_eq!(post("<muted>").unwrap_err().code, Code::Muted);
    let words = |words: [&str; 2]| BTreeSet::from(words.map(str::to_owned));
    assert_eq!(left(folder.0.path(), &words(["<muted>", "none"])), [""; 0]);
    store.submit(remove(removed)).unwrap();
    until_gone(folder.0.path(), &words(["<removed>", "<muted>"]));
    let actions: Vec<_> = store.audit().into_iter().map(|entry| entry.action).collect();
    assert!(matches!(&actions[..], [Action::Remove { .. }, Action::Mute { .. }, Action::Claim { .. }]), "{actions:?}");
}

#[test]
fn who_reacted_goes_with_the_cheep() {
    let folder = Folder::new();
    let store = open(&folder.0);
    store.claim(holder()).unwrap();
    let [first, second] = ["one", "two"].map(|text| store.post(by(holder(), text, None)).unwrap().cheep.seq);
    for (name, target) in [("zebulon", first), ("xanthippe", first), ("ermintrude", second)] {
        store.submit(react(name, target)).unwrap();
    }
    store.submit(delete(first)).unwrap();
    store.timeline.close().unwrap();
    let bytes = fs::read(folder.0.path().join("cheeper.db")).unwrap();
    let stands = |name: &str| bytes.windows(name.len()).any(|part| part == name.as_bytes());
    assert_eq!(["zebulon", "xanthippe", "ermintrude"].map(stands), [false, false, true]);
    let db = Connection::open(folder.0.path().join("cheeper.db")).unwrap();
    let targets: Vec<u64> = {
        let mut statement = db.prepare("SELECT target FROM reactions").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(targets, [second.get()]);
}

#[test]
fn a_text_that_is_gone_is_told_from_others_until_its_cheep_is_deleted() {
    let folder = Folder::new();
    let store = open(&folder.0);
    store.claim(holder()).unwrap();
    let post = |text: &str| Command::Post(by(holder(), text, Some("a post")));
    assert!(!is_duplicate(store.submit(post("as it was posted"))));
    let target = Seq::new(1).unwrap();
    for (text, id) in [("as it was edited", "an edit"), ("as it is", "another edit")] {
        assert!(!is_duplicate(store.submit(edit(target, text, id))));
        assert!(is_duplicate(store.submit(post("as it was posted"))));
        for other in ["as it was edited", "as it is", "something else"] {
            assert_eq!(store.submit(post(other)).unwrap_err().code, Code::IdConflict, "{other}");
        }
    }
    assert!(is_duplicate(store.submit(edit(target, "as it was edited", "an edit"))));
    assert_eq!(store.submit(edit(target, "as it is", "an edit")).unwrap_err().code, Code::IdConflict);

    store.submit(delete(target)).unwrap();
    for request in [post("anything"), edit(target, "anything", "an edit"), edit(target, "anything", "another edit")] {
        assert!(is_duplicate(store.submit(request)), "nothing tells the text any more");
    }
    store.timeline.close().unwrap();
    let db = Connection::open(folder.0.path().join("cheeper.db")).unwrap();
    let telling = "SELECT (SELECT count(*) FROM changes WHERE fingerprint <> zeroblob(16)),
        (SELECT count(*) FROM states WHERE fingerprint <> zeroblob(16))";
    let left: (u64, u64) = db.query_row(telling, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(left, (0, 0), "no fingerprint is left by which a text could be guessed");
}

#[test]
fn a_cheep_with_a_damaged_change_can_be_deleted_and_the_change_is_void_then() {
    for damage in [
        "content = replace(content, 'zebulon', 'zebulom')",
        "content = CAST(x'7b7a6562756c6f6eff' AS TEXT)",
        "kind = 'zebulon'",
        "at_ms = 9223372036854775807",
        "fingerprint = x'07'",
        "is_void = 7",
    ] {
        let folder = Folder::new();
        let path = folder.0.path().join("cheeper.db");
        let store = open(&folder.0);
        store.claim(holder()).unwrap();
        let target = store.post(by(holder(), "hello", None)).unwrap().cheep.seq;
        for command in [react("zebulon", target), edit(target, "once", "1"), edit(target, "twice", "2")] {
            store.submit(command).unwrap();
        }
        // The reaction, and a correction that is void already.
        for seq in [2, 3] {
            let changed = Connection::open(&path).unwrap();
            let changed = changed.execute(&format!("UPDATE changes SET {damage} WHERE seq = {seq}"), []).unwrap();
            assert_eq!(changed, 1, "{damage}");
        }
        assert!(!is_duplicate(store.submit(delete(target))), "{damage}");
        let events = store.read(everything()).unwrap();
        let void = |seq| Event::Void { seq: Seq::new(seq).unwrap() };
        assert_eq!(events[1..4], [void(2), void(3), void(4)], "{damage}");
        store.timeline.close().unwrap();
        assert_eq!(Store::check(&path).unwrap(), Vec::<String>::new(), "{damage}");
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"zebulo"), "{damage}");
    }
}

#[test]
fn a_damaged_change_that_cannot_be_made_sound_is_overwritten_all_the_same() {
    let folder = Folder::new();
    let path = folder.0.path().join("cheeper.db");
    let store = open(&folder.0);
    store.claim(holder()).unwrap();
    let target = store.post(by(holder(), "hello", None)).unwrap().cheep.seq;
    store.submit(react("zebulon", target)).unwrap();
    // Whose it is cannot be read, so it is no row of ours.
    let changed = "UPDATE changes SET id = CAST(x'ff' AS TEXT) WHERE seq = 2";
    assert_eq!(Connection::open(&path).unwrap().execute(changed, []).unwrap(), 1);
    assert!(!is_duplicate(store.submit(delete(target))));
    assert_eq!(store.read(Read::Events { first: target, last: target }).unwrap().len(), 1);
    store.timeline.close().unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.windows(7).any(|part| part == b"zebulon"));
}

proptest! {
    #![proptest_config(one_in(32))]

    #[test]
    fn what_is_gone_is_in_no_file(steps in steps()) {
        let folder = Folder::new();
        let store = open(&folder.0);
        let (kept, gone) = take(&store, &steps);
        let image = folder.image();
        until_gone(folder.0.path(), &gone);
        store.timeline.close().unwrap();
        prop_assert_eq!(left(folder.0.path(), &gone), Vec::<String>::new(), "after a stop");
        prop_assert_eq!(left(folder.0.path(), &kept).len(), kept.len(), "they would be found");

        let after_kill = open(&image.0);
        until_gone(image.0.path(), &gone);
        after_kill.timeline.close().unwrap();
    }
}
