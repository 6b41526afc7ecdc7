//! For everyone: by keyboard alone, on a narrow screen, in the dark, and as a checker of rules sees it.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    browser::{Browser, CONTROL, ENTER, ESCAPE, TAB},
    support::Server,
};

#[tokio::test]
async fn everything_can_be_done_by_keyboard_alone() {
    let server = Server::start();
    server.client().post_many("bob", 60);
    let page = Browser::open(server.address).await;
    page.shows("bob 60").await;
    // The name is asked for with the focus in its field.
    page.press(&format!("alice{ENTER}")).await;
    page.until("the composer has the focus", "document.activeElement.id === 'cheep'").await;
    page.press("njk?.").await;
    assert_eq!(page.value("document.querySelector('#cheep').value").await, json!("njk?."), "keys are letters there");
    page.press(&format!("{CONTROL}{ENTER}")).await;
    page.shows("njk?.").await;

    page.press(&ESCAPE.to_string()).await;
    let focused = "document.activeElement.dataset.seq";
    for (key, seq) in [("j", "61"), ("j", "60"), ("j", "59"), ("k", "60")] {
        page.press(key).await;
        assert_eq!(page.value(focused).await, json!(seq), "after {key}");
    }
    let outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(page.value(outline).await, json!("solid"), "the focus can be seen");
    page.press(&TAB.to_string()).await;
    assert_eq!(page.value("document.activeElement.dataset.do").await, json!("reply"));
    for _ in 0..30 {
        page.press("j").await;
    }
    assert_eq!(page.value(focused).await, json!("30"));
    let in_sight = "(() => { const r = document.activeElement.getBoundingClientRect(); \
                    return r.top >= 40 && r.bottom <= innerHeight; })()";
    assert_eq!(page.value(in_sight).await, json!(true));

    page.press("r").await;
    page.until("it is answered", "document.activeElement.id === 'cheep' && !document.querySelector('#reply').hidden")
        .await;
    page.press("yes").await;
    page.press(&format!("{CONTROL}{ENTER}")).await;
    page.shows("yes").await;
    assert_eq!(page.value("scrollY").await, json!(0), "one's own cheep is at the top");
    page.press(&ESCAPE.to_string()).await;
    page.press("j").await;
    server.client().post_many("carol", 2);
    page.until("two wait", "document.querySelector('#pill').innerText.startsWith('2')").await;
    page.press(".").await;
    page.shows("carol 2").await;
    page.press("?").await;
    page.until("help is there", "document.querySelector('#help').open").await;
    page.press(&ESCAPE.to_string()).await;
    page.until("help is gone", "!document.querySelector('#help').open").await;
    page.press("n").await;
    assert_eq!(page.value("document.activeElement.id").await, json!("cheep"));

    // Who dictates or mistypes can turn the keys off, and they stay off.
    page.client.execute("document.querySelector('#help').showModal()", Vec::new()).await.unwrap();
    page.click("#shortcuts").await;
    page.load().await;
    page.shows("carol 2").await;
    page.press("?").await;
    assert_eq!(page.value("document.querySelector('#help').open").await, json!(false));
    page.close().await;
}

#[tokio::test]
async fn a_narrow_screen_a_large_one_and_a_zoomed_one_show_all_of_it() {
    let mut server = Server::start();
    server.client().post_many("bob", 300);
    let page = Browser::named(server.address, "alice").await;
    page.shows("bob 300").await;
    // A zoom of 200 % halves the page's pixels.
    for (width, height) in [(320, 568), (500, 450), (3840, 2160), (320, 256)] {
        page.resize(width, height).await;
        page.until("it is this wide", &format!("innerWidth === {width}")).await;
        let wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        assert_eq!(page.value(wide).await, json!(true), "at {width} × {height}");
        page.until(
            "the screen is full",
            "document.querySelector('#feed').getBoundingClientRect().bottom > innerHeight",
        )
        .await;
        let small = "[...document.querySelectorAll('button, textarea')].filter((each) => each.checkVisibility() \
                     && each.getBoundingClientRect().height < 24).map((each) => each.outerHTML)";
        assert_eq!(page.value(small).await, json!([]), "at {width} × {height}");
        assert!(page.count("#feed article").await < 400);
    }
    page.resize(320, 568).await;
    // What is answered is longer than a line here.
    server.client().post("carol", &"a long story ".repeat(20));
    page.shows("a long story ".repeat(20).trim()).await;
    page.value("document.querySelector('[data-do=reply]').click()").await;
    let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(page.value(wide).await, json!(0), "with an answer begun");
    page.value("window.scrollTo(0, 3000)").await;
    // On a phone the composer is at hand wherever one reads.
    let docked = "Math.round(document.querySelector('#composer').getBoundingClientRect().bottom) === innerHeight";
    page.until("the composer is docked", docked).await;
    page.client.execute("document.querySelector('#cheep').focus({ preventScroll: true })", Vec::new()).await.unwrap();
    for word in ["typing ", "moves ", "nothing"] {
        page.devtools("Input.insertText", json!({ "text": word })).await;
    }
    page.until("it is typed", "document.querySelector('#cheep').value === 'typing moves nothing'").await;
    scroll_settles(&page).await;
    assert_eq!(page.value("scrollY").await, json!(3000));
    page.press(&format!("{CONTROL}{ENTER}")).await;
    page.shows("typing moves nothing").await;
    scroll_settles(&page).await;
    assert_eq!(page.value("scrollY").await, json!(0), "one's own cheep is seen");
    // The longest that the status has to say is still within the bar.
    server.kill();
    page.cheep("waits").await;
    page.status_has("1 unsent").await;
    page.status_has("again in").await;
    let overflow = "(() => { const [bar, words] = ['body > header', '.connection'].map((css) => \
                    document.querySelector(css).getBoundingClientRect()); \
                    return words.bottom > bar.bottom || words.top < bar.top || words.right > bar.right; })()";
    assert_eq!(page.value(overflow).await, json!(false), "{}", page.text("header").await);
    page.close().await;
}

