//! What was acked or shown is there for good, whatever happens to the process or the disk.

mod support;

use std::{
    collections::HashMap,
    fs,
    net::TcpListener,
    path::Path,
    process::Command,
    sync::{Barrier, mpsc},
    thread,
};

use serde_json::{Value, json};
use support::{Client, Server, command, refused, refused_in_a_sentence};
use tungstenite::Message;

/// What somebody learned before the crash: cheeps by seq, each as its author's id and words.
type Known = HashMap<u64, (String, String)>;

fn words(frame: &Value) -> (String, String) {
    (frame["id"].as_str().unwrap().to_owned(), frame["cheep"].as_str().unwrap().to_owned())
}

/// Posts without waiting for acks until the server dies; gives back what was acked.
fn storm(mut client: Client, round: usize, name: &str, first_ack: &Barrier) -> Known {
    let mut acked = Known::new();
    let mut met = false;
    for nth in 0.. {
        let (id, cheep) = (format!("{name}-{round}-{nth}"), format!("{name} says {nth} in round {round}"));
        let post = json!({ "name": name, "cheep": cheep, "id": id }).to_string();
        if client.socket.send(Message::text(post)).is_err() {
            break;
        }
        let Ok(answer) = client.try_answer(&id) else { break };
        assert_eq!(answer["type"], "ack", "{answer}");
        acked.insert(answer["seq"].as_u64().unwrap(), (id, cheep));
        if !met {
            met = true;
            first_ack.wait();
        }
    }
    acked
}

fn watch(mut client: Client, tell: &mpsc::Sender<u64>) -> Known {
    let mut shown = Known::new();
    while let Ok(frame) = client.try_next() {
        if frame["type"] == "cheep" {
            let seq = frame["seq"].as_u64().unwrap();
            assert!(shown.insert(seq, words(&frame)).is_none(), "seq {seq} was shown twice");
            // Nobody listens any more once there was enough to see.
            tell.send(seq).ok();
        }
    }
    shown
}

fn everything(server: &Server) -> Vec<Value> {
    let mut client = server.client();
    let (head, mut events) = (client.head(), Vec::new());
    while (events.len() as u64) < head {
        let page = client.ask(json!({ "type": "history", "after": events.len(), "limit": 200 }));
        events.extend(page["cheeps"].as_array().unwrap().iter().cloned());
    }
    events
}

#[test]
fn ten_times_killed_in_a_storm_it_keeps_what_it_acked_and_what_it_showed() {
    const POSTERS: [&str; 4] = ["alice", "bob", "carol", "dave"];
    let mut server = Server::start();
    for round in 0..10 {
        let first_ack = Barrier::new(POSTERS.len());
        let (tell, shown_seqs) = mpsc::channel();
        let head = server.client().head();
        let known: Vec<Known> = thread::scope(|scope| {
            let watcher = server.client();
            let watcher = scope.spawn(move || watch(watcher, &tell));
            let posters = POSTERS.map(|name| {
                let (client, first_ack) = (server.client(), &first_ack);
                scope.spawn(move || storm(client, round, name, first_ack))
            });
            // Killed while all of them are at it, at another point in each round.
            let enough = head + 40 + 13 * round as u64;
            while shown_seqs.recv_timeout(support::PATIENCE).unwrap() < enough {}
            server.kill();
            posters.into_iter().chain([watcher]).map(|thread| thread.join().unwrap()).collect()
        });
        server.restart();

        let log = everything(&server);
        let stored: Vec<u64> = log.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(stored, (1..=log.len() as u64).collect::<Vec<_>>());
        let mut ids: Vec<(String, String)> = log.iter().map(words).collect();
        for (seq, known) in known.iter().flatten() {
            assert_eq!(log.get(usize::try_from(*seq).unwrap() - 1).map(words).as_ref(), Some(known), "seq {seq}");
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), log.len(), "a cheep is there twice");

        let mut again = server.client();
        for (seq, (id, cheep)) in known[..POSTERS.len()].iter().flatten() {
            let name = id.split('-').next().unwrap();
            let ack = again.ask(json!({ "name": name, "cheep": cheep, "id": id }));
            assert_eq!((&ack["seq"], &ack["duplicate"]), (&json!(seq), &json!(true)), "{ack}");
        }
        assert_eq!(server.client().head(), log.len() as u64);
    }
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
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect();
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
