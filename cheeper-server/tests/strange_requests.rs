//! Requests that no browser sends: each is answered or cut off, none ends in a panic.

mod support;

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    process::{Child, Stdio},
};

use support::{PATIENCE, command};
use tempfile::TempDir;

/// A server whose standard error is kept.
struct Server {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stderr = File::create(folder.path().join("stderr")).unwrap();
        let mut command = command(&folder.path().join("cheeper.db"));
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut greeting = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        let address = greeting.trim_end().trim_end_matches('/').rsplit('/').next().unwrap().parse().expect(&greeting);
        Self { child, address, folder }
    }

    /// What it answers to these bytes until it has no more to say: the status, and everything.
    fn ask(&self, request: &[u8]) -> (Option<u16>, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may have hung up before it has read all.
        drop(stream.write_all(request));
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{}", request.escape_ascii()),
        }
        drop(stream.shutdown(Shutdown::Both));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
        (status, answer)
    }

    fn assert_no_panic(&self, after: &[u8]) {
        let said = fs::read_to_string(self.folder.path().join("stderr")).unwrap();
        assert!(!said.contains("panicked"), "{}\n{said}", after.escape_ascii());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const END: &str = "Host: localhost\r\nConnection: close\r\n\r\n";

#[test]
fn a_request_for_another_server_is_refused_with_a_sentence() {
    let server = Server::start();
    for line in [
        "CONNECT a:1",
        "CONNECT localhost:443",
        "GET a:80",
        "HEAD a:80",
        "POST a:80",
        "OPTIONS a:80",
        "GET localhost",
        "GET mailto:a@b",
    ] {
        let request = format!("{line} HTTP/1.1\r\n{END}");
        let (status, answer) = server.ask(request.as_bytes());
        assert_eq!(status, Some(400), "{line}: {answer}");
        assert!(line.starts_with("HEAD") || answer.contains("no proxy"), "{line}: {answer}");
        server.assert_no_panic(request.as_bytes());
    }
}

#[test]
fn an_address_may_be_written_in_full() {
    let server = Server::start();
    for (line, expected) in [
        ("GET http://localhost/healthz", 200),
        ("GET http://localhost", 200),
        ("GET http://localhost?theme=dark", 200),
        ("GET http://localhost/nowhere", 404),
        ("GET ws://localhost/ws", 426),
        ("DELETE http://localhost/healthz", 405),
    ] {
        let (status, answer) = server.ask(format!("{line} HTTP/1.1\r\n{END}").as_bytes());
        assert_eq!(status, Some(expected), "{line}: {answer}");
    }
}

#[test]
fn whatever_comes_is_answered_or_cut_off_and_nothing_breaks() {
    let server = Server::start();
    let many = |count: usize| "x: a\r\n".repeat(count);
    let long = "a".repeat(20_000);
    let post = "POST /api/cheep HTTP/1.1\r\n";
    let texts = [
        // Targets.
        (404, format!("OPTIONS * HTTP/1.1\r\n{END}")),
        (404, format!("GET * HTTP/1.1\r\n{END}")),
        (400, format!("GET  HTTP/1.1\r\n{END}")),
        (400, format!("GET ?after=1 HTTP/1.1\r\n{END}")),
        (400, format!("GET api/cheeps HTTP/1.1\r\n{END}")),
        (404, format!("GET //evil/%00%ff/../.. HTTP/1.1\r\n{END}")),
        (404, format!("GET /%zz?%zz=%ff HTTP/1.1\r\n{END}")),
        (400, format!("GET http://[::1/ HTTP/1.1\r\n{END}")),
        (400, format!("GET http:///x HTTP/1.1\r\n{END}")),
        (405, format!("CONNECT /ws HTTP/1.1\r\n{END}")),
        (405, format!("BREW /api/cheep HTTP/1.1\r\n{END}")),
        // Lengths.
        (400, format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n{END}12")),
        (400, format!("{post}Content-Length: -1\r\n{END}")),
        (400, format!("{post}Content-Length: 99999999999999999999999\r\n{END}")),
        (400, format!("{post}Transfer-Encoding: gzip\r\n{END}")),
        (411, format!("{post}Transfer-Encoding: chunked\r\n{END}2\r\n{{}}\r\n0\r\n\r\n")),
        (411, format!("{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n{END}0\r\n\r\n")),
        (431, format!("GET /{long} HTTP/1.1\r\n{END}")),
        (431, format!("GET / HTTP/1.1\r\nx: {long}\r\n{END}")),
        (431, format!("GET / HTTP/1.1\r\n{}{END}", many(150))),
        (431, format!("GET /ws HTTP/1.1\r\n{}{END}", many(2000))),
        // Addresses that change something.
        (411, format!("DELETE /api/cheep/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{END}0\r\n\r\n")),
        (413, format!("PATCH /api/cheep/1 HTTP/1.1\r\nContent-Length: 99999\r\n{END}")),
        (400, format!("POST /api/cheep HTTP/1.1\r\n{END}")),
        (400, format!("PATCH /api/cheep/1 HTTP/1.1\r\n{END}")),
        (400, format!("DELETE /api/cheep/99999999999999999999?name=a HTTP/1.1\r\n{END}")),
        (400, format!("DELETE /api/cheep/%31?name=a HTTP/1.1\r\n{END}")),
        (404, format!("DELETE /api/cheep/1?name=a HTTP/1.1\r\n{END}")),
        (400, format!("PUT /api/cheep/1/reactions/%zz?name=a HTTP/1.1\r\n{END}")),
        (400, format!("PUT /api/cheep/1/reactions/%00?name=a HTTP/1.1\r\n{END}")),
        (404, format!("PUT /api/cheep/1/reactions/../reactions/x?name=a HTTP/1.1\r\n{END}")),
        (404, format!("PUT /api/cheep/1/reactions/\u{2665}?name=a HTTP/1.1\r\n{END}")),
        (400, format!("PUT /api/cheep/1/reactions/\u{2665}?name=%ff HTTP/1.1\r\n{END}")),
        (405, format!("PATCH /api/cheep/1/reactions/x HTTP/1.1\r\n{END}")),
        (405, format!("GET /api/cheep/1 HTTP/1.1\r\n{END}")),
        (400, format!("GET /api/thread?seq=1&seq=x HTTP/1.1\r\n{END}")),
        (400, format!("GET /api/search?q=%c3 HTTP/1.1\r\n{END}")),
        // Versions.
        (421, "GET / HTTP/1.0\r\n\r\n".to_owned()),
        (200, "GET /healthz HTTP/1.0\r\n\r\n".to_owned()),
        (400, "GET / HTTP/0.9\r\n\r\n".to_owned()),
        (400, "GET / HTTP/9.9\r\n\r\n".to_owned()),
        (400, "GET /\r\n\r\n".to_owned()),
        // Headers.
        (421, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned()),
        (421, format!("GET / HTTP/1.1\r\nHost: localhost\r\n{END}")),
        (421, format!("GET / HTTP/1.1\r\nHost: another\r\n{END}")),
        (200, format!("\r\n\r\nGET / HTTP/1.1\r\n{END}")),
        (400, format!("GET / HTTP/1.1\r\n: no name\r\n{END}")),
        (400, format!("GET / HTTP/1.1\r\nno colon\r\n{END}")),
        (400, format!("GET / HTTP/1.1\r\nx: a\0b\r\n{END}")),
        (400, format!("GET / HTTP/1.1\r\nx: a\r\n folded\r\n{END}")),
        (400, format!("G\0T / HTTP/1.1\r\n{END}")),
        (200, format!("GET / HTTP/1.1\r\nExpect: 100-continue\r\n{END}")),
        (426, format!("GET /ws HTTP/1.1\r\nUpgrade: h2c\r\n{END}")),
    ];
    let bytes = [
        (400, b"GET /\xff HTTP/1.1\r\n\r\n".to_vec()),
        (400, b"GET /api/cheeps?after=\xff HTTP/1.1\r\n\r\n".to_vec()),
        (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello, about".to_vec()),
        (
            200,
            [b"GET / HTTP/1.1\r\nOrigin: \xff\r\nAccept-Encoding: \xff\r\nIf-None-Match: \xff\r\n", END.as_bytes()]
                .concat(),
        ),
        (
            405,
            [b"OPTIONS /api/cheep HTTP/1.1\r\nOrigin: \xff\r\nAccess-Control-Request-Method: POST\r\n", END.as_bytes()]
                .concat(),
        ),
        (400, [b"DELETE /api/cheep/1?name=a HTTP/1.1\r\nCheeper-Secret: \xff\r\n", END.as_bytes()].concat()),
        (426, [b"GET /ws HTTP/1.1\r\nUpgrade: \xff\r\n", END.as_bytes()].concat()),
    ];
    let texts = texts.into_iter().map(|(status, text)| (status, text.into_bytes()));
    for (expected, request) in texts.chain(bytes) {
        let (status, answer) = server.ask(&request);
        assert_eq!(status, Some(expected), "{}: {answer}", request[..request.len().min(200)].escape_ascii());
        server.assert_no_panic(&request);
    }
    // Who speaks HTTP/2 from the start reads no answer in HTTP/1, and is cut off.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    assert_eq!(server.ask(preface), (None, String::new()));
    server.assert_no_panic(preface);
}
