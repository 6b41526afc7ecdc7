//! Readers over HTTP that follow: what keeps the line up, and who is let go.

mod support;

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use serde_json::{Value, json};
use support::Server;

/// A raw request, and its answer line by line: those of the head, of chunks, of events.
fn follow(server: &Server, query: &str, header: &str) -> BufReader<TcpStream> {
    let mut stream = server.tcp();
    let request = format!("GET /api/cheeps?follow=1{query} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the head is whole");
    }
    reader
}

/// The next chunk.
fn chunk(reader: &mut BufReader<TcpStream>) -> String {
    let mut size = String::new();
    reader.read_line(&mut size).unwrap();
    let mut chunk = vec![0; usize::from_str_radix(size.trim_end(), 16).unwrap() + 2];
    reader.read_exact(&mut chunk).unwrap();
    String::from_utf8(chunk).unwrap().trim_end_matches("\r\n").to_owned()
}

fn seqs(text: &str) -> Vec<u64> {
    text.split(r#""seq":"#).skip(1).map(|rest| rest.split(',').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_quiet_line_shows_now_and_then_that_it_is_up() {
    let server = Server::start();
    let mut lines = follow(&server, "", "");
    let mut events = follow(&server, "", "Accept: text/event-stream\r\n");
    assert_eq!(chunk(&mut lines), "\n");
    assert_eq!(chunk(&mut events), ":\n\n");
    server.client().post("alice", "not quiet any more");
    assert!(chunk(&mut lines).starts_with(r#"{"type":"cheep","seq":1,"#));
    assert!(chunk(&mut events).starts_with(r#"data:{"type":"cheep","seq":1,"#));
}

#[test]
fn events_that_come_together_come_in_few_chunks() {
    let server = Server::start();
    server.client().post_many("alice", 400);
    let mut lines = follow(&server, "&after=0", "");
    let (mut chunks, mut text) = (0, String::new());
    while !text.contains(r#""seq":400,"#) {
        text += &chunk(&mut lines);
        chunks += 1;
    }
    assert_eq!(text.lines().count(), 400);
    assert!(chunks < 10, "{chunks}");
}

#[test]
fn followers_miss_nothing_while_others_post() {
    let server = Server::start();
    let posting: Vec<_> = (0..4).map(|_| server.client()).collect();
    let mut followers = [follow(&server, "&after=0", ""), follow(&server, "&after=0", "Accept: text/event-stream\r\n")];
    std::thread::scope(|scope| {
        for (nth, mut client) in posting.into_iter().enumerate() {
            scope.spawn(move || client.post_many(&format!("author{nth}"), 500));
        }
        for follower in &mut followers {
            let mut text = String::new();
            while !text.contains(r#""seq":2000,"#) {
                text += &chunk(follower);
            }
            let seqs: Vec<u64> =
                text.split(r#""seq":"#).skip(1).map(|rest| rest.split(',').next().unwrap().parse().unwrap()).collect();
            assert_eq!(seqs, (1..=2000).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_follower_that_hangs_up_gives_its_permit_back() {
    let server = Server::with(&["--max-connections", "2"]);
    let full = |server: &Server| server.begin("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").contains(" 503 ");
    let followers = [follow(&server, "", ""), follow(&server, "", "")];
    assert!(full(&server));
    drop(followers);
    while full(&server) {}
}

/// Bytes that the system holds for this address because their reader has not taken them.
fn unread_bytes(near: SocketAddr) -> BTreeSet<u64> {
    let port = format!(":{:04X}", near.port());
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
    let fields = sockets.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ours = fields.filter(|fields| fields[1].ends_with(&port) && fields[3] == "01");
    ours.map(|fields| u64::from_str_radix(fields[4].split(':').next().unwrap(), 16).unwrap()).collect()
}

#[test]
fn the_system_keeps_little_for_who_reads_nothing_and_they_miss_nothing() {
    const POSTS: usize = 5000;
    let server = Server::start();
    let mut chunked = follow(&server, "", "");
    let mut plain = server.tcp();
    plain.write_all(b"GET /api/cheeps?follow=1 HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut socket = server.client();
    let mut alice = server.client();
    // More than both the memory of the newest events and their own halves of the lines hold.
    let text = "x".repeat(250);
    for _ in 0..POSTS / 500 {
        (0..500).for_each(|_| alice.send(&json!({ "name": "alice", "cheep": text })));
        (0..500).for_each(|_| drop(alice.next("ack")));
    }
    let most = unread_bytes(server.address).last().copied().unwrap_or(0);
    assert!(most > 0, "nobody was kept waiting");
    assert!(most <= 128 * 1024, "{most} bytes wait for one reader");

    let expected: Vec<u64> = (1..=POSTS as u64).collect();
    let last = format!("\"seq\":{POSTS},");
    let mut lines = String::new();
    loop {
        let chunk = chunk(&mut chunked);
        lines += &chunk;
        if chunk.contains(&last) {
            break;
        }
    }
    assert_eq!(seqs(&lines), expected);
    let plain = BufReader::new(plain).lines().map(Result::unwrap).skip_while(|line| !line.is_empty()).skip(1);
    let events = plain.map(|line| serde_json::from_str::<Value>(&line).unwrap()["seq"].as_u64().unwrap());
    assert_eq!(events.take(POSTS).collect::<Vec<_>>(), expected);
    assert_eq!(socket.ask(json!({ "type": "ping" }))["head"], POSTS);
}
