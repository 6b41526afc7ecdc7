//! Behind a proxy: the configurations in docs/proxy with the real nginx and Caddy, over TLS, and what is wrong with others.

mod observed;
mod support;

use std::{
    fs,
    io::Read as _,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Command, Stdio},
};

use observed::Observed;
use serde_json::{Value, json};
use support::{Process, Server};
use tempfile::TempDir;

/// A proxy with a configuration of ours, in front of a server.
struct Proxy {
    _process: Process,
    host: &'static str,
    base: &'static str,
    port: u16,
    _folder: TempDir,
}

/// Each configuration, and each that has a path in the other way of passing it on, in front of a server with the flags that it asks
/// for and these.
fn each(more: &[&str], test: impl Fn(&Server, &Proxy)) {
    let whole = |text: &str| text.to_owned();
    let stripped =
        |text: &str| text.replace("127.0.0.1:5000;", "127.0.0.1:5000/;").replace("handle /", "handle_path /");
    let try_with = |name: &str, change: &dyn Fn(&str) -> String, host, base| {
        let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proxy");
        let text = fs::read_to_string(documents.join(name)).unwrap();
        let flags = text.lines().find_map(|line| line.strip_prefix("#   cheeper-server ")).unwrap().split(' ');
        let server = Server::with(&flags.chain(more.iter().copied()).collect::<Vec<_>>());
        test(&server, &Proxy::start(name.starts_with("nginx"), &change(&text), server.address, host, base));
    };
    for name in ["nginx.conf", "Caddyfile"] {
        try_with(name, &whole, "cheeper.example", "");
    }
    for name in ["nginx-path.conf", "Caddyfile-path"] {
        try_with(name, &whole, "school.example", "/cheeper");
        try_with(name, &stripped, "school.example", "/cheeper");
    }
}

impl Proxy {
    /// One that is as the text says, but for addresses and certificates.
    fn start(is_nginx: bool, text: &str, server: SocketAddr, host: &'static str, base: &'static str) -> Self {
        // Somebody may take a port between our giving it back and the proxy's taking it.
        for _ in 0..10 {
            let folder = certificate(host);
            let port = free_port();
            let text = text.replace("127.0.0.1:5000", &server.to_string());
            let mut command =
                if is_nginx { nginx(&folder, &text, host, port) } else { caddy(&folder, &text, host, port) };
            let process = Process::spawn(&mut command).unwrap();
            let ready = if is_nginx { "getrlimit" } else { "serving initial configuration" };
            while let Some(line) = process.line() {
                if line.contains(ready) {
                    return Self { _process: process, host, base, port, _folder: folder };
                }
            }
            eprintln!("{}", process.log());
        }
        panic!("the proxy does not start");
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}:{}{}{path}", self.host, self.port, self.base)
    }

    fn origin(&self) -> String {
        format!("https://{}:{}", self.host, self.port)
    }

    /// A request with curl, ready to be made. What follows for ever is cut off.
    fn curl(&self, path: &str, arguments: &[&str]) -> Command {
        let mut curl = Command::new("curl");
        let resolve = format!("{}:{}:127.0.0.1", self.host, self.port);
        curl.args(["-sSikN", "--http1.1", "--max-time", "60", "--resolve", &resolve]).args(arguments);
        curl.arg(self.url(path));
        curl
    }

    /// The status, the head in small letters, the body.
    fn ask(&self, path: &str, arguments: &[&str]) -> (u16, String, String) {
        let output = self.curl(path, arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer");
        (status, head.to_lowercase(), body.to_owned())
    }

    fn post(&self, cheep: &str, arguments: &[&str]) -> u16 {
        let cheep = format!("cheep={cheep}");
        self.ask("/api/cheep", &[&["-d", "name=alice", "--data-urlencode", &cheep], arguments].concat()).0
    }
}

