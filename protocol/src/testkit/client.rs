//! A client on a real socket that asks and gets answers.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpStream},
};

use serde_json::{Value, json};
use tungstenite::{
    Message, WebSocket,
    client::IntoClientRequest as _,
    handshake::client::{Request, Response},
};

use super::PATIENCE;

/// A bare connection on which nothing waits for ever.
pub fn tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A client that has been welcomed.
#[derive(Debug)]
pub struct Client {
    /// Its WebSocket.
    pub socket: WebSocket<TcpStream>,
    /// What it was welcomed with.
    pub welcome: Value,
    /// The answer to its handshake.
    pub response: Response,
    asked: u32,
}

impl Client {
    /// Connects to a path.
    pub fn connect(address: SocketAddr, path: &str) -> tungstenite::Result<Self> {
        Self::request(address, format!("ws://{address}{path}").into_client_request()?)
    }

    /// Connects to a path as somebody who shows a token.
    pub fn with_token(address: SocketAddr, path: &str, token: &str) -> tungstenite::Result<Self> {
        Self::with_header(address, path, ("Authorization", &format!("Bearer {token}")))
    }

    /// Connects to a path with one header more.
    pub fn with_header(address: SocketAddr, path: &str, header: (&'static str, &str)) -> tungstenite::Result<Self> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        request.headers_mut().insert(header.0, header.1.parse().expect("a header"));
        Self::request(address, request)
    }

    /// Connects with a handshake of one's own.
    pub fn request(address: SocketAddr, request: Request) -> tungstenite::Result<Self> {
        let (socket, response) = tungstenite::client(request, tcp(address)?).map_err(|error| match error {
            tungstenite::HandshakeError::Failure(error) => error,
            tungstenite::HandshakeError::Interrupted(_) => io::Error::from(ErrorKind::TimedOut).into(),
        })?;
        let mut client = Self { socket, welcome: Value::Null, response, asked: 0 };
        client.welcome = client.try_next()?;
        assert_eq!(client.welcome["type"], "welcome");
        Ok(client)
    }

    /// The newest seq when it came.
    pub fn head(&self) -> u64 {
        self.welcome["head"].as_u64().expect("a seq")
    }

    /// Sends a frame.
    pub fn send(&mut self, frame: &Value) {
        self.send_text(&frame.to_string());
    }

    /// Sends a frame, whatever it is.
    pub fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("the line holds");
    }

    /// The next frame as text.
    pub fn try_text(&mut self) -> tungstenite::Result<String> {
        loop {
            if let Message::Text(text) = self.socket.read()? {
                return Ok(text.as_str().to_owned());
            }
        }
    }

    /// The next frame, whatever it is.
    pub fn try_next(&mut self) -> tungstenite::Result<Value> {
        Ok(serde_json::from_str(&self.try_text()?).expect("a server says JSON"))
    }

    /// The next frame of this type; others are passed over.
    pub fn next(&mut self, kind: &str) -> Value {
        self.until(|frame| frame["type"] == kind)
    }

    /// The next frame that is wanted; others are passed over.
    pub fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.try_next().expect("the line holds");
            if wanted(&frame) {
                return frame;
            }
        }
    }

    /// Sends a request under an id of its own and returns its answer; everything before it is passed over.
    pub fn ask(&mut self, mut request: Value) -> Value {
        if request["id"].is_null() {
            self.asked += 1;
            let here = self.socket.get_ref().local_addr().expect("a socket has an address");
            request["id"] = json!(format!("ask {here} {}", self.asked));
        }
        self.send(&request);
        self.try_answer(request["id"].as_str().expect("an id")).expect("the line holds")
    }

    /// The answer to the request with this id, or why there is none.
    pub fn try_answer(&mut self, id: &str) -> tungstenite::Result<Value> {
        loop {
            let frame = self.try_next()?;
            // What came of a request has its id as well.
            if frame["id"] == id && !is_event(&frame) {
                return Ok(frame);
            }
        }
    }

    /// Posts and returns the seq it got.
    pub fn post(&mut self, name: &str, cheep: &str) -> u64 {
        let ack = self.ask(json!({ "name": name, "cheep": cheep }));
        assert_eq!(ack["type"], "ack", "{ack}");
        ack["seq"].as_u64().expect("a seq")
    }

    /// Posts `count` cheeps, all under way at once, and waits until each is acked.
    pub fn post_many(&mut self, name: &str, count: usize) {
        for nth in 1..=count {
            self.send(&json!({ "name": name, "cheep": format!("{name} {nth}") }));
        }
        for _ in 0..count {
            self.next("ack");
        }
    }

    /// Reads what a server sends of itself: pages to a client that came with a cursor, live events, and the pages that it asks
    /// for when it is told that it lagged. Each event up to `last` comes once and in order. Gives how often it lagged.
    pub fn catch_up(&mut self, after: u64, last: u64) -> usize {
        let (mut seen, mut missed, mut lags) = (after, after, 0);
        while seen < last {
            // What comes live after a lag does not come before the page that was asked for is here.
            let frame = if seen < missed {
                self.ask(json!({ "type": "history", "after": seen, "limit": 200 }))
            } else {
                self.until(|frame| is_event(frame) || frame["type"] == "page" || frame["type"] == "lagged")
            };
            let new = match frame["type"].as_str() {
                Some("page") => seqs(&frame),
                Some("lagged") => {
                    lags += 1;
                    missed = frame["head"].as_u64().unwrap_or_else(|| panic!("{frame}"));
                    continue;
                }
                _ => vec![frame["seq"].as_u64().expect("a seq")],
            };
            for seq in new {
                assert_eq!(seq, seen + 1, "{frame}");
                seen = seq;
            }
        }
        lags
    }

    /// The code that the server closed with.
    pub fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(close) = self.socket.read().expect("the line holds") {
                return close.expect("a close without a code").code.into();
            }
        }
    }
}

/// Whether a frame is an event of the log.
pub fn is_event(frame: &Value) -> bool {
    ["cheep", "edit", "delete", "reaction", "void"].iter().any(|kind| frame["type"] == *kind)
}

/// The events' seqs, in a page.
pub fn seqs(page: &Value) -> Vec<u64> {
    let events = page["events"].as_array().expect("a page");
    events.iter().map(|event| event["seq"].as_u64().expect("a seq")).collect()
}
