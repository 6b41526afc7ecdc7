//! Posts, their changes, and names.

use super::*;

#[test]
fn a_post_is_taken_under_the_name_that_its_author_may_use() {
    let written = [
        (author("bob", None), Some(4), Some("3"), "bob", false),
        // A secret claims nothing here: only a claim does.
        (author("BoB", Some(SECRET)), Some(1), None, "BoB", false),
        (author("Dora", None), Some(5), Some("1"), "Dora", false),
        (author("aLICE", Some(SECRET)), None, Some("3"), "Alice", true),
        (author("ａlice", Some(SECRET)), None, None, "Alice", true),
    ];
    for (author, to, under, shown, verified) in written {
        let command = post(author, "hello", to, under);
        let (event, changed) = made(&command);
        let cheep = Cheep {
            at: at(NOW),
            verified,
            reply_to: to.map(seq),
            parent_replies: to.map(|_| 1),
            id: under.map(request_id),
            ..cheep_by(shown, NOW, "hello")
        };
        assert_eq!(event, Event::Cheep(cheep));
        assert_eq!(changed, to.map(|to| after(to, &event)).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn an_answer_is_counted_by_what_it_answers_even_if_that_is_deleted() {
    for (to, replies) in [(1, 1), (2, 2), (8, 2)] {
        let (event, changed) = made(&post(bob(), "an answer", Some(to), None));
        assert_eq!(event.as_cheep().unwrap().parent_replies, Some(replies));
        let [parent] = &changed[..] else { panic!("{changed:?}") };
        assert_eq!((parent.seq, parent.rev(), parent.state.replies), (seq(to), seq(NOW), replies));
    }
}

#[test]
fn the_same_post_again_is_answered_with_the_first_one_and_changes_nothing() {
    let again = [
        (author("Bob", None), "hello", Some(2), "1", 3),
        (author("BOB", Some(OTHER)), "hello", Some(2), "1", 3),
        (alice(), "hello", None, "1", 5),
        // It was corrected since, and is still the post that it was.
        (alice(), "old words", None, "2", 6),
        // It was deleted since, and nobody can tell any more what it said.
        (bob(), "whatever", Some(3), "2", 8),
    ];
    for (author, text, to, id, first) in again {
        let command = post(author, text, to, Some(id));
        let Decision { outcome, changes } = decided(&command);
        let cheep = present(first).unwrap();
        assert_eq!(outcome, Ok(Outcome::Posted(Posted { cheep, duplicate: true })));
        assert!(changes.is_empty());
    }
}

#[test]
fn the_same_change_again_is_answered_with_the_first_one_and_changes_nothing() {
    let again = [
        (edit(alice(), 6, "new words", Some("e")), 7, 6),
        (edit(alice(), 6, "some words", Some("e0")), 7, 6),
        (delete(author("Carol", None), 8, Some("d")), 9, 8),
        (react(bob(), 10, "🐦", true, Some("r")), 11, 10),
        (react(author("carol", None), 8, "🐦", false, Some("r")), 9, 8),
    ];
    for (command, event, target) in again {
        let Decision { outcome, changes } = decided(&command);
        let cheep = present(target).unwrap();
        assert_eq!(outcome, Ok(Outcome::Changed(Changed { seq: seq(event), at: at(event), cheep, duplicate: true })));
        assert!(changes.is_empty());
    }
}

#[test]
fn what_is_so_already_is_answered_with_the_last_change_and_changes_nothing() {
    let so_already = [
        (edit(alice(), 5, "hello", None), 5, 5),
        (edit(alice(), 6, "new words", Some("new")), 7, 6),
        (react(bob(), 10, "🐦", true, None), 11, 10),
        (react(bob(), 10, "🐦", true, Some("new")), 11, 10),
        (react(bob(), 10, HEART, false, None), 11, 10),
        (react(bob(), 13, "🦀", false, None), 13, 13),
        // Of a deleted one it is the delete, whatever came after it, and whoever asks.
        (delete(bob(), 8, None), 9, 8),
        (delete(alice(), 8, Some("new")), 9, 8),
        (delete(host("Dora"), 8, None), 9, 8),
    ];
    for (nth, (command, event, target)) in so_already.iter().enumerate() {
        let Decision { outcome, changes } = decided(command);
        let (cheep, at, seq) = (present(*target).unwrap(), at(*event), seq(*event));
        assert_eq!(outcome, Ok(Outcome::Changed(Changed { seq, at, cheep, duplicate: true })), "row {nth}");
        assert!(changes.is_empty(), "row {nth}");
    }
}

#[test]
fn whoever_holds_the_name_corrects_what_was_written_under_it() {
    for (target, id) in [(5, None), (6, Some("3"))] {
        let command = edit(alice(), target, "better words", id);
        let (event, changed) = made(&command);
        let (seq, target_seq, cheep, id) = (seq(NOW), seq(target), text("better words"), id.map(request_id));
        assert_eq!(event, Event::Edit(Edit { seq, at: at(NOW), target: target_seq, cheep, id }));
        assert_eq!(changed, [after(target, &event)]);
    }
}

#[test]
fn whoever_holds_the_name_and_a_host_take_back_what_was_written_under_it() {
    let (by_author, by_host) = (DeletedBy::Author, DeletedBy::Host);
    let taken_back = [
        (alice(), 5, by_author, None),
        (Author { role: Role::Host, ..alice() }, 5, by_author, None),
        (Author { role: Role::Host, ..alice() }, 4, by_host, None),
        (host("Dora"), 5, by_host, None),
        (host("Bob"), 3, by_host, Some((2, 0))),
        (host("Bob"), 12, by_host, Some((8, 0))),
    ];
    for (author, target, by, parent) in taken_back {
        let command = delete(author, target, Some("new"));
        let (event, changed) = made(&command);
        let (reply_to, parent_replies) = parent.map(|(seq, replies)| (self::seq(seq), replies)).unzip();
        let id = Some(request_id("new"));
        let target_seq = seq(target);
        let delete = Delete { seq: seq(NOW), at: at(NOW), target: target_seq, by, reply_to, parent_replies, id };
        assert_eq!(event, Event::Delete(delete));
        let expected: Vec<_> = parent.into_iter().map(|(parent, _)| parent).chain([target]).collect();
        assert_eq!(changed, expected.iter().map(|&seq| after(seq, &event)).collect::<Vec<_>>());
        let left = changed.last().unwrap();
        assert_eq!((left.cheep.as_str(), left.state.reactions.len()), ("", 0));
    }
}

#[test]
fn anybody_reacts_under_a_name_that_they_may_use() {
    let bird = "🐦";
    let reacted = [
        (bob(), 1, bird, true, "bob", 1, None),
        (alice(), 1, bird, true, "Alice", 1, None),
        (author("Dora", Some(OTHER)), 10, bird, true, "Dora", 2, None),
        (bob(), 10, HEART, true, "bob", 53, None),
        (author("Dora", None), 13, "🐀", true, "Dora", 2, None),
        // Taken back, it is the name as it was written then.
        (author("BOB", None), 10, bird, false, "Bob", 0, None),
        (author("FAN 3", None), 10, HEART, false, "fan 3", 51, Some(50)),
        (author("fan 50", None), 10, HEART, false, "fan 50", 51, None),
        (author("fan 51", None), 10, HEART, false, "fan 51", 51, None),
    ];
    for (author, target, with, on, shown, count, next) in reacted {
        let command = react(author, target, with, on, None);
        let (event, changed) = made(&command);
        let (name, emoji, next) = (name(shown), emoji(with), next.map(fan));
        let target_seq = seq(target);
        let reaction =
            Reaction { seq: seq(NOW), at: at(NOW), target: target_seq, name, emoji, on, count, next, id: None };
        assert_eq!(event, Event::Reaction(reaction));
        assert_eq!(changed, [after(target, &event)]);
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
        let Decision { outcome, changes } = decided(&command);
        assert_eq!(outcome, Ok(Outcome::Named(Named { name: name(shown), claimed })));
        match changes.into_iter().next() {
            Some(Change::Claim { name, holder, .. }) => {
                assert!(taken && *name == folded, "{shown} was taken");
                assert_eq!((holder.name.as_str(), holder.secret_hash), (shown, hash(OTHER)));
            }
            other => assert!(!taken && other.is_none(), "{shown} was not taken"),
        }
    }
}

/// Each row is refused for the first of several reasons.
#[test]
fn what_is_refused_says_why_and_changes_nothing() {
    let (name, id, target) = (Some("name"), Some("id"), Some("target"));
    let no_secret = || author("alice", None);
    let wrong_secret = || author("ALICE", Some(OTHER));
    let refused = [
        (post(no_secret(), "hello", None, None), Code::NameTaken, name),
        (post(wrong_secret(), "hello", None, None), Code::NameTaken, name),
        // Whose name it is comes first: nobody else learns what its holder has posted, or what there is to answer.
        (post(no_secret(), "hello", None, Some("1")), Code::NameTaken, name),
        (post(no_secret(), "hello", Some(99), None), Code::NameTaken, name),
        (edit(no_secret(), 5, "new", None), Code::NameTaken, name),
        (edit(wrong_secret(), 6, "new words", Some("e")), Code::NameTaken, name),
        (delete(wrong_secret(), 99, None), Code::NameTaken, name),
        (delete(Author { role: Role::Host, ..no_secret() }, 5, None), Code::NameTaken, name),
        (react(no_secret(), 8, HEART, true, None), Code::NameTaken, name),
        // An id stands for one request, of whatever kind.
        (post(bob(), "other words", Some(2), Some("1")), Code::IdConflict, id),
        (post(bob(), "hello", Some(1), Some("1")), Code::IdConflict, id),
        (post(bob(), "hello", None, Some("1")), Code::IdConflict, id),
        (post(bob(), "hello", Some(99), Some("1")), Code::IdConflict, id),
        (post(bob(), "whatever", None, Some("2")), Code::IdConflict, id),
        (post(alice(), "new words", None, Some("2")), Code::IdConflict, id),
        (post(alice(), "new words", None, Some("e")), Code::IdConflict, id),
        (post(bob(), "hello", None, Some("r")), Code::IdConflict, id),
        (edit(alice(), 6, "new words", Some("2")), Code::IdConflict, id),
        (edit(alice(), 5, "new words", Some("e")), Code::IdConflict, id),
        (edit(alice(), 6, "new words", Some("e0")), Code::IdConflict, id),
        (edit(bob(), 99, "new words", Some("1")), Code::IdConflict, id),
        (delete(bob(), 3, Some("1")), Code::IdConflict, id),
        (delete(author("carol", None), 12, Some("d")), Code::IdConflict, id),
        (react(bob(), 10, "🐦", false, Some("r")), Code::IdConflict, id),
        (react(bob(), 10, HEART, true, Some("r")), Code::IdConflict, id),
        (react(bob(), 1, "🐦", true, Some("r")), Code::IdConflict, id),
        (react(bob(), 8, "🐦", true, Some("2")), Code::IdConflict, id),
        // What is named must be a cheep: 7 is a change.
        (post(bob(), "hello", Some(0), None), Code::BadReply, Some("reply_to")),
        (post(bob(), "hello", Some(7), None), Code::BadReply, Some("reply_to")),
        (post(bob(), "hello", Some(NOW), None), Code::BadReply, Some("reply_to")),
        (edit(bob(), 0, "new words", None), Code::NotFound, target),
        (edit(alice(), 7, "new words", None), Code::NotFound, target),
        (delete(bob(), 7, None), Code::NotFound, target),
        (delete(host("Dora"), NOW, None), Code::NotFound, target),
        (react(bob(), 7, HEART, false, None), Code::NotFound, target),
        // It is deleted, whosever it was.
        (edit(bob(), 8, "new words", None), Code::Gone, target),
        (edit(alice(), 8, "new words", None), Code::Gone, target),
        (react(bob(), 8, HEART, true, None), Code::Gone, target),
        (react(bob(), 8, HEART, false, None), Code::Gone, target),
        // A name that is free is nobody's to prove.
        (edit(bob(), 3, "new words", None), Code::Forbidden, target),
        (edit(bob(), 3, "hello", None), Code::Forbidden, target),
        (edit(alice(), 3, "new words", None), Code::Forbidden, target),
        (edit(bob(), 5, "new words", None), Code::Forbidden, target),
        (edit(host("Dora"), 5, "new words", None), Code::Forbidden, target),
        // It was written under her name before that was hers.
        (edit(alice(), 4, "new words", None), Code::Forbidden, target),
        (delete(alice(), 4, None), Code::Forbidden, target),
        (delete(bob(), 3, None), Code::Forbidden, target),
        (delete(bob(), 5, Some("new")), Code::Forbidden, target),
        (react(bob(), 13, HEART, true, None), Code::TooMany, Some("emoji")),
        (claim(no_secret(), Ok(())), Code::NameTaken, name),
        (claim(wrong_secret(), Ok(())), Code::NameTaken, name),
        (claim(wrong_secret(), Err(Code::RateLimited.into())), Code::NameTaken, name),
        (claim(author("bob", Some(SECRET)), Err(Code::RateLimited.into())), Code::RateLimited, None),
    ];
    for (nth, (command, code, field)) in refused.iter().enumerate() {
        let Decision { outcome, changes } = decided(command);
        let refusal = outcome.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (*code, *field), "row {nth}");
        assert!(changes.is_empty(), "row {nth}");
    }
}

#[test]
fn nothing_is_decided_on_a_log_that_cannot_tell() {
    let commands = [
        post(author("broken", None), "hello", None, None),
        post(bob(), "hello", None, Some("broken")),
        edit(bob(), 5, "hello", Some("broken")),
        delete(bob(), 5, Some("broken")),
        react(bob(), 5, HEART, true, Some("broken")),
        claim(author("broken", Some(SECRET)), Ok(())),
    ];
    for command in commands {
        assert_eq!(decide(&command, at(NOW), &Log).err(), Some("the row cannot be read"));
    }
}

#[test]
fn a_change_makes_void_what_it_takes_the_place_of() {
    let edit = |number, target| {
        Event::Edit(Edit { seq: seq(number), at: at(number), target: seq(target), cheep: text("new"), id: None })
    };
    let delete = |target| {
        let (seq, at, target, by) = (seq(20), at(20), seq(target), DeletedBy::Author);
        Event::Delete(Delete { seq, at, target, by, reply_to: Some(self::seq(1)), parent_replies: Some(0), id: None })
    };
    let reaction = |target| {
        let (seq, at, target, name, emoji) = (seq(16), at(16), seq(target), name("Bob"), emoji(HEART));
        Event::Reaction(Reaction { seq, at, target, name, emoji, on: true, count: 1, next: None, id: None })
    };
    let cheep = || Event::Cheep(present(5).unwrap());
    for (later, earlier, is_void) in [
        (edit(17, 5), edit(15, 5), true),
        (edit(17, 5), edit(15, 6), false),
        (edit(17, 5), reaction(5), false),
        (edit(17, 5), cheep(), false),
        (reaction(5), reaction(5), false),
        (reaction(5), edit(15, 5), false),
        (delete(5), edit(15, 5), true),
        (delete(5), reaction(5), true),
        (delete(5), edit(15, 6), false),
        (delete(5), reaction(1), false),
        (delete(5), cheep(), false),
    ] {
        assert_eq!(makes_void(&later, &earlier), is_void, "{later:?} of {earlier:?}");
    }
}
