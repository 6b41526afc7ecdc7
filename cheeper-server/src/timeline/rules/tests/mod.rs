//! Every row of who may do what, on a log that is told here line by line.

mod events;
mod order;

use cheeper_protocol::{
    Action, CheepState, Delete, DeletedBy, Edit, Emoji, Muted, Name, Reaction, ReactionCount, Role, Secret,
    testkit::{cheep_by, name, request_id, seq},
};

use super::*;
use crate::timeline::{
    Actor, Deed, Moderate,
    command::{self, Author, Changed, Claim, Named, Post, Posted},
    person::{LinkId, Person},
};

const KEY: [u8; 32] = [7; 32];
const SECRET: &str = "alice's own secret";
const OTHER: &str = "somebody else's one";
const HEART: &str = "♥\u{fe0f}";
const HEAD: u64 = 14;
/// Everything comes in at its seq, in milliseconds.
const NOW: u64 = HEAD + 1;

/// The name Alice is claimed with [`SECRET`]. What is in the log:
///
/// | seq | |
/// | --- | --- |
/// | 1, 2 | Carol's |
/// | 3 | Bob's "hello", an answer to 2, under the id "1" |
/// | 4 | Alice's, of before the name was claimed |
/// | 5 | Alice's "hello", under the id "1" |
/// | 6 | Alice's "old words", under the id "2", now "new words" |
/// | 7 | that correction, under the id "e"; under "e0" stands an earlier one, to "some words" |
/// | 8 | Bob's, an answer to 3, under the id "2", deleted |
/// | 9 | the delete of it by a host, Carol, under the id "d" |
/// | 10 | Bob's with 52 hearts, of "fan 0" to "fan 51" |
/// | 11 | Bob's reaction to 10 with a bird, under the id "r" |
/// | 12 | Carol's answer to 8 |
/// | 13 | Carol's with twenty kinds of reactions |
/// | 14 | an Alice's, who held the name with [`OTHER`] from 8 on until it was released and given back |
///
/// What is in the audit:
///
/// | entry | |
/// | --- | --- |
/// | 1 | a link for members, until 30; somebody came in by it with entry 2 |
/// | 3 | a link for hosts that has ended; somebody came in by it with entry 4 |
/// | 5 | Mallory is muted, until 24 |
/// | 6 | who wrote 3 is muted, undone by 7 |
/// | 7 | that undoing |
/// | 8 | Dora's name was released, which was claimed with [`OTHER`] |
/// | 9 | Alice's name was released |
/// | 10 | Alice claimed her name |
/// | 11 | 8 was removed |
///
/// Link 3 is full, link 4 is over since 10, and link 5 will be at 40.
struct Log;

const LAST_ENTRY: u64 = 11;

fn emoji(emoji: &str) -> Emoji {
    Emoji::parse(emoji).unwrap()
}

fn kind(emoji: &str, count: u64, names: Vec<Name>) -> ReactionCount {
    ReactionCount { emoji: self::emoji(emoji), count, names }
}

fn fan(nth: u64) -> Name {
    name(&format!("fan {nth}"))
}

