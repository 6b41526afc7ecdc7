//! What the terminal client costs: `cargo bench -p cheeper-tui --bench terminal`. `frames` measures pictures and memory in this
//! process, `real` the real binary in a real terminal against a real server; without a name both run.

#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::{
    env, fs, io,
    time::{Duration, Instant},
};

use cheeper_protocol::{Cheep, CheepText, Event, Name, Seq, ServerFrame, Timestamp, follow::Identity, testkit::Server};
use cheeper_tui::{
    action::Action,
    find::Progress,
    model::Model,
    msg::Msg,
    storage::Kept,
    update::{start, update},
    view,
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/terminal/client.rs"]
mod client;

/// A usual window, and a huge one.
const USUAL: Rect = Rect::new(0, 0, 100, 40);
const HUGE: Rect = Rect::new(0, 0, 300, 100);
const KEYS: usize = 2_000;
const TEXT: &str = "a cheep of about the usual length, with 家, a 👩‍👩‍👧 and a link to https://example.org in it";

fn main() {
    let wanted: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let runs = |name: &str| wanted.is_empty() || wanted.iter().any(|arg| arg == name);
    if runs("frames") {
        for count in [100, 10_000, 100_000] {
            frames(count, USUAL);
        }
        frames(100_000, HUGE);
    }
    if runs("real") {
        real();
    }
}

fn cheep(seq: u64) -> Cheep {
    Cheep {
        seq: Seq::new(seq).expect("a seq"),
        at: Timestamp::from_second(1_790_000_000 + i64::try_from(seq).expect("a second") * 20).expect("a time"),
        name: Name::parse(&format!("person {}", seq % 97)).expect("a name"),
        cheep: CheepText::cleaned(&format!("{TEXT}, {seq}")),
        verified: seq.is_multiple_of(2),
        reply_to: (seq.is_multiple_of(10)).then(|| Seq::new(seq - 1)).flatten(),
        parent_replies: None,
        id: None,
        state: cheeper_protocol::CheepState::default(),
    }
}

/// The frame that tells of it.
fn live(seq: u64) -> ServerFrame {
    ServerFrame::Event(Event::Cheep(cheep(seq)))
}

/// A model with so many cheeps, live.
fn model(count: u64, area: Rect) -> Model {
    let identity = Identity { name: Name::parse("alice").expect("a name"), secret: None };
    let mut model = Model::new("localhost:5000".to_owned(), identity, Kept::default());
    model.area = area;
    start(&mut model);
    let welcome = r#"{"type":"welcome","protocol":1,"server":"t","timeline":"t","head":0,"online":1,"limits":
        {"cheep_chars":280,"name_chars":32,"frame_bytes":16384,"page":200,"who":1000,"posts_per_minute":60}}"#;
    for frame in [welcome, r#"{"type":"page","id":"gap","events":[],"from":1,"to":0,"head":0,"more":false}"#] {
        update(&mut model, Msg::Frame(ServerFrame::parse(frame).expect("a frame")));
    }
    for seq in 1..=count {
        update(&mut model, Msg::Frame(live(seq)));
    }
    model
}

/// A terminal that forgets what is written to it, as wide and high as the model's.
fn terminal(area: Rect) -> Terminal<CrosstermBackend<io::Sink>> {
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    Terminal::with_options(CrosstermBackend::new(io::sink()), options).expect("no terminal is asked")
}

