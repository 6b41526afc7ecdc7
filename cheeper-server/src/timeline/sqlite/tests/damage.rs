//! Whatever bit of a store's files is another: the store is refused and left as it was, or the thorough look finds it and what is
//! read is right, or unknown where it stands, or nothing is different.

use std::{collections::BTreeMap, path::PathBuf, sync::LazyLock, thread};

use cheeper_protocol::{Emoji, Name, Role, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::timeline::{Changed, Delete, Edit, LinkId, Person, React, contract::present, sqlite::lock::INDEX};

/// A store that was closed; one that a killed server has left; the same without the index; and one whose log has begun
/// anew, with much of the earlier round behind its end.
static CLOSED: LazyLock<Sample> = LazyLock::new(|| Sample::new(false));
static KILLED: LazyLock<Sample> = LazyLock::new(|| Sample::new(true));
static BEGUN_ANEW: LazyLock<Sample> = LazyLock::new(|| Sample::after_a_long_log().without(INDEX));
static COPIED: LazyLock<Sample> = LazyLock::new(|| Sample::new(true).without(INDEX));

/// The files of a small store, and what is in it.
struct Sample {
    files: BTreeMap<&'static str, Vec<u8>>,
    /// As they were published.
    events: Vec<Event>,
    /// What can be asked for again, each with the event that it made.
    requests: Vec<(Command, Seq)>,
    audit: Vec<Entry>,
    access: Vec<AccessChange>,
}

/// What somebody calls a request.
fn under(id: u32) -> RequestId {
    RequestId::parse(&format!("id {id}")).unwrap()
}

fn carol() -> Author {
    author("Carol", Some(SECRET))
}

fn seq(number: u64) -> Seq {
    Seq::new(number).unwrap()
}

impl Sample {
    fn new(is_killed: bool) -> Self {
        let folder = TempDir::new().unwrap();
        Self::of(&folder, &open_keeping_log(&folder), is_killed)
    }

    fn after_a_long_log() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open_keeping_log(&folder);
        let long = CheepText::parse(&"x".repeat(4000), 4000).unwrap();
        let post = || store.post(Post { cheep: long.clone(), ..by(author("alice", None), "x", None) }).unwrap();
        // A round of a log has salts of its own. It begins later if somebody reads just then.
        let salts = || fs::read(beside(&folder.path().join("cheeper.db"), LOG)).unwrap()[16..24].to_vec();
        post();
        let first = salts();
        while salts() == first {
            post();
        }
        Self::of(&folder, &store, true)
    }

    fn of(folder: &TempDir, store: &Opened, is_killed: bool) -> Self {
        assert!(store.claim(carol()).unwrap().claimed);
        let access = keep_order(store);
        let audit = store.audit();
        let before = store.published.lock().unwrap().len() as u64;
        let mut requests: Vec<_> = (0..12).map(|nth| Command::Post(post(nth, before))).collect();
        requests.extend(changes(before));
        // Each is committed alone.
        let made = |command: Command| match store.submit(command.clone()).unwrap() {
            Outcome::Posted(posted) => posted.cheep.id.is_some().then_some((command, posted.cheep.seq)),
            Outcome::Changed(changed) => Some((command, changed.seq)),
            Outcome::Named(_) | Outcome::Moderated(_) => panic!("nobody claims a name here"),
        };
        let requests = requests.into_iter().filter_map(made).collect();
        let events = store.published.lock().unwrap().clone();
        if !is_killed {
            store.timeline.close().unwrap();
        }
        let of = |suffix| Some((suffix, fs::read(beside(&folder.path().join("cheeper.db"), suffix)).ok()?));
        Self { files: ["", LOG, INDEX].into_iter().filter_map(of).collect(), events, requests, audit, access }
    }

    /// What is read when this many events are there.
    fn present(&self, events: usize) -> Vec<Event> {
        present(&self.events[..events])
    }

    fn lay(&self, folder: &Path) -> PathBuf {
        let path = folder.join("cheeper.db");
        for (suffix, bytes) in &self.files {
            fs::write(beside(&path, suffix), bytes).unwrap();
        }
        path
    }

    fn without(mut self, suffix: &str) -> Self {
        self.files.remove(suffix).unwrap();
        self
    }

    /// Lays the files out with a change, and says how many events are there, all of them right; none if something is found to
    /// be wrong, by a start or by the thorough look.
    fn after(&self, suffix: &'static str, change: impl FnOnce(&mut Vec<u8>)) -> Option<usize> {
        let folder = TempDir::new().unwrap();
        let path = self.lay(folder.path());
        let mut files = self.files.clone();
        change(files.get_mut(suffix).unwrap());
        fs::write(beside(&path, suffix), &files[suffix]).unwrap();
        let is_as_it_was = || {
            for suffix in ["", LOG, INDEX] {
                assert_eq!(fs::read(beside(&path, suffix)).ok().as_ref(), files.get(suffix), "{suffix} was changed");
            }
        };
        let is_sound = Store::check(&path).is_ok_and(|findings| findings.is_empty());
        is_as_it_was();
        let Ok(store) = Store::open(&path) else {
            is_as_it_was();
            assert!(!is_sound, "a start is refused for what the thorough look does not find");
            return None;
        };
        let (events, access) = (store.newest(1000, usize::MAX), store.access());
        drop(store);
        if let Ok(access) = &access {
            assert!(access.iter().all(|change| self.access.contains(change)), "{access:?} is let in");
        }
        if !is_sound {
            assert!(events.is_err() || events.is_ok_and(|events| is_right(&events, &self.present(self.events.len()))));
            self.is_served_as_far_as_it_is_sound(&open(&folder));
            return None;
        }
        let events = events.unwrap();
        assert_eq!(events, self.present(events.len()));

        assert_eq!(access.unwrap(), self.access);
        let store = open(&folder);
        assert_eq!(store.audit(), self.audit);
        assert_eq!(store.post(by(author("Mallory", None), "hello", None)).unwrap_err().code, Code::Muted);
        let last = events.last().map_or(Seq::ZERO, Event::seq);
        for (command, event) in self.requests.iter().filter(|(_, event)| *event <= last) {
            match store.submit(command.clone()).unwrap() {
                Outcome::Posted(Posted { cheep, duplicate }) => assert!(duplicate && cheep.seq == *event),
                Outcome::Changed(Changed { seq, duplicate, .. }) => assert!(duplicate && seq == *event),
                Outcome::Named(_) | Outcome::Moderated(_) => panic!("nobody claims a name here"),
            }
        }
        assert_eq!(store.claim(author("carol", Some("somebody else's secret"))).unwrap_err().code, Code::NameTaken);
        assert_eq!(store.claim(author("carol", Some(SECRET))).unwrap().name.as_str(), "Carol");
        assert_eq!(store.timeline.damage(), None);
        Some(events.len())
    }

    /// What is read of a store with damage that its start does not see is right, or unknown where it stands, or refused where
    /// the structure is at fault; and the look behind the start finds it.
    fn is_served_as_far_as_it_is_sound(&self, store: &Opened) {
        for expected in self.present(self.events.len()) {
            let read = store.read(Read::Events { first: expected.seq(), last: expected.seq() });
            assert!(read.is_err() || read.is_ok_and(|read| is_right(&read, &[expected])));
        }
        let (sender, receiver) = mpsc::channel();
        let query = AuditQuery { before: None, limit: usize::MAX };
        store.timeline.audit(query, Box::new(move |entries| sender.send(entries).unwrap()));
        if let Ok((entries, _)) = receiver.recv().unwrap() {
            assert!(entries.iter().all(|entry| self.audit.contains(entry)), "{entries:?} was never done");
        }
        while store.timeline.damage().is_none() {
            thread::yield_now();
        }
    }
}

