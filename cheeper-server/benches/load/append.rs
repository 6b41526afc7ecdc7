//! How fast cheeps become durable.

use std::{
    io::Write as _,
    thread,
    time::{Duration, Instant},
};

use tungstenite::{Message, connect};

use crate::{
    Failure,
    process::{Server, System},
    report::Row,
};

const ONE: &str = "append, 1 author";

/// `authors` post one cheep after the other, each when the one before is acked; each reads all the others' as well.
pub(crate) fn append(system: System, authors: usize, cheeps: u32) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    let url = format!("ws://127.0.0.1:{}/ws", server.port);
    let failed = |error: tungstenite::Error| Failure::new(format!("an author lost its connection: {error}"));
    let sockets = (0..authors).map(|_| connect(&url).map(|(socket, _)| socket)).collect::<Result<Vec<_>, _>>();
    let began = Instant::now();
    let threads: Vec<_> = sockets
        .map_err(failed)?
        .into_iter()
        .map(|mut socket| {
            thread::spawn(move || {
                let mut waits = Vec::new();
                for nth in 0..cheeps {
                    let sent = Instant::now();
                    let post = format!(
                        r#"{{"name":"alice","cheep":"{nth} a cheep of about the usual length, as people write"}}"#
                    );
                    socket.send(Message::text(post))?;
                    while !socket.read()?.to_text().unwrap_or_default().starts_with("{\"type\":\"ack\"") {}
                    waits.push(sent.elapsed());
                }
                Ok(waits)
            })
        })
        .collect();
    let mut waits: Vec<Duration> = Vec::new();
    for thread in threads {
        waits.extend(thread.join().map_err(|_| Failure::new("an author ended in a panic"))?.map_err(failed)?);
    }
    Ok(row(if authors == 1 { ONE } else { "append, 64 authors" }, system, waits, began.elapsed()))
}

/// What the disk alone asks for one author: a line at the end of a file, and `fdatasync`.
pub(crate) fn floor(cheeps: u32) -> Result<Row, Failure> {
    let mut file = tempfile::tempfile()?;
    let began = Instant::now();
    let mut waits = Vec::new();
    for _ in 0..cheeps {
        let sent = Instant::now();
        file.write_all(&[b'x'; 150])?;
        file.sync_data()?;
        waits.push(sent.elapsed());
    }
    Ok(row(ONE, System::DurableFloor, waits, began.elapsed()))
}

fn row(name: &str, system: System, mut waits: Vec<Duration>, took: Duration) -> Row {
    waits.sort_unstable();
    let at = |part: usize| waits[(waits.len() - 1) * part / 100].as_secs_f64() * 1e3;
    let mut row = Row::new(name, system);
    row.add("durable cheeps/s", "", waits.len() as f64 / took.as_secs_f64());
    row.add("ack p50", "ms", at(50));
    row.add("ack p99", "ms", at(99));
    row
}
