//! Threads and searches: what is found, how it is read on, and that it is as it is now.

use serde_json::json;

use crate::{
    access::assert_no_violations,
    browser::{Browser, ESCAPE},
    support::{Client, Server},
};

fn say(client: &mut Client, cheep: &str, reply_to: Option<u64>) -> u64 {
    let post = json!({ "name": "bob", "cheep": cheep, "reply_to": reply_to });
    client.ask(post)["seq"].as_u64().unwrap()
}

#[tokio::test]
async fn a_thread_is_read_from_its_first_to_its_newest_and_grows_while_it_is_open() {
    let server = Server::start();
    let mut bob = server.client();
    let root = say(&mut bob, "the root", None);
    let middle = say(&mut bob, "the middle", Some(root));
    say(&mut bob, "another branch", Some(root));
    // More than a page has.
    for nth in 1..=250 {
        say(&mut bob, &format!("leaf {nth}"), Some(middle));
    }
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("leaf 250").await;
    // The keys are for a cheep that has the focus, and what comes with the name may draw it once more.
    alice.until("she has her name", "document.body.innerText.includes('alice✓')").await;
    alice.press(&format!("{ESCAPE}j")).await;
    alice.until("a cheep has the focus", "document.activeElement.matches('article[data-seq]')").await;
    alice.press("t").await;
    alice.until("the wanted one has the focus", "document.activeElement.matches('#thread .wanted')").await;
    let texts = "[...document.querySelectorAll('#thread .text')].map((text) => text.textContent)";
    assert_eq!(alice.value(texts).await, json!(["the root", "the middle", "leaf 250"]));
    // A quote leads to what it quotes, which is here, and its answers are counted.
    alice.click("#thread article:nth-child(2) [data-do=thread]").await;
    alice.until("there is more", "!document.querySelector('#thread-more').hidden").await;
    assert_eq!(alice.text(&format!("#t{middle} [data-do=thread]")).await, "250 answers");
    alice.value("document.querySelector('#thread-more').click()").await;
    alice.until("all is there", "document.querySelectorAll('#thread article').length === 252").await;
    alice
        .client
        .execute(&format!("document.querySelector('#thread a.quote[data-to=\"{middle}\"]').click()"), Vec::new())
        .await
        .unwrap();
    assert_eq!(alice.value("document.activeElement.id").await, json!(format!("t{middle}")));

    let live = say(&mut bob, "while it is open", Some(middle));
    alice.until("it grows", &format!("document.querySelector('#thread article:last-child').id === 't{live}'")).await;
    alice.press(&ESCAPE.to_string()).await;
    alice.until("it is empty when it is closed", "document.querySelectorAll('#thread article').length === 0").await;
    alice.close().await;
}

#[tokio::test]
async fn a_search_is_begun_by_a_key_marks_what_it_finds_and_is_read_on() {
    let server = Server::start();
    let mut bob = server.client();
    for nth in 1..=70 {
        say(&mut bob, &format!("a café is open, no. {nth}"), None);
        say(&mut bob, "something else", None);
    }
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("something else").await;
    alice.press(&format!("{ESCAPE}/")).await;
    assert_eq!(alice.value("document.activeElement.id").await, json!("q"));
    alice.press("xyzzy\u{E007}").await;
    alice.until("there is nothing", "document.querySelector('#search-note').innerText === 'Nothing was found.'").await;
    alice.find("CAFE\u{301} 70").await;
    let found = "document.querySelectorAll('#search article').length";
    assert_eq!(alice.value(found).await, json!(1));
    let search = |q: &str| {
        format!(
            "(document.querySelector('#q').value = {}, document.querySelector('#search-form').requestSubmit())",
            json!(q)
        )
    };
    alice.value(&search("café")).await;
    alice.until("there are some", &format!("{found} > 1")).await;
    assert_no_violations(&alice, "what was found, light").await;
    alice.prefers_dark().await;
    assert_no_violations(&alice, "what was found, dark").await;
    let marks = "[...new Set([...document.querySelectorAll('#search mark')].map((mark) => mark.textContent))]";
    assert_eq!(alice.value(marks).await, json!(["café"]));
    alice.value(&search("cafe")).await;
    alice.until("it is found without its accent", &format!("{found} > 1")).await;
    assert_eq!(alice.value(marks).await, json!(["café"]), "it is marked as it stands");
    while alice.value(&format!("{found} < 70")).await == json!(true) {
        alice
            .until("there is more", &format!("!document.querySelector('#search-more').hidden || {found} === 70"))
            .await;
        alice.value("document.querySelector('#search-more').click()").await;
    }
    alice.until("all are found", &format!("{found} === 70")).await;
    assert!(alice.text("#search article:last-child .text").await.ends_with("no. 1"), "the newest are first");
    // What cannot be searched for is explained.
    alice.value(&search("!")).await;
    alice
        .until(
            "it is explained",
            &format!("{found} === 0 && document.querySelector('#search-note').innerText.startsWith('There is nothing to look for')"),
        )
        .await;
    let again = "document.querySelector('#search-more').hidden";
    assert_eq!(alice.value(again).await, json!(true), "the same would be answered in the same way");
    alice.value(&search(&"é".repeat(257))).await;
    assert!(alice.text("#search-note").await.contains("514 bytes"), "it is said before it is sent");
    assert_eq!(alice.value(again).await, json!(true));
    alice.close().await;
}

#[tokio::test]
async fn without_a_connection_a_search_and_a_thread_say_so_and_can_be_tried_again() {
    let server = Server::start();
    let mut bob = server.client();
    let root = say(&mut bob, "the root", None);
    say(&mut bob, "the answer", Some(root));
    let alice = Browser::on_a_line(server.address, "alice").await;
    alice.shows("the answer").await;
    alice.cut().await;
    alice.click(&format!("#c{root} [data-do=thread]")).await;
    alice.until("it says so", "document.querySelector('#thread-note').innerText.includes('no connection')").await;
    alice.mend().await;
    alice.click("#thread-more").await;
    alice.until("it is there", "document.querySelectorAll('#thread article').length === 2").await;
    assert_eq!(alice.text("#thread-note").await, "");
    alice.close().await;
}
