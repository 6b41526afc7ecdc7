//! What every engine finds: what the naive one finds by looking at each cheep, once its index has caught up; and before that
//! nothing that is not so any more.

use std::thread;

use cheeper_protocol::{CheepText, Code, Event, Query, Refusal, Search, Seq, limits::SEQ_MAX};
use proptest::{prelude::*, sample::select, test_runner::TestCaseResult};

use super::{
    running::{Running, Site, timeless},
    script::author,
};
use crate::timeline::{Claim, Command, Delete, Edit, Part, Post, Read, memory::Memory};

const SECRET: &str = "everybody's own secret";

/// One step of a life of a log in which somebody searches.
#[derive(Clone, Debug)]
pub(in crate::timeline) enum Step {
    Post(&'static str, CheepText),
    Edit(&'static str, Seq, CheepText),
    Delete(&'static str, Seq),
    Search(Search),
    Restart,
    Crash,
}

/// A whole life.
pub(in crate::timeline) fn searches() -> impl Strategy<Value = Vec<Step>> {
    let name = || select(vec!["alice", "Ms Okafor"]);
    let target = || (1..12_u64).prop_map(|seq| Seq::new(seq).unwrap());
    let step = prop_oneof![
        6 => (name(), texts()).prop_map(|(name, text)| Step::Post(name, text)),
        3 => (name(), target(), texts()).prop_map(|(name, target, text)| Step::Edit(name, target, text)),
        1 => (name(), target()).prop_map(|(name, target)| Step::Delete(name, target)),
        4 => searched().prop_map(Step::Search),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..40)
}

/// Few words, so that they meet.
fn texts() -> impl Strategy<Value = CheepText> {
    let words = select(vec!["tea", "Tea,", "#tea", "te\u{301}a", "milk", "東京都", "@\"ms okafor\"", "👍🏽"]);
    prop::collection::vec(words, 1..5).prop_map(|words| CheepText::cleaned(&words.join(" ")))
}

fn searched() -> impl Strategy<Value = Search> {
    let terms = select(vec![
        "tea",
        "\"tea milk\"",
        "#tea",
        "京",
        "京都",
        "@\"Ms Okafor\"",
        "from:alice",
        "from:\"ms okafor\"",
        "👍",
        "m*",
        "moon",
    ]);
    let q = prop::collection::vec(terms, 1..3).prop_map(|terms| Query::parse(&terms.join(" ")).unwrap());
    let before = prop::option::of((1..30_u64).prop_map(|seq| Seq::new(seq).unwrap()));
    (q, before, 1..20_usize).prop_map(|(q, before, limit)| Search { q, before, limit })
}

/// One life, beside that of the naive engine.
pub(in crate::timeline) fn finds<S: Site>(script: Vec<Step>) -> TestCaseResult {
    let reference = Running::start(Memory::new("reference"));
    let mut site = S::new();
    let mut running = Running::start(site.open());
    let claims = ["alice", "Ms Okafor"]
        .map(|name| Command::Claim(Claim { author: author(name, Some(SECRET)), may_claim: Ok(()) }))
        .to_vec();
    for log in [&reference, &running] {
        log.carry_out(claims.clone());
    }
    for step in script {
        let id = None;
        let by = |name| author(name, Some(SECRET));
        let command = match step {
            Step::Post(name, cheep) => Command::Post(Post { author: by(name), cheep, reply_to: None, id }),
            Step::Edit(name, target, cheep) => Command::Edit(Edit { author: by(name), target, cheep, id }),
            Step::Delete(name, target) => Command::Delete(Delete { author: by(name), target, id }),
            Step::Search(search) => {
                agrees(&running, &reference, &search)?;
                continue;
            }
            Step::Restart | Step::Crash => {
                let image = matches!(step, Step::Crash).then(|| site.image());
                running.timeline.close().unwrap();
                site = image.unwrap_or(site);
                running = Running::start(site.open());
                continue;
            }
        };
        for log in [&reference, &running] {
            log.carry_out(vec![command.clone()]);
        }
    }
    Ok(())
}

fn agrees(running: &Running, reference: &Running, search: &Search) -> TestCaseResult {
    let head = reference.log().last().map_or(Seq::ZERO, Event::seq);
    let last = Seq::new(SEQ_MAX).unwrap();
    let read = |log: &Running, search: &Search| {
        let part = log.read(Read::Search { search: search.clone(), last })?;
        Ok::<_, Refusal>(Part { events: timeless(part.events), last: part.last.min(head), ..part })
    };
    let all = read(reference, &Search { limit: usize::MAX, ..search.clone() }).unwrap();
    let expected = read(reference, search).unwrap();
    loop {
        match read(running, search) {
            Ok(part) if part.last >= head => {
                prop_assert_eq!(part, expected);
                return Ok(());
            }
            // The index has not caught up.
            Ok(part) => prop_assert!(part.events.iter().all(|event| all.events.contains(event)), "{part:?}"),
            Err(refusal) => prop_assert_eq!(refusal.code, Code::Internal),
        }
        thread::yield_now();
    }
}
