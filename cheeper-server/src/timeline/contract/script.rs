//! What is tried on an engine, drawn by lot. Few names, ids and texts, so that they meet.

use cheeper_protocol::{CheepText, Code, Name, RequestId, Secret, Seq};
use proptest::{prelude::*, sample::select};

use crate::timeline::{Author, Claim, Command, Post, Read, Role};

/// One step of a life of a log.
#[derive(Clone, Debug)]
pub(in crate::timeline) enum Step {
    /// These come in together, and all are answered.
    Commands(Vec<Command>),
    /// Somebody reads.
    Read(Read),
    /// The server is stopped and started.
    Restart,
    /// The server is killed and started.
    Crash,
}

/// A whole life.
pub(in crate::timeline) fn scripts() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => prop::collection::vec(commands(), 1..12).prop_map(Step::Commands),
        3 => reads().prop_map(Step::Read),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..24)
}

fn commands() -> impl Strategy<Value = Command> {
    let may_claim = prop_oneof![4 => Just(Ok(())), 1 => Just(Err(Code::RateLimited.into()))];
    let claim = (authors(), may_claim).prop_map(|(author, may_claim)| Command::Claim(Claim { author, may_claim }));
    let id = prop::option::weighted(0.7, ids());
    let reply_to = prop_oneof![4 => Just(None), 1 => Just(Some(0)), 3 => (1..5_u64).prop_map(Some), 1 => (5..80_u64).prop_map(Some)];
    let post = (authors(), texts(), reply_to, id).prop_map(|(author, cheep, reply_to, id)| {
        Command::Post(Post { author, cheep, reply_to: reply_to.and_then(Seq::new), id })
    });
    prop_oneof![4 => post, 1 => claim]
}

/// Posts that can be sent again: each has an id.
pub(in crate::timeline) fn posts(most: usize) -> impl Strategy<Value = Vec<Post>> {
    let author = select(vec!["alice", "Alice", "bob"]).prop_map(|name| author(name, None));
    let post =
        (author, texts(), ids()).prop_map(|(author, cheep, id)| Post { author, cheep, reply_to: None, id: Some(id) });
    prop::collection::vec(post, 1..most)
}

/// Anything to read, sensible or not.
pub(in crate::timeline) fn reads() -> impl Strategy<Value = Read> {
    let seq = || (0..50_u64).prop_map(|number| Seq::new(number).unwrap());
    let events = (seq(), seq()).prop_map(|(first, last)| Read::Events { first, last });
    let cheeps = (seq(), 0..20_usize, 0..20_usize, seq()).prop_map(|(pivot, back, forth, last)| Read::Cheeps {
        pivot: pivot.min(last),
        back,
        forth,
        last,
    });
    prop_oneof![events, cheeps]
}

/// An author of a sound name, and secret if there is one.
pub(in crate::timeline) fn author(name: &str, secret: Option<&str>) -> Author {
    Author {
        name: Name::parse(name).unwrap(),
        secret: secret.map(|secret| Secret::parse(secret).unwrap()),
        role: Role::Member,
    }
}

fn authors() -> impl Strategy<Value = Author> {
    // The last two are one name, composed and not.
    let name = select(vec!["alice", "Alice", "bob", "BOB", "Zo\u{eb}", "zoe\u{308}"]);
    let secret = prop_oneof![
        3 => Just(None),
        2 => Just(Some("somebody's own secret")),
        1 => Just(Some("somebody else's one")),
    ];
    (name, secret).prop_map(|(name, secret)| author(name, secret))
}

fn ids() -> impl Strategy<Value = RequestId> {
    select(vec!["1", "2", "3", "\"quoted\"", "\u{1f600}"]).prop_map(|id| RequestId::parse(id).unwrap())
}

fn texts() -> impl Strategy<Value = CheepText> {
    let long = "long words ".repeat(25);
    select(vec!["hello".to_owned(), "other words".into(), "two\nlines".into(), long])
        .prop_map(|text| CheepText::parse(&text, 280).unwrap())
}