fn present(number: u64) -> Option<Cheep> {
    let cheep = |by, text| Cheep { at: at(number), ..cheep_by(by, number, text) };
    let changed = |rev, state| CheepState { rev: Some(seq(rev)), ..state };
    let state = CheepState::default();
    Some(match number {
        1 => cheep("Carol", "one"),
        2 => Cheep { state: changed(3, CheepState { replies: 1, ..state }), ..cheep("Carol", "two") },
        3 => Cheep {
            reply_to: Some(seq(2)),
            parent_replies: Some(1),
            id: Some(request_id("1")),
            state: changed(9, state),
            ..cheep("Bob", "hello")
        },
        4 => cheep("Alice", "before"),
        5 => Cheep { verified: true, id: Some(request_id("1")), ..cheep("Alice", "hello") },
        6 => Cheep {
            verified: true,
            id: Some(request_id("2")),
            state: changed(7, CheepState { edited_at: Some(at(7)), ..state }),
            ..cheep("Alice", "new words")
        },
        8 => Cheep {
            reply_to: Some(seq(3)),
            id: Some(request_id("2")),
            state: changed(12, CheepState { deleted: Some(DeletedBy::Host), replies: 1, ..state }),
            ..cheep("Bob", "")
        },
        10 => {
            let reactions = vec![kind(HEART, 52, (0..50).map(fan).collect()), kind("🐦", 1, vec![name("Bob")])];
            Cheep { state: changed(11, CheepState { reactions, ..state }), ..cheep("Bob", "popular") }
        }
        14 => Cheep { verified: true, ..cheep("Alice", "another's") },
        12 => Cheep { reply_to: Some(seq(8)), parent_replies: Some(1), ..cheep("Carol", "a pity") },
        13 => {
            let kinds = ('🐀'..).take(20).map(|animal| kind(&animal.to_string(), 1, vec![name("Dora")]));
            Cheep { state: CheepState { reactions: kinds.collect(), ..state }, ..cheep("Carol", "a zoo") }
        }
        _ => return None,
    })
}

impl State for Log {
    type Error = &'static str;

    fn head(&self) -> Seq {
        seq(HEAD)
    }

    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, Self::Error> {
        match name.as_str() {
            "alice" => Ok(Some(Holder { name: self::name("Alice"), secret_hash: hash(SECRET) })),
            "broken" => Err("the row cannot be read"),
            _ => Ok(None),
        }
    }

    fn lookalikes(&self, skeletons: &[String]) -> Result<Vec<Holder>, Self::Error> {
        let is_like_alice = |skeleton: &String| skeleton == "like alice" || skeleton == "like al";
        let holder = Holder { name: self::name("Alice"), secret_hash: hash(SECRET) };
        Ok(skeletons.iter().filter(|skeleton| is_like_alice(skeleton)).map(|_| holder.clone()).collect())
    }

    fn skeletons(&self, name: &Name) -> Vec<String> {
        vec![format!("like {name}")]
    }

    fn former_holder(&self, name: &FoldedName, event: Seq) -> Result<Option<Holder>, Self::Error> {
        let secret = match (name.as_str(), event.get()) {
            ("alice", ..=7) => SECRET,
            ("alice", ..=14) => OTHER,
            _ => return Ok(None),
        };
        Ok(Some(Holder { name: self::name("Alice"), secret_hash: hash(secret) }))
    }

    fn was_taken_from(&self, name: &FoldedName, secret_hash: blake3::Hash) -> Result<bool, Self::Error> {
        Ok(name.as_str() == "freed" && secret_hash == hash(SECRET))
    }

    fn released(&self, entry: u64, name: &Name) -> Result<Option<(FoldedName, Holder)>, Self::Error> {
        let secret = if entry == 8 { OTHER } else { SECRET };
        Ok(Some((name.fold(), Holder { name: name.clone(), secret_hash: hash(secret) })))
    }

    fn mutes(&self, name: &FoldedName, person: Person) -> Result<Vec<Mute>, Self::Error> {
        let until = |number| Some(at(number));
        let of_name: &[_] = match name.as_str() {
            "mallory" => &[until(24), until(NOW), until(18)],
            "trudy" => &[until(24), None],
            "fan 0" => &[until(NOW)],
            _ => &[],
        };
        let of_person = if person == Person(9) { Some(until(44)) } else { None };
        let of_name = of_name.iter().map(|until| Mute { is_of_person: false, until: *until });
        Ok(of_name.chain(of_person.map(|until| Mute { is_of_person: true, until })).collect())
    }

    fn last_entry(&self) -> Result<u64, Self::Error> {
        Ok(LAST_ENTRY)
    }

