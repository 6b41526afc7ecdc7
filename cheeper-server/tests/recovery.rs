//! What was acked or shown is there for good, whatever happens to the process or the disk.

mod support;

use std::{
    collections::HashMap, fs, io::Write as _, net::TcpListener, path::Path, process::Command, sync::mpsc, thread,
};

use cheeper_protocol::Event;
use serde_json::json;
use support::{Client, Follower, Server, TEXT, command, frame, refused, refused_in_a_sentence};

/// Posts of one author that may be under way at once.
const UNDER_WAY: usize = 200;

/// A cheep as its author knows it: its id and its words.
type Said = (String, String);

fn said(event: &Event) -> Said {
    let Event::Cheep(cheep) = event else { panic!("{event:?}") };
    (cheep.id.as_ref().unwrap().to_string(), cheep.cheep.to_string())
}

/// What an author knows of a crash: what was sent, and what of it was acked, by seq.
struct Storm {
    name: &'static str,
    sent: Vec<Said>,
    acked: HashMap<u64, String>,
}

/// Posts without waiting for acks until the server dies.
fn storm(mut client: Client, round: usize, name: &'static str) -> Storm {
    let mut out = client.socket.get_ref().try_clone().unwrap();
    let (enter, leave) = mpsc::sync_channel(UNDER_WAY);
    let sender = thread::spawn(move || {
        let mut sent = Vec::new();
        while enter.send(()).is_ok() {
            let (id, cheep) = (format!("{name} {round} {}", sent.len()), format!("{name} in round {round}"));
            let post = json!({ "name": name, "cheep": cheep, "id": id }).to_string();
            // It may have arrived even if this fails.
            sent.push((id, cheep));
            if out.write_all(&frame(TEXT, post.as_bytes())).is_err() {
                break;
            }
        }
        sent
    });
    let mut acked = HashMap::new();
    while let Ok(answer) = client.try_next() {
        if answer["type"] == "ack" {
            acked.insert(answer["seq"].as_u64().unwrap(), answer["id"].as_str().unwrap().to_owned());
            leave.recv().unwrap();
        }
        assert_ne!(answer["type"], "error", "{answer}");
    }
    drop(leave);
    Storm { name, sent: sender.join().unwrap(), acked }
}

fn watch(mut client: Client, tell: &mpsc::Sender<u64>) -> HashMap<u64, Said> {
    let mut shown = HashMap::new();
    while let Ok(frame) = client.try_next() {
        if frame["type"] == "cheep" {
            let seq = frame["seq"].as_u64().unwrap();
            let event = serde_json::from_value(frame).unwrap();
            assert!(shown.insert(seq, said(&event)).is_none(), "seq {seq} was shown twice");
            // Nobody listens any more once there was enough to see.
            tell.send(seq).ok();
        }
    }
    shown
}

/// The log, which a client that follows it sees dense from 1.
fn everything(server: &Server) -> Vec<Event> {
    Follower::after(server.address, 0).until(server.client().head()).to_vec()
}

/// The log as its seqs by id. Nothing is in it twice.
fn seqs_by_id(log: &[Event]) -> HashMap<String, u64> {
    let seqs: HashMap<String, u64> = log.iter().map(|event| (said(event).0, event.seq().get())).collect();
    assert_eq!(seqs.len(), log.len(), "a cheep is there twice");
    seqs
}

/// Sends everything again, and gives back how much of it was stored though its ack was lost.
fn retry(server: &Server, storm: &Storm, before: &HashMap<String, u64>) -> usize {
    let mut client = server.client();
    let mut lost = 0;
    for some in storm.sent.chunks(UNDER_WAY) {
        for (id, cheep) in some {
            client.send(&json!({ "name": storm.name, "cheep": cheep, "id": id }));
        }
        for _ in some {
            let ack = client.until(|frame| frame["type"] == "ack" || frame["type"] == "error");
            let (id, seq) =
                (ack["id"].as_str().unwrap_or_default(), ack["seq"].as_u64().unwrap_or_else(|| panic!("{ack}")));
            match before.get(id) {
                Some(first) => assert_eq!((ack["duplicate"].as_bool(), seq), (Some(true), *first), "{ack}"),
                None => assert!(ack["duplicate"].is_null() && seq > before.len() as u64, "{ack}"),
            }
            lost += usize::from(before.contains_key(id) && !storm.acked.contains_key(&seq));
        }
    }
    lost
}

#[test]
fn ten_times_killed_in_a_storm_it_keeps_what_it_acked_and_what_it_showed() {
    const POSTERS: [&str; 4] = ["alice", "bob", "carol", "dave"];
    let mut server = Server::start();
    let mut follower = Follower::after(server.address, 0);
    let (mut sent, mut lost) = (0, 0);
    for round in 0..10 {
        let (tell, shown_seqs) = mpsc::channel();
        let head = server.client().head();
        let (storms, shown) = thread::scope(|scope| {
            let watcher = server.client();
            let watcher = scope.spawn(move || watch(watcher, &tell));
            let storms = POSTERS.map(|name| {
                let client = server.client();
                scope.spawn(move || storm(client, round, name))
            });
            // Killed while all of them are at it, at another point in each round.
            let enough = head + 40 + 37 * round as u64;
            while shown_seqs.recv_timeout(support::PATIENCE).unwrap() < enough {}
            server.kill();
            (storms.map(|storm| storm.join().unwrap()), watcher.join().unwrap())
        });
        server.restart();

        let log = everything(&server);
        let seqs = seqs_by_id(&log);
        for (seq, known) in &shown {
            assert_eq!(&said(&log[usize::try_from(*seq).unwrap() - 1]), known, "seq {seq} was shown");
        }
        for (seq, id) in storms.iter().flat_map(|storm| &storm.acked) {
            assert_eq!(seqs.get(id), Some(seq), "{id} was acked");
        }
        for storm in &storms {
            lost += retry(&server, storm, &seqs);
            sent += storm.sent.len();
        }
        let log = everything(&server);
        assert_eq!(seqs_by_id(&log).len(), sent, "each is there once");
        assert_eq!(log.len(), sent);
        follower.address = server.address;
        assert_eq!(follower.until(sent as u64), log, "who comes back each time misses nothing");
    }
    assert!(lost > 0, "no ack was lost, so nothing was put to the test");
}

