//! A store between two lives: what a stop leaves, what a copy needs, what a start refuses and leaves as it was.

mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rusqlite::Connection;
use serde_json::{Value, json};
use support::{Client, Server, command, refused_in_a_sentence, seqs};
use tempfile::TempDir;

fn beside(data: &Path, suffix: &str) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A folder with the place of a store in it.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cheeper.db");
    (folder, data)
}

fn start(data: &Path) -> Server {
    Server::on(data, &["--post-rate", "0"])
}

fn stop(mut server: Server) {
    server.signal("TERM");
    assert!(server.ended().success());
}

/// A store that a killed server has left, with this many cheeps, each of them committed alone.
fn killed(data: &Path, cheeps: u64) {
    let mut server = start(data);
    let mut client = server.client();
    for nth in 1..=cheeps {
        client.post("alice", &format!("cheep {nth} of a server that was killed"));
    }
    server.kill();
    assert!(beside(data, "-wal").exists() && beside(data, "-shm").exists());
}

fn newest(client: &mut Client) -> Value {
    client.ask(json!({ "type": "history", "limit": 1 }))["events"][0]["cheep"].clone()
}

/// Everything beside the lock, whose file a start may make, the search index, which is made anew whatever becomes of it, and the
/// socket of a server that was killed, which is no file to read.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_none_or(|extension| extension != "lock"))
        .filter(|path| !path.to_string_lossy().contains("-search") && path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// The start is refused in one sentence with these words, and not a byte of the store is another.
fn is_refused(data: &Path, with: &str) {
    let before = files(data.parent().unwrap());
    refused_in_a_sentence(&mut command(data), with);
    assert!(files(data.parent().unwrap()) == before, "the store was changed, refused with: {with}");
}

#[test]
fn a_stop_leaves_one_file_with_everything_and_the_search_index() {
    let (folder, data) = folder();
    for life in 1..=40_u64 {
        let server = start(&data);
        assert_eq!(server.client().post("alice", &format!("life {life}")), life);
        stop(server);
        let left: Vec<_> = files(folder.path()).into_iter().map(|(path, _)| path).collect();
        assert_eq!(left, [data.as_path()], "after stop {life}");
        let index = ["-wal", "-shm"].map(|suffix| beside(&data, &format!("-search{suffix}")).exists());
        assert_eq!(index, [false, false], "after stop {life}");
    }
    let copy = folder.path().join("copy.db");
    fs::copy(&data, &copy).unwrap();
    assert_eq!(start(&copy).client().head(), 40);
}

fn by_a_copy(data: &Path, copy: &Path) {
    stop(start(data));
    fs::copy(data, copy).unwrap();
}

/// While the server runs, and with something in the log.
fn live(data: &Path, backup: impl FnOnce(&Connection)) {
    let mut server = start(data);
    server.client().post("alice", "not in the database's own file");
    backup(&Connection::open(data).unwrap());
    server.kill();
}

fn by_backup(data: &Path, copy: &Path) {
    live(data, |db| db.backup("main", copy, None).unwrap());
}

fn by_vacuum(data: &Path, copy: &Path) {
    live(data, |db| assert!(db.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).is_ok()));
}

#[test]
fn a_backup_beside_the_log_of_another_state_is_refused_and_opens_without_it() {
    for backup in [by_a_copy, by_backup, by_vacuum] {
        // Also one that was restored before, so that the store itself is a copy.
        for restored_before in [false, true] {
            let (folder, data) = folder();
            let copy = folder.path().join("copy");
            let server = start(&data);
            server.client().post("alice", "before the backup");
            stop(server);
            backup(&data, &copy);
            if restored_before {
                without_log(&data);
                fs::copy(&copy, &data).unwrap();
                fs::remove_file(&copy).unwrap();
                backup(&data, &copy);
            }
            let mut server = start(&data);
            let saved = newest(&mut server.client());
            server.client().post_many("alice", 5);
            let last = newest(&mut server.client());
            server.kill();

            let log = fs::read(beside(&data, "-wal")).unwrap();
            fs::copy(&copy, &data).unwrap();
            // A reader can keep the log from beginning anew when the run's own cookie is in the database. Then it has all since
            // the server was stopped, and a copy that was made by then is what it began on.
            if has_cookie_of(&log, &copy) {
                assert_eq!(newest(&mut start(&data).client()), last);
                continue;
            }
            // On a machine that is slow enough the log was emptied by then, as it had begun with that of an earlier life.
            if !log.is_empty() {
                is_refused(&data, "cheeper.db-wal");
            }
            without_log(&data);
            assert_eq!(newest(&mut start(&data).client()), saved);
        }
    }
}

