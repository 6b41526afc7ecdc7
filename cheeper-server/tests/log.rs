//! The log: nobody has to read it, no secret is in it, and nobody but the server writes lines of it.

mod observed;
mod support;

use std::{
    io::{self, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use observed::{Observed, server};
use serde_json::json;
use support::{PATIENCE, TEXT, frame};
use tungstenite::{Message, client::IntoClientRequest as _};

const SECRET: &str = "correct-horse-battery-staple";
/// What a client may want a terminal, or whoever reads lines, to take for something else.
const FORGED: &str = "x\n2030-01-01T00:00:00.000000Z ERROR forged\r\u{1b}[31mred\u{9b}2J\u{7}\u{2028}y\u{202e}z\0";

/// A line that the server wrote: when, how bad, and what; nothing that a terminal would act on.
fn is_ours(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (time, level) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_time = time.len() == "2030-01-01T00:00:00.000000Z".len() && time.ends_with('Z') && !time.contains("2030");
    let is_plain =
        !line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'));
    is_time && is_plain && matches!(level, "ERROR" | "WARN" | "INFO" | "DEBUG" | "TRACE")
}

#[test]
fn whatever_is_logged_no_secret_is_in_it_and_no_line_that_a_client_wrote() {
    let mut server = Observed::start(server().args(["--log", "trace"]));
    let mut alice = server.client();
    assert_eq!(alice.ask(json!({ "type": "hello", "name": "alice", "secret": SECRET }))["type"], "hello");
    alice.post("alice", "hello");
    let guessed = server.client().ask(json!({ "type": "hello", "name": "alice", "secret": "another-secret-of-hers" }));
    assert_eq!(guessed["type"], "error", "{guessed}");
    alice.send(&json!({ "name": FORGED, "cheep": FORGED, "id": FORGED }));
    alice.ask(json!({ "type": "hello", "name": FORGED, "secret": SECRET }));
    alice.send_text(FORGED);
    alice.socket.send(Message::Binary(FORGED.into())).unwrap();
    // A message in pieces is what a library puts together.
    let hello = json!({ "type": "hello", "name": "alice", "secret": SECRET, "id": "in pieces" }).to_string();
    let mut pieces = server.client();
    pieces.socket.get_mut().write_all(&frame(TEXT & 0x7f, &hello.as_bytes()[..20])).unwrap();
    pieces.socket.get_mut().write_all(&frame(0x80, &hello.as_bytes()[20..])).unwrap();
    assert_eq!(pieces.try_answer("in pieces").unwrap()["claimed"], true);
    pieces.socket.get_mut().write_all(&frame(0xF3, FORGED.as_bytes())).unwrap();

    let body = json!({ "name": "alice", "cheep": "over HTTP" }).to_string();
    let post = |secret: &str| {
        let head = "POST /api/cheep HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json";
        let length = body.len();
        server.say(format!("{head}\r\nCheeper-Secret: {secret}\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes())
    };
    let posted = post(SECRET);
    assert!(posted.starts_with("HTTP/1.1 20"), "{posted}");
    post("another-secret-of-hers");
    server.get("/%0a2030-01-01T00:00:00.000000Z%20ERROR%20forged%1b[31m?secret=%0aforged");
    for head in
        ["GET /\u{1b}[31m\u{202e} HTTP/1.1", "G\u{1b}T / HTTP/1.1", "GET / HTTP/9\n2030 ERROR forged", "\u{9b}2J"]
    {
        server.say(format!("{head}\r\nHost: localhost\u{1b}[31m\r\nX-Forged: {FORGED}\r\n\r\n").as_bytes());
    }
    let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
    request.headers_mut().insert("Origin", "http://forged\u{9b}31m".parse().unwrap());
    drop(support::Client::request(server.address, request));
    // A body that ends too early, and a handshake whose client goes away.
    drop(server.say(
        b"POST /api/cheep HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\nTransfer-Encoding: \x1b[31m\r\n\r\n",
    ));

    server.signal("TERM");
    let (status, log) = server.ended();
    assert!(status.success(), "{status}");
    for secret in [SECRET, "another-secret"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    assert!(log.contains("stopping"), "{log}");
    for line in log.split_terminator('\n') {
        assert!(is_ours(line), "{line:?}");
    }
}

#[test]
fn without_a_reader_of_its_log_a_server_says_goodbye_and_ends_well() {
    let mut server = Observed::unread(&mut server());
    let mut guest = server.client();
    server.signal("INT");
    guest.next("goodbye");
    drop(guest);
    assert_eq!(server.ended().0.code(), Some(0));
}

#[test]
fn a_log_whose_first_line_was_enough_does_not_end_the_server() {
    let mut server = Observed::unread(server().args(["--log", "debug"]));
    // Each of these is worth a line.
    for _ in 0..3 {
        server.say(b"nonsense\r\n\r\n");
    }
    let mut guest = server.client();
    assert_eq!(guest.post("alice", "still here"), 1);
    server.signal("TERM");
    guest.next("goodbye");
    drop(guest);
    assert_eq!(server.ended().0.code(), Some(0));
}

#[test]
fn a_log_whose_reader_has_stopped_holds_nobody_up() {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    while writer.write(b"...").is_ok() {}
    // The next byte waits for the reader.
    writer.set_nonblocking(false).unwrap();
    let mut server = Observed::with_log(server().args(["--log", "debug"]), OwnedFd::from(writer).into());
    for _ in 0..20 {
        server.say(b"nonsense\r\n\r\n");
    }
    let mut guest = server.client();
    assert_eq!(guest.post("alice", "nobody waits for a line"), 1);
    server.signal("TERM");
    guest.next("goodbye");
    drop(guest);
    assert_eq!(server.ended().0.code(), Some(0));
    drop(reader);
}

/// The status of `/healthz`.
fn health(server: &Observed) -> String {
    server.get("/healthz").split(' ').nth(1).unwrap().to_owned()
}

fn limit_files(server: &Observed, limit: &str) {
    assert!(
        Command::new("prlimit").args(["--pid", &server.id(), &format!("--fsize={limit}")]).status().unwrap().success()
    );
}

#[test]
fn a_disk_that_was_full_is_believed_again_though_nobody_reads_the_log() {
    // A file that may not grow stands for a full disk, so that this needs no disk of its own.
    let mut command = Command::new("env");
    let mut server = Observed::unread(command.args(["--ignore-signal=XFSZ", env!("CARGO_BIN_EXE_cheeper-server")]));
    let mut alice = server.client();
    assert_eq!(alice.post("alice", "before"), 1);
    limit_files(&server, "4096:unlimited");
    let refused = alice.ask(json!({ "name": "alice", "cheep": "there is no room" }));
    assert_eq!(refused["code"], "not_stored", "{refused}");
    assert_eq!(health(&server), "503");
    limit_files(&server, "unlimited:unlimited");
    let began = Instant::now();
    while health(&server) != "200" {
        assert!(began.elapsed() < PATIENCE, "it does not find out by itself");
        thread::yield_now();
    }
    assert_eq!(alice.post("alice", "after"), 2);
    server.signal("TERM");
    alice.next("goodbye");
    drop(alice);
    assert_eq!(server.ended().0.code(), Some(0));
}

#[test]
fn help_that_nobody_reads_is_no_failure() {
    for typed in ["--help", "--version"] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = server().arg(typed).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}
