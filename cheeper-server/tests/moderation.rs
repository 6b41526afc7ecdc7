//! The host's hand, end to end: over WebSocket, over HTTP and by commands, as everybody else meets it.

mod support;

use serde_json::{Value, json};
use support::{
    Client, Server,
    curl::{JSON, json_of},
};

/// An open server, and a host who came in by a link.
fn with_host() -> (Server, String, Client) {
    let server = Server::start();
    let token = server.link(&["host-link"]);
    let host = Client::with_token(server.address, "/ws", &token).unwrap();
    (server, token, host)
}

/// The one entry that tells of what was done.
fn done(answer: &Value) -> &Value {
    assert!(answer["type"] == "audit" && answer["entries"].as_array().unwrap().len() == 1, "{answer}");
    &answer["entries"][0]
}

fn claim(client: &mut Client, name: &str, secret: &str) -> Value {
    client.ask(json!({ "type": "hello", "name": name, "secret": secret }))
}

/// A request of a host's over HTTP.
fn order(server: &Server, token: &str, path: &str, body: &Value) -> (u16, Value) {
    let (header, body) = (format!("Authorization: Bearer {token}"), body.to_string());
    json_of(server, path, &[&JSON[..], &["-H", &header, "-d", &body]].concat())
}

#[test]
fn a_host_over_websocket_mutes_names_and_people_and_lets_them_speak_again() {
    let (server, _, mut host) = with_host();
    let mut troll = server.client();
    troll.post("mallory", "boo");
    let muted = host.ask(json!({ "type": "mute", "name": "MALLORY", "for_ms": 3_600_000 }));
    let entry = done(&muted);
    assert_eq!((&entry["action"], &entry["by"]), (&json!("mute"), &json!(1)), "{entry}");
    let refused = troll.ask(json!({ "name": "mallory", "cheep": "boo again" }));
    assert!(refused["code"] == "muted" && refused["retry_after_ms"].as_u64() > Some(3_500_000), "{refused}");
    let react = json!({ "type": "react", "name": "mallory", "target": 1, "emoji": "🎉" });
    assert_eq!(troll.ask(react)["code"], "muted");
    let by_another_name = troll.post("trudy", "boo from trudy");
    let by_author = host.ask(json!({ "type": "mute", "target": by_another_name }));
    assert_eq!(done(&by_author)["target"], by_another_name, "{by_author}");
    assert_eq!(troll.ask(json!({ "name": "somebody else", "cheep": "boo" }))["code"], "muted");
    let mut again = server.client();
    assert_eq!(again.ask(json!({ "name": "mallory 2", "cheep": "boo" }))["code"], "muted", "from the same address");
    assert_eq!(host.post("ann", "enough"), 3, "the host came by a link, and is somebody else");
    for entry in [done(&muted), done(&by_author)] {
        host.ask(json!({ "type": "undo", "entry": entry["entry"] }));
    }
    assert_eq!(troll.post("mallory", "sorry"), 4);
    let unknown = host.ask(json!({ "type": "mute", "target": 99 }));
    assert_eq!((&unknown["code"], &unknown["field"]), (&json!("not_found"), &json!("target")), "{unknown}");
}

#[test]
fn a_name_that_was_released_is_anybodys_until_that_is_undone() {
    let (server, _, mut host) = with_host();
    let (mut bob, mut other) = (server.client(), server.client());
    assert_eq!(claim(&mut bob, "bob", "bob's own secret!")["claimed"], true);
    let released = host.ask(json!({ "type": "release", "name": "bob" }));
    assert_eq!(done(&released)["action"], "release");
    assert_eq!(host.ask(json!({ "type": "release", "name": "bob" }))["code"], "not_found");
    assert_eq!(other.ask(json!({ "name": "bob", "cheep": "not him" }))["type"], "ack");
    host.ask(json!({ "type": "undo", "entry": done(&released)["entry"] }));
    assert_eq!(other.ask(json!({ "name": "bob", "cheep": "not him" }))["code"], "name_taken");
    assert_eq!(claim(&mut bob, "bob", "bob's own secret!")["claimed"], true, "as before");
}