/// Whether what a log has by now begins with the schema cookie of a database.
fn has_cookie_of(log: &[u8], database: &Path) -> bool {
    const HEAD: usize = 32;
    const FRAME_HEAD: usize = 24;
    const PAGE: usize = 4096;
    let cookie = |page: &[u8]| page[40..44].to_vec();
    let own = cookie(&fs::read(database).unwrap());
    let is_of_this_round = |frame: &&[u8]| frame[8..16] == log[16..24];
    let frames = log.get(HEAD..).unwrap_or_default().chunks_exact(FRAME_HEAD + PAGE).take_while(is_of_this_round);
    frames.filter(|frame| frame[..4] == [0, 0, 0, 1]).any(|frame| cookie(&frame[FRAME_HEAD..]) == own)
}

fn without_log(data: &Path) {
    for suffix in ["-wal", "-shm"] {
        // A stop leaves none.
        drop(fs::remove_file(beside(data, suffix)));
    }
}

#[test]
fn a_store_is_copied_with_its_log_or_alone_when_it_has_none() {
    let (folder, data) = folder();
    killed(&data, 7);
    for beside_it in [&["-wal", "-shm"][..], &["-wal"]] {
        let copy = folder.path().join(format!("copy{}.db", beside_it.len()));
        fs::copy(&data, &copy).unwrap();
        for suffix in beside_it {
            fs::copy(beside(&data, suffix), beside(&copy, suffix)).unwrap();
        }
        let server = start(&copy);
        assert_eq!((server.client().head(), server.client().post("alice", "more")), (7, 8));
    }
}

#[test]
fn a_log_whose_store_is_gone_is_not_thrown_away() {
    let (_folder, data) = folder();
    killed(&data, 3);
    let database = fs::read(&data).unwrap();
    fs::remove_file(&data).unwrap();
    is_refused(&data, "cheeper.db-wal");
    fs::write(&data, "").unwrap();
    is_refused(&data, "cheeper.db-wal");
    fs::write(&data, database).unwrap();
    assert_eq!(start(&data).client().head(), 3);
}

#[test]
fn damage_in_the_log_is_told_from_a_torn_end() {
    let (_folder, data) = folder();
    killed(&data, 12);
    let log = beside(&data, "-wal");
    let sound = fs::read(&log).unwrap();
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    // The head of the log, its first cheeps, a cheep in its middle, and its very end, which the index knows of.
    for at in [3, 17, 30, 32 + 9, 5000, sound.len() / 2, sound.len() - 4000] {
        fs::write(&log, flipped(at)).unwrap();
        is_refused(&data, "damaged");
    }
    fs::write(&log, &sound[..sound.len() - 4200]).unwrap();
    is_refused(&data, "damaged");

    // A write that was cut off, in a log that nobody has seen whole.
    let mut torn = sound.clone();
    torn.extend_from_slice(&sound[sound.len() - 4120..][..1000]);
    fs::write(&log, torn).unwrap();
    let mut server = start(&data);
    assert_eq!(server.client().head(), 12);
    server.kill();
}

#[test]
fn a_flipped_bit_in_a_cheep_is_refused_with_its_seq() {
    let (_folder, data) = folder();
    let server = start(&data);
    for nth in 1..=5 {
        server.client().post("alice", &format!("the cheep with number {nth}"));
    }
    stop(server);
    let sound = fs::read(&data).unwrap();
    let text = b"number 3";
    let at = sound.windows(text.len()).position(|part| part == text).unwrap();
    let mut damaged = sound.clone();
    damaged[at] ^= 1;
    fs::write(&data, damaged).unwrap();
    is_refused(&data, "event 3");
    fs::write(&data, sound).unwrap();
    assert_eq!(start(&data).client().head(), 5);
}

#[test]
fn a_version_that_is_not_ours_is_said_in_a_sentence() {
    let (_folder, data) = folder();
    let server = start(&data);
    server.client().post("alice", "hello");
    stop(server);
    for (version, with) in [(-1, "version"), (i32::MIN, "version"), (0, "version"), (99, "newer Cheeper")] {
        // Where the file format has it, so that nothing else of the file is another.
        let mut bytes = fs::read(&data).unwrap();
        bytes[60..64].copy_from_slice(&i32::to_be_bytes(version));
        fs::write(&data, bytes).unwrap();
        is_refused(&data, with);
    }
    fs::remove_file(&data).unwrap();
    Connection::open(&data).unwrap().execute_batch("CREATE TABLE meta (a); INSERT INTO meta VALUES (1)").unwrap();
    is_refused(&data, "another program");
}

