//! The lines: what each says, and what is refused. Nothing here reads a file.

use cheeper_protocol::{Cheep, CheepText, Event, Seq, Timestamp, limits};
use serde::{Deserialize, Serialize};

use super::super::row::Kind;

/// Rises with what lines mean.
const VERSION: u32 = 1;

/// Longest line that is read, in bytes. The longest that is written has all the names that a cheep's reactions can tell.
pub(super) const LINE_BYTES: usize = 4 * 1024 * 1024;

/// Last event that a log may end with: as much room as there is behind it no server uses up. In a log that ends where numbers
/// do, nobody could post.
const LAST: u64 = limits::SEQ_MAX / 2;

/// Which events the lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Every event from the floor to the head, each in its place.
    Events,
    /// The cheeps as they are now, without those that are deleted.
    Cheeps,
}

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// What the other lines are.
    pub(super) cheeper: What,
    pub(super) version: u32,
    /// The id of the timeline that this was made of.
    pub(super) timeline: String,
    /// The first seq that it had.
    pub(super) floor: Seq,
    /// The last.
    pub(super) head: Seq,
}

impl Header {
    pub(super) fn new(cheeper: What, timeline: String, floor: Seq, head: Seq) -> Self {
        Self { cheeper, version: VERSION, timeline, floor, head }
    }

    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let header: Self =
            serde_json::from_str(line).map_err(|error| format!("it is not the first line of an export ({error})"))?;
        match header.version {
            VERSION if header.head.get() > LAST => {
                Err(format!("it ends with event {}, behind which there is no room for others", header.head))
            }
            VERSION if header.floor > Seq::ZERO && header.floor <= header.head.next() => Ok(header),
            VERSION => Err("its floor and its head do not go together".to_owned()),
            _ => Err("it was written by a newer Cheeper: update this one".to_owned()),
        }
    }
}

/// A change that is void, of which a client need not know more than its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Void {
    pub(super) at: Timestamp,
    pub(super) target: Seq,
    pub(super) was: Was,
}

/// What a void change was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Was {
    Edit,
    Delete,
    Reaction,
}

impl From<Kind> for Was {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Edit => Self::Edit,
            Kind::Delete => Self::Delete,
            Kind::Reaction => Self::Reaction,
        }
    }
}

impl From<Was> for Kind {
    fn from(was: Was) -> Self {
        match was {
            Was::Edit => Self::Edit,
            Was::Delete => Self::Delete,
            Was::Reaction => Self::Reaction,
        }
    }
}

/// The line of a void change.
pub(super) fn void_line(seq: Seq, void: Void) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Line {
        #[serde(rename = "type")]
        kind: &'static str,
        seq: Seq,
        #[serde(flatten)]
        void: Void,
    }
    serde_json::to_string(&Line { kind: "void", seq, void })
}

/// A line after the first.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    Event(Event),
    Void(Seq, Void),
}

impl Line {
    /// Reads one. It is held to what a server would have taken, but for the length that its host allowed.
    pub(super) fn parse(line: &str) -> Result<Self, String> {
        let event: Event = serde_json::from_str(line).map_err(|error| format!("it is no event ({error})"))?;
        if event.seq() == Seq::ZERO {
            return Err("an event has a place from 1 up".to_owned());
        }
        match event {
            Event::Cheep(cheep) => of_cheep(cheep).map(|cheep| Self::Event(Event::Cheep(cheep))),
            Event::Edit(edit) => {
                is_text(&edit.cheep)?;
                is_earlier(edit.target, edit.seq)?;
                Ok(Self::Event(Event::Edit(edit)))
            }
            Event::Delete(delete) => {
                is_earlier(delete.target, delete.seq)?;
                Ok(Self::Event(Event::Delete(delete)))
            }
            Event::Reaction(reaction) => {
                is_earlier(reaction.target, reaction.seq)?;
                Ok(Self::Event(Event::Reaction(reaction)))
            }
            Event::Void { seq } => {
                let void: Void =
                    serde_json::from_str(line).map_err(|error| format!("it is no void event ({error})"))?;
                is_earlier(void.target, seq)?;
                Ok(Self::Void(seq, void))
            }
            Event::Unknown { seq } => Err(format!("event {seq} was damaged when this was written")),
        }
    }
}