    fn entry(&self, number: u64) -> Result<Option<Entry>, Self::Error> {
        let link = |link, role| Action::Link { link, role, ends_at: None, note: None };
        let action = match number {
            1 => link(1, Role::Member),
            2 => Action::Join { link: 1 },
            3 => link(2, Role::Host),
            4 => Action::Join { link: 2 },
            5 => Action::Mute { who: Muted::Name { name: name("Mallory") }, until: Some(at(24)) },
            6 => Action::Mute { who: Muted::Author { target: seq(3) }, until: None },
            7 => Action::Undo { undoes: 6 },
            8 => Action::Release { name: name("Dora") },
            9 => Action::Release { name: name("Alice") },
            10 => Action::Claim { name: name("Alice") },
            11 => Action::Remove { target: seq(8) },
            _ => return Ok(None),
        };
        Ok(Some(Entry { entry: number, at: at(number), by: None, action, undone_by: (number == 6).then_some(7) }))
    }

    fn arrival(&self, newer: usize) -> Result<Option<u64>, Self::Error> {
        Ok([10, 4, 2].get(newer).copied())
    }

    fn last_link(&self) -> Result<u32, Self::Error> {
        Ok(5)
    }

    fn link(&self, link: LinkId) -> Result<Option<Link>, Self::Error> {
        let known = Link { role: Role::Member, token_hash: [1; 32], ends_at: None, sessions: 1, is_ended: false };
        Ok(Some(match link.0 {
            1 => Link { ends_at: Some(at(30)), ..known },
            2 => Link { sessions: 0, is_ended: true, ..known },
            3 => Link { sessions: moderate::SESSIONS_PER_LINK, ..known },
            4 => Link { ends_at: Some(at(10)), ..known },
            5 => Link { ends_at: Some(at(40)), ..known },
            _ => return Ok(None),
        }))
    }

    fn overdue_links(&self, at: Timestamp) -> Result<Vec<(LinkId, Link)>, Self::Error> {
        let known = [1, 4, 5].map(|link| (LinkId(link), self.link(LinkId(link)).unwrap().unwrap()));
        Ok(known.into_iter().filter(|(_, link)| link.ends_at.is_some_and(|ends_at| ends_at <= at)).collect())
    }

    /// One too many, while link 4 stands.
    fn sessions(&self) -> Result<u64, Self::Error> {
        Ok(moderate::SESSIONS)
    }

    fn session(&self, link: LinkId, entry: u64) -> Result<Option<Person>, Self::Error> {
        Ok(((link.0, entry) == (1, 2)).then_some(Person(7)))
    }

    fn cheep(&self, seq: Seq) -> Result<Option<Cheep>, Self::Error> {
        Ok(present(seq.get()))
    }