#[test]
fn the_journal_of_another_program_is_not_rolled_back() {
    let (_folder, data) = folder();
    let server = start(&data);
    server.client().post("alice", "hello");
    stop(server);
    fs::write(beside(&data, "-journal"), [0xd9; 600]).unwrap();
    is_refused(&data, "cheeper.db-journal");
    fs::remove_file(beside(&data, "-journal")).unwrap();
    assert_eq!(start(&data).client().head(), 1);
}

#[test]
fn a_store_that_others_could_read_becomes_its_owners_alone() {
    let (folder, data) = folder();
    killed(&data, 2);
    for file in fs::read_dir(folder.path()).unwrap() {
        fs::set_permissions(file.unwrap().path(), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let server = start(&data);
    assert_eq!(server.client().head(), 2);
    for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn a_first_start_that_was_cut_off_is_no_hindrance() {
    let (folder, data) = folder();
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    assert_eq!(start(&empty).client().post("alice", "afresh"), 1);

    let bare = folder.path().join("bare.db");
    Connection::open(&bare).unwrap().pragma_update(None, "journal_mode", "WAL").unwrap();
    assert_eq!(fs::metadata(&bare).unwrap().len(), 4096);
    assert_eq!(start(&bare).client().post("alice", "afresh"), 1);

    // Half of what a start makes before it puts it into its place.
    for suffix in [".new", ".new-journal", ".new-wal", ".new-shm"] {
        fs::write(beside(&data, suffix), [0x5a; 5000]).unwrap();
    }
    let server = start(&data);
    assert_eq!(server.client().post("alice", "afresh"), 1);
    stop(server);
    for suffix in [".new", ".new-journal", ".new-wal", ".new-shm"] {
        assert!(!beside(&data, suffix).exists(), "{suffix}");
    }
    let server = start(&data);
    assert_eq!(seqs(&server.client().ask(json!({ "type": "history" }))), [1]);
}

/// What `check` says of a store, and whether that is good.
fn checked(data: &Path) -> (bool, String) {
    let before = files(data.parent().unwrap());
    let output = command(data).arg("check").output().unwrap();
    assert!(files(data.parent().unwrap()) == before, "the store was changed");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn a_check_says_what_is_wrong_and_leaves_all_as_it_was() {
    let (_folder, data) = folder();
    let (good, said) = checked(&data);
    assert!(!good && said.contains("no such file") && !data.exists(), "{said}");
    let server = start(&data);
    server.client().post_many("alice", 20);
    let (good, said) = checked(&data);
    assert!(!good && said.contains("another server uses the store"), "{said}");
    stop(server);
    assert_eq!(checked(&data), (true, format!("the store {} is sound.\n", data.display())));
    let db = Connection::open(&data).unwrap();
    db.execute_batch("UPDATE cheeps SET name = 'eve' WHERE seq = 7; DELETE FROM cheeps WHERE seq BETWEEN 9 AND 11")
        .unwrap();
    db.close().unwrap();
    without_log(&data);
    let (good, said) = checked(&data);
    assert!(!good, "{said}");
    assert_eq!(said.lines().take(2).collect::<Vec<_>>(), ["cheep 7 is damaged.", "the events 9 to 11 are missing."]);
    assert!(said.lines().last().is_some_and(|advice| advice.starts_with("restore a backup, or go on")), "{said}");
    is_refused(&data, "cheeper-server check");
}

#[test]
fn a_page_that_cannot_be_read_is_one_sentence_of_a_check() {
    let (_folder, data) = folder();
    let server = start(&data);
    server.client().post_many("alice", 1100);
    stop(server);
    let mut bytes = fs::read(&data).unwrap();
    let at = bytes.windows(9).position(|part| part == b"alice 300").unwrap();
    // The kind of the page.
    bytes[at / 4096 * 4096] ^= 0x40;
    fs::write(&data, bytes).unwrap();
    let (good, said) = checked(&data);
    assert!(!good && said.starts_with("the structure of the file is damaged ("), "{said}");
    assert_eq!(said.lines().count(), 2, "{said}");
}

#[test]
fn a_check_leaves_nothing_beside_what_is_no_store() {
    let (folder, data) = folder();
    let is_alone = |with: &str| {
        let (good, said) = checked(&data);
        assert!(!good && said.contains(with), "{said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{with}");
    };
    fs::write(&data, "").unwrap();
    is_alone("it is empty");
    fs::write(&data, "a diary, and a long one ".repeat(100)).unwrap();
    is_alone("it is not a Cheeper store");
    fs::remove_file(&data).unwrap();
    Connection::open(&data).unwrap().execute_batch("CREATE TABLE diary (a)").unwrap();
    is_alone("it belongs to another program");
}

#[test]
fn damage_that_a_start_does_not_see_is_told_behind_it_and_all_else_is_served() {
    let (_folder, data) = folder();
    let server = start(&data);
    server.client().post_many("alice", 1100);
    stop(server);
    let db = Connection::open(&data).unwrap();
    db.execute("UPDATE cheeps SET cheep = 'another text' WHERE seq = 3", []).unwrap();
    db.close().unwrap();
    let server = start(&data);
    let health = || server.begin("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while !health().contains("cheep 3 is damaged") {}
    assert!(health().starts_with("HTTP/1.1 200 "), "{}", health());
    while !server.log().contains("cheep 3 is damaged") {}
    assert!(server.begin("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").contains("cheeper_damages 1\n"));
    let mut client = server.client();
    let page = |before: u64| json!({ "type": "history", "before": before, "limit": 2 });
    assert_eq!(seqs(&client.ask(page(4))), [1, 2]);
    // Whoever reads all events gets past it: in pages, live, and over HTTP.
    let after = client.ask(json!({ "type": "history", "after": 1, "limit": 3 }));
    assert_eq!(seqs(&after), [2, 3, 4]);
    assert_eq!(after["events"][1], json!({ "type": "unknown", "seq": 3 }));
    assert_eq!(server.client_at("/ws?after=0").catch_up(0, 1100), 0);
    let mut follower = server.tcp();
    follower.write_all(b"GET /api/cheeps?follow=1&after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let lines = BufReader::new(follower).lines().map(Result::unwrap).filter(|line| line.starts_with('{'));
    let followed = lines.take(1100).map(|line| serde_json::from_str::<Value>(&line).unwrap()["seq"].as_u64().unwrap());
    assert!(followed.eq(1..=1100));
    assert_eq!(client.post("alice", "and writing goes on"), 1101);
}

#[test]
fn nothing_is_written_to_a_store_whose_structure_is_damaged() {
    let (_folder, data) = folder();
    let server = start(&data);
    for (id, text) in [("1", "one"), ("2", "two")] {
        server.client().ask(json!({ "id": id, "name": "alice", "cheep": text }));
    }
    stop(server);
    // An index that has lost an entry would let an id be taken twice.
    let db = Connection::open(&data).unwrap();
    let sql: String = db
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'cheeps_by_author_and_id'", [], |row| row.get(0))
        .unwrap();
    db.execute_batch(&format!(
        "PRAGMA writable_schema = ON;
        DROP INDEX cheeps_by_author_and_id; {sql} AND seq > 1;
        UPDATE sqlite_schema SET sql = '{sql}' WHERE name = 'cheeps_by_author_and_id'"
    ))
    .unwrap();
    db.close().unwrap();
    let server = start(&data);
    let health = || server.begin("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while !health().starts_with("HTTP/1.1 503 ") {}
    assert!(health().contains("the store is damaged"), "{}", health());
    let mut client = server.client();
    assert_eq!(client.ask(json!({ "id": "3", "name": "alice", "cheep": "three" }))["code"], "not_stored");
    assert_eq!(seqs(&client.ask(json!({ "type": "history" }))), [1, 2]);
}

#[test]
fn what_was_posted_before_a_kill_is_found_after_it() {
    let (_folder, data) = folder();
    let found = |client: &mut Client, to: u64| loop {
        let page = client.ask(json!({ "type": "search", "q": "hello" }));
        if page["to"].as_u64().is_some_and(|indexed| indexed >= to) {
            return seqs(&page);
        }
    };
    for life in 1..=4_u64 {
        let mut server = start(&data);
        let mut client = server.client();
        client.post("alice", &format!("hello from life {life}"));
        client.post("alice", "something else");
        // Two of them are killed with a full index, two with whatever is in it.
        if life % 2 == 0 {
            assert_eq!(found(&mut client, 2 * life), (1..=life).map(|life| 2 * life - 1).collect::<Vec<_>>());
        }
        server.kill();
    }
    assert_eq!(found(&mut start(&data).client(), 8), [1, 3, 5, 7]);
}
