//! A browser of our own, driven as a person would, with a look behind the page where a person has none.
#![allow(dead_code, reason = "the tests and the benchmark use their own parts")]

use std::{iter, net::SocketAddr, process::Command};

pub(crate) use cheeper_protocol::testkit::PATIENCE;
use cheeper_protocol::testkit::Process;
use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
    wd::{Capabilities, TimeoutConfiguration, WebDriverCompatibleCommand},
};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

pub(crate) const ENTER: char = '\u{E007}';
pub(crate) const ESCAPE: char = '\u{E00C}';
pub(crate) const CONTROL: char = '\u{E009}';
pub(crate) const TAB: char = '\u{E004}';

/// The driver's port.
struct Driver {
    _process: Process,
    port: u16,
}

impl Driver {
    /// One on a free port. It takes the same one in both families of addresses, and gives up if one of them is in use.
    fn start() -> Self {
        (0..5).find_map(|_| Self::try_start()).expect("chromedriver does not say its port")
    }

    fn try_start() -> Option<Self> {
        const MARK: &str = "successfully on port ";
        let process = Process::spawn(Command::new("chromedriver").arg("--port=0"))
            .unwrap_or_else(|error| panic!("chromedriver: {error}; ./.ci/test installs it"));
        let line = iter::from_fn(|| process.line()).find(|line| line.contains(MARK))?;
        let port = line.rsplit(MARK).next()?.trim_end_matches('.').parse().ok()?;
        Some(Self { _process: process, port })
    }
}

/// A command that only this driver has.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

pub(crate) struct Browser {
    pub(crate) client: Client,
    pub(crate) origin: String,
    /// A driver that is ended leaves its browser alone, so that is ended by itself, and first.
    process: Option<u64>,
    _driver: Driver,
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(process) = self.process {
            drop(Command::new("kill").arg(process.to_string()).status());
        }
    }
}

impl Browser {
    /// A browser on the page.
    pub(crate) async fn open(server: SocketAddr) -> Self {
        let browser = Self::start(server).await;
        browser.load().await;
        browser
    }

