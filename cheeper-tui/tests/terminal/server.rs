//! The real server, as a process.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start(store: &Path, port: u16) -> Self {
        let mut child = Command::new(binary())
            .args(["--post-rate", "0", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(store)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_end().trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        Self { child, port: port.unwrap_or_else(|| panic!("it should say where it listens: {line}")) }
    }
}

impl Drop for Server {
    /// SIGKILL: it has no time to say goodbye.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The server stands beside the client; it is built if only this package was.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let binary = beside("cheeper-server");
        if !binary.exists() {
            build(&["--package", "cheeper-server"]);
        }
        binary
    })
}

/// The example that panics, as its source is now.
pub(crate) fn panicking() -> PathBuf {
    build(&["--package", "cheeper-tui", "--example", "panic"]);
    beside("examples/panic")
}

fn build(what: &[&str]) {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let built =
        Command::new(env!("CARGO")).args(["build", "--quiet", "--profile", profile]).args(what).status().unwrap();
    assert!(built.success());
}

fn beside(path: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_cheeper-tui")).with_file_name(path)
}