fn frames(count: u64, area: Rect) {
    let before = memory();
    let began = Instant::now();
    let mut model = model(count, area);
    let loaded = began.elapsed() / u32::try_from(count).expect("not so many");
    let bytes = memory().saturating_sub(before) / count;
    let mut terminal = terminal(area);
    let mut press = |model: &mut Model, msg: Msg| {
        let began = Instant::now();
        update(model, msg);
        terminal.draw(|frame| view::draw(model, frame)).expect("nothing fails");
        began.elapsed()
    };
    let mut measure = |model: &mut Model, what: &str, keys: &dyn Fn(usize) -> Msg| {
        let mut spans: Vec<Duration> = (0..KEYS).map(|nth| press(model, keys(nth))).collect();
        println!("  {what:<32} {}", spread(&mut spans));
    };
    println!(
        "{count} cheeps in {} × {}: {bytes} bytes and {} µs to take in for each",
        area.width,
        area.height,
        micros(loaded)
    );
    measure(&mut model, "a character at the end", &|nth| {
        if nth % 20 == 19 { Msg::Do(Action::KillToStart) } else { Msg::Type('x') }
    });
    measure(&mut model, "a page up or down", &|nth| {
        Msg::Do(if nth % 40 < 20 { Action::PageUp } else { Action::PageDown })
    });
    update(&mut model, Msg::Do(Action::Oldest));
    measure(&mut model, "a character at the beginning", &|nth| {
        if nth % 20 == 19 { Msg::Do(Action::KillToStart) } else { Msg::Type('x') }
    });
    measure(&mut model, "a new cheep while scrolled back", &|nth| Msg::Frame(live(count + 1 + nth as u64)));
    update(&mut model, Msg::Do(Action::Newest));
    let after = count + 1 + KEYS as u64;
    measure(&mut model, "a new cheep while following", &|nth| Msg::Frame(live(after + nth as u64)));
    update(&mut model, Msg::Do(Action::Find));
    let mut steps: Vec<Duration> = "nowhere".chars().map(|c| press(&mut model, Msg::Type(c))).collect();
    let began = Instant::now();
    while model.find.as_ref().is_some_and(|find| matches!(find.progress, Progress::Looking { .. })) {
        steps.push(press(&mut model, Msg::Tick));
    }
    println!(
        "  {:<32} {}; all of them in {} ms",
        "a step of a search in vain",
        spread(&mut steps),
        began.elapsed().as_millis()
    );
}

fn real() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start();
    server.client().post_many("cheep number", 200);
    let mut starts = Vec::new();
    for nth in 0..10 {
        let home = folder.path().join(nth.to_string());
        let began = Instant::now();
        let mut alice = client::Client::start_with(&home, "alice", server.address.port(), &["--theme", "dark"], &[]);
        alice.shows("cheep number 200");
        starts.push(began.elapsed());
        alice.types("\u{3}");
        alice.ends();
    }
    println!("from exec to the first cheep drawn: {}", spread(&mut starts));

    let mut alice =
        client::Client::start_with(&folder.path().join("0"), "alice", server.address.port(), &["--theme", "dark"], &[]);
    alice.shows("cheep number 200");
    let mut keys = Vec::new();
    for nth in 1..=200 {
        let began = Instant::now();
        alice.types("x");
        let left = (280 - nth).to_string();
        alice.until("the count goes down", |screen| screen.contains(&left));
        keys.push(began.elapsed());
    }
    println!("from a key to its picture, through the terminal: {}", spread(&mut keys));

    let pid = alice.child.process_id().expect("it runs");
    let (before, began) = (cpu(pid), Instant::now());
    std::thread::sleep(Duration::from_secs(20));
    println!(
        "idle: {:.2} % of a CPU, {} MB",
        (cpu(pid) - before) * 100.0 / began.elapsed().as_secs_f64(),
        resident(pid) / 1_000_000
    );

    let (before, began) = (cpu(pid), Instant::now());
    let drawn = alice.raw.len();
    let mut bob = server.client();
    for nth in 0..600 {
        bob.send_text(&format!(r#"{{"name":"bob","cheep":"flood {nth}"}}"#));
        let due = began + Duration::from_secs(1) * (nth + 1) / 60;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    alice.shows("flood 599");
    let share = (cpu(pid) - before) * 100.0 / began.elapsed().as_secs_f64();
    println!("60 cheeps a second for 10 s: {share:.1} % of a CPU, {} kB drawn", (alice.raw.len() - drawn) / 1000);
}

fn micros(span: Duration) -> String {
    format!("{:.1}", span.as_secs_f64() * 1e6)
}

/// The median, the one of a hundred that is slowest, the slowest of all.
fn spread(spans: &mut [Duration]) -> String {
    spans.sort_unstable();
    let at = |part: usize| {
        spans.get(spans.len() * part / 100).or(spans.last()).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    let longest = spans.last().copied().unwrap_or_default().as_secs_f64() * 1e3;
    format!("p50 {:.3} ms  p99 {:.3} ms  longest {longest:.3} ms", at(50), at(99))
}

/// Resident memory of this process, in bytes.
fn memory() -> u64 {
    resident(std::process::id())
}

fn resident(pid: u32) -> u64 {
    let pages = fs::read_to_string(format!("/proc/{pid}/statm")).expect("it runs");
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number") * 4096
}

/// CPU time of a process so far, in seconds.
fn cpu(pid: u32) -> f64 {
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let after_name = stat.rsplit(") ").next().expect("a name");
    after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}
