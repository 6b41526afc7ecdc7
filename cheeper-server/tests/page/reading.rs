//! Reading: what is read never moves, and thousands of cheeps are as light as a few.

use serde_json::json;

use crate::{
    browser::Browser,
    support::{Client, Server},
};

/// Where a cheep's upper edge is on the screen, in whole pixels.
fn place(seq: u64) -> String {
    format!("Math.round(document.querySelector('#c{seq}').getBoundingClientRect().top)")
}

/// The cheep that is read: the first in sight.
const IN_SIGHT: &str = "[...document.querySelectorAll('article')].find((article) => \
                        article.getBoundingClientRect().top > 60).dataset.seq";

async fn scroll_by(page: &Browser, px: i64) {
    page.value(&format!(
        "(window.scrollBy(0, {px}), new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))"
    ))
    .await;
}

fn post_many(server: &Server, name: &str, count: usize) {
    server.client().post_many(name, count);
}

#[tokio::test]
async fn nothing_moves_while_somebody_reads_and_the_pill_leads_to_the_newest() {
    let server = Server::start();
    post_many(&server, "bob", 200);
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 200").await;
    scroll_by(&alice, 3000).await;
    let seq: u64 = alice.value(IN_SIGHT).await.as_str().unwrap().parse().unwrap();
    let before = alice.value(&place(seq)).await;

    post_many(&server, "carol", 25);
    alice.until("they wait", "document.querySelector('#pill').innerText === '25 new cheeps ↑'").await;
    assert_eq!(alice.value(&place(seq)).await, before);
    assert_eq!(alice.client.title().await.unwrap(), "(25) Cheeper");
    // Another width sets every line anew; what is read stays where it is read.
    alice.resize(500, 900).await;
    alice.until("it is narrow", "document.querySelector('main').clientWidth <= 500").await;
    scroll_by(&alice, 0).await;
    let moved = alice.value(&place(seq)).await.as_i64().unwrap() - before.as_i64().unwrap();
    assert!(moved.abs() <= 2, "it moved by {moved} px");

    alice.click("#pill").await;
    alice.shows("carol 25").await;
    alice.until("it is at the top", "window.scrollY === 0").await;
    assert_eq!(alice.text(".mark").await, "new since you were here");
    assert_eq!(alice.client.title().await.unwrap(), "Cheeper");
    // It follows again.
    post_many(&server, "dave", 1);
    alice.shows("dave 1").await;
    assert_eq!(alice.value("document.querySelector('#pill').hidden").await, json!(true));
    alice.close().await;
}

#[tokio::test]
async fn five_thousand_cheeps_are_scrolled_to_the_first_and_back_without_a_gap() {
    const ALL: u64 = 5000;
    let server = Server::start();
    post_many(&server, "bob", usize::try_from(ALL).unwrap());
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 5000").await;
    // Each screen that is passed is looked at: what is in sight, and how much there is in the page.
    let journey = "
        const [direction, done] = arguments;
        const seen = new Set();
        const path = [];
        let most = 0;
        const step = () => {
          const articles = [...document.querySelectorAll('article[data-seq]')];
          most = Math.max(most, articles.length);
          for (const article of articles) {
            const { top, bottom } = article.getBoundingClientRect();
            if (bottom > 0 && top < innerHeight) seen.add(Number(article.dataset.seq));
          }
          path.push([Math.round(scrollY), articles[0]?.dataset.seq, articles.at(-1)?.dataset.seq]);
          const isDone = direction > 0 ? seen.has(1) : scrollY === 0;
          if (isDone) done({ seen: seen.size, most, path: seen.size < 5000 ? path : [] });
          else {
            window.scrollBy(0, direction * innerHeight * 0.8);
            requestAnimationFrame(step);
          }
        };
        step();";
    for direction in [1, -1] {
        let passed = alice.client.execute_async(journey, vec![json!(direction)]).await.unwrap();
        assert_eq!(passed["seen"], json!(ALL), "{passed}");
        assert!(passed["most"].as_u64().unwrap() < 400, "{passed}");
    }
    assert!(alice.text("#feed").await.starts_with("bob"));
    // The bar is as long as the timeline: one drag leads to the first cheep.
    alice.value("window.scrollTo(0, document.documentElement.scrollHeight)").await;
    alice.until("the first is there", "document.querySelector('#c1')").await;
    assert_eq!(alice.text("#end").await, "This is where it began.");
    alice.close().await;
}

