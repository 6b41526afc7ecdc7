//! One author, many readers.

use std::time::{Duration, Instant};

use crate::{
    Failure,
    process::{Server, System},
    report::Row,
    swarm::{PostForm, Schedule, Swarm, Wire},
};

/// How long nothing may come before what has not come counts as missing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// A cheep of this length makes a frame of about 150 bytes.
pub(crate) const USUAL_CHARS: usize = 50;

/// Readers at a steady rate.
pub(crate) fn steady(system: System, readers: usize, rate: u32, cheeps: u32) -> Result<Row, Failure> {
    let name = format!("fanout {readers} × {rate}/s");
    load(&name, system, Wire::Frames, readers, Duration::from_secs(1) / rate, cheeps)
}

/// The same for readers over HTTP, with a line for each event.
pub(crate) fn followers(system: System) -> Result<Row, Failure> {
    load("followers 1000 × 100/s", system, Wire::Lines, 1_000, Duration::from_millis(10), 2_000)
}

/// One cheep every 100 ms: each finds a server that sleeps.
pub(crate) fn lone(system: System) -> Result<Row, Failure> {
    load("lone 1000", system, Wire::Frames, 1_000, Duration::from_millis(100), 50)
}

/// Far more than can be sent one by one.
pub(crate) fn burst(system: System) -> Result<Row, Failure> {
    load("burst 1000 × 2000/s", system, Wire::Frames, 1_000, Duration::from_micros(500), 5_000)
}

fn load(name: &str, system: System, wire: Wire, readers: usize, period: Duration, cheeps: u32) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    let mut swarm = Swarm::new(system.is_cheeper(), server.dial())?;
    // The first one posts; the floor sends to all others.
    swarm.open(server.port, "/ws", 1)?;
    match wire {
        Wire::Frames => swarm.open(server.port, "/ws", readers)?,
        Wire::Lines => swarm.open_as(wire, server.port, "/api/cheeps?follow=1", readers)?,
    }
    swarm.expect(0, cheeps as usize);
    let (measured, before, idle_before) = (Instant::now(), server.cpu(), Server::core_idle()?);
    let schedule = Schedule { began: Instant::now() + Duration::from_millis(300), period, cheeps };
    swarm.post(0, schedule, PostForm { system, chars: USUAL_CHARS });
    // The author reads as well, but at the floor.
    let silent = usize::from(system.is_floor());
    let wanted = (readers + 1 - silent) as u64 * u64::from(cheeps);
    swarm.run(PATIENCE, |tally| tally.delivered >= wanted)?;
    let took = schedule.began.elapsed();
    let cpu = server.cpu().saturating_sub(before);
    let core = measured.elapsed().saturating_sub(Server::core_idle()?.saturating_sub(idle_before));
    let missing = swarm.missing(silent);
    let tally = &mut swarm.tally;
    let mut row = Row::new(name, system);
    let deliveries = tally.delivered.max(1) as f64;
    row.add("CPU per delivery", "µs", cpu.as_secs_f64() * 1e6 / deliveries);
    row.add("core per delivery", "µs", core.as_secs_f64() * 1e6 / deliveries);
    row.add("deliveries/s", "", tally.delivered as f64 / took.as_secs_f64());
    row.add("p50", "ms", tally.waits.value_at_quantile(0.5) as f64 / 1e3);
    row.add("p99", "ms", tally.waits.value_at_quantile(0.99) as f64 / 1e3);
    tally.last_screens.sort_unstable();
    let middle = tally.last_screens[tally.last_screens.len() / 2];
    row.add("last screen p50", "ms", middle.as_secs_f64() * 1e3);
    row.exactness(missing, tally);
    Ok(row)
}
