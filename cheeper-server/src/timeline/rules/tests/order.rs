//! What keeps order: who is muted, which names pass for others, what hosts do, and who comes in.

use super::*;
use crate::timeline::moderation::AccessChange;

/// Somebody under a free name, as somebody else than everybody.
fn person(written: &str, person: u64) -> Author {
    Author { person: Person(person), ..author(written, None) }
}

/// Whose name looks like Alice's.
fn lookalike(mut command: Prepared) -> Prepared {
    let (Command::Post(Post { author, .. })
    | Command::Edit(command::Edit { author, .. })
    | Command::Delete(command::Delete { author, .. })
    | Command::React(command::React { author, .. })
    | Command::Claim(Claim { author, .. })) = &mut command
    else {
        panic!("it has no author");
    };
    author.skeletons = vec!["of nobody".into(), "like alice".into()];
    command
}

fn refusal(command: &Prepared) -> Refusal {
    let Decision { outcome, changes } = decided(command);
    assert!(changes.is_empty(), "{changes:?}");
    outcome.unwrap_err()
}

fn entry(by: Option<u32>, action: Action) -> Entry {
    Entry { entry: LAST_ENTRY + 1, at: at(NOW), by, action, undone_by: None }
}

/// What is done besides noting it, and the entry that is noted.
fn done(command: &Prepared) -> (Vec<Change<'_>>, Entry) {
    let Decision { outcome, mut changes } = decided(command);
    let Some(Change::Note(entry)) = changes.pop() else { panic!("{outcome:?} without an entry") };
    // Each third entry sees to it that old ones go: of those in which people come three stay.
    let before = if is_arrival(&entry.action) { 4 } else { 2 };
    assert_eq!(changes.pop(), Some(Change::ForgetArrivals { before }));
    if let Ok(Outcome::Moderated(told)) = outcome {
        assert_eq!(told, entry);
    }
    (changes, entry)
}

#[test]
fn who_is_muted_may_not_write_for_as_long_as_the_longest_of_the_mutes_lasts() {
    let by_name = Some(Code::Muted.sentence());
    let by_person = Some("A host has muted you, whatever name you use.");
    for (who, said, wait) in [
        (author("mallory", None), by_name, Some(24 - NOW)),
        (author("MALLORY", Some(SECRET)), by_name, Some(24 - NOW)),
        (author("trudy", None), by_name, None),
        (person("bob", 9), by_person, Some(44 - NOW)),
        (person("mallory", 9), by_person, Some(44 - NOW)),
        (person("trudy", 9), by_name, None),
        (Author { person: Person(9), ..alice() }, by_person, Some(44 - NOW)),
        // It is over at this very moment.
        (author("fan 0", None), None, None),
        (Author { role: Role::Host, ..person("trudy", 9) }, None, None),
    ] {
        for command in [
            post(who.clone(), "hello", None, None),
            react(who.clone(), 10, "🐦", true, None),
            edit(who.clone(), 99, "new", None),
            post(who.clone(), "hello", Some(99), None),
        ] {
            let outcome = decided(&command).outcome;
            let muted = outcome.err().filter(|refusal| refusal.code == Code::Muted);
            assert_eq!(muted.as_ref().map(|refusal| &refusal.message[..]), said);
            assert_eq!(muted.and_then(|refusal| refusal.retry_after_ms), wait);
        }
    }
}

#[test]
fn who_is_muted_may_take_back_what_is_their_own_and_is_told_of_what_was_taken_before() {
    let alice = || Author { person: Person(9), ..alice() };
    let (event, _) = made(&delete(alice(), 5, None));
    assert!(matches!(event, Event::Delete(_)));
    for command in [post(alice(), "hello", None, Some("1")), edit(alice(), 6, "new words", Some("e"))] {
        let Decision { outcome, changes } = decided(&command);
        assert!(outcome.is_ok() && changes.is_empty(), "{outcome:?}");
    }
    // Whose a name is comes first.
    assert_eq!(refusal(&post(person("alice", 9), "hello", None, None)).code, Code::NameTaken);
    assert!(decided(&claim(Author { secret: Secret::parse(OTHER).ok(), ..person("bob", 9) }, Ok(()))).outcome.is_ok());
}

