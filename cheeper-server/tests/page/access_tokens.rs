//! Who may come in, as the page shows it: links, what one may do, a host's tools, a name carried to another device.
//!
//! Here a script stands between the page and the server, so that every answer can be had, a proxy's among them. What the server
//! itself says is in `tests/access.rs`.

use serde_json::{Value, json};

use crate::{
    access::assert_no_violations,
    browser::{Browser, ENTER},
    support::Server,
};

const TOKEN: &str = "j_8cZ0u3m5Q1xkq2Yw7b9aTg";

/// Answers requests by `door.says`, by method and path; fails handshakes while `door.isShut`; has `welcome` say `door.role`.
const DOORMAN: &str = r#"
    window.door = { isShut: false, role: 'member', says: {}, asked: [], sockets: [], ...%state% };
    const ask = window.fetch;
    window.fetch = async (path, given = {}) => {
        const asked = `${given.method ?? 'GET'} ${path}`;
        door.asked.push([asked, given.body === undefined ? null : JSON.parse(given.body)]);
        const said = door.says[given.body?.includes('"token"') ? `${asked} with a token` : asked];
        return said ? new Response(JSON.stringify(said[1]), { status: said[0] }) : ask(path, given);
    };
    window.WebSocket = new Proxy(WebSocket, { construct(kind, given) {
        const socket = door.isShut ? new EventTarget() : new kind(...given);
        door.sockets.push(socket);
        if (door.isShut) {
            socket.close = () => {};
            setTimeout(() => socket.dispatchEvent(new CloseEvent('close', { code: 1006 })));
        } else {
            const listen = socket.addEventListener.bind(socket);
            const said = (data) => { const frame = JSON.parse(data); return frame.type === 'welcome' ? JSON.stringify({ ...frame, role: door.role }) : data; };
            socket.addEventListener = (what, then) => listen(what, what === 'message' ? ({ data }) => then({ data: said(data) }) : then);
        }
        return socket;
    } });
"#;

/// A browser with that script, at an address below the page's.
async fn at_the_door(server: &Server, at: &str, state: Value) -> Browser {
    let browser = Browser::start(server.address).await;
    let script = DOORMAN.replace("%state%", &state.to_string());
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    browser.client.goto(&format!("{}{at}", browser.origin)).await.unwrap();
    browser
}

async fn says(page: &Browser, request: &str, status: u16, answer: Value) {
    page.value(&format!("door.says[{}] = [{status}, {answer}]", json!(request))).await;
}

async fn asked(page: &Browser, request: &str) -> Vec<Value> {
    let all: Vec<(String, Value)> = serde_json::from_value(page.value("door.asked").await).unwrap();
    all.into_iter().filter(|(asked, _)| asked == request).map(|(_, body)| body).collect()
}

async fn door_says(page: &Browser, sentence: &str) {
    let script = format!("document.querySelector('#door')?.innerText.includes({})", json!(sentence));
    page.until(&format!("the door says {sentence}"), &script).await;
}

async fn is_seen(page: &Browser, css: &str) -> bool {
    let script = format!("Boolean(document.querySelector({})?.checkVisibility())", json!(css));
    page.value(&script).await == json!(true)
}

fn private() -> Value {
    json!([401, { "type": "error", "code": "token_required", "message": "This timeline is only for those who have its link." }])
}

