//! Everybody comes back at once after a crash.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tungstenite::{Message, connect};

use crate::{
    Failure,
    fanout::{PATIENCE, USUAL_CHARS},
    process::{Server, System},
    report::Row,
    swarm::{PostForm, Schedule, Swarm},
};

const CLIENTS: usize = 10_000;
const BEHIND: u32 = 500;
const BEFORE: u32 = 500;
/// Clients begin in steps, so that the load goes on reading meanwhile.
const STEP: usize = 100;

/// The floor has no store and so no crash: it sends the newcomers what it has in memory, and there is no ack to wait for.
pub(crate) fn storm(system: System) -> Result<Row, Failure> {
    let has_acks = !system.is_floor();
    let mut server = Server::start(system, &[])?;
    let mut filling = Swarm::new(has_acks, server.dial())?;
    filling.open(server.port, "/ws", 1)?;
    let readers = usize::from(!has_acks);
    filling.open(server.port, "/ws", readers)?;
    let all = BEFORE + BEHIND;
    filling.expect(0, all as usize);
    let schedule = Schedule { began: Instant::now(), period: Duration::from_micros(500), cheeps: all };
    filling.post(0, schedule, PostForm { system, chars: USUAL_CHARS });
    filling.run(PATIENCE, |tally| tally.delivered >= u64::from(all))?;
    // The floor serves until its poster hangs up, so there `filling` stays to the end.
    let poster = if has_acks {
        drop(filling);
        server.crash_and_restart()?;
        Some(Poster::start(server.port))
    } else {
        None
    };

    let mut swarm = Swarm::new(has_acks, server.dial())?;
    swarm.expect(u64::from(BEFORE), BEHIND as usize);
    let began = Instant::now();
    let before = server.cpu();
    let path = format!("/ws?after={BEFORE}");
    for begun in (0..CLIENTS).step_by(STEP) {
        swarm.begin(server.port, &path, STEP)?;
        swarm.run(PATIENCE, |tally| tally.opened + STEP * 30 >= begun)?;
    }
    let wanted = CLIENTS as u64 * u64::from(BEHIND);
    swarm.run(PATIENCE, |tally| tally.delivered >= wanted)?;
    let took = began.elapsed();
    let cpu = server.cpu().saturating_sub(before);

    let mut row = Row::new("storm 10000 × 500 behind", system);
    row.add("all caught up in", "s", took.as_secs_f64());
    row.add("server CPU", "s", cpu.as_secs_f64());
    if let Some(poster) = poster {
        let waits = poster.finish()?;
        row.add("a poster's longest wait", "ms", waits.last().map_or(0.0, |wait| wait.as_secs_f64() * 1e3));
        row.add("its median wait", "ms", waits.get(waits.len() / 2).map_or(0.0, |wait| wait.as_secs_f64() * 1e3));
        row.add("its posts", "", waits.len() as f64);
    }
    let missing = swarm.missing(0);
    row.exactness(missing, &swarm.tally);
    row.add("lost", "", swarm.tally.lost as f64);
    Ok(row)
}

/// Posts meanwhile.
struct Poster {
    done: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<Duration>, Failure>>,
}

impl Poster {
    fn start(port: u16) -> Self {
        let done = Arc::<AtomicBool>::default();
        let thread = {
            let done = done.clone();
            thread::spawn(move || post_until(&done, &format!("ws://127.0.0.1:{port}/ws")))
        };
        Self { done, thread }
    }

    /// How long each ack took, the longest last.
    fn finish(self) -> Result<Vec<Duration>, Failure> {
        self.done.store(true, Ordering::Relaxed);
        let mut waits = self.thread.join().map_err(|_| Failure::new("the poster ended in a panic"))??;
        waits.sort_unstable();
        Ok(waits)
    }
}

/// Posts ten times a second; how long each ack took.
fn post_until(done: &AtomicBool, url: &str) -> Result<Vec<Duration>, Failure> {
    let failed = |error: tungstenite::Error| Failure::new(format!("the poster lost its connection: {error}"));
    let (mut socket, _) = connect(url).map_err(failed)?;
    let mut waits = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let sent = Instant::now();
        socket.send(Message::text(r#"{"name":"bob","cheep":"still here"}"#)).map_err(failed)?;
        while !socket.read().map_err(failed)?.to_text().unwrap_or_default().starts_with("{\"type\":\"ack\"") {}
        waits.push(sent.elapsed());
        thread::sleep(Duration::from_millis(100).saturating_sub(sent.elapsed()));
    }
    Ok(waits)
}
