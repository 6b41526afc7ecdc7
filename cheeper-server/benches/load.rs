//! Loads a real server process over loopback and prints what it cost: `cargo bench --bench load -- fanout`, `idle` or
//! `append` (all three without a name). CPU time is the server's own, from `/proc/PID/stat`.

#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket, connect, stream::MaybeTlsStream};

const SUBSCRIBERS: usize = 1_000;
const CHEEPS: u32 = 500;
const CHEEPS_A_SECOND: u32 = 100;
const IDLE: usize = 15_000;
const CHEEP: &str = "a cheep of about the usual length, so that its frame has about a hundred and fifty bytes";

fn main() {
    rlimit::increase_nofile_limit(u64::MAX).expect("the limit of files can be raised");
    let wanted: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|arg| arg == name);
    if runs("fanout") {
        fanout();
    }
    if runs("idle") {
        idle();
    }
    if runs("append") {
        append(1, 2_000);
        append(64, 500);
    }
}

struct Server {
    child: Child,
    port: u16,
    started_in: Duration,
    _store: TempDir,
}

impl Server {
    fn start() -> Self {
        let store = TempDir::new().expect("a folder for the store");
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cheeper-server"))
            .args(["--listen", "127.0.0.1:0", "--post-rate", "0", "--data"])
            .arg(store.path().join("cheeper.db"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it is");
        let port = line.trim_end_matches(['/', '\n']).rsplit(':').next().and_then(|port| port.parse().ok());
        Self { child, port: port.expect("a port"), started_in: began.elapsed(), _store: store }
    }

    fn connect(&self) -> WebSocket<MaybeTlsStream<TcpStream>> {
        connect(format!("ws://127.0.0.1:{}/ws", self.port)).expect("the server takes connections").0
    }

    /// A bare socket after its handshake; what the server says first has been read, perhaps with a part of what follows.
    fn subscribe(&self) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server takes connections");
        let request = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("the request goes out");
        let mut answer = Vec::new();
        while !answer.windows(14).any(|part| part == b"posts_per_minu") {
            let mut part = [0; 1024];
            let length = stream.read(&mut part).expect("the server answers");
            answer.extend_from_slice(&part[..length]);
        }
        stream
    }

    fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the server runs");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: u64 = fields[11..13].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the server runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Counts the events in a stream of server frames.
#[derive(Default)]
struct Counter {
    rest: Vec<u8>,
    events: u64,
}

impl Counter {
    fn pass(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(length) = frame_length(&self.rest[at..]) {
            let frame = &self.rest[at..at + length];
            self.events += u64::from(frame.windows(8).take(12).any(|part| part == b":\"cheep\""));
            at += length;
        }
        self.rest.drain(..at);
    }
}

fn frame_length(bytes: &[u8]) -> Option<usize> {
    let length = match *bytes.get(1)? {
        126 => 4 + usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        127 => return None,
        short => 2 + usize::from(short),
    };
    (bytes.len() >= length).then_some(length)
}

/// `SUBSCRIBERS` read while one author posts at a steady rate.
fn fanout() {
    let server = Server::start();
    let mut poll = Poll::new().expect("a poll");
    let mut subscribers: Vec<(mio::net::TcpStream, Counter)> = (0..SUBSCRIBERS)
        .map(|place| {
            let stream = server.subscribe();
            stream.set_nonblocking(true).expect("a socket can be told not to block");
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(place), Interest::READABLE).expect("a place in the poll");
            (stream, Counter::default())
        })
        .collect();
    let mut author = server.connect();
    let before = server.cpu();
    let began = Instant::now();
    let posting = thread::spawn(move || {
        for nth in 0..CHEEPS {
            thread::sleep((Duration::from_secs(1) * nth / CHEEPS_A_SECOND).saturating_sub(began.elapsed()));
            author.send(Message::text(post(nth))).expect("the post goes out");
        }
        author
    });
    let wanted = SUBSCRIBERS as u64 * u64::from(CHEEPS);
    let mut delivered = 0;
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    while delivered < wanted && began.elapsed() < Duration::from_secs(60) {
        poll.poll(&mut events, Some(Duration::from_secs(1))).expect("the poll waits");
        for event in &events {
            let (stream, counter) = &mut subscribers[event.token().0];
            let before = counter.events;
            loop {
                match stream.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(length) => counter.pass(&buffer[..length]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("a subscriber lost its connection: {error}"),
                }
            }
            delivered += counter.events - before;
        }
    }
    let cpu = server.cpu().saturating_sub(before);
    drop(posting.join());
    let each = cpu.as_secs_f64() * 1e6 / delivered.max(1) as f64;
    println!(
        "fanout  {SUBSCRIBERS} subscribers × {CHEEPS_A_SECOND}/s: {each:.2} µs CPU per delivery, {delivered} of {wanted} delivered"
    );
}

/// `IDLE` connections that say nothing.
fn idle() {
    let server = Server::start();
    println!("start   {:.0} ms from exec to the line with the address", server.started_in.as_secs_f64() * 1e3);
    let warm: Vec<_> = (0..500).map(|_| server.subscribe()).collect();
    let (memory, cpu) = (server.resident_bytes(), server.cpu());
    let idle: Vec<_> = (0..IDLE).map(|_| server.subscribe()).collect();
    let each = server.resident_bytes().saturating_sub(memory) / IDLE as u64;
    let cpu = server.cpu().saturating_sub(cpu).as_secs_f64() * 1e6 / IDLE as f64;
    println!("idle    {IDLE} connections: {each} bytes each, {cpu:.0} µs CPU to connect one");
    drop((warm, idle));
}

/// `authors` post one cheep after the other, each when the one before is acked.
fn append(authors: usize, cheeps: u32) {
    let server = Server::start();
    let sockets: Vec<_> = (0..authors).map(|_| server.connect()).collect();
    let began = Instant::now();
    let threads: Vec<_> = sockets
        .into_iter()
        .map(|mut socket| {
            thread::spawn(move || {
                let mut waits = Vec::new();
                for nth in 0..cheeps {
                    let sent = Instant::now();
                    socket.send(Message::text(post(nth))).expect("the post goes out");
                    while !socket.read().expect("an answer comes").to_text().unwrap_or_default().contains("\"ack\"") {}
                    waits.push(sent.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().expect("an author")).collect();
    let took = began.elapsed();
    waits.sort_unstable();
    let at = |part: usize| waits[(waits.len() - 1) * part / 100].as_secs_f64() * 1e3;
    let rate = waits.len() as f64 / took.as_secs_f64();
    println!("append  {authors} authors: {rate:.0} durable cheeps/s, ack p50 {:.2} ms, p99 {:.2} ms", at(50), at(99));
}

fn post(nth: u32) -> String {
    format!(r#"{{"name":"alice","cheep":"{nth} {CHEEP}"}}"#)
}
