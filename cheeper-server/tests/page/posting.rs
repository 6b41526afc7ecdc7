//! Writing: from the first name to a cheep that everybody sees, and what is said if it cannot be.

use serde_json::json;

use crate::{
    browser::{Browser, CONTROL, ENTER},
    support::Server,
};

#[tokio::test]
async fn two_people_see_each_other_answer_and_know_who_wrote() {
    let server = Server::start();
    let (alice, bob) =
        tokio::join!(Browser::named(server.address, "alice"), Browser::named(server.address, "bob the second"));
    alice.cheep("have a look at https://example.org/a_(b), @\"Bob the Second\"! #first").await;
    bob.shows("have a look at https://example.org/a_(b), @\"Bob the Second\"! #first").await;
    assert_eq!(bob.count("article.mentioned .verified").await, 1);
    assert_eq!(alice.count("article.own").await, 1);
    let link = "document.querySelector('.text a').outerHTML";
    let expected = "<a href=\"https://example.org/a_(b)\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">\
                    https://example.org/a_(b)</a>";
    assert_eq!(bob.value(link).await, json!(expected));
    assert_eq!((bob.text(".mention").await, bob.text(".tag").await), ("@\"Bob the Second\"".into(), "#first".into()));

    bob.click("[data-do=reply]").await;
    assert!(bob.text("#reply").await.contains("alice have a look"));
    bob.press("I do").await;
    bob.click("#composer button[type=submit]").await;
    alice.shows("I do").await;
    assert!(alice.text("a.quote").await.starts_with("alice have a look"));
    alice.click("a.quote").await;
    alice.until("what is answered has the focus", "document.activeElement.id === 'c1'").await;
    assert!(!bob.client.find(fantoccini::Locator::Id("reply")).await.unwrap().is_displayed().await.unwrap());

    // The same name has the same colour on both pages, and another one another.
    let hues = "[...document.querySelectorAll('article .author .name')].map((name) => name.style.cssText).join()";
    assert_eq!(alice.value(hues).await, bob.value(hues).await);
    alice.close().await;
    bob.close().await;
}

#[tokio::test]
async fn a_link_that_lets_people_in_stays_in_the_field() {
    let server = Server::start();
    let alice = Browser::named(server.address, "alice").await;
    let link = format!("come in: {}#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg", alice.origin);
    alice.cheep(&link).await;
    alice.until("it is refused", "document.querySelector('#refusal').innerText.includes('it is not posted')").await;
    assert_eq!(alice.value("document.querySelector('#cheep').value").await, json!(link));
    alice.cheep("come in").await;
    alice.shows("come in").await;
    assert_eq!(alice.texts().await, ["come in"]);
    alice.close().await;
}

#[tokio::test]
async fn a_cheep_of_lines_is_counted_in_characters_and_sent_by_the_keyboard() {
    let server = Server::start();
    let alice = Browser::named(server.address, "alice").await;
    alice.write("👩‍👩‍👧e\u{301}").await;
    assert_eq!(alice.text("#left").await, "278");
    alice.write(&"x".repeat(281)).await;
    assert_eq!(alice.text("#left").await, "−1");
    alice.press(&format!("{CONTROL}{ENTER}")).await;
    alice.until("it is refused", "document.querySelector('#refusal').innerText.includes('281')").await;
    assert_eq!(alice.count("article").await, 0);
    alice.write("").await;
    alice.press(&format!("one{ENTER}two")).await;
    alice.press(&format!("{CONTROL}{ENTER}")).await;
    alice.shows("one\ntwo").await;
    assert_eq!(alice.value("document.querySelector('#cheep').value").await, json!(""));
    alice.close().await;
}

#[tokio::test]
async fn a_taken_name_is_explained_and_another_can_be_chosen() {
    let server = Server::start();
    server.client().ask(json!({ "type": "hello", "name": "alice", "secret": "correct horse battery" }));
    let page = Browser::open(server.address).await;
    page.say_name("Alice").await;
    page.until(
        "it is explained",
        "document.querySelector('#name-refusal').innerText.includes('belongs to somebody else')",
    )
    .await;
    page.say_name("alice the other").await;
    page.cheep("hello").await;
    page.shows("hello").await;
    // It was claimed with a secret of the page, which is kept: the name is still ours after a reload.
    page.load().await;
    page.until("the name is known", "document.querySelector('#me').innerText === 'alice the other'").await;
    page.until("and ours", "!document.querySelector('#me-verified').hidden").await;
    page.close().await;
}

#[tokio::test]
async fn a_refused_cheep_comes_back_with_the_servers_sentence() {
    let server = Server::start();
    let alice = Browser::named(server.address, "alice").await;
    // Only the server can know that there is nothing to answer.
    let draft = "localStorage.setItem('cheeper.draft', JSON.stringify({ text: 'so do I', replyTo: 77 }))";
    alice.value(draft).await;
    alice.load().await;
    alice.status_has("live").await;
    alice.click("#composer button[type=submit]").await;
    alice.until("it is back", "document.querySelector('#cheep').value === 'so do I'").await;
    assert!(!alice.text("#refusal").await.is_empty());
    alice.until("it is on the timeline no more", "document.querySelectorAll('article').length === 0").await;
    alice.click("#no-reply").await;
    alice.click("#composer button[type=submit]").await;
    alice.shows("so do I").await;
    alice.close().await;
}

#[tokio::test]
async fn a_draft_survives_a_reload() {
    let server = Server::start();
    let seq = server.client().post("bob", "a question");
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("a question").await;
    alice.click("[data-do=reply]").await;
    alice.press("half a").await;
    alice.load().await;
    alice.until("it is still there", "document.querySelector('#cheep').value === 'half a'").await;
    alice.until("with what it answers", "document.querySelector('#reply-to').innerText === 'bob a question'").await;
    alice.press("n answer").await;
    alice.client.execute("document.querySelector('#cheep').focus()", Vec::new()).await.unwrap();
    alice.press(&format!("{CONTROL}{ENTER}")).await;
    alice.until("it is an answer", &format!("document.querySelector('a.quote[data-to=\"{seq}\"]')")).await;
    alice.close().await;
}
