//! What happens to the store's files under a running server: it is noticed and said, and nothing is acked in vain.

mod support;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

use serde_json::{Value, json};
use support::{Client, Server, command, refused_in_a_sentence, seqs};
use tempfile::TempDir;

/// Stands before the system's own calls: while the file named by `FAIL_SYNC` is there, it is to be taken away and the
/// sync of a `-wal` fails; one with a letter in it stays, and every sync fails.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuses(int fd) {
    char link[64], path[4096];
    const char *flag = getenv("FAIL_SYNC");
    struct stat status;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (!flag || length < 4 || memcmp(path + length - 4, "-wal", 4) || stat(flag, &status)) return 0;
    if (length >= 11 && !memcmp(path + length - 11, "-search-wal", 11)) return 0;
    if (status.st_size == 0) unlink(flag);
    errno = EIO;
    return 1;
}

int fdatasync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    return refuses(fd) ? -1 : real(fd);
}

int fsync(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    return refuses(fd) ? -1 : real(fd);
}
"#;

/// A server whose syncs fail on demand.
struct Faulty {
    folder: TempDir,
    server: Server,
}

impl Faulty {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::write(at("shim.c"), SHIM).unwrap();
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o", &at("shim.so"), &at("shim.c"), "-ldl"]).status();
        assert!(built.unwrap().success());
        let server = Server::in_environment(&[
            ("CHEEPER_LISTEN", "127.0.0.1:0"),
            ("CHEEPER_DATA", &at("cheeper.db")),
            ("CHEEPER_POST_RATE", "0"),
            ("CHEEPER_LOG", "off"),
            ("LD_PRELOAD", &at("shim.so")),
            ("FAIL_SYNC", &at("fail")),
        ]);
        Self { folder, server }
    }

    fn fail(&self, how: &str) {
        fs::write(self.folder.path().join("fail"), how).unwrap();
    }

    fn works_again(&self) {
        fs::remove_file(self.folder.path().join("fail")).unwrap();
    }

    /// What the next server shows after a `kill -9` of this one.
    fn after_kill(&mut self) -> Vec<String> {
        self.server.kill();
        let next = Server::on(&self.folder.path().join("cheeper.db"), &["--post-rate", "0"]);
        texts(&mut next.client())
    }
}

fn texts(client: &mut Client) -> Vec<String> {
    let page = client.ask(json!({ "type": "history", "after": 0, "limit": 200 }));
    page["events"].as_array().unwrap().iter().map(|event| event["cheep"].as_str().unwrap().to_owned()).collect()
}

fn code(answer: &Value) -> &str {
    answer["code"].as_str().unwrap_or_default()
}

/// The status of `/healthz`.
fn health(server: &Server) -> String {
    let answer = server.begin(&format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.address));
    answer.split(' ').nth(1).unwrap().to_owned()
}

fn becomes(server: &Server, status: &str) {
    let began = Instant::now();
    while health(server) != status {
        assert!(began.elapsed() < support::PATIENCE, "/healthz does not become {status}");
        thread::yield_now();
    }
}

#[test]
fn what_was_refused_as_not_stored_does_not_come_back() {
    let mut faulty = Faulty::start();
    let mut alice = faulty.server.client();
    assert_eq!(alice.post("alice", "first"), 1);
    faulty.fail("");
    let refused = alice.ask(json!({ "name": "alice", "cheep": "refused" }));
    assert_eq!((code(&refused), &refused["retryable"]), ("not_stored", &json!(true)), "{refused}");
    assert_eq!(faulty.after_kill(), ["first"]);
}

#[test]
fn posting_goes_on_after_a_sync_that_failed_once() {
    let mut faulty = Faulty::start();
    let mut alice = faulty.server.client();
    assert_eq!(alice.post("alice", "first"), 1);
    faulty.fail("");
    alice.ask(json!({ "name": "alice", "cheep": "refused" }));
    assert_eq!(health(&faulty.server), "200");
    assert_eq!(alice.post("alice", "second"), 2);
    assert_eq!(faulty.after_kill(), ["first", "second"]);
}

