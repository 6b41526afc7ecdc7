//! A store of an earlier version becomes one of this.

mod support;

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::Path,
    time::Instant,
};

use serde_json::{Value, json};
use support::{
    Client, Server,
    old_store::{self, CHEEPS},
};

const SECRET: &str = "the holder's own secret";

/// What the client that filled it said of each cheep.
fn reply_to(seq: u64) -> Option<u64> {
    match seq {
        8.. if seq % 100 == 7 => Some(7),
        6.. if seq % 5 == 1 => Some(seq / 2),
        _ => None,
    }
}

fn name(seq: u64) -> String {
    if seq % 1000 < 50 { "Holder".to_owned() } else { format!("Guest {}", seq % 7) }
}

/// The cheeps that answer each.
fn answers() -> BTreeMap<u64, Vec<u64>> {
    let mut answers = BTreeMap::<_, Vec<_>>::new();
    for seq in 1..=CHEEPS {
        if let Some(to) = reply_to(seq) {
            answers.entry(to).or_default().push(seq);
        }
    }
    answers
}

/// All cheeps, as somebody gets them who has none.
fn all(client: &mut Client) -> Vec<Value> {
    let (mut cheeps, mut after) = (Vec::new(), 0);
    while after < CHEEPS {
        let page = client.ask(json!({ "type": "history", "after": after, "limit": 200 }));
        after = page["to"].as_u64().unwrap();
        cheeps.extend(page["events"].as_array().unwrap().iter().cloned());
    }
    cheeps
}

/// What the store of version 2 has: posts, then corrections and deletes of every third, which are the holder's, then reactions.
const POSTS_2: u64 = 1500;
const EDITS_2: u64 = 100;
const DELETES_2: u64 = 50;
const REACTIONS_2: u64 = 140;

/// A cheep of that store, as it is given out.
fn cheep_of_version_2(seq: u64) -> Value {
    let is_edited = |seq: u64| seq.is_multiple_of(3) && seq <= 3 * EDITS_2;
    let is_deleted = |seq: u64| seq.is_multiple_of(3) && (301..=300 + 3 * DELETES_2).contains(&seq);
    let answers = |seq: u64| (6..=POSTS_2).filter(move |answer| answer % 5 == 1 && answer / 2 == seq);
    let text = match seq {
        _ if is_deleted(seq) => String::new(),
        _ if is_edited(seq) => format!("cheep {seq}, corrected"),
        _ => format!("cheep {seq} of a store of version 2"),
    };
    let reactions = (1..=REACTIONS_2).filter(|nth| 500 + nth % 20 == seq).count();
    json!({
        "seq": seq,
        "name": if seq.is_multiple_of(3) { "Holder".to_owned() } else { format!("Guest {}", seq % 7) },
        "cheep": text,
        "verified": seq.is_multiple_of(3),
        "deleted": is_deleted(seq).then_some("author"),
        "reply_to": (seq >= 6 && seq % 5 == 1).then_some(seq / 2),
        "id": seq.is_multiple_of(4).then(|| format!("id {seq}")),
        "replies": Some(answers(seq).filter(|answer| !is_deleted(*answer)).count()).filter(|replies| *replies > 0),
        "reactions": Some(reactions).filter(|count| *count > 0),
    })
}

#[test]
fn a_store_of_version_2_has_all_that_was_done_and_takes_what_hosts_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cheeper.db");
    old_store::lay_version_2(&data);
    let mut server = start(&data);
    let mut client = server.client();
    assert_eq!(client.head(), POSTS_2 + EDITS_2 + DELETES_2 + REACTIONS_2);
    let mut seen = 0;
    while seen < POSTS_2 {
        let page = client.ask(json!({ "type": "history", "after": seen, "limit": 200 }));
        let cheeps: Vec<_> =
            page["events"].as_array().unwrap().iter().filter(|event| event["type"] == "cheep").collect();
        assert!(!cheeps.is_empty(), "nothing after {seen}: {page}");
        for cheep in cheeps {
            seen += 1;
            let expected = cheep_of_version_2(seen);
            for field in ["seq", "name", "cheep", "verified", "deleted", "reply_to", "id", "replies"] {
                assert_eq!(cheep[field], expected[field], "{field} of {seen}: {cheep}");
            }
            assert_eq!(cheep["reactions"][0]["count"], expected["reactions"], "{cheep}");
        }
    }
    assert_eq!(client.ask(json!({ "type": "hello", "name": "Holder", "secret": SECRET }))["claimed"], true);
    let head = client.head();
    assert_eq!(client.ask(json!({ "type": "edit", "target": 1500, "cheep": "the last words" }))["seq"], head + 1);
    let taken = client.ask(json!({ "type": "hello", "name": "paypal" }));
    assert_eq!(taken["code"], "name_taken", "{taken}");
    drop(client);
    server.signal("TERM");
    assert!(server.ended().success());
    let check = support::command(&data).arg("check").output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
}

fn start(data: &Path) -> Server {
    Server::on(data, &["--post-rate", "0", "--page-rate", "0"])
}

#[test]
fn a_store_of_version_1_has_all_its_cheeps_and_takes_changes_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cheeper.db");
    old_store::lay(&data);
    let began = Instant::now();
    let server = start(&data);
    let mut client = server.client();
    let took =
        format!("\n{CHEEPS} cheeps of version 1 were there {} ms after the start\n", began.elapsed().as_millis());
    // `eprintln!` would be kept back with what a passing test prints.
    io::stderr().write_all(took.as_bytes()).unwrap();
    let answers = answers();
    let cheeps = all(&mut client);
    assert_eq!(cheeps.len() as u64, CHEEPS);
    for (cheep, seq) in cheeps.iter().zip(1..) {
        let of = |seq: &u64| answers.get(seq).map_or(&[][..], Vec::as_slice);
        let parent_replies = reply_to(seq).map(|to| of(&to).iter().filter(|answer| **answer <= seq).count());
        let expected = [
            ("seq", json!(seq)),
            ("name", json!(name(seq))),
            ("cheep", json!(format!("cheep {seq} of an old store"))),
            ("verified", json!(name(seq) == "Holder")),
            ("id", (seq % 4 == 0).then(|| format!("id {seq}")).into()),
            ("reply_to", reply_to(seq).into()),
            ("parent_replies", parent_replies.into()),
            ("replies", Some(of(&seq).len()).filter(|replies| *replies > 0).into()),
            ("rev", of(&seq).last().copied().into()),
        ];
        for (field, value) in expected {
            assert_eq!(cheep[field], value, "{field} of {seq}: {cheep}");
        }
    }

    let refused = client.ask(json!({ "type": "edit", "name": "Guest 1", "target": 1000, "cheep": "not mine" }));
    assert_eq!(refused["code"], "forbidden", "{refused}");
    let again = client.ask(json!({
        "type": "post", "name": name(500), "cheep": "cheep 500 of an old store", "id": "id 500", "reply_to": reply_to(500),
    }));
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(500), &json!(true)), "{again}");
    assert_eq!(client.ask(json!({ "type": "hello", "name": "Holder", "secret": SECRET }))["claimed"], true);
    let edited = client.ask(json!({ "type": "edit", "target": 1000, "cheep": "mine, and better" }));
    assert_eq!(edited["seq"], CHEEPS + 1, "{edited}");
    let deleted = client.ask(json!({ "type": "delete", "target": 2007 }));
    assert_eq!(deleted["seq"], CHEEPS + 2, "{deleted}");
    let thread = client.ask(json!({ "type": "thread", "seq": 7 }));
    assert_eq!(thread["events"][0]["replies"], answers[&7].len() - 1, "2007 was one of them");
}
