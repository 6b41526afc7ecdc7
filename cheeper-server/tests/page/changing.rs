//! Editing, deleting, reacting: done by clicking, seen by everybody, kept through a lost line, and gone where it is to be gone.

use serde_json::{Value, json};

use crate::{
    browser::{Browser, CONTROL, ENTER, ESCAPE},
    support::{Client, Server},
};

/// Somebody whose cheeps are their own.
fn holder(server: &Server, name: &str) -> Client {
    let mut client = server.client();
    let hello = client.ask(json!({ "type": "hello", "name": name, "secret": format!("the secret of {name}") }));
    assert_eq!(hello["claimed"], json!(true), "{hello}");
    client
}

fn seq(answer: &Value) -> u64 {
    answer["seq"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

fn say(client: &mut Client, cheep: &str) -> u64 {
    seq(&client.ask(json!({ "cheep": cheep })))
}

fn answer(client: &mut Client, cheep: &str, reply_to: u64) -> u64 {
    seq(&client.ask(json!({ "cheep": cheep, "reply_to": reply_to })))
}

fn edit(client: &mut Client, target: u64, cheep: &str) {
    seq(&client.ask(json!({ "type": "edit", "target": target, "cheep": cheep })));
}

fn delete(client: &mut Client, target: u64) {
    seq(&client.ask(json!({ "type": "delete", "target": target })));
}

fn react(client: &mut Client, target: u64, emoji: &str, on: bool) {
    seq(&client.ask(json!({ "type": "react", "target": target, "emoji": emoji, "on": on })));
}

/// What a cheep says, or that it is gone.
fn text_of(seq: u64, text: &str) -> String {
    format!("document.querySelector('#c{seq} :is(.text, .gone)')?.textContent === {}", json!(text))
}

fn reaction_of(seq: u64, shown: &str) -> String {
    format!("document.querySelector('#c{seq} .reaction')?.innerText === {}", json!(shown))
}

#[tokio::test]
async fn two_pages_see_an_edit_a_reaction_and_a_delete_at_once_and_make_them_by_clicking() {
    let server = Server::start();
    let (alice, bob) = tokio::join!(Browser::named(server.address, "alice"), Browser::named(server.address, "bob"));
    alice.cheep("helo wrold").await;
    for page in [&alice, &bob] {
        page.shows("helo wrold").await;
    }
    assert_eq!(bob.count("[data-do=edit], [data-do=delete]").await, 0, "only one's own can be changed");

    // What was begun in the composer comes back after the edit.
    alice.write("half a thought").await;
    alice.click("#c1 [data-do=edit]").await;
    alice.until("it is in the field", "document.querySelector('#cheep').value === 'helo wrold'").await;
    alice.write("hello world").await;
    alice.click("#send").await;
    assert_eq!(alice.value("document.querySelector('#cheep').value").await, json!("half a thought"));
    for page in [&alice, &bob] {
        page.until("it is corrected", &text_of(1, "hello world")).await;
        page.until("that is said", "document.querySelector('#c1 .edited')?.title.startsWith('edited: ')").await;
    }
    alice.until("it is read out", "document.querySelector('#announcer').textContent === 'Saved'").await;

    bob.click("#c1 [data-do=choose]").await;
    bob.click("#usual button[data-emoji='🎉']").await;
    for page in [&alice, &bob] {
        page.until("there is a reaction", &reaction_of(1, "🎉 1")).await;
    }
    alice.click("#c1 .reaction").await;
    for page in [&alice, &bob] {
        page.until("there are two", &reaction_of(1, "🎉 2")).await;
        let pressed = "document.querySelector('#c1 .reaction').ariaPressed === 'true'";
        page.until("each has reacted", pressed).await;
        let who = "document.querySelector('#c1 .reaction').title.replace(/[\\u2068\\u2069]/g, '')";
        assert_eq!(page.value(who).await, json!("bob, alice"));
    }
    bob.click("#c1 .reaction").await;
    alice.until("one is taken back", &reaction_of(1, "🎉 1")).await;

    alice.click("#c1 [data-do=delete]").await;
    alice.until("it is asked once more", "document.querySelector('#delete').open").await;
    alice.press(&ENTER.to_string()).await;
    alice.until("it was answered", "!document.querySelector('#delete').open").await;
    assert_eq!(alice.value(&text_of(1, "hello world")).await, json!(true), "it was kept");
    alice.click("#c1 [data-do=delete]").await;
    alice.click("#delete-yes").await;
    for page in [&alice, &bob] {
        page.until("it is gone", &text_of(1, "deleted by its author")).await;
        page.has_nowhere("hello world").await;
        let left = "[...document.querySelectorAll('#c1 button')].map(({ dataset }) => dataset.do)";
        assert_eq!(page.value(left).await, json!(["reply"]), "nothing is left to do but to answer");
    }
    alice.close().await;
    bob.close().await;
}

#[tokio::test]
async fn any_emoji_can_be_typed_and_nothing_else() {
    let server = Server::start();
    server.client().post("bob", "hello");
    let page = Browser::open(server.address).await;
    page.shows("hello").await;
    page.client.execute("document.querySelector('#c1').focus()", Vec::new()).await.unwrap();
    page.press("l").await;
    assert_eq!(page.value("document.activeElement.id").await, json!("name"), "who reacts has a name");
    page.say_name("alice").await;
    page.until("the name is claimed", "!document.querySelector('#me-verified').hidden").await;
    page.press(&format!("{ESCAPE}j")).await;
    page.press("l").await;
    let type_in =
        "const field = document.querySelector('#emoji'); field.value = arguments[0]; field.form.requestSubmit()";
    for wrong in ["7", "no", "👍👍"] {
        page.client.execute(type_in, vec![json!(wrong)]).await.unwrap();
        page.until(wrong, "document.querySelector('#emoji-refusal').innerText !== ''").await;
        assert_eq!(page.count(".reaction[data-do]").await, 0, "{wrong}");
    }
    // Without the selector that makes it a picture it is the same one.
    page.client.execute(type_in, vec![json!("\u{2665}")]).await.unwrap();
    page.until("it is there", &reaction_of(1, "\u{2665}\u{FE0F} 1")).await;
    page.until("the focus is on the cheep", "document.activeElement.closest('#c1')").await;
    page.close().await;
}

#[tokio::test]
async fn who_was_away_sees_the_same_as_who_was_there() {
    let server = Server::start();
    let (mut bob, mut carol) = (holder(&server, "bob"), holder(&server, "carol"));
    let cheeps: Vec<u64> = (1..=30).map(|nth| say(&mut bob, &format!("bob says {nth}"))).collect();
    let (there, away, reloaded) = tokio::join!(
        Browser::named(server.address, "alice"),
        Browser::on_a_line(server.address, "dave"),
        Browser::named(server.address, "erin")
    );
    for page in [&there, &away, &reloaded] {
        page.shows("bob says 30").await;
    }
    away.cut().await;
    reloaded.client.goto("about:blank").await.unwrap();

    edit(&mut bob, cheeps[29], "bob says thirty");
    edit(&mut bob, cheeps[29], "bob says XXX");
    let reply = answer(&mut carol, "is that so", cheeps[28]);
    answer(&mut carol, "I wonder", cheeps[28]);
    for emoji in ["🎉", "👍", "😮"] {
        react(&mut carol, cheeps[27], emoji, true);
        react(&mut bob, cheeps[27], emoji, true);
    }
    react(&mut carol, cheeps[27], "🎉", false);
    react(&mut bob, cheeps[27], "🎉", false);
    react(&mut carol, cheeps[27], "🎉", true);
    delete(&mut bob, cheeps[26]);
    delete(&mut carol, reply);
    let born = say(&mut bob, "said and corrected");
    edit(&mut bob, born, "corrected");
    say(&mut bob, "the last");

    there.shows("the last").await;
    reloaded.load().await;
    away.mend().await;
    for page in [&away, &reloaded] {
        page.shows("the last").await;
        page.until("its changes are there", &text_of(born, "corrected")).await;
    }
    let seen = there.screen().await;
    assert_eq!(away.screen().await, seen);
    assert_eq!(reloaded.screen().await, seen);
    let line = |seq: u64| seen.iter().find(|line| line.starts_with(&format!("{seq} |"))).unwrap().clone();
    assert!(line(cheeps[29]).contains("bob says XXX") && line(cheeps[29]).contains("edited"), "{seen:#?}");
    assert!(line(cheeps[28]).contains("1 answer "), "{seen:#?}");
    let kinds: Vec<usize> = ["👍 2", "😮 2", "🎉 1"].iter().map(|kind| line(cheeps[27]).find(kind).unwrap()).collect();
    assert!(kinds.is_sorted(), "one that was taken back comes last: {seen:#?}");
    assert!(line(cheeps[26]).contains("deleted by its author"), "{seen:#?}");
    for page in [&there, &away, &reloaded] {
        page.has_nowhere("bob says 27").await;
        page.has_nowhere("is that so").await;
    }
    there.close().await;
    away.close().await;
    reloaded.close().await;
}

#[tokio::test]
async fn a_deleted_text_is_nowhere_on_a_page_that_shows_it_everywhere() {
    let server = Server::start();
    let (mut bob, mut carol) = (holder(&server, "bob"), holder(&server, "carol"));
    let secret = say(&mut bob, "swordfish @alice");
    answer(&mut carol, "what fish", secret);
    let (alice, dave) = tokio::join!(Browser::named(server.address, "alice"), Browser::named(server.address, "dave"));
    // Alice begins to answer it, and looks at its thread, where it is quoted as well; something newer waits.
    alice.click(&format!("#c{secret} [data-do=reply]")).await;
    alice.until("it is quoted", "document.querySelector('#reply-to').innerText.includes('swordfish')").await;
    alice.write("I know that").await;
    alice.click(&format!("#c{secret} [data-do=thread]")).await;
    alice.until("there is the thread", "document.querySelectorAll('#thread article').length === 2").await;
    // Dave found it by a search.
    dave.click("#open-search").await;
    dave.find("swordfish").await;
    assert_eq!(dave.text("#search mark").await, "swordfish");

    delete(&mut bob, secret);
    for page in [&alice, &dave] {
        page.until("it is gone", &text_of(secret, "deleted by its author")).await;
    }
    alice.has_nowhere("swordfish").await;
    assert!(alice.text("#reply-to").await.contains("deleted by its author"));
    assert!(alice.text("#thread a.quote").await.contains("deleted by its author"));
    assert_eq!(
        alice.value("document.querySelector('#cheep').value").await,
        json!("I know that"),
        "what is one's own stays"
    );
    // What was typed to find it is dave's own.
    dave.value("document.querySelector('#q').value = ''").await;
    dave.has_nowhere("swordfish").await;
    alice.close().await;
    dave.close().await;
}

#[tokio::test]
async fn what_is_deleted_goes_from_a_hidden_tab_and_a_held_timeline_as_well() {
    let server = Server::start();
    let mut bob = holder(&server, "bob");
    let first = say(&mut bob, "swordfish");
    for nth in 1..=60 {
        say(&mut bob, &format!("bob {nth}"));
    }
    let second = say(&mut bob, "password");
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("password").await;
    let hide = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })";
    alice.value(&format!("({hide}, document.dispatchEvent(new Event('visibilitychange')))")).await;
    delete(&mut bob, second);
    alice.until("it is gone", &text_of(second, "deleted by its author")).await;
    alice.has_nowhere("password").await;
    alice.value("(delete document.hidden, document.dispatchEvent(new Event('visibilitychange')))").await;

    alice.value("window.scrollTo(0, document.documentElement.scrollHeight)").await;
    alice.shows("swordfish").await;
    say(&mut bob, "news");
    alice.until("the timeline is held", "!document.querySelector('#pill').hidden").await;
    delete(&mut bob, first);
    alice.until("it is gone", &text_of(first, "deleted by its author")).await;
    alice.has_nowhere("swordfish").await;
    assert_eq!(alice.value("document.querySelector('#pill').hidden").await, json!(false), "what waits still waits");
    alice.close().await;
}