/// Two frames: what scrolls as an answer to something has begun to.
async fn scroll_settles(page: &Browser) {
    page.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))").await;
}

#[tokio::test]
async fn it_is_as_dark_as_the_system_or_as_the_reader_wants() {
    let server = Server::start();
    let page = Browser::named(server.address, "alice").await;
    let ground = "getComputedStyle(document.documentElement).backgroundColor";
    assert_eq!(page.value(ground).await, json!("rgb(255, 255, 255)"));
    page.prefers_dark().await;
    page.until("it is dark", &format!("{ground} === 'rgb(22, 21, 15)'")).await;
    page.click("#theme").await;
    page.until("it is light", &format!("{ground} === 'rgb(255, 255, 255)'")).await;
    let theme = "[...document.querySelectorAll('meta[name=theme-color]')].map((meta) => meta.content).join()";
    assert_eq!(page.value(theme).await, json!("rgb(255, 255, 255),rgb(255, 255, 255)"));
    page.load().await;
    page.status_has("live").await;
    assert_eq!(page.value(ground).await, json!("rgb(255, 255, 255)"), "it stays as it was chosen");
    page.close().await;
}

/// Lets axe-core look at the page as it is now.
pub(crate) async fn assert_no_violations(page: &Browser, what: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(&path).unwrap_or_else(|error| panic!("axe-core: {error}; ./.ci/test installs it"));
    page.client.execute(&axe, Vec::new()).await.unwrap();
    let run = "const done = arguments[0]; axe.run(document).then(({ violations, passes }) => done({ \
               passes: passes.length, violations: violations.map(({ id, help, nodes }) => \
               [id, help, nodes.slice(0, 3).map(({ html, failureSummary }) => html + failureSummary)]) }), \
               (error) => done({ error: String(error) }))";
    let found = page.client.execute_async(run, Vec::new()).await.unwrap();
    assert_eq!(found["violations"], json!([]), "{what}: {found:#}");
    assert!(found["passes"].as_u64().unwrap() > 10, "{what}: {found}");
}

#[tokio::test]
async fn a_checker_of_accessibility_finds_nothing_in_light_and_dark() {
    let mut server = Server::start();
    let data = server.data.clone();
    let mut client = server.client();
    let first = client.post("bob", "hello @alice, https://example.org #tag");
    client.ask(json!({ "name": "carol", "cheep": "yes", "reply_to": first }));
    client.post_many("dave", 80);
    let page = Browser::open(server.address).await;
    page.shows("dave 80").await;
    assert_no_violations(&page, "asking for a name").await;
    page.say_name("alice").await;
    page.status_has("live").await;
    page.cheep("mine").await;
    page.shows("mine").await;
    for scheme in ["light", "dark"] {
        if scheme == "dark" {
            page.prefers_dark().await;
        }
        assert_no_violations(&page, &format!("at the top, {scheme}")).await;
        page.value("window.scrollTo(0, document.documentElement.scrollHeight)").await;
        page.until("the first is there", "document.querySelector('#c1')").await;
        client.post_many("dave", 2);
        page.until("they wait", "!document.querySelector('#pill').hidden").await;
        // What is there for the mouse is seen by the checker too.
        page.client.execute("document.querySelector('#c2 a').focus()", Vec::new()).await.unwrap();
        assert_no_violations(&page, &format!("at the first cheep, {scheme}")).await;
        page.client.execute("document.querySelector('#help').showModal()", Vec::new()).await.unwrap();
        assert_no_violations(&page, &format!("help, {scheme}")).await;
        page.client.execute("document.querySelector('#help').close()", Vec::new()).await.unwrap();
        page.click("#pill").await;
    }
    server.kill();
    page.status_has("offline").await;
    page.cheep("waits").await;
    assert_no_violations(&page, "offline, with a cheep that waits").await;
    server.restart_in_place(&data);
    page.close().await;
}

