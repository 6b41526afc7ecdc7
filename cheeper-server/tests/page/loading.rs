//! Loading: light, safe, from nobody but the server, and with the first cheeps at once.

use serde_json::{Value, json};

use crate::{browser::Browser, support::Server};

/// The headers of an answer, in lower case.
fn head(server: &Server, path: &str, headers: &str) -> String {
    let host = server.address;
    let answer = server.begin(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"));
    answer.split("\r\n\r\n").next().unwrap().to_lowercase()
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn each_coding_has_its_own_tag_and_is_not_sent_twice() {
    let server = Server::start();
    let mut tags = Vec::new();
    for (accepts, coding) in [("gzip, deflate, br, zstd", Some("br")), ("gzip", Some("gzip")), ("identity", None)] {
        let head = head(&server, "/main.js", &format!("Accept-Encoding: {accepts}\r\n"));
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(field(&head, "content-encoding"), coding);
        assert_eq!(field(&head, "vary"), Some("accept-encoding"));
        let tag = field(&head, "etag").unwrap().to_owned();
        let conditional = format!("Accept-Encoding: {accepts}\r\nIf-None-Match: {tag}\r\n");
        let again = self::head(&server, "/main.js", &conditional);
        assert!(again.starts_with("http/1.1 304"), "{again}");
        assert_eq!(field(&again, "etag"), Some(&*tag));
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3);
}

#[test]
fn the_document_allows_nothing_but_its_own_files() {
    let server = Server::start();
    let head = head(&server, "/", "");
    let policy = field(&head, "content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(field(&head, "x-content-type-options"), Some("nosniff"));
    assert_eq!(field(&head, "referrer-policy"), Some("no-referrer"));
    assert!(field(&head, "permissions-policy").is_some_and(|policy| policy.contains("camera=()")), "{head}");
}

#[test]
fn no_answer_can_be_framed_or_taken_for_something_else() {
    let server = Server::start();
    for (path, status) in [
        ("/main.js", 200),
        ("/icon.svg", 200),
        ("/api/cheeps", 200),
        ("/api/cheeps?limit=x", 400),
        ("/api/cheeps?follow=1", 200),
        ("/ws", 426),
        ("/healthz", 200),
        ("/metrics", 200),
        ("/api/cheep", 405),
        ("/nowhere", 404),
    ] {
        let head = head(&server, path, "");
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{path}: {head}");
        let policy = field(&head, "content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {head}");
        assert_eq!(field(&head, "x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(field(&head, "referrer-policy"), Some("no-referrer"), "{path}");
        assert!(field(&head, "permissions-policy").is_some(), "{path}: {head}");
    }
}

#[tokio::test]
async fn the_page_is_light_and_its_first_cheeps_come_unasked() {
    let server = Server::start();
    server.client().post_many("bob", 500);
    // A browser that knows its user already: the page has nothing to ask for.
    let page = Browser::named(server.address, "alice").await;
    page.devtools_log().await;
    page.devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await;
    page.load().await;
    page.shows("bob 500").await;

    let log = page.devtools_log().await;
    let payload = |parameters: &Value| parameters["response"]["payloadData"].as_str().unwrap().to_owned();
    let frames: Vec<(bool, String)> = log
        .iter()
        .filter_map(|(method, parameters)| match method.as_str() {
            "Network.webSocketFrameSent" => Some((true, payload(parameters))),
            "Network.webSocketFrameReceived" => Some((false, payload(parameters))),
            _ => None,
        })
        .collect();
    let first_page = frames.iter().position(|(_, frame)| frame.contains("\"bob 500\"")).unwrap();
    assert!(
        !frames[..first_page].iter().any(|(is_ours, frame)| *is_ours && frame.contains("history")),
        "the newest were asked for by a frame: {:?}",
        &frames[..=first_page]
    );

    let is_code = |url: &str| url == "/" || [".js", ".css"].iter().any(|end| url.ends_with(end));
    let code: Vec<(String, u64)> = page.files(&log).into_iter().filter(|(url, _)| is_code(url)).collect();
    assert!(code.len() > 20, "{code:?}");
    // Of 56 kB, 15 are heads, one for each of the files; 6 of them say what every answer tells a browser.
    assert!(code.iter().map(|(_, bytes)| bytes).sum::<u64>() <= 57_000, "{code:?}");
    let moved = "new Promise((done) => { \
                 const of = (list) => list.flatMap(({ sources }) => sources).map(({ node }) => node?.parentElement?.outerHTML); \
                 new PerformanceObserver((list) => done(of(list.getEntries()))).observe({ type: 'layout-shift', buffered: true }); \
                 requestAnimationFrame(() => requestAnimationFrame(() => done([]))); })";
    assert_eq!(page.value(moved).await, json!([]), "something moved");
    page.close().await;
}

#[tokio::test]
async fn it_is_live_below_a_path() {
    let server = Server::with(&["--base-path", "/cheeper/", "--post-rate", "0"]);
    let mut page = Browser::start(server.address).await;
    // The slash is missing, as people leave it out.
    page.origin.push_str("cheeper");
    page.load().await;
    page.status_has("live").await;
    assert_eq!(page.value("location.pathname").await, json!("/cheeper/"));
    server.client_at("/cheeper/ws").post("bob", "over there");
    page.shows("over there").await;
    let manifest = page.devtools("Page.getAppManifest", json!({})).await;
    assert_eq!(manifest["errors"], json!([]), "{manifest}");
    page.close().await;
}

#[tokio::test]
async fn it_can_be_installed() {
    let server = Server::start();
    let page = Browser::open(server.address).await;
    page.status_has("live").await;
    let manifest = page.devtools("Page.getAppManifest", json!({})).await;
    assert_eq!(manifest["errors"], json!([]), "{manifest}");
    let problems = page.devtools("Page.getInstallabilityErrors", json!({})).await;
    // A private window, which a test's is, can install nothing.
    let ours = |problem: &Value| problem["errorId"] != "in-incognito";
    let problems: Vec<&Value> =
        problems["installabilityErrors"].as_array().unwrap().iter().filter(|each| ours(each)).collect();
    assert!(problems.is_empty(), "{problems:?}");
    page.close().await;
}
