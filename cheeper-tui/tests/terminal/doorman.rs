//! A doorman before a real server that lets in everybody: he knows links and sessions, and hands on who has one.

use std::{
    collections::HashSet,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    thread,
};

pub(crate) const LINK: &str = "j_8cZ0u3m5Q1xkq2Yw7b9aTg";

pub(crate) struct Doorman {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Whether a link lets in.
    link_stands: bool,
    /// Whether who has nothing is let in.
    is_open: bool,
    sessions: HashSet<String>,
    /// Sessions that were ever opened.
    opened: usize,
    /// Who asked for a socket, by their `Authorization`, and whether they were let in.
    asked: Vec<(Option<String>, bool)>,
    lines: Vec<TcpStream>,
}

impl Doorman {
    /// Before this server. Everything lies below the folder `/team/`.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { link_stands: true, ..State::default() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                // Who hangs up in the middle is no failure of the test.
                thread::spawn(move || drop(serve(&stream, server, &state)));
            }
        });
        Self { port, state }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/team/", self.port)
    }

    pub(crate) fn link(&self) -> String {
        format!("{}#join={LINK}", self.address())
    }

    /// Sessions that were opened so far.
    pub(crate) fn opened(&self) -> usize {
        self.state().opened
    }

    /// Who asked for a socket since this was last asked: whether they had a session, and whether they were let in.
    pub(crate) fn asked(&self) -> Vec<(bool, bool)> {
        self.state().asked.drain(..).map(|(bearer, is_in)| (bearer.is_some(), is_in)).collect()
    }

    /// Ends all sessions, and the link if `with_the_link`; who is in is sent away with 1008.
    pub(crate) fn ends_sessions(&self, with_the_link: bool) {
        let mut state = self.state();
        state.sessions.clear();
        state.link_stands &= !with_the_link;
        for mut line in state.lines.drain(..) {
            // A Close frame with the code 1008, unmasked.
            let _ = line.write_all(&[0x88, 2, 0x03, 0xf0]);
            let _ = line.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn lets_in_everybody(&self) {
        self.state().is_open = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn serve(stream: &TcpStream, server: SocketAddr, state: &Mutex<State>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        head.push(line);
    }
    let field = |name: &str| {
        head.iter().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let request = head.first().cloned().unwrap_or_default();
    if request.starts_with("POST /team/api/session ") {
        let mut body = vec![0; field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
        reader.read_exact(&mut body)?;
        return open_session(stream, &String::from_utf8_lossy(&body), state);
    }
    if !request.starts_with("GET /team/ws ") {
        return answer(stream, "404 Not Found", "", "Nothing is there.\n");
    }
    let bearer = field("authorization");
    let mut held = state.lock().unwrap();
    let session = bearer.as_ref().and_then(|bearer| bearer.strip_prefix("Bearer "));
    let is_in = session.map_or(held.is_open, |session| held.sessions.contains(session));
    held.asked.push((bearer.clone(), is_in));
    if !is_in {
        drop(held);
        let says = "This timeline is only for those who have its link: ask its host for it.\n";
        return answer(stream, "401 Unauthorized", "WWW-Authenticate: Bearer\r\n", says);
    }
    held.lines.push(stream.try_clone()?);
    drop(held);
    let rest = head.iter().skip(1).filter(|line| !line.to_lowercase().starts_with("authorization:"));
    let head = format!("GET /ws HTTP/1.1\r\n{}\r\n", rest.cloned().collect::<String>());
    hand_on(stream, reader, TcpStream::connect(server)?, &head)
}

fn open_session(stream: &TcpStream, body: &str, state: &Mutex<State>) -> io::Result<()> {
    let mut state = state.lock().unwrap();
    if !state.link_stands || body != format!(r#"{{"token":"{LINK}"}}"#) {
        return answer(
            stream,
            "401 Unauthorized",
            "WWW-Authenticate: Bearer\r\n",
            "This is no link of this timeline.\n",
        );
    }
    state.opened += 1;
    let session = format!("s_session_number_{:06}", state.opened);
    state.sessions.insert(session.clone());
    answer(
        stream,
        "200 OK",
        "Content-Type: application/json\r\n",
        &format!(r#"{{"role":"member","session":"{session}"}}"#),
    )
}

fn answer(mut stream: &TcpStream, status: &str, fields: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    // In one piece, as servers do: what comes behind the head of a refused handshake is read only if it is there by then.
    let answer = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes())
}

/// Carries bytes both ways.
fn hand_on(stream: &TcpStream, mut up: BufReader<TcpStream>, mut server: TcpStream, head: &str) -> io::Result<()> {
    server.write_all(head.as_bytes())?;
    let (mut to_server, mut to_client) = (server.try_clone()?, stream.try_clone()?);
    thread::spawn(move || {
        drop(io::copy(&mut up, &mut to_server));
        to_server.shutdown(Shutdown::Both)
    });
    drop(io::copy(&mut server, &mut to_client));
    to_client.shutdown(Shutdown::Both)
}
