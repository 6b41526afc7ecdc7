//! Connections that say nothing, and many that come at once.

use std::time::{Duration, Instant};

use crate::{
    Failure,
    fanout::{Author, PATIENCE, USUAL_CHARS},
    process::{Server, System},
    report::Row,
    swarm::{Schedule, Swarm},
};

const IDLE: usize = 15_000;
const READERS: usize = 1_000;
const NEWCOMERS: usize = 10_000;
/// Newcomers are begun in steps, so that the load goes on reading meanwhile.
const STEP: usize = 100;

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
    let mut row = Row::new("10,000 handshakes", System::Cheeper);
    let mut swarm = Swarm::new(true)?;
    swarm.open(server.port, "/ws", READERS)?;

    let (rate, cheeps) = (100, 500);
    let mut began = 0;
    let mut opened_in = Duration::ZERO;
    for (label, newcomers) in [("p99 quiet", 0), ("p99 meanwhile", NEWCOMERS)] {
        let after = if newcomers == 0 { 0 } else { u64::from(cheeps) };
        swarm.expect(after, cheeps as usize);
        swarm.tally.waits.reset();
        swarm.tally.delivered = 0;
        let schedule =
            Schedule { began: Instant::now() + Duration::from_millis(200), period: Duration::from_secs(1) / rate };
        swarm.follow(schedule);
        let author = Author::start(swarm.poster(0)?, System::Cheeper, schedule, cheeps, USUAL_CHARS);
        swarm.run(PATIENCE, |_| Instant::now() >= schedule.due(50))?;
        let opening = Instant::now();
        let before = server.cpu()?;
        while began < newcomers {
            swarm.begin(server.port, "/ws", STEP)?;
            began += STEP;
            let wanted = READERS + began;
            swarm.run(PATIENCE, |tally| tally.opened + STEP * 8 >= wanted)?;
        }
        swarm.run(PATIENCE, |tally| tally.opened >= READERS + began)?;
        if newcomers > 0 {
            opened_in = opening.elapsed();
            row.add("opened in", "s", opened_in.as_secs_f64());
            row.add("server CPU meanwhile", "s", server.cpu()?.saturating_sub(before).as_secs_f64());
        }
        let wanted = READERS as u64 * u64::from(cheeps);
        swarm.run(PATIENCE, |tally| tally.delivered >= wanted && Instant::now() >= schedule.due(u64::from(cheeps)))?;
        author.join()?;
        row.add(label, "ms", swarm.tally.waits.value_at_quantile(0.99) as f64 / 1e3);
    }
    debug_assert!(opened_in > Duration::ZERO);
    row.add("lost", "", swarm.tally.lost as f64);
    Ok(row)
}
