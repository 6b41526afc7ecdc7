//! What the end-to-end tests share: a real server process, a client on a real socket, raw frames.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{
    Message, WebSocket,
    client::IntoClientRequest as _,
    handshake::client::{Request, Response},
};

/// How long anything may take before a test fails instead of hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server process of our own; it does not outlive this.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) data: PathBuf,
    child: Child,
    stdout: Receiver<String>,
    flags: Vec<String>,
    folder: Option<TempDir>,
}

impl Server {
    /// One on a store of its own, without a limit of posts.
    pub(crate) fn start() -> Self {
        Self::with(&["--post-rate", "0"])
    }

    /// One on a store of its own, with these flags.
    pub(crate) fn with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::on(&folder.path().join("cheeper.db"), flags);
        server.folder = Some(folder);
        server
    }

    /// One on this store, with these flags.
    pub(crate) fn on(data: &Path, flags: &[&str]) -> Self {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let (child, stdout, address) = launch(command(data).args(&flags));
        Self { address, data: data.to_owned(), child, stdout, flags, folder: None }
    }

    /// One with nothing typed but what these variables say, the address and the store among them.
    pub(crate) fn in_environment(variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
        let (child, stdout, address) = launch(command.envs(variables.iter().copied()));
        Self { address, data: PathBuf::new(), child, stdout, flags: Vec::new(), folder: None }
    }

    /// A second life on the same store.
    pub(crate) fn restart(&mut self) {
        (self.child, self.stdout, self.address) = launch(command(&self.data).args(&self.flags));
    }

    /// A second life on this store and the same address, as clients know it.
    pub(crate) fn restart_in_place(&mut self, data: &Path) {
        data.clone_into(&mut self.data);
        (self.child, self.stdout, self.address) = launch(command_at(self.address, data).args(&self.flags));
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// The end of the process, which something has brought about.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        while match self.stdout.recv_timeout(PATIENCE) {
            Ok(_) => true,
            Err(mpsc::RecvTimeoutError::Disconnected) => false,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("the server did not end"),
        } {}
        self.child.wait().unwrap()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Memory in use, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn client(&self) -> Client {
        self.client_at("/ws")
    }

    pub(crate) fn client_at(&self, path: &str) -> Client {
        Client::connect(self.address, path).unwrap()
    }

    pub(crate) fn tcp(&self) -> TcpStream {
        tcp(self.address).unwrap()
    }

    /// Sends a request as it stands and reads the answer's head and what comes with it.
    pub(crate) fn begin(&self, request: &str) -> String {
        let mut stream = self.tcp();
        stream.write_all(request.as_bytes()).unwrap();
        let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut buffer).unwrap();
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

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The command, on a free port.
pub(crate) fn command(data: &Path) -> Command {
    command_at(FREE_PORT, data)
}

fn command_at(address: SocketAddr, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
    command.args(["--listen", &address.to_string(), "--log", "off", "--data"]).arg(data);
    command
}

fn launch(command: &mut Command) -> (Child, Receiver<String>, SocketAddr) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let greeting = told.recv_timeout(PATIENCE).expect("the server did not start");
    let url = greeting.rsplit(' ').next().unwrap();
    let address = url.trim_start_matches("http://").trim_end_matches('/').parse().expect(&greeting);
    (child, told, address)
}