#[tokio::test]
async fn a_leap_along_the_scroll_bar_leads_where_it_was_aimed() {
    let server = Server::start();
    post_many(&server, "bob", 1500);
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 1500").await;
    // To the end of what is loaded, which loads more, until the first is there.
    while alice.count("#c1").await == 0 {
        let leap = "new Promise((done) => { \
            const end = document.documentElement.scrollHeight - innerHeight; \
            window.scrollTo(0, end); \
            requestAnimationFrame(() => requestAnimationFrame(() => done(Math.round(scrollY - end)))); })";
        assert_eq!(alice.value(leap).await, json!(0));
    }
    for part in [0.5, 0.1, 0.9] {
        let leap = format!(
            "new Promise((done) => {{ \
                const to = Math.round(document.documentElement.scrollHeight * {part}); \
                window.scrollTo(0, to); \
                requestAnimationFrame(() => requestAnimationFrame(() => done(Math.round(scrollY - to)))); }})"
        );
        assert_eq!(alice.value(&leap).await, json!(0));
        assert!(alice.value(IN_SIGHT).await.is_string(), "cheeps are drawn there");
    }
    alice.close().await;
}

#[tokio::test]
async fn who_comes_back_sees_where_they_were() {
    let server = Server::start();
    post_many(&server, "bob", 3);
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 3").await;
    alice.client.goto("about:blank").await.unwrap();
    post_many(&server, "carol", 2);
    alice.load().await;
    alice.shows("carol 2").await;
    alice.until("there is a line", "document.querySelector('.mark')").await;
    let feed = alice.text("#feed").await;
    let (new, old) = feed.split_once("new since you were here").unwrap();
    assert!(new.contains("carol 1") && old.contains("bob 3") && !new.contains("bob"), "{feed}");
    alice.close().await;
}

#[tokio::test]
async fn a_hidden_tab_counts_in_its_title_what_nobody_saw() {
    let server = Server::start();
    post_many(&server, "bob", 3);
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 3").await;
    let first = alice.client.window().await.unwrap();
    let second = alice.client.new_window(true).await.unwrap().handle;
    alice.client.switch_to_window(second).await.unwrap();
    alice.client.switch_to_window(first.clone()).await.unwrap();
    // Which tab is in front is not WebDriver's to say, so the page is told.
    alice
        .value("Object.defineProperty(document, 'hidden', { configurable: true, get: () => window.away === true })")
        .await;
    alice.value("(window.away = true, document.dispatchEvent(new Event('visibilitychange')))").await;
    post_many(&server, "carol", 3);
    alice.until("the title counts", "document.title === '(3) Cheeper'").await;
    alice.value("(window.away = false, document.dispatchEvent(new Event('visibilitychange')))").await;
    alice.until("they were seen", "document.title === 'Cheeper'").await;
    let feed = alice.text("#feed").await;
    assert!(feed.find("carol 1").unwrap() < feed.find("new since you were here").unwrap(), "{feed}");
    alice.close().await;
}

