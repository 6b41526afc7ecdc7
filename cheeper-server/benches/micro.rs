//! What single steps cost on the way of a cheep: `cargo bench -p cheeper-server --bench micro`.

use cheeper_protocol::{
    Cheep, CheepText, ClientFrame, Edit, Emoji, Event, History, Limits, Name, Range, Reaction, RequestId, Role, Seq,
    Timestamp,
};
use cheeper_server::{
    access::Grant,
    config,
    conversation::request::{Rules, Speaker},
    feed::{page, tail::Tail},
    limits::{Connected, RateLimits, Source},
    timeline::Person,
    web::edge::Edge,
};
use divan::{Bencher, black_box};
use warp::http::{HeaderMap, HeaderName, HeaderValue};

const POST: &str = r#"{"type":"post","name":"alice","cheep":"a cheep of about the usual length, as people write them","id":"f0e1d2c3"}"#;

const MEMBER: Grant = Grant { role: Role::Member, person: Person(1), link: None, ends_at: None };

fn main() {
    divan::main();
}

fn seq(number: u64) -> Seq {
    Seq::new(number).unwrap_or_default()
}

fn cheep(number: u64) -> Event {
    Event::Cheep(Cheep {
        seq: seq(number),
        at: Timestamp::UNIX_EPOCH,
        name: Name::parse("alice").expect("a name"),
        cheep: CheepText::cleaned("a cheep of about the usual length, as people write them"),
        verified: true,
        reply_to: None,
        parent_replies: None,
        id: RequestId::parse("f0e1d2c3").ok(),
        state: cheeper_protocol::CheepState::default(),
    })
}

/// A ring with so many cheeps, each published by itself.
fn ring(cheeps: u64) -> Tail {
    let tail = Tail::new(Seq::ZERO, usize::MAX);
    for number in 1..=cheeps {
        tail.push(&[cheep(number)]);
    }
    tail
}

#[divan::bench]
fn parse_a_post() -> bool {
    ClientFrame::parse(black_box(POST), &Limits::default()).is_ok()
}

/// What each handshake and request pays for being asked whose it is: one of a browser on this machine; of one that a proxy passes on.
#[divan::bench(args = ["direct", "proxy"])]
fn a_handshake_passes_the_edge(bencher: Bencher, way: &str) {
    let trusted_proxies = if way == "proxy" { vec!["127.0.0.0/8".parse().expect("a network")] } else { vec![] };
    let allowed_hosts = vec!["cheeper.example".to_owned()];
    let edge =
        Edge::new(config::Edge { trusted_proxies, allowed_hosts, ..config::Edge::default() }, Some("lab7"), false);
    let headers: HeaderMap = [
        ("host", "localhost:5000"),
        ("origin", "http://localhost:5000"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        ),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
        ("accept-language", "en"),
    ]
    .into_iter()
    .chain(
        (way == "proxy")
            .then_some([("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "http")])
            .into_iter()
            .flatten(),
    )
    .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
    .collect();
    bencher.bench_local(|| {
        let caller = edge.caller(black_box([127, 0, 0, 1].into()), black_box(&headers)).ok()?;
        edge.check_origin(&caller, &headers).ok()
    });
}

#[divan::bench]
fn encode_an_event(bencher: Bencher) {
    let cheep = cheep(123_456);
    bencher.bench_local(|| black_box(&cheep).to_json());
}

/// Without a limit of posts, and with one by which none is refused.
#[divan::bench(args = [0, u32::MAX])]
fn a_speaker_takes_a_post(bencher: Bencher, posts_per_minute: u32) {
    let rules = Rules { limits: Limits::default(), rate_limits: RateLimits::new(posts_per_minute) };
    let connection = Some(Connected { serial: 1, is_settled: true });
    let source = Source { address: [127, 0, 0, 1].into(), connection, grant: MEMBER };
    let mut speaker = Speaker::default();
    bencher.bench_local(|| {
        let frame = ClientFrame::parse(black_box(POST), &rules.limits).ok()?;
        speaker.on_request(frame.id.as_ref(), frame.request, source, &rules).ok()
    });
}

#[divan::bench]
fn ring_takes_an_event(bencher: Bencher) {
    let tail = Tail::new(Seq::ZERO, 1 << 20);
    let mut number = 0;
    bencher
        .with_inputs(|| {
            number += 1;
            [cheep(number)]
        })
        .bench_local_refs(|cheeps| tail.push(cheeps));
}

/// A change of a cheep that lies in a run of so many, which is encoded anew.
#[divan::bench(args = [1, 400])]
fn ring_takes_a_reaction(bencher: Bencher, together: u64) {
    ring_takes(bencher, together, |seq, target| {
        let (name, emoji) = (Name::parse("bob").expect("a name"), Emoji::parse("🎉").expect("an emoji"));
        let at = Timestamp::UNIX_EPOCH;
        Event::Reaction(Reaction { seq, at, target, name, emoji, on: true, count: 1, next: None, id: None })
    });
}

/// The same, and the edit before it becomes void.
#[divan::bench(args = [1, 400])]
fn ring_takes_an_edit(bencher: Bencher, together: u64) {
    ring_takes(bencher, together, |seq, target| {
        let cheep = CheepText::cleaned("what it was to say at first");
        Event::Edit(Edit { seq, at: Timestamp::UNIX_EPOCH, target, cheep, id: None })
    });
}

fn ring_takes(bencher: Bencher, together: u64, change: impl Fn(Seq, Seq) -> Event) {
    let tail = Tail::new(Seq::ZERO, usize::MAX);
    tail.push(&(1..=together).map(cheep).collect::<Vec<_>>());
    let mut number = together;
    bencher
        .with_inputs(|| {
            number += 1;
            [change(seq(number), seq(together))]
        })
        .bench_local_refs(|changes| tail.push(changes));
}

/// What a shard takes from the ring for everybody: one event, and many that came one by one.
#[divan::bench(args = [1, 64])]
fn ring_gives_the_newest(bencher: Bencher, events: u64) {
    let tail = ring(4096);
    let first = seq(4096 - events + 1);
    bencher.bench_local(|| tail.piece(black_box(first), 64 * 1024).is_ok());
}

#[divan::bench]
fn ring_gives_a_page_of_200(bencher: Bencher) {
    let tail = ring(4096);
    let history = History { range: Range::After(seq(3000)), limit: 200 };
    let selection = page::select(&page::Question::History(history), seq(4096));
    bencher.bench_local(|| tail.part(&selection.read, |part| page::encode(None, &selection, seq(4096), part)).is_ok());
}
