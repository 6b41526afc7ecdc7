//! A client in a terminal of its own, with keys to press and a screen to look at.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

pub(crate) const ROWS: u16 = 16;
pub(crate) const COLUMNS: u16 = 80;
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    master: Box<dyn MasterPty + Send>,
    pub(crate) child: Box<dyn portable_pty::Child + Send + Sync>,
    keyboard: Box<dyn std::io::Write + Send>,
    printed: mpsc::Receiver<Vec<u8>>,
    pub(crate) screen: vt100::Parser,
    pub(crate) raw: Vec<u8>,
}

impl Client {
    pub(crate) fn start(home: &Path, name: &str, port: u16) -> Self {
        Self::start_with(home, name, port, &[], &[])
    }

    /// One of the server at this address, or that this link leads to.
    pub(crate) fn start_at(home: &Path, name: &str, server: &str) -> Self {
        Self::spawn(command_at(name, server), home)
    }

    /// One that no signal reaches when its terminal is closed.
    pub(crate) fn start_detached(home: &Path, name: &str, port: u16) -> Self {
        let mut command = command(name, port);
        command.set_controlling_tty(false);
        Self::spawn(command, home)
    }

    pub(crate) fn start_with(home: &Path, name: &str, port: u16, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = command(name, port);
        command.args(flags);
        for (variable, value) in variables {
            command.env(variable, value);
        }
        Self::spawn(command, home)
    }

    pub(crate) fn spawn(mut command: CommandBuilder, home: &Path) -> Self {
        let pair = native_pty_system().openpty(size(COLUMNS, ROWS)).unwrap();
        // It also starts there.
        fs::create_dir_all(home).unwrap();
        command.env("HOME", home);
        for (variable, folder) in
            [("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config")]
        {
            command.env(variable, home.join(folder));
        }
        command.env("TERM", "xterm-256color");
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
        let screen = parser(COLUMNS, ROWS);
        Self { master: pair.master, child, keyboard, printed, screen, raw: Vec::new() }
    }

    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Makes the terminal another size; what was on it before is gone.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.master.resize(size(columns, rows)).unwrap();
        self.screen = parser(columns, rows);
    }

    pub(crate) fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until the screen is as it should be.
    pub(crate) fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) {
        self.wait(what, |client| is(&client.contents()));
    }

    pub(crate) fn shows(&mut self, text: &str) {
        self.until(&format!("it shows {text}"), |screen| screen.contains(text));
    }

    /// Waits until it shows a sentence, however that is broken into lines.
    pub(crate) fn says(&mut self, sentence: &str) {
        self.until(&format!("it says {sentence}"), |screen| {
            screen.split_whitespace().collect::<Vec<_>>().join(" ").contains(sentence)
        });
    }

    /// Waits until this was printed, shown or not.
    pub(crate) fn prints(&mut self, text: &str) {
        self.wait(&format!("it prints {text:?}"), |client| String::from_utf8_lossy(&client.raw).contains(text));
    }

    fn wait(&mut self, what: &str, is: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is(self) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let Ok(bytes) = self.printed.recv_timeout(left) else {
                panic!("waited in vain until {what}; the screen shows:\n{}", self.contents());
            };
            self.screen.process(&bytes);
            self.raw.extend_from_slice(&bytes);
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let process = self.child.process_id().unwrap().to_string();
        let sent = std::process::Command::new("kill").args([signal, &process]).status().unwrap();
        assert!(sent.success());
    }

    /// Closes the terminal under it and waits for its end.
    pub(crate) fn loses_its_terminal(self) {
        let Self { master, mut child, keyboard, printed, .. } = self;
        drop((master, keyboard, printed));
        let (tell, ended) = mpsc::channel();
        thread::spawn(move || tell.send(child.wait()));
        assert!(ended.recv_timeout(PATIENCE).is_ok(), "it runs on without a terminal");
    }

    /// Waits for the end and reads the last of what was printed.
    pub(crate) fn ends(mut self) -> (u32, String) {
        let status = self.child.wait().unwrap();
        drop(self.keyboard);
        drop(self.master);
        while let Ok(bytes) = self.printed.recv_timeout(PATIENCE) {
            self.raw.extend_from_slice(&bytes);
        }
        (status.exit_code(), String::from_utf8_lossy(&self.raw).into_owned())
    }
}

fn command(name: &str, port: u16) -> CommandBuilder {
    command_at(name, &format!("127.0.0.1:{port}"))
}

fn command_at(name: &str, server: &str) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cheeper-tui"));
    command.args(["--name", name, "--server", server]);
    command
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn parser(columns: u16, rows: u16) -> vt100::Parser {
    vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0)
}