#[tokio::test]
async fn a_private_timeline_asks_for_the_link_and_takes_a_pasted_one() {
    let server = Server::start();
    server.client().post("bob", "inside");
    let page = at_the_door(&server, "", json!({ "isShut": true, "says": { "POST api/session": private() } })).await;
    door_says(&page, "private: ask its host for the link").await;
    page.status_has("not let in").await;
    assert!(!is_seen(&page, "#name-form").await && !is_seen(&page, "#composer").await);
    // Nobody but a person has it try again.
    let tries = page.value("door.sockets.length").await;
    page.value("window.dispatchEvent(new Event('online'))").await;
    assert_eq!(page.value("door.sockets.length").await, tries);

    page.until("the field has the focus", "document.activeElement.id === 'link'").await;
    page.press(&format!("no link{ENTER}")).await;
    door_says(&page, "This is no link of this timeline").await;
    says(&page, "POST api/session with a token", 401, json!({ "message": "This link has ended." })).await;
    page.value(&format!("document.querySelector('#link').value = 'http://host:5000/#join={TOKEN}'")).await;
    page.press(&ENTER.to_string()).await;
    door_says(&page, "This link has ended.").await;
    assert_no_violations(&page, "a private timeline").await;

    says(&page, "POST api/session with a token", 200, json!({ "role": "member", "session": "s_not_for_scripts" }))
        .await;
    page.value("door.isShut = false").await;
    page.press(&ENTER.to_string()).await;
    page.shows("inside").await;
    assert!(!is_seen(&page, "#door").await);
    assert_eq!(asked(&page, "POST api/session").await.last(), Some(&json!({ "token": TOKEN })));
    page.say_name("alice").await;
    page.until("the name is claimed", "!document.querySelector('#me-verified').hidden").await;
    page.has_nowhere(TOKEN).await;
    page.close().await;
}

#[tokio::test]
async fn a_link_is_used_once_and_leaves_the_address_and_the_history() {
    let server = Server::start();
    server.client().post("bob", "inside");
    let joined =
        json!({ "POST api/session with a token": [200, { "role": "member", "session": "s_not_for_scripts" }] });
    let page = at_the_door(&server, &format!("#join={TOKEN}"), json!({ "says": joined })).await;
    page.shows("inside").await;
    assert_eq!(page.value("location.hash").await, json!(""));
    assert_eq!(asked(&page, "POST api/session").await, [json!({ "token": TOKEN })]);
    assert_eq!(page.value("door.sockets.length").await, json!(1), "it connects once it has its session");
    page.has_nowhere(TOKEN).await;

    // One that is opened in the same tab changes the fragment and loads nothing.
    says(&page, "POST api/session with a token", 401, json!({ "message": "This link has ended." })).await;
    page.value(&format!("(location.hash = '#join={TOKEN}')")).await;
    door_says(&page, "This link has ended.").await;
    assert_eq!(page.value("location.hash").await, json!(""));
    page.close().await;
}