#[test]
fn what_a_host_removes_is_gone_from_every_screen_and_every_answer() {
    let (server, token, mut host) = with_host();
    let mut author = server.client();
    claim(&mut author, "eve", "eve's own secret!");
    let target = author.post("eve", "what does not belong here");
    let ack = host.ask(json!({ "type": "delete", "target": target, "id": "d" }));
    assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(2)), "{ack}");
    let event = author.next("delete");
    assert_eq!((&event["target"], &event["by"]), (&json!(target), &json!("host")), "{event}");
    let page = server.client().ask(json!({ "type": "history" }));
    assert!(page["events"][0]["deleted"] == "host" && page["events"][0]["cheep"] == "", "{page}");
    let audit = host.ask(json!({ "type": "audit", "limit": 1 }));
    assert_eq!((&audit["entries"][0]["action"], &audit["entries"][0]["target"]), (&json!("remove"), &json!(target)));
    assert_eq!(audit["more"], true, "{audit}");
    let undo = host.ask(json!({ "type": "undo", "entry": audit["entries"][0]["entry"] }));
    assert_eq!(undo["code"], "gone", "{undo}");
    // The same over HTTP, and by a command.
    let (second, third) = (author.post("eve", "more"), author.post("eve", "and more"));
    let header = format!("Authorization: Bearer {token}");
    let path = format!("/api/cheep/{second}");
    let (status, cheep) = json_of(&server, &path, &["-X", "DELETE", "-H", &header]);
    assert_eq!((status, &cheep["deleted"]), (200, &json!("host")), "{cheep}");
    assert_eq!(server.commanded(&["remove", &third.to_string()])["type"], "ack");
    assert_eq!(server.commanded(&["remove", &third.to_string()])["duplicate"], true);
    let nobody = server.command(&["remove", "99"]).output().unwrap();
    assert_eq!(String::from_utf8(nobody.stderr).unwrap(), "cheeper-server: There is no such cheep.\n");
}

#[test]
fn over_http_a_host_can_do_the_same() {
    let (server, token, mut host) = with_host();
    let order = |path: &str, body: Value| order(&server, &token, path, &body);
    let (status, muted) = order("/api/mute", json!({ "name": "mallory", "for_ms": 60_000, "id": "m" }));
    assert_eq!((status, &muted["id"]), (200, &json!("m")), "{muted}");
    let number = done(&muted)["entry"].to_string();
    assert_eq!(json_of(&server, "/api/cheep", &["-d", "name=mallory&cheep=hi"]).0, 403);
    let header = format!("Authorization: Bearer {token}");
    let (status, undone) = json_of(&server, "/api/undo", &["-H", &header, "-d", &format!("entry={number}")]);
    assert_eq!((status, &done(&undone)["undoes"].to_string()), (200, &number), "{undone}");
    assert_eq!(json_of(&server, "/api/cheep", &["-d", "name=mallory&cheep=hi"]).0, 201);
    let (status, link) = order("/api/link", json!({ "role": "member", "note": "guests" }));
    assert!(status == 200 && link["type"] == "link" && link["made"]["note"] == "guests", "{link}");
    let member = link["token"].as_str().unwrap();
    assert_eq!(Client::with_token(server.address, "/ws", member).unwrap().welcome["role"], "member");
    assert_eq!(order("/api/release", json!({ "name": "nobody" })).0, 404);
    assert_eq!(order("/api/mute", json!({})).0, 400);
    let (status, audit) = json_of(&server, "/api/audit?limit=2", &["-H", &header]);
    let (of_http, of_socket) = (&audit["entries"], host.ask(json!({ "type": "audit", "limit": 2 })));
    assert_eq!((status, of_http, &audit["more"]), (200, &of_socket["entries"], &json!(true)));
    let before = of_http[1]["entry"].to_string();
    let (_, older) = json_of(&server, &format!("/api/audit?before={before}"), &["-H", &header]);
    assert!(older["entries"][0]["entry"].as_u64() < of_http[1]["entry"].as_u64(), "{older}");
}

