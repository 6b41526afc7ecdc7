//! Readers who may not write, people who are muted, and hosts.

use cheeper_protocol::{Role, Seq};
use cheeper_tui::{action::Context, effect::Effect, hosting::Over, msg::Msg};

use crate::screen::{Screen, screen};

const TOKEN: &str = "j_8cZ0u3m5Q1xkq2Yw7b9aTg";

fn says(screen: &Screen) -> Vec<String> {
    let sent = screen.effects.iter().filter_map(|effect| match effect {
        Effect::Send(frame) => Some(frame.to_json()),
        _ => None,
    });
    sent.collect()
}

fn notice(screen: &Screen) -> &str {
    screen.model.notice.as_deref().unwrap_or_default()
}

fn shows(screen: &Screen, words: &str) -> bool {
    screen.rows().iter().any(|row| row.contains(words))
}

/// Welcomed in this role by a server with two cheeps, by Bob, who has claimed his name, and by Eve.
fn as_a(role: Role, width: u16, height: u16) -> Screen {
    let welcome = format!(
        r#"{{"type":"welcome","protocol":1,"server":"t","timeline":"t","head":0,"online":17,"role":"{role}","limits":
        {{"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}}}"#
    );
    screen(width, height)
        .hears(&welcome)
        .hears(r#"{"type":"page","id":"gap","events":[],"from":1,"to":0,"head":0,"more":false}"#)
        .cheep("bob", "hi", r#","verified":true"#)
        .cheep("eve", "buy this", "")
}

fn host() -> Screen {
    as_a(Role::Host, 80, 24).hears(r#"{"type":"hello","id":"hello","name":"alice","claimed":true}"#)
}

fn entry(number: u64, rest: &str) -> String {
    format!(r#"{{"entry":{number},"at":"2026-11-23T12:08:00.000Z",{rest}}}"#)
}

fn audit(id: &str, entries: &[String], more: bool) -> String {
    format!(r#"{{"type":"audit","id":"{id}","entries":[{}],"more":{more}}}"#, entries.join(","))
}

/// The audit is open: a mute, a claim, a removal.
fn audit_is_open() -> Screen {
    let entries = [
        entry(9, r#""by":2,"action":"mute","name":"eve","until":"2026-11-23T13:08:00.000Z""#),
        entry(8, r#""action":"claim","name":"bob""#),
        entry(7, r#""action":"remove","target":1"#),
    ];
    host().keys("<alt+a>").hears(&audit("host 0", &entries, true))
}

#[test]
fn a_reader_is_told_so_and_writes_nothing() {
    let refused =
        r#"{"type":"error","id":"hello","code":"read_only","message":"You may read here.","retryable":false}"#;
    let screen = as_a(Role::Reader, 90, 14).hears(refused);
    assert_eq!(notice(&screen), "", "it is no fault of the name");
    insta::assert_snapshot!("reader", screen.picture());
    let screen = screen.keys("hello<enter>");
    assert!(notice(&screen).starts_with("You may only read here. To write,"), "{}", notice(&screen));
    assert_eq!((screen.model.composer.text(), screen.model.follow.outbox().len()), ("hello", 0));
    for key in ["r", "+", "e", "d", "<enter>"] {
        let screen = as_a(Role::Reader, 90, 14).keys("<alt+up>").keys(key);
        assert!(notice(&screen).starts_with("You may only read here"), "{key}: {}", notice(&screen));
        assert!(screen.model.prompt.is_none() && screen.model.reply_to.is_none());
    }
    // Threads and searches are reading.
    assert_eq!(says(&as_a(Role::Reader, 90, 14).keys("<alt+up>t")), [r#"{"id":"side 0","type":"thread","seq":2}"#]);
}

#[test]
fn who_is_muted_gets_the_text_back_and_is_told_for_how_long() {
    let refused = r#"{"type":"error","id":"id","code":"muted","message":"A host has muted this name.",
        "retryable":false,"retry_after_ms":2520000}"#;
    let screen = as_a(Role::Member, 80, 14)
        .hears(r#"{"type":"hello","id":"hello","name":"alice","claimed":true}"#)
        .keys("hi<enter>")
        .hears(refused);
    assert_eq!(notice(&screen), "A host has muted this name. It is over in 42 min.");
    assert_eq!((screen.model.composer.text(), screen.model.follow.outbox().len()), ("hi", 0));
}

#[test]
fn a_members_keys_are_letters_where_a_host_has_more() {
    for key in ["m", "M", "R"] {
        let screen = as_a(Role::Member, 80, 14).keys("<alt+up>");
        assert_eq!(screen.model.context(), Context::Selecting);
        assert_eq!(screen.keys(key).model.composer.text(), key);
        let screen = as_a(Role::Member, 80, 14).keys(key);
        assert_eq!(screen.model.composer.text(), key);
    }
    for keys in ["<alt+a>", "<alt+l>"] {
        let screen = as_a(Role::Member, 80, 14).keys(keys);
        assert!(says(&screen).is_empty() && notice(&screen).starts_with("Only a host may do this"), "{keys}");
        assert!(screen.model.prompt.is_none() && screen.model.hosting.over.is_none());
    }
}

#[test]
fn a_host_removes_any_cheep_after_being_asked() {
    let screen = host().keys("<alt+up>d");
    assert!(shows(&screen, "Remove this cheep of eve, for everybody and for good?"), "{:?}", screen.rows());
    assert_eq!(says(&screen.keys("y")), [r#"{"id":"id","type":"delete","target":2}"#]);
    assert!(says(&host().keys("<alt+up>dn")).is_empty());
    let screen = as_a(Role::Member, 80, 14).keys("<alt+up>d");
    assert!(screen.model.prompt.is_none());
}

#[test]
fn a_name_is_muted_for_what_a_key_or_a_typed_span_says() {
    for (keys, rest) in [
        ("mh", r#""name":"eve","for_ms":3600000"#),
        ("md", r#""name":"eve","for_ms":86400000"#),
        ("mg", r#""name":"eve""#),
        ("m30m<enter>", r#""name":"eve","for_ms":1800000"#),
        ("M7d<enter>", r#""target":2,"for_ms":604800000"#),
    ] {
        let screen = host().keys("<alt+up>").keys(keys);
        assert_eq!(says(&screen), [format!(r#"{{"id":"host 0","type":"mute",{rest}}}"#)], "{keys}");
        assert!(screen.model.prompt.is_none() && screen.model.composer.is_empty());
    }
    let screen = host().keys("<alt+up>m");
    assert!(shows(&screen, "Mute eve: h an hour  d a day  g for good"), "{:?}", screen.rows());
    let screen = screen.keys("soon<enter>");
    assert_eq!((notice(&screen), says(&screen).len()), ("Say for how long: 30m, 8h, 7d.", 0));
    assert!(says(&screen.keys("<esc>")).is_empty());
    let screen =
        host().keys("<alt+up>mh").hears(&audit("host 0", &[entry(9, r#""action":"mute","name":"eve""#)], false));
    assert_eq!(notice(&screen), "Done: eve muted for good, by the operator. Alt+A shows it among what was done.");
    let refused = r#"{"type":"error","id":"host 0","code":"not_found","message":"Nobody knows.","retryable":false}"#;
    assert_eq!(notice(&host().keys("<alt+up>Mh").hears(refused)), "Nobody knows.");
}

#[test]
fn only_a_claimed_name_is_released() {
    let screen = host().keys("<alt+up>R");
    assert_eq!((notice(&screen), screen.model.prompt.is_none()), ("eve was not claimed by who wrote this.", true));
    let screen = host().keys("<alt+up><up>R");
    assert!(shows(&screen, "Make bob free for anybody to claim?"), "{:?}", screen.rows());
    assert_eq!(says(&screen.keys("y")), [r#"{"id":"host 0","type":"release","name":"bob"}"#]);
}

#[test]
fn the_audit_is_read_and_undone() {
    let screen = host().keys("<alt+a>");
    assert_eq!(says(&screen), [r#"{"id":"host 0","type":"audit","limit":100}"#]);
    let screen = audit_is_open();
    insta::assert_snapshot!("audit", screen.picture());
    // Keys are for the list; nothing is written meanwhile.
    let screen = screen.keys("x").then(Msg::Paste("pasted".to_owned()));
    assert!(screen.model.composer.is_empty());
    let screen = screen.keys("u");
    assert!(shows(&screen, "Undo this: eve muted until"), "{:?}", screen.rows());
    let screen = screen.keys("y");
    assert_eq!(says(&screen), [r#"{"id":"host 1","type":"undo","entry":9}"#]);
    let screen = screen.hears(&audit("host 1", &[entry(10, r#""by":2,"action":"undo","undoes":9"#)], false));
    assert!(
        shows(&screen, " 10  2026-11-23 12:08  9 undone") && shows(&screen, "  undone by 10: eve muted"),
        "{:?}",
        screen.rows()
    );
    let screen = screen.keys("u");
    assert_eq!(notice(&screen), "This is undone already.");
    // A claim is undone by a release, a removal by nothing; at the end the older ones are asked for.
    let screen = screen.keys("ju");
    assert!(shows(&screen, "Make bob free"), "{:?}", screen.rows());
    let screen = screen.keys("nj");
    assert_eq!(says(&screen), [r#"{"id":"host 2","type":"audit","before":7,"limit":100}"#]);
    let screen = screen.keys("u");
    assert_eq!(notice(&screen), "This cannot be undone.");
    let screen = screen.keys("<esc>x");
    assert!(screen.model.hosting.over.is_none());
    assert_eq!(screen.model.composer.text(), "x");
}

#[test]
fn a_link_is_made_as_it_is_wished_for_and_shown_with_its_code() {
    let screen = host().keys("<alt+l>host 8h class 4b<enter>");
    assert_eq!(says(&screen), [r#"{"id":"host 0","type":"link","role":"host","for_ms":28800000,"note":"class 4b"}"#]);
    let wrong = host().keys("<alt+l>8hx<enter>");
    assert_eq!((says(&wrong).len(), notice(&wrong)), (0, "Say for how long: 30m, 8h, 7d."));
    let made = entry(20, r#""by":2,"action":"link","link":5,"role":"host","note":"class 4b""#);
    let mut screen = screen;
    screen.model.page = "https://cheeper.example/team/".to_owned();
    let screen = screen.hears(&format!(r#"{{"type":"link","id":"host 0","token":"{TOKEN}","made":{made}}}"#));
    insta::assert_snapshot!("link", screen.picture());
    let screen = screen.keys("c");
    assert_eq!(screen.effects, [Effect::Copy(format!("https://cheeper.example/team/#join={TOKEN}"))]);
    // In a small window there is the link alone, and all of it.
    let small = screen.then(Msg::Resized(60, 12));
    assert!(shows(&small, "A larger window shows it"), "{:?}", small.rows());
    assert!(shows(&small, &format!("https://cheeper.example/team/#join={TOKEN}")), "{:?}", small.rows());
    let screen = small.keys("<esc>");
    assert!(!screen.rows().concat().contains(TOKEN));
    // Whoever did not ask for it is not shown it.
    let screen = screen.hears(&format!(
        r#"{{"type":"link","id":"else","token":"{TOKEN}","made":{}}}"#,
        entry(21, r#""action":"link","link":6,"role":"member""#)
    ));
    assert!(screen.model.hosting.over.is_none());
}

#[test]
fn what_a_host_asks_for_is_done_now_or_not_at_all() {
    let lost = || Msg::Closed { code: None, why: None };
    let screen = host().keys("<alt+up>mh").then(lost());
    assert_eq!(
        notice(&screen),
        "The line broke before the mute of eve was answered: look with Alt+A whether it is done."
    );
    assert!(says(&screen.then(Msg::Woke).welcomed(2)).iter().all(|frame| !frame.contains("mute")));
    let screen = host().then(lost()).keys("<alt+up>mh");
    assert_eq!(notice(&screen), "There is no connection: do it once there is one.");
    // An audit that was under way is read on once there is a connection.
    let screen = audit_is_open().keys("jj").then(lost()).keys("j");
    assert!(says(&screen).is_empty() && matches!(screen.model.hosting.over, Some(Over::Audit(_))));
}

#[test]
fn nothing_of_another_timeline_lies_over_the_new_one() {
    let screen = audit_is_open().then(Msg::Closed { code: None, why: None }).then(Msg::Woke).hears(
        r#"{"type":"welcome","protocol":1,"server":"t","timeline":"other","head":1,"online":1,"limits":
        {"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}"#,
    );
    assert!(screen.model.hosting.over.is_none());
    assert_eq!(screen.model.role, Role::Member, "and one is no host there");
}

#[test]
fn the_mouse_leaves_what_is_under_the_audit_alone() {
    let screen = audit_is_open().then(Msg::Click(3, 4)).then(Msg::Wheel { up: false });
    assert_eq!(screen.model.main.selected, None::<Seq>);
    assert!(shows(&screen, "▌7  "), "{:?}", screen.rows());
}
