use std::{
    fs,
    os::unix::{self, fs::PermissionsExt as _},
    sync::{Arc, Mutex, mpsc},
};

use cheeper_protocol::{
    CheepText, Code, History, Name, Range, RequestId, Secret,
    limits::{PAGE_BYTES, SEQ_MAX},
};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{place::beside, *};
use crate::timeline::page;

struct Opened {
    sqlite: Sqlite,
    published: Arc<Mutex<Vec<Cheep>>>,
}

fn open(folder: &TempDir) -> Opened {
    let published = Arc::new(Mutex::new(Vec::new()));
    let heard = published.clone();
    let store = Store::open(&folder.path().join("cheeper.db")).unwrap();
    let sqlite = store.start(Box::new(move |cheeps| heard.lock().unwrap().extend_from_slice(cheeps))).unwrap();
    Opened { sqlite, published }
}

fn author(name: &str, secret: Option<&str>) -> Author {
    Author::new(Name::parse(name).unwrap(), secret.map(|secret| Secret::parse(secret).unwrap()))
}

fn new(author: Author, text: &str, id: Option<&str>) -> NewCheep {
    let id = id.map(|id| RequestId::parse(id).unwrap());
    NewCheep { author, cheep: CheepText::parse(text, 280).unwrap(), reply_to: None, id }
}

impl Opened {
    fn append(&self, cheep: NewCheep) -> Result<Posted, Refusal> {
        let (tell, told) = mpsc::channel();
        self.sqlite.append(cheep, Box::new(move |result| tell.send(result).unwrap()));
        told.recv().unwrap()
    }

    fn claim(&self, author: Author) -> Result<Named, Refusal> {
        let (tell, told) = mpsc::channel();
        self.sqlite.claim(author, Box::new(move |result| tell.send(result).unwrap()));
        told.recv().unwrap()
    }

    fn all(&self) -> Vec<Cheep> {
        let (tell, told) = mpsc::channel();
        let last = Seq::new(SEQ_MAX).unwrap();
        let span = Span { first: Seq::ZERO, last, pivot: Seq::ZERO, more: false, reset: false };
        self.sqlite.read(span, Box::new(move |result| tell.send(result).unwrap()));
        told.recv().unwrap().unwrap()
    }
}

const SECRET: &str = "alice's own secret";
const OTHER: &str = "somebody else's one";

#[test]
fn what_was_acked_is_there_after_a_reopen_and_a_retry_is_a_duplicate() {
    let folder = TempDir::new().unwrap();
    let first = open(&folder);
    let posted = first.append(new(author("alice", None), "hello", Some("1"))).unwrap();
    let id = first.sqlite.id().to_owned();
    first.sqlite.close().unwrap();

    let second = open(&folder);
    assert_eq!(second.sqlite.id(), id);
    assert_eq!(second.all(), vec![posted.cheep.clone()]);
    let again = second.append(new(author("ALICE", None), "hello", Some("1"))).unwrap();
    assert_eq!(again, Posted { cheep: posted.cheep, duplicate: true });
    let other = second.append(new(author("alice", None), "other words", Some("1"))).unwrap_err();
    assert_eq!(other.code, Code::IdConflict);
    assert_eq!(second.append(new(author("bob", None), "hello", Some("1"))).unwrap().cheep.seq.get(), 2);
    assert_eq!(second.published.lock().unwrap().len(), 1);
}

#[test]
fn a_claimed_name_is_its_holders_alone_and_the_secret_is_not_in_the_file() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    assert!(!store.append(new(author("alice", Some(SECRET)), "not claimed yet", None)).unwrap().cheep.verified);
    assert!(!store.claim(author("alice", None)).unwrap().claimed);
    assert!(store.claim(author("Alice", Some(SECRET))).unwrap().claimed);
    for secret in [None, Some(OTHER)] {
        assert_eq!(store.claim(author("alice", secret)).unwrap_err().code, Code::NameTaken);
        assert_eq!(store.append(new(author("alice", secret), "I am not", None)).unwrap_err().code, Code::NameTaken);
    }
    let cheep = store.append(new(author("alice", Some(SECRET)), "I am", None)).unwrap().cheep;
    assert_eq!((cheep.name.as_str(), cheep.verified), ("Alice", true));
    store.sqlite.close().unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
    }
}

