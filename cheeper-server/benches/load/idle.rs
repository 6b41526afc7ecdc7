//! Connections that say nothing, and many that come at once.

use std::time::{Duration, Instant};

use crate::{
    Failure,
    fanout::{PATIENCE, USUAL_CHARS},
    process::{Server, System},
    report::Row,
    swarm::{PostForm, Schedule, Swarm, Tally},
};

const IDLE: usize = 15_000;
const READERS: usize = 1_000;
const NEWCOMERS: usize = 10_000;
/// Newcomers are begun in steps, so that the load goes on reading meanwhile; so many may wait for their welcome.
const STEP: usize = 50;
const AHEAD: usize = 500;
const CHEEPS: u32 = 40;
const CHEEP_EVERY: Duration = Duration::from_millis(100);

/// What a connection costs to open and to keep.
pub(crate) fn idle(system: System) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    let mut swarm = Swarm::new(system == System::Cheeper)?;
    swarm.open(server.port, "/ws", 500)?;
    let (memory, cpu) = (server.resident()?, server.cpu()?);
    let began = Instant::now();
    swarm.open(server.port, "/ws", IDLE)?;
    let took = began.elapsed();
    let spent = server.cpu()?.saturating_sub(cpu);
    let mut row = Row::new("idle 15000", system);
    row.add("memory of a connection", "B", (server.resident()? - memory) as f64 / IDLE as f64);
    row.add("CPU to open one", "µs", spent.as_secs_f64() * 1e6 / IDLE as f64);
    row.add("opened/s", "", IDLE as f64 / took.as_secs_f64());
    row.add("start", "ms", server.started_in.as_secs_f64() * 1e3);
    let before = server.cpu()?;
    swarm.run(Duration::from_secs(10), |_| false)?;
    row.add("CPU of 15,500 idle ones", "ms/s", server.cpu()?.saturating_sub(before).as_secs_f64() * 1e3 / 10.0);
    Ok(row)
}

/// Cheeps go to some while many others come.
pub(crate) fn handshakes() -> Result<Row, Failure> {
    let server = Server::start(System::Cheeper, &[])?;
    let mut swarm = Swarm::new(true)?;
    swarm.open(server.port, "/ws", READERS)?;
    let mut row = Row::new("10000 handshakes", System::Cheeper);
    let quiet = watch(&server, &mut swarm, 0, |_| Ok(()))?;
    let mut opening = None;
    let meanwhile = watch(&server, &mut swarm, u64::from(CHEEPS), |swarm| {
        let (began, before) = (Instant::now(), server.cpu()?);
        for begun in (0..NEWCOMERS).step_by(STEP) {
            swarm.begin(server.port, "/ws", STEP)?;
            swarm.run(PATIENCE, |tally| tally.opened + AHEAD >= READERS + begun)?;
        }
        swarm.run(PATIENCE, |tally| tally.opened >= READERS + NEWCOMERS)?;
        opening = Some((began.elapsed(), server.cpu()?.saturating_sub(before)));
        Ok(())
    })?;
    if let Some((took, cpu)) = opening {
        row.add("opened in", "s", took.as_secs_f64());
        row.add("server CPU meanwhile", "s", cpu.as_secs_f64());
    }
    row.add("p99 of a live cheep, quiet", "ms", quiet);
    row.add("p99 of a live cheep, meanwhile", "ms", meanwhile);
    row.add("lost", "", swarm.tally.lost as f64);
    Ok(row)
}

/// Posts for a few seconds while something happens; the p99 of what those see who were there before, in ms.
fn watch(
    server: &Server,
    swarm: &mut Swarm,
    after: u64,
    happens: impl FnOnce(&mut Swarm) -> Result<(), Failure>,
) -> Result<f64, Failure> {
    swarm.expect(after, CHEEPS as usize);
    let began = Instant::now() + Duration::from_millis(200);
    let schedule = Schedule { began, period: CHEEP_EVERY, cheeps: CHEEPS };
    swarm.post(0, schedule, PostForm { system: server.system, chars: USUAL_CHARS });
    happens(swarm)?;
    let wanted = READERS as u64 * u64::from(CHEEPS);
    let all = |tally: &Tally| tally.delivered >= wanted && Instant::now() >= schedule.due(u64::from(CHEEPS) + 10);
    swarm.run(PATIENCE, all)?;
    Ok(swarm.tally.waits.value_at_quantile(0.99) as f64 / 1e3)
}
