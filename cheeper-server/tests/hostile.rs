//! Clients that are slow, broken or many cost the others nothing.

mod support;

use std::{
    io::{Read as _, Write as _},
    thread,
};

use serde_json::json;
use support::{Server, seqs};

/// More than the server keeps for slow readers and the kernel for one socket.
const FLOOD: usize = 4_000;
/// KiB that a server under attack may use in a debug build.
const MEMORY: u64 = 400 * 1024;

#[test]
fn a_slow_reader_is_told_that_it_lagged_and_fills_the_gap_while_others_are_not_held_up() {
    let server = Server::start();
    let (mut slow, mut keen, mut poster) = (server.client(), server.client(), server.client());
    let keen = thread::spawn(move || {
        for seq in 1..=FLOOD as u64 {
            assert_eq!(keen.next("cheep")["seq"], seq);
        }
    });
    // Wide characters: few clusters, many bytes.
    let words = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}".repeat(280);
    for _ in 0..FLOOD / 50 {
        for _ in 0..50 {
            poster.send(&json!({ "name": "alice", "cheep": words }));
        }
        for _ in 0..50 {
            poster.next("ack");
        }
    }
    keen.join().unwrap();

    let mut seen = 0;
    let mut lags = 0;
    while seen < FLOOD as u64 {
        let frame = slow.until(|frame| frame["type"] == "cheep" || frame["type"] == "lagged");
        if frame["type"] == "cheep" {
            assert_eq!(frame["seq"], seen + 1);
            seen += 1;
            continue;
        }
        lags += 1;
        let head = frame["head"].as_u64().unwrap();
        while seen < head {
            // What came live meanwhile is after `head` and does not come before the page asked for it is here.
            let page = slow.ask(json!({ "type": "history", "after": seen, "limit": 200 }));
            for seq in seqs(&page) {
                assert_eq!(seq, seen + 1);
                seen = seq;
            }
        }
    }
    assert!(lags > 0, "the flood was too small for this machine's sockets");
    assert_eq!(poster.post("alice", "and live goes on"), FLOOD as u64 + 1);
    assert_eq!(slow.next("cheep")["seq"], FLOOD as u64 + 1);
    assert!(server.memory() < MEMORY, "{} KiB", server.memory());
}

#[test]
fn three_hundred_connections_of_random_bytes_do_no_harm() {
    let mut server = Server::start();
    let mut alice = server.client();
    // A xorshift with a fixed seed: the same bytes in each run.
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    for nth in 0..300 {
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(64)
        .flatten()
        .collect();
        // Half of them break in right away, half after a proper handshake. The server may hang up at any moment.
        if nth % 2 == 0 {
            let mut stream = server.tcp();
            stream.write_all(&noise).ok();
        } else {
            let mut client = server.client();
            client.socket.get_mut().write_all(&noise).ok();
        }
        if nth % 50 == 0 {
            alice.post("alice", &format!("after {nth}"));
        }
    }
    assert_eq!(alice.post("alice", "still here"), 7);
    assert!(server.is_running());
    assert!(server.memory() < MEMORY, "{} KiB", server.memory());
}

#[test]
fn five_hundred_half_open_requests_do_not_keep_others_waiting() {
    let server = Server::start();
    let halves: Vec<_> = (0..500)
        .map(|_| {
            let mut stream = server.tcp();
            stream.write_all(b"GET /ws HTTP/1.1\r\nHost: ").unwrap();
            stream
        })
        .collect();
    let (mut alice, mut bob) = (server.client(), server.client());
    assert_eq!(alice.post("alice", "hello"), 1);
    assert_eq!(bob.next("cheep")["seq"], 1);
    // The server lets go of those that never finish.
    for mut half in halves {
        let mut rest = Vec::new();
        half.read_to_end(&mut rest).ok();
    }
    assert_eq!(alice.post("alice", "hello again"), 2);
    assert!(server.memory() < MEMORY, "{} KiB", server.memory());
}

#[test]
fn a_full_server_says_so_and_goes_on_serving_those_it_has() {
    let server = Server::with(&["--max-connections", "5", "--post-rate", "0"]);
    let mut members: Vec<_> = (0..5).map(|_| server.client()).collect();
    for _ in 0..3 {
        let answer = server.begin(&format!("GET /ws HTTP/1.1\r\nHost: {}\r\n\r\n", server.address));
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After"), "{answer}");
    }
    assert_eq!(members[0].post("alice", "we are five"), 1);
    for member in &mut members[1..] {
        assert_eq!(member.next("cheep")["seq"], 1);
    }
}
