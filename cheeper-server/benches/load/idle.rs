//! Connections that say nothing, and many that come at once.

use std::time::{Duration, Instant};

use crate::{
    Failure,
    fanout::{PATIENCE, USUAL_CHARS},
    process::{Server, System},
    report::Row,
    swarm::{PostForm, Schedule, Swarm},
};

const IDLE: usize = 15_000;
const READERS: usize = 1_000;
const NEWCOMERS: usize = 10_000;
/// Newcomers are begun in steps, so that the load goes on reading meanwhile; so many may wait for their welcome.
const STEP: usize = 50;
const AHEAD: usize = 500;
const CHEEPS: u32 = 30;
const CHEEP_EVERY: Duration = Duration::from_millis(100);

/// What a connection costs to open and to keep.
pub(crate) fn idle(system: System) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    let mut swarm = Swarm::new(system.is_cheeper(), server.dial())?;
    swarm.open(server.port, "/ws", 500)?;
    let (memory, cpu) = (server.resident(), server.cpu());
    let began = Instant::now();
    swarm.open(server.port, "/ws", IDLE)?;
    let took = began.elapsed();
    let spent = server.cpu().saturating_sub(cpu);
    let mut row = Row::new("idle 15000", system);
    row.add("memory of a connection", "B", (server.resident() - memory) as f64 / IDLE as f64);
    row.add("CPU to open one", "µs", spent.as_secs_f64() * 1e6 / IDLE as f64);
    row.add("opened/s", "", IDLE as f64 / took.as_secs_f64());
    row.add("start", "ms", server.started_in.as_secs_f64() * 1e3);
    let before = server.cpu();
    swarm.run(Duration::from_secs(10), |_| false)?;
    row.add("CPU of 15,500 idle ones", "ms/s", server.cpu().saturating_sub(before).as_secs_f64() * 1e3 / 10.0);
    Ok(row)
}

/// Cheeps go to some while many others come and go; then as many come at once, and stay.
pub(crate) fn handshakes(system: System) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    let greets = system.is_cheeper();
    let mut swarm = Swarm::new(greets, server.dial())?;
    // The first one posts.
    swarm.open(server.port, "/ws", 1)?;
    swarm.open(server.port, "/ws", READERS - 1)?;
    let mut row = Row::new("10000 handshakes", system);
    let quiet = watch(&server, &mut swarm, 0, |_, _| Ok(()))?;
    row.add("p99 of a live cheep, quiet", "ms", quiet);
    let meanwhile = watch(&server, &mut swarm, u64::from(CHEEPS), |swarm, began| {
        let steps = u32::try_from(NEWCOMERS / STEP).unwrap_or(u32::MAX);
        for step in 0..steps {
            let mut newcomers = Swarm::new(greets, server.dial())?;
            newcomers.begin(server.port, "/ws", STEP)?;
            let next = began + CHEEP_EVERY * CHEEPS * (step + 1) / steps;
            swarm.run(PATIENCE, |_| Instant::now() >= next)?;
            welcomed(&mut newcomers, STEP)?;
        }
        Ok(())
    })?;
    row.add("p99 of a live cheep, meanwhile", "ms", meanwhile);
    let missing = swarm.missing(usize::from(system.is_floor()));
    row.exactness(missing, &swarm.tally);
    let (began, before) = (Instant::now(), server.cpu());
    for begun in (0..NEWCOMERS).step_by(STEP) {
        swarm.begin(server.port, "/ws", STEP)?;
        swarm.run(PATIENCE, |tally| tally.opened + AHEAD >= READERS + begun)?;
    }
    welcomed(&mut swarm, READERS + NEWCOMERS)?;
    row.add("all at once: opened in", "s", began.elapsed().as_secs_f64());
    row.add("server CPU", "s", server.cpu().saturating_sub(before).as_secs_f64());
    row.add("lost", "", swarm.tally.lost as f64);
    Ok(row)
}

/// Waits until so many are, and fails if one never is.
fn welcomed(swarm: &mut Swarm, count: usize) -> Result<(), Failure> {
    if swarm.run(PATIENCE, |tally| tally.opened >= count)? {
        return Ok(());
    }
    Err(Failure::new(format!("{} of {count} were welcomed", swarm.tally.opened)))
}

/// Posts for a few seconds while something happens, from a moment on; the p99 of what those see who were there before, in ms.
fn watch(
    server: &Server,
    swarm: &mut Swarm,
    after: u64,
    happens: impl FnOnce(&mut Swarm, Instant) -> Result<(), Failure>,
) -> Result<f64, Failure> {
    swarm.expect(after, CHEEPS as usize);
    let began = Instant::now() + Duration::from_millis(200);
    let schedule = Schedule { began, period: CHEEP_EVERY, cheeps: CHEEPS };
    swarm.post(0, schedule, PostForm { system: server.system, chars: USUAL_CHARS });
    happens(swarm, began)?;
    let silent = usize::from(server.system.is_floor());
    let wanted = (READERS - silent) as u64 * u64::from(CHEEPS);
    if !swarm.run(PATIENCE, |tally| tally.delivered >= wanted)? {
        return Err(Failure::new(format!("{} cheeps are missing", swarm.missing(silent))));
    }
    Ok(swarm.tally.waits.value_at_quantile(0.99) as f64 / 1e3)
}
