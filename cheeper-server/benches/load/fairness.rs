//! Clients that take all they can get: those who ask without end, and those who do not read what they asked for.

use std::{
    fs,
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tungstenite::{Message, connect};

use crate::{
    Failure, frames,
    process::{Server, System},
    report::Row,
};

/// Clients that pipeline requests, and newcomers that want to be welcomed beside them.
const FLOODERS: usize = 50;
const NEWCOMERS: usize = 200;
/// Clients that ask for answers and do not read them, and those that ask for everything by their URL.
const UNREAD_ANSWERS: usize = 2_000;
const UNREAD_PAGES: usize = 300;
/// Cheeps on the timeline, so that pages have something in them.
const CHEEPS: usize = 20_000;
/// How long those who do not read are given to pile up what they can.
const SETTLE: Duration = Duration::from_secs(5);
const PAGE_BYTES: u64 = 4096;

/// How long a newcomer waits for its welcome beside clients that send this again and again, as fast as they can.
pub(crate) fn floods(system: System) -> Vec<Result<Row, Failure>> {
    [
        ("fairness pings", r#"{"type":"ping"}"#),
        ("fairness {}", "{}"),
        ("fairness empty posts", r#"{"name":"alice","cheep":""}"#),
        ("fairness pages", r#"{"type":"history","limit":200}"#),
    ]
    .map(|(name, request)| flood(system, name, request))
    .into()
}

fn flood(system: System, name: &str, request: &str) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    fill(server.port)?;
    let mut quiet = waits(server.port)?;
    let flood = Flood::start(server.port, request)?;
    // What the flooders had sent before the server began to push back is part of the flood.
    thread::sleep(Duration::from_secs(1));
    let mut beside = waits(server.port)?;
    let answered = flood.finish()?;
    let mut row = Row::new(name, system);
    row.add("connect and welcome, quiet, p50", "ms", quantile(&mut quiet, 0.5));
    row.add("beside 50, p50", "ms", quantile(&mut beside, 0.5));
    row.add("p99", "ms", quantile(&mut beside, 0.99));
    row.add("longest", "ms", quantile(&mut beside, 1.0));
    row.add("answers meanwhile", "MB", answered as f64 / 1e6);
    Ok(row)
}

/// What clients that do not read pin, in the server and in the kernel.
pub(crate) fn unread(system: System) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    fill(server.port)?;
    let mut row = Row::new("unread", system);

    let memory = server.resident();
    let request = frames::masked(r#"{"type":"history","limit":200}"#).repeat(500);
    let mut clients = Vec::with_capacity(UNREAD_ANSWERS);
    for _ in 0..UNREAD_ANSWERS {
        let mut client = open(server.port, "/ws")?;
        client.set_nonblocking(true)?;
        ignore_full(client.write(&request))?;
        clients.push(client);
    }
    thread::sleep(SETTLE);
    row.add("2,000 with unread answers: the server grew by", "MiB", mebibytes(server.resident() - memory));
    drop(clients);
    thread::sleep(SETTLE);
    row.add("and once they had gone", "MiB", mebibytes(server.resident() - memory));

    let (memory, kernel) = (server.resident(), kernel_bytes()?);
    let clients: Vec<TcpStream> =
        (0..UNREAD_PAGES).map(|_| open(server.port, "/ws?after=0")).collect::<Result<_, _>>()?;
    thread::sleep(SETTLE);
    row.add("300 that read nothing of ?after=0: the server", "MiB", mebibytes(server.resident() - memory));
    let pinned = kernel_bytes()?.saturating_sub(kernel);
    row.add("the kernel, both ends, each", "KiB", pinned as f64 / 1024.0 / UNREAD_PAGES as f64);
    row.add("of that the server's end", "KiB", sent_and_unread(server.port)? as f64 / 1024.0 / UNREAD_PAGES as f64);
    drop(clients);
    Ok(row)
}

/// Clients that write requests as fast as the server takes them, and read the answers.
struct Flood {
    done: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<u64>>,
}

impl Flood {
    fn start(port: u16, request: &str) -> Result<Self, Failure> {
        let done = Arc::<AtomicBool>::default();
        let clients = (0..FLOODERS).map(|_| open(port, "/ws")).collect::<Result<Vec<_>, _>>()?;
        let requests = frames::masked(request).repeat(2_000);
        let is_done = done.clone();
        Ok(Self { done, thread: thread::spawn(move || send_on(&clients, &requests, &is_done)) })
    }

    /// The bytes of the answers.
    fn finish(self) -> Result<u64, Failure> {
        self.done.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| Failure::new("the flood ended in a panic"))??)
    }
}

fn send_on(clients: &[TcpStream], requests: &[u8], is_done: &AtomicBool) -> io::Result<u64> {
    let (mut buffer, mut read, mut written) = (vec![0; 256 * 1024], 0, vec![0; clients.len()]);
    for client in clients {
        client.set_nonblocking(true)?;
    }
    while !is_done.load(Ordering::Relaxed) {
        let before = read;
        for (mut client, at) in clients.iter().zip(&mut written) {
            match client.write(&requests[*at..]) {
                Ok(bytes) => *at = (*at + bytes) % requests.len(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            match client.read(&mut buffer) {
                Ok(bytes) => read += bytes as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if read == before {
            // The measuring shares this processor.
            thread::yield_now();
        }
    }
    Ok(read)
}

/// How long newcomers wait from the first packet to the welcome.
fn waits(port: u16) -> Result<Vec<Duration>, Failure> {
    (0..NEWCOMERS)
        .map(|_| {
            let began = Instant::now();
            let mut client = open(port, "/ws")?;
            let mut seen = Vec::new();
            let mut buffer = [0; 4096];
            while !seen.windows(9).any(|part| part == b"\"welcome\"") {
                let read = client.read(&mut buffer)?;
                if read == 0 {
                    return Err(Failure::new("a newcomer was turned away"));
                }
                seen.extend_from_slice(&buffer[..read]);
            }
            Ok(began.elapsed())
        })
        .collect()
}

/// A socket that has asked for its handshake.
fn open(port: u16, path: &str) -> Result<TcpStream, Failure> {
    let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

/// Puts cheeps on the timeline.
fn fill(port: u16) -> Result<(), Failure> {
    let failed = |error: tungstenite::Error| Failure::new(format!("the poster lost its connection: {error}"));
    let (mut socket, _) = connect(format!("ws://127.0.0.1:{port}/ws")).map_err(failed)?;
    let cheep = format!(r#"{{"name":"alice","cheep":"{}"}}"#, "x".repeat(150));
    let mut under_way = 0;
    for _ in 0..CHEEPS {
        socket.write(Message::text(cheep.clone())).map_err(failed)?;
        under_way += 1;
        while under_way > 50 {
            socket.flush().map_err(failed)?;
            under_way -= usize::from(is_ack(&socket.read().map_err(failed)?));
        }
    }
    while under_way > 0 {
        under_way -= usize::from(is_ack(&socket.read().map_err(failed)?));
    }
    Ok(())
}

fn is_ack(message: &Message) -> bool {
    message.to_text().unwrap_or_default().starts_with("{\"type\":\"ack\"")
}

fn ignore_full(written: io::Result<usize>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

/// What the kernel has set aside for TCP, of the whole machine.
fn kernel_bytes() -> Result<u64, Failure> {
    let stat = fs::read_to_string("/proc/net/sockstat")?;
    let line = stat.lines().find(|line| line.starts_with("TCP:")).unwrap_or_default();
    let pages = line.split_whitespace().last().and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.ok_or_else(|| Failure::new("/proc/net/sockstat has no TCP memory"))? * PAGE_BYTES)
}

/// Bytes that the server's sockets hold back because nobody reads them.
fn sent_and_unread(port: u16) -> Result<u64, Failure> {
    let table = fs::read_to_string("/proc/net/tcp")?;
    let local = format!(":{port:04X}");
    let queues = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_ours = fields.get(1)?.ends_with(&local) && *fields.get(3)? == "01";
        let (sent, _) = fields.get(4)?.split_once(':')?;
        is_ours.then(|| u64::from_str_radix(sent, 16).ok())?
    });
    Ok(queues.sum())
}

fn quantile(waits: &mut [Duration], at: f64) -> f64 {
    waits.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let place = ((waits.len() as f64 * at) as usize).min(waits.len() - 1);
    waits[place].as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mebibytes(bytes: i64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