#[test]
fn who_may_claim_no_more_is_still_let_in_under_an_own_name() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let no_more = |name| Author { may_claim: Err(Code::RateLimited.into()), ..author(name, Some(SECRET)) };
    assert!(store.claim(author("alice", Some(SECRET))).unwrap().claimed);
    assert!(store.claim(no_more("alice")).unwrap().claimed);
    assert_eq!(store.claim(no_more("bob")).unwrap_err().code, Code::RateLimited);
    assert!(!store.claim(author("bob", None)).unwrap().claimed, "it is as free as before");
}

#[test]
fn a_reply_needs_something_to_answer() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let reply = |to| NewCheep { reply_to: Seq::new(to), ..new(author("bob", None), "yes", None) };
    assert_eq!(store.append(reply(1)).unwrap_err().code, Code::BadReply);
    store.append(new(author("alice", None), "anybody?", None)).unwrap();
    assert_eq!(store.append(reply(1)).unwrap().cheep.reply_to, Seq::new(1));
}

#[test]
fn a_closed_store_answers_nothing_new_and_can_be_opened_by_the_next() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    assert!(matches!(Store::open(&folder.path().join("cheeper.db")), Err(OpenError::Locked { .. })));
    store.sqlite.close().unwrap();
    let (tell, told) = mpsc::channel();
    store.sqlite.append(new(author("alice", None), "late", None), Box::new(move |result| tell.send(result).unwrap()));
    assert_eq!(told.recv().unwrap().unwrap_err().code, Code::NotStored);
    assert_eq!(open(&folder).all(), []);
}

#[test]
fn what_a_damaged_file_says_is_not_drawn_as_it_stands() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cheeper.db");
    let store = open(&folder);
    store.append(new(author("alice", None), "hello", None)).unwrap();
    store.sqlite.close().unwrap();
    let change =
        |what: &str| Connection::open(&path).unwrap().execute(&format!("UPDATE cheeps SET {what}"), []).unwrap();
    change("cheep = 'a' || char(27) || '[31mb' || char(0x202e)");
    assert_eq!(open(&folder).all()[0].cheep.as_str(), "a[31mb");
    change("name = 'al' || char(27) || 'ice'");
    assert!(matches!(Store::open(&path).unwrap().newest(10, usize::MAX), Err(OpenError::Damaged { .. })));
}

#[test]
fn a_store_is_locked_however_it_is_named() {
    let folder = TempDir::new().unwrap();
    let _store = open(&folder);
    let link = folder.path().join("link.db");
    unix::fs::symlink(folder.path().join("cheeper.db"), &link).unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    for name in [link, folder.path().join("sub/../cheeper.db")] {
        assert!(matches!(Store::open(&name), Err(OpenError::Locked { .. })), "{}", name.display());
    }
}

#[test]
fn a_new_store_is_its_owners_alone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.append(new(author("alice", None), "hello", None)).unwrap();
    let mode = |file: &fs::DirEntry| file.metadata().unwrap().permissions().mode() & 0o777;
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

#[test]
fn the_writer_waits_for_the_disk() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("cheeper.db")).unwrap();
    let synchronous: i64 = store.db.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
    let journal: String = store.db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!((synchronous, journal.as_str()), (2, "wal"), "2 is FULL: every commit is synced");
}

