//! The rules of the timeline: what a command changes and what its author is told. Every engine carries out exactly these.
//!
//! Nothing here reads a clock, draws lots, looks into a Unicode table or knows how a log is kept: a decision hangs on the
//! command, the time given with it and what stands in the log before it, so that it is the same on every machine and
//! every time it is made.

use cheeper_protocol::{Cheep, CheepState, Code, FoldedName, Name, Refusal, RequestId, Seq, Timestamp};

use super::command::{Claim, Command, Identity, Named, Outcome, Post, Posted, Prepared};

/// What the rules ask of a log. It answers for all that was decided before, durable yet or not.
pub trait State {
    /// Why it cannot tell.
    type Error;

    /// The newest event.
    fn head(&self) -> Seq;

    /// Who holds a name.
    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, Self::Error>;

    /// The cheep that was posted under a name and an id.
    fn posted(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Cheep>, Self::Error>;
}

/// Whoever has the secret of a claimed name.
#[derive(Clone)]
pub struct Holder {
    /// The name as it was written when it was claimed.
    pub name: Name,
    /// The secret under the timeline's key.
    pub secret_hash: blake3::Hash,
}

/// What comes of a command.
pub struct Decision<'a> {
    /// What its author is told, once the change is durable.
    pub outcome: Result<Outcome, Refusal>,
    /// What is different from now on, if anything.
    pub change: Option<Change<'a>>,
}

/// A change of the log, to be made by its engine.
pub enum Change<'a> {
    /// The next event is this cheep.
    Cheep {
        /// As it is to stand in the log.
        cheep: Cheep,
        /// The name that it is found under, with its id.
        author: &'a FoldedName,
    },
    /// A name that was free is claimed.
    Claim {
        /// The name that it is known by.
        name: &'a FoldedName,
        /// Whose it is.
        holder: Holder,
    },
}

/// Decides a command that comes to a log at some time, which is in whole milliseconds, as it is stored.
pub fn decide<'a, S: State>(command: &'a Prepared, at: Timestamp, log: &S) -> Result<Decision<'a>, S::Error> {
    match command {
        Command::Post(post) => decide_post(post, at, log),
        Command::Edit(_) | Command::Delete(_) | Command::React(_) => Ok(refuse(Code::Internal, "type")),
        Command::Claim(claim) => decide_claim(claim, log),
    }
}

fn decide_post<'a, S: State>(post: &'a Post<Identity>, at: Timestamp, log: &S) -> Result<Decision<'a>, S::Error> {
    let author = &post.author;
    let (name, verified) = match standing(author, log)? {
        Standing::Free => (author.name.clone(), false),
        Standing::Ours(name) => (name, true),
        Standing::Taken => return Ok(refuse(Code::NameTaken, "name")),
    };
    if let Some(id) = &post.id
        && let Some(first) = log.posted(&author.folded, id)?
    {
        let same = first.cheep == post.cheep && first.reply_to == post.reply_to;
        return Ok(if same {
            nothing_new(Outcome::Posted(Posted { cheep: first, duplicate: true }))
        } else {
            refuse(Code::IdConflict, "id")
        });
    }
    let head = log.head();
    if post.reply_to.is_some_and(|to| to == Seq::ZERO || to > head) {
        return Ok(refuse(Code::BadReply, "reply_to"));
    }
    let (text, reply_to, id) = (post.cheep.clone(), post.reply_to, post.id.clone());
    let cheep = Cheep {
        seq: head.next(),
        at,
        name,
        cheep: text,
        verified,
        reply_to,
        parent_replies: None,
        id,
        state: CheepState::default(),
    };
    let outcome = Ok(Outcome::Posted(Posted { cheep: cheep.clone(), duplicate: false }));
    Ok(Decision { outcome, change: Some(Change::Cheep { cheep, author: &author.folded }) })
}

fn decide_claim<'a, S: State>(claim: &'a Claim<Identity>, log: &S) -> Result<Decision<'a>, S::Error> {
    let Identity { name, folded, secret_hash, .. } = &claim.author;
    Ok(match (standing(&claim.author, log)?, *secret_hash, &claim.may_claim) {
        (Standing::Taken, _, _) => refuse(Code::NameTaken, "name"),
        (Standing::Ours(name), _, _) => nothing_new(Outcome::Named(Named { name, claimed: true })),
        (Standing::Free, None, _) => nothing_new(Outcome::Named(Named { name: name.clone(), claimed: false })),
        (Standing::Free, Some(_), Err(refusal)) => Decision { outcome: Err(refusal.clone()), change: None },
        (Standing::Free, Some(secret_hash), Ok(())) => {
            let holder = Holder { name: name.clone(), secret_hash };
            let outcome = Ok(Outcome::Named(Named { name: name.clone(), claimed: true }));
            Decision { outcome, change: Some(Change::Claim { name: folded, holder }) }
        }
    })
}

