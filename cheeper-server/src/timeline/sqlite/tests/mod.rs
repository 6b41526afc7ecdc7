//! What SQLite's files alone promise. What every engine does is in the contract.

mod copy;
mod damage;
mod erasing;
mod exchange;
mod migration;
mod retention;
mod search;

use std::{
    fs,
    io::Read as _,
    os::unix::{self, fs::PermissionsExt as _},
    sync::{Arc, Mutex, mpsc},
};

use cheeper_protocol::{CheepText, Code, Entry, RequestId, Role, Thread, limits::SEQ_MAX};
use tempfile::TempDir;

use super::*;
use crate::timeline::{
    Actor, Author, Claim, Deed, Moderate, Named, Post, Posted,
    contract::{Site, author, contract},
};

/// A folder with a store in it.
struct Folder(TempDir);

impl Site for Folder {
    type Engine = Store;

    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn open(&self) -> Store {
        Store::open(&self.0.path().join("cheeper.db")).unwrap()
    }

    /// A kill leaves the files as they are. While the log only grows, a copy that is made during a write has the beginning
    /// of it, as after a kill; one that is made while the log is carried over has what never was, so it is made again. The
    /// search index would have to be still for that; it is left out, and so made anew.
    fn image(&self) -> Self {
        loop {
            let (image, before) = (Self::new(), self.settled());
            for file in fs::read_dir(self.0.path()).unwrap() {
                let file = file.unwrap();
                if file.file_name().to_string_lossy().contains("-search") {
                    continue;
                }
                fs::copy(file.path(), image.0.path().join(file.file_name())).unwrap();
            }
            if self.settled() == before {
                return image;
            }
        }
    }
}

impl Folder {
    /// The database, and the head of its log: what stays the same while the log only grows.
    fn settled(&self) -> (Vec<u8>, Vec<u8>) {
        let path = self.0.path().join("cheeper.db");
        let mut log = fs::read(beside(&path, "-wal")).unwrap();
        log.truncate(32);
        (fs::read(path).unwrap(), log)
    }
}

contract!(Folder);

const SECRET: &str = "somebody's own secret";

/// A store at work, and what it published.
struct Opened {
    timeline: Arc<dyn Timeline>,
    published: Arc<Mutex<Vec<Event>>>,
}

fn open(folder: &TempDir) -> Opened {
    start(Store::open(&folder.path().join("cheeper.db")).unwrap())
}

/// One whose log keeps all that came into it, however long a test takes.
fn open_keeping_log(folder: &TempDir) -> Opened {
    let store = Store::open(&folder.path().join("cheeper.db")).unwrap();
    start(Store { empty_after: Duration::from_secs(3600), ..store })
}

fn start(store: Store) -> Opened {
    let published = Arc::new(Mutex::new(Vec::new()));
    let heard = published.clone();
    let publish = Box::new(move |events: &[Event]| heard.lock().unwrap().extend_from_slice(events));
    let timeline = store.start(publish, Box::new(|_| {})).unwrap();
    Opened { timeline: Arc::new(timeline), published }
}

/// A post of somebody's.
fn by(author: Author, text: &str, id: Option<&str>) -> Post {
    let id = id.map(|id| RequestId::parse(id).unwrap());
    Post { author, cheep: CheepText::parse(text, 4000).unwrap(), reply_to: None, id }
}

fn everything() -> Read {
    Read::Events { first: Seq::ZERO, last: Seq::new(SEQ_MAX).unwrap() }
}

impl Opened {
    fn submit(&self, command: Command) -> Result<Outcome, Refusal> {
        let (sender, receiver) = mpsc::channel();
        self.timeline.submit(command, Box::new(move |outcome| sender.send(outcome).unwrap()));
        receiver.recv().unwrap()
    }

    fn post(&self, post: Post) -> Result<Posted, Refusal> {
        match self.submit(Command::Post(post))? {
            Outcome::Posted(posted) => Ok(posted),
            Outcome::Changed(_) | Outcome::Named(_) | Outcome::Moderated(_) => panic!("a post was answered as a claim"),
        }
    }

    fn claim(&self, author: Author) -> Result<Named, Refusal> {
        match self.submit(Command::Claim(Claim { author, may_claim: Ok(()) }))? {
            Outcome::Named(named) => Ok(named),
            Outcome::Posted(_) | Outcome::Changed(_) | Outcome::Moderated(_) => {
                panic!("a claim was answered as a post")
            }
        }
    }

    fn moderate(&self, deed: Deed) -> Result<Entry, Refusal> {
        match self.submit(Command::Moderate(Moderate { by: Actor::Operator, deed }))? {
            Outcome::Moderated(entry) => Ok(entry),
            other => panic!("it was answered with {other:?}"),
        }
    }