#[tokio::test]
async fn changes_made_without_a_line_wait_are_made_once_and_are_refused_in_a_sentence() {
    let server = Server::start();
    let mut bob = holder(&server, "bob");
    let theirs = say(&mut bob, "hello");
    let alice = Browser::on_a_line(server.address, "alice").await;
    for text in ["first", "second", "third"] {
        alice.cheep(text).await;
        alice.shows(text).await;
    }
    let [first, second, third] = [theirs + 1, theirs + 2, theirs + 3];
    alice.cut().await;
    alice.click(&format!("#c{first} [data-do=edit]")).await;
    alice.write("first, corrected").await;
    alice.click("#send").await;
    alice.click(&format!("#c{second} [data-do=delete]")).await;
    alice.click("#delete-yes").await;
    alice.click(&format!("#c{theirs} [data-do=choose]")).await;
    alice.click("#usual button[data-emoji='👍']").await;
    alice.status_has("3 unsent").await;
    assert_eq!(alice.text(&format!("#c{first} .note")).await, "not saved yet");
    assert_eq!(alice.text(&format!("#c{first} .text")).await, "first, corrected");
    assert_eq!(alice.text(&format!("#c{second} .note")).await, "not deleted yet");
    alice.until("it is said to wait", &reaction_of(theirs, "👍 …")).await;
    // Whatever is wanted meanwhile, one thing waits, and the last wish is what counts.
    let wanted = |on| format!("document.querySelector('#c{theirs} [data-emoji=👍]')?.ariaPressed === '{on}'");
    for on in [false, true] {
        alice.click(&format!("#c{theirs} .reaction")).await;
        alice.until("it is wanted otherwise", &wanted(on)).await;
        alice.status_has("3 unsent").await;
    }
    // Meanwhile the third one, which is to be corrected as well, is deleted by the same person elsewhere.
    alice.click(&format!("#c{third} [data-do=edit]")).await;
    alice.write("third, corrected").await;
    alice.click("#send").await;
    let own = alice.value("JSON.parse(localStorage['cheeper.identity'])").await;
    let mut elsewhere = server.client();
    elsewhere.ask(json!({ "type": "hello", "name": own["name"], "secret": own["secret"] }));
    delete(&mut elsewhere, third);

    alice.mend().await;
    alice.until("all is done", "!document.querySelector('#status').innerText.includes('unsent')").await;
    alice.until("the edit", &text_of(first, "first, corrected")).await;
    alice.until("the delete", &text_of(second, "deleted by its author")).await;
    alice.until("the reaction", &reaction_of(theirs, "👍 1")).await;
    alice.until("the other delete", &text_of(third, "deleted by its author")).await;
    alice.until("the refusal", "document.querySelector('#refusal').innerText !== ''").await;
    alice.has_nowhere("third").await;
    assert_eq!(alice.count("#feed .note").await, 0);
    alice.close().await;
}