#[test]
fn a_file_that_is_not_a_sound_store_is_refused_and_left_as_it_was() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cheeper.db");
    let refuses = |what: &str| {
        let before = fs::read(&path).unwrap();
        let error = Store::open(&path).err().unwrap_or_else(|| panic!("{what} was opened"));
        assert_eq!(fs::read(&path).unwrap(), before, "{what} was changed");
        error
    };
    fs::write(&path, "my diary, not a database").unwrap();
    assert!(matches!(refuses("a text"), OpenError::Damaged { .. }));

    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(matches!(refuses("another program's database"), OpenError::Damaged { .. }));

    fs::remove_file(&path).unwrap();
    let store = open(&folder);
    for nth in 0..3 {
        store.append(new(author("alice", None), &format!("cheep {nth}"), None)).unwrap();
    }
    store.sqlite.close().unwrap();
    let sound = fs::read(&path).unwrap();

    Connection::open(&path).unwrap().execute("DELETE FROM cheeps WHERE seq = 2", []).unwrap();
    assert!(matches!(refuses("a log with a hole"), OpenError::Damaged { .. }));

    fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    assert!(matches!(refuses("half a store"), OpenError::Damaged { .. }));

    fs::write(&path, &sound).unwrap();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(refuses("a newer store"), OpenError::TooNew { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is posted, from many threads at once, the log is dense and everything new is published once, in order.
    #[test]
    fn the_log_is_dense_and_published_in_order(posts in prop::collection::vec((0..3_u8, 0..4_u8, any::<bool>()), 1..60)) {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        let (tell, told) = mpsc::channel();
        std::thread::scope(|scope| {
            for chunk in posts.chunks(posts.len().div_ceil(3)) {
                let (store, tell) = (&store, tell.clone());
                scope.spawn(move || {
                    for (name, id, other_words) in chunk {
                        let (name, id, tell) = (format!("n{name}"), format!("{id}"), tell.clone());
                        let text = if *other_words { "other" } else { "same" };
                        let cheep = new(author(&name, None), text, Some(&id));
                        store.sqlite.append(cheep, Box::new(move |result| tell.send(result).unwrap()));
                    }
                });
            }
        });
        let answers: Vec<_> = posts.iter().map(|_| told.recv().unwrap()).collect();
        let log = store.all();
        let seqs: Vec<u64> = log.iter().map(|cheep| cheep.seq.get()).collect();
        prop_assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>());
        prop_assert_eq!(&*store.published.lock().unwrap(), &log);
        let fresh = answers.iter().flatten().filter(|posted| !posted.duplicate).count();
        prop_assert_eq!(fresh, log.len());
        for posted in answers.iter().flatten() {
            prop_assert!(log.contains(&posted.cheep));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// Reading stops early, and nobody can tell: a page of the events that were read is the page of all events.
    #[test]
    fn a_page_of_what_was_read_is_the_page_of_the_whole_span(
        bytes in prop::collection::vec(1..5000_usize, 1..240),
        asked in prop::collection::vec((0..4_u8, 0..250_u64, 1..220_usize), 1..6),
    ) {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        for bytes in &bytes {
            let cheep = CheepText::cleaned(&"x".repeat(*bytes));
            store.sqlite.append(NewCheep { cheep, ..new(author("alice", None), "x", None) }, Box::new(drop));
        }
        store.append(new(author("alice", None), "the last", None)).unwrap();
        let log = store.published.lock().unwrap().clone();
        let head = log.last().unwrap().seq;
        let encoded: Vec<String> = log.iter().map(page::encode_event).collect();
        for (kind, number, limit) in asked {
            let seq = Seq::new(number).unwrap();
            let range = match kind {
                0 => Range::Newest,
                1 => Range::Before(seq),
                2 => Range::After(seq),
                _ => Range::Around(seq),
            };
            let history = History { range, limit };
            let span = page::span(&history, head);
            let places = |span: &Span| {
                let [before, upto] = [span.first.previous(), span.last].map(|seq| usize::try_from(seq.get()).unwrap());
                before..upto
            };
            let page = |span: &Span| {
                let events: Vec<&[u8]> = encoded[places(span)].iter().map(AsRef::as_ref).collect();
                page::encode(None, &history, span, head, &events)
            };
            let (tell, told) = mpsc::channel();
            store.sqlite.read(span, Box::new(move |result| tell.send(result).unwrap()));
            let read = told.recv().unwrap().unwrap();
            prop_assert!(read.iter().map(|cheep| cheep.cheep.as_str().len()).sum::<usize>() < 2 * PAGE_BYTES + 10_000);
            let part = span.cut_to(&read);
            prop_assert!(read.iter().eq(&log[places(&part)]));
            prop_assert_eq!(page(&part), page(&span));
        }
    }
}

#[test]
fn the_log_is_carried_over_when_the_cheep_that_filled_it_is_out() {
    // A page in the log has a head of 24 bytes.
    const LONG: u64 = log::PAGES as u64 * (4096 + 24);
    let folder = TempDir::new().unwrap();
    let lengths = Arc::new(Mutex::new(Vec::new()));
    let (path, noted) = (folder.path().join("cheeper.db"), lengths.clone());
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    let store = Store::open(&path).unwrap();
    let before = length(&path);
    let publish = move |_: &[Cheep]| noted.lock().unwrap().push((length(&path), length(&beside(&path, "-wal"))));
    let opened = Opened { sqlite: store.start(Box::new(publish)).unwrap(), published: Arc::default() };
    for nth in 0..1000 {
        opened.append(new(author("alice", None), &format!("{nth} {}", "x".repeat(270)), None)).unwrap();
    }
    let lengths = lengths.lock().unwrap();
    assert!(lengths.iter().any(|&(database, log)| log >= LONG && database == before), "nobody waits for it");
    let (database, log) = lengths.last().unwrap();
    assert!(*database > before && *log < 2 * LONG, "{database} bytes, and {log} in the log");
}
