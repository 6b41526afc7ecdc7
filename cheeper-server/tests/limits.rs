//! What one client may take, against a real server: who goes over a limit hears so or waits, and the others notice nothing.

mod support;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use support::{
    Client, PATIENCE, Server, TEXT,
    curl::{curl, json_of},
    frame,
};

/// How often a limit has stopped somebody.
fn stopped(server: &Server, limit: &str) -> u64 {
    let (_, _, metrics) = curl(server, "/metrics", &[]);
    let begin = format!("cheeper_limited_total{{limit=\"{limit}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&begin));
    line.unwrap_or_else(|| panic!("{limit} is not counted: {metrics}")).parse().unwrap()
}

/// A connection from another address of this machine's own.
fn tcp_from(server: &Server, last_byte: u8) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, last_byte], 0)).into()).unwrap();
    socket.connect(&server.address.into()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.into()
}

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The head of the answer to a request.
fn head(mut stream: &TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).ok();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).to_lowercase()
}

/// Posts over HTTP as fast as it can, under so many names in turn, until it is told to end.
struct Troll {
    done: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Troll {
    fn start(server: &Server, names: usize) -> Self {
        let (done, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (mut stream, told, counts) = (server.tcp(), done.clone(), refused.clone());
        let thread = thread::spawn(move || {
            let mut nth = 0;
            while !told.load(Ordering::Relaxed) {
                let body = json!({ "name": format!("troll {}", nth % names), "cheep": "spam" }).to_string();
                let length = body.len();
                let head = format!(
                    "POST /api/cheep HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                     Content-Length: {length}\r\n\r\n"
                );
                let answer = exchange(&mut stream, &(head + &body));
                counts.fetch_add(usize::from(answer.starts_with("HTTP/1.1 429")), Ordering::Relaxed);
                nth += 1;
            }
        });
        Self { done, refused, thread: Some(thread) }
    }

    /// Until it has used up what it can.
    fn is_stopped(&self, times: usize) {
        while self.refused.load(Ordering::Relaxed) < times {
            assert!(!self.thread.as_ref().is_some_and(thread::JoinHandle::is_finished), "the troll has failed");
            thread::yield_now();
        }
    }
}

impl Drop for Troll {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}

/// A request and its answer, whose body is a line, on a connection that goes on.
fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let (mut answer, mut buffer) = (String::new(), [0; 4096]);
    while !answer.ends_with("}\n") {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "it hung up after {answer}");
        answer += &String::from_utf8_lossy(&buffer[..read]);
    }
    answer
}

#[test]
fn a_troll_with_a_thousand_names_does_not_take_the_turns_of_ten_others() {
    for names in [1000, usize::MAX] {
        let server = Server::with(&["--post-rate", "60"]);
        let troll = Troll::start(&server, names);
        troll.is_stopped(1000);
        let before = server.memory();
        let mut people: Vec<Client> = (0..10).map(|_| server.client()).collect();
        for round in 0..4 {
            for (nth, person) in people.iter_mut().enumerate() {
                person.post(&format!("person {nth}"), &format!("cheep {round}"));
            }
        }
        troll.is_stopped(5000);
        let more = server.memory().saturating_sub(before);
        assert!(more < 8 * 1024, "{more} KiB more for made-up names");
        assert!(stopped(&server, "posts") >= 5000);
    }
}

#[test]
fn an_address_has_so_many_connections_and_others_have_theirs() {
    let server = Server::with(&["--connections-per-address", "20"]);
    let mut open: Vec<TcpStream> = (0..20).map(|_| server.tcp()).collect();
    assert!(open.iter().all(|stream| head(stream, HANDSHAKE).starts_with("http/1.1 101 ")));
    let answer = head(&server.tcp(), HANDSHAKE);
    assert!(answer.starts_with("http/1.1 429 ") && answer.contains("\r\nretry-after: 5\r\n"), "{answer}");
    assert!(head(&tcp_from(&server, 2), HANDSHAKE).starts_with("http/1.1 101 "), "another address");
    open.pop();
    // That it has gone is noted a moment later.
    while !head(&server.tcp(), HANDSHAKE).starts_with("http/1.1 101 ") {}
    drop(open);
    while curl(&server, "/healthz", &[]).0 != 200 {}
    assert!(stopped(&server, "connections_per_address") > 0);
}

#[test]
fn a_class_opens_the_page_all_at_once() {
    let server = Server::with(&["--connections-per-address", "512"]);
    // A browser opens six connections and the socket.
    let class: Vec<TcpStream> = (0..40 * 7).map(|_| server.tcp()).collect();
    for (nth, stream) in class.iter().enumerate() {
        let request = if nth % 7 == 0 { HANDSHAKE } else { "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" };
        let answer = head(stream, request);
        assert!(answer.starts_with("http/1.1 101 ") || answer.starts_with("http/1.1 200 "), "{nth}: {answer}");
    }
}

