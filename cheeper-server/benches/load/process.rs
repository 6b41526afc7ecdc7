//! The servers under load: each a process of its own, pinned to a core that the load does not use.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use cheeper_protocol::testkit::Process;
use clap::ValueEnum;
use rustix::thread::{CpuSet, sched_setaffinity};
use tempfile::TempDir;

use crate::{
    Failure,
    link::Dial,
    tls::{self, Identity},
};

/// The server's core, and the one that everything else runs on.
const SERVER_CORE: usize = 0;
const LOAD_CORE: usize = 1;
/// What the kernel counts CPU time in (`getconf CLK_TCK`).
const TICKS_A_SECOND: u64 = 100;

/// What can be put under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum System {
    /// A bare loop of `send()`, one call for each cheep and subscriber: no key of a handshake, no store, no reading.
    Floor,
    /// The same, and each cheep is flushed to disk before it is sent.
    DurableFloor,
    /// The floor, sending in batches as this project's server does: what that could reach if it did nothing else.
    BatchedFloor,
    /// This project's server: with its store, as a release build.
    Cheeper,
    /// The same, speaking HTTPS itself.
    Encrypted,
    /// The same behind an nginx that speaks HTTPS.
    Nginx,
    /// The same behind a Caddy that does.
    Caddy,
    /// An earlier build of it, whose program the variable `CHEEPER_EARLIER` names: what a change has cost.
    Earlier,
    /// The chat example's pattern for warp: a task and an unbounded channel for each connection.
    Warp,
    /// Node with `ws`.
    Node,
    /// The tutorial's server: Flask with gevent-websocket.
    Flask,
}

impl System {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::DurableFloor => "floor with a disk",
            Self::BatchedFloor => "floor in batches",
            Self::Cheeper => "cheeper",
            Self::Encrypted => "cheeper, TLS",
            Self::Nginx => "nginx, TLS, in front",
            Self::Caddy => "Caddy, TLS, in front",
            Self::Earlier => "cheeper before",
            Self::Warp => "warp chat",
            Self::Node => "node ws",
            Self::Flask => "flask gevent",
        }
    }

    /// Whether it is this project's server.
    pub(crate) fn is_cheeper(self) -> bool {
        matches!(self, Self::Cheeper | Self::Encrypted | Self::Nginx | Self::Caddy | Self::Earlier)
    }

    /// A floor does not greet, has no acks, and sends nothing to who posts.
    pub(crate) fn is_floor(self) -> bool {
        matches!(self, Self::Floor | Self::DurableFloor | Self::BatchedFloor)
    }

    /// The peers' programs are where `peers/install` puts them.
    fn command(self) -> Command {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let installed = peersfolder();
        match self {
            Self::Floor | Self::DurableFloor | Self::BatchedFloor => {
                let mut command = Command::new(env::current_exe().expect("a running program has a path"));
                command.arg("--floor").args(self.to_possible_value().map(|system| system.get_name().to_owned()));
                command
            }
            Self::Cheeper | Self::Encrypted | Self::Nginx | Self::Caddy => {
                Command::new(env!("CARGO_BIN_EXE_cheeper-server"))
            }
            Self::Earlier => Command::new(env::var_os("CHEEPER_EARLIER").unwrap_or_default()),
            Self::Warp => Command::new(installed.join("warp-chat/release/warp-chat")),
            Self::Node => {
                let mut command = Command::new("node");
                command.arg(peers.join("node.js")).env("NODE_PATH", installed.join("node_modules"));
                command
            }
            Self::Flask => {
                let mut command = Command::new(installed.join("python/bin/python"));
                command.arg(peers.join("flask_gevent.py"));
                command
            }
        }
    }

    pub(crate) fn is_installed(self) -> bool {
        match self {
            Self::Floor | Self::DurableFloor | Self::BatchedFloor | Self::Cheeper | Self::Encrypted => true,
            Self::Nginx => is_on_path("nginx"),
            Self::Caddy => is_on_path("caddy"),
            Self::Earlier => env::var_os("CHEEPER_EARLIER").is_some(),
            Self::Warp => peersfolder().join("warp-chat/release/warp-chat").exists(),
            Self::Node => peersfolder().join("node_modules/ws").exists(),
            Self::Flask => peersfolder().join("python/bin/python").exists(),
        }
    }
}

fn is_on_path(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).exists())
}

/// Does something, and starts what it starts, on the server's core.
pub(crate) fn on_servers_core<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    pin(SERVER_CORE)?;
    let done = work();
    pin(LOAD_CORE)?;
    Ok(done)
}

