//! What a large store costs: to start with it, to sit there, to read old pages of it, to be found in.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, connect, stream::MaybeTlsStream};

use crate::{
    Failure,
    made::{self, Lot},
    process::{Server, System},
    report::Row,
};

const PAGES: u32 = 5_000;
const SEARCHES: u32 = 500;
/// The index of a new store is filled behind its start.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Starts, memory and random old pages.
pub(crate) fn store(system: System, cheeps: u64) -> Result<Row, Failure> {
    let data = made::store(cheeps)?;
    let mut row = Row::new(&format!("store {cheeps}"), system);
    // Once, so that all that comes behind a first start is done.
    let server = Server::start_on(system, &data, &[])?;
    Client::to(&server)?.wait_for_index(cheeps)?;
    row.add("private memory with an index made", "KiB", server.private_kib());
    drop(server);
    if drop_caches(&data) {
        let server = Server::start_on(system, &data, &[])?;
        row.add("start, cold", "ms", server.started_in.as_secs_f64() * 1e3);
    }
    let server = Server::start_on(system, &data, &[])?;
    row.add("start, warm", "ms", server.started_in.as_secs_f64() * 1e3);
    thread::sleep(Duration::from_secs(1));
    row.add("private memory after 1 s", "KiB", server.private_kib());
    thread::sleep(Duration::from_secs(9));
    row.add("private memory after 10 s", "KiB", server.private_kib());
    let (mut client, mut lot) = (Client::to(&server)?, Lot::new(7));
    let mut waits = Vec::new();
    for _ in 0..PAGES {
        let before = 100 + lot.below(cheeps - 100);
        let page = json!({ "type": "history", "before": before, "limit": 50 });
        let (answer, took) = client.ask(&page)?;
        if answer["events"].as_array().is_none_or(|events| events.len() != 50) {
            return Err(Failure::new(format!("{page} was answered by {answer}")));
        }
        waits.push(took);
    }
    add_waits(&mut row, ["old page p50", "old page p99"], waits);
    row.add("private memory after that", "KiB", server.private_kib());
    Ok(row)
}

/// First pages of searches of many kinds.
pub(crate) fn search(system: System, cheeps: u64) -> Result<Row, Failure> {
    let data = made::store(cheeps)?;
    let server = Server::start_on(system, &data, &[])?;
    let mut client = Client::to(&server)?;
    let began = Instant::now();
    client.wait_for_index(cheeps)?;
    let mut row = Row::new(&format!("search {cheeps}"), system);
    row.add("waited for the index", "s", began.elapsed().as_secs_f64());
    let index = fs::metadata(data.with_extension("db-search"))?.len();
    row.add("index, of a cheep", "B", index as f64 / cheeps as f64);
    let mut all = Vec::new();
    for (names, query) in KINDS {
        let mut lot = Lot::new(11);
        let mut waits = Vec::new();
        for _ in 0..SEARCHES {
            let (answer, took) = client.ask(&json!({ "type": "search", "q": query(&mut lot), "limit": 50 }))?;
            if answer["type"] != "page" {
                return Err(Failure::new(format!("a search was answered by {answer}")));
            }
            waits.push(took);
        }
        all.extend_from_slice(&waits);
        add_waits(&mut row, *names, waits);
    }
    add_waits(&mut row, ["all p50", "all p99"], all);
    row.add("private memory after that", "KiB", server.private_kib());
    Ok(row)
}

type Kind = ([&'static str; 2], fn(&mut Lot) -> String);

const KINDS: &[Kind] = &[
    (["common word p50", "common word p99"], |lot| made::word(lot.below(20))),
    (["any word p50", "any word p99"], |lot| made::word(lot.ranked(made::WORDS))),
    (["rare word p50", "rare word p99"], |lot| made::word(made::WORDS - 1 - lot.below(1000))),
    (["no such word p50", "no such word p99"], |lot| format!("nowhere{}", lot.below(1000))),
    (["two common p50", "two common p99"], |lot| {
        format!("{} {}", made::word(lot.below(20)), made::word(lot.below(50)))
    }),
    (["common and rare p50", "common and rare p99"], |lot| {
        format!("{} {}", made::word(lot.below(5)), made::word(made::WORDS - 1 - lot.below(1000)))
    }),
    (["phrase p50", "phrase p99"], |lot| format!("\"{} {}\"", made::word(lot.below(20)), made::word(lot.below(200)))),
    (["beginning p50", "beginning p99"], |lot| format!("{}*", made::word(lot.below(1000)))),
    (["Chinese p50", "Chinese p99"], |lot| {
        [made::chinese(lot.below(30)), made::chinese(lot.below(30))].into_iter().collect()
    }),
    (["tag p50", "tag p99"], |lot| format!("#tag{}", lot.below(made::TAGS))),
    (["from: p50", "from: p99"], |lot| format!("from:user{}", lot.below(made::NAMES))),
    (["from: and a common word p50", "from: and a common word p99"], |lot| {
        format!("from:user{} {}", lot.below(made::NAMES), made::word(lot.below(10)))
    }),
];

fn add_waits(row: &mut Row, names: [&'static str; 2], mut waits: Vec<Duration>) {
    waits.sort_unstable();
    for (name, part) in names.into_iter().zip([50, 99]) {
        row.add(name, "ms", waits[(waits.len() - 1) * part / 100].as_secs_f64() * 1e3);
    }
}

/// A client that asks one thing after the other.
struct Client(WebSocket<MaybeTlsStream<TcpStream>>);

impl Client {
    fn to(server: &Server) -> Result<Self, Failure> {
        let (socket, _) = connect(format!("ws://127.0.0.1:{}/ws", server.port)).map_err(|error| failed(&error))?;
        Ok(Self(socket))
    }

    /// The page, or the refusal, that answers, and how long it took.
    fn ask(&mut self, request: &Value) -> Result<(Value, Duration), Failure> {
        let began = Instant::now();
        self.0.send(Message::text(request.to_string())).map_err(|error| failed(&error))?;
        loop {
            let frame = self.0.read().map_err(|error| failed(&error))?;
            let text = frame.to_text().unwrap_or_default();
            if text.starts_with("{\"type\":\"page\"") || text.starts_with("{\"type\":\"error\"") {
                let took = began.elapsed();
                return serde_json::from_str(text).map(|value| (value, took)).map_err(|error| failed(&error));
            }
        }
    }

    /// Waits until all of a store with so many cheeps can be found.
    fn wait_for_index(&mut self, cheeps: u64) -> Result<(), Failure> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let (answer, _) = self.ask(&json!({ "type": "search", "q": "nowhere", "limit": 1 }))?;
            if answer["to"].as_u64().is_some_and(|to| to >= cheeps) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(Failure::new("the index was not filled"))
    }
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::new(format!("a client failed: {error}"))
}

/// Takes the store out of the system's memory, if that is permitted.
fn drop_caches(data: &Path) -> bool {
    let synced = fs::File::open(data).and_then(|file| file.sync_all());
    synced.is_ok() && fs::write("/proc/sys/vm/drop_caches", "1").is_ok()
}
