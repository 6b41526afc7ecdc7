//! Links, roles and a host's hand, from one page to the other, with the real server between them.

use serde_json::json;

use crate::{
    browser::{Browser, ENTER},
    support::{Client, Server},
};

async fn open(server: &Server, at: &str) -> Browser {
    let browser = Browser::start(server.address).await;
    browser.client.goto(&format!("{}{at}", browser.origin)).await.unwrap();
    browser
}

async fn door_says(page: &Browser, sentence: &str) {
    let script = format!("document.querySelector('#door')?.innerText.includes({})", json!(sentence));
    page.until(&format!("the door says {sentence}"), &script).await;
}

const CLAIMED: &str = "!document.querySelector('#me-verified').hidden";

#[tokio::test]
async fn a_private_timeline_lets_in_who_has_the_link_until_it_ends() {
    let server = Server::with(&["--private"]);
    let token = server.link(&["join-link"]);
    let page = open(&server, "").await;
    door_says(&page, "private: ask its host for the link").await;
    page.until("the field has the focus", "document.activeElement.id === 'link'").await;
    page.press(&format!("j_0123456789abcdefghijkl{ENTER}")).await;
    page.until("it is refused", "document.querySelector('#link-refusal').innerText !== ''").await;
    page.value(&format!("document.querySelector('#link').value = '{}#join={token}'", page.origin)).await;
    page.press(&ENTER.to_string()).await;
    page.status_has("live").await;
    page.say_name("alice").await;
    page.until("the name is claimed", CLAIMED).await;
    page.cheep("among ourselves").await;
    page.shows("among ourselves").await;
    page.has_nowhere(&token).await;
    assert_eq!(page.value("document.cookie").await, json!(""), "no script reads the session");
    page.load().await;
    page.shows("among ourselves").await;

    // Whoever opens the link itself is in at once.
    let other = open(&server, &format!("#join={token}")).await;
    other.shows("among ourselves").await;
    assert_eq!(other.value("location.href").await, json!(other.origin));
    let links = server.commanded(&["links"]);
    let number =
        links["entries"].as_array().unwrap().iter().map(|entry| entry["link"].as_u64().unwrap()).max().unwrap();
    server.commanded(&["links", "--end", &number.to_string()]);
    for page in [&page, &other] {
        door_says(page, "Your link or session has ended").await;
    }
    page.load().await;
    door_says(&page, "private: ask its host for the link").await;
    page.close().await;
    other.close().await;
}

#[tokio::test]
async fn strangers_read_and_members_write_where_the_host_wants_it_so() {
    let server = Server::with(&["--read-only"]);
    let token = server.link(&["join-link"]);
    Client::with_token(server.address, "/ws", &token).unwrap().post("bob", "for all to read");
    let page = open(&server, "").await;
    page.shows("for all to read").await;
    door_says(&page, "You may read here").await;
    page.client.goto(&format!("{}#join={token}", page.origin)).await.unwrap();
    page.until("it is a member", "!document.querySelector('#door').checkVisibility()").await;
    page.value("document.querySelector('#name').focus()").await;
    page.say_name("alice").await;
    page.cheep("from a member").await;
    page.shows("from a member").await;
    page.close().await;
}

#[tokio::test]
async fn a_host_keeps_order_and_lets_others_in_from_the_page() {
    let server = Server::with(&["--private", "--post-rate", "0"]);
    let member = server.link(&["join-link"]);
    let mut troll = Client::with_token(server.address, "/ws", &member).unwrap();
    troll.post("mallory", "that does not belong here");
    let class = open(&server, &format!("#join={member}")).await;
    class.shows("that does not belong here").await;
    class.say_name("ann").await;
    class.until("the name is claimed", CLAIMED).await;
    class.cheep("hello").await;
    class.shows("hello").await;

    let host = open(&server, &format!("#join={}", server.link(&["host-link"]))).await;
    host.until(
        "the tools are there",
        "document.querySelector('#open-host') && document.querySelector('#c1 [data-do=moderate]')",
    )
    .await;
    host.click("#c1 [data-do=moderate]").await;
    host.click("#moderation .content > button:nth-of-type(1)").await;
    host.click("#delete-yes").await;
    class.until("it is gone", "document.querySelector('#c1 .gone')").await;
    let told = "document.querySelector('#moderation [role=status]').innerText";
    host.until("it is told", &format!("{told} === 'The cheep was removed.'")).await;
    host.value("document.querySelector('#moderation').close()").await;

    // Who is muted reads it, with the time, and has their text back.
    host.click("#c2 [data-do=moderate]").await;
    host.click("#moderation .content > button:nth-of-type(2)").await;
    host.until("it is told", &format!("{told}.startsWith('ann was muted until')")).await;
    class.cheep("may I?").await;
    class.until("it is refused", "document.querySelector('#refusal').innerText.includes(' Until ')").await;
    assert_eq!(class.value("document.querySelector('#cheep').value").await, json!("may I?"));
    host.click("#moderation [role=status] button").await;
    host.until("it is undone", &format!("{told}.endsWith('undone')")).await;
    class.click("#send").await;
    class.shows("may I?").await;
    host.value("document.querySelector('#moderation').close()").await;

    host.click("#open-host").await;
    host.until(
        "a claim is listed",
        "document.querySelector('#host .audit')?.innerText.includes('somebody claimed ann')",
    )
    .await;
    let audit = host.text("#host .audit").await;
    for line in ["cheep 1 was removed", "ann was muted until", "was undone", "somebody came in by link"] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
    host.click("#host form button[type=submit]").await;
    host.until("the link is there", "document.querySelector('#host .link')").await;
    let link = host.text("#host .link").await;
    let guest = open(&server, &link[host.origin.len()..]).await;
    guest.shows("may I?").await;
    // That session ends, and nobody else's.
    host.value("(document.querySelector('#host').close(), document.querySelector('#open-host').click())").await;
    host.until("it is listed", "document.querySelector('#host li')?.innerText.includes('somebody came in')").await;
    host.click("#host li:first-child button").await;
    host.click("#delete-yes").await;
    door_says(&guest, "Your link or session has ended").await;
    class.status_has("live").await;

    // Who is no host any more has no tools, and nothing of them lies over the door.
    let links = server.commanded(&["links"]);
    let of_hosts = links["entries"].as_array().unwrap().iter().find(|entry| entry["role"] == "host").unwrap();
    server.commanded(&["links", "--end", &of_hosts["link"].to_string()]);
    door_says(&host, "Your link or session has ended").await;
    host.until("the tools are gone", "!document.querySelector('#host[open], [data-do=moderate]') && !document.querySelector('#open-host').checkVisibility()").await;
    for page in [class, host, guest] {
        page.close().await;
    }
}

#[tokio::test]
async fn a_name_that_looks_like_a_claimed_one_is_refused_in_a_sentence() {
    let server = Server::start();
    let mut client = server.client();
    client.ask(json!({ "type": "hello", "name": "alice", "secret": "the secret of the real alice" }));
    let page = Browser::open(server.address).await;
    for name in ["aIice", "\u{430}lice"] {
        page.value("document.querySelector('#name').focus()").await;
        page.say_name(name).await;
        page.until("it is refused", "document.querySelector('#name-refusal').innerText.includes('looks like')").await;
        page.value("document.querySelector('#name-refusal').textContent = ''").await;
    }
    page.say_name("alice ✓").await;
    page.until("it is refused", "document.querySelector('#name-refusal').innerText.includes('check mark')").await;
    page.close().await;
}
