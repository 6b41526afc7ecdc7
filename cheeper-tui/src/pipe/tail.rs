//! `tail`: cheeps as lines, until somebody has seen enough. It comes back by itself when the line breaks, without a hole.

use std::{
    collections::VecDeque,
    future::pending,
    io::{self, IsTerminal as _, Write as _},
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

use super::{error::PipeError, line::Style, talk::Talk};
use crate::{args, config::Settings};

/// Prints from the newest few on, or from a place in the timeline on.
pub async fn tail(settings: &Settings, args: args::Tail) -> Result<(), PipeError> {
    let style = Style { json: args.json, bold: io::stdout().is_terminal(), zone: TimeZone::system() };
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

/// The newest few events before the live ones.
struct Begin {
    last: usize,
    before: VecDeque<Event>,
    more: bool,
}

impl Begin {
    fn new(last: usize) -> Self {
        Self { last, before: VecDeque::new(), more: true }
    }

    fn is_complete(&self) -> bool {
        self.before.len() >= self.last || !self.more
    }
}

impl Tail {
    async fn run(&mut self) -> Result<(), PipeError> {
        loop {
            let mut ready = Vec::new();
            for output in self.talk.outputs() {
                match (output, &mut self.begin) {
                    (Output::Events { events, .. }, Some(begin)) => begin.before.extend(events),
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
            if !self.print(&ready).map_err(PipeError::Output)? {
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
            let surplus = begin.before.len().saturating_sub(begin.last);
            ready.extend(begin.before.drain(surplus..));
            self.begin = None;
        } else {
            self.talk.handle(Input::Older);
        }
    }

    /// False if nobody reads it any more.
    fn print(&self, events: &[Event]) -> io::Result<bool> {
        let mut output = io::stdout().lock();
        let mut write = || {
            for event in events {
                if let Some(line) = self.style.line(event) {
                    writeln!(output, "{line}")?;
                }
            }
            output.flush()
        };
        match write() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true),
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