/// How a name stands to who wants to use it.
enum Standing {
    /// Nobody's.
    Free,
    /// Theirs, and shown like this.
    Ours(Name),
    /// Somebody else's.
    Taken,
}

fn standing<S: State>(who: &Identity, log: &S) -> Result<Standing, S::Error> {
    Ok(match log.holder(&who.folded)? {
        None => Standing::Free,
        Some(holder) if who.secret_hash == Some(holder.secret_hash) => Standing::Ours(holder.name),
        Some(_) => Standing::Taken,
    })
}

fn refuse(code: Code, field: &'static str) -> Decision<'static> {
    Decision { outcome: Err(Refusal::from(code).in_field(field)), change: None }
}

fn nothing_new(outcome: Outcome) -> Decision<'static> {
    Decision { outcome: Ok(outcome), change: None }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{CheepText, Secret};

    use super::*;
    use crate::timeline::command::{Author, Role};

    const KEY: [u8; 32] = [7; 32];
    const SECRET: &str = "alice's own secret";
    const OTHER: &str = "somebody else's one";
    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    /// A log with five events. The name Alice is claimed with [`SECRET`]; the third event is Bob's "hello", posted with
    /// the id "1" as an answer to the second; the fifth is Alice's, with the same id.
    struct Log;

    impl State for Log {
        type Error = &'static str;

        fn head(&self) -> Seq {
            seq(5)
        }

        fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, Self::Error> {
            match name.as_str() {
                "alice" => Ok(Some(Holder { name: self::name("Alice"), secret_hash: hash(SECRET) })),
                "broken" => Err("the row cannot be read"),
                _ => Ok(None),
            }
        }

        fn posted(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Cheep>, Self::Error> {
            match (name.as_str(), id.as_str()) {
                ("bob", "1") => Ok(Some(cheep(3, "Bob", false, "hello", Some(2), Some("1")))),
                ("alice", "1") => Ok(Some(cheep(5, "Alice", true, "hello", None, Some("1")))),
                ("bob", "broken") => Err("the row cannot be read"),
                _ => Ok(None),
            }
        }
    }

    fn seq(number: u64) -> Seq {
        Seq::new(number).unwrap()
    }

    fn name(written: &str) -> Name {
        Name::parse(written).unwrap()
    }

    fn hash(secret: &str) -> blake3::Hash {
        blake3::keyed_hash(&KEY, secret.as_bytes())
    }

    fn author(written: &str, secret: Option<&str>) -> Author {
        Author { name: name(written), secret: secret.map(|secret| Secret::parse(secret).unwrap()), role: Role::Member }
    }

    fn id(id: Option<&str>) -> Option<RequestId> {
        id.map(|id| RequestId::parse(id).unwrap())
    }

    fn cheep(at: u64, by: &str, verified: bool, text: &str, to: Option<u64>, under: Option<&str>) -> Cheep {
        let (name, cheep) = (name(by), CheepText::parse(text, 280).unwrap());
        Cheep {
            seq: seq(at),
            at: AT,
            name,
            cheep,
            verified,
            reply_to: to.map(seq),
            parent_replies: None,
            id: id(under),
            state: CheepState::default(),
        }
    }

    fn post(author: Author, text: &str, to: Option<u64>, under: Option<&str>) -> Prepared {
        let cheep = CheepText::parse(text, 280).unwrap();
        Command::Post(Post { author, cheep, reply_to: to.map(seq), id: id(under) }).prepare(&KEY)
    }

    fn claim(author: Author, may_claim: Result<(), Refusal>) -> Prepared {
        Command::Claim(Claim { author, may_claim }).prepare(&KEY)
    }

    #[test]
    fn a_post_is_taken_under_the_name_that_its_author_may_use() {
        let written = [
            (author("bob", None), Some(4), Some("2"), "bob", false),
            // A secret claims nothing here: only a claim does.
            (author("BoB", Some(SECRET)), Some(1), None, "BoB", false),
            (author("Carol", None), Some(5), Some("1"), "Carol", false),
            (author("aLICE", Some(SECRET)), None, Some("2"), "Alice", true),
            (author("ａlice", Some(SECRET)), None, None, "Alice", true),
        ];
        for (author, to, under, shown, verified) in written {
            let folded = author.name.fold();
            let command = post(author, "hello", to, under);
            let Decision { outcome, change } = decide(&command, AT, &Log).unwrap();
            let cheep = cheep(6, shown, verified, "hello", to, under);
            assert!(matches!(change, Some(Change::Cheep { cheep: c, author }) if c == cheep && *author == folded));
            assert_eq!(outcome, Ok(Outcome::Posted(Posted { cheep, duplicate: false })));
        }
    }

    #[test]
    fn the_same_post_again_is_answered_with_the_first_one_and_changes_nothing() {
        let first = cheep(3, "Bob", false, "hello", Some(2), Some("1"));
        let again = [
            (author("Bob", None), Some(2), first.clone()),
            (author("BOB", Some(OTHER)), Some(2), first),
            (author("alice", Some(SECRET)), None, cheep(5, "Alice", true, "hello", None, Some("1"))),
        ];
        for (author, to, cheep) in again {
            let command = post(author, "hello", to, Some("1"));
            let Decision { outcome, change } = decide(&command, AT, &Log).unwrap();
            assert_eq!(outcome, Ok(Outcome::Posted(Posted { cheep, duplicate: true })));
            assert!(change.is_none());
        }
    }

    #[test]
    fn a_claim_takes_a_free_name_and_lets_its_holder_in() {
        let no_more = || Err(Code::RateLimited.into());
        let used = [
            (author("aLICE", Some(SECRET)), Ok(()), "Alice", true, false),
            (author("alice", Some(SECRET)), no_more(), "Alice", true, false),
            (author("Bob", None), Ok(()), "Bob", false, false),
            (author("Bob", None), no_more(), "Bob", false, false),
            (author("Bob", Some(OTHER)), Ok(()), "Bob", true, true),
        ];
        for (author, may_claim, shown, claimed, taken) in used {
            let folded = author.name.fold();
            let command = claim(author, may_claim);
            let Decision { outcome, change } = decide(&command, AT, &Log).unwrap();
            assert_eq!(outcome, Ok(Outcome::Named(Named { name: name(shown), claimed })));
            match change {
                Some(Change::Claim { name, holder }) => {
                    assert!(taken && *name == folded, "{shown} was taken");
                    assert_eq!((holder.name.as_str(), holder.secret_hash), (shown, hash(OTHER)));
                }
                other => assert!(!taken && other.is_none(), "{shown} was not taken"),
            }
        }
    }

    #[test]
    fn what_is_refused_says_why_and_changes_nothing() {
        let bob = || author("bob", None);
        let refused = [
            (post(author("alice", None), "hello", None, None), Code::NameTaken, Some("name")),
            (post(author("ALICE", Some(OTHER)), "hello", None, None), Code::NameTaken, Some("name")),
            // Whose name it is comes first: nobody else learns what its holder has posted, or what there is to answer.
            (post(author("alice", None), "hello", None, Some("1")), Code::NameTaken, Some("name")),
            (post(author("alice", None), "hello", Some(9), None), Code::NameTaken, Some("name")),
            (post(bob(), "other words", Some(2), Some("1")), Code::IdConflict, Some("id")),
            (post(bob(), "hello", Some(1), Some("1")), Code::IdConflict, Some("id")),
            (post(bob(), "hello", None, Some("1")), Code::IdConflict, Some("id")),
            (post(bob(), "hello", Some(9), Some("1")), Code::IdConflict, Some("id")),
            (post(bob(), "hello", Some(0), None), Code::BadReply, Some("reply_to")),
            (post(bob(), "hello", Some(6), None), Code::BadReply, Some("reply_to")),
            (claim(author("alice", None), Ok(())), Code::NameTaken, Some("name")),
            (claim(author("Alice", Some(OTHER)), Ok(())), Code::NameTaken, Some("name")),
            (claim(author("alice", Some(OTHER)), Err(Code::RateLimited.into())), Code::NameTaken, Some("name")),
            (claim(author("bob", Some(SECRET)), Err(Code::RateLimited.into())), Code::RateLimited, None),
        ];
        for (nth, (command, code, field)) in refused.iter().enumerate() {
            let Decision { outcome, change } = decide(command, AT, &Log).unwrap();
            let refusal = outcome.unwrap_err();
            assert_eq!((refusal.code, refusal.field.as_deref()), (*code, *field), "row {nth}");
            assert!(change.is_none(), "row {nth}");
        }
    }

    #[test]
    fn nothing_is_decided_on_a_log_that_cannot_tell() {
        let commands = [
            post(author("broken", None), "hello", None, None),
            post(author("bob", None), "hello", None, Some("broken")),
            claim(author("broken", Some(SECRET)), Ok(())),
        ];
        for command in commands {
            assert_eq!(decide(&command, AT, &Log).err(), Some("the row cannot be read"));
        }
    }
}
