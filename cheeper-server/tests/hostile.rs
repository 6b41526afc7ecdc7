//! Clients that are slow, broken or many cost the others nothing.

mod support;

use std::{
    io::{Read as _, Write as _},
    thread,
};

use serde_json::json;
use support::{Client, Server, frame};

/// More than the server keeps for slow readers and the kernel for one socket.
const FLOOD: usize = 4_000;
/// Readers that take nothing of it. What they have coming is many times the memory that may be used.
const SLOW: usize = 10;
/// KiB that a server under attack may use beyond what it used before.
const MEMORY: u64 = 30 * 1024;

/// Clients that do no harm, enough for one on each of the server's threads.
fn bystanders(server: &Server) -> Vec<Client> {
    let cores = thread::available_parallelism().unwrap().get();
    (0..cores.max(2)).map(|_| server.client()).collect()
}

/// Each of them posts, and all see it.
fn are_served(bystanders: &mut [Client], words: &str) {
    for nth in 0..bystanders.len() {
        let cheep = format!("{words} {nth}");
        bystanders[nth].send(&json!({ "name": "bystander", "cheep": cheep }));
        for bystander in &mut *bystanders {
            bystander.until(|frame| frame["type"] == "cheep" && frame["cheep"] == cheep);
        }
    }
}

/// A xorshift with a fixed seed: the same noise in each run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes()).flatten().take(count).collect()
    }

    /// Something like a frame of the protocol, in pieces.
    fn json(&mut self) -> String {
        const PIECES: [&str; 24] = [
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\"type\"",
            "\"history\"",
            "\"hello\"",
            "\"id\"",
            "\"name\"",
            "\"cheep\"",
            "\"secret\"",
            "\"after\"",
            "\"limit\"",
            "null",
            "true",
            "-1",
            "1e999",
            "18446744073709551616",
            "\"\\ud83c\"",
            "\u{202e}",
            " ",
        ];
        let mut text = "{\"type\":".to_owned();
        for _ in 0..self.next() % 40 {
            text += PIECES[usize::try_from(self.next() % 24).unwrap()];
        }
        text
    }
}

/// Posts long cheeps, some under way at once: few characters as people count them, many bytes.
fn flood(poster: &mut Client, count: usize) {
    let words = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}".repeat(280);
    for _ in 0..count / 50 {
        for _ in 0..50 {
            poster.send(&json!({ "name": "alice", "cheep": words }));
        }
        for _ in 0..50 {
            poster.next("ack");
        }
    }
}

#[test]
fn a_slow_reader_is_told_that_it_lagged_and_fills_the_gap_while_others_are_not_held_up() {
    let server = Server::start();
    let mut poster = server.client();
    // What the server keeps in any case is full before anything is measured.
    flood(&mut poster, 1000);
    let mut keen = server.client();
    let (begin, end) = (keen.head(), keen.head() + FLOOD as u64);
    let mut slow: Vec<_> = (0..SLOW).map(|_| server.client()).collect();
    let baseline = server.memory();
    let keen = thread::spawn(move || {
        for seq in begin + 1..=end {
            assert_eq!(keen.next("cheep")["seq"], seq);
        }
    });
    flood(&mut poster, FLOOD);
    keen.join().unwrap();
    let used = server.memory().saturating_sub(baseline);
    assert!(used < MEMORY, "{used} KiB for {SLOW} slow readers");

    let slow = &mut slow[0];
    assert!(slow.catch_up(begin, end) > 0, "the flood was too small for this machine's sockets");
    assert_eq!(poster.post("alice", "and live goes on"), end + 1);
    assert_eq!(slow.next("cheep")["seq"], end + 1);
}

#[test]
fn three_hundred_connections_of_random_bytes_do_no_harm() {
    let mut server = Server::start();
    let mut bystanders = bystanders(&server);
    are_served(&mut bystanders, "before");
    let baseline = server.memory();
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for nth in 0..300 {
        // Some break in right away; some keep to the handshake, and some to frames as well. The server may hang up at any
        // moment.
        if nth % 3 == 0 {
            server.tcp().write_all(&noise.bytes(512)).ok();
            continue;
        }
        let mut client = server.client();
        let socket = client.socket.get_mut();
        if nth % 3 == 1 {
            socket.write_all(&noise.bytes(512)).ok();
        } else {
            for _ in 0..8 {
                let first_byte = noise.bytes(1)[0];
                let length = usize::try_from(noise.next() % 300).unwrap();
                socket.write_all(&frame(first_byte, &noise.bytes(length))).ok();
            }
        }
        if nth % 50 == 1 {
            are_served(&mut bystanders, &format!("after {nth}"));
        }
    }
    are_served(&mut bystanders, "still here");
    assert!(server.is_running());
    let used = server.memory().saturating_sub(baseline);
    assert!(used < MEMORY, "{used} KiB");
}

#[test]
fn each_frame_of_nonsense_gets_one_answer() {
    let server = Server::start();
    let mut bystanders = bystanders(&server);
    let mut noise = Noise(0x2545_F491_4F6C_DD1D);
    for round in 0..40 {
        let mut client = server.client();
        for _ in 0..50 {
            client.send_text(&noise.json());
        }
        client.send(&json!({ "type": "ping", "id": "the last" }));
        let answers: Vec<_> = std::iter::repeat_with(|| client.try_next().unwrap())
            .filter(|frame| frame["type"] != "online" && frame["type"] != "cheep")
            .take(51)
            .collect();
        assert!(answers.iter().any(|answer| answer["type"] == "pong" && answer["id"] == "the last"));
        // What comes now is the answer to this and to nothing before it.
        assert_eq!(client.ask(json!({ "type": "ping", "id": "now" }))["type"], "pong");
        if round % 10 == 0 {
            are_served(&mut bystanders, &format!("after {round}"));
        }
    }
}

#[test]
fn five_hundred_half_open_requests_do_not_keep_others_waiting() {
    let server = Server::start();
    let baseline = server.memory();
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
    let used = server.memory().saturating_sub(baseline);
    assert!(used < MEMORY, "{used} KiB");
    // The server lets go of those that never finish.
    for mut half in halves {
        let mut rest = Vec::new();
        half.read_to_end(&mut rest).ok();
    }
    assert_eq!(alice.post("alice", "hello again"), 2);
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
