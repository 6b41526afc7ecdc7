//! `search` and `thread`: cheeps as lines, once.

use std::{collections::VecDeque, io::IsTerminal as _, time::Duration};

use cheeper_protocol::{Event, Query, Request, Search, Thread, follow::Follow, limits::PAGE};
use jiff::tz::TimeZone;

use super::{error::PipeError, line::Style, output::print, talk::Talk};
use crate::{args, config::Settings};

/// Prints the newest few cheeps that have these words in them, the oldest of them first.
pub async fn search(settings: &Settings, args: args::Search) -> Result<(), PipeError> {
    let query = Query::parse(&args.words.join(" ")).map_err(|refusal| PipeError::refused(&refusal.message))?;
    let mut looker = Looker::new(settings, &args.patience, args.json);
    let mut found: VecDeque<Event> = VecDeque::new();
    let mut before = None;
    while found.len() < args.last {
        let limit = (args.last - found.len()).min(PAGE);
        let page = looker.ask(Request::Search(Search { q: query.clone(), before, limit })).await?;
        page.events.into_iter().rev().for_each(|event| found.push_front(event));
        if !page.more {
            break;
        }
        before = Some(page.from);
    }
    let surplus = found.len().saturating_sub(args.last);
    print(&looker.style, found.range(surplus..)).map_err(PipeError::Output)?;
    Ok(())
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
        self.talk.ask(request, self.patience).await?.map_err(|error| PipeError::refused(&error.message))
    }
}
