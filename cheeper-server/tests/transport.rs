//! Handshakes, frames and closes, down to the bytes.

mod support;

use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
};

use serde_json::json;
use support::{Client, Server, TEXT, frame};
use tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue};

#[test]
fn what_breaks_the_protocol_is_closed_with_its_code() {
    let server = Server::start();
    let reserved_bit = frame(0xC1, b"{}");
    let fragmented_ping = frame(0x09, b"?");
    let unfinished = [frame(0x01, b"{"), frame(TEXT, b"}")].concat();
    let cases: [(&[u8], u16); 7] = [
        (b"\x81\x02{}", 1002),
        (&reserved_bit, 1002),
        (&frame(0x83, b"{}"), 1002),
        (&fragmented_ping, 1002),
        (&unfinished, 1002),
        (&frame(TEXT, b"{\"name\":\"\xff\"}"), 1007),
        (&frame(TEXT, &vec![b' '; 16 * 1024 + 1]), 1009),
    ];
    for (bytes, code) in cases {
        let mut client = server.client();
        client.socket.get_mut().write_all(bytes).unwrap();
        assert_eq!(client.close_code(), code, "{:?}", &bytes[..3]);
    }
    assert_eq!(server.client().post("alice", "still here"), 1);
}

#[test]
fn the_largest_message_is_read() {
    let server = Server::start();
    let mut client = server.client();
    client.send_text(&format!("{:16384}", r#"{"name":"alice","cheep":"hello"}"#));
    assert_eq!(client.next("ack")["seq"], 1);
}

#[test]
fn messages_over_the_limit_in_many_fragments_are_no_way_round_it() {
    let server = Server::start();
    let mut client = server.client();
    let mut bytes = frame(0x01, &[b' '; 6000]);
    for _ in 0..3 {
        bytes.extend(frame(0x00, &[b' '; 6000]));
    }
    client.socket.get_mut().write_all(&bytes).unwrap();
    assert_eq!(client.close_code(), 1009);
}

#[test]
fn a_message_may_come_in_fragments_with_a_ping_between() {
    let server = Server::start();
    let mut client = server.client();
    client.socket.get_mut().write_all(&frame(0x01, br#"{"name":"alice","#)).unwrap();
    client.socket.get_mut().write_all(&frame(0x89, b"are you there")).unwrap();
    let pong = loop {
        if let Message::Pong(payload) = client.socket.read().unwrap() {
            break payload;
        }
    };
    assert_eq!(&pong[..], b"are you there");
    client.socket.get_mut().write_all(&frame(0x80, br#""cheep":"hello"}"#)).unwrap();
    assert_eq!(client.next("ack")["seq"], 1);
}

#[test]
fn a_frame_that_comes_byte_by_byte_is_read() {
    let server = Server::start();
    let mut client = server.client();
    for byte in frame(TEXT, br#"{"name":"alice","cheep":"hello"}"#) {
        client.socket.get_mut().write_all(&[byte]).unwrap();
    }
    assert_eq!(client.next("ack")["seq"], 1);
}

#[test]
fn a_post_right_before_the_close_is_answered_first() {
    let server = Server::start();
    let mut client = server.client();
    client.socket.write(Message::text(r#"{"name":"alice","cheep":"bye"}"#)).unwrap();
    client.socket.close(None).unwrap();
    assert_eq!(client.next("ack")["seq"], 1);
    assert!(matches!(client.socket.read(), Ok(Message::Close(_))));
}

#[test]
fn a_post_right_before_hanging_up_half_the_line_is_answered() {
    let server = Server::start();
    let mut client = server.client();
    let stream = client.socket.get_mut();
    stream.write_all(&frame(TEXT, br#"{"name":"alice","cheep":"bye"}"#)).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.next("ack")["seq"], 1);
}

#[test]
fn the_code_of_a_close_is_given_back() {
    let server = Server::start();
    let mut client = server.client();
    client.socket.get_mut().write_all(&frame(0x88, &1001_u16.to_be_bytes())).unwrap();
    assert_eq!(client.close_code(), 1001);
}

#[test]
fn frames_sent_along_with_the_handshake_are_not_lost() {
    let server = Server::start();
    let mut stream = server.tcp();
    let mut bytes = upgrade(&server, "/ws", "").into_bytes();
    bytes.extend(frame(TEXT, br#"{"name":"alice","cheep":"early"}"#));
    bytes.extend(frame(0x88, b""));
    stream.write_all(&bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(String::from_utf8_lossy(&answer).contains(r#""type":"ack""#));
}

#[test]
fn our_subprotocol_is_echoed_and_no_other() {
    let server = Server::start();
    for (offered, chosen) in [("cheeper.v1", Some("cheeper.v1")), ("chat, cheeper.v1", Some("cheeper.v1"))] {
        let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(offered));
        let client = Client::request(server.address, request).unwrap();
        let echoed = client.response.headers().get("sec-websocket-protocol");
        assert_eq!(echoed.map(|echoed| echoed.to_str().unwrap()), chosen, "{offered}");
    }
    assert!(server.client().response.headers().get("sec-websocket-protocol").is_none());
    let answer = server.begin(&upgrade(&server, "/ws", "Sec-WebSocket-Protocol: chat\r\n"));
    assert!(
        answer.starts_with("HTTP/1.1 101") && !answer.to_lowercase().contains("sec-websocket-protocol"),
        "{answer}"
    );
}

fn upgrade(server: &Server, path: &str, more: &str) -> String {
    let host = server.address;
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

#[test]
fn what_is_no_handshake_is_told_so() {
    let server = Server::start();
    let plain = format!("GET /ws HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let answer = server.begin(&plain);
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    assert!(answer.contains("websocat"), "{answer}");

    let good = upgrade(&server, "/ws", "");
    assert!(server.begin(&good).starts_with("HTTP/1.1 101"));
    let host = format!("Host: {}", server.address);
    let own_origin = format!("Origin: http://{}\r\n", server.address);
    assert!(server.begin(&upgrade(&server, "/ws", &own_origin)).starts_with("HTTP/1.1 101"));
    let cases = [
        (good.replace("Version: 13", "Version: 8"), "426"),
        (good.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"), "400"),
        (upgrade(&server, "/ws?last=many", ""), "400"),
        (upgrade(&server, "/ws?last=1&after=2", ""), "400"),
        (upgrade(&server, "/ws", "Origin: https://evil.example\r\n"), "403"),
        (upgrade(&server, "/ws", "Origin: null\r\n"), "403"),
        (upgrade(&server, "/ws", "Sec-Fetch-Site: cross-site\r\n"), "403"),
        // A name that leads here by somebody else's doing, whose page then has the same origin.
        (good.replace(&host, "Host: evil.example"), "421"),
        (upgrade(&server, "/ws", "Origin: http://evil.example\r\n").replace(&host, "Host: evil.example"), "421"),
        (upgrade(&server, "/ws", "Host: localhost\r\n"), "421"),
        (good.replace(&format!("{host}\r\n"), ""), "421"),
        (good.replace("Upgrade: websocket\r\n", ""), "426"),
    ];
    for (request, status) in cases {
        let answer = server.begin(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}{answer}");
    }
}

#[test]
fn an_allowed_origin_may_connect() {
    let server = Server::with(&["--allow-origin", "https://class.example"]);
    let answer = server.begin(&upgrade(&server, "/ws", "Origin: https://class.example\r\n"));
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
}

#[test]
fn a_server_that_stops_says_goodbye_and_answers_what_it_took() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start();
        let (mut alice, mut bob) = (server.client(), server.client());
        assert_eq!(alice.post("alice", "before"), 1);
        server.signal(signal);
        for client in [&mut alice, &mut bob] {
            let goodbye = client.next("goodbye");
            assert!(goodbye["reason"].is_string() && goodbye["reconnect_after_ms"].is_u64(), "{goodbye}");
            assert_eq!(client.close_code(), 1012);
            // Completes the close: the next read sends our half of it and meets the end.
            assert!(client.socket.read().is_err());
        }
        drop((alice, bob));
        assert_eq!(server.ended().code(), Some(0));
        server.restart();
        assert_eq!(server.client().head(), 1);
    }
}

#[test]
fn a_stopping_server_does_not_wait_for_a_client_that_reads_nothing() {
    let mut server = Server::start();
    let _silent = server.client();
    let _half = server.tcp();
    server.signal("TERM");
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn an_answer_to_a_close_comes_after_all_answers() {
    let server = Server::start();
    let mut client = server.client();
    for nth in 0..200 {
        client.socket.write(Message::text(json!({ "name": "alice", "cheep": format!("{nth}") }).to_string())).unwrap();
    }
    client.socket.write(Message::text(r#"{"type":"ping","id":"last"}"#)).unwrap();
    client.socket.close(None).unwrap();
    let (mut acks, mut pongs) = (0, 0);
    while let Ok(message) = client.socket.read() {
        if let Message::Text(text) = message {
            acks += usize::from(text.contains(r#""type":"ack""#));
            pongs += usize::from(text.contains(r#""type":"pong""#));
        }
    }
    assert_eq!((acks, pongs), (200, 1));
}
