//! HTTPS of the server's own: every way in works as it does without, and a certificate is changed while it runs.

mod support;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use support::{
    PATIENCE, Server, command,
    curl::{Follower, curl, post},
    refused,
};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// A certificate that vouches for itself, in files.
struct Identity {
    folder: TempDir,
    der: CertificateDer<'static>,
}

impl Identity {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let der = issue(folder.path());
        Self { folder, der }
    }

    /// Another certificate takes the place of the one in the files.
    fn renew(&mut self) {
        self.der = issue(self.folder.path());
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn flags(&self) -> [String; 4] {
        let [certificate, key] = [self.certificate(), self.key()].map(|path| path.display().to_string());
        ["--tls-cert".to_owned(), certificate, "--tls-key".to_owned(), key]
    }

    fn server(&self, more: &[&str]) -> Server {
        let flags = self.flags();
        Server::with(&[&flags.each_ref().map(String::as_str)[..], &["--post-rate", "0"], more].concat())
    }

    /// A connection that trusts this certificate alone.
    fn connect(&self, server: &Server) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        self.shake_hands(server.tcp())
    }

    fn shake_hands(&self, stream: TcpStream) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = StreamOwned::new(ClientConnection::new(config, name).unwrap(), stream);
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(stream)
    }

    fn client(&self, server: &Server, path: &str) -> Client {
        Client::open(self.connect(server).unwrap(), path)
    }

    /// A client whose sockets hold little, on both sides.
    fn small_client(&self, server: &Server) -> Client {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        // The server's side holds a number of segments.
        socket.set_tcp_mss(1000).unwrap();
        socket.connect(&server.address.into()).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Client::open(self.shake_hands(socket.into()).unwrap(), "/ws")
    }
}

fn issue(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "a test");
    let certificate = params.self_signed(&key).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    certificate.der().clone()
}

struct Client(WebSocket<StreamOwned<ClientConnection, TcpStream>>);

impl Client {
    fn open(stream: StreamOwned<ClientConnection, TcpStream>, path: &str) -> Self {
        Self(tungstenite::client(format!("wss://localhost{path}"), stream).unwrap().0)
    }

    fn next(&mut self, kind: &str) -> Value {
        loop {
            if let Message::Text(text) = self.0.read().unwrap() {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == kind {
                    return frame;
                }
            }
        }
    }

    fn send(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).unwrap();
    }
}

