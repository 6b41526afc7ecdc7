//! A full disk costs nobody what was stored: it is read, the server starts on it, and posting goes on when there is room.

mod support;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
    process::Command,
    thread,
    time::Instant,
};

use serde_json::{Value, json};
use support::{Server, command, old_store, refused_in_a_sentence, seqs};

/// A small disk of our own, let go of at the end.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where this user may not mount one, which is said even if all tests pass.
    fn new(test: &str) -> Option<Self> {
        Self::of_mib(2, test)
    }

    fn of_mib(mib: u32, test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={mib}m");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        let why = match mount {
            Ok(mount) if mount.status.success() => return Some(Self(folder)),
            Ok(mount) => String::from_utf8_lossy(&mount.stderr).trim().to_owned(),
            Err(error) => error.to_string(),
        };
        // `eprintln!` would be kept back with what a passing test prints.
        let said = format!("\nSKIPPED {test}: it needs a small disk of its own, run it as root ({why})\n");
        io::stderr().write_all(said.as_bytes()).unwrap();
        None
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("cheeper.db")
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }

    /// Not a page is free after this.
    fn fill(&self) {
        let mut ballast = File::options().append(true).create(true).open(self.ballast()).unwrap();
        let error = loop {
            if let Err(error) = ballast.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    /// What the server has made on it, with sizes.
    fn sizes(&self) -> BTreeMap<String, u64> {
        // A socket takes no room; it is there while a server runs.
        let files = fs::read_dir(self.0.path()).unwrap().map(Result::unwrap).filter(|file| file.path().is_file());
        files.map(|file| (file.file_name().into_string().unwrap(), file.metadata().unwrap().len())).collect()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0.path()).output());
    }
}

fn start(disk: &Disk) -> Server {
    Server::on(&disk.data(), &["--post-rate", "0"])
}

fn is_not_stored(answer: &Value) {
    assert_eq!((&answer["code"], &answer["retryable"]), (&json!("not_stored"), &json!(true)), "{answer}");
}

#[test]
fn posts_are_refused_reads_go_on_and_posting_goes_on_when_there_is_room() {
    let Some(disk) = Disk::new("posts_are_refused_reads_go_on_and_posting_goes_on_when_there_is_room") else { return };
    fs::write(disk.ballast(), vec![0; 1024 * 1024]).unwrap();
    let mut server = start(&disk);
    let (mut alice, mut bob) = (server.client(), server.client());
    let mut stored = 0;
    let refused = loop {
        let answer = alice.ask(json!({ "name": "alice", "cheep": format!("{stored:0280}") }));
        if answer["type"] != "ack" {
            break answer;
        }
        stored += 1;
        assert_eq!(answer["seq"], stored);
        assert!(stored < 20_000, "the disk never got full");
    };
    is_not_stored(&refused);
    let page = bob.ask(json!({ "type": "history", "after": 0, "limit": 3 }));
    assert_eq!((seqs(&page), &page["head"]), (vec![1, 2, 3], &json!(stored)));
    assert_eq!(server.client().head(), stored);

    disk.make_room();
    assert_eq!(alice.post("alice", "there is room again"), stored + 1);
    bob.until(|frame| frame["type"] == "cheep" && frame["seq"] == stored + 1);
    server.kill();
    server.restart();
    assert_eq!(server.client().head(), stored + 1);
}

/// The status of `/healthz`.
fn health(server: &Server) -> String {
    let answer = server.begin(&format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.address));
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn it_is_not_ready_until_there_is_room_and_then_by_itself() {
    let Some(disk) = Disk::new("it_is_not_ready_until_there_is_room_and_then_by_itself") else { return };
    let server = start(&disk);
    let mut alice = server.client();
    let post = json!({ "name": "alice", "cheep": "hello", "id": "once" });
    assert_eq!(alice.ask(post.clone())["seq"], 1);
    assert_eq!(health(&server), "200");
    disk.fill();
    let mut claims = 0;
    let refused = loop {
        // A few may find a place within the pages that the store has.
        let name = format!("{claims:030}");
        let answer = alice.ask(json!({ "type": "hello", "name": name, "secret": "0123456789abcdef" }));
        if answer["type"] != "hello" {
            break answer;
        }
        claims += 1;
        assert!(claims < 10_000, "the disk never got full");
    };
    is_not_stored(&refused);
    assert!(!refused["message"].as_str().unwrap().contains("posted"), "{refused}");
    assert_eq!(health(&server), "503");
    assert_eq!(alice.ask(post)["duplicate"], true);
    assert_eq!(health(&server), "503", "a duplicate is not written");
    disk.make_room();
    let began = Instant::now();
    while health(&server) != "200" {
        assert!(began.elapsed() < support::PATIENCE, "it does not find out by itself");
        thread::yield_now();
    }
}

