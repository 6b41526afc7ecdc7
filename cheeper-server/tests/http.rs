//! The HTTP beside the socket, with curl.

mod support;

use serde_json::{Value, json};
use support::{
    Server,
    curl::{Follower, JSON, curl, json_of, post},
    seqs,
};

#[test]
fn pages_are_the_same_as_over_the_socket() {
    let server = Server::start();
    server.client().post_many("alice", 10);
    let page = |query: &str| {
        let (status, page) = json_of(&server, &format!("/api/cheeps{query}"), &[]);
        assert_eq!(status, 200, "{query}: {page}");
        (seqs(&page), page["more"].as_bool().unwrap())
    };
    assert_eq!(page(""), ((1..=10).collect(), false));
    assert_eq!(page("?limit=2"), (vec![9, 10], true));
    assert_eq!(page("?before=4&limit=2"), (vec![2, 3], true));
    assert_eq!(page("?after=8"), (vec![9, 10], false));
    assert_eq!(page("?around=5&limit=4"), (vec![4, 5, 6, 7], true));
    assert_eq!(page("?before=&after=8&around=&limit="), (vec![9, 10], false));
    for (nonsense, field) in
        [("limit=0", "limit"), ("limit=x", "limit"), ("after=-1", "after"), ("follow=1&before=3", "before")]
    {
        let (status, error) = json_of(&server, &format!("/api/cheeps?{nonsense}"), &[]);
        assert_eq!((status, &error["code"], &error["field"]), (400, &json!("bad_field"), &json!(field)), "{nonsense}");
    }
}

