//! The page in real Chromium: what people see and do, through loss of the server too.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// A process that is ended with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a program and reads what it prints until a line has `mark`; the number behind it is the port.
fn start(command: &mut Command, mark: &str) -> (Process, u16) {
    let child = command.stdout(Stdio::piped()).spawn();
    let mut process = Process(child.unwrap_or_else(|error| panic!("{command:?}: {error}; ./.ci/test installs it")));
    let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
    let line = lines.find_map(|line| line.ok().filter(|line| line.contains(mark))).expect("it says where it listens");
    // What it prints later must have somewhere to go.
    std::thread::spawn(move || lines.for_each(drop));
    let port = line.rsplit(mark).next().unwrap().trim_end_matches(['/', '.', '\n']).parse().unwrap();
    (process, port)
}

fn server(store: &Path, port: u16) -> (Process, u16) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cheeper-server"));
    command.arg("--listen").arg(format!("127.0.0.1:{port}")).arg("--data").arg(store);
    start(&mut command, "http://127.0.0.1:")
}

struct Browser {
    client: Client,
    _driver: Process,
}

impl Browser {
    async fn open(port: u16) -> Self {
        let (driver, driver_port) = start(Command::new("chromedriver").arg("--port=0"), "successfully on port ");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        let options = json!({ "goog:chromeOptions": { "args": arguments }, "goog:loggingPrefs": { "browser": "ALL" } });
        let capabilities: Capabilities = serde_json::from_value(options).unwrap();
        let address = format!("http://127.0.0.1:{driver_port}");
        let client =
            ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&address).await.unwrap();
        client.goto(&format!("http://127.0.0.1:{port}/")).await.unwrap();
        Self { client, _driver: driver }
    }

    async fn say_name(&self, name: &str) {
        let field = self.client.wait().at_most(PATIENCE).for_element(Locator::Css("#name:focus")).await.unwrap();
        field.send_keys(name).await.unwrap();
        field.send_keys("\u{E007}").await.unwrap();
    }

    async fn cheep(&self, text: &str) {
        let composer = self.client.find(Locator::Css("#cheep")).await.unwrap();
        composer.send_keys(text).await.unwrap();
        self.client.find(Locator::Css("#composer button[type=submit]")).await.unwrap().click().await.unwrap();
    }

    /// Waits until a script says true.
    async fn until(&self, what: &str, script: &str) {
        let script = format!("return Boolean({script})");
        let all = async {
            loop {
                if self.client.execute(&script, Vec::new()).await.unwrap() == json!(true) {
                    return;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            let page = self.client.execute("return document.body.innerText", Vec::new()).await.unwrap();
            panic!("waited in vain until {what}; the page shows:\n{}", page.as_str().unwrap_or_default());
        }
    }

    async fn shows(&self, text: &str) {
        let text = json!(text);
        self.until(&format!("{text} is shown"), &format!("document.querySelector('#feed').innerText.includes({text})"))
            .await;
    }

    async fn status_has(&self, word: &str) {
        let script = format!("document.querySelector('[role=status]').innerText.includes({})", json!(word));
        self.until(&format!("the status says {word}"), &script).await;
    }

    async fn articles(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('#feed article')].map(article => article.innerText)";
        serde_json::from_value(self.client.execute(script, Vec::new()).await.unwrap()).unwrap()
    }

    async fn close(self) {
        self.client.close().await.unwrap();
    }
}

#[tokio::test]
async fn two_people_see_each_other_and_markup_is_only_text() {
    let folder = TempDir::new().unwrap();
    let (_server, port) = server(&folder.path().join("cheeper.db"), 0);
    let (alice, bob) = tokio::join!(Browser::open(port), Browser::open(port));
    alice.say_name("alice").await;
    bob.say_name("bob").await;
    alice.status_has("live").await;

    let hostile = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>";
    alice.cheep(hostile).await;
    bob.shows(hostile).await;
    alice.shows(hostile).await;
    bob.cheep("hello alice").await;
    alice.shows("hello alice").await;
    let drawn = bob.client.execute("return document.querySelectorAll('#feed img, #feed script').length", Vec::new());
    assert_eq!(drawn.await.unwrap(), json!(0));
    assert!(!bob.client.title().await.unwrap().contains("owned"));
    alice.close().await;
    bob.close().await;
}

#[tokio::test]
async fn what_was_written_while_the_server_was_gone_goes_out_once_when_it_is_back() {
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("cheeper.db");
    let (first, port) = server(&store, 0);
    let alice = Browser::open(port).await;
    alice.say_name("alice").await;
    alice.status_has("live").await;
    alice.cheep("before").await;
    alice.shows("before").await;

    // Killed, not stopped: nothing says goodbye.
    drop(first);
    alice.status_has("offline").await;
    alice.cheep("while it was gone").await;
    alice.status_has("1 unsent").await;
    alice.client.refresh().await.ok();

    let (_second, _) = server(&store, port);
    alice.client.goto(&format!("http://127.0.0.1:{port}/")).await.unwrap();
    alice.status_has("live").await;
    alice.shows("while it was gone").await;
    alice.until("nothing waits", "!document.querySelector('[role=status]').innerText.includes('unsent')").await;
    let articles = alice.articles().await;
    let count = articles.iter().filter(|article| article.contains("while it was gone")).count();
    assert_eq!(count, 1, "{articles:?}");
    assert_eq!(articles.len(), 2, "{articles:?}");
    alice.close().await;
}