#[tokio::test]
async fn a_reaction_that_waits_says_so_and_the_last_wish_counts() {
    let server = Server::start();
    let mut bob = holder(&server, "bob");
    let theirs = say(&mut bob, "hello");
    react(&mut bob, theirs, "🎉", true);
    let alice = Browser::on_a_line(server.address, "alice").await;
    alice.shows("hello").await;
    alice.cut().await;
    let is_wanted = |on: bool| format!("document.querySelector('#c{theirs} .reaction').ariaPressed === '{on}'");
    for on in [true, false] {
        alice.click(&format!("#c{theirs} .reaction")).await;
        alice.until("it is seen what is wanted", &is_wanted(on)).await;
        assert_eq!(alice.value(&reaction_of(theirs, "🎉 1 …")).await, json!(true));
        alice.status_has("1 unsent").await;
    }
    alice.mend().await;
    // What was wanted first was on its way, so both are done, in this order.
    alice.until("nothing waits", &reaction_of(theirs, "🎉 1")).await;
    let changes = "document.querySelector('#announcer').textContent === 'Took 🎉 back'";
    alice.until("the last wish is done", changes).await;
    assert_eq!(alice.value(&is_wanted(false)).await, json!(true));

    alice.cut().await;
    for emoji in ["👍", "👍"] {
        alice.click(&format!("#c{theirs} [data-do=choose]")).await;
        alice.click(&format!("#usual button[data-emoji='{emoji}']")).await;
    }
    alice.status_has("1 unsent").await;
    alice.mend().await;
    alice
        .until("it is done once", &format!("document.querySelector('#c{theirs} [data-emoji=👍]').innerText === '👍 1'"))
        .await;
    alice.close().await;
}