fn tcp(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A client that has been welcomed.
pub(crate) struct Client {
    pub(crate) socket: WebSocket<TcpStream>,
    pub(crate) welcome: Value,
    pub(crate) response: Response,
    asked: u32,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, path: &str) -> tungstenite::Result<Self> {
        Self::request(address, format!("ws://{address}{path}").into_client_request()?)
    }

    pub(crate) fn request(address: SocketAddr, request: Request) -> tungstenite::Result<Self> {
        let (socket, response) = tungstenite::client(request, tcp(address)?).map_err(|error| match error {
            tungstenite::HandshakeError::Failure(error) => error,
            tungstenite::HandshakeError::Interrupted(_) => std::io::Error::from(ErrorKind::TimedOut).into(),
        })?;
        let mut client = Self { socket, welcome: Value::Null, response, asked: 0 };
        client.welcome = client.try_next()?;
        assert_eq!(client.welcome["type"], "welcome");
        Ok(client)
    }

    pub(crate) fn head(&self) -> u64 {
        self.welcome["head"].as_u64().unwrap()
    }

    pub(crate) fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string());
    }

    pub(crate) fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    /// The next JSON frame, whatever it is.
    pub(crate) fn try_next(&mut self) -> tungstenite::Result<Value> {
        loop {
            if let Message::Text(text) = self.socket.read()? {
                return Ok(serde_json::from_str(&text).unwrap());
            }
        }
    }

    /// The next frame of this type; others are passed over.
    pub(crate) fn next(&mut self, kind: &str) -> Value {
        self.until(|frame| frame["type"] == kind)
    }

    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.try_next().unwrap();
            if wanted(&frame) {
                return frame;
            }
        }
    }

    /// Sends a request under an id of its own and returns its answer; everything before it is passed over.
    pub(crate) fn ask(&mut self, mut request: Value) -> Value {
        if request["id"].is_null() {
            self.asked += 1;
            request["id"] = json!(format!("ask {} {}", self.socket.get_ref().local_addr().unwrap(), self.asked));
        }
        self.send(&request);
        self.try_answer(request["id"].as_str().unwrap()).unwrap()
    }

    /// The answer to the request with this id, or why there is none.
    pub(crate) fn try_answer(&mut self, id: &str) -> tungstenite::Result<Value> {
        loop {
            let frame = self.try_next()?;
            if frame["id"] == id && frame["type"] != "cheep" {
                return Ok(frame);
            }
        }
    }

    /// Posts and returns the seq it got.
    pub(crate) fn post(&mut self, name: &str, cheep: &str) -> u64 {
        let ack = self.ask(json!({ "name": name, "cheep": cheep }));
        assert_eq!(ack["type"], "ack", "{ack}");
        ack["seq"].as_u64().unwrap()
    }

    /// Posts `count` cheeps, all under way at once, and waits until each is acked.
    pub(crate) fn post_many(&mut self, name: &str, count: usize) {
        for nth in 1..=count {
            self.send(&json!({ "name": name, "cheep": format!("{name} {nth}") }));
        }
        for _ in 0..count {
            self.next("ack");
        }
    }

    /// The code that the server closed with.
    pub(crate) fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(close) = self.socket.read().unwrap() {
                return close.expect("a close without a code").code.into();
            }
        }
    }
}

/// A start that must fail: its exit code and its one sentence. One that does not fail is ended, and told by what it said.
pub(crate) fn refused(command: &mut Command) -> (Option<i32>, String) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let kill = format!("kill -KILL {}", child.id());
    let (tell, ended) = mpsc::channel::<()>();
    let guard = thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            Command::new("sh").args(["-c", &kill]).status().unwrap();
        }
    });
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    drop(tell);
    guard.join().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(stdout.is_empty() && !said.contains("panicked"), "{said}");
    (status.code(), said)
}

/// A start that must fail for a reason of the system's, in one sentence with these words.
pub(crate) fn refused_in_a_sentence(command: &mut Command, with: &str) {
    let (code, said) = refused(command);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.lines().count() == 1 && said.ends_with(".\n") && said.contains(with), "{said}");
}

/// The events' seqs, in a page.
pub(crate) fn seqs(page: &Value) -> Vec<u64> {
    page["cheeps"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

/// The first byte of a text message in one frame.
pub(crate) const TEXT: u8 = 0x81;

/// A masked frame, as a client sends it.
pub(crate) fn frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [7, 11, 13, 17];
    let mut frame = vec![first_byte];
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(0x80 | length),
        _ => {
            frame.push(0xFE);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ MASK[at % 4]));
    frame
}
