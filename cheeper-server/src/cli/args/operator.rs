//! The commands of whoever has the machine: to let people in and to keep order, whether a server runs or not.

use std::time::Duration;

use cheeper_protocol::{Muted, Name, Request, Role, Seq, limits::FOR_MS};
use clap::{Args, Subcommand};

use super::error::ArgsError;

/// What can be done to let people in and to keep order.
#[derive(Debug, Subcommand)]
pub enum OperatorTask {
    /// Make a link by which people come in to read and post.
    JoinLink(LinkArgs),
    /// Make a link by which people come in to keep order.
    HostLink(LinkArgs),
    /// List the links there are, or end one.
    Links {
        /// End this one, and let nobody be there who came in by it.
        #[arg(long, value_name = "N")]
        end: Option<u32>,
    },
    /// Take a cheep back, whoever wrote it.
    Remove {
        /// Its number.
        #[arg(value_parser = seq)]
        seq: Seq,
    },
    /// Let somebody write no more, for a time or until it is undone.
    Mute(MuteArgs),
    /// Free a claimed name.
    Release {
        /// The name.
        #[arg(value_parser = name)]
        name: Name,
    },
    /// Undo what an entry of the audit tells of.
    Undo {
        /// The entry's number.
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        entry: u64,
    },
    /// Show what hosts did, who came in and which names were claimed, the newest first.
    Audit {
        /// Only what was before this entry.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        before: Option<u64>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
        limit: u16,
    },
}

/// How long a link lasts and what it is for.
#[derive(Debug, Args)]
pub struct LinkArgs {
    /// How long it lets people in, such as 45m, 8h or 7days; else until it is ended.
    #[arg(long, value_name = "TIME", value_parser = lasting)]
    pub ends: Option<Duration>,
    /// What it is for, so that it is known again.
    #[arg(long, value_name = "TEXT", value_parser = name)]
    pub note: Option<Name>,
}

/// Whom to mute, and for how long.
#[derive(Debug, Args)]
pub struct MuteArgs {
    /// Whoever uses this name.
    #[arg(value_parser = name, conflicts_with = "author_of")]
    pub name: Option<Name>,
    /// Whoever wrote this cheep, whatever name they use next.
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    pub author_of: Option<Seq>,
    /// How long, such as 30m or 2h; else until it is undone.
    #[arg(long = "for", value_name = "TIME", value_parser = lasting)]
    pub lasts: Option<Duration>,
}

impl LinkArgs {
    /// What asks for such a link.
    pub(in crate::cli) fn request(&self, role: Role) -> Request {
        Request::Link { role, for_ms: self.ends.map(millis), note: self.note.clone() }
    }
}

impl MuteArgs {
    /// What asks for it.
    pub(in crate::cli) fn request(&self) -> Result<Request, ArgsError> {
        let who = match (&self.name, self.author_of) {
            (Some(name), _) => Muted::Name { name: name.clone() },
            (None, Some(target)) => Muted::Author { target },
            (None, None) => return Err(ArgsError::NobodyToMute),
        };
        Ok(Request::Mute { who, for_ms: self.lasts.map(millis) })
    }
}

fn millis(lasts: Duration) -> u64 {
    u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX)
}

fn name(typed: &str) -> Result<Name, String> {
    Name::parse(typed).map_err(|refusal| refusal.to_string())
}

fn seq(typed: &str) -> Result<Seq, String> {
    let seq = typed.parse().ok().filter(|&seq| seq > 0).and_then(Seq::new);
    seq.ok_or_else(|| "it must be the number of a cheep: 1, 2, 3 and so on".to_owned())
}

fn lasting(typed: &str) -> Result<Duration, String> {
    let lasts = humantime::parse_duration(typed).ok().filter(|lasts| FOR_MS.contains(&millis(*lasts)));
    lasts.ok_or_else(|| "it must be a time such as 45m, 8h or 7days, at most a year".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::args::{Args, Task};

    fn request(typed: &[&str]) -> Option<Value> {
        let args = Args::try_parse_from([&["cheeper-server"], typed].concat()).ok()?;
        let Some(Task::Operator(task)) = args.task else { panic!("{typed:?}") };
        let request = match task {
            OperatorTask::JoinLink(link) => link.request(Role::Member),
            OperatorTask::HostLink(link) => link.request(Role::Host),
            OperatorTask::Mute(mute) => mute.request().ok()?,
            other => panic!("{other:?}"),
        };
        Some(serde_json::to_value(request).unwrap())
    }

    #[test]
    fn what_is_typed_is_the_request_that_a_host_would_send() {
        let link = request(&["join-link", "--ends", "8h", "--note", "class 4b"]);
        assert_eq!(link, Some(json!({ "type": "link", "role": "member", "for_ms": 28_800_000, "note": "class 4b" })));
        assert_eq!(request(&["host-link"]), Some(json!({ "type": "link", "role": "host" })));
        let muted = json!({ "type": "mute", "name": "mallory", "for_ms": 5_400_000 });
        assert_eq!(request(&["mute", "mallory", "--for", "1h 30m"]), Some(muted));
        let author = json!({ "type": "mute", "target": 7 });
        assert_eq!(request(&["--data", "class.db", "mute", "--author-of", "7"]), Some(author));
    }

    #[test]
    fn nonsense_is_refused_when_it_is_typed() {
        for typed in [
            &["mute"][..],
            &["mute", "a", "--author-of", "7"],
            &["mute", "a", "--for", "0s"],
            &["mute", "a", "--for", "2years"],
            &["mute", "a", "--for", "soon"],
            &["mute", "--author-of", "0"],
            &["mute", ""],
            &["join-link", "--note", "a\u{202e}b"],
        ] {
            assert_eq!(request(typed), None, "{typed:?}");
        }
    }
}
