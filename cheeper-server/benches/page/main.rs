//! What the page costs in real Chromium, and pictures of it.
//!
//! `cargo bench -p cheeper-server --bench page` measures; `-- weight`, `-- first`, `-- flood` or `-- long` is one part alone.
//! `-- pictures FOLDER` writes pictures of the page in its states as PNG.

#[path = "../../tests/page/browser.rs"]
mod browser;
#[path = "../../tests/support/mod.rs"]
mod support;

mod pictures;
mod slow_line;

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use self::{browser::Browser, slow_line::SlowLine, support::Server};

#[tokio::main]
async fn main() {
    // cargo itself adds `--bench`.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [part, folder] = &*words
        && part == "pictures"
    {
        return pictures::pictures(Path::new(folder)).await;
    }
    let is_wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    if is_wanted("weight") {
        weight().await;
    }
    if is_wanted("first") {
        first().await;
    }
    if is_wanted("flood") {
        flood().await;
    }
    if is_wanted("long") {
        long().await;
    }
}

/// Bytes on the wire, heads and all, of every file of the page.
async fn weight() {
    let server = Server::start();
    for coding in ["br", "gzip"] {
        let page = Browser::start(server.address).await;
        page.devtools("Network.enable", json!({})).await;
        let accepts = json!({ "headers": { "Accept-Encoding": coding } });
        page.devtools("Network.setExtraHTTPHeaders", accepts).await;
        page.load().await;
        page.status_has("live").await;
        let log = page.devtools_log().await;
        let mut files = page.files(&log);
        files.sort_by_key(|(_, bytes)| *bytes);
        for (url, bytes) in &files {
            println!("weight, {coding}: {bytes:>6} {url}");
        }
        let is_code = |url: &str| url == "/" || [".js", ".css"].iter().any(|end| url.ends_with(end));
        let code: u64 = files.iter().filter(|(url, _)| is_code(url)).map(|(_, bytes)| bytes).sum();
        println!("weight, {coding}: {code:>6} page, style and scripts together");
        page.close().await;
    }
}

/// From the open socket to the first cheeps on the screen, on a line with a delay.
async fn first() {
    const ROUND_TRIP_MS: u64 = 200;
    let server = Server::start();
    server.client().post_many("bob", 1000);
    let line = SlowLine::to(server.address, Duration::from_millis(ROUND_TRIP_MS / 2));
    let page = Browser::named(line, "alice").await;
    let watch = "
        window.moments = {};
        const Real = WebSocket;
        window.WebSocket = class extends Real {
          constructor(...all) {
            moments.asked = performance.now();
            super(...all);
            this.addEventListener('open', () => { moments.opened = performance.now(); });
          }
        };
        new MutationObserver((_, observer) => {
          if (!document.querySelector('#feed article')) return;
          observer.disconnect();
          requestAnimationFrame(() => requestAnimationFrame(() => { moments.drawn = performance.now(); }));
        }).observe(document, { childList: true, subtree: true });";
    page.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch })).await;
    for _ in 0..3 {
        page.load().await;
        page.until("it is drawn", "moments.drawn").await;
        let moments = page.value("[moments.asked, moments.opened, moments.drawn].map(Math.round)").await;
        println!(
            "first: socket asked for, open, cheeps drawn, in ms from navigation, {ROUND_TRIP_MS} ms a round trip: {moments}"
        );
    }
    page.close().await;
}

