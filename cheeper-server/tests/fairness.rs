//! Nobody can keep the server to themselves, and nobody's requests are lost for being many.

mod support;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::json;
use support::{Server, frame};
use tungstenite::Message;

/// A bare socket after its handshake.
fn upgraded(server: &Server) -> TcpStream {
    let mut stream = server.tcp();
    let request = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    stream
}

#[test]
fn a_client_that_never_stops_asking_does_not_hold_up_the_others() {
    let server = Server::start();
    let done = Arc::new(AtomicBool::new(false));
    let flood = frame(0x81, br#"{"type":"ping"}"#).repeat(4000);
    let mut flooder = upgraded(&server);
    let mut reading = flooder.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while reading.read(&mut buffer).is_ok_and(|length| length > 0) {}
    });
    let writer = thread::spawn({
        let done = done.clone();
        move || while !done.load(Ordering::Relaxed) && flooder.write_all(&flood).is_ok() {}
    });
    let mut bystander = server.client();
    for _ in 0..100 {
        assert_eq!(bystander.ask(json!({ "type": "ping" }))["type"], "pong");
    }
    done.store(true, Ordering::Relaxed);
    drop(server);
    writer.join().unwrap();
    reader.join().unwrap();
}

#[test]
fn many_requests_in_one_go_are_all_answered_and_a_post_behind_them_is_made() {
    let server = Server::with(&["--post-rate", "0", "--cheep-chars", "4000"]);
    let mut poster = server.client();
    for _ in 0..60 {
        poster.post("alice", &"x".repeat(4000));
    }
    // Each page is near the bytes that wait for one connection at most.
    let mut client = server.client();
    for nth in 0..60 {
        client.send(&json!({ "type": "history", "limit": 60, "id": format!("page {nth}") }));
    }
    client.send(&json!({ "name": "bob", "cheep": "behind them all", "id": "post" }));
    client.socket.close(None).unwrap();
    for nth in 0..60 {
        let page = client.next("page");
        assert_eq!(page["id"], format!("page {nth}"));
        assert_eq!(page["events"].as_array().unwrap().len(), 60);
    }
    assert_eq!(client.next("ack")["id"], "post");
    assert!(matches!(client.socket.read(), Ok(Message::Close(_))), "its close is answered");
}

#[test]
fn a_client_that_broke_the_protocol_cannot_stay_by_sending_on() {
    let server = Server::start();
    let mut broken = upgraded(&server);
    // Not masked.
    broken.write_all(&[0x81, 1, b'a']).unwrap();
    let mut sending = broken.try_clone().unwrap();
    let writer = thread::spawn(move || while sending.write_all(b"more of the same").is_ok() {});
    let mut buffer = [0; 1024];
    while broken.read(&mut buffer).is_ok_and(|length| length > 0) {}
    // The server's half is closed; the rest of the connection goes a moment later.
    writer.join().unwrap();
    assert_eq!(server.client().ask(json!({ "type": "ping" }))["type"], "pong");
}

#[test]
fn what_is_posted_in_a_storm_of_posts_reaches_a_watcher_without_a_pause() {
    let server = Server::start();
    let mut watcher = server.client();
    let mut poster = server.client();
    for nth in 0..2000 {
        poster.send(&json!({ "name": "alice", "cheep": format!("{nth}") }));
    }
    for seq in 1..=2000_u64 {
        assert_eq!(watcher.next("cheep")["seq"], seq);
    }
}

#[test]
fn everybody_who_comes_back_with_the_same_cursor_gets_the_same_pages() {
    let mut server = Server::start();
    let mut poster = server.client();
    for nth in 0..450 {
        poster.send(&json!({ "name": "alice", "cheep": format!("{nth}") }));
    }
    for _ in 0..450 {
        poster.next("ack");
    }
    server.kill();
    server.restart();
    let mut clients: Vec<_> = (0..50).map(|_| server.client_at("/ws?after=10")).collect();
    let mut poster = server.client();
    poster.post("bob", "while they catch up");
    for client in &mut clients {
        client.catch_up(10, 451);
    }
}
