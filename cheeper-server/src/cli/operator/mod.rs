//! The commands that let people in and keep order: each asks the running server, or the store itself where there is none.

mod reach;
mod say;
mod standing_link;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use cheeper_protocol::{Action, AuditQuery, Entry, Muted, Request, Role, ServerFrame, Timestamp, limits::PAGE};

use self::reach::Reached;
pub(super) use self::{reach::reach, standing_link::standing_link};
use super::{
    args::{Args, OperatorTask},
    error::{OperatorError, ServeError},
    invitation,
};

/// Does it, and says what came of it.
pub(super) fn run(args: &Args, task: &OperatorTask) -> Result<ExitCode, ServeError> {
    let addresses = || invitation::addresses(&args.whereabouts(args.address()));
    let mut reached = reach(&args.data()?, addresses)?;
    let answer = carry_out(&mut reached, task);
    // What was done is on the disk by then, so it is said whatever comes of this.
    let closed = reached.line.close();
    let answer = answer?;
    let said = if args.json { answer.to_json() + "\n" } else { for_people(&answer, task, &reached.addresses) };
    // Whoever reads no further has the exit code.
    drop(io::stdout().write_all(said.as_bytes()));
    closed.map_err(ServeError::System)?;
    Ok(ExitCode::SUCCESS)
}

fn carry_out(reached: &mut Reached, task: &OperatorTask) -> Result<ServerFrame, ServeError> {
    let request = match task {
        OperatorTask::JoinLink(link) => link.request(Role::Member),
        OperatorTask::HostLink(link) => link.request(Role::Host),
        OperatorTask::Links { end: None } => {
            return Ok(ServerFrame::Audit { id: None, entries: links(reached)?, more: false });
        }
        OperatorTask::Links { end: Some(number) } => {
            let is_it = |entry: &Entry| matches!(&entry.action, Action::Link { link, .. } if link == number);
            let entry = links(reached)?.into_iter().find(is_it).ok_or(OperatorError::NoLink(*number))?;
            Request::Undo { entry: entry.entry }
        }
        OperatorTask::Remove { seq } => Request::Delete { name: None, target: *seq },
        OperatorTask::Mute(mute) => mute.request()?,
        OperatorTask::Release { name } => Request::Release { name: name.clone() },
        OperatorTask::Undo { entry } => Request::Undo { entry: *entry },
        OperatorTask::Audit { before, limit } => {
            Request::Audit(AuditQuery { before: *before, limit: usize::from(*limit) })
        }
    };
    Ok(reached.ask(request)?)
}

/// The entries of the links that stand, the newest first.
fn links(reached: &mut Reached) -> Result<Vec<Entry>, OperatorError> {
    let now = Timestamp::now();
    let stands = |entry: &Entry| {
        let lasts = matches!(&entry.action, Action::Link { ends_at, .. } if ends_at.is_none_or(|end| now < end));
        lasts && entry.undone_by.is_none()
    };
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let (entries, more) = reached.audit(AuditQuery { before, limit: PAGE })?;
        before = entries.last().map(|entry| entry.entry);
        found.extend(entries.into_iter().filter(stands));
        if !more || before.is_none() {
            return Ok(found);
        }
    }
}

/// What a host may not know of such a mute.
const OF_AN_AUTHOR: &str = "It holds for their session, whatever name they use; if they came without a link, for everybody behind their address.\n";

fn for_people(answer: &ServerFrame, task: &OperatorTask, addresses: &[String]) -> String {
    let lines = |lines: Vec<String>| lines.into_iter().map(|line| line + "\n").collect::<String>();
    match (answer, task) {
        (ServerFrame::Link { token, made, .. }, _) => {
            let made = say::entry(made);
            format!("{}\n{}", made.trim_start(), invitation::to(addresses, token, io::stdout().is_terminal()))
        }
        (ServerFrame::Audit { entries, .. }, OperatorTask::Links { end: None }) => match &entries[..] {
            [] => "There are no links: cheeper-server join-link makes one.\n".to_owned(),
            entries => lines(entries.iter().filter_map(say::link).collect()),
        },
        (ServerFrame::Audit { entries, .. }, OperatorTask::Audit { .. }) => {
            lines(entries.iter().map(say::entry).collect())
        }
        (ServerFrame::Audit { entries, .. }, _) => {
            let said = lines(entries.iter().map(|entry| say::entry(entry).trim_start().to_owned()).collect());
            let is_of_author = |entry: &Entry| matches!(entry.action, Action::Mute { who: Muted::Author { .. }, .. });
            if entries.iter().any(is_of_author) { said + OF_AN_AUTHOR } else { said }
        }
        (ServerFrame::Ack(ack), OperatorTask::Remove { seq }) if ack.duplicate => {
            format!("Cheep {seq} was deleted already.\n")
        }
        (_, OperatorTask::Remove { seq }) => format!("Cheep {seq} is removed.\n"),
        (answer, _) => answer.to_json() + "\n",
    }
}
