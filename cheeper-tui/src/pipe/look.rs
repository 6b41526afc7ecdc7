//! `search` and `thread`: cheeps as lines, once.

use std::{collections::VecDeque, io::IsTerminal as _, time::Duration};

use cheeper_protocol::{
    CheepText, Event, Query, Request, Search, Seq, ServerFrame, Thread, follow::Follow, limits::PAGE,
};
use jiff::tz::TimeZone;

use super::{
    error::PipeError,
    line::Style,
    output::print,
    talk::{Again, Talk},
};
use crate::{args, config::Settings};

/// Prints the newest few cheeps that have these words in them, the oldest of them first.
pub async fn search(settings: &Settings, args: args::Search) -> Result<(), PipeError> {
    let query = Query::parse(&args.words.join(" ")).map_err(|refusal| PipeError::refused(&refusal.message))?;
    let mut looker = Looker::new(settings, &args.patience, args.json);
    let mut found: VecDeque<Event> = VecDeque::new();
    let mut before = None;
    let mut searched = None;
    while found.len() < args.last {
        let limit = (args.last - found.len()).min(PAGE);
        let page = looker.ask(Request::Search(Search { q: query.clone(), before, limit })).await?;
        // The first page alone says how far the index is: the others end where the one before began.
        searched.get_or_insert((page.to, page.head));
        page.events.into_iter().rev().for_each(|event| found.push_front(event));
        if !page.more {
            break;
        }
        before = Some(page.from);
    }
    let surplus = found.len().saturating_sub(args.last);
    print(&looker.style, found.range(surplus..)).map_err(PipeError::Output)?;
    // An empty output could as well be a mistake of whoever asked. A script reads the output and is not disturbed.
    for remark in searched.map_or_else(Vec::new, |searched| remarks(&query, !found.is_empty(), searched)) {
        eprintln!("cheeper-tui: {remark}");
    }
    Ok(())
}

/// What there is to say of a search beside what it found: that this is nothing, and that the newest cheeps, those after `to`
/// and up to `head`, were not searched.
fn remarks(query: &Query, is_found: bool, (to, head): (Seq, Seq)) -> Vec<String> {
    // It comes from the command line, where anything can stand that a terminal would obey.
    let shown = || CheepText::cleaned(query.as_str()).as_str().replace('\n', " ");
    let nothing = (!is_found).then(|| format!("nothing was found for {}", shown()));
    let behind = (to < head).then(|| {
        format!(
            "the newest cheeps are not searched yet (up to {to} of {head}): the same again a moment later finds them"
        )
    });
    [nothing, behind].into_iter().flatten().collect()
}

/// Prints what a cheep answers, the cheep, and all answers.
pub async fn thread(settings: &Settings, args: args::Thread) -> Result<(), PipeError> {
    let mut looker = Looker::new(settings, &args.patience, args.json);
    let mut after = None;
    loop {
        let page = looker.ask(Request::Thread(Thread { seq: args.seq, after })).await?;
        let is_read = print(&looker.style, page.events.iter()).map_err(PipeError::Output)?;
        if !is_read || !page.more {
            return Ok(());
        }
        after = Some(page.to);
    }
}

struct Looker {
    talk: Talk,
    style: Style,
    patience: Duration,
}

impl Looker {
    fn new(settings: &Settings, args::Patience { patience }: &args::Patience, json: bool) -> Self {
        Self {
            talk: Talk::begin(&settings.server, Follow::new(None, Vec::new())),
            style: Style::new(json, std::io::stdout().is_terminal(), TimeZone::system()),
            patience: Duration::from_secs((*patience).into()),
        }
    }

    async fn ask(&mut self, request: Request) -> Result<cheeper_protocol::Page, PipeError> {
        let page = |frame| if let ServerFrame::Page(page) = frame { Some(page) } else { None };
        let answer = self.talk.ask(request, Again::Ask, self.patience, page).await?;
        answer.map_err(|error| PipeError::refused(&error.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_that_nothing_was_found_and_what_was_not_searched() {
        let query = Query::parse(" \"no where\" ").unwrap();
        let said =
            |is_found, to, head| remarks(&query, is_found, (Seq::new(to).unwrap(), Seq::new(head).unwrap())).join("; ");
        assert_eq!(said(true, 7, 7), "");
        assert_eq!(said(false, 7, 7), "nothing was found for \"no where\"");
        assert!(said(true, 6, 7).contains("up to 6 of 7"));
        assert!(said(false, 6, 7).contains("nothing was found") && said(false, 6, 7).contains("up to 6 of 7"));
    }
}
