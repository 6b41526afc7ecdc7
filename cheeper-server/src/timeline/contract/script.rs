//! What is tried on an engine, drawn by lot. Few names, ids and texts, so that they meet.

use cheeper_protocol::{CheepText, Code, Emoji, Name, RequestId, Role, Secret, Seq, Thread};
use proptest::{prelude::*, sample::select};

use crate::timeline::{Author, Claim, Command, Delete, Edit, Person, Post, React, Read};

const SECRET: &str = "somebody's own secret";

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
    let id = prop::option::weighted(0.5, ids());
    let reply_to = prop::option::of(targets());
    let post = (authors(), texts(), reply_to, id.clone())
        .prop_map(|(author, cheep, reply_to, id)| Command::Post(Post { author, cheep, reply_to, id }));
    prop_oneof![6 => post, 8 => changes(id.clone(), false), 2 => claim]
}

/// Changes of the first cheeps, so that most find something to change.
fn changes(
    id: impl Strategy<Value = Option<RequestId>> + Clone + 'static,
    by_holders: bool,
) -> impl Strategy<Value = Command> {
    let author = move || {
        if by_holders { Just(holder()).boxed() } else { prop_oneof![2 => Just(holder()), 3 => authors()].boxed() }
    };
    let edit = (author(), targets(), texts(), id.clone())
        .prop_map(|(author, target, cheep, id)| Command::Edit(Edit { author, target, cheep, id }));
    let delete = (author(), targets(), id.clone())
        .prop_map(|(author, target, id)| Command::Delete(Delete { author, target, id }));
    let emoji = select(vec!["🐦", "🐱", "🦀"]).prop_map(|emoji| Emoji::parse(emoji).unwrap());
    let react = (author(), targets(), emoji, prop::bool::weighted(0.7), id)
        .prop_map(|(author, target, emoji, on, id)| Command::React(React { author, target, emoji, on, id }));
    prop_oneof![3 => edit, 1 => delete, 4 => react]
}

fn targets() -> impl Strategy<Value = Seq> {
    prop_oneof![8 => 1..12_u64, 2 => 12..80_u64, 1 => Just(0)].prop_map(|number| Seq::new(number).unwrap())
}

/// Whoever got hold of a name that most commands are given under.
fn holder() -> Author {
    author("alice", Some(SECRET))
}

/// Commands that can be sent again: each has an id of its own. All are one holder's, who claims her name first.
pub(in crate::timeline) fn retryable(most: usize) -> impl Strategy<Value = Vec<Command>> {
    let reply_to = prop::option::weighted(0.3, targets());
    let post = (texts(), reply_to)
        .prop_map(|(cheep, reply_to)| Command::Post(Post { author: holder(), cheep, reply_to, id: None }));
    let command = prop_oneof![3 => post, 2 => changes(Just(None), true)];
    prop::collection::vec(command, 1..most).prop_map(|mut commands| {
        for (nth, command) in commands.iter_mut().enumerate() {
            let id = match command {
                Command::Post(post) => &mut post.id,
                Command::Edit(edit) => &mut edit.id,
                Command::Delete(delete) => &mut delete.id,
                Command::React(react) => &mut react.id,
                Command::Claim(_) | Command::Moderate(_) => continue,
            };
            *id = Some(RequestId::parse(&nth.to_string()).unwrap());
        }
        commands.insert(0, Command::Claim(Claim { author: holder(), may_claim: Ok(()) }));
        commands
    })
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
    let thread = (targets(), prop::option::of(seq()), seq())
        .prop_map(|(seq, after, last)| Read::Thread { thread: Thread { seq, after }, last });
    prop_oneof![events, cheeps, thread]
}

/// An author of a sound name, and secret if there is one.
pub(in crate::timeline) fn author(name: &str, secret: Option<&str>) -> Author {
    Author {
        name: Name::parse(name).unwrap(),
        secret: secret.map(|secret| Secret::parse(secret).unwrap()),
        role: Role::Member,
        person: Person(1),
        link: None,
    }
}

fn authors() -> impl Strategy<Value = Author> {
    // The last two are one name, composed and not.
    let name = select(vec!["alice", "Alice", "bob", "BOB", "Zo\u{eb}", "zoe\u{308}"]);
    let secret = prop_oneof![
        3 => Just(None),
        2 => Just(Some(SECRET)),
        1 => Just(Some("somebody else's one")),
    ];
    let role = prop_oneof![5 => Just(Role::Member), 1 => Just(Role::Host)];
    (name, secret, role).prop_map(|(name, secret, role)| Author { role, ..author(name, secret) })
}

fn ids() -> impl Strategy<Value = RequestId> + Clone {
    select(vec!["1", "2", "3", "\"quoted\"", "\u{1f600}"]).prop_map(|id| RequestId::parse(id).unwrap())
}

fn texts() -> impl Strategy<Value = CheepText> {
    let long = "long words ".repeat(25);
    select(vec!["hello".to_owned(), "other words".into(), "two\nlines".into(), long])
        .prop_map(|text| CheepText::parse(&text, 280).unwrap())
}