#[test]
fn what_may_be_stored_is_not_said_to_be_refused() {
    let mut faulty = Faulty::start();
    let mut alice = faulty.server.client();
    assert_eq!(alice.post("alice", "first"), 1);
    faulty.fail("always");
    let post = json!({ "name": "alice", "cheep": "who knows", "id": "once" });
    let answer = alice.ask(post.clone());
    assert_eq!((code(&answer), &answer["retryable"]), ("internal", &json!(true)), "{answer}");
    assert_eq!(health(&faulty.server), "503");
    faulty.works_again();
    becomes(&faulty.server, "200");
    assert_eq!(alice.ask(post)["seq"], 2);
    assert_eq!(alice.post("alice", "third"), 3);
    assert_eq!(faulty.after_kill(), ["first", "who knows", "third"]);
}

/// A server with three cheeps, and what somebody does to a file of its store.
fn under_it(suffix: &str, change: impl Fn(&Path)) -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.post_many("alice", 3);
    let mut name = server.data.clone().into_os_string();
    name.push(suffix);
    change(&PathBuf::from(name));
    (server, client)
}

fn nothing_more_is_acked(server: &mut Server, client: &mut Client) {
    for _ in 0..3 {
        let answer = client.ask(json!({ "name": "alice", "cheep": "in vain" }));
        assert_eq!(code(&answer), "not_stored", "{answer}");
    }
    assert_eq!(health(server), "503");
    assert!(server.is_running());
}

#[test]
fn a_store_that_is_taken_away_takes_no_more_posts() {
    let away = |path: &Path| path.with_extension("away");
    for suffix in ["", "-wal", "-shm"] {
        for change in [
            &(|path: &Path| fs::remove_file(path).unwrap()) as &dyn Fn(&Path),
            &|path: &Path| fs::rename(path, away(path)).unwrap(),
            &|path: &Path| {
                // Another file in its place, with the same in it.
                fs::copy(path, away(path)).unwrap();
                fs::rename(away(path), path).unwrap();
            },
            &|path: &Path| File::options().write(true).open(path).unwrap().set_len(0).unwrap(),
        ] {
            let (mut server, mut client) = under_it(suffix, change);
            nothing_more_is_acked(&mut server, &mut client);
            drop(client);
            server.signal("TERM");
            assert!(server.ended().success(), "{suffix}");
        }
    }
}

#[test]
fn it_is_noticed_though_nobody_posts() {
    let (server, _) = under_it("", |path| fs::remove_file(path).unwrap());
    becomes(&server, "503");
}

#[test]
fn a_store_that_comes_back_is_written_again() {
    let (mut server, mut client) = under_it("", |path| fs::rename(path, path.with_extension("away")).unwrap());
    nothing_more_is_acked(&mut server, &mut client);
    fs::rename(server.data.with_extension("away"), &server.data).unwrap();
    becomes(&server, "200");
    assert_eq!(client.post("alice", "back again"), 4);
    server.kill();
    server.restart();
    assert_eq!(server.client().head(), 4);
}

#[test]
fn reading_does_not_end_a_server_whose_index_was_cut() {
    let (mut server, mut client) = under_it("-shm", |path| {
        File::options().write(true).open(path).unwrap().set_len(0).unwrap();
    });
    let page = |client: &mut Client| client.ask(json!({ "type": "history", "after": 0 }));
    // From memory, or refused: but answered.
    let answer = page(&mut client);
    assert!(code(&answer) == "internal" || seqs(&answer) == [1, 2, 3], "{answer}");
    nothing_more_is_acked(&mut server, &mut client);
    server.kill();
    server.restart();
    assert_eq!(seqs(&page(&mut server.client())), [1, 2, 3]);
}

#[test]
fn a_second_server_is_kept_away_whatever_name_the_file_has() {
    let server = Server::start();
    server.client().post("alice", "hello");
    let elsewhere = tempfile::tempdir_in(server.data.parent().unwrap()).unwrap();
    let link = elsewhere.path().join("link.db");
    fs::hard_link(&server.data, &link).unwrap();
    refused_in_a_sentence(&mut command(&link), "another server");
    let moved = elsewhere.path().join("moved.db");
    fs::rename(&server.data, &moved).unwrap();
    refused_in_a_sentence(&mut command(&moved), "another server");
}

#[test]
fn a_log_that_was_deleted_under_a_server_is_carried_over_when_it_stops() {
    let (mut server, mut client) = under_it("-wal", |log| fs::remove_file(log).unwrap());
    let before = texts(&mut client);
    assert!(!before.is_empty());
    nothing_more_is_acked(&mut server, &mut client);
    drop(client);
    server.signal("TERM");
    assert!(server.ended().success());
    server.restart();
    assert_eq!(texts(&mut server.client()), before);
}