/// Somebody has changed a column without the sum, or taken a row away: the look finds each by itself.
#[test]
fn the_look_finds_what_is_changed_in_the_tables_by_which_order_is_kept() {
    for (change, found) in [
        ("UPDATE lookalikes SET folded_name = 'eve' WHERE skeleton = 'carol'", "what looks like a claimed name"),
        ("UPDATE releases SET name = 'Eve'", "the release of a name"),
        ("UPDATE mutes SET until_ms = 1 WHERE who = 'trudy'", "a mute"),
        ("UPDATE links SET role = 'host' WHERE link = 1", "a link"),
        ("UPDATE links SET is_ended = 0 WHERE link = 3", "a link"),
        ("UPDATE sessions SET person = 1 WHERE entry = 10", "a session"),
        ("UPDATE audit SET undone_by = NULL WHERE entry = 13", "an entry of the audit"),
        ("DELETE FROM mutes WHERE who = 'mallory'", "the mutes are not those"),
        ("DELETE FROM releases", "the released names are not those"),
        ("DELETE FROM sessions WHERE entry = 10", "the links have not as many sessions"),
        ("DELETE FROM links WHERE link = 3", "the links are not those"),
    ] {
        let folder = TempDir::new().unwrap();
        let path = CLOSED.lay(folder.path());
        let db = Connection::open(&path).unwrap();
        assert_eq!(db.execute(change, []).unwrap(), 1, "{change}");
        db.close().unwrap();
        let findings = Store::check(&path).unwrap();
        assert!(findings.len() == 1 && findings[0].starts_with(found), "{change}: {findings:?}");
    }
}