#[tokio::test]
async fn a_mention_notifies_who_asked_for_that_and_looks_elsewhere() {
    let server = Server::start();
    let alice = Browser::start(server.address).await;
    let permission = json!({ "origin": alice.origin.trim_end_matches('/'), "permissions": ["notifications"] });
    alice.devtools("Browser.grantPermissions", permission).await;
    let watch = "window.notes = []; Notification = class extends EventTarget { \
                 static permission = 'granted'; static requestPermission = async () => 'granted'; \
                 constructor(title, { body }) { super(); notes.push(`${title}: ${body}`); } }; \
                 Object.defineProperty(document, 'hidden', { get: () => window.away === true })";
    alice.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch })).await;
    alice.load().await;
    alice.say_name("alice").await;
    alice.status_has("live").await;
    let mut bob = server.client();
    let away = "(window.away = true, document.dispatchEvent(new Event('visibilitychange')))";
    alice.value(away).await;
    bob.post("bob", "@alice nobody asked to be told");
    alice.until("it is counted", "document.title.startsWith('(1)')").await;
    alice.value("(window.away = false, document.dispatchEvent(new Event('visibilitychange')))").await;
    alice.click("#open-help").await;
    alice.click("#notify").await;
    alice.until("it is chosen", "localStorage['cheeper.settings']?.includes('\"notify\":true')").await;
    alice.value(away).await;
    bob.post("bob", "nobody is meant");
    bob.post("bob", "hello @alice");
    alice.until("it notifies", "notes.length > 0").await;
    assert_eq!(alice.value("notes").await, json!(["bob mentioned you: hello @alice"]));
    alice.close().await;
}

#[tokio::test]
async fn times_stay_true_and_days_are_told_apart() {
    let server = Server::start();
    server.client().post("bob", "hello");
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("hello").await;
    let shown = "document.querySelector('#c1 time').firstChild.innerText";
    assert_eq!(alice.value(shown).await, json!("now"));
    let whole = "(({ title, lastChild, dateTime }) => title === lastChild.textContent && title.includes(String(new \
                 Date(dateTime).getFullYear())))(document.querySelector('#c1 time'))";
    assert_eq!(alice.value(whole).await, json!(true), "the whole date is there for mouse and ear");
    // Time passes while the page is open.
    let later = |ms: u64| format!("(Date.now = ((now) => () => now() + {ms})(Date.now), 1)");
    alice.value(&later(5 * 60 * 1000)).await;
    alice.until("it is five minutes ago", &format!("{shown} === '5 min'")).await;
    alice.value(&later(24 * 60 * 60 * 1000)).await;
    alice.until("it was yesterday", "document.querySelector('.line')?.innerText.startsWith('Yesterday, ')").await;
    alice.close().await;
}

#[tokio::test]
async fn what_a_reply_answers_is_shown_and_found_however_old_it_is() {
    let server = Server::start();
    let mut bob: Client = server.client();
    bob.post_many("bob", 1000);
    bob.ask(json!({ "name": "carol", "cheep": "about that", "reply_to": 7 }));
    let alice = Browser::named(server.address, "alice").await;
    alice.until("it is quoted", "document.querySelector('a.quote')?.innerText === 'bob bob 7'").await;
    alice.click("a.quote").await;
    alice.until("it is among its neighbours", "document.activeElement.matches('#around #a7.wanted')").await;
    assert!(alice.text("#around-list").await.contains("bob 9"));
    // It can be answered from there.
    alice.click("#a7 [data-do=reply]").await;
    assert_eq!(alice.text("#reply-to").await, "bob bob 7");
    assert_eq!(alice.value("document.querySelector('#around').open").await, json!(false));
    alice.close().await;
}

#[tokio::test]
async fn whoever_uses_a_cheep_at_the_top_is_not_pushed_away_from_it() {
    let server = Server::start();
    post_many(&server, "bob", 5);
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 5").await;
    let permission = json!({ "permissions": ["clipboardReadWrite"] });
    alice.devtools("Browser.grantPermissions", permission).await;
    alice.click("#c4 [data-do=copy]").await;
    alice.until("it says so", "document.querySelector('#c4 [data-do=copy]').innerText === 'Copied'").await;
    assert_eq!(alice.value("navigator.clipboard.readText()").await, json!("bob 4"));
    let before = alice.value(&place(4)).await;
    post_many(&server, "carol", 2);
    alice.until("they wait", "document.querySelector('#pill').innerText === '2 new cheeps ↑'").await;
    assert_eq!(alice.value(&place(4)).await, before);
    alice.click("#pill").await;
    alice.shows("carol 2").await;
    alice.close().await;
}