#[test]
fn a_free_name_that_looks_like_a_claimed_one_is_its_holders_alone() {
    let commands = |author: Author| {
        [
            post(author.clone(), "hello", None, None),
            edit(author.clone(), 5, "new", None),
            delete(author.clone(), 5, None),
            react(author.clone(), 10, "🐦", true, None),
            claim(author, Ok(())),
        ]
    };
    let why = "This name looks like \"Alice\", which somebody has claimed: choose another.";
    for other in [author("aIice", None), author("aIice", Some(OTHER)), host("aIice")] {
        for command in commands(other).map(lookalike) {
            let refusal = refusal(&command);
            assert_eq!((refusal.code, refusal.field.as_deref()), (Code::NameTaken, Some("name")));
            assert_eq!(refusal.message, why);
        }
    }
    for command in commands(author("aIice", Some(SECRET))).map(lookalike) {
        assert!(!matches!(decided(&command).outcome, Err(refusal) if refusal.code == Code::NameTaken));
    }
    // To who has claimed a name it does not matter what else looks like it.
    for command in commands(alice()).map(lookalike) {
        assert!(decided(&command).outcome.is_ok());
    }
}

#[test]
fn who_claims_a_name_that_was_released_does_not_own_what_was_written_before() {
    for (command, is_theirs) in [
        (edit(alice(), 14, "mine?", None), false),
        (delete(alice(), 14, None), false),
        (edit(alice(), 5, "mine", None), true),
        (delete(alice(), 6, None), true),
    ] {
        let outcome = decided(&command).outcome;
        assert_eq!(outcome.map_err(|refusal| refusal.code).err(), (!is_theirs).then_some(Code::Forbidden));
    }
}

#[test]
fn a_claim_and_what_a_host_takes_back_are_noted_and_what_an_author_does_is_not() {
    let command = claim(author("Bob", Some(OTHER)), Ok(()));
    let (changes, noted) = done(&command);
    let Change::Claim { name: claimed, holder, skeletons } = &changes[0] else { panic!("{changes:?}") };
    assert_eq!((claimed.as_str(), &holder.name), ("bob", &name("Bob")));
    assert_eq!(skeletons[..], [" bob", "bob"]);
    assert_eq!(noted, entry(None, Action::Claim { name: name("Bob") }));

    let by = Author { link: Some(LinkId(4)), ..host("Dora") };
    let command = delete(by, 5, Some("new"));
    let (changes, noted) = done(&command);
    assert!(matches!(&changes[..], [Change::Event { author: Some(author), .. }] if author.as_str() == "dora"));
    assert_eq!(noted, entry(Some(4), Action::Remove { target: seq(5) }));

    for author in [alice(), Author { role: Role::Host, link: Some(LinkId(4)), ..alice() }] {
        assert_eq!(decided(&delete(author, 5, None)).changes.len(), 1);
    }
}