#[tokio::test]
async fn an_edit_is_given_up_by_a_key_and_when_its_cheep_is_deleted_elsewhere() {
    let server = Server::start();
    let alice = Browser::named(server.address, "alice").await;
    alice.cheep("swordfish").await;
    alice.shows("swordfish").await;
    alice.write("a draft").await;
    alice.press(&format!("{ESCAPE}j")).await;
    alice.until("it has the focus", "document.activeElement.id === 'c1'").await;
    alice.press("e").await;
    alice.until("it is edited", "document.querySelector('#cheep').value === 'swordfish'").await;
    alice.press("!").await;
    alice.press(&ESCAPE.to_string()).await;
    assert_eq!(alice.value("document.querySelector('#cheep').value").await, json!("a draft"));
    assert_eq!(alice.value("document.activeElement.id").await, json!("cheep"));

    alice.click("#c1 [data-do=edit]").await;
    alice.until("it is edited", "document.querySelector('#cheep').value === 'swordfish'").await;
    // A reload in the middle of it finds the draft, and nothing of the edit.
    alice.load().await;
    alice.until("the draft is there", "document.querySelector('#cheep').value === 'a draft'").await;
    alice.until("it is claimed", "document.querySelector('#c1 [data-do=edit]')").await;
    alice.click("#c1 [data-do=edit]").await;
    let own = alice.value("JSON.parse(localStorage['cheeper.identity'])").await;
    let mut elsewhere = server.client();
    elsewhere.ask(json!({ "type": "hello", "name": own["name"], "secret": own["secret"] }));
    delete(&mut elsewhere, 1);
    alice.until("it is said", "document.querySelector('#refusal').innerText.includes('was deleted')").await;
    assert_eq!(alice.value("document.querySelector('#cheep').value").await, json!("a draft"));
    alice.has_nowhere("swordfish").await;
    // Who is still typing neither adds to the draft nor sends it, until they come to the field anew.
    assert_eq!(alice.value("document.activeElement.id").await, json!("cheep"));
    alice.press("fish").await;
    alice.press(&format!("{CONTROL}{ENTER}")).await;
    assert_eq!(alice.value("document.querySelector('#send').disabled").await, json!(true));
    assert_eq!(alice.value("document.querySelector('#cheep').value").await, json!("a draft"));
    assert!(alice.text("#refusal").await.contains("was deleted"), "it is said until then");
    alice.click("#cheep").await;
    alice.press("!").await;
    alice.until("it is written on", "document.querySelector('#cheep').value.includes('!')").await;
    alice.click("#send").await;
    alice.until("it is sent", "document.querySelector('#c3 .text')").await;
    assert_eq!(alice.count("#feed .text").await, 1, "nothing else was");
    alice.close().await;
}

