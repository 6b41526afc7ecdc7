//! `tail`: cheeps as lines, until somebody has seen enough. It comes back by itself when the line breaks, without a hole.

use std::{
    collections::VecDeque,
    future::pending,
    io::{self, IsTerminal as _},
    thread,
};

use cheeper_protocol::{
    Event, Seq,
    follow::{Follow, Input, Link, Output},
};
use jiff::tz::TimeZone;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::retry_on_intr,
};
use tokio::sync::oneshot;

use super::{error::PipeError, line::Style, output::print, talk::Talk};
use crate::{args, config::Settings};

/// Prints from the newest few on, or from a place in the timeline on.
pub async fn tail(settings: &Settings, args: args::Tail) -> Result<(), PipeError> {
    let style = Style::new(args.json, io::stdout().is_terminal(), TimeZone::system());
    let (follow, begin) = match args.after {
        Some(seq) => (Follow::after(seq), None),
        None => (Follow::new(None, Vec::new()), Some(Begin::new(args.last))),
    };
    let mut tail = Tail { talk: Talk::begin(&settings.server, follow), begin, style, was_told: false };
    tokio::select! {
        ended = tail.run() => ended,
        () = reader_left() => Ok(()),
    }
}

struct Tail {
    talk: Talk,
    /// What is collected until all that is to be printed first is there.
    begin: Option<Begin>,
    style: Style,
    /// The person knows that the server is away.
    was_told: bool,
}

/// The newest few cheeps before the live ones, and what has changed since they came.
struct Begin {
    last: usize,
    before: VecDeque<Event>,
    more: bool,
}

impl Begin {
    fn new(last: usize) -> Self {
        Self { last, before: VecDeque::new(), more: true }
    }

    /// Adds at the end. What is deleted before it was printed is not printed any more.
    fn add(&mut self, events: Vec<Event>) {
        for event in events {
            for before in &mut self.before {
                if let Event::Cheep(cheep) = before {
                    cheep.apply(&event);
                }
            }
            self.before.push_back(event);
        }
    }

    fn is_complete(&self) -> bool {
        self.cheeps().count() >= self.last || !self.more
    }

    /// Where cheeps stand, the newest first.
    fn cheeps(&self) -> impl Iterator<Item = usize> {
        self.before.iter().enumerate().rev().filter(|(_, event)| event.as_cheep().is_some()).map(|(at, _)| at)
    }

    /// The last of them, and what comes after the first of those.
    fn begun(mut self) -> VecDeque<Event> {
        let first = self.cheeps().take(self.last).last().unwrap_or(self.before.len());
        self.before.split_off(first)
    }
}

impl Tail {
    async fn run(&mut self) -> Result<(), PipeError> {
        loop {
            let mut ready = Vec::new();
            for output in self.talk.outputs() {
                match (output, &mut self.begin) {
                    (Output::Events { events, .. }, Some(begin)) => begin.add(events),
                    (Output::Events { events, .. }, None) => ready.extend(events),
                    (Output::Older { events, more, .. }, Some(begin)) => {
                        begin.more = more;
                        events.into_iter().rev().for_each(|event| begin.before.push_front(event));
                    }
                    (Output::Reset, begin) => {
                        eprintln!(
                            "cheeper-tui: this is another timeline than before, or a shorter one; it goes on with the newest."
                        );
                        if let Some(begin) = begin {
                            *begin = Begin::new(begin.last);
                        }
                    }
                    _ => {}
                }
            }
            self.begin_if_complete(&mut ready);
            if !print(&self.style, &ready).map_err(PipeError::Output)? {
                return Ok(());
            }
            self.tell_of_trouble()?;
            self.talk.go_on().await;
        }
    }

    /// Goes over to live events once what stands before them is there; else asks for more of it.
    fn begin_if_complete(&mut self, ready: &mut Vec<Event>) {
        let Some(begin) = &mut self.begin else { return };
        if self.talk.follow.link() != Link::Live || !self.talk.follow.caught_up() {
            return;
        }
        begin.more &= begin.before.front().is_some_and(|first| first.seq() > Seq::ZERO.next());
        if begin.is_complete() {
            ready.extend(self.begin.take().into_iter().flat_map(Begin::begun));
        } else {
            self.talk.handle(Input::Older);
        }
    }

    fn tell_of_trouble(&mut self) -> Result<(), PipeError> {
        let host = self.talk.host();
        match self.talk.follow.link() {
            Link::Barred => Err(self.talk.barred()),
            Link::Waiting { .. } if !self.was_told => {
                let why = self.talk.trouble.as_deref().unwrap_or("the line broke");
                eprintln!("cheeper-tui: no connection with {host} ({why}): it is tried again until it works.");
                self.was_told = true;
                Ok(())
            }
            Link::Live => {
                self.was_told = false;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Waits until whoever reads the output closes it. The system has to be asked for that, in a thread that may be left behind.
async fn reader_left() {
    let (tell, told) = oneshot::channel();
    thread::spawn(move || {
        let output = io::stdout();
        // Asked for nothing, it tells of errors and hang-ups only.
        let mut asked = [PollFd::new(&output, PollFlags::empty())];
        if retry_on_intr(|| poll(&mut asked, None)).is_ok() {
            let _ = tell.send(());
        }
    });
    if told.await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::ServerFrame;

    use super::*;

    fn event(json: &str) -> Event {
        let Ok(ServerFrame::Event(event)) = ServerFrame::parse(json) else { panic!("{json}") };
        event
    }

    fn cheep(seq: u64) -> Event {
        event(&format!(
            r#"{{"type":"cheep","seq":{seq},"at":"1970-01-01T00:00:00.000Z","name":"bob","cheep":"text {seq}"}}"#
        ))
    }

    #[test]
    fn it_begins_with_the_last_cheeps_whatever_stands_between_them() {
        let edit = r#"{"type":"edit","seq":4,"at":"1970-01-01T00:00:00.000Z","target":1,"cheep":"new"}"#;
        let delete = r#"{"type":"delete","seq":5,"at":"1970-01-01T00:00:00.000Z","target":3,"by":"author"}"#;
        for (last, seqs) in [(0, &[][..]), (1, &[3, 4, 5]), (2, &[2, 3, 4, 5]), (9, &[1, 2, 3, 4, 5])] {
            let mut begin = Begin::new(last);
            begin.add(vec![cheep(1), cheep(2), cheep(3), event(edit), event(delete)]);
            assert_eq!(begin.is_complete(), last <= 3);
            let begun = begin.begun();
            assert_eq!(begun.iter().map(|event| event.seq().get()).collect::<Vec<_>>(), seqs);
            assert!(!begun.iter().any(|event| event.to_json().contains("text 3")), "it was deleted by then");
        }
    }
}
