//! A server that lets nobody in.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::mpsc::{self, Receiver},
    thread,
};

use tempfile::TempDir;

use crate::{client::Client, pipes::Person};

/// Answers every handshake with this status. Gives the port, and a word for each handshake.
pub(crate) fn refusing(status: &'static str) -> (u16, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, came) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().map(Result::unwrap) {
            let head =
                BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).count();
            assert!(head > 0);
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            if (&stream).write_all(answer.as_bytes()).is_err() || tell.send(()).is_err() {
                return;
            }
        }
    });
    (port, came)
}

#[test]
fn in_a_pipe_it_is_the_end_and_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    for (status, says) in [
        ("403 Forbidden", "HTTP status 403): ask whoever runs it"),
        ("401 Unauthorized", "paste the link: cheeper-tui --server LINK"),
        ("421 Misdirected Request", "HTTP status 421): ask whoever runs it"),
    ] {
        let (port, came) = refusing(status);
        let bob = Person::new(folder.path(), &format!("127.0.0.1:{port}"));
        for arguments in [&["post", "hi", "--name", "bob"][..], &["tail"]] {
            let (code, printed, said) = bob.run(arguments, "");
            assert_eq!((code, printed.as_str(), said.lines().count()), (Some(1), "", 1), "{arguments:?}: {said}");
            assert!(said.contains("does not let this client in") && said.contains(says), "{arguments:?}: {said}");
        }
        assert_eq!(came.try_iter().count(), 2, "each asked once");
    }
}

#[test]
fn on_a_screen_only_a_person_tries_again() {
    let folder = TempDir::new().unwrap();
    let (port, came) = refusing("403 Forbidden");
    let mut alice = Client::start(folder.path(), "alice", port);
    alice.shows("no way in");
    alice.says("status 403): ask whoever runs it. Then press r");
    came.recv().unwrap();
    alice.signal("-STOP");
    alice.raw.clear();
    // Back from a stop it takes the terminal again, and does not ask the server again.
    alice.signal("-CONT");
    alice.prints("\u{1b}[?1049h");
    alice.types("r");
    came.recv().unwrap();
    alice.types("\u{3}");
    assert_eq!(alice.ends().0, 0);
    assert_eq!(came.try_iter().count(), 0, "nobody else asked");
}