#[test]
fn what_needs_no_room_is_answered_among_posts_that_do() {
    let Some(disk) = Disk::new("what_needs_no_room_is_answered_among_posts_that_do") else { return };
    let server = start(&disk);
    let mut alice = server.client();
    assert_eq!(alice.ask(json!({ "name": "alice", "cheep": "hello", "id": "once" }))["seq"], 1);
    disk.fill();
    for nth in 0..100 {
        let id = if nth % 2 == 0 { "once".to_owned() } else { format!("post {nth}") };
        alice.send(&json!({ "name": "alice", "cheep": if nth % 2 == 0 { "hello" } else { "no room" }, "id": id }));
    }
    let answers: Vec<Value> = (0..100).map(|_| alice.until(|frame| frame["type"] != "online")).collect();
    for answer in answers {
        if answer["id"] == "once" {
            assert_eq!(answer["duplicate"], true, "{answer}");
        } else {
            is_not_stored(&answer);
        }
    }
}

#[test]
fn a_server_that_was_killed_or_stopped_there_starts_again_and_shows_what_it_has() {
    let Some(disk) = Disk::new("a_server_that_was_killed_or_stopped_there_starts_again_and_shows_what_it_has") else {
        return;
    };
    let mut server = start(&disk);
    server.client().post_many("alice", 100);
    disk.fill();
    for end in ["KILL", "TERM", "KILL"] {
        server.signal(end);
        server.ended();
        disk.fill();
        let before = disk.sizes();
        server.restart();
        assert_eq!(disk.sizes(), before, "after {end}");
        let mut alice = server.client();
        let page = alice.ask(json!({ "type": "history", "after": 0, "limit": 200 }));
        assert_eq!(seqs(&page), (1..=100).collect::<Vec<_>>(), "after {end}");
        is_not_stored(&alice.ask(json!({ "name": "alice", "cheep": "no room" })));
    }
    disk.make_room();
    assert_eq!(server.client().post("alice", "room again"), 101);
}

#[test]
fn a_start_without_any_room_says_so_and_leaves_all_as_it_was() {
    let Some(disk) = Disk::new("a_start_without_any_room_says_so_and_leaves_all_as_it_was") else { return };
    let mut server = start(&disk);
    server.client().post_many("alice", 100);
    server.signal("TERM");
    assert!(server.ended().success());
    disk.fill();
    let before = disk.sizes();
    refused_in_a_sentence(&mut command(&disk.data()), "disk is full");
    assert_eq!(disk.sizes(), before);
    refused_in_a_sentence(&mut command(&disk.0.path().join("another.db")), "disk is full");
    let mut after = disk.sizes();
    after.remove("another.db.lock");
    assert_eq!(after, before);
    disk.make_room();
    server.restart();
    assert_eq!(server.client().post("alice", "room again"), 101);
}

#[test]
fn a_first_start_with_too_little_room_leaves_nothing_but_its_lock() {
    let Some(disk) = Disk::new("a_first_start_with_too_little_room_leaves_nothing_but_its_lock") else { return };
    // Wherever in the making of a store the room ends.
    for pages in 0..12 {
        drop(fs::remove_file(disk.data().with_extension("db.lock")));
        disk.fill();
        let ballast = File::options().write(true).open(disk.ballast()).unwrap();
        ballast.set_len(ballast.metadata().unwrap().len() - pages * 4096).unwrap();
        refused_in_a_sentence(&mut command(&disk.data()), "disk is full");
        let left: Vec<String> = disk.sizes().into_keys().filter(|file| file != "cheeper.db.lock").collect();
        assert_eq!(left, ["ballast"], "with {pages} pages");
    }
    disk.make_room();
    assert_eq!(start(&disk).client().post("alice", "there is room"), 1);
}

#[test]
fn an_old_store_is_brought_up_to_date_once_there_is_room_for_it() {
    let Some(disk) = Disk::of_mib(16, "an_old_store_is_brought_up_to_date_once_there_is_room_for_it") else { return };
    old_store::lay(&disk.data());
    // Wherever in it the room ends.
    for pages in [0, 1, 12, 40, 100] {
        disk.fill();
        let ballast = File::options().write(true).open(disk.ballast()).unwrap();
        ballast.set_len(ballast.metadata().unwrap().len() - pages * 4096).unwrap();
        let mut before = disk.sizes();
        refused_in_a_sentence(&mut command(&disk.data()), "disk is full");
        before.insert("cheeper.db.lock".to_owned(), 0);
        assert_eq!(disk.sizes(), before, "with {pages} pages");
    }
    disk.make_room();
    assert_eq!(start(&disk).client().head(), old_store::CHEEPS);
}
