//! A client that hangs up right behind what it says, as pipes and scripts do.

mod support;

use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
};

use support::{Server, TEXT, frame};

/// The first byte of a ping, which is none of JSON's.
const PING: u8 = 0x89;

#[test]
fn who_hangs_up_while_the_server_is_busy_is_answered_and_let_go() {
    let server = Server::start();
    let mut stream = server.tcp();
    let request = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"}}") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    // The post and the end of it come while nobody looks, so that the system tells of both at once.
    server.signal("STOP");
    stream.write_all(&frame(TEXT, br#"{"name":"alice","cheep":"the last word"}"#)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    server.signal("CONT");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    // A server that has missed the end would ask whether the client is still there before it drops it.
    assert!(!rest.contains(&PING), "the connection is closed as soon as all is answered");
    let rest = String::from_utf8_lossy(&rest);
    let (event, ack) = (rest.find(r#""type":"cheep""#).unwrap(), rest.find(r#""type":"ack""#).unwrap());
    assert!(event < ack, "{rest}");
}
