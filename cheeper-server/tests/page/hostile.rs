//! What people write to break a page: it stays text, and stays in its place.

use serde_json::json;

use crate::{browser::Browser, support::Server};

const TEXTS: &[&str] = &[
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>",
    "</p></article><style>*{display:none}</style>&lt;b&gt; &amp;",
    "javascript:alert(1) https://example.org/\"onmouseover=\"alert(1) data:text/html,<script>alert(1)</script>",
    "https://example.org@evil.example/ https://[::1 https://\u{202E}gro.elpmaxe",
    "\u{202E}this text \u{2066}is turned\u{2069} around \u{200F}",
    "مرحبا بالعالم hello שלום עולם",
    "${alert(1)} {{constructor.constructor('alert(1)')()}} __proto__ constructor",
    "@__proto__ #constructor @constructor @<b>",
];

const NAMES: &[&str] = &["<b>bold</b>", "مستخدم", "__proto__", "constructor", "\"'><script>", "👧 家族"];

#[tokio::test]
async fn hostile_texts_and_names_stay_text_and_stay_in_their_place() {
    let server = Server::start();
    let mut client = server.client();
    for (nth, text) in TEXTS.iter().enumerate() {
        client.post(NAMES[nth % NAMES.len()], text);
    }
    client.post("zalgo", &format!("z{} calm", "\u{0300}\u{0316}\u{0489}".repeat(60)));
    client.post(&format!("q{}", "\u{0300}".repeat(4)), "as much of a tower as a name may be");
    client.post("family", &"👩‍👩‍👧‍👦".repeat(280));
    client.post("long", &"https://example.org/".chars().chain("w".repeat(250).chars()).collect::<String>());
    client.post(&"W".repeat(32), &"w".repeat(280));
    client.post("lines", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11");

    let page = Browser::named(server.address, "<i>reader</i>").await;
    page.until("the last is shown", "document.querySelector('#c14')").await;
    for width in [1000, 320] {
        page.resize(width, 700).await;
        page.until("it fits", "document.documentElement.clientWidth <= innerWidth").await;
        let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(page.value(wide).await, json!(0), "at {width} px");
        // Each cheep's text is within its article, and no article reaches into another.
        let out = "[...document.querySelectorAll('#feed article')].filter((article, at, all) => { \
            const box = article.getBoundingClientRect(); \
            const parts = [...article.querySelectorAll('*')].filter((part) => !part.closest('.unseen')); \
            const inside = parts.every((part) => { const r = part.getBoundingClientRect(); \
                return r.right <= box.right + 1 && r.left >= box.left - 1; }); \
            return !inside || (all[at + 1] && all[at + 1].getBoundingClientRect().top < box.bottom - 1); \
        }).map((article) => article.innerText)";
        assert_eq!(page.value(out).await, json!([]), "at {width} px");
    }
    let kinds =
        "[...new Set([...document.querySelectorAll('#feed *')].map((each) => each.localName))].sort().join(' ')";
    assert_eq!(page.value(kinds).await, json!("a article bdi button div p span time"));
    let links = "[...document.querySelectorAll('#feed .text a')].map((link) => link.href)";
    let links: Vec<String> = serde_json::from_value(page.value(links).await).unwrap();
    // Of what turns text around nothing is left, so this is what such a link says.
    let harmless = |link: &String| link.starts_with("https://example.org/") || link == "https://gro.elpmaxe/";
    assert!(links.iter().all(harmless), "{links:?}");
    assert_eq!(page.client.title().await.unwrap(), "Cheeper");
    let texts = page.texts().await;
    assert!(TEXTS[..2].iter().all(|text| texts.iter().any(|shown| shown == text)), "{texts:?}");
    page.close().await;
}

#[tokio::test]
async fn hostile_names_edits_and_searches_stay_text_where_cheeps_are_changed() {
    let server = Server::start();
    let mut client = server.client();
    client.ask(json!({ "type": "hello", "name": NAMES[0], "secret": "the secret of somebody bold" }));
    client.ask(json!({ "cheep": "harmless" }));
    client.ask(json!({ "type": "edit", "target": 1, "cheep": TEXTS[0] }));
    for name in NAMES {
        client.ask(json!({ "type": "react", "name": name, "target": 1, "emoji": "👩‍👩‍👧‍👦" }));
    }
    client.ask(json!({ "name": NAMES[4], "cheep": TEXTS[1], "reply_to": 1 }));
    let page = Browser::named(server.address, "<i>reader</i>").await;
    page.until("all have reacted", "document.querySelector('#c1 .reaction')?.innerText.endsWith(' 6')").await;
    let names: Vec<String> = NAMES.iter().map(|name| format!("\u{2068}{name}\u{2069}")).collect();
    assert_eq!(page.value("document.querySelector('#c1 .reaction').title").await, json!(names.join(", ")));
    page.click("#c1 [data-do=thread]").await;
    page.until("the thread is there", "document.querySelectorAll('#thread article').length === 2").await;
    assert!(page.text("#thread a.quote").await.ends_with(TEXTS[0]));
    page.value("document.querySelector('#thread').close()").await;
    page.click("#open-search").await;
    page.value(
        "(document.querySelector('#q').value = '<b>.*(', document.querySelector('#search-form').requestSubmit())",
    )
    .await;
    page.until("it has an answer", "!['', 'Looking …'].includes(document.querySelector('#search-note').innerText)")
        .await;
    assert_eq!(page.count("img, script:not([src]), style, i, b").await, 0);
    assert_eq!(page.client.title().await.unwrap(), "Cheeper");
    page.close().await;
}

#[tokio::test]
async fn a_word_of_four_hundred_characters_is_shown_whole_where_the_host_allows_it() {
    let server = Server::with(&["--post-rate", "0", "--cheep-chars", "500"]);
    let word = "w".repeat(400);
    server.client().post("bob", &word);
    let page = Browser::named(server.address, "alice").await;
    page.shows(&word).await;
    page.resize(320, 600).await;
    page.until("it is narrow", "document.documentElement.clientWidth <= 320").await;
    assert_eq!(page.value("document.documentElement.scrollWidth <= innerWidth").await, json!(true));
    // The page keeps to the host's limit.
    page.write("").await;
    assert_eq!(page.text("#left").await, "500");
    page.close().await;
}
