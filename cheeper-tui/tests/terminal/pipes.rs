//! `post`, `tail` and the small commands, as scripts use them.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Instant,
};

use cheeper_protocol::testkit::{PATIENCE, Server};
use tempfile::TempDir;

pub(crate) struct Person {
    home: PathBuf,
    server: String,
}

impl Person {
    pub(crate) fn new(home: &Path, server: &str) -> Self {
        Self { home: home.to_owned(), server: server.to_owned() }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cheeper-tui"));
        command.args(arguments).env("CHEEPER_SERVER", &self.server).env("HOME", &self.home);
        for variable in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "CHEEPER_NAME"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
        let mut child = self.command(arguments).spawn().unwrap();
        // It may end without reading all of it.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    /// The first lines that `tail` prints; then nobody reads on, and it has to end by itself.
    fn tail(&self, arguments: &[&str], count: usize) -> Vec<String> {
        let mut child = self.command(&[&["tail"], arguments].concat()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(count).map(Result::unwrap).collect();
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
        lines
    }
}

/// Waits until the search has found out about this: it reads what was posted a moment later.
pub(crate) fn until_found(person: &Person, what: &str) {
    let began = Instant::now();
    while person.run(&["search", what], "").1.is_empty() {
        assert!(began.elapsed() < PATIENCE, "{what} is not found");
    }
}

/// The texts at the ends of lines.
fn texts(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.rsplit("  ").next()).collect()
}

pub(crate) fn at(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

#[test]
fn what_is_posted_by_lines_or_whole_is_printed_by_tail() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let bob = Person::new(folder.path(), &at(server.address.port()));
    let quiet = (Some(0), String::new(), String::new());
    assert_eq!(bob.run(&["post", "one", "--name", "bob"], ""), quiet);
    assert_eq!(bob.run(&["--name", "bob", "post", "-"], "two\n\n  three \nfour"), quiet);
    assert_eq!(bob.run(&["post", "--whole", "-", "--name", "bob", "--reply-to", "1"], "five\nsix\n"), quiet);
    let lines = bob.tail(&["--last", "3"], 3);
    assert_eq!(texts(&lines), ["three", "four", "five ⏎ six"]);
    assert!(lines[2].starts_with("5  ") && lines[2].contains("bob ✓") && lines[2].contains("↱ 1"), "{lines:?}");
    assert!(!lines.concat().contains('\u{1b}'), "no colours in a pipe");
    assert_eq!(texts(&bob.tail(&["--after", "3"], 2)), ["four", "five ⏎ six"]);
    let json = bob.tail(&["--json", "--last", "1"], 1);
    let event: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
    assert_eq!((event["seq"].as_u64(), event["cheep"].as_str()), (Some(5), Some("five\nsix")));
}

#[test]
fn a_link_that_lets_people_in_is_not_posted() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let bob = Person::new(folder.path(), &at(server.address.port()));
    let link = "https://cheeper.example/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg";
    let lines = format!("one\nlook: {link}\ntwo\n");
    for (arguments, input, rest) in [
        (&["post", link][..], "", "; nothing was posted"),
        (&["post", "-"], lines.as_str(), " (line 2 of the input); 1 cheep was posted before that"),
        (&["post", "--whole", "-"], lines.as_str(), "; nothing was posted"),
        (&["edit", "1", link], "", ""),
        (&["edit", "1", "-"], link, ""),
    ] {
        let (code, printed, said) = bob.run(&[arguments, &["--name", "bob"]].concat(), input);
        assert_eq!((code, printed.as_str()), (Some(1), ""), "{arguments:?}");
        let why = "This is a link that lets people in: it is not posted. Start with: cheeper-tui --server LINK";
        assert_eq!(said, format!("cheeper-tui: {why}{rest}.\n"), "{arguments:?}");
    }
    assert_eq!(texts(&bob.tail(&["--last", "9"], 1)), ["one"]);
}

