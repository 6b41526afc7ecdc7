//! The real client in a real terminal, against the real server.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    num::NonZeroU16,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

const ROWS: NonZeroU16 = NonZeroU16::new(16).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).unwrap();
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(store: &Path, port: u16) -> Self {
        let mut child = Command::new(binary())
            .args(["--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(store)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_end().trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        Self { child, port: port.unwrap_or_else(|| panic!("it should say where it listens: {line}")) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The server stands beside the client; it is built if only this package was.
fn binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_cheeper-tui")).with_file_name("cheeper-server");
    if !binary.exists() {
        let built = Command::new(env!("CARGO")).args(["build", "--package", "cheeper-server"]).status().unwrap();
        assert!(built.success());
    }
    binary
}

struct Client {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    keyboard: Box<dyn std::io::Write + Send>,
    printed: mpsc::Receiver<Vec<u8>>,
    screen: vt100::Parser,
    raw: Vec<u8>,
}

impl Client {
    fn start(home: &Path, name: &str, port: u16) -> Self {
        let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cheeper-tui"));
        command.args(["--name", name, "--server", &format!("127.0.0.1:{port}")]);
        command.env("XDG_DATA_HOME", home);
        let child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let (tell, printed) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                if tell.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Self {
            master: pair.master,
            child,
            keyboard,
            printed,
            screen: vt100::Parser::new(ROWS, COLUMNS, 0),
            raw: Vec::new(),
        }
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until the screen is as it should be.
    fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while !is(&self.screen.screen().contents()) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let Ok(bytes) = self.printed.recv_timeout(left) else {
                panic!("waited in vain until {what}; the screen shows:\n{}", self.screen.screen().contents());
            };
            self.screen.process(&bytes);
            self.raw.extend_from_slice(&bytes);
        }
    }

    fn shows(&mut self, text: &str) {
        self.until(&format!("it shows {text}"), |screen| screen.contains(text));
    }

    /// Waits for the end and reads the last of what was printed.
    fn ends(mut self) -> (u32, String) {
        let status = self.child.wait().unwrap();
        drop(self.keyboard);
        drop(self.master);
        while let Ok(bytes) = self.printed.recv_timeout(PATIENCE) {
            self.raw.extend_from_slice(&bytes);
        }
        (status.exit_code(), String::from_utf8_lossy(&self.raw).into_owned())
    }
}

const LEAVES_ALTERNATE_SCREEN: &str = "\u{1b}[?1049l";

#[test]
fn two_people_talk_and_a_killed_server_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("cheeper.db");
    let server = Server::start(&store, 0);
    let port = server.port;
    let mut alice = Client::start(&folder.path().join("alice"), "alice", port);
    let mut bob = Client::start(&folder.path().join("bob"), "bob", port);
    alice.shows("● live");
    bob.shows("bob ✓ ›");
    alice.types("hello bob\r");
    bob.shows("hello bob");
    bob.types("hello alice\r");
    alice.shows("hello alice");

    drop(server);
    alice.shows("offline");
    alice.types("while it was gone\r");
    alice.shows("1 unsent");
    let _server = Server::start(&store, port);
    bob.shows("while it was gone");
    alice.until("it is sent", |screen| screen.contains("● live") && !screen.contains("unsent"));
    for client in [&mut alice, &mut bob] {
        let screen = client.screen.screen().contents();
        assert_eq!(screen.matches("while it was gone").count(), 1, "{screen}");
        let at = |text: &str| screen.find(text).unwrap();
        assert!(at("hello bob") < at("hello alice") && at("hello alice") < at("while it was gone"), "{screen}");
    }
}

#[test]
fn a_paste_does_not_send_and_what_is_unsent_survives_a_quit() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("cheeper.db");
    // A port that nobody listens on yet.
    let port = Server::start(&store, 0).port;
    let mut alice = Client::start(&folder.path().join("alice"), "alice", port);
    alice.shows("offline");
    alice.types("\u{1b}[200~two\rlines\u{1b}[201~");
    alice.until("both lines stand in the input", |screen| screen.contains("› two") && screen.contains("lines"));
    alice.until("nothing is on its way", |screen| !screen.contains("unsent"));
    alice.types("\r");
    alice.shows("1 unsent");
    alice.types("a draft");
    alice.shows("a draft");
    alice.types("\u{3}");
    assert_eq!(alice.ends().0, 0);

    let _server = Server::start(&store, port);
    let mut again = Client::start(&folder.path().join("alice"), "alice", port);
    again.shows("● live");
    again.until("it is sent", |screen| screen.contains("lines") && !screen.contains("not sent"));
    again.shows("› a draft");
}

#[test]
fn the_terminal_is_given_back_at_a_signal() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(&folder.path().join("cheeper.db"), 0);
    let mut alice = Client::start(&folder.path().join("alice"), "alice", server.port);
    alice.shows("● live");
    let process = alice.child.process_id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
    let (code, printed) = alice.ends();
    assert_eq!(code, 0);
    assert!(printed.contains(LEAVES_ALTERNATE_SCREEN));
}

#[test]
fn without_a_terminal_or_with_nonsense_it_says_so() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cheeper-tui")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&["--name", "alice"]);
    assert_eq!((code, said.lines().count()), (Some(1), 1), "{said}");
    for nonsense in [&["--name", ""][..], &["--name", "alice", "--server", "ftp://x"], &[]] {
        let (code, said) = run(nonsense);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.starts_with("error:") && !said.contains("panicked"), "{said}");
    }
}