#[tokio::test]
async fn a_link_that_ends_closes_the_page_to_its_reader_until_another_is_given() {
    let server = Server::start();
    server.client().post("bob", "inside");
    let page = at_the_door(&server, "", json!({})).await;
    page.shows("inside").await;
    page.say_name("alice").await;
    page.value("(door.isShut = true, door.sockets.at(-1).dispatchEvent(new CloseEvent('close', { code: 1008 })))")
        .await;
    door_says(&page, "Your link or session has ended").await;
    assert!(!is_seen(&page, "#composer").await);
    says(&page, "POST api/session", 401, private()[1].clone()).await;
    page.try_now().await;
    door_says(&page, "private: ask its host for the link").await;
    page.close().await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_with_the_words_of_the_server() {
    let server = Server::start();
    let why = "This server does not go by the name evil.example: its host can let it with --allow-host.";
    let refused = json!({ "POST api/session": [421, { "message": why }] });
    let page = at_the_door(&server, "", json!({ "isShut": true, "says": refused })).await;
    door_says(&page, &format!("{why} Tell the host.")).await;
    assert!(!is_seen(&page, "#door form").await, "a link would not help");
    assert!(!is_seen(&page, "#name-form").await, "nor a name");
    page.resize(1100, 700).await;
    let middles = "['status', 'retry'].map((id) => { \
                   const { top, height } = document.getElementById(id).getBoundingClientRect(); return Math.round(top + height / 2); })";
    let middles: Vec<i64> = serde_json::from_value(page.value(middles).await).unwrap();
    assert!(middles[0].abs_diff(middles[1]) <= 1, "one line is enough: {middles:?}");
    assert_eq!(page.value("document.querySelector('#status').offsetHeight < 30").await, json!(true));

    // A proxy that forgets the upgrade: all is well but the socket.
    says(&page, "POST api/session", 200, json!({ "role": "member" })).await;
    for _ in 0..3 {
        page.try_now().await;
        page.until("it has failed", "document.querySelector('#status').innerText.includes('offline')").await;
    }
    door_says(&page, "must pass WebSocket upgrades").await;
    page.value("door.isShut = false").await;
    page.try_now().await;
    page.status_has("live").await;
    assert!(!is_seen(&page, "#door").await);
    page.close().await;
}

#[tokio::test]
async fn who_may_only_read_is_told_so_and_comes_in_anew_by_a_link() {
    let server = Server::start();
    server.client().post("bob", "for all to read");
    let page = at_the_door(&server, "", json!({ "role": "reader" })).await;
    page.shows("for all to read").await;
    door_says(&page, "You may read here. To write, ask the host for the link.").await;
    assert!(!is_seen(&page, "#name-form").await && !is_seen(&page, "#c1 [data-do=reply]").await);
    assert!(is_seen(&page, "#c1 [data-do=copy]").await);
    assert_no_violations(&page, "for who may only read").await;

    says(&page, "POST api/session with a token", 200, json!({ "role": "member", "session": "s_not_for_scripts" }))
        .await;
    page.value(&format!("(door.role = 'member', document.querySelector('#link').value = '{TOKEN}')")).await;
    page.click("#door button").await;
    page.until("it is a member", "!document.querySelector('#door').checkVisibility()").await;
    page.say_name("alice").await;
    page.cheep("from a member").await;
    page.shows("from a member").await;
    page.close().await;
}

#[tokio::test]
async fn a_host_removes_mutes_and_takes_it_back() {
    let server = Server::start();
    let mut client = server.client();
    client.post("mallory", "that does not belong here");
    let entry = json!({ "entry": 7, "at": "2026-11-23T12:08:00.000Z", "by": 2, "action": "mute", "name": "mallory", "until": "2026-11-23T13:08:00.000Z" });
    let by_author = json!({ "entry": 8, "at": "2026-11-23T12:08:00.000Z", "by": 2, "action": "mute", "target": 1 });
    let says_all = json!({
        "POST api/mute": [200, { "type": "audit", "entries": [entry] }],
        "POST api/undo": [200, { "type": "audit", "entries": [{ "entry": 9, "at": "2026-11-23T12:08:00.000Z", "action": "undo", "undoes": 7 }] }],
        "DELETE api/cheep/1": [200, {}],
    });
    let page = at_the_door(&server, "", json!({ "role": "host", "says": says_all })).await;
    page.shows("that does not belong here").await;
    page.until("the tools are there", "document.querySelector('#open-host')").await;
    page.click("#c1 [data-do=moderate]").await;
    page.click("#moderation .content > button:nth-of-type(2)").await;
    let told = "document.querySelector('#moderation [role=status]').innerText";
    page.until("it is told", &format!("{told}.startsWith('mallory was muted until')")).await;
    assert_eq!(asked(&page, "POST api/mute").await, [json!({ "name": "mallory", "for_ms": 3_600_000 })]);
    assert_no_violations(&page, "what can be done about a cheep").await;
    page.prefers_dark().await;
    assert_no_violations(&page, "what can be done about a cheep, in the dark").await;
    page.click("#moderation [role=status] button").await;
    page.until("it is undone", &format!("{told}.endsWith('undone')")).await;
    assert_eq!(asked(&page, "POST api/undo").await, [json!({ "entry": 7 })]);

    says(&page, "POST api/mute", 200, json!({ "type": "audit", "entries": [by_author] })).await;
    page.value("document.querySelector('#mute-for').value = 'good'").await;
    page.click("#moderation .content > button:nth-of-type(3)").await;
    page.until("it is told", &format!("{told}.startsWith('who wrote cheep 1 was muted by')")).await;
    assert_eq!(asked(&page, "POST api/mute").await[1], json!({ "target": 1 }));

    page.click("#moderation .content > button:nth-of-type(1)").await;
    assert!(asked(&page, "DELETE api/cheep/1").await.is_empty(), "it is asked for once more");
    page.click("#delete-yes").await;
    page.until("it is removed", &format!("{told} === 'The cheep was removed.'")).await;
    assert_eq!(asked(&page, "DELETE api/cheep/1").await.len(), 1);
    assert_eq!(page.count("#moderation .quote").await, 0);
    says(&page, "POST api/mute", 404, json!({ "message": "The author of this cheep is not known any more." })).await;
    page.click("#moderation .content > button:nth-of-type(2)").await;
    page.until("it is refused", &format!("{told} === 'The author of this cheep is not known any more.'")).await;

    // A host whose link has ended comes in as somebody else.
    page.value("(document.querySelector('#moderation').close(), door.role = 'member', door.sockets.at(-1).dispatchEvent(new CloseEvent('close', { code: 1006 })))").await;
    page.status_has("offline").await;
    page.try_now().await;
    page.until("the tools are gone", "!document.querySelector('#c1 [data-do=moderate]')").await;
    assert!(!is_seen(&page, "#open-host").await);
    page.close().await;
}

#[tokio::test]
async fn a_host_makes_links_and_reads_what_was_done() {
    let server = Server::start();
    let at = "2026-11-23T12:00:00.000Z";
    let newest = json!({ "type": "audit", "more": true, "entries": [
        { "entry": 20, "at": at, "action": "undo", "undoes": 2 },
        { "entry": 19, "at": at, "by": 2, "action": "undo", "undoes": 13 },
        { "entry": 16, "at": at, "by": 2, "action": "remove", "target": 43 },
        { "entry": 15, "at": at, "action": "join", "link": 2 },
        { "entry": 14, "at": at, "action": "claim", "name": "<b>bob</b>" },
        { "entry": 13, "at": at, "action": "release", "name": "bob", "undone_by": 19 },
        { "entry": 12, "at": at, "action": "something new" },
    ] });
    let older = json!({ "type": "audit", "entries": [
        { "entry": 3, "at": at, "action": "link", "link": 1, "role": "host", "note": "class 4b" },
        { "entry": 2, "at": at, "action": "mute", "name": "eve", "undone_by": 20 },
    ] });
    let link = json!({ "type": "link", "token": TOKEN, "made": { "entry": 17, "at": at, "action": "link", "link": 5, "role": "member" } });
    let says_all = json!({
        "GET api/audit?limit=50": [200, newest],
        "GET api/audit?limit=50&before=12": [200, older],
        "POST api/link": [200, link],
        "POST api/release": [200, { "type": "audit", "entries": [] }],
        "POST api/undo": [403, { "message": "Only a host may do this." }],
    });
    let page = at_the_door(&server, "", json!({ "role": "host", "says": says_all })).await;
    page.until("the tools are there", "document.querySelector('#open-host')").await;
    page.click("#open-host").await;
    page.until("the audit is there", "document.querySelectorAll('#host li').length === 7").await;
    assert!(page.text("#host li").await.ends_with("entry 2 was undone by the operator"));
    page.press("?").await;
    assert_eq!(page.count("#help[open]").await, 0, "letters are no keys there");
    page.click("#host .content > button").await;
    page.until("older ones are there", "document.querySelectorAll('#host li').length === 9").await;
    let lines = "[...document.querySelectorAll('#host li')].map((line) => line.innerText.replace(line.querySelector('time').innerText, '').trim())";
    let lines: Vec<String> = serde_json::from_value(page.value(lines).await).unwrap();
    assert_eq!(
        lines,
        [
            "entry 2 (eve was muted) was undone by the operator",
            "entry 13 (the name bob was released) was undone by a host of link 2",
            "cheep 43 was removed by a host of link 2",
            "somebody came in by link 2 End session",
            "somebody claimed <b>bob</b> Release",
            "the name bob was released by the operator undone by 19",
            "something that this page does not know was done by the operator",
            "link 1 for hosts (class 4b) was made by the operator End link",
            "eve was muted by the operator undone by 20",
        ]
    );
    assert!(!is_seen(&page, "#host .content > button").await, "there are no older ones");
    // What cannot be taken back is asked about first, and `no` is at hand.
    for (line, outcome) in [
        (8, "Everybody who came in by link 1 is out, even if that is you."),
        (4, "The one who came in by link 2 is out, even if that is you."),
    ] {
        page.click(&format!("#host li:nth-child({line}) button")).await;
        assert_eq!(page.text("#delete-title").await, outcome);
        assert_eq!(page.value("document.activeElement.id").await, json!("delete-no"));
        assert_no_violations(&page, "the question").await;
        page.press(&ENTER.to_string()).await;
        page.until("it was answered", "!document.querySelector('#delete').open").await;
    }
    assert!(asked(&page, "POST api/undo").await.is_empty());
    page.click("#host li:nth-child(4) button").await;
    page.click("#delete-yes").await;
    page.until(
        "it is refused",
        "document.querySelector('#host .content > [role=status]').innerText === 'Only a host may do this.'",
    )
    .await;
    page.click("#host li:nth-child(5) button").await;
    page.until("they are asked for anew", "document.querySelectorAll('#host li').length === 7").await;
    assert_eq!(asked(&page, "POST api/release").await, [json!({ "name": "<b>bob</b>" })]);

    page.value("document.querySelector('#link-note').value = ' class 4b '").await;
    page.click("#host form button[type=submit]").await;
    page.until("the link is there", "document.querySelector('#host .link')").await;
    assert_eq!(page.text("#host .link").await, format!("{}#join={TOKEN}", page.origin));
    assert_eq!(
        asked(&page, "POST api/link").await,
        [json!({ "role": "member", "for_ms": 28_800_000, "note": "class 4b" })]
    );
    assert!(is_seen(&page, "#host svg.code path").await);
    for width in [1000, 320] {
        page.resize(width, 700).await;
        assert_no_violations(&page, &format!("the audit and a link at {width} px")).await;
        let wide = "document.querySelector('#host').scrollWidth - document.querySelector('#host').clientWidth";
        assert_eq!(page.value(wide).await, json!(0), "at {width} px");
    }
    // It is said once, and is gone with the dialog.
    page.value("document.querySelector('#host').close()").await;
    page.until("nothing is left", "document.querySelector('#host .content').childElementCount === 0").await;
    page.has_nowhere(TOKEN).await;
    page.close().await;
}

#[tokio::test]
async fn a_name_is_carried_to_another_device_by_its_link() {
    let server = Server::start();
    let laptop = Browser::named(server.address, "Zoë & 家").await;
    laptop.cheep("from the laptop").await;
    laptop.shows("from the laptop").await;
    laptop.click("#open-help").await;
    laptop.click("#carry").await;
    laptop.until("the link is there", "document.querySelector('#carrying .link')").await;
    let link = laptop.text("#carrying .link").await;
    let (page, fragment) = link.split_once('#').unwrap();
    assert_eq!(page, laptop.origin);
    assert!(fragment.starts_with("name=Zo%C3%AB%20%26%20%E5%AE%B6&secret="), "{fragment}");
    assert_no_violations(&laptop, "a name's link").await;
    laptop.close().await;

    // A stranger's link takes nothing by itself.
    let phone = Browser::named(server.address, "phone").await;
    phone.client.goto(&link).await.unwrap();
    phone.until("it is asked", "document.querySelector('#carrying')?.open").await;
    assert_eq!(phone.value("location.hash").await, json!(""));
    assert!(phone.text("#carrying").await.contains("forgets phone"));
    assert_eq!(phone.text("#me").await, "phone");
    phone.click("#carrying .content button:first-of-type").await;
    phone
        .until(
            "the name is ours",
            "document.querySelector('#me').innerText === 'Zoë & 家' && !document.querySelector('#me-verified').hidden",
        )
        .await;
    phone.until("its cheep can be edited", "document.querySelector('#c1 [data-do=edit]')").await;
    phone.click("#c1 [data-do=edit]").await;
    phone.write("from the phone").await;
    phone.click("#send").await;
    phone.shows("from the phone").await;
    phone.load().await;
    phone.shows("from the phone").await;
    assert_eq!(phone.text("#me").await, "Zoë & 家", "it stays");
    phone.close().await;
}

#[tokio::test]
async fn a_name_of_mixed_scripts_is_shown_as_such() {
    let server = Server::start();
    let mut client = server.client();
    client.post("alice", "with Latin letters");
    client.post("\u{430}lice", "with one that is Cyrillic");
    let page = Browser::named(server.address, "carol").await;
    page.shows("with one that is Cyrillic").await;
    assert_eq!(page.count(".mixed").await, 1);
    assert_eq!(page.value("document.querySelector('#c2 .mixed').ariaLabel").await, json!("mixes scripts"));
    page.close().await;
}
