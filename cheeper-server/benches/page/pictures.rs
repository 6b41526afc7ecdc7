//! Pictures of the page in its states, to be looked at.

use std::{fs, path::Path};

use serde_json::json;

use crate::{
    browser::{Browser, ESCAPE},
    support::Server,
};

const TALK: &[(&str, &str)] = &[
    ("bob", "Good morning. The first train in was empty, which is how I like it."),
    ("Ümit", "Kahve var mı? ☕"),
    ("carol", "@bob there is a lovely text about quiet trains: https://example.org/on-quiet-trains"),
    ("李雷", "早上好！今天的天气真好 🌤️"),
    ("dave", "Does anybody have notes from yesterday's talk on write-ahead logs? #databases"),
    ("bob", "I do, will send them at lunch."),
    ("سارة", "صباح الخير للجميع"),
    ("erin", "Two things I learnt today:\n1. flex items do not shrink below their content\n2. neither do I"),
    ("carol", "@alice your release notes were a pleasure to read, thank you"),
    ("dave", "The demo is at three, room 4.12. Bring questions."),
    ("frida", "Rain from noon on. Umbrellas are by the door, please bring them back."),
];

/// Writes them all as PNG.
pub(crate) async fn pictures(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut server = Server::start();
    let data = server.data.clone();
    let mut client = server.client();
    client.ask(json!({ "type": "hello", "name": "carol", "secret": "a secret of carol's" }));
    for _ in 0..6 {
        for (name, text) in TALK {
            client.post(name, text);
        }
    }
    let last = client.ask(json!({ "type": "ping" }))["head"].as_u64().unwrap();
    let answer = json!({ "name": "bob", "cheep": "Notes are in the shared folder now.", "reply_to": last - 6 });
    client.ask(answer);

    let page = Browser::named(server.address, "alice").await;
    page.resize(900, 860).await;
    page.cheep("Thanks, everyone. The build is green again, the culprit was a clock that went backwards.").await;
    page.shows("Thanks, everyone. The build is green again, the culprit was a clock that went backwards.").await;
    page.press(&ESCAPE.to_string()).await;
    picture(&page, folder, "light").await;
    page.prefers_dark().await;
    page.press("j").await;
    page.press("j").await;
    picture(&page, folder, "dark").await;
    page.press("?").await;
    picture(&page, folder, "help").await;
    page.press(&ESCAPE.to_string()).await;
    page.value("window.scrollTo(0, 900)").await;
    for (name, text) in &TALK[..3] {
        client.post(name, text);
    }
    page.until("they wait", "!document.querySelector('#pill').hidden").await;
    picture(&page, folder, "pill").await;
    page.click("#pill").await;
    page.until("there is a line", "document.querySelector('.mark')").await;
    picture(&page, folder, "new").await;
    page.resize(390, 780).await;
    picture(&page, folder, "phone-dark").await;
    page.click("#theme").await;
    page.click("article:nth-child(3) [data-do=reply]").await;
    page.write("On my way").await;
    picture(&page, folder, "phone").await;
    page.resize(320, 568).await;
    picture(&page, folder, "narrow").await;
    page.resize(900, 860).await;
    server.kill();
    page.status_has("offline").await;
    page.click("#composer button[type=submit]").await;
    page.cheep("I can write without a connection, too.").await;
    page.status_has("2 unsent").await;
    picture(&page, folder, "offline").await;
    page.resize(320, 568).await;
    picture(&page, folder, "offline-narrow").await;
    server.restart_in_place(&data);
    page.close().await;

    let page = Browser::open(server.address).await;
    page.resize(900, 500).await;
    page.status_has("live").await;
    picture(&page, folder, "name").await;
    page.close().await;
}

async fn picture(page: &Browser, folder: &Path, name: &str) {
    page.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))").await;
    let png: Vec<u8> = page.client.screenshot().await.unwrap();
    let path = folder.join(format!("{name}.png"));
    fs::write(&path, png).unwrap();
    println!("{}", path.display());
}