#[test]
fn a_script_changes_cheeps_and_tail_tells_of_it() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let bob = Person::new(&folder.path().join("bob"), &at(server.address.port()));
    let eve = Person::new(&folder.path().join("eve"), &at(server.address.port()));
    let quiet = (Some(0), String::new(), String::new());
    for arguments in [
        &["post", "frist"][..],
        &["post", "oops"],
        &["post", "an answer", "--reply-to", "1"],
        &["edit", "1", "first"],
        &["react", "1", "🎉"],
        &["react", "1", "♥"],
        &["react", "1", "♥", "--off"],
        &["delete", "2"],
        // It is so already.
        &["delete", "2"],
        &["react", "1", "🎉"],
    ] {
        assert_eq!(bob.run(&[arguments, &["--name", "bob"]].concat(), ""), quiet, "{arguments:?}");
    }
    assert_eq!(bob.run(&["edit", "3", "-", "--name", "bob"], "two\nlines\n"), quiet);
    let lines = bob.tail(&["--after", "0"], 9);
    let told: Vec<&str> = lines.iter().filter_map(|line| line.splitn(3, "  ").nth(2)).collect();
    let expected = [
        "bob ✓  (edited)  first",
        "bob  deleted by its author",
        "bob ✓  ↱ 1  (edited)  two ⏎ lines",
        "1 edited: first",
        "🎉 bob on 1",
        "♥️ bob on 1",
        "♥️ bob no longer on 1",
        "2 deleted by its author",
        "3 edited: two ⏎ lines",
    ];
    assert_eq!(told, expected, "{lines:?}");
    assert!(lines[3].starts_with("4*  ") && !lines.concat().contains("oops"), "{lines:?}");
    for (arguments, says) in [
        (&["edit", "1", "mine now", "--name", "eve"][..], "can change it"),
        (&["delete", "1", "--name", "eve"], "can change it"),
        (&["react", "2", "🎉", "--name", "eve"], "was deleted"),
        (&["delete", "99", "--name", "eve"], "no such cheep"),
        (&["edit", "1", " ", "--name", "eve"], "write something first"),
        (&["thread", "99"], "no such cheep"),
    ] {
        let (code, printed, said) = eve.run(arguments, "");
        assert_eq!((code, printed.as_str(), said.lines().count()), (Some(1), "", 1), "{arguments:?}: {said}");
        assert!(said.contains(says) && !said.contains("posted"), "{arguments:?}: {said}");
    }
    assert_eq!(eve.run(&["react", "1", "no", "--name", "eve"], "").0, Some(2));
    let (code, printed, _) = eve.run(&["thread", "3"], "");
    let printed: Vec<String> = printed.lines().map(str::to_owned).collect();
    assert_eq!((code, texts(&printed)), (Some(0), vec!["first", "two ⏎ lines"]));
}