fn of_cheep(cheep: Cheep) -> Result<Cheep, String> {
    match (cheep.is_deleted(), cheep.cheep.as_str().is_empty()) {
        (true, true) => {}
        (true, false) => return Err("a deleted cheep has no text".to_owned()),
        (false, _) => is_text(&cheep.cheep)?,
    }
    if let Some(to) = cheep.reply_to {
        is_earlier(to, cheep.seq)?;
    }
    if cheep.reply_to.is_some() == cheep.parent_replies.is_some() {
        Ok(cheep)
    } else {
        Err("reply_to and parent_replies go together".to_owned())
    }
}

fn is_text(text: &CheepText) -> Result<(), String> {
    let parsed = CheepText::parse(text.as_str(), *limits::CHEEP_CHARS_RANGE.end());
    parsed.map(drop).map_err(|refusal| refusal.message.into_owned())
}

fn is_earlier(target: Seq, seq: Seq) -> Result<(), String> {
    let is_earlier = Seq::ZERO < target && target < seq;
    if is_earlier { Ok(()) } else { Err(format!("event {seq} names {target}, which is no earlier one")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_no_server_would_have_written_are_refused_with_a_reason() {
        let cheep =
            r#"{"type":"cheep","seq":2,"at":"2026-11-23T12:01:09.004Z","name":"bob","cheep":"hi","verified":false"#;
        for (line, with) in [
            ("not JSON".to_owned(), "it is no event"),
            (r#"{"type":"unknown","seq":7}"#.to_owned(), "was damaged"),
            (r#"{"type":"void","seq":7}"#.to_owned(), "it is no void event"),
            (cheep.replace("\"hi\"", "\"\"") + "}", "empty"),
            (cheep.replace("\"hi\"", &format!("\"{}\"", "x".repeat(4001))) + "}", "at most 4000"),
            (cheep.replace("\"bob\"", "\" bob\"") + "}", "it is no event"),
            (cheep.replace(":2,", ":0,") + "}", "from 1 up"),
            (cheep.to_owned() + r#","deleted":"host"}"#, "no text"),
            (cheep.to_owned() + r#","reply_to":2,"parent_replies":1}"#, "no earlier one"),
            (cheep.to_owned() + r#","reply_to":1}"#, "go together"),
        ] {
            let error = Line::parse(&line).unwrap_err();
            assert!(error.contains(with), "{line}: {error}");
        }
        assert!(Line::parse(&format!("{cheep}}}")).is_ok());
    }

    #[test]
    fn a_void_change_reads_back_as_it_was_written() {
        let (at, target) = (Timestamp::UNIX_EPOCH, Seq::ZERO.next());
        for kind in [Kind::Edit, Kind::Delete, Kind::Reaction] {
            let void = Void { at, target, was: kind.into() };
            let line = void_line(target.next(), void).unwrap();
            assert_eq!(Line::parse(&line).unwrap(), Line::Void(target.next(), void));
            assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), Event::Void { seq: target.next() });
            assert_eq!(Kind::from(void.was), kind);
        }
    }

    #[test]
    fn a_header_of_another_version_or_of_nothing_is_refused() {
        let header = Header::new(What::Events, "an id".to_owned(), Seq::ZERO.next(), Seq::ZERO);
        let line = serde_json::to_string(&header).unwrap();
        assert_eq!(Header::parse(&line).unwrap(), header);
        assert!(Header::parse(&line.replace("\"version\":1", "\"version\":2")).unwrap_err().contains("newer"));
        assert!(Header::parse(&line.replace("\"floor\":1", "\"floor\":2")).unwrap_err().contains("together"));
        assert!(Header::parse("{}").is_err());
    }
}
