//! One author, many readers.

use std::{
    io::{ErrorKind, Write as _},
    net::TcpStream,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{
    Failure, frames,
    process::{Server, System},
    report::Row,
    swarm::{Schedule, Swarm},
};

/// How long nothing may come before what has not come counts as missing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// A cheep of this length makes a frame of about 150 bytes.
pub(crate) const USUAL_CHARS: usize = 50;

/// Readers at a steady rate.
pub(crate) fn steady(system: System, readers: usize, rate: u32, cheeps: u32) -> Result<Row, Failure> {
    let name = format!("fanout {readers} × {rate}/s");
    load(&name, system, readers, Duration::from_secs(1) / rate, cheeps)
}

/// One cheep every 100 ms: each finds a server that sleeps.
pub(crate) fn lone(system: System) -> Result<Row, Failure> {
    load("lone 1000", system, 1_000, Duration::from_millis(100), 50)
}

/// Far more than can be sent one by one.
pub(crate) fn burst(system: System) -> Result<Row, Failure> {
    load("burst 1000 × 2000/s", system, 1_000, Duration::from_micros(500), 5_000)
}

fn load(name: &str, system: System, readers: usize, period: Duration, cheeps: u32) -> Result<Row, Failure> {
    let server = Server::start(system, &[])?;
    let mut swarm = Swarm::new(system == System::Cheeper)?;
    // The first one posts; the floor sends to all others.
    swarm.open(server.port, "/ws", 1)?;
    swarm.open(server.port, "/ws", readers)?;
    swarm.expect(0, cheeps as usize);
    let schedule = Schedule { began: Instant::now() + Duration::from_millis(300), period };
    swarm.follow(schedule);
    let before = server.cpu()?;
    let author = Author::start(swarm.poster(0)?, system, schedule, cheeps, USUAL_CHARS);
    // The author reads as well, but at the floor.
    let silent = usize::from(system == System::Floor);
    let wanted = (readers + 1 - silent) as u64 * u64::from(cheeps);
    swarm.run(PATIENCE, |tally| tally.delivered >= wanted)?;
    let took = schedule.began.elapsed();
    author.join()?;
    let cpu = server.cpu()?.saturating_sub(before);
    let missing = swarm.missing(silent);
    let tally = &mut swarm.tally;
    let mut row = Row::new(name, system);
    row.add("CPU per delivery", "µs", cpu.as_secs_f64() * 1e6 / tally.delivered.max(1) as f64);
    row.add("deliveries/s", "", tally.delivered as f64 / took.as_secs_f64());
    row.add("p50", "ms", tally.waits.value_at_quantile(0.5) as f64 / 1e3);
    row.add("p99", "ms", tally.waits.value_at_quantile(0.99) as f64 / 1e3);
    tally.last_screens.sort_unstable();
    let middle = tally.last_screens[tally.last_screens.len() / 2];
    row.add("last screen p50", "ms", middle.as_secs_f64() * 1e3);
    row.exactness(missing, tally);
    Ok(row)
}

/// Posts on time, whatever becomes of the posts.
pub(crate) struct Author(JoinHandle<Result<(), Failure>>);

impl Author {
    pub(crate) fn start(mut socket: TcpStream, system: System, schedule: Schedule, cheeps: u32, chars: usize) -> Self {
        // The peers pass a post on as it is, so it has the form of what our server makes of it.
        let kind = if system == System::Cheeper { "post" } else { "cheep" };
        let text = "x".repeat(chars);
        Self(thread::spawn(move || {
            for nth in 0..u64::from(cheeps) {
                let post = frames::masked(&format!(
                    "{{\"type\":\"{kind}\",\"seq\":{},\"at\":\"2026-11-25T12:00:00.000Z\",\"name\":\"alice\",\
                     \"cheep\":\"{text}\",\"verified\":false}}",
                    nth + 1
                ));
                thread::sleep(schedule.due(nth).saturating_duration_since(Instant::now()));
                write_all(&mut socket, &post)?;
            }
            Ok(())
        }))
    }

    pub(crate) fn join(self) -> Result<(), Failure> {
        self.0.join().map_err(|_| Failure::new("the author ended in a panic"))?
    }
}

/// The socket does not block, as the swarm reads from it.
fn write_all(socket: &mut TcpStream, mut bytes: &[u8]) -> Result<(), Failure> {
    while !bytes.is_empty() {
        match socket.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(Duration::from_micros(100)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