#[test]
fn a_host_removes_a_cheep_without_a_name_once() {
    for (actor, by) in [(Actor::Host(LinkId(4)), Some(4)), (Actor::Operator, None)] {
        let command = deed(actor, Deed::Remove { target: seq(3) });
        let Decision { outcome, changes } = decided(&command);
        let [Change::Event { event, author: None, changed }, Change::ForgetArrivals { .. }, Change::Note(noted)] =
            &changes[..]
        else {
            panic!("{changes:?}")
        };
        let Event::Delete(delete) = event else { panic!("{event:?}") };
        assert_eq!((delete.target, delete.by, &delete.id), (seq(3), DeletedBy::Host, &None));
        assert_eq!(changed.iter().map(|cheep| cheep.seq.get()).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(*noted, entry(by, Action::Remove { target: seq(3) }));
        let Ok(Outcome::Changed(Changed { seq, duplicate: false, .. })) = outcome else { panic!("{outcome:?}") };
        assert_eq!(seq.get(), NOW);
    }
    let again = deed(Actor::Operator, Deed::Remove { target: seq(8) });
    let Decision { outcome, changes } = decided(&again);
    assert!(matches!(outcome, Ok(Outcome::Changed(Changed { duplicate: true, .. }))) && changes.is_empty());
    assert_eq!(refusal(&deed(Actor::Operator, Deed::Remove { target: seq(7) })).code, Code::NotFound);
}

#[test]
fn names_and_people_are_muted_and_a_claimed_name_is_released() {
    let by = Actor::Host(LinkId(4));
    let until = Some(at(70));
    let command = deed(by, Deed::MuteName { name: name("Zoë"), until });
    let (changes, noted) = done(&command);
    let folded = name("Zoë").fold();
    assert_eq!(changes, [Change::Mute { who: Who::Name(&folded), until, entry: LAST_ENTRY + 1 }]);
    assert_eq!(noted, entry(Some(4), Action::Mute { who: Muted::Name { name: name("Zoë") }, until }));

    let command = deed(by, Deed::MuteAuthor { person: Person(3), target: seq(4), until: None });
    let (changes, noted) = done(&command);
    assert_eq!(changes, [Change::Mute { who: Who::Person(Person(3)), until: None, entry: LAST_ENTRY + 1 }]);
    assert_eq!(noted, entry(Some(4), Action::Mute { who: Muted::Author { target: seq(4) }, until: None }));

    let command = deed(by, Deed::Release { name: name("aLICE") });
    let (changes, noted) = done(&command);
    let holder = Holder { name: name("Alice"), secret_hash: hash(SECRET) };
    let (folded, skeletons) = (name("alice").fold(), vec!["like Alice".to_owned()]);
    let released = Change::Release { name: &folded, holder, skeletons, up_to: seq(HEAD), entry: LAST_ENTRY + 1 };
    assert_eq!(changes, [released]);
    assert_eq!(noted, entry(Some(4), Action::Release { name: name("Alice") }));
    let nobodys = refusal(&deed(by, Deed::Release { name: name("bob") }));
    assert_eq!((nobodys.code, nobodys.field.as_deref()), (Code::NotFound, Some("name")));
}

#[test]
fn a_link_is_made_and_those_that_are_over_end_with_it() {
    let (token_hash, ends_at, note) = ([5; 32], Some(at(90)), Some(name("class 4b")));
    let link = Deed::MakeLink { role: Role::Host, token_hash, ends_at, note: note.clone() };
    let command = deed(Actor::Operator, link);
    let (changes, noted) = done(&command);
    let made = AccessChange::LinkMade { link: LinkId(6), role: Role::Host, token_hash, ends_at };
    let expected = [AccessChange::LinkEnded(LinkId(4)), made];
    assert_eq!(changes, expected.map(|change| Change::Access { change, entry: LAST_ENTRY + 1 }));
    assert_eq!(noted, entry(None, Action::Link { link: 6, role: Role::Host, ends_at, note }));
}

#[test]
fn people_come_in_by_a_link_that_stands_and_has_room() {
    let join = |link| {
        let (link, session_hash, person) = (LinkId(link), [6; 32], Person(8));
        deed(Actor::Oneself, Deed::Join { link, session_hash, person })
    };
    for link in [1, 5] {
        let command = join(link);
        let (changes, noted) = done(&command);
        let opened = AccessChange::SessionOpened { link: LinkId(link), session_hash: [6; 32], person: Person(8) };
        // All together they are too many, but for those whose link is over.
        let expected = [AccessChange::LinkEnded(LinkId(4)), opened];
        assert_eq!(changes, expected.map(|change| Change::Access { change, entry: LAST_ENTRY + 1 }));
        assert_eq!(noted, entry(None, Action::Join { link }));
    }
    for (link, code) in
        [(2, Code::TokenRequired), (3, Code::TooMany), (4, Code::TokenRequired), (6, Code::TokenRequired)]
    {
        assert_eq!(refusal(&join(link)).code, code, "link {link}");
    }
    // Before the fourth was over there was no room.
    let too_early = decide(&join(1), at(9), &Log).unwrap().outcome;
    assert_eq!(too_early.unwrap_err().code, Code::TooMany);
}

#[test]
fn what_can_be_undone_is() {
    let dora = Holder { name: name("Dora"), secret_hash: hash(OTHER) };
    let (folded, skeletons) = (name("Dora").fold(), vec!["like Dora".to_owned()]);
    let given_back = Change::Claim { name: Cow::Owned(folded), holder: dora, skeletons: skeletons.into() };
    let access = |change, entry| Some(Change::Access { change, entry });
    let session = AccessChange::SessionEnded { link: LinkId(1), person: Person(7) };
    for (number, change) in [
        (1, access(AccessChange::LinkEnded(LinkId(1)), 1)),
        (2, access(session, 2)),
        // The link has ended already, and with it the session.
        (3, None),
        (4, None),
        (5, Some(Change::Unmute { entry: 5 })),
        (8, Some(given_back)),
    ] {
        let command = deed(Actor::Host(LinkId(3)), Deed::Undo { entry: number });
        let (changes, noted) = done(&command);
        let undone = Change::Undone { entry: number, by: LAST_ENTRY + 1 };
        assert_eq!(changes, change.into_iter().chain([undone]).collect::<Vec<_>>(), "entry {number}");
        assert_eq!(noted, entry(Some(3), Action::Undo { undoes: number }));
    }
    for (number, code) in [
        (0, Code::NotFound),
        (6, Code::Gone),
        (7, Code::Gone),
        (9, Code::NameTaken),
        (10, Code::Forbidden),
        (11, Code::Gone),
        (12, Code::NotFound),
        (u64::MAX, Code::NotFound),
    ] {
        let refusal = refusal(&deed(Actor::Operator, Deed::Undo { entry: number }));
        assert_eq!((refusal.code, refusal.field.as_deref()), (code, Some("entry")), "entry {number}");
    }
}
