//! `docs/PROTOCOL.md` says what the crate does: its examples, its table of codes, its limits.

use std::collections::{BTreeMap, BTreeSet};

use cheeper_protocol::{ClientFrame, Code, Limits, ServerFrame, limits};
use serde_json::{Map, Value, json};

const PAGE: &str = include_str!("../../docs/PROTOCOL.md");

/// The lines of all blocks of JSON, each with who says it.
fn examples() -> Vec<(&'static str, &'static str)> {
    let mut speaker = None;
    let mut lines = Vec::new();
    for line in PAGE.lines() {
        match (line.strip_prefix("```"), speaker) {
            (Some(_), Some(_)) => speaker = None,
            (Some(language), None) => speaker = Some(language),
            (None, Some(language)) if language.starts_with("json") => lines.push((language, line)),
            (None, _) => {}
        }
    }
    lines
}

/// The cells of the table under a heading of these columns.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let rows = PAGE.lines().skip_while(|line| *line != heading).skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
    assert!(!rows.is_empty(), "no table {heading:?}");
    rows
}

fn object(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn every_example_is_a_frame_and_every_frame_has_one() {
    let mut said = BTreeSet::new();
    for (language, line) in examples() {
        let written = object(line);
        let understood = match language {
            "json client" => json!(ClientFrame::parse(line, &Limits::default()).expect(line)),
            "json server" => json!(ServerFrame::parse(line).expect(line)),
            other => panic!("say whether {other:?} is of a client or a server: {line}"),
        };
        for (field, value) in &written {
            assert_eq!(understood.get(field), Some(value), "{field} of {line}");
        }
        if language == "json server" {
            assert_eq!(understood.as_object().map(Map::len), Some(written.len()), "{line}");
        }
        said.insert(format!("{language} {}", understood["type"].as_str().expect("a type")));
    }
    let all = "client post,client edit,client delete,client react,client hello,client history,client thread,client search,\
               client mute,client release,client link,client undo,client audit,client who,client ping,server welcome,server cheep,server edit,server delete,server reaction,server void,\
               server page,server ack,server hello,server online,server lagged,server who,server audit,server link,server pong,server error,server goodbye";
    assert_eq!(said, all.split(',').map(|frame| format!("json {frame}")).collect());
}

#[test]
fn every_code_stands_in_the_table_with_what_it_is() {
    let written: Vec<_> = table("| code | retryable | why |").iter().map(|row| (row[0], row[1])).collect();
    let codes = Code::ALL.iter().map(|code| (format!("`{code}`"), if code.retryable() { "yes" } else { "no" }));
    let codes: Vec<_> = codes.collect();
    assert_eq!(written, codes.iter().map(|(code, retryable)| (code.as_str(), *retryable)).collect::<Vec<_>>());
}

#[test]
fn the_limits_are_those_of_the_crate() {
    let number = |cell: &str| cell.parse::<u64>().expect("a number");
    let told: Map<_, _> = table("| limit | default | what it bounds |")
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), json!(number(row[1]))))
        .collect();
    assert_eq!(Value::from(told), json!(Limits::default()));

    let fixed: BTreeMap<_, _> =
        table("| limit | value | what it bounds |").iter().map(|row| (row[0], number(row[1]))).collect();
    let expected = [
        ("line feeds", limits::CHEEP_LINE_FEEDS as u64),
        ("name", limits::NAME_BYTES as u64),
        ("marks", limits::NAME_MARKS as u64),
        ("parts", limits::NAME_CLUSTER as u64),
        ("id", *limits::ID_BYTES.end() as u64),
        ("secret", *limits::SECRET_BYTES.end() as u64),
        ("page", limits::PAGE_BYTES as u64),
        ("page without limit", limits::PAGE_DEFAULT as u64),
        ("kinds of reactions", limits::REACTION_KINDS as u64),
        ("names of a reaction", limits::REACTION_NAMES as u64),
        ("emoji", limits::EMOJI_BYTES as u64),
        ("search", limits::QUERY_BYTES as u64),
        ("ancestors", limits::THREAD_ANCESTORS as u64),
        ("seq", limits::SEQ_MAX),
    ];
    assert_eq!(fixed, BTreeMap::from(expected));
}