    fn audit(&self) -> Vec<Entry> {
        let (sender, receiver) = mpsc::channel();
        let query = AuditQuery { before: None, limit: usize::MAX };
        self.timeline.audit(query, Box::new(move |entries| sender.send(entries).unwrap()));
        receiver.recv().unwrap().unwrap().0
    }

    fn read(&self, read: Read) -> Result<Vec<Event>, Refusal> {
        let (sender, receiver) = mpsc::channel();
        self.timeline.read(read, Box::new(move |part| sender.send(part).unwrap()));
        receiver.recv().unwrap().map(|part| part.events)
    }
}

#[test]
fn a_secret_is_not_in_the_files() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let alice = || author("Alice", Some(SECRET));
    store.claim(alice()).unwrap();
    store.post(by(alice(), "I am", None)).unwrap();
    for closed in [false, true] {
        for file in fs::read_dir(folder.path()).unwrap() {
            // One that goes at this moment, as what the search index is made in, has nothing.
            let bytes = fs::read(file.unwrap().path()).unwrap_or_default();
            assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
        }
        if !closed {
            store.timeline.close().unwrap();
        }
    }
}

#[test]
fn damage_under_a_running_store_keeps_its_place_and_hinders_nobody() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cheeper.db");
    let store = open(&folder);
    assert!(store.claim(author("carol", Some(SECRET))).unwrap().claimed);
    for (text, id) in [("one", "1"), ("two", "2"), ("three", "3")] {
        store.post(by(author("alice", None), text, Some(id))).unwrap();
    }
    let seq = |number| Seq::new(number).unwrap();
    let answer = |to| store.post(Post { reply_to: Some(seq(to)), ..by(author("alice", None), "an answer", None) });
    assert_eq!([answer(2), answer(4), answer(4)].map(|posted| posted.unwrap().cheep.seq.get()), [4, 5, 6]);
    let change = |what: &str| assert_eq!(Connection::open(&path).unwrap().execute(what, []).unwrap(), 1, "{what}");
    let sound = store.read(everything()).unwrap();
    let events = |first, last| store.read(Read::Events { first: seq(first), last: seq(last) }).unwrap();
    let cheeps = |pivot, back, forth| {
        let (sender, receiver) = mpsc::channel();
        let read = Read::Cheeps { pivot: seq(pivot), back, forth, last: seq(6) };
        store.timeline.read(read, Box::new(move |part| sender.send(part).unwrap()));
        let part: Part = receiver.recv().unwrap().unwrap();
        (part.events.iter().map(|event| event.seq().get()).collect::<Vec<_>>(), part.more_before, part.more_after)
    };
    let thread = |of| {
        let read = Read::Thread { thread: Thread { seq: seq(of), after: None }, last: seq(6) };
        store.read(read).map(|events| events.iter().map(|event| event.seq().get()).collect::<Vec<_>>())
    };
    change("UPDATE cheeps SET cheep = 'a' || char(27) || '[31mb' WHERE seq = 2");
    assert_eq!(store.post(by(author("alice", None), "two", Some("2"))).unwrap_err().code, Code::Internal);
    assert_eq!(thread(2).unwrap_err().code, Code::Internal, "who asks for it alone has nothing else");
    for hole in [false, true] {
        if hole {
            change("DELETE FROM cheeps WHERE seq = 2");
        }
        for (first, last) in [(2, 2), (2, 3), (1, 2), (1, 6)] {
            let is_wanted = |event: &&Event| (first..=last).contains(&event.seq().get());
            let mut expected: Vec<_> = sound.iter().filter(is_wanted).cloned().collect();
            for event in expected.iter_mut().filter(|event| event.seq() == seq(2)) {
                *event = Event::Unknown { seq: seq(2) };
            }
            assert_eq!(events(first, last), expected, "from {first} to {last}");
        }
        assert_eq!(cheeps(3, 2, 0), (vec![1, 3], false, true), "it is not counted");
        assert_eq!(cheeps(1, 9, 1), (vec![1, 3], false, true));
        assert_eq!(thread(4).unwrap(), [4, 5, 6]);
    }
    // Nobody asks for what comes first again and again.
    change("UPDATE cheeps SET name = 'eve' WHERE seq = 1");
    assert_eq!(cheeps(3, 1, 0), (vec![3], true, true));
    assert_eq!(cheeps(2, 1, 0), (vec![], false, true));
    change("UPDATE cheeps SET name = 'eve' WHERE seq = 6");
    assert_eq!(cheeps(5, 1, 1), (vec![5], true, false));
    change("UPDATE cheeps SET name = 'eve' WHERE seq = 5");
    assert_eq!(thread(4).unwrap(), [4]);
    assert_eq!(events(5, 6), [5, 6].map(|number| Event::Unknown { seq: seq(number) }));
    change("UPDATE claims SET name = 'karol'");
    assert_eq!(store.claim(author("carol", Some(SECRET))).unwrap_err().code, Code::Internal);
    assert_eq!(store.post(by(author("alice", None), "four", None)).unwrap().cheep.seq.get(), 7);
}