#[test]
fn a_script_searches() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    server.client().post_many("cheep number", 300);
    let bob = Person::new(folder.path(), &at(server.address.port()));
    until_found(&bob, "\"number 300\"");
    let (code, printed, said) = bob.run(&["search", "cheep", "--last", "250"], "");
    let lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    let (first, last) = (lines.first().cloned().unwrap_or_default(), lines.last().cloned().unwrap_or_default());
    assert_eq!((code, said.as_str(), lines.len()), (Some(0), "", 250));
    assert!(first.ends_with("cheep number 51") && last.ends_with("cheep number 300"), "{first} … {last}");
    let (code, printed, _) = bob.run(&["search", "--json", "\"number 7\""], "");
    assert_eq!((code, printed.lines().count()), (Some(0), 1), "{printed}");
    assert!(printed.contains(r#""cheep":"cheep number 7""#), "{printed}");
    let nothing = "cheeper-tui: nothing was found for nowhere\n".to_owned();
    assert_eq!(bob.run(&["search", "nowhere"], ""), (Some(0), String::new(), nothing));
}

#[test]
fn tail_goes_back_further_than_a_page_and_on_after_a_loss() {
    let folder = TempDir::new().unwrap();
    let mut server = Server::start();
    let store = server.data.clone();
    let port = server.address.port();
    let bob = Person::new(folder.path(), &at(port));
    // Forms of many names: one person may not post so much.
    let post = |range: std::ops::Range<u32>| {
        let names: Vec<_> = range.map(|nth| (nth, format!("name{nth}"))).collect();
        for (nth, name) in names {
            let (code, _, said) = bob.run(&["post", &format!("cheep {nth}"), "--name", &name], "");
            assert_eq!(code, Some(0), "{said}");
        }
    };
    post(0..12);
    let mut child = bob.command(&["tail", "--last", "5"]).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first: Vec<String> = lines.by_ref().take(5).collect();
    assert_eq!(texts(&first), ["cheep 7", "cheep 8", "cheep 9", "cheep 10", "cheep 11"]);
    server.kill();
    server.restart_in_place(&store);
    post(12..15);
    let after: Vec<String> = lines.by_ref().take(3).collect();
    assert_eq!(texts(&after), ["cheep 12", "cheep 13", "cheep 14"]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn failures_are_one_sentence_and_an_exit_code() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let bob = Person::new(&folder.path().join("bob"), &at(server.address.port()));
    let eve = Person::new(&folder.path().join("eve"), &at(server.address.port()));
    let nobody = Person::new(folder.path(), "127.0.0.1:1");
    assert_eq!(bob.run(&["post", "mine", "--name", "bob"], "").0, Some(0));
    let long = "x".repeat(281);
    let marked = format!("a{}", "\u{301}".repeat(8_180));
    for (person, arguments, input, code, says) in [
        (&eve, &["post", "hi", "--name", "bob"][..], "", 1, "bob is taken on this server"),
        (
            &bob,
            &["post", "-", "--name", "bob"],
            &format!("fine\n{long}\nnot posted\n")[..],
            1,
            "(line 2 of the input); 1 cheep was posted",
        ),
        (&bob, &["post", " ", "--name", "bob"], "", 1, "write something first"),
        // One character, but more bytes than the server reads: it is not sent again and again.
        (&bob, &["post", &marked, "--name", "bob"], "", 1, "bytes on its way, and this server reads at most 16384"),
        (&bob, &["post", "hi", "--name", "bob", "--reply-to", "99"], "", 1, "does not exist"),
        (
            &nobody,
            &["post", "hi", "--name", "bob", "--patience", "1"],
            "",
            1,
            "127.0.0.1:1 does not answer: nobody listens there; nothing",
        ),
        (&bob, &["post", "hi"], "", 2, "say who you are"),
        (&bob, &["identity", "export", "--name", "stranger"], "", 1, "has no secret here yet"),
        (&bob, &["identity", "import"], "nonsense", 1, "holds no identity"),
        (&bob, &["--name", "bob"], "", 1, "this needs a terminal"),
    ] {
        let (ended, printed, said) = person.run(arguments, input);
        assert_eq!((ended, printed.as_str(), said.lines().count()), (Some(code), "", 1), "{arguments:?}: {said}");
        assert!(said.starts_with("cheeper-tui: ") && said.contains(says), "{arguments:?}: {said}");
    }
    for nonsense in
        [&["--name", ""][..], &["--server", "ftp://x"], &["post"], &["tail", "--last", "x"], &["--nam", "x"]]
    {
        let (code, _, said) = bob.run(nonsense, "");
        assert_eq!(code, Some(2), "{said}");
        assert!(said.starts_with("error:"), "{said}");
    }
}

#[test]
fn a_failure_does_not_wait_for_the_end_of_the_input() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let bob = Person::new(&folder.path().join("bob"), &at(server.address.port()));
    let mut child = bob.command(&["post", "-", "--name", "bob"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(format!("fine\n{}\n", "x".repeat(281)).as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    drop(input);
}

#[test]
fn a_name_is_taken_to_another_machine() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let here = Person::new(&folder.path().join("here"), &at(server.address.port()));
    let there = Person::new(&folder.path().join("there"), &at(server.address.port()));
    assert_eq!(here.run(&["post", "from here", "--name", "alice"], "").0, Some(0));
    let (_, identity, _) = here.run(&["identity", "export", "--name", "alice"], "");
    assert!(identity.starts_with(&format!("http://{}/#name=alice&secret=", at(server.address.port()))), "{identity}");
    let (code, said, _) = there.run(&["identity", "import"], &identity);
    assert_eq!(code, Some(0));
    assert!(said.contains("You can be alice"), "{said}");
    assert_eq!(there.run(&["post", "from there", "--name", "alice"], "").0, Some(0));
    assert!(there.tail(&["--last", "1"], 1)[0].contains("alice ✓"));
    // Another secret does not take its place by mistake.
    let (address, secret) = identity.split_once("secret=").unwrap();
    let other = format!("{address}secret={}", secret.replace(|c: char| c.is_ascii_digit(), "0"));
    assert_eq!(there.run(&["identity", "import"], &other).0, Some(1));
    assert_eq!(there.run(&["identity", "import", "--replace"], &other).0, Some(0));
    // Without a server that is set, it is for the one that the link leads to; what was printed before there were links does.
    let elsewhere = Person::new(&folder.path().join("elsewhere"), "");
    let (_, said, _) = elsewhere.run(&["identity", "import"], &identity);
    assert_eq!(said, format!("You can be alice on {} now.\n", at(server.address.port())));
    let json = r#"{"name":"bob","secret":"sixteen bytes or more"}"#;
    assert_eq!(there.run(&["identity", "import"], json).0, Some(0));
    let (_, with_code, _) = there.run(&["identity", "export", "--name", "bob", "--qr"], "");
    assert!(
        with_code.lines().count() > 15 && with_code.contains("secret=sixteen%20bytes%20or%20more\n"),
        "{with_code}"
    );
}

#[test]
fn settings_come_from_flags_then_variables_then_the_file() {
    let folder = TempDir::new().unwrap();
    let server = Server::start();
    let person = Person::new(folder.path(), "");
    let config = folder.path().join(".config/cheeper/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, format!("name = \"file\"\nserver = \"{}\"\n", at(server.address.port()))).unwrap();
    let run = |arguments: &[&str], name: Option<&str>| {
        let mut command = person.command(arguments);
        command.env_remove("CHEEPER_SERVER");
        if let Some(name) = name {
            command.env("CHEEPER_NAME", name);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let done = (Some(0), String::new());
    assert_eq!(run(&["post", "1"], None), done);
    assert_eq!(run(&["post", "2"], Some("variable")), done);
    assert_eq!(run(&["post", "3", "--name", "flag"], Some("variable")), done);
    let lines = Person::new(folder.path(), &at(server.address.port())).tail(&[], 3);
    for (line, name) in lines.iter().zip(["file ✓", "variable ✓", "flag ✓"]) {
        assert!(line.contains(name), "{line}");
    }
    fs::write(&config, "name = \"file\"\nthme = \"dark\"\n").unwrap();
    let (code, said) = run(&["post", "4"], None);
    assert_eq!(code, Some(2));
    assert!(said.contains("config.toml, line 2: there is no setting `thme`; did you mean `theme`?"), "{said}");
}

#[test]
fn what_ships_with_the_command_is_made_by_it() {
    let folder = TempDir::new().unwrap();
    let person = Person::new(folder.path(), "127.0.0.1:1");
    let (code, config, _) = person.run(&["config"], "");
    assert!(code == Some(0) && config.contains("#theme = \"auto\""));
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = person.run(&["completions", shell], "");
        assert!(code == Some(0) && script.contains("identity"), "{shell}");
    }
    let pages = folder.path().join("man");
    assert_eq!(person.run(&["man", pages.to_str().unwrap()], "").0, Some(0));
    for page in ["cheeper-tui.1", "cheeper-tui-tail.1", "cheeper-tui-identity-import.1"] {
        assert!(fs::read_to_string(pages.join(page)).unwrap().contains(".SH NAME"), "{page}");
    }
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    for name in ["NAME", "SERVER", "THEME", "COLOR", "NOTIFY", "NO_BELL", "NO_MOUSE", "CONFIG"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cheeper-tui"));
        let output = command.arg("config").env(format!("CHEEPER_{name}"), "").output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