#[test]
fn who_opens_and_closes_without_end_is_told_to_wait() {
    let server = Server::with(&["--connections-per-address", "10000"]);
    let answer = (0..5000).map(|_| head(&server.tcp(), HANDSHAKE)).find(|answer| !answer.starts_with("http/1.1 101 "));
    let answer = answer.expect("one of so many is refused");
    assert!(answer.starts_with("http/1.1 429 ") && answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    assert!(head(&tcp_from(&server, 2), HANDSHAKE).starts_with("http/1.1 101 "), "another address");
}

#[test]
fn a_head_that_comes_in_drips_is_not_waited_for() {
    let server = Server::start();
    let mut slow: Vec<TcpStream> = (0..20).map(|_| server.tcp()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET /ws HTTP/1.1\r\nHost: ").unwrap();
    }
    while !slow.is_empty() {
        // Not to wait for anything, but to be slow.
        thread::sleep(Duration::from_millis(250));
        slow.retain_mut(|stream| {
            stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
            stream.write_all(b"a").is_ok() && !matches!(stream.read(&mut [0]), Ok(0))
        });
    }
    assert_eq!(stopped(&server, "head_time"), 20);
    let answer = server.begin(&format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(20_000)));
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(stopped(&server, "head_size"), 1);
}

#[test]
fn a_flood_of_frames_is_read_slowly_and_answered_whole() {
    let server = Server::with(&["--post-rate", "0", "--frame-rate", "100"]);
    let mut flooder = server.client();
    let flood = frame(TEXT, br#"{"type":"ping","id":"flood"}"#).repeat(250);
    flooder.socket.get_mut().write_all(&flood).unwrap();
    let mut bystander = server.client();
    for _ in 0..50 {
        assert_eq!(bystander.ask(json!({ "type": "ping" }))["type"], "pong");
    }
    for _ in 0..250 {
        assert_eq!(flooder.next("pong")["id"], "flood");
    }
    assert!(stopped(&server, "frames") > 0);
}

#[test]
fn who_asks_for_too_many_pages_is_told_when_to_come_back() {
    let server = Server::with(&["--page-rate", "2"]);
    let mut flooder = server.client();
    let answers: Vec<Value> = (0..30).map(|_| flooder.ask(json!({ "type": "history" }))).collect();
    let refused = answers.iter().find(|answer| answer["type"] == "error").expect("one of so many is refused");
    assert_eq!((&refused["code"], &refused["retryable"]), (&json!("rate_limited"), &json!(true)));
    assert!(refused["retry_after_ms"].as_u64().is_some_and(|ms| (1..=501).contains(&ms)), "{refused}");
    assert!(answers.iter().filter(|answer| answer["type"] == "page").count() >= 20);
    // Over HTTP all behind an address share what is not kept for the sockets.
    let (mut stream, mut told) = (server.tcp(), String::new());
    while !told.starts_with("HTTP/1.1 429 ") {
        told = exchange(&mut stream, "GET /api/cheeps HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    assert!(told.to_lowercase().contains("\r\nretry-after: 1\r\n"), "{told}");
    assert_eq!(server.client().ask(json!({ "type": "history" }))["type"], "page");
    assert_eq!(server.client().ask(json!({ "type": "search", "q": "hello" }))["type"], "page");
    assert!(stopped(&server, "pages") >= 2);
}

#[test]
fn each_limit_is_counted_from_the_start() {
    let server = Server::start();
    for limit in
        ["connections", "new_connections", "silence", "request_time", "requests", "bytes", "reactions", "names"]
    {
        assert_eq!(stopped(&server, limit), 0);
    }
    for limit in ["claims", "secrets", "tokens"] {
        assert_eq!(stopped(&server, limit), 0);
    }
    assert_eq!(json_of(&server, "/healthz", &[]).0, 200);
}

#[test]
fn a_wrong_token_counts_once_at_the_handshake_too() {
    let server = Server::start();
    let handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Authorization: Bearer j_AAAAAAAAAAAAAAAAAAAAAA\r\n\r\n";
    let refused = (0..1000).take_while(|_| server.begin(handshake).starts_with("HTTP/1.1 401 ")).count();
    // One more comes back each second.
    assert!((60..120).contains(&refused), "{refused} were refused before the first had to wait");
}

#[test]
fn who_follows_through_a_proxy_has_the_connections_of_one_address() {
    let server = Server::with(&["--trusted-proxy", "127.0.0.1", "--connections-per-address", "4"]);
    let follow = |client: &str| {
        let mut stream = server.tcp();
        let request =
            format!("GET /api/cheeps?follow=1 HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {client}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        (String::from_utf8_lossy(&status).into_owned(), stream)
    };
    let followers: Vec<_> = (0..4).map(|_| follow("203.0.113.9")).collect();
    assert!(followers.iter().all(|(status, _)| status == "HTTP/1.1 200"));
    assert_eq!(follow("203.0.113.9").0, "HTTP/1.1 429");
    assert_eq!(follow("203.0.113.10").0, "HTTP/1.1 200");
}
