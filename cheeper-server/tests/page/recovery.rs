//! The line goes, the server is killed, tabs are closed: what was written goes out once, what was missed comes.

use serde_json::Value;

use crate::{browser::Browser, support::Server};

/// Every text on the timeline, oldest first, as the server has it.
fn stored(server: &Server) -> Vec<String> {
    let mut client = server.client();
    let page = client.ask(serde_json::json!({ "type": "history", "limit": 200 }));
    let text = |event: &Value| event["cheep"].as_str().unwrap().to_owned();
    page["events"].as_array().unwrap().iter().map(text).collect()
}

const NOTHING_WAITS: &str = "!document.querySelector('[role=status]').innerText.includes('unsent') \
                             && document.querySelectorAll('.pending').length === 0";

#[tokio::test]
async fn what_was_written_while_the_server_was_killed_goes_out_once_and_in_order() {
    let mut server = Server::start();
    let data = server.data.clone();
    let alice = Browser::named(server.address, "alice").await;
    alice.cheep("before").await;
    alice.shows("before").await;
    server.kill();
    alice.status_has("offline, again in").await;
    for text in ["first", "second", "third"] {
        alice.cheep(text).await;
    }
    alice.status_has("3 unsent").await;
    assert_eq!(alice.texts().await, ["third", "second", "first", "before"]);
    // What the page cannot know: somebody else cheeps before it is back.
    server.restart_in_place(&data);
    server.client().post("bob", "meanwhile");
    alice.try_now().await;
    alice.until("nothing waits", NOTHING_WAITS).await;
    alice.shows("meanwhile").await;
    let mut drawn = alice.texts().await;
    drawn.reverse();
    assert_eq!(drawn, stored(&server), "nothing twice, missing or out of order");
    let ours: Vec<String> = drawn.into_iter().filter(|text| text != "meanwhile").collect();
    assert_eq!(ours, ["before", "first", "second", "third"]);
    alice.close().await;
}

#[tokio::test]
async fn an_outbox_survives_a_reload_and_a_closed_tab() {
    let mut server = Server::start();
    let data = server.data.clone();
    let alice = Browser::named(server.address, "alice").await;
    server.kill();
    alice.status_has("offline").await;
    alice.cheep("written before the reload").await;
    alice.status_has("1 unsent").await;

    // The page itself comes from the server: it is loaded once that is back.
    server.restart_in_place(&data);
    alice.load().await;
    alice.shows("written before the reload").await;

    let first = alice.client.window().await.unwrap();
    let second = alice.client.new_window(true).await.unwrap().handle;
    alice.client.switch_to_window(second).await.unwrap();
    alice.load().await;
    alice.status_has("live").await;
    server.kill();
    alice.status_has("offline").await;
    alice.cheep("written in a tab that was closed").await;
    alice.status_has("1 unsent").await;
    alice.client.close_window().await.unwrap();
    alice.client.switch_to_window(first).await.unwrap();
    alice.status_has("1 unsent").await;
    server.restart_in_place(&data);
    alice.try_now().await;
    alice.shows("written in a tab that was closed").await;
    alice.until("nothing waits", NOTHING_WAITS).await;
    assert_eq!(stored(&server), ["written before the reload", "written in a tab that was closed"]);
    alice.close().await;
}

#[tokio::test]
async fn two_tabs_send_what_each_has_and_nothing_twice() {
    let mut server = Server::start();
    let data = server.data.clone();
    let alice = Browser::named(server.address, "alice").await;
    let first = alice.client.window().await.unwrap();
    let second = alice.client.new_window(true).await.unwrap().handle;
    alice.client.switch_to_window(second.clone()).await.unwrap();
    alice.load().await;
    alice.status_has("live").await;
    server.kill();
    for (window, text) in [(&first, "from the first tab"), (&second, "from the second tab")] {
        alice.client.switch_to_window(window.clone()).await.unwrap();
        alice.status_has("offline").await;
        alice.cheep(text).await;
        alice.status_has("1 unsent").await;
    }
    server.restart_in_place(&data);
    for window in [first, second] {
        alice.client.switch_to_window(window).await.unwrap();
        alice.try_now().await;
        alice.until("nothing waits", NOTHING_WAITS).await;
        alice.shows("from the first tab").await;
        alice.shows("from the second tab").await;
    }
    let mut texts = stored(&server);
    texts.sort();
    assert_eq!(texts, ["from the first tab", "from the second tab"]);
    alice.close().await;
}

#[tokio::test]
async fn another_timeline_at_the_same_address_replaces_what_was_shown() {
    let mut server = Server::start();
    server.client().post_many("bob", 30);
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 30").await;
    server.kill();
    alice.status_has("offline").await;
    let other = server.data.with_file_name("other.db");
    server.restart_in_place(&other);
    server.client().post("carol", "a new beginning");
    alice.try_now().await;
    alice.shows("a new beginning").await;
    assert_eq!(alice.texts().await, ["a new beginning"]);
    alice.close().await;
}

#[tokio::test]
async fn a_planned_restart_is_come_back_from_without_a_hole() {
    let mut server = Server::start();
    let data = server.data.clone();
    let mut bob = server.client();
    bob.post_many("bob", 3);
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 3").await;
    server.signal("TERM");
    assert!(server.ended().success());
    server.restart_in_place(&data);
    server.client().post_many("carol", 300);
    alice.shows("carol 300").await;
    alice.until("it is all there", "document.querySelector('#c303') && document.querySelector('#c290')").await;
    alice.close().await;
}
