//! A real server as a process of its own, found beside the test that starts it.

use std::{
    env,
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::OnceLock,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Client, Process, tcp};

const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A server process of our own; it does not outlive this, and a test in which it panicked fails.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its store.
    pub data: PathBuf,
    process: Process,
    flags: Vec<String>,
    /// The store's folder; it goes after the process.
    folder: Option<TempDir>,
}

impl Server {
    /// One on a store of its own, without limits of how often something may be done.
    pub fn start() -> Self {
        Self::with(&["--post-rate", "0", "--page-rate", "0", "--frame-rate", "0"])
    }

    /// One on a store of its own, with these flags.
    pub fn with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Self::on(&folder.path().join("cheeper.db"), flags);
        server.folder = Some(folder);
        server
    }

    /// One on this store, with these flags.
    pub fn on(data: &Path, flags: &[&str]) -> Self {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let (process, address) = launch(command(data).args(&flags));
        Self { address, data: data.to_owned(), process, flags, folder: None }
    }

    /// One with nothing typed but what these variables say, the address and the store among them.
    pub fn in_environment(variables: &[(&str, &str)]) -> Self {
        let (process, address) = launch(Command::new(binary()).envs(variables.iter().copied()));
        Self { address, data: PathBuf::new(), process, flags: Vec::new(), folder: None }
    }

    /// A second life on the same store.
    pub fn restart(&mut self) {
        self.relaunch(FREE_PORT);
    }

    /// A second life on this store and the same address, as clients know it.
    pub fn restart_in_place(&mut self, data: &Path) {
        data.clone_into(&mut self.data);
        self.relaunch(self.address);
    }

    fn relaunch(&mut self, address: SocketAddr) {
        // The first life holds the store, and its faults count as well.
        self.process.kill();
        (self.process, self.address) = launch(command_at(address, &self.data).args(&self.flags));
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// The end of the process, which something has brought about.
    pub fn ended(&mut self) -> ExitStatus {
        self.process.ended()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Memory in use, in KiB.
    pub fn memory(&self) -> u64 {
        self.process.memory()
    }

    /// Memory that is its own alone, in KiB.
    pub fn private_memory(&self) -> u64 {
        self.process.private_memory()
    }

    /// What it has logged so far in this life.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// A command for its store, such as `join-link`, whether it runs or not.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.env("CHEEPER_LOG", "error").arg("--data").arg(&self.data).args(arguments);
        command
    }

    /// What comes of such a command that must come to something, as it is said to programs.
    pub fn commanded(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).arg("--json").output().expect("a command");
        let (said, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {log}");
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said}"))
    }

    /// The token of a new link, made by the command `join-link` or `host-link`.
    pub fn link(&self, arguments: &[&str]) -> String {
        self.commanded(arguments)["token"].as_str().expect("a token").to_owned()
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.flags.iter().any(|flag| flag == "--tls-cert") { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// A client that was welcomed.
    pub fn client(&self) -> Client {
        self.client_at("/ws")
    }

    /// The same, at a path with a query.
    pub fn client_at(&self, path: &str) -> Client {
        Client::connect(self.address, path).expect("it lets clients in")
    }

    /// A bare connection.
    pub fn tcp(&self) -> TcpStream {
        tcp(self.address).expect("it listens")
    }

    /// Sends a request as it stands and reads the answer's head and what comes with it.
    pub fn begin(&self, request: &str) -> String {
        let mut stream = self.tcp();
        stream.write_all(request.as_bytes()).expect("it takes requests");
        let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut buffer).expect("it answers");
            answer.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&answer);
            let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                let length =
                    head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                body.len() >= length.unwrap_or(0)
            });
            if read == 0 || whole {
                return text.into_owned();
            }
        }
    }
}

/// The command, on a free port.
pub fn command(data: &Path) -> Command {
    command_at(FREE_PORT, data)
}

fn command_at(address: SocketAddr, data: &Path) -> Command {
    let mut command = Command::new(binary());
    // A panic is logged as an error, so errors must be. As a variable it leaves the flag to the test.
    command.env("CHEEPER_LOG", "error").args(["--listen", &address.to_string(), "--data"]).arg(data);
    command
}

fn launch(command: &mut Command) -> (Process, SocketAddr) {
    let process = Process::spawn(command).expect("a server");
    let greeting = process.line().expect("the server did not start");
    let url = greeting.rsplit(' ').next().unwrap_or_default();
    let address = url
        .trim_start_matches("http://")
        .trim_start_matches("https://")
        .split('/')
        .next()
        .unwrap_or_default()
        .parse()
        .expect(&greeting);
    (process, address)
}

/// The server stands beside the folder of the tests; it is built if only another package was.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = env::current_exe().expect("a running program has a path");
        let folder = test.parent().and_then(Path::parent).expect("target/…/deps");
        let binary = folder.join("cheeper-server");
        if !binary.exists() {
            build(&["--package", "cheeper-server"]);
        }
        binary
    })
}

/// Builds something else of the workspace, as the test that asks for it was built.
pub fn build(what: &[&str]) {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--profile", profile]).args(what).status();
    assert!(built.expect("cargo").success());
}
