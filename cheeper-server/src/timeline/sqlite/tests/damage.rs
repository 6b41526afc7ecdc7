//! Whatever bit of a store's files is another: the store is refused and left as it was, or the thorough look finds it and what is
//! read is right or refused, or nothing is different.

use std::{collections::BTreeMap, path::PathBuf, sync::LazyLock, thread};

use cheeper_protocol::Cheep;
use proptest::prelude::*;

use super::*;
use crate::timeline::{Role, sqlite::lock::INDEX};

/// A store that was closed; one that a killed server has left; the same without the index; and one whose log has begun
/// anew, with much of the earlier round behind its end.
static CLOSED: LazyLock<Sample> = LazyLock::new(|| Sample::new(false));
static KILLED: LazyLock<Sample> = LazyLock::new(|| Sample::new(true));
static BEGUN_ANEW: LazyLock<Sample> = LazyLock::new(|| Sample::after_a_long_log().without(INDEX));
static COPIED: LazyLock<Sample> = LazyLock::new(|| Sample::new(true).without(INDEX));

/// The files of a small store, and what is in it.
struct Sample {
    files: BTreeMap<&'static str, Vec<u8>>,
    cheeps: Vec<Event>,
}

impl Sample {
    fn new(is_killed: bool) -> Self {
        let folder = TempDir::new().unwrap();
        Self::of(&folder, &open(&folder), is_killed)
    }

    fn after_a_long_log() -> Self {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        let long = CheepText::parse(&"x".repeat(4000), 4000).unwrap();
        for _ in 0..checkpoint::PAGES / 2 {
            store.post(Post { cheep: long.clone(), ..by(author("alice", None), "x", None) }).unwrap();
        }
        Self::of(&folder, &store, true)
    }

    fn of(folder: &TempDir, store: &Opened, is_killed: bool) -> Self {
        assert!(store.claim(author("Carol", Some(SECRET))).unwrap().claimed);
        for nth in 0..12_u32 {
            let name = ["alice", "Bob", "Zoë"][nth as usize % 3];
            let id = (nth % 4 > 0).then(|| format!("id {nth}"));
            let text = format!("cheep {nth} {}", "of some length ".repeat(nth as usize * 2));
            let cheep = CheepText::parse(&text, 4000).unwrap();
            let reply_to = (nth > 3).then(|| Seq::new(u64::from(nth) / 2).unwrap());
            store.post(Post { cheep, reply_to, ..by(author(name, None), "x", id.as_deref()) }).unwrap();
        }
        let cheeps = store.published.lock().unwrap().clone();
        if !is_killed {
            store.timeline.close().unwrap();
        }
        let of = |suffix| Some((suffix, fs::read(beside(&folder.path().join("cheeper.db"), suffix)).ok()?));
        Self { files: ["", LOG, INDEX].into_iter().filter_map(of).collect(), cheeps }
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

    /// Lays the files out with a change, and says how many cheeps are there, all of them right; none if something is found to
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
        let cheeps = store.newest(1000, usize::MAX);
        drop(store);
        if !is_sound {
            assert!(cheeps.is_err() || cheeps.is_ok_and(|cheeps| cheeps == self.cheeps));
            self.is_served_as_far_as_it_is_sound(&open(&folder));
            return None;
        }
        let cheeps = cheeps.unwrap();
        assert_eq!(cheeps, self.cheeps[..cheeps.len()]);

        let store = open(&folder);
        for event in &cheeps {
            let Event::Cheep(Cheep { name, cheep, reply_to, id, .. }) = event else { panic!("{event:?}") };
            if id.is_some() {
                let author = Author { name: name.clone(), secret: None, role: Role::Member };
                let post = Post { author, cheep: cheep.clone(), reply_to: *reply_to, id: id.clone() };
                assert!(store.post(post).unwrap().duplicate);
            }
        }
        assert_eq!(store.claim(author("carol", Some("somebody else's secret"))).unwrap_err().code, Code::NameTaken);
        assert_eq!(store.claim(author("carol", Some(SECRET))).unwrap().name.as_str(), "Carol");
        assert_eq!(store.timeline.damage(), None);
        Some(cheeps.len())
    }

    /// What is read of a store with damage that its start does not see is right or refused, and the look behind the start
    /// finds it.
    fn is_served_as_far_as_it_is_sound(&self, store: &Opened) {
        for expected in &self.cheeps {
            let read = store.read(Read::Events { first: expected.seq(), last: expected.seq() });
            assert!(read.is_err() || read.is_ok_and(|read| read == [expected.clone()]));
        }
        while store.timeline.damage().is_none() {
            thread::yield_now();
        }
    }
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
    left.is_none_or(|left| left == CLOSED.cheeps.len())
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
        prop_assert!(left.is_none_or(|left| left >= COPIED.cheeps.len() - 1));
    }

    /// What is left of an earlier round is neither damage nor missing.
    #[test]
    fn a_bit_of_a_log_that_has_begun_anew(at in any::<usize>(), bit in 0..8_u8) {
        let log = &BEGUN_ANEW.files[LOG];
        let is_current = |at: &usize| log[at + 8..at + 16] == log[16..24];
        let end = frames(log).take_while(is_current).last().unwrap() + FRAME;
        prop_assert!(end < log.len() - 10 * FRAME, "nothing is left of it");
        let left = BEGUN_ANEW.after(LOG, flip(at, bit));
        prop_assert!(left.is_none_or(|left| left >= BEGUN_ANEW.cheeps.len() - 1));
        prop_assert!(left == Some(BEGUN_ANEW.cheeps.len()) || at % log.len() < end, "it is behind the end");
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
        let whole = COPIED.cheeps.len();
        prop_assert!(left == Some(whole) || left == Some(whole - 1), "{left:?}");
    }
}
