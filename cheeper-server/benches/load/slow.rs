//! Some readers stop reading for a while. The others must not notice, and in the end nobody may lack anything.

use std::time::{Duration, Instant};

use crate::{
    Failure,
    fanout::PATIENCE,
    process::{Server, System},
    report::Row,
    swarm::{PostForm, Schedule, Swarm},
};

const READERS: usize = 200;
const SLOW: usize = 20;
const CHEEPS: u32 = 1_500;
const CHEEPS_A_SECOND: u32 = 200;
const CHARS: usize = 4_000;

/// The floor forgets what a reader has no room for: it shows what the others wait, and what the slow ones would lose.
pub(crate) fn slow(system: System) -> Result<Row, Failure> {
    let keeps = system.is_cheeper();
    let server = Server::start(system, if keeps { &["--cheep-chars", "4000"] } else { &[] })?;
    let mut swarm = Swarm::new(keeps, server.dial())?;
    // At the floor the first one posts and gets nothing.
    let author = if keeps { READERS - 1 } else { 0 };
    let silent = usize::from(!keeps);
    swarm.open(server.port, "/ws", silent)?;
    swarm.open(server.port, "/ws", READERS)?;
    swarm.expect(0, CHEEPS as usize);
    swarm.set_reading(silent..silent + SLOW, false);
    let memory = server.resident();
    let began = Instant::now() + Duration::from_millis(200);
    let schedule = Schedule { began, period: Duration::from_secs(1) / CHEEPS_A_SECOND, cheeps: CHEEPS };
    swarm.post(author, schedule, PostForm { system, chars: CHARS });
    let fast = (READERS - SLOW) as u64 * u64::from(CHEEPS);
    swarm.run(PATIENCE, |tally| tally.delivered >= fast)?;

    let mut row = Row::new("slow 20 of 200", system);
    row.add("others' p50", "ms", swarm.tally.waits.value_at_quantile(0.5) as f64 / 1e3);
    row.add("others' p99", "ms", swarm.tally.waits.value_at_quantile(0.99) as f64 / 1e3);
    row.add("others miss", "", swarm.missing(silent + SLOW) as f64);
    row.add("memory grew by", "MiB", (server.resident() - memory) as f64 / 1024.0 / 1024.0);
    let again = Instant::now();
    swarm.set_reading(silent..silent + SLOW, true);
    let all = READERS as u64 * u64::from(CHEEPS);
    swarm.run(PATIENCE, |tally| tally.delivered >= all)?;
    row.add("slow ones caught up in", "s", again.elapsed().as_secs_f64());
    row.add("told that they lag", "", swarm.tally.lagged as f64);
    row.add("memory grew in all by", "MiB", (server.resident() - memory) as f64 / 1024.0 / 1024.0);
    let missing = swarm.missing(silent);
    row.exactness(missing, &swarm.tally);
    Ok(row)
}