#[test]
fn every_watcher_sees_each_cheep_of_25_posters_once_and_in_order() {
    const POSTERS: usize = 25;
    const POSTS: usize = 40;
    let server = Server::start();
    thread::scope(|scope| {
        for _ in 0..POSTERS {
            let mut watcher = server.client();
            scope.spawn(move || {
                let seen: Vec<u64> =
                    (0..POSTERS * POSTS).map(|_| watcher.next("cheep")["seq"].as_u64().unwrap()).collect();
                assert_eq!(seen, (1..=(POSTERS * POSTS) as u64).collect::<Vec<_>>());
            });
        }
        for nth in 0..POSTERS {
            let mut poster = server.client();
            scope.spawn(move || poster.post_many(&format!("poster {nth}"), POSTS));
        }
    });
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    // The socket of a running server is none.
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file());
    let mut files: Vec<_> = entries.map(read).collect();
    files.sort();
    files
}

#[test]
fn a_port_in_use_is_said_and_no_store_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut start = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
    start.args(["--listen", &address, "--data"]).arg(folder.path().join("cheeper.db"));
    refused_in_a_sentence(&mut start, &address);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn an_address_that_cannot_be_used_is_told_from_one_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cheeper.db");
    let start = |address: &str| {
        let mut start = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
        start.args(["--listen", address, "--data"]).arg(&data);
        start
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    refused_in_a_sentence(&mut start(&taken.local_addr().unwrap().to_string()), "another server");
    // An address for documentation: nobody has it.
    refused_in_a_sentence(&mut start("192.0.2.1:5000"), "no such address");
    // Ports below this number are the system's; where there are none, there is nothing to refuse.
    let first_free = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    if first_free.trim() != "0" {
        // Even root is refused without this one right.
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let without: &[&str] = if is_root { &["setpriv", "--bounding-set", "-net_bind_service"] } else { &["env"] };
        let mut start = Command::new(without[0]);
        start.args(&without[1..]).arg(env!("CARGO_BIN_EXE_cheeper-server"));
        start.args(["--listen", "127.0.0.1:1", "--data"]).arg(&data);
        refused_in_a_sentence(&mut start, "1024");
    }
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_damaged_store_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cheeper.db");
    let mut server = Server::on(&data, &["--post-rate", "0"]);
    server.client().post_many("alice", 300);
    server.signal("TERM");
    assert!(server.ended().success());
    let sound = fs::read(&data).unwrap();
    let mut scribbled = sound.clone();
    scribbled[4096..].fill(0xAA);
    for damaged in [b"my diary, not a database".to_vec(), sound[..sound.len() / 2].to_vec(), scribbled] {
        fs::write(&data, damaged).unwrap();
        let before = files(folder.path());
        refused_in_a_sentence(&mut command(&data), "cheeper.db");
        let after = files(folder.path());
        let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&after), names(&before));
        assert!(after == before, "the store was changed");
    }
    fs::write(&data, sound).unwrap();
    server.restart();
    assert_eq!(server.client().head(), 300);
}

#[test]
fn a_store_has_one_server_at_a_time() {
    let server = Server::start();
    refused_in_a_sentence(&mut command(&server.data), "another server");
    assert_eq!(server.client().post("alice", "undisturbed"), 1);
}

#[test]
fn a_place_where_no_store_can_be_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "not a folder").unwrap();
    refused_in_a_sentence(&mut command(&folder.path().join("file/cheeper.db")), "cheeper.db");
    refused_in_a_sentence(&mut command(folder.path()), "--data");
    refused_in_a_sentence(&mut command(Path::new("/proc/cheeper.db")), "/proc/cheeper.db");
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"not a folder");
}

#[test]
fn nonsense_flags_are_told_apart_from_trouble() {
    let folder = tempfile::tempdir().unwrap();
    for flags in [
        &["--lissten", "127.0.0.1:0"][..],
        &["--post-rate", "-1"],
        &["--cheep-chars", "0"],
        &["--max-connections", "0"],
        &["--max-connections", "99999999999"],
        &["--allow-origin", "example.org"],
        &["--log", "cheeper_server=loud"],
        &["surplus"],
    ] {
        let mut start = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
        let (code, said) = refused(start.arg("--data").arg(folder.path().join("cheeper.db")).args(flags));
        assert_eq!(code, Some(2), "{flags:?}: {said}");
        assert!(!said.is_empty());
    }
    assert!(files(folder.path()).is_empty());
}