/// A timeline with a cheep in every state, the newest of them alice's own: edited, with reactions, answered, deleted.
async fn page_of_changes(server: &Server) -> Browser {
    let mut bob = server.client();
    bob.ask(json!({ "type": "hello", "name": "bob", "secret": "the secret of bob" }));
    for text in ["hello @alice", "regretted", "misspelt"] {
        bob.ask(json!({ "cheep": text }));
    }
    bob.ask(json!({ "type": "edit", "target": 3, "cheep": "corrected" }));
    bob.ask(json!({ "type": "delete", "target": 2 }));
    for emoji in ["🎉", "👍", "😮", "😢", "😂", "❤️", "🐦", "☕", "🌤️", "👩‍👩‍👧"] {
        bob.ask(json!({ "type": "react", "target": 1, "emoji": emoji }));
    }
    bob.ask(json!({ "cheep": "a long answer ".repeat(20), "reply_to": 2 }));
    bob.ask(json!({ "cheep": "it is gone", "reply_to": 2 }));
    let page = Browser::named(server.address, "alice").await;
    page.cheep("my own").await;
    page.shows("my own").await;
    page.click("#c1 .reaction").await;
    page.until("it is pressed", "document.querySelector('#c1 .reaction').ariaPressed === 'true'").await;
    page
}

#[tokio::test]
async fn a_checker_of_accessibility_finds_nothing_where_cheeps_are_changed() {
    let server = Server::start();
    let page = page_of_changes(&server).await;
    for scheme in ["light", "dark"] {
        if scheme == "dark" {
            page.prefers_dark().await;
        }
        assert_no_violations(&page, &format!("changed cheeps, {scheme}")).await;
        page.click("#c2 [data-do=thread]").await;
        page.until("it is there", "document.activeElement.matches('#thread .wanted')").await;
        assert_no_violations(&page, &format!("a thread, {scheme}")).await;
        page.press(&ESCAPE.to_string()).await;
        page.click("#c1 [data-do=choose]").await;
        page.click("#emoji").await;
        page.press(&format!("no{ENTER}")).await;
        page.until("it is refused", "document.querySelector('#emoji-refusal').innerText !== ''").await;
        assert_no_violations(&page, &format!("a choice of reactions, {scheme}")).await;
        page.press(&ESCAPE.to_string()).await;
        page.click(".own [data-do=delete]").await;
        assert_no_violations(&page, &format!("before a delete, {scheme}")).await;
        page.press(&ESCAPE.to_string()).await;
        page.click(".own [data-do=edit]").await;
        assert_no_violations(&page, &format!("an edit, {scheme}")).await;
        page.press(&ESCAPE.to_string()).await;
    }
    page.close().await;
}

#[tokio::test]
async fn a_narrow_screen_has_room_for_all_that_can_be_done_with_a_cheep() {
    let server = Server::start();
    let page = page_of_changes(&server).await;
    page.resize(320, 568).await;
    page.until("it is narrow", "innerWidth === 320").await;
    let steps = [
        "1",
        "document.querySelector('.own [data-do=edit]').click()",
        "document.querySelector('#c2 [data-do=thread]').click()",
        "(document.querySelector('#thread').close(), document.querySelector('#c1 [data-do=choose]').click())",
        "(document.querySelector('#choose').close(), document.querySelector('.own [data-do=delete]').click())",
        "(document.querySelector('#delete').close(), document.querySelector('#open-search').click())",
    ];
    for step in steps {
        page.value(step).await;
        page.until(
            "it has its answer",
            "!document.querySelector('#thread').open || document.querySelector('#thread .wanted')",
        )
        .await;
        let wide = "[document.documentElement, ...document.querySelectorAll('dialog[open]')].some((each) => \
                    each.scrollWidth > each.clientWidth || each.getBoundingClientRect().width > 320)";
        assert_eq!(page.value(wide).await, json!(false), "after {step}");
        let small = "[...document.querySelectorAll('button, input')].filter((each) => each.checkVisibility() \
                     && Math.min(each.getBoundingClientRect().height, each.getBoundingClientRect().width) < 24).map((each) => each.outerHTML)";
        assert_eq!(page.value(small).await, json!([]), "after {step}");
    }
    page.close().await;
}

#[tokio::test]
async fn new_cheeps_are_read_out_without_a_flood() {
    let server = Server::start();
    let page = Browser::named(server.address, "alice").await;
    // Each change of the live region is something that a screen reader says.
    let watch = "window.heard = []; new MutationObserver(() => heard.push(document.querySelector('#announcer').innerText)) \
                 .observe(document.querySelector('#announcer'), { childList: true })";
    page.client.execute(watch, Vec::new()).await.unwrap();
    server.client().post("bob", "the first");
    page.shows("the first").await;
    page.until("something is said", "heard.length > 0").await;
    server.client().post_many("carol", 200);
    page.until("more is said", "heard.length > 1").await;
    let heard: Value = page.value("heard").await;
    assert_eq!(heard, json!(["bob: the first", "200 new cheeps"]));
    page.close().await;
}