#[test]
fn a_post_is_created_once() {
    let server = Server::start();
    let (status, event) = post(&server, r#"{"name":"alice","cheep":"hi"}"#, &["-H", "Idempotency-Key: k1"]);
    assert_eq!((status, &event["type"], &event["seq"], &event["id"]), (201, &json!("cheep"), &json!(1), &json!("k1")));
    let (status, again) = post(&server, r#"{"name":"alice","cheep":"hi"}"#, &["-H", "Idempotency-Key: k1"]);
    assert_eq!((status, &again), (200, &event));
    let (status, error) = post(&server, r#"{"name":"alice","cheep":"other","id":"k1"}"#, &[]);
    assert_eq!((status, &error["code"]), (409, &json!("id_conflict")));
    let form = ["-d", "name=bob&reply_to=1", "--data-urlencode", "cheep=a & b"];
    let (status, event) = json_of(&server, "/api/cheep", &form);
    assert_eq!((status, &event["cheep"], &event["reply_to"]), (201, &json!("a & b"), &json!(1)));
}

#[test]
fn a_claimed_name_wants_its_secret_in_a_field_or_in_its_header() {
    const SECRET: &str = "0123456789abcdef";
    let server = Server::start();
    server.client().ask(json!({ "type": "hello", "name": "alice", "secret": SECRET }));
    let body = r#"{"name":"alice","cheep":"me"}"#;
    let header = |secret: &str| format!("Cheeper-Secret: {secret}");
    let (status, head, _) = curl(&server, "/api/cheep", &[&JSON[..], &["-d", body]].concat());
    assert!(status == 401 && head.contains("\nwww-authenticate: cheeper-secret\n"), "{head}");
    assert_eq!(post(&server, body, &["-H", &header("another secret 123")]).0, 401);
    assert_eq!(post(&server, body, &["-H", &header("short")]).1["code"], "bad_secret");
    // A Bearer is a token, which lets somebody in and proves no name; any other scheme is for somebody else.
    for (other, code) in [
        ("Authorization: Bearer 0123456789abcdef", "token_required"),
        ("Authorization: Bearer short", "token_required"),
        ("Authorization: Basic x", "name_taken"),
    ] {
        assert_eq!(post(&server, body, &["-H", other]).1["code"], code, "{other}");
    }
    let link = format!("Authorization: Bearer {}", server.link(&["join-link"]));
    assert_eq!(post(&server, body, &["-H", &link]).1["code"], "name_taken");
    assert_eq!(post(&server, r#"{"name":"bob","cheep":"hi"}"#, &["-H", &link]).0, 201);
    let (status, event) = post(&server, body, &["-H", &header(SECRET), "-H", &link]);
    assert_eq!((status, &event["verified"]), (201, &json!(true)));
    let in_field = json!({ "name": "alice", "cheep": "me", "secret": SECRET }).to_string();
    assert_eq!(post(&server, &in_field, &[]).1["verified"], true);
    let (status, event) = json_of(&server, "/api/cheep", &["-d", "name=alice&cheep=me&secret=0123456789abcdef"]);
    assert_eq!((status, &event["verified"]), (201, &json!(true)));
    let (status, error) = post(&server, &in_field, &["-H", &header("another secret 123")]);
    assert_eq!((status, &error["field"]), (400, &json!("secret")));
    let (status, error) = json_of(&server, "/api/cheep?secret=0123456789abcdef", &["-d", "name=alice&cheep=me"]);
    assert_eq!((status, &error["field"]), (400, &json!("secret")), "{error}");
}

#[test]
fn what_cannot_be_posted_is_refused_with_a_status_of_its_own() {
    let server = Server::start();
    for (body, code) in [
        ("nonsense", "bad_json"),
        (r#"{"name":"alice"}"#, "bad_field"),
        (r#"{"name":"alice","cheep":" "}"#, "empty_cheep"),
        (r#"{"cheep":"hi"}"#, "name_required"),
        (r#"{"type":"who"}"#, "bad_field"),
    ] {
        let (status, error) = post(&server, body, &[]);
        assert_eq!((status, &error["code"]), (400, &json!(code)), "{body}");
    }
    for body in ["name=alice&cheep=%ff%fe", "name=%C3%28&cheep=hi"] {
        let (status, error) = json_of(&server, "/api/cheep", &["-d", body]);
        assert_eq!((status, &error["code"]), (400, &json!("bad_field")), "{body}");
    }
    assert_eq!(server.client().head(), 0);
    let long = format!(r#"{{"name":"alice","cheep":"{}"}}"#, "x".repeat(20_000));
    assert_eq!(post(&server, &long, &[]).0, 413);
    assert_eq!(curl(&server, "/api/cheep", &["-H", "Content-Type: text/plain", "-d", "hi"]).0, 415);
    assert_eq!(post(&server, r#"{"name":"alice","cheep":"hi"}"#, &["-H", "Origin: http://evil.example"]).0, 403);
}

#[test]
fn a_head_is_a_get_without_its_body_and_other_methods_are_told_what_is_taken() {
    let server = Server::start();
    server.client().post("alice", "hello");
    let line = |head: &str, name: &str| {
        let begin = format!("{name}: ");
        head.lines().find_map(|line| line.strip_prefix(&begin)).map(str::to_owned)
    };
    for path in ["/", "/style.css", "/healthz", "/api/cheeps", "/metrics"] {
        let (status, got, body) = curl(&server, path, &[]);
        assert_eq!((status, body.is_empty()), (200, false), "{path}");
        let (status, head, body) = curl(&server, path, &["-I"]);
        assert_eq!((status, body.as_str()), (200, ""), "{path}");
        for name in ["content-type", "content-length", "etag"] {
            assert_eq!(line(&head, name), line(&got, name), "{path}: {name}");
        }
        let (status, head, _) = curl(&server, path, &["-X", "DELETE"]);
        assert_eq!((status, line(&head, "allow").as_deref()), (405, Some("get, head")), "{path}");
    }
    for path in ["/api/thread?seq=1", "/api/thread", "/api/search"] {
        let (got, head) = (curl(&server, path, &[]), curl(&server, path, &["-I"]));
        assert_eq!((head.0, line(&head.1, "content-length")), (got.0, line(&got.1, "content-length")), "{path}");
        assert!(got.0 != 404 && head.2.is_empty(), "{path}");
        let (status, head, _) = curl(&server, path, &["-X", "POST", "-d", "{}"]);
        assert_eq!((status, line(&head, "allow").as_deref()), (405, Some("get, head")), "{path}");
    }
    for (path, allowed) in [
        ("/ws", "get"),
        ("/api/cheep", "post"),
        ("/api/cheep/1", "patch, delete"),
        ("/api/cheep/1/", "patch, delete"),
        ("/api/cheep/x", "patch, delete"),
        ("/api/cheep/1/reactions/%E2%99%A5", "put, delete"),
    ] {
        let (status, head, _) = curl(&server, path, &["-X", "LIKE", "-d", "{}"]);
        assert_eq!((status, line(&head, "allow").as_deref()), (405, Some(allowed)), "{path}");
    }
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        for path in ["/nowhere", "/api", "/api/cheep/1/2", "/api/cheep/1/reactions", "/api/cheep//reactions/x"] {
            assert_eq!(curl(&server, path, &["-X", method]).0, 404, "{method} {path}");
        }
    }
}

#[test]
fn scripts_of_an_allowed_page_may_use_the_api() {
    const PAGE: [&str; 2] = ["-H", "Origin: https://class.example"];
    const PREFLIGHT: [&str; 6] = [
        "-X",
        "OPTIONS",
        "-H",
        "Access-Control-Request-Method: POST",
        "-H",
        "Access-Control-Request-Headers: cheeper-secret,content-type,idempotency-key",
    ];
    let server = Server::with(&["--allow-origin", "https://class.example"]);
    let allows = |head: &str| head.contains("\naccess-control-allow-origin: https://class.example");
    let (status, head, _) = curl(&server, "/api/cheep", &[&PREFLIGHT[..], &PAGE].concat());
    assert!(status == 200 && allows(&head), "{head}");
    let lists = |head: &str, name: &str, wanted: &str| {
        let begin = format!("access-control-allow-{name}: ");
        let allowed = head.lines().find_map(|line| line.strip_prefix(&begin)).unwrap_or_default();
        assert!(allowed.split(',').any(|allowed| allowed.trim() == wanted), "{wanted}: {allowed}");
    };
    for header in ["cheeper-secret", "content-type", "idempotency-key"] {
        lists(&head, "headers", header);
    }
    for (method, path) in [("PATCH", "/api/cheep/1"), ("DELETE", "/api/cheep/1"), ("PUT", "/api/cheep/1/reactions/x")] {
        let asks = format!("Access-Control-Request-Method: {method}");
        let (status, head, _) = curl(&server, path, &[&PAGE[..], &["-X", "OPTIONS", "-H", &asks]].concat());
        assert!(status == 200 && allows(&head), "{head}");
        lists(&head, "methods", &method.to_lowercase());
        // Of another page it is not carried out even if its browser did not ask first.
        let evil = ["-X", method, "-H", "Origin: http://evil.example", "-d", "name=alice&cheep=mine"];
        assert_eq!(curl(&server, path, &evil).0, 403, "{method} {path}");
    }
    let post = [&JSON[..], &PAGE, &["-d", r#"{"name":"alice","cheep":"hi"}"#]].concat();
    let (status, head, _) = curl(&server, "/api/cheep", &post);
    assert!(status == 201 && allows(&head), "{head}");
    // A refusal is to be read as well.
    for (path, expected) in [("/api/cheeps", 200), ("/api/cheeps?limit=0", 400), ("/nowhere", 404)] {
        let (status, head, _) = curl(&server, path, &PAGE);
        assert!(status == expected && allows(&head), "{head}");
    }
    for other in ["Origin: https://evil.example", "Origin: null", "Accept: */*"] {
        let (_, head, _) = curl(&server, "/api/cheeps", &["-H", other]);
        assert!(!head.contains("access-control-"), "{other}: {head}");
        let (status, head, _) = curl(&server, "/api/cheep", &[&PREFLIGHT[..], &["-H", other]].concat());
        assert!(status == 405 && !head.contains("access-control-"), "{other}: {head}");
    }
}

#[test]
fn a_person_who_posts_too_often_is_told_when_to_come_back() {
    let server = Server::with(&["--post-rate", "4"]);
    let posts: Vec<u16> = (0..6).map(|_| post(&server, r#"{"name":"alice","cheep":"hi"}"#, &[]).0).collect();
    assert_eq!(posts, [201, 201, 201, 201, 201, 429]);
    let (status, head, _) = curl(&server, "/api/cheep", &["-d", "name=alice&cheep=hi"]);
    assert_eq!(status, 429);
    assert!(head.contains("\nretry-after: "), "{head}");
    let mut alice = server.client();
    assert_eq!(alice.ask(json!({ "name": "alice", "cheep": "over the socket" }))["code"], "rate_limited");
    let (_, _, metrics) = curl(&server, "/metrics", &[]);
    let counted = "cheeper_refused_posts_total{code=\"rate_limited\"} 3";
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");
}

#[test]
fn followers_get_a_line_for_each_event_old_and_new() {
    let server = Server::start();
    let mut alice = server.client();
    alice.post_many("alice", 3);
    let mut lines = Follower::start(&server, "&after=1", &[]);
    let seq = |line: String| serde_json::from_str::<Value>(&line).unwrap()["seq"].as_u64().unwrap();
    assert_eq!([seq(lines.next(|_| true)), seq(lines.next(|_| true))], [2, 3]);
    let accept = ["-H", "Accept: text/event-stream"];
    let mut events = Follower::start(&server, "&after=0", &[&accept[..], &["-H", "Last-Event-ID: 2"]].concat());
    assert!(events.next(|line| line.starts_with("data:")).contains("\"seq\":3"));
    assert_eq!(events.next(|line| line.starts_with("id:")), "id:3");
    alice.post("alice", "live");
    assert_eq!(seq(lines.next(|_| true)), 4);
    assert!(events.next(|line| line.starts_with("data:")).contains("\"seq\":4"));
    assert_eq!(json_of(&server, "/api/cheeps?follow=1&after=99", &[]).0, 400);
}

#[test]
fn a_long_way_back_is_followed_page_by_page() {
    let server = Server::start();
    server.client().post_many("alice", 450);
    let mut events = Follower::start(&server, "&after=0", &["-H", "Accept: text/event-stream"]);
    for seq in 1..=450 {
        let mut event = [events.next(|line| !line.is_empty()), events.next(|line| !line.is_empty())];
        event.sort_unstable();
        let [data, id] = event;
        assert_eq!(id, format!("id:{seq}"));
        let event: Value = serde_json::from_str(data.strip_prefix("data:").unwrap()).unwrap();
        assert_eq!((&event["type"], &event["seq"]), (&json!("cheep"), &json!(seq)));
    }
}

#[test]
fn the_page_is_safe_to_open_and_cheap_to_open_again() {
    let server = Server::start();
    let (status, head, page) = curl(&server, "/", &[]);
    assert_eq!(status, 200);
    assert!(head.contains("content-security-policy: default-src 'none'") && !head.contains("unsafe"), "{head}");
    assert!(page.contains("<title>Cheeper</title>") && !page.contains("style=") && !page.contains("onclick"));
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let (status, _, body) = curl(&server, "/", &["-H", &format!("If-None-Match: {tag}")]);
    assert_eq!((status, body.as_str()), (304, ""));
    // A picture is no text, and curl's answer is read as such.
    for file in page.split('"').filter(|part| part.starts_with('/') && !part.contains(".png")) {
        assert_eq!(curl(&server, file, &[]).0, 200, "{file}");
    }
}

#[test]
fn health_and_metrics_say_how_it_is() {
    let server = Server::start();
    let mut alice = server.client();
    alice.post_many("alice", 2);
    let (status, health) = json_of(&server, "/healthz", &[]);
    assert_eq!((status, &health["status"], &health["head"]), (200, &json!("ready"), &json!(2)));
    let (_, head, metrics) = curl(&server, "/metrics", &[]);
    assert!(head.contains("content-type: application/openmetrics-text"));
    for line in ["cheeper_posts_total 2", "cheeper_online 1", "cheeper_head 2"] {
        assert!(metrics.lines().any(|shown| shown == line), "{line}: {metrics}");
    }
    // Every line is a comment or a sample: a name, labels or none, a number.
    let is_name = |name: &str| name.starts_with("cheeper_") && name.chars().all(|c| c == '_' || c.is_ascii_lowercase());
    let is_sample = |line: &str| {
        line.rsplit_once(' ').is_some_and(|(series, value)| {
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            is_name(name) && labels.ends_with('}') && value.parse::<f64>().is_ok_and(f64::is_finite)
        })
    };
    let is_comment = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let begin = [words.next(), words.next()];
        matches!(begin, [Some("#"), Some("HELP" | "TYPE")])
            && words.next().is_some_and(is_name)
            && words.next().is_some()
    };
    let (end, lines) =
        metrics.lines().collect::<Vec<_>>().split_last().map(|(end, lines)| (*end, lines.to_vec())).unwrap();
    assert_eq!(end, "# EOF");
    for line in lines {
        assert!(is_sample(line) || is_comment(line), "{line}");
    }
}