/// A port of this machine that nobody listens on.
pub(crate) fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until somebody listens there.
pub(crate) fn wait_for(port: u16) -> Result<(), Failure> {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if began.elapsed() > Duration::from_secs(10) {
            return Err(Failure::new(format!("nobody listens on port {port}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn peersfolder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers")
}

/// Moves the calling thread, and what it starts from now on, to one core.
fn pin(core: usize) -> Result<(), Failure> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).map_err(|error| Failure::new(format!("core {core} cannot be had: {error}")))
}

/// Leaves the server's core alone.
pub(crate) fn pin_load() -> Result<(), Failure> {
    pin(LOAD_CORE)
}

/// Takes what the calling thread starts from now on to all cores.
pub(crate) fn unpin() -> Result<(), Failure> {
    let mut cores = CpuSet::new();
    cores.set(SERVER_CORE);
    cores.set(LOAD_CORE);
    sched_setaffinity(None, &cores).map_err(|error| Failure::new(format!("the cores cannot be had: {error}")))
}

/// A running server.
pub(crate) struct Server {
    process: Process,
    pub(crate) system: System,
    pub(crate) port: u16,
    pub(crate) started_in: Duration,
    dial: Dial,
    /// What encrypts before it.
    in_front: Option<Process>,
    data: PathBuf,
    flags: Vec<String>,
    /// The store's folder, if it goes with the server.
    folder: Option<TempDir>,
}

impl Server {
    pub(crate) fn start(system: System, flags: &[&str]) -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        let data = folder.path().join("cheeper.db");
        if !matches!(system, System::Encrypted | System::Nginx | System::Caddy) {
            return Ok(Self { folder: Some(folder), ..Self::start_on(system, &data, flags)? });
        }
        let identity = Identity::new(folder.path())?;
        let (certificate, key) = (identity.certificate.display().to_string(), identity.key.display().to_string());
        let mut server = if system == System::Encrypted {
            Self::start_on(system, &data, &[flags, &["--tls-cert", &certificate, "--tls-key", &key]].concat())?
        } else {
            let mut server = Self::start_on(system, &data, flags)?;
            let (process, port) = tls::in_front(system, &identity, folder.path(), server.port)?;
            (server.in_front, server.port) = (Some(process), port);
            server
        };
        (server.dial, server.folder) = (identity.dial, Some(folder));
        Ok(server)
    }

    /// One on a store that stays.
    pub(crate) fn start_on(system: System, data: &Path, flags: &[&str]) -> Result<Self, Failure> {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let (process, port, started_in) = launch(system, data, &flags)?;
        Ok(Self {
            process,
            system,
            port,
            started_in,
            dial: Dial::Plain,
            in_front: None,
            data: data.to_owned(),
            flags,
            folder: None,
        })
    }

    /// `kill -9`, and a new process on the same store.
    pub(crate) fn crash_and_restart(&mut self) -> Result<(), Failure> {
        self.process.kill();
        (self.process, self.port, self.started_in) = launch(self.system, &self.data, &self.flags)?;
        Ok(())
    }

    /// How clients connect to it.
    pub(crate) fn dial(&self) -> Dial {
        self.dial.clone()
    }

    /// CPU time so far, of all its threads, in the system and outside.
    pub(crate) fn cpu(&self) -> Duration {
        self.process.cpu() + self.in_front.as_ref().map(Process::cpu).unwrap_or_default()
    }

    /// For how long the server's core has had nothing to do so far. The kernel books some of a server's work on others, as
    /// on its own thread for packets, so what a core had no time for says more than what its server is said to have used.
    pub(crate) fn core_idle() -> Result<Duration, Failure> {
        let stat = fs::read_to_string("/proc/stat")?;
        let name = format!("cpu{SERVER_CORE} ");
        let line = stat.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_default();
        let fields: Vec<u64> = line.split(' ').filter_map(|field| field.parse().ok()).collect();
        // Idle, and idle while a disk is at work.
        let ticks: u64 = fields.iter().skip(3).take(2).sum();
        Ok(Duration::from_millis(ticks * 1000 / TICKS_A_SECOND))
    }

    /// Memory that is its own alone, in KiB.
    pub(crate) fn private_kib(&self) -> f64 {
        self.process.private_memory() as f64
    }

    /// Memory in use, in bytes.
    pub(crate) fn resident(&self) -> i64 {
        let in_front = self.in_front.as_ref().map(Process::memory).unwrap_or_default();
        i64::try_from((self.process.memory() + in_front) * 1024).expect("less than all there is")
    }
}

fn launch(system: System, data: &Path, flags: &[String]) -> Result<(Process, u16, Duration), Failure> {
    let mut command = system.command();
    if system.is_cheeper() {
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--post-rate",
            "0",
            "--page-rate",
            "0",
            "--frame-rate",
            "0",
            "--log",
            "warn",
        ]);
        command.arg("--data").arg(data).args(flags);
    }
    let began = Instant::now();
    let child = on_servers_core(|| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())?;
    // Who reads what it prints is not to run on its core.
    let process = child.map(Process::watch);
    let process = process.map_err(|error| Failure::new(format!("{} does not start: {error}", system.name())))?;
    let line = process.line().unwrap_or_default();
    let port = line.trim_end().trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
    let port = port.ok_or_else(|| Failure::new(format!("{} did not say where it listens", system.name())))?;
    Ok((process, port, began.elapsed()))
}
