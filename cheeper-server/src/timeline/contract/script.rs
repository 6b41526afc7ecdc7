//! What is tried on an engine, drawn by lot. Few names, ids and texts, so that they meet.

use cheeper_protocol::{AuditQuery, CheepText, Code, Emoji, Name, RequestId, Role, Secret, Seq, Thread, Timestamp};
use proptest::{prelude::*, sample::select};

use crate::timeline::{Actor, Author, Claim, Command, Deed, Delete, Edit, LinkId, Moderate, Person, Post, React, Read};

const SECRET: &str = "somebody's own secret";

/// One step of a life of a log.
#[derive(Clone, Debug)]
pub(in crate::timeline) enum Step {
    /// These come in together, and all are answered.
    Commands(Vec<Command>),
    /// Somebody reads.
    Read(Read),
    /// A host reads what was done.
    Audit(AuditQuery),
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
        1 => (prop::option::of(0..40_u64), 0..12_usize)
            .prop_map(|(before, limit)| Step::Audit(AuditQuery { before, limit })),
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
    prop_oneof![6 => post, 8 => changes(id.clone(), false), 3 => claim, 4 => deeds()]
}

/// What hosts do, and those who come in. Times are far away, so that all engines are of one mind about them.
fn deeds() -> impl Strategy<Value = Command> {
    let by = prop_oneof![
        Just(Actor::Operator),
        Just(Actor::Oneself),
        (1..4_u32).prop_map(|link| Actor::Host(LinkId(link))),
    ];
    let until = || {
        let never = Timestamp::from_second(1).unwrap();
        prop_oneof![2 => Just(None), 1 => Just(Some(never)), 2 => Just(Some(Timestamp::MAX))]
    };
    let name = || names().prop_map(|name| Name::parse(name).unwrap());
    let hash = || any::<u8>().prop_map(|byte| [byte; 32]);
    let role = select(vec![Role::Member, Role::Host]);
    let deed = prop_oneof![
        2 => targets().prop_map(|target| Deed::Remove { target }),
        2 => (name(), until()).prop_map(|(name, until)| Deed::MuteName { name, until }),
        1 => (people(), targets(), until())
            .prop_map(|(person, target, until)| Deed::MuteAuthor { person, target, until }),
        3 => name().prop_map(|name| Deed::Release { name }),
        2 => (role, hash(), until(), prop::option::of(name()))
            .prop_map(|(role, token_hash, ends_at, note)| Deed::MakeLink { role, token_hash, ends_at, note }),
        3 => (0..6_u32, hash(), 10..99_u64).prop_map(|(link, session_hash, person)| Deed::Join {
            link: LinkId(link),
            session_hash,
            person: Person(person)
        }),
        4 => (0..20_u64).prop_map(|entry| Deed::Undo { entry }),
    ];
    (by, deed).prop_map(|(by, deed)| Command::Moderate(Moderate { by, deed }))
}

fn people() -> impl Strategy<Value = Person> {
    // Some that make no small number, as those do not who are drawn by lot.
    select(vec![Person(1), Person(2), Person(u64::MAX)])
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

fn names() -> impl Strategy<Value = &'static str> {
    // The last two are one name, composed and not.
    select(vec!["alice", "Alice", "bob", "BOB", "Zo\u{eb}", "zoe\u{308}"])
}

fn authors() -> impl Strategy<Value = Author> {
    let secret = prop_oneof![
        3 => Just(None),
        2 => Just(Some(SECRET)),
        1 => Just(Some("somebody else's one")),
    ];
    let role = prop_oneof![5 => Just(Role::Member), 1 => Just(Role::Host)];
    let link = prop::option::of((1..4_u32).prop_map(LinkId));
    (names(), secret, role, people(), link).prop_map(|(name, secret, role, person, link)| Author {
        role,
        person,
        link,
        ..author(name, secret)
    })
}

fn ids() -> impl Strategy<Value = RequestId> + Clone {
    select(vec!["1", "2", "3", "\"quoted\"", "\u{1f600}"]).prop_map(|id| RequestId::parse(id).unwrap())
}

fn texts() -> impl Strategy<Value = CheepText> {
    let long = "long words ".repeat(25);
    select(vec!["hello".to_owned(), "other words".into(), "two\nlines".into(), long])
        .prop_map(|text| CheepText::parse(&text, 280).unwrap())
}
