//! The command: its flags, its environment, its help and its signals are what the documents say.

mod support;

use std::{collections::BTreeMap, fs, path::Path, process::Command, time::Instant};

use cheeper_server::cli::args::Args;
use clap::{CommandFactory as _, Parser as _};
use serde_json::json;
use support::{Client, PATIENCE, Server, refused};
use tungstenite::{Error, client::IntoClientRequest as _};

#[test]
fn every_variable_does_what_its_flag_does() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("of the environment.db");
    let server = Server::in_environment(&[
        ("CHEEPER_LISTEN", "127.0.0.1:0"),
        ("CHEEPER_DATA", data.to_str().unwrap()),
        ("CHEEPER_POST_RATE", "7"),
        ("CHEEPER_CHEEP_CHARS", "99"),
        ("CHEEPER_MAX_CONNECTIONS", "2"),
        ("CHEEPER_ALLOW_ORIGIN", "https://a.example,https://b.example"),
        ("CHEEPER_LOG", "off"),
    ]);
    assert!(data.exists());
    let visit = |origin: &str| {
        let mut request = format!("ws://{}/ws", server.address).into_client_request().unwrap();
        request.headers_mut().insert("Origin", origin.parse().unwrap());
        Client::request(server.address, request)
    };
    let members = ["https://a.example", "https://b.example"].map(|origin| visit(origin).unwrap());
    let limits = &members[0].welcome["limits"];
    assert_eq!((&limits["posts_per_minute"], &limits["cheep_chars"]), (&json!(7), &json!(99)));
    let refused = server.begin("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 503 "), "there are two: {refused}");
    drop(members);
    // Their seats are free a moment later.
    let began = Instant::now();
    let status = loop {
        match visit("https://c.example") {
            Err(Error::Http(answer)) if answer.status() == 503 && began.elapsed() < PATIENCE => {}
            Err(Error::Http(answer)) => break answer.status(),
            other => panic!("{:?}", other.map(|client| client.welcome)),
        }
    };
    assert_eq!(status, 403);
}

#[test]
fn a_variable_that_makes_no_sense_is_told_as_its_flag_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cheeper.db");
    for variable in flags().into_values().filter(|variable| variable != "CHEEPER_DATA") {
        let mut start = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
        let (code, said) = refused(start.env("CHEEPER_DATA", &data).env(&variable, "==nonsense=="));
        assert!(code == Some(2) && said.contains("==nonsense=="), "{variable}: {said}");
        assert!(!data.exists());
    }
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let all = flags().into_values().collect::<Vec<_>>();
    let mut variables: Vec<(&str, &str)> = all.iter().map(|variable| (variable.as_str(), "")).collect();
    // Where the timeline lies by itself, so that it is not the one of whoever runs this.
    variables.push(("XDG_DATA_HOME", folder));
    variables.retain(|(variable, _)| *variable != "CHEEPER_LISTEN");
    variables.push(("CHEEPER_LISTEN", "127.0.0.1:0"));
    let server = Server::in_environment(&variables);
    assert_eq!(server.client().welcome["limits"]["posts_per_minute"], 60);
    assert!(data.path().join("cheeper/cheeper.db").exists());
    // That one has a default of its own, which may be taken here.
    let mut start = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
    let (code, said) = refused(start.env("CHEEPER_LISTEN", "").args(["--data", "/proc/no such folder/cheeper.db"]));
    assert!(code == Some(1) && !said.contains("--listen <ADDR:PORT>"), "{said}");
}

#[test]
fn the_timeline_lies_where_data_does_or_it_is_said_what_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let start = |home: &str, folder: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
        command.args(["--listen", "192.0.2.1:5000"]).env("HOME", home).env("XDG_DATA_HOME", folder);
        refused(&mut command)
    };
    // An address that this machine has not comes after that.
    for (at, folder) in [(home.path().to_str().unwrap(), ""), ("/", home.path().to_str().unwrap()), ("/", "relative")] {
        let (code, said) = start(at, folder);
        assert!(code == Some(1) && said.contains("cannot listen on 192.0.2.1:5000"), "{said}");
    }
    let (code, said) = start("relative", "relative");
    assert!(code == Some(2) && said.contains("--data"), "{said}");
}

/// Each flag with the name of its value and its variable.
fn flags() -> BTreeMap<String, String> {
    let command = Args::command();
    let flags = command.get_arguments().filter(|argument| argument.get_env().is_some()).map(|argument| {
        let flag = argument.get_long().unwrap();
        let value =
            argument.get_action().takes_values().then(|| format!(" {}", argument.get_value_names().unwrap()[0]));
        (format!("--{flag}{}", value.unwrap_or_default()), argument.get_env().unwrap().to_str().unwrap().to_owned())
    });
    flags.collect()
}

#[test]
fn the_document_for_hosts_lists_the_flags_there_are() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATING.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `--"));
    let listed: BTreeMap<String, String> = rows
        .map(|row| {
            let mut code = row.split('`').skip(1).step_by(2);
            (code.next().unwrap().to_owned(), code.next().unwrap().to_owned())
        })
        .collect();
    assert_eq!(listed, flags());
    // Defaults that are written out are the real ones.
    for (flag, default) in [("post-rate", "60"), ("cheep-chars", "280"), ("page-rate", "20"), ("frame-rate", "1000")] {
        let command = Args::command();
        let argument = command.get_arguments().find(|argument| argument.get_long() == Some(flag)).unwrap();
        assert_eq!(argument.get_default_values(), [default]);
        assert!(
            text.lines().any(|row| row.starts_with(&format!("| `--{flag} ")) && row.contains(&format!("`{default}`")))
        );
    }
}

#[test]
fn the_help_names_every_flag_and_its_examples_work() {
    let output = Command::new(env!("CARGO_BIN_EXE_cheeper-server")).arg("--help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for (flag, variable) in flags() {
        let shown = flag.split_once(' ').map_or(flag.clone(), |(flag, value)| format!("{flag} <{value}>"));
        assert!(help.contains(&shown) && help.contains(&variable), "{flag}: {help}");
    }
    let examples: Vec<&str> =
        help.split_once("Examples:").unwrap().1.lines().filter(|line| line.contains("cheeper-server")).collect();
    assert!(examples.len() >= 4, "{help}");
    for example in examples {
        let words = example.split_whitespace();
        let (variables, typed): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with("CHEEPER_"));
        // A variable is read as the flag of the same name.
        let set = variables.iter().map(|variable| {
            let (name, value) = variable.strip_prefix("CHEEPER_").unwrap().split_once('=').unwrap();
            format!("--{}={value}", name.to_lowercase().replace('_', "-"))
        });
        let typed = typed.into_iter().map(str::to_owned).chain(set);
        assert!(Args::try_parse_from(typed).is_ok(), "{example}");
    }
}

#[test]
fn a_second_signal_does_not_wait_for_anybody() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut server = Server::start();
        // It is told goodbye and does not go: the server would give it a moment.
        let mut guest = server.client();
        server.signal(signal);
        guest.next("goodbye");
        server.signal(signal);
        assert_eq!(server.ended().code(), Some(code), "{signal}");
    }
}
