//! A bug is told and counted; one that takes away what the server cannot do without ends it, in order.

mod observed;
mod support;

use std::{fs, path::Path, time::Instant};

use observed::{Observed, broken_server};
use support::PATIENCE;

/// How often the server says that something panicked.
fn panics(server: &Observed) -> String {
    let metrics = server.get("/metrics");
    metrics.lines().find_map(|line| line.strip_prefix("cheeper_panics_total ")).expect(&metrics).to_owned()
}

#[test]
fn a_bug_that_takes_nothing_away_is_told_in_a_line_and_counted() {
    let mut server = Observed::start(broken_server().env_remove("RUST_BACKTRACE").args(["--log", "off"]));
    assert_eq!(panics(&server), "0");
    server.ask_for("a text \\e[31mof\\nsomebody's");
    let began = Instant::now();
    while panics(&server) != "1" {
        assert!(began.elapsed() < PATIENCE, "it is not counted");
    }
    let mut guest = server.client();
    assert_eq!(guest.post("alice", "it goes on"), 1);
    server.signal("TERM");
    guest.next("goodbye");
    drop(guest);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    // Whatever is logged otherwise, and on one line whoever wrote the text.
    let [line] = log.lines().collect::<Vec<_>>()[..] else { panic!("{log}") };
    assert!(line.contains(" ERROR thread '<unnamed>' panicked at cheeper-server/examples/broken.rs:"), "{log}");
    assert!(line.ends_with(r": a text \u{1b}[31mof\nsomebody's"), "{log}");
}

#[test]
fn a_bug_in_a_worker_ends_the_server_in_order_and_not_well() {
    let mut server = Observed::start(&mut broken_server());
    let mut guest = server.client();
    assert_eq!(guest.post("alice", "before"), 1);
    server.ask_for("worker");
    guest.next("goodbye");
    drop(guest);
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("thread 'a-worker' panicked at "), "{log}");
    assert!(log.ends_with("and report what it logged.\n"), "{log}");
}

#[test]
fn a_bug_in_a_worker_ends_the_server_though_nobody_reads_of_it() {
    let mut server = Observed::unread(&mut broken_server());
    let mut guest = server.client();
    server.ask_for("worker");
    guest.next("goodbye");
    drop(guest);
    assert_eq!(server.ended().0.code(), Some(1));
}

/// What the test above shows of one thread holds of all that carry the server.
#[test]
fn every_thread_that_the_server_cannot_do_without_is_a_worker() {
    fn look_through(path: &Path) {
        if path.is_dir() {
            return fs::read_dir(path).unwrap().for_each(|entry| look_through(&entry.unwrap().path()));
        }
        if path.ends_with("tests.rs") || path.iter().any(|part| part == "tests" || part == "contract") {
            return;
        }
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in ["thread::spawn", "thread::Builder", "thread::scope"] {
            assert!(!code.contains(word), "{} must start its threads with worker::spawn", path.display());
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // The command's own threads only write, and whoever panics there has told it.
    let rooms = fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path());
    rooms.filter(|path| !path.ends_with("cli") && !path.ends_with("worker.rs")).for_each(|path| look_through(&path));
}