#[test]
fn sockets_requests_and_followers_come_in_encrypted() {
    let identity = Identity::new();
    let server = identity.server(&[]);
    let certificate = identity.certificate();
    let trusting = ["--cacert", certificate.to_str().unwrap()];
    let mut client = identity.client(&server, "/ws");
    assert_eq!(client.next("welcome")["head"], 0);
    let mut follower = Follower::start(&server, "&after=0", &trusting);

    client.send(&json!({ "name": "alice", "cheep": "over TLS", "id": "1" }));
    assert_eq!(client.next("cheep")["cheep"], "over TLS");
    assert_eq!(client.next("ack")["seq"], 1);
    assert_eq!(post(&server, r#"{"name":"bob","cheep":"by curl"}"#, &trusting).0, 201);
    assert_eq!(client.next("cheep")["cheep"], "by curl");
    for seq in 1..=2 {
        let line: Value = serde_json::from_str(&follower.next(|line| !line.is_empty())).unwrap();
        assert_eq!(line["seq"], seq);
    }
    // Live by now, written past HTTP.
    for seq in 3..100 {
        client.send(&json!({ "name": "alice", "cheep": "x".repeat(250) }));
        let line: Value = serde_json::from_str(&follower.next(|line| !line.is_empty())).unwrap();
        assert_eq!(line["seq"], seq);
    }
    let (status, head, page) = curl(&server, "/", &trusting);
    assert!(status == 200 && page.contains("<title>"), "{head}");
}

#[test]
fn who_does_not_encrypt_is_led_to_where_that_is_done() {
    let identity = Identity::new();
    let server = identity.server(&[]);
    let answer = server.begin("GET /api/cheeps?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nlocation: https://localhost/api/cheeps?limit=1\r\n"), "{answer}");
    let handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert!(server.begin(handshake).starts_with("HTTP/1.1 308 "));
}

#[test]
fn what_waits_for_a_reader_that_takes_nothing_comes_whole_and_in_order() {
    let identity = Identity::new();
    let server = identity.server(&["--cheep-chars", "4000"]);
    let mut author = identity.client(&server, "/ws");
    author.next("welcome");
    // More than all buffers of the socket and of the session, and than the ring.
    let cheeps = 1500;
    for id in 1..=cheeps {
        author.send(&json!({ "name": "alice", "cheep": "x".repeat(4000), "id": id.to_string() }));
    }
    for _ in 1..=cheeps {
        author.next("ack");
    }
    let mut slow = identity.client(&server, "/ws?after=0");
    // It is served, and takes nothing while somebody else is.
    identity.client(&server, "/ws?last=200").next("page");
    let mut expected = 1;
    while expected <= cheeps {
        for cheep in slow.next("page")["events"].as_array().unwrap() {
            assert_eq!(cheep["seq"], expected);
            expected += 1;
        }
    }
    // What is asked in many frames at once comes in one piece, in order.
    for id in 0..500 {
        slow.0.write(Message::text(json!({ "type": "ping", "id": id.to_string() }).to_string())).unwrap();
    }
    slow.0.flush().unwrap();
    for id in 0..500 {
        assert_eq!(slow.next("pong")["id"], id.to_string());
    }
}

#[test]
fn an_answer_comes_whole_to_who_hangs_up_and_reads_it_late() {
    let identity = Identity::new();
    let server = identity.server(&["--cheep-chars", "4000"]);
    let mut author = identity.client(&server, "/ws");
    // Less for each than may wait in the session, so that in one of the answers the sockets are full within that.
    let cheeps = 40;
    for id in 1..=cheeps {
        author.send(&json!({ "name": "alice", "cheep": "x".repeat(4000), "id": id.to_string() }));
        author.next("ack");
    }
    for last in [false, true] {
        let late: Vec<_> = (1..=cheeps)
            .map(|limit| {
                let mut late = identity.small_client(&server);
                late.next("welcome");
                late.send(&json!({ "type": "history", "limit": limit }));
                if last {
                    late.0.close(None).unwrap();
                    late.0.flush().unwrap();
                } else {
                    late.0.get_ref().sock.shutdown(Shutdown::Write).unwrap();
                }
                late
            })
            .collect();
        // All of them were served by the time that somebody who comes after them is.
        for _ in 0..4 {
            identity.client(&server, "/ws?last=200").next("page");
        }
        for (mut late, limit) in late.into_iter().zip(1..) {
            let page = late.next("page");
            assert_eq!(page["events"].as_array().map(Vec::len), Some(limit));
            assert_eq!(page["events"][limit - 1]["seq"], cheeps);
            let mut rest = Vec::new();
            // Without a word that this is the end, it would be an error.
            late.0.get_mut().read_to_end(&mut rest).unwrap();
        }
    }
}

#[test]
fn a_new_certificate_is_shown_once_it_is_there() {
    let mut identity = Identity::new();
    let server = identity.server(&[]);
    let mut from_before = identity.client(&server, "/ws");
    from_before.next("welcome");

    identity.renew();
    server.signal("HUP");
    let began = Instant::now();
    let mut client = loop {
        match identity.connect(&server) {
            Ok(stream) => {
                break tungstenite::client("wss://localhost/ws", stream).map(|(socket, _)| Client(socket)).unwrap();
            }
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
        }
    };
    client.next("welcome");
    // Seen without a signal too, and what cannot be used takes the place of nothing.
    fs::write(identity.key(), "no key").unwrap();
    server.signal("HUP");
    identity.client(&server, "/ws").next("welcome");
    identity.renew();
    let began = Instant::now();
    while let Err(error) = identity.connect(&server) {
        assert!(began.elapsed() < PATIENCE, "{error}");
    }
    from_before.send(&json!({ "type": "ping", "id": "p" }));
    assert_eq!(from_before.next("pong")["id"], "p");
}

#[test]
fn files_that_make_no_certificate_are_refused_in_a_sentence() {
    let (identity, other) = (Identity::new(), Identity::new());
    let [certificate, key, others] = [identity.certificate(), identity.key(), other.key()];
    let missing = identity.folder.path().join("missing.pem");
    let say = |certificate: &Path, key: &Path| {
        let mut start = command(&identity.folder.path().join("cheeper.db"));
        let (code, said) = refused(start.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key));
        assert_eq!(code, Some(2), "{said}");
        said
    };
    assert!(say(&missing, &key).contains("missing.pem: No such file"));
    assert!(say(&key, &key).contains("key.pem holds no certificate in PEM form"));
    assert!(say(&certificate, &certificate).contains("certificate.pem holds no private key in PEM form"));
    assert!(say(&certificate, &others).contains("cannot be used together"));
}

#[test]
fn who_says_nonsense_or_nothing_in_its_handshake_hurts_nobody() {
    let identity = Identity::new();
    let server = identity.server(&[]);
    for nonsense in [&b"\x16\x03\x01\xff\xff nonsense"[..], b"\x16", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"] {
        let mut stream = server.tcp();
        stream.write_all(nonsense).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // An alert, or nothing; but it ends.
        drop(stream.read_to_end(&mut answer));
    }
    identity.client(&server, "/ws").next("welcome");
}