/// A thousand cheeps a second for ten seconds, while somebody types.
async fn flood() {
    const SECONDS: u32 = 10;
    const PER_BATCH: u32 = 20;
    let server = Server::start();
    server.client().post_many("bob", 200);
    let page = Browser::named(server.address, "alice").await;
    page.shows("bob 200").await;
    // Event Timing tells of inputs that took 16 ms or more until the next frame; long tasks are those of 50 ms or more.
    let watch = "
        window.inputs = []; window.tasks = []; window.frames = []; window.delays = [];
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => inputs.push(entry.duration)))
          .observe({ type: 'event', durationThreshold: 16 });
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => tasks.push(entry.duration)))
          .observe({ type: 'longtask' });
        document.querySelector('#cheep').addEventListener('input', (event) => delays.push(performance.now() - event.timeStamp));
        let last = performance.now();
        const frame = (now) => { frames.push(now - last); last = now; requestAnimationFrame(frame); };
        requestAnimationFrame(frame);";
    page.client.execute(watch, Vec::new()).await.unwrap();
    let address = server.address;
    let feeder = thread::spawn(move || {
        let mut client = support::Client::connect(address, "/ws").unwrap();
        let start = Instant::now();
        for nth in 0..SECONDS * 1000 {
            let text =
                format!("cheep {nth} of a flood, as long as most are, with a https://example.org/{nth} and a #tag");
            client.send(&json!({ "name": format!("name {}", nth % 100), "cheep": text }));
            if nth % PER_BATCH == 0 {
                let due = start + Duration::from_millis(u64::from(nth));
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        }
        for _ in 0..SECONDS * 1000 {
            client.next("ack");
        }
        start.elapsed()
    });
    let field = page.client.find(fantoccini::Locator::Id("cheep")).await.unwrap();
    while !feeder.is_finished() {
        field.send_keys("k").await.unwrap();
    }
    let took = feeder.join().unwrap();
    page.until("the last is shown", "document.querySelector('#c10200')").await;
    let figures = page
        .value(
            "(() => {
               const most = (list) => Math.round(Math.max(0, ...list));
               const sorted = [...frames].sort((a, b) => a - b);
               return { frames: frames.length, frame_p50: Math.round(sorted[sorted.length >> 1]),
                 frame_p99: Math.round(sorted[Math.floor(sorted.length * 0.99)]), frame_longest: most(frames),
                 long_tasks: tasks.length, longest_task: most(tasks), typed: delays.length,
                 longest_input_delay: most(delays), longest_input_to_frame: most(inputs),
                 articles: document.querySelectorAll('article').length };
             })()",
        )
        .await;
    println!("flood: 10000 cheeps in {:.1} s, in ms: {figures}", took.as_secs_f32());
    page.close().await;
}

/// A hundred thousand cheeps, loaded and scrolled through.
async fn long() {
    const CHEEPS: usize = 100_000;
    let server = Server::start();
    for _ in 0..CHEEPS / 1000 {
        server.client().post_many("bob", 1000);
    }
    let page = Browser::named(server.address, "alice").await;
    page.status_has("live").await;
    page.until("the first page is there", "document.querySelector('#c100000')").await;
    let journey = "
        const done = arguments[0];
        const start = performance.now();
        const frames = [];
        let most = 0;
        let last = start;
        const step = (now) => {
          frames.push(now - last);
          last = now;
          most = Math.max(most, document.querySelectorAll('article').length);
          if (document.querySelector('#c1')) {
            const sorted = frames.sort((a, b) => a - b);
            done({ seconds: Math.round((now - start) / 1000), most_articles: most,
              elements: document.querySelectorAll('*').length, frame_p50: Math.round(sorted[sorted.length >> 1]),
              frame_p99: Math.round(sorted[Math.floor(sorted.length * 0.99)]), frame_longest: Math.round(sorted.at(-1)),
              heap_mb: Math.round((performance.memory?.usedJSHeapSize ?? 0) / 1e6) });
          } else {
            window.scrollTo(0, document.documentElement.scrollHeight);
            requestAnimationFrame(step);
          }
        };
        requestAnimationFrame(step);";
    let timeouts = fantoccini::wd::TimeoutConfiguration::new(Some(Duration::from_secs(300)), None, None);
    page.client.update_timeouts(timeouts).await.unwrap();
    let figures = page.client.execute_async(journey, Vec::new()).await.unwrap();
    println!("long: {CHEEPS} cheeps scrolled to the first, in ms: {figures}");
    page.close().await;
}