#[tokio::test]
async fn what_is_read_and_used_stays_where_it_is_while_cheeps_change() {
    let server = Server::start();
    let mut bob = holder(&server, "bob");
    let cheeps: Vec<u64> = (1..=120).map(|nth| say(&mut bob, &format!("bob {nth}"))).collect();
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 120").await;
    alice.value("(window.scrollTo(0, 3000), new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))").await;
    let first = "[...document.querySelectorAll('article')].find((article) => \
                 article.getBoundingClientRect().top >= document.querySelector('header').getBoundingClientRect().bottom).dataset.seq";
    let read: u64 = alice.value(first).await.as_str().unwrap().parse().unwrap();
    let place = format!("Math.round(document.querySelector('#c{read}').getBoundingClientRect().top)");
    let before = alice.value(&place).await;
    let above = cheeps[cheeps.iter().position(|&seq| seq == read).unwrap() + 2];
    edit(&mut bob, above, &"a long story ".repeat(20));
    alice.until("it is long", &text_of(above, "a long story ".repeat(20).trim())).await;
    assert_eq!(alice.value(&place).await, before);
    delete(&mut bob, above);
    alice.until("it is gone", &text_of(above, "deleted by its author")).await;
    assert_eq!(alice.value(&place).await, before);

    // A selection and the focus stay on what they are on.
    let select = format!(
        "getSelection().selectAllChildren(document.querySelector('#c{read} .text')), getSelection().toString()"
    );
    let selected = alice.value(&format!("({select})")).await;
    react(&mut bob, read, "👍", true);
    alice.until("there is a reaction", &reaction_of(read, "👍 1")).await;
    assert_eq!(alice.value("getSelection().toString()").await, selected);
    alice.value(&format!("document.querySelector('#c{read} .reaction').focus({{ preventScroll: true }})")).await;
    edit(&mut bob, read, "another text");
    alice.until("it is another", &text_of(read, "another text")).await;
    assert_eq!(alice.value("document.activeElement.dataset.emoji").await, json!("👍"));
    react(&mut bob, read, "👍", false);
    alice.until("it is taken back", &format!("!document.querySelector('#c{read} .reaction')")).await;
    assert_eq!(alice.value("document.activeElement.id").await, json!(format!("c{read}")));
    alice.close().await;
}