/// A folder with a certificate that nobody signed.
fn certificate(host: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"])
        .args(["-subj", &format!("/CN={host}"), "-addext", &format!("subjectAltName=DNS:{host}")])
        .args(["-keyout", "key.pem", "-out", "crt.pem"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// In one process, which ends with us.
fn nginx(folder: &TempDir, site: &str, host: &str, port: u16) -> Command {
    let at = folder.path().display();
    let site = site
        .replace("listen 443", &format!("listen 127.0.0.1:{port}"))
        .replace("listen 80;", &format!("listen 127.0.0.1:{};", free_port()))
        .replace(&format!("/etc/ssl/{host}.crt"), &format!("{at}/crt.pem"))
        .replace(&format!("/etc/ssl/{host}.key"), &format!("{at}/key.pem"));
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|kind| format!("    {kind}_temp_path {at}/{kind};\n")).concat();
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log /dev/stdout notice;\nevents {{}}\n\
         http {{\n    access_log off;\n{temporary}{site}}}\n"
    );
    fs::write(folder.path().join("nginx.conf"), whole).unwrap();
    let mut command = Command::new("nginx");
    // Before it has read the configuration, it would log to a file of the system's.
    command.args(["-e", "/dev/stdout", "-p"]).arg(folder.path()).args(["-c", "nginx.conf"]);
    command
}

fn caddy(folder: &TempDir, site: &str, host: &str, port: u16) -> Command {
    let at = folder.path().display();
    let with_port = format!("{host}:{port} {{\n\tbind 127.0.0.1\n\ttls {at}/crt.pem {at}/key.pem\n");
    let site = site.replace(&format!("{host} {{\n"), &with_port);
    let global = "{\n\tadmin off\n\tauto_https off\n\tlog {\n\t\toutput stdout\n\t}\n}\n";
    let file = folder.path().join("Caddyfile");
    fs::write(&file, format!("{global}{site}")).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    // It keeps things at home.
    command.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
    command
}

/// A handshake as a browser sends it, from a page of this origin.
fn handshake(origin: &str) -> Vec<String> {
    [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!("Origin: {origin}")])
    .flat_map(|header| ["-H".to_owned(), header])
    .collect()
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// What comes of it up to these words, which are not the last: a WebSocket goes on.
fn said_until(command: &mut Command, words: &str) -> String {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdout, mut said, mut buffer) = (child.stdout.take().unwrap(), Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&said).contains(words) {
        let length = stdout.read(&mut buffer).unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&buffer[..length]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn page_and_api_come_through_at_the_root_and_below_a_path() {
    each(&["--post-rate", "0"], |_, proxy| {
        let (status, head, page) = proxy.ask("/", &[]);
        assert!(status == 200 && page.contains("\"./main.js\""), "{head}{page}");
        for safe in
            ["frame-ancestors 'none'", "x-content-type-options: nosniff", "referrer-policy:", "permissions-policy:"]
        {
            assert!(head.contains(safe), "{head}");
        }
        assert_eq!(proxy.ask("/main.js", &[]).0, 200);
        assert_eq!(proxy.ask("/nowhere", &[]).0, 404);
        // Below a path the page's links start from its folder.
        if !proxy.base.is_empty() {
            let (status, head, _) = proxy.ask("", &[]);
            let place = head.lines().find_map(|line| line.strip_prefix("location: "));
            let is_folder = place.is_some_and(|place| place.ends_with("/cheeper/"));
            assert!([301, 302, 308].contains(&status) && is_folder, "{head}");
        }
        assert_eq!(proxy.post("from the page", &["-H", &format!("Origin: {}", proxy.origin())]), 201);
        // A page that came without TLS may be anybody's on the way.
        let unsafe_page = proxy.origin().replace("https", "http");
        assert_eq!(proxy.post("from the page", &["-H", &format!("Origin: {unsafe_page}")]), 403);
        assert_eq!(proxy.post("from afar", &["-H", "Origin: https://evil.example"]), 403);
        assert_eq!(proxy.post("from a form", &["-H", "Sec-Fetch-Site: cross-site"]), 403);
        assert_eq!(proxy.ask("/", &["-H", "X-Forwarded-Host: cheeper.example, school.example"]).0, 200);
    });
}

#[test]
fn a_websocket_and_followers_come_through_at_once() {
    each(&["--post-rate", "0"], |_, proxy| {
        for (accept, begins) in [("application/x-ndjson", "{\"type\":\"cheep\""), ("text/event-stream", "data:{")] {
            let accept = format!("Accept: {accept}");
            let mut follower =
                Process::spawn(&mut proxy.curl("/api/cheeps?follow=1&after=0", &["-H", &accept])).unwrap();
            // A line comes before the next one is there to push it out.
            for nth in 0..3 {
                assert_eq!(proxy.post(&format!("{accept} {nth}"), &[]), 201);
                let is_it = |line: &str| line.starts_with(begins) && line.contains(&format!("{accept} {nth}"));
                while !is_it(&follower.line().expect("it goes on")) {}
            }
            follower.kill();
        }
        let asked = handshake(&proxy.origin());
        let said = said_until(&mut proxy.curl("/ws?last=1", &words(&asked)), "text/event-stream 2");
        assert!(said.starts_with("HTTP/1.1 101") && said.contains("\"type\":\"welcome\""), "{said}");
        for foreign in ["https://evil.example", "null"] {
            assert_eq!(proxy.ask("/ws", &words(&handshake(foreign))).0, 403, "{foreign}");
        }
    });
}

#[test]
fn each_person_behind_the_proxy_is_one_whatever_they_say_of_themselves() {
    // Five posts at once, and one more in a minute.
    each(&["--post-rate", "1"], |server, proxy| {
        let from = |address: &str, more: &[&str]| proxy.post("hi", &[&["--interface", address], more].concat());
        let posted: Vec<u16> = (0..6).map(|_| from("127.0.0.2", &[])).collect();
        assert_eq!(posted, [201, 201, 201, 201, 201, 429]);
        for lie in ["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.1, 127.0.0.1", "Forwarded: for=192.0.2.1"] {
            assert_eq!(from("127.0.0.2", &["-H", lie]), 429, "{lie}");
        }
        assert_eq!(from("127.0.0.3", &[]), 201);
        // Whoever goes past the proxy is believed nothing.
        let direct = |address: &str, claimed: &str| {
            let forwarded = format!("X-Forwarded-For: {claimed}");
            let mut curl = Command::new("curl");
            curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--interface", address, "-H", &forwarded]);
            let output = curl.args(["-d", "name=alice&cheep=hi", &server.url("/api/cheep")]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(direct("127.0.0.2", "192.0.2.9"), "429");
        assert_eq!(direct("127.0.0.4", "127.0.0.2"), "201");
    });
}

/// What a server in front of which nginx does as little as this has to say: to the page, and in its log.
fn said(location: &str, requests: &[(&str, &[&str])]) -> (Vec<(u16, String)>, String) {
    let mut server = Observed::start(observed::server().args(["--allow-host", "cheeper.example"]));
    let site = format!(
        "server {{ listen 443 ssl; ssl_certificate /etc/ssl/cheeper.example.crt; \
         ssl_certificate_key /etc/ssl/cheeper.example.key; location / {{ proxy_pass http://127.0.0.1:5000; {location} }} }}\n"
    );
    let proxy = Proxy::start(true, &site, server.address, "cheeper.example", "");
    let asked = handshake(&proxy.origin());
    let answers = requests.iter().map(|&(path, arguments)| {
        let all = if path == "/ws" { words(&asked) } else { arguments.to_vec() };
        let (status, _, body) = proxy.ask(path, &all);
        (status, body)
    });
    let answers = answers.collect();
    server.signal("TERM");
    (answers, server.ended().1.replace(&proxy.port.to_string(), "PORT").replace(&server.address.to_string(), "SERVER"))
}

#[test]
fn a_proxy_that_forgets_upgrade_is_told_of_once() {
    let (answers, log) = said("", &[("/", &[]), ("/ws", &[]), ("/ws", &[])]);
    assert_eq!(answers[0].0, 200);
    for (status, sentence) in &answers[1..] {
        assert!(*status == 426 && sentence.contains("proxy") && sentence.contains("Upgrade"), "{sentence}");
    }
    let told: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert!(told.len() == 1 && told[0].contains("127.0.0.1") && told[0].contains("$http_upgrade"), "{log}");
}

#[test]
fn a_proxy_that_forgets_the_host_is_told_of_once_with_both_names_and_the_flag() {
    let upgrade =
        "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
    let (answers, log) = said(upgrade, &[("/ws", &[]), ("/ws", &[])]);
    for (status, sentence) in &answers {
        assert!(*status == 403 && sentence.contains("https://cheeper.example:"), "{sentence}");
        assert!(sentence.contains("127.0.0.1:") && sentence.contains("--allow-origin"), "{sentence}");
    }
    let told: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert!(told.len() == 1 && told[0].contains("SERVER") && told[0].contains("Host $http_host"), "{log}");
    assert!(told[0].contains("--allow-origin https://cheeper.example:PORT"), "{log}");
}

#[test]
fn a_name_that_the_server_does_not_go_by_and_a_proxy_that_is_not_trusted_are_told_of() {
    let forwards = "proxy_set_header Host made-up.example; proxy_set_header X-Forwarded-For $remote_addr;";
    let (answers, log) = said(forwards, &[("/", &[]), ("/api/cheeps", &[]), ("/healthz", &[])]);
    for (status, sentence) in &answers {
        assert!(*status == 421 && sentence.contains("--allow-host made-up.example"), "{sentence}");
    }
    let error: Value = serde_json::from_str(&answers[1].1).unwrap();
    assert_eq!((&error["code"], &error["field"]), (&json!("bad_field"), &json!("Host")));
    let told: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(told.len(), 2, "{log}");
    assert!(log.contains("--allow-host made-up.example") && log.contains("--trusted-proxy 127.0.0.1"), "{log}");
}
