//! A name that goes from hand to hand and people who come and go, with a restart after each step.

use cheeper_protocol::{Action, CheepText, Code, Name, Refusal, Role, Seq, Timestamp};

use super::{Running, Site, author};
use crate::timeline::{
    AccessChange, Actor, Author, Claim, Command, Deed, Delete, Edit, Engine as _, LinkId, Moderate, Outcome, Person,
    Post,
};

const FIRST: &str = "the first holder's secret";
const SECOND: &str = "the second holder's one";

fn carry_out<S: Site>(site: &S, command: Command) -> Result<Outcome, Refusal> {
    let running = Running::start(site.open());
    let outcome = running.carry_out(vec![command]).remove(0).outcome;
    running.timeline.close().unwrap();
    outcome
}

/// Does something as the operator, and gives the number of its entry.
fn done<S: Site>(site: &S, deed: Deed) -> Result<u64, Code> {
    match carry_out(site, Command::Moderate(Moderate { by: Actor::Operator, deed })) {
        Ok(Outcome::Moderated(entry)) => Ok(entry.entry),
        Ok(other) => panic!("it was answered with {other:?}"),
        Err(refusal) => Err(refusal.code),
    }
}

fn text(text: &str) -> CheepText {
    CheepText::parse(text, 280).unwrap()
}

fn post(author: Author) -> Command {
    Command::Post(Post { author, cheep: text("hello"), reply_to: None, id: None })
}

fn edit(author: Author, target: u64) -> Command {
    let target = Seq::new(target).unwrap();
    let cheep = text(&format!("corrected {target}"));
    Command::Edit(Edit { author, target, cheep, id: None })
}

/// Each owns what they wrote while the name was theirs, whoever holds it in between and after.
pub(in crate::timeline) fn hands_names_on<S: Site>() {
    let site = S::new();
    let by = |secret| author("alice", Some(secret));
    let claim = |secret| carry_out(&site, Command::Claim(Claim { author: by(secret), may_claim: Ok(()) })).is_ok();
    let release = || done(&site, Deed::Release { name: Name::parse("Alice").unwrap() });
    let edits = |secret, target| carry_out(&site, edit(by(secret), target)).map_err(|refusal| refusal.code).err();
    let posts = |secret| carry_out(&site, post(by(secret))).is_ok();

    assert_eq!(release(), Err(Code::NotFound));
    assert!(claim(FIRST) && posts(FIRST) && !claim(SECOND));
    let first = release().unwrap();
    assert!(claim(SECOND) && posts(SECOND) && !posts(FIRST));
    assert_eq!(edits(SECOND, 1), Some(Code::Forbidden), "it was another's");
    let delete = Delete { author: by(SECOND), target: Seq::new(1).unwrap(), id: None };
    assert_eq!(carry_out(&site, Command::Delete(delete)).unwrap_err().code, Code::Forbidden);
    assert_eq!(edits(SECOND, 2), None);
    // The edit was 3.
    assert_eq!(done(&site, Deed::Undo { entry: first }), Err(Code::NameTaken));
    let second = release().unwrap();
    done(&site, Deed::Undo { entry: first }).unwrap();
    assert_eq!((edits(FIRST, 1), edits(FIRST, 2)), (None, Some(Code::Forbidden)));
    assert!(posts(FIRST) && !posts(SECOND));
    assert_eq!(done(&site, Deed::Undo { entry: second }), Err(Code::NameTaken));
    release().unwrap();
    done(&site, Deed::Undo { entry: second }).unwrap();
    // That post was 5, after another edit.
    assert_eq!(edits(SECOND, 5), Some(Code::Forbidden));
    assert_eq!(done(&site, Deed::Undo { entry: second }), Err(Code::Gone));
}

/// Mutes, links and sessions are there after a restart, until they are undone.
pub(in crate::timeline) fn keeps_order<S: Site>() {
    let site = S::new();
    let mallory = |person| Author { person: Person(person), ..author("mallory", None) };
    let code = |author: Author| carry_out(&site, post(author)).map_err(|refusal| refusal.code).err();
    let (name, until) = (Name::parse("Mallory").unwrap(), Some(Timestamp::MAX));
    let of_name = done(&site, Deed::MuteName { name, until }).unwrap();
    assert_eq!((code(mallory(1)), code(author("bob", None))), (Some(Code::Muted), None));
    let target = Seq::new(1).unwrap();
    let of_author = done(&site, Deed::MuteAuthor { person: Person(1), target, until: None }).unwrap();
    done(&site, Deed::Undo { entry: of_name }).unwrap();
    assert_eq!((code(mallory(2)), code(mallory(1))), (None, Some(Code::Muted)));
    assert_eq!(code(author("bob", None)), Some(Code::Muted), "whatever name they use");
    done(&site, Deed::Undo { entry: of_author }).unwrap();
    assert_eq!(code(mallory(1)), None);

    let link = |ends_at| Deed::MakeLink { role: Role::Member, token_hash: [7; 32], ends_at, note: None };
    let join = |link, person| Deed::Join { link: LinkId(link), session_hash: [8; 32], person: Person(person) };
    let made = done(&site, link(None)).unwrap();
    let joined = done(&site, join(1, 10)).unwrap();
    done(&site, join(1, 11)).unwrap();
    let people = || {
        let of = |change| match change {
            AccessChange::SessionOpened { person, .. } => Some(person.0),
            _ => None,
        };
        site.open().access().unwrap().into_iter().filter_map(of).collect::<Vec<_>>()
    };
    assert_eq!(people(), [10, 11]);
    done(&site, Deed::Undo { entry: joined }).unwrap();
    assert_eq!(people(), [11]);
    done(&site, Deed::Undo { entry: made }).unwrap();
    assert_eq!((people(), done(&site, join(1, 12))), (vec![], Err(Code::TokenRequired)));
    assert_eq!(site.open().access().unwrap(), []);
    // It is over before it begins, and its number is not given again.
    done(&site, link(Timestamp::from_second(1).ok())).unwrap();
    assert_eq!(done(&site, join(2, 13)), Err(Code::TokenRequired));
    assert_eq!(done(&site, join(1, 13)), Err(Code::TokenRequired));
    let Ok(Outcome::Moderated(entry)) =
        carry_out(&site, Command::Moderate(Moderate { by: Actor::Host(LinkId(2)), deed: link(None) }))
    else {
        panic!("no link");
    };
    assert!(matches!(entry.action, Action::Link { link: 3, .. }) && entry.by == Some(2), "{entry:?}");
}