#[tokio::test]
async fn thousands_of_changes_in_a_row_leave_no_hole_in_the_page() {
    let server = Server::start();
    let mut bob = holder(&server, "bob");
    for nth in 1..=200 {
        say(&mut bob, &format!("bob {nth}"));
    }
    for nth in 0..2000 {
        bob.send(&json!({ "type": "react", "id": format!("r{nth}"), "target": 7, "emoji": "🎉", "on": nth % 2 == 0 }));
        bob.next("ack");
    }
    let alice = Browser::named(server.address, "alice").await;
    alice.shows("bob 200").await;
    alice
        .until("the screen is full", "document.querySelector('#feed').getBoundingClientRect().bottom > innerHeight")
        .await;
    say(&mut bob, "news");
    alice.shows("news").await;
    while alice.count("#c1").await == 0 {
        let leap = "(window.scrollTo(0, document.documentElement.scrollHeight), \
                    new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))";
        alice.value(leap).await;
    }
    assert!(alice.count("#feed article").await < 200, "only what is near is drawn");
    alice.close().await;
}

#[tokio::test]
async fn an_edit_that_newly_mentions_the_reader_notifies_and_a_delete_takes_that_away() {
    let server = Server::start();
    let alice = Browser::start(server.address).await;
    let permission = json!({ "origin": alice.origin.trim_end_matches('/'), "permissions": ["notifications"] });
    alice.devtools("Browser.grantPermissions", permission).await;
    let watch = "window.notes = []; Notification = class extends EventTarget { \
                 static permission = 'granted'; static requestPermission = async () => 'granted'; \
                 constructor(title, { body }) { super(); this.said = `${title}: ${body}`; notes.push(this.said); } \
                 close() { notes.splice(notes.indexOf(this.said), 1); } }; \
                 Object.defineProperty(document, 'hidden', { get: () => window.away === true }); \
                 localStorage['cheeper.settings'] = JSON.stringify({ shortcuts: true, notify: true })";
    alice.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch })).await;
    alice.load().await;
    alice.say_name("alice").await;
    alice.status_has("live").await;
    let mut bob = holder(&server, "bob");
    let seq = say(&mut bob, "hello everybody");
    alice.shows("hello everybody").await;
    alice.value("(window.away = true, document.dispatchEvent(new Event('visibilitychange')))").await;
    edit(&mut bob, seq, "hello @alice");
    alice.until("it notifies", "notes.length > 0").await;
    assert_eq!(alice.value("notes").await, json!(["bob mentioned you: hello @alice"]));
    edit(&mut bob, seq, "hello @alice and all");
    say(&mut bob, "nobody is meant");
    alice.until("the rest has come", "document.title.startsWith('(1)')").await;
    assert_eq!(alice.value("notes.length").await, json!(1), "whoever was mentioned before is not told again");
    delete(&mut bob, seq);
    alice.until("it is taken away", "notes.length === 0").await;
    alice.close().await;
}
