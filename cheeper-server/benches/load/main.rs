//! Loads a real server process over loopback and prints what it costs, beside a bare loop of `send()` (the floor) and, where
//! `benches/peers/install` was run, beside other servers. `docs/BENCHMARKS.md` says how it measures and what came out.

#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod append;
mod fairness;
mod fanout;
mod floor;
mod frames;
mod idle;
mod link;
mod made;
mod process;
mod report;
mod slow;
mod store;
mod storm;
mod swarm;
mod tls;

use std::{io, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};

use self::{process::System, report::Report};

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// 1,000 subscribers × 100 cheeps a second, and 10,000 × 10.
    Fanout,
    /// 1,000 readers over HTTP × 100 cheeps a second.
    Followers,
    /// One cheep at a time on a quiet server, to the last of 1,000 screens.
    Lone,
    /// 5,000 cheeps at 2,000 a second to 1,000 subscribers.
    Burst,
    /// 20 of 200 stop reading while 6 MB are sent to each.
    Slow,
    /// 15,000 connections that say nothing; what one costs to open and to keep.
    Idle,
    /// 10,000 connections come and go while cheeps are delivered, then as many come at once.
    Handshakes,
    /// 10,000 clients come back after a crash, each 500 cheeps behind.
    Storm,
    /// Durable cheeps a second, with 1 and with 64 authors.
    Append,
    /// A newcomer's wait for its welcome beside 50 clients that pipeline requests as fast as they can.
    Fairness,
    /// What clients that read nothing pin, in the server and in the kernel.
    Unread,
    /// A start with a large store, its memory, and random old pages of it.
    Store,
    /// First pages of searches in a large store.
    Search,
    /// 1,000 subscribers × 100 cheeps a second over TLS, and 1,000 idle connections: the server's own, nginx and Caddy in front.
    Tls,
}

/// Loads servers and prints what they cost.
#[derive(Debug, Parser)]
struct Args {
    /// What to measure; everything if nothing is named.
    scenarios: Vec<Scenario>,
    /// How often each is measured; medians are printed.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// The servers to load [default: the floors, cheeper and the peers that are installed].
    #[arg(long, value_delimiter = ',')]
    systems: Vec<System>,
    /// Cheeps in the stores of `store` and `search`.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 5_000_000])]
    cheeps: Vec<u64>,
    /// Every figure of every run goes here, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// A drawing of the medians goes here, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Serve as this floor.
    #[arg(long, hide = true)]
    floor: Option<System>,
    /// What `cargo bench` passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(String);

impl Failure {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match args.floor {
        Some(floor) => floor::serve(floor).map_err(Failure::from),
        None => measure(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}.");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<(), Failure> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    process::pin_load()?;
    let scenarios = if args.scenarios.is_empty() { Scenario::value_variants() } else { &args.scenarios };
    let systems = if args.systems.is_empty() { System::value_variants() } else { &args.systems };
    let systems: Vec<System> = systems.iter().copied().filter(|system| system.is_installed()).collect();
    let mut report = Report::default();
    for &scenario in scenarios {
        for run in 1..=args.runs {
            // One after the other within each run, so that a machine that changes its pace does so for all.
            for &system in &systems {
                for row in rows(scenario, system, &args.cheeps) {
                    match row {
                        Ok(mut row) => {
                            row.run = run;
                            println!("{row}");
                            report.rows.push(row);
                        }
                        // A server that cannot carry the load is a result too, and no reason to lose the others'.
                        Err(error) => println!("{scenario:?} · {} · run {run}: {error}", system.name()),
                    }
                }
            }
        }
    }
    println!("\n{report}");
    if let Some(path) = &args.json {
        report.write_json(path)?;
    }
    if let Some(path) = &args.plot {
        report.write_plot(path)?;
    }
    Ok(())
}

fn rows(scenario: Scenario, system: System, cheeps: &[u64]) -> Vec<Result<report::Row, Failure>> {
    let is_ours_or_floor = system.is_cheeper() || system.is_floor();
    match (scenario, system) {
        (Scenario::Fanout, _) => {
            vec![fanout::steady(system, 1_000, 100, 2_000), fanout::steady(system, 10_000, 10, 200)]
        }
        (Scenario::Followers, System::Cheeper) => vec![fanout::followers(system)],
        (Scenario::Lone, _) => vec![fanout::lone(system)],
        (Scenario::Burst, _) => vec![fanout::burst(system)],
        (Scenario::Fairness, System::Cheeper | System::Earlier) => fairness::floods(system),
        (Scenario::Unread, System::Cheeper | System::Earlier) => vec![fairness::unread(system)],
        (Scenario::Append, System::Cheeper | System::Earlier) => {
            vec![append::append(system, 1, 2_000), append::append(system, 64, 500)]
        }
        (Scenario::Store, System::Cheeper) => cheeps.iter().map(|&cheeps| store::store(system, cheeps)).collect(),
        (Scenario::Search, System::Cheeper) => cheeps.iter().map(|&cheeps| store::search(system, cheeps)).collect(),
        (Scenario::Append, System::DurableFloor) => vec![append::floor(2_000)],
        (Scenario::Tls, System::Floor | System::Cheeper | System::Encrypted | System::Nginx | System::Caddy) => {
            vec![fanout::steady(system, 1_000, 100, 2_000), tls::idle(system)]
        }
        // They are there to be encrypted.
        (_, System::Encrypted | System::Nginx | System::Caddy) => Vec::new(),
        (Scenario::Slow, _) if is_ours_or_floor => vec![slow::slow(system)],
        // Neither disk nor batches have a part in these.
        (_, System::DurableFloor | System::BatchedFloor) => Vec::new(),
        (Scenario::Idle, _) => vec![idle::idle(system)],
        (Scenario::Handshakes, _) if is_ours_or_floor => vec![idle::handshakes(system)],
        (Scenario::Storm, _) if is_ours_or_floor => vec![storm::storm(system)],
        _ => Vec::new(),
    }
}