    /// A browser that has not opened the page yet.
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let driver = Driver::start();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1000,900",
        ];
        let options = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let capabilities: Capabilities = serde_json::from_value(options).unwrap();
        let address = format!("http://127.0.0.1:{}", driver.port);
        let client =
            ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&address).await.unwrap();
        let timeouts = TimeoutConfiguration::new(Some(4 * PATIENCE), None, None);
        client.update_timeouts(timeouts).await.unwrap();
        let process = client.capabilities().and_then(|told| told.get("goog:processID")?.as_u64());
        assert!(process.is_some(), "the driver does not say which process its browser is");
        Self { client, origin: format!("http://{server}/"), process, _driver: driver }
    }

    pub(crate) async fn load(&self) {
        self.client.goto(&self.origin).await.unwrap();
    }

    /// A browser on the page, live, with a name that is its own.
    pub(crate) async fn named(server: SocketAddr, name: &str) -> Self {
        let browser = Self::open(server).await;
        browser.say_name(name).await;
        browser.until("the name is claimed", "!document.querySelector('#me-verified').hidden").await;
        browser
    }

    /// As [`named`](Self::named), on a line that can be cut and mended: [`cut`](Self::cut), [`mend`](Self::mend).
    pub(crate) async fn on_a_line(server: SocketAddr, name: &str) -> Self {
        let browser = Self::start(server).await;
        let line = "window.line = { isCut: false, sockets: [] }; \
                    window.WebSocket = new Proxy(WebSocket, { construct(kind, given) { \
                        const socket = line.isCut ? new EventTarget() : new kind(...given); \
                        if (line.isCut) socket.close = () => {}; \
                        if (line.isCut) setTimeout(() => socket.dispatchEvent(new CloseEvent('close', { code: 1006 }))); \
                        line.sockets.push(socket); \
                        return socket; } })";
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": line })).await;
        browser.load().await;
        browser.say_name(name).await;
        browser.until("the name is claimed", "!document.querySelector('#me-verified').hidden").await;
        browser
    }

    /// From now on there is no way to the server.
    pub(crate) async fn cut(&self) {
        self.value("(line.isCut = true, line.sockets.forEach((socket) => socket.close()))").await;
        self.status_has("offline").await;
    }

    pub(crate) async fn mend(&self) {
        self.value("line.isCut = false").await;
        self.try_now().await;
        self.status_has("live").await;
    }

    pub(crate) async fn say_name(&self, name: &str) {
        let field = self.client.wait().at_most(PATIENCE).for_element(Locator::Css("#name:focus")).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(&format!("{name}{ENTER}")).await.unwrap();
    }

    /// Writes into the composer, whatever it is: keys cannot type all that people paste.
    pub(crate) async fn write(&self, text: &str) {
        let script = "const field = document.getElementById('cheep'); field.value = arguments[0]; \
                      field.dispatchEvent(new Event('input', { bubbles: true }))";
        self.client.execute(script, vec![json!(text)]).await.unwrap();
    }

    pub(crate) async fn cheep(&self, text: &str) {
        self.write(text).await;
        self.click("#composer button[type=submit]").await;
    }

    pub(crate) async fn click(&self, css: &str) {
        // An element that is drawn anew between the look and the click is looked for again.
        while let Err(error) = self.client.find(Locator::Css(css)).await.unwrap().click().await {
            assert!(error.is_stale_element_reference(), "{css}: {error}");
        }
    }

    /// Has it connect again at once; the button may be gone by now, if the page was faster.
    pub(crate) async fn try_now(&self) {
        self.value("document.querySelector('#retry').click()").await;
    }

    /// Presses keys, wherever the focus is; `CONTROL` stays down to the end.
    pub(crate) async fn press(&self, keys: &str) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in keys.chars() {
            actions = actions.then(KeyAction::Down { value });
            if value != CONTROL {
                actions = actions.then(KeyAction::Up { value });
            }
        }
        if keys.contains(CONTROL) {
            actions = actions.then(KeyAction::Up { value: CONTROL });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    pub(crate) async fn value(&self, expression: &str) -> Value {
        self.client.execute(&format!("return ({expression})"), Vec::new()).await.unwrap()
    }

    pub(crate) async fn text(&self, css: &str) -> String {
        let script = format!("document.querySelector({}).innerText", json!(css));
        self.value(&script).await.as_str().unwrap().to_owned()
    }

    pub(crate) async fn count(&self, css: &str) -> u64 {
        self.value(&format!("document.querySelectorAll({}).length", json!(css))).await.as_u64().unwrap()
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&self, what: &str, expression: &str) {
        let all = async { while self.value(&format!("Boolean({expression})")).await != json!(true) {} };
        let is_so = tokio::time::timeout(PATIENCE, all).await.is_ok();
        assert!(is_so, "waited in vain until {what}; the page shows:\n{}", self.text("body").await);
    }

    /// Waits until a cheep with this text stands on the timeline, stored and not only on its way.
    pub(crate) async fn shows(&self, text: &str) {
        let script = format!(
            "[...document.querySelectorAll('#feed article[data-seq] .text')].some((text) => text.textContent === {})",
            json!(text)
        );
        self.until(&format!("{text} is shown"), &script).await;
    }

    pub(crate) async fn status_has(&self, words: &str) {
        let script = format!("document.querySelector('[role=status]').innerText.includes({})", json!(words));
        self.until(&format!("the status says {words}"), &script).await;
    }

    /// The texts that are drawn, from the top, those on their way among them.
    pub(crate) async fn texts(&self) -> Vec<String> {
        let script = "[...document.querySelectorAll('#feed .text')].map((text) => text.textContent)";
        serde_json::from_value(self.value(script).await).unwrap()
    }

    /// Sees that a text is nowhere: not in what is drawn, not hidden in it, not in a field, not in what the browser keeps.
    pub(crate) async fn has_nowhere(&self, text: &str) {
        let script = format!(
            "(() => {{ const wanted = {}; \
             const places = {{ page: document.documentElement.outerHTML, storage: JSON.stringify({{ ...localStorage }}), title: document.title, \
             fields: [...document.querySelectorAll('input, textarea')].map(({{ value }}) => value).join(' ') }}; \
             return Object.keys(places).filter((place) => places[place].includes(wanted)); }})()",
            json!(text)
        );
        assert_eq!(self.value(&script).await, json!([]), "{text:?} is still there");
    }

    /// All that is drawn of the cheeps, from the top, as one line each.
    pub(crate) async fn screen(&self) -> Vec<String> {
        let script = "[...document.querySelectorAll('#feed article[data-seq]')].map((article) => [article.dataset.seq, \
                      ...[...article.querySelectorAll('.author, .edited, .quote, .text, .gone, .reaction, [data-do=thread]')].map((part) => \
                      `${part.textContent} ${part.matches('.reaction') ? part.ariaPressed + part.title : ''}`)].join(' | '))";
        serde_json::from_value(self.value(script).await).unwrap()
    }

    /// Searches in the dialog that is open, again and again until something is found: the index is filled behind the timeline.
    pub(crate) async fn find(&self, q: &str) {
        let search = format!(
            "(document.querySelector('#q').value = {}, document.querySelector('#search-form').requestSubmit())",
            json!(q)
        );
        let all = async {
            while self.count("#search article").await == 0 {
                self.value(&search).await;
                self.until(
                    "it has an answer",
                    "!document.querySelector('#search-note').innerText.startsWith('Looking')",
                )
                .await;
            }
        };
        let is_found = tokio::time::timeout(PATIENCE, all).await.is_ok();
        assert!(is_found, "{q} is not found: {}", self.text("#search-note").await);
    }

    /// Another screen: its size in CSS pixels.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the reader's system prefers.
    pub(crate) async fn prefers_dark(&self) {
        let features = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.extension("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// What the browser's own devtools were told since the last time: methods and their parameters.
    pub(crate) async fn devtools_log(&self) -> Vec<(String, Value)> {
        let entries = self.extension("se/log", json!({ "type": "performance" })).await;
        let message = |entry: &Value| -> Value { serde_json::from_str(entry["message"].as_str().unwrap()).unwrap() };
        let messages = entries.as_array().unwrap().iter().map(|entry| message(entry)["message"].clone());
        messages.map(|message| (message["method"].as_str().unwrap().to_owned(), message["params"].clone())).collect()
    }

    /// The files that a part of the log tells of, with the bytes of each as they came, heads and all.
    pub(crate) fn files(&self, log: &[(String, Value)]) -> Vec<(String, u64)> {
        let told = |wanted: &'static str| log.iter().filter(move |(method, _)| method == wanted).map(|(_, told)| told);
        let bytes = |answer: &Value| {
            let ends = told("Network.loadingFinished").filter(|end| end["requestId"] == answer["requestId"]);
            ends.filter_map(|end| end["encodedDataLength"].as_f64()).sum::<f64>()
        };
        let url = |answer: &Value| answer["response"]["url"].as_str().unwrap().replace(&self.origin, "/");
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole bytes of small files")]
        told("Network.responseReceived").map(|answer| (url(answer), bytes(answer) as u64)).collect()
    }

    async fn extension(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Extension { path, body }).await.unwrap()
    }

    /// Ends it, having seen that the console has nothing to complain about and that nobody else was asked for anything.
    pub(crate) async fn close(mut self) {
        let console = self.extension("se/log", json!({ "type": "browser" })).await;
        // That a server was away or lets somebody not in is what some tests are about, and a browser always says so.
        let expected = ["ERR_CONNECTION", "a status of 401", "HTTP Authentication failed"];
        let lost = |entry: &Value| expected.iter().any(|part| entry["message"].as_str().unwrap().contains(part));
        let said: Vec<&Value> = console.as_array().unwrap().iter().filter(|entry| !lost(entry)).collect();
        assert!(said.is_empty(), "the console says {said:#?}");
        for (method, parameters) in self.devtools_log().await {
            if method == "Network.requestWillBeSent" {
                let url = parameters["request"]["url"].as_str().unwrap();
                assert!(url.starts_with(&self.origin) || url.starts_with("data:"), "{url} was asked for");
            }
        }
        self.client.clone().close().await.unwrap();
        self.process = None;
    }
}