/// Where the log begins decides what else is sound: what lies before that is too much.
#[test]
fn the_look_finds_a_beginning_of_the_log_that_nobody_has_set() {
    let folder = TempDir::new().unwrap();
    let path = CLOSED.lay(folder.path());
    let db = Connection::open(&path).unwrap();
    assert_eq!(db.execute("INSERT INTO floor VALUES (7, 7)", []).unwrap(), 1);
    db.close().unwrap();
    let findings = Store::check(&path).unwrap();
    assert!(findings.iter().any(|finding| finding.starts_with("the place where the log begins")), "{findings:?}");
    assert!(Store::open(&path).is_err());
}

/// Whether these are the expected events, but for some that cannot be read.
fn is_right(events: &[Event], expected: &[Event]) -> bool {
    let is =
        |(event, expected): (&Event, &Event)| event == expected || *event == Event::Unknown { seq: expected.seq() };
    events.len() == expected.len() && events.iter().zip(expected).all(is)
}

/// Fills the tables that hold no events, and says who may come in then.
fn keep_order(store: &Opened) -> Vec<AccessChange> {
    let name = |name: &str| Name::parse(name).unwrap();
    let muted = |name: Name, until| Deed::MuteName { name, until };
    let link = |role, byte| Deed::MakeLink { role, token_hash: [byte; 32], ends_at: None, note: Some(name("a class")) };
    let join =
        |link, byte| Deed::Join { link: LinkId(link), session_hash: [byte; 32], person: Person(u64::from(byte) << 56) };
    assert!(store.claim(author("Dave", Some(SECRET))).unwrap().claimed);
    let deeds = [
        muted(name("mallory"), Some(Timestamp::MAX)),
        muted(name("trudy"), None),
        Deed::MuteAuthor { person: Person(u64::MAX), target: seq(1), until: None },
        Deed::Undo { entry: 5 },
        Deed::Release { name: name("dave") },
        link(Role::Member, 1),
        link(Role::Host, 2),
        join(1, 3),
        join(1, 4),
        join(2, 5),
        link(Role::Member, 6),
        Deed::Undo { entry: 13 },
        Deed::Undo { entry: 12 },
    ];
    let done: Vec<_> = deeds.into_iter().map(|deed| store.moderate(deed).unwrap()).collect();
    assert_eq!(done.last().map(|entry| entry.entry), Some(15), "two names were claimed before");
    let made = |link, role, byte| {
        let (link, token_hash, ends_at) = (LinkId(link), [byte; 32], None);
        AccessChange::LinkMade { link, role, token_hash, ends_at }
    };
    let opened = |byte| {
        let (link, session_hash, person) = (LinkId(1), [byte; 32], Person(u64::from(byte) << 56));
        AccessChange::SessionOpened { link, session_hash, person }
    };
    vec![made(1, Role::Member, 1), made(2, Role::Host, 2), opened(3), opened(4)]
}

fn post(nth: u32, before: u64) -> Post {
    let author = || author(["alice", "Bob", "Zoë"][nth as usize % 3], None);
    let text = format!("cheep {nth} {}", "of some length ".repeat(nth as usize * 2));
    let reply_to = (nth > 3).then(|| seq(before + u64::from(nth) / 2));
    Post {
        author: if nth > 8 { carol() } else { author() },
        cheep: CheepText::parse(&text, 4000).unwrap(),
        reply_to,
        id: (!nth.is_multiple_of(4)).then(|| under(nth)),
    }
}