#[test]
fn a_store_is_locked_however_it_is_named() {
    let folder = TempDir::new().unwrap();
    let _store = open(&folder);
    let link = folder.path().join("link.db");
    unix::fs::symlink(folder.path().join("cheeper.db"), &link).unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    for name in [folder.path().join("cheeper.db"), link, folder.path().join("sub/../cheeper.db")] {
        assert!(matches!(Store::open(&name), Err(OpenError::Locked { .. })), "{}", name.display());
    }
}

#[test]
fn a_new_store_is_its_owners_alone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.post(by(author("alice", None), "hello", None)).unwrap();
    let mode = |file: &fs::DirEntry| file.metadata().unwrap().permissions().mode() & 0o777;
    search::search(&store, "hello");
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 7, "{files:?}");
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
        store.post(by(author("alice", None), &format!("cheep {nth}"), None)).unwrap();
    }
    store.timeline.close().unwrap();
    let sound = fs::read(&path).unwrap();

    Connection::open(&path).unwrap().execute("DELETE FROM cheeps WHERE seq = 2", []).unwrap();
    assert!(matches!(refuses("a log with a hole"), OpenError::Damaged { .. }));

    fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    assert!(matches!(refuses("half a store"), OpenError::Damaged { .. }));

    fs::write(&path, &sound).unwrap();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(refuses("a newer store"), OpenError::TooNew { .. }));
}

#[test]
fn the_log_is_carried_over_when_the_cheep_that_filled_it_is_out() {
    // A page in the log has a head of 24 bytes.
    const LONG: u64 = checkpoint::PAGES as u64 * (4096 + 24);
    let folder = TempDir::new().unwrap();
    let lengths = Arc::new(Mutex::new(Vec::new()));
    let (path, noted) = (folder.path().join("cheeper.db"), lengths.clone());
    let log = beside(&path, "-wal");
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    let store = Store::open(&path).unwrap();
    let before = length(&path);
    let publish = move |_: &[Event]| noted.lock().unwrap().push((length(&path), length(&beside(&path, "-wal"))));
    let opened = Opened {
        timeline: Arc::new(store.start(Box::new(publish), Box::new(|_| {})).unwrap()),
        published: Arc::default(),
    };
    // The salts in its head change when it begins anew, which it cannot while somebody reads the store.
    let salts = || {
        let mut head = [0; 32];
        fs::File::open(&log).unwrap().read_exact(&mut head).unwrap();
        head[16..24].to_vec()
    };
    let mut first = None;
    for nth in 0.. {
        assert!(nth < 20_000, "the log never began anew");
        opened.post(by(author("alice", None), &format!("{nth} {}", "x".repeat(270)), None)).unwrap();
        if nth > 1000 && salts() != *first.get_or_insert_with(salts) {
            break;
        }
    }
    let lengths = lengths.lock().unwrap();
    assert!(lengths.iter().any(|&(database, log)| log >= LONG && database == before), "nobody waits for it");
    assert!(lengths.last().unwrap().0 > before, "it is carried over");
}

#[test]
fn who_may_come_in_is_told_before_what_came_in_with_it() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("cheeper.db")).unwrap();
    let (told, heard) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let published = told.clone();
    // Whoever is told holds up the writer, so that all that comes meanwhile is one batch.
    let publish = Box::new(move |_: &[Event]| {
        published.send("events").unwrap();
        may_go_on.recv().unwrap();
    });
    let admit = Box::new(move |_: &[AccessChange]| told.send("access").unwrap());
    let timeline: Arc<dyn Timeline> = Arc::new(store.start(publish, admit).unwrap());
    let store = Opened { timeline, published: Arc::default() };
    let made = Deed::MakeLink { role: Role::Member, token_hash: [7; 32], ends_at: None, note: None };
    let link = store.moderate(made).unwrap();
    assert_eq!(heard.recv().unwrap(), "access");
    let submit = |command| {
        let (sender, receiver) = mpsc::channel();
        store.timeline.submit(command, Box::new(move |outcome| sender.send(outcome).unwrap()));
        receiver
    };
    let post = |text| submit(Command::Post(by(author("alice", None), text, None)));
    let first = post("first");
    assert_eq!(heard.recv().unwrap(), "events");
    let second = post("not for those who came in by the link");
    let undo = Deed::Undo { entry: link.entry };
    let ended = submit(Command::Moderate(Moderate { by: Actor::Operator, deed: undo }));
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    for answer in [first, second, ended] {
        answer.recv().unwrap().unwrap();
    }
    assert_eq!([heard.recv().unwrap(), heard.recv().unwrap()], ["access", "events"]);
}