    fn earlier(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, Self::Error> {
        let was = |was: &str| Some(self.fingerprint(&text(was)));
        let (event, cheep, asked) = match (name.as_str(), id.as_str()) {
            ("bob", "1") => (3, 3, Asked::Post { superseded: None }),
            ("alice", "1") => (5, 5, Asked::Post { superseded: None }),
            ("alice", "2") => (6, 6, Asked::Post { superseded: was("old words") }),
            ("alice", "e0") => (7, 6, Asked::Edit { superseded: was("some words") }),
            ("alice", "e") => (7, 6, Asked::Edit { superseded: None }),
            ("bob", "2") => (8, 8, Asked::Post { superseded: None }),
            ("carol", "d") => (9, 8, Asked::Delete),
            ("bob", "r") => (11, 10, Asked::React(Some((emoji("🐦"), true)))),
            ("carol", "r") => (9, 8, Asked::React(None)),
            ("bob", "broken") => return Err("the row cannot be read"),
            _ => return Ok(None),
        };
        let cheep = present(cheep).expect("it is a cheep");
        Ok(Some(Earlier { seq: seq(event), at: at(event), cheep, asked }))
    }

    fn time(&self, seq: Seq) -> Result<Timestamp, Self::Error> {
        Ok(at(seq.get()))
    }

    fn deletion(&self, cheep: Seq) -> Result<Seq, Self::Error> {
        assert_eq!(cheep, seq(8));
        Ok(seq(9))
    }

    fn reactor(&self, cheep: Seq, emoji: &Emoji, name: &FoldedName) -> Result<Option<Name>, Self::Error> {
        Ok(match (cheep.get(), emoji.as_str(), name.as_str()) {
            (10, HEART, who) => (0..52).map(fan).find(|fan| fan.fold().as_str() == who),
            (10, "🐦", "bob") => Some(self::name("Bob")),
            _ => None,
        })
    }

    fn first_unlisted(&self, cheep: Seq, emoji: &Emoji) -> Result<Option<Name>, Self::Error> {
        Ok(((cheep.get(), emoji.as_str()) == (10, HEART)).then(|| fan(50)))
    }

    fn fingerprint(&self, text: &CheepText) -> Fingerprint {
        fingerprint(&KEY, text)
    }
}

fn at(number: u64) -> Timestamp {
    Timestamp::from_millisecond(number.cast_signed()).unwrap()
}

fn text(text: &str) -> CheepText {
    CheepText::parse(text, 280).unwrap()
}

fn hash(secret: &str) -> blake3::Hash {
    blake3::keyed_hash(&KEY, secret.as_bytes())
}

fn author(written: &str, secret: Option<&str>) -> Author {
    Author {
        name: name(written),
        secret: secret.map(|secret| Secret::parse(secret).unwrap()),
        role: Role::Member,
        person: Person(1),
        link: None,
    }
}

fn alice() -> Author {
    author("aLICE", Some(SECRET))
}

fn bob() -> Author {
    author("bob", None)
}

fn host(written: &str) -> Author {
    Author { role: Role::Host, ..author(written, None) }
}

fn post(author: Author, text: &str, to: Option<u64>, id: Option<&str>) -> Prepared {
    let (cheep, reply_to, id) = (self::text(text), to.map(seq), id.map(request_id));
    Command::Post(Post { author, cheep, reply_to, id }).prepare(&KEY)
}

fn edit(author: Author, target: u64, text: &str, id: Option<&str>) -> Prepared {
    let (cheep, target, id) = (self::text(text), seq(target), id.map(request_id));
    Command::Edit(command::Edit { author, target, cheep, id }).prepare(&KEY)
}

fn delete(author: Author, target: u64, id: Option<&str>) -> Prepared {
    Command::Delete(command::Delete { author, target: seq(target), id: id.map(request_id) }).prepare(&KEY)
}

fn react(author: Author, target: u64, with: &str, on: bool, id: Option<&str>) -> Prepared {
    let (emoji, target, id) = (emoji(with), seq(target), id.map(request_id));
    Command::React(command::React { author, target, emoji, on, id }).prepare(&KEY)
}

fn claim(author: Author, may_claim: Result<(), Refusal>) -> Prepared {
    Command::Claim(Claim { author, may_claim }).prepare(&KEY)
}

fn deed(by: Actor, deed: Deed) -> Prepared {
    Command::Moderate(Moderate { by, deed }).prepare(&KEY)
}

fn decided(command: &Prepared) -> Decision<'_> {
    decide(command, at(NOW), &Log).unwrap()
}

/// The event that a command makes, and the cheeps as it leaves them.
fn made(command: &Prepared) -> (Event, Vec<Cheep>) {
    match decided(command) {
        Decision { outcome: Ok(outcome), changes } => {
            let Some(Change::Event { event, author, changed }) = changes.into_iter().next() else {
                panic!("{outcome:?} without an event")
            };
            assert_eq!(author, command.author().map(|author| &author.folded));
            let answered = match &outcome {
                Outcome::Posted(Posted { cheep, duplicate: false }) => (cheep.seq, cheep.at),
                Outcome::Changed(Changed { seq, at, cheep, duplicate: false }) => {
                    assert_eq!(Some(cheep), changed.last());
                    (*seq, *at)
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(answered, (seq(NOW), at(NOW)));
            (event, changed)
        }
        Decision { outcome: Err(refusal), .. } => panic!("{refusal}"),
    }
}

/// The cheep as it is once an event has come.
fn after(number: u64, event: &Event) -> Cheep {
    let mut cheep = present(number).unwrap();
    assert!(cheep.apply(event), "{event:?} is a change of {number}");
    cheep
}