/// What is done to the posts: Carol's are the last three, each of them an answer.
fn changes(before: u64) -> Vec<Command> {
    let edit = |target: u64, text: &str, id| {
        let (target, cheep) = (seq(before + target), CheepText::parse(text, 4000).unwrap());
        Command::Edit(Edit { author: carol(), target, cheep, id: Some(under(id)) })
    };
    let react = |name: &str, target: u64, on, id| {
        let (emoji, target) = (Emoji::parse("🐦").unwrap(), seq(before + target));
        Command::React(React { author: author(name, None), target, emoji, on, id: Some(under(id)) })
    };
    let delete = |target: u64, id| {
        Command::Delete(Delete { author: carol(), target: seq(before + target), id: Some(under(id)) })
    };
    vec![
        edit(10, "better words", 20),
        react("alice", 2, true, 21),
        react("Bob", 2, true, 22),
        react("Bob", 11, true, 23),
        edit(10, "the best words", 24),
        edit(11, "words that will be gone", 25),
        react("alice", 2, false, 26),
        delete(11, 27),
        edit(12, "the last words", 28),
    ]
}

fn flip(at: usize, bit: u8) -> impl FnOnce(&mut Vec<u8>) {
    move |bytes| {
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
    }
}

/// Bytes of a page in the log, with its head.
const FRAME: usize = 24 + 4096;

/// Where the frames of a log begin.
fn frames(log: &[u8]) -> impl DoubleEndedIterator<Item = usize> {
    (32..log.len()).step_by(FRAME)
}

fn is_all(left: Option<usize>) -> bool {
    left.is_none_or(|left| left == CLOSED.events.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_bit_of_the_database(at in any::<usize>(), bit in 0..8_u8) {
        prop_assert!(is_all(CLOSED.after("", flip(at, bit))));
    }

    #[test]
    fn a_bit_of_the_head_of_the_database(at in 0..100_usize, bit in 0..8_u8) {
        prop_assert!(is_all(CLOSED.after("", flip(at, bit))));
    }

    #[test]
    fn a_bit_of_the_database_beside_its_log(at in any::<usize>(), bit in 0..8_u8) {
        prop_assert!(is_all(KILLED.after("", flip(at, bit))));
    }

    #[test]
    fn a_bit_of_the_log(at in any::<usize>(), bit in 0..8_u8) {
        prop_assert!(is_all(KILLED.after(LOG, flip(at, bit))));
    }

    #[test]
    fn a_bit_of_the_index(at in any::<usize>(), bit in 0..8_u8) {
        prop_assert!(is_all(KILLED.after(INDEX, flip(at, bit))));
    }

    /// Without the index that knows of it, damage of the very last transaction is not to be told from a torn end.
    #[test]
    fn a_bit_of_the_log_that_was_copied_without_its_index(at in any::<usize>(), bit in 0..8_u8) {
        let left = COPIED.after(LOG, flip(at, bit));
        prop_assert!(left.is_none_or(|left| left >= COPIED.events.len() - 1));
    }

    /// What is left of an earlier round is neither damage nor missing.
    #[test]
    fn a_bit_of_a_log_that_has_begun_anew(at in any::<usize>(), bit in 0..8_u8) {
        let log = &BEGUN_ANEW.files[LOG];
        let is_current = |at: &usize| log[at + 8..at + 16] == log[16..24];
        let end = frames(log).take_while(is_current).last().unwrap() + FRAME;
        prop_assert!(end < log.len() - 10 * FRAME, "nothing is left of it: {} of {}", end / FRAME, log.len() / FRAME);
        let left = BEGUN_ANEW.after(LOG, flip(at, bit));
        prop_assert!(left.is_none_or(|left| left >= BEGUN_ANEW.events.len() - 1));
        prop_assert!(left == Some(BEGUN_ANEW.events.len()) || at % log.len() < end, "it is behind the end");
    }

    /// A power cut while the last transaction was written: any sectors of it are on the disk, and nobody was told.
    #[test]
    fn any_sectors_of_the_last_transaction(lost in prop::collection::vec(any::<bool>(), 1..64)) {
        let log = &COPIED.files[LOG];
        let ends = |at: &usize| log[at + 4..at + 8] != [0; 4];
        let start = frames(log).rev().skip(1).find(ends).unwrap() + FRAME;
        let left = COPIED.after(LOG, |bytes| {
            for (sector, _) in lost.iter().enumerate().filter(|(_, lost)| **lost) {
                let from = (start / 512 + sector) * 512;
                let length = bytes.len();
                bytes[from.clamp(start, length)..(from + 512).clamp(start, length)].fill(0);
            }
        });
        let whole = COPIED.events.len();
        prop_assert!(left == Some(whole) || left == Some(whole - 1), "{left:?}");
    }
}