#[test]
fn nobody_but_a_host_keeps_order() {
    let server = Server::start();
    let member = server.link(&["join-link"]);
    let mut members = [server.client(), Client::with_token(server.address, "/ws", &member).unwrap()];
    for request in [
        json!({ "type": "mute", "name": "bob" }),
        json!({ "type": "release", "name": "bob" }),
        json!({ "type": "link", "role": "host" }),
        json!({ "type": "undo", "entry": 1 }),
        json!({ "type": "audit" }),
    ] {
        for client in &mut members {
            let answer = client.ask(request.clone());
            assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("forbidden")), "{answer}");
        }
    }
    assert_eq!(order(&server, &member, "/api/mute", &json!({ "name": "bob" })).0, 403);
    assert_eq!(json_of(&server, "/api/audit", &[]).0, 403);
}

#[test]
fn a_link_that_a_host_makes_over_websocket_lets_in_and_a_host_whose_link_ends_is_out() {
    let (server, token, mut host) = with_host();
    let made = host.ask(json!({ "type": "link", "role": "host", "for_ms": 60_000, "note": "the other host" }));
    assert_eq!((&made["type"], &made["made"]["by"]), (&json!("link"), &json!(1)), "{made}");
    let mut other = Client::with_token(server.address, "/ws", made["token"].as_str().unwrap()).unwrap();
    assert_eq!(other.welcome["role"], "host");
    let first = other.ask(json!({ "type": "audit" }))["entries"][1].clone();
    assert_eq!((&first["action"], &first["link"]), (&json!("link"), &json!(1)), "{first}");
    assert_eq!(other.ask(json!({ "type": "undo", "entry": first["entry"] }))["type"], "audit");
    assert_eq!(host.close_code(), 1008);
    assert_eq!(order(&server, &token, "/api/mute", &json!({ "name": "bob" })).0, 401);
}

#[test]
fn a_person_with_a_session_is_muted_alone_and_everywhere() {
    let server = Server::with(&["--private", "--post-rate", "0"]);
    let (link, host) = (server.link(&["join-link"]), server.link(&["host-link"]));
    let session = || {
        let body = json!({ "token": link }).to_string();
        let answer = json_of(&server, "/api/session", &[&JSON[..], &["-d", &body]].concat()).1;
        answer["session"].as_str().unwrap().to_owned()
    };
    let (troll, neighbour) = (session(), session());
    let target = Client::with_token(server.address, "/ws", &troll).unwrap().post("mallory", "boo");
    server.commanded(&["mute", "--author-of", &target.to_string(), "--for", "1h"]);
    let mut elsewhere = Client::with_token(server.address, "/ws", &troll).unwrap();
    assert_eq!(elsewhere.ask(json!({ "name": "trudy", "cheep": "boo" }))["code"], "muted");
    Client::with_token(server.address, "/ws", &neighbour).unwrap().post("bob", "the same address, another person");
    let mut host = Client::with_token(server.address, "/ws", &host).unwrap();
    assert_eq!(host.ask(json!({ "type": "audit", "limit": 1 }))["entries"][0]["by"], Value::Null, "the operator's");
}

#[test]
fn commands_do_the_same_while_no_server_runs() {
    let (mut server, _, _) = with_host();
    let mut bob = server.client();
    claim(&mut bob, "bob", "bob's own secret!");
    bob.post("bob", "hi");
    server.kill();
    server.commanded(&["mute", "mallory"]);
    server.commanded(&["release", "bob"]);
    assert_eq!(server.commanded(&["remove", "1"])["type"], "ack");
    let said = String::from_utf8(server.command(&["audit"]).output().unwrap().stdout).unwrap();
    for what in ["muted the name \"mallory\"", "released the name \"bob\"", "removed cheep 1", "somebody claimed"] {
        assert!(said.contains(what), "{what}: {said}");
    }
    let author = server.command(&["mute", "--author-of", "1"]).output().unwrap();
    assert!(String::from_utf8(author.stderr).unwrap().contains("mute the name instead"));
    server.restart();
    let mut client = server.client();
    assert_eq!(client.ask(json!({ "name": "mallory", "cheep": "hi" }))["code"], "muted");
    assert_eq!(client.ask(json!({ "type": "history" }))["events"][0]["deleted"], "host");
    assert_eq!(client.ask(json!({ "name": "bob", "cheep": "free" }))["type"], "ack");
}
