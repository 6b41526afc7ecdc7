//! A server whose standard error and start are in the test's hands: what it logs is what is looked at.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread::{self, JoinHandle},
};

use tempfile::TempDir;

use crate::support::{Client, PATIENCE};

pub(crate) struct Observed {
    pub(crate) address: SocketAddr,
    child: Child,
    /// Disconnected when the process has let go of its standard output, which is its end.
    stdout: Receiver<String>,
    log: Option<JoinHandle<String>>,
    _folder: TempDir,
}

impl Observed {
    /// One whose log is read.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut server = Self::with_log(command, Stdio::piped());
        let log = server.child.stderr.take().unwrap();
        server.log = Some(thread::spawn(|| read_to_end(log)));
        server
    }

    /// One whose log has no reader any more.
    pub(crate) fn unread(command: &mut Command) -> Self {
        let mut server = Self::with_log(command, Stdio::piped());
        drop(server.child.stderr.take());
        server
    }

    /// One whose log goes there. The command is given an address and a store of its own.
    pub(crate) fn with_log(command: &mut Command, log: Stdio) -> Self {
        let folder = tempfile::tempdir().unwrap();
        command.args(["--listen", "127.0.0.1:0", "--post-rate", "0", "--data"]).arg(folder.path().join("cheeper.db"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, stdout) = mpsc::channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let greeting = stdout.recv_timeout(PATIENCE).expect("the server did not start");
        let url = greeting.rsplit(' ').next().unwrap_or_default();
        let address = url.trim_start_matches("http://").trim_end_matches('/').parse().expect(&greeting);
        Self { address, child, stdout, log: None, _folder: folder }
    }

    pub(crate) fn id(&self) -> String {
        self.child.id().to_string()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address, "/ws").unwrap()
    }

    /// Writes a line to its standard input.
    pub(crate) fn ask_for(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Sends these bytes and reads until the server closes.
    pub(crate) fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        // It may be a reset, which is an end as well.
        drop(stream.read_to_end(&mut answer));
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The answer to this, on a connection of its own.
    pub(crate) fn get(&self, path: &str) -> String {
        self.say(format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).as_bytes())
    }

    /// The end of the process, which something has brought about, and what was logged if it was read.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        while match self.stdout.recv_timeout(PATIENCE) {
            Ok(_) => true,
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("the server did not end"),
        } {}
        let status = self.child.wait().unwrap();
        (status, self.log.take().map(|log| log.join().unwrap()).unwrap_or_default())
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The server's command, with nothing typed yet.
pub(crate) fn server() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cheeper-server"))
}

/// The server with bugs, as its source is now.
pub(crate) fn broken_server() -> Command {
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let build = ["build", "--quiet", "--profile", profile, "--package", "cheeper-server", "--example", "broken"];
    assert!(Command::new(env!("CARGO")).args(build).status().unwrap().success());
    Command::new(Path::new(env!("CARGO_BIN_EXE_cheeper-server")).with_file_name("examples").join("broken"))
}

fn read_to_end(mut log: ChildStderr) -> String {
    let mut bytes = Vec::new();
    log.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).expect("the log is UTF-8")
}
