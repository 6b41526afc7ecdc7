//! An event as one line. Pure.
//!
//! A line begins with the seq of its event. Behind it stands `*` where the line is not what a person wrote, but what became
//! of a cheep: no name and no text can look like that.

use cheeper_protocol::{Cheep, CheepText, DeletedBy, Event, Seq, Timestamp};
use crossterm::style::Stylize as _;
use jiff::tz::TimeZone;

use crate::entry::MIXES_SCRIPTS;

/// How lines look.
pub(super) struct Style {
    json: bool,
    bold: bool,
    zone: TimeZone,
}

impl Style {
    /// As JSON or for people, with names in bold or not, with the clock of a zone.
    pub(super) fn new(json: bool, bold: bool, zone: TimeZone) -> Self {
        Self { json, bold, zone }
    }

    /// The line of an event; `None` for one that shows nothing, unless it is told as JSON.
    pub(super) fn line(&self, event: &Event) -> Option<String> {
        if self.json {
            return Some(event.to_json());
        }
        Some(match event {
            Event::Cheep(cheep) => self.cheep(cheep),
            Event::Edit(edit) => {
                self.change(edit.seq, edit.at, &format!("{} edited: {}", edit.target, in_one_line(&edit.cheep)))
            }
            Event::Delete(delete) => {
                self.change(delete.seq, delete.at, &format!("{} {}", delete.target, deleted(delete.by)))
            }
            Event::Reaction(reaction) => {
                let on = if reaction.on { "on" } else { "no longer on" };
                let name = self.name(reaction.name.as_str());
                self.change(reaction.seq, reaction.at, &format!("{} {name} {on} {}", reaction.emoji, reaction.target))
            }
            Event::Void { .. } | Event::Unknown { .. } => return None,
        })
    }

    fn cheep(&self, cheep: &Cheep) -> String {
        let name = self.name(cheep.name.as_str());
        if let Some(by) = cheep.state.deleted {
            return self.change(cheep.seq, cheep.at, &format!("{name}  {}", deleted(by)));
        }
        let mark = if cheep.verified { " ✓" } else { "" };
        let mixes = if cheep.name.mixes_scripts() { MIXES_SCRIPTS } else { "" };
        let reply = cheep.reply_to.map_or_else(String::new, |seq| format!("↱ {seq}  "));
        let edited = if cheep.state.edited_at.is_some() { "(edited)  " } else { "" };
        format!(
            "{}  {}  {name}{mixes}{mark}  {reply}{edited}{}",
            cheep.seq,
            self.clock(cheep.at),
            in_one_line(&cheep.cheep)
        )
    }

    fn change(&self, seq: Seq, at: Timestamp, what: &str) -> String {
        format!("{seq}*  {}  {what}", self.clock(at))
    }

    fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%F %H:%M").to_string()
    }

    fn name(&self, name: &str) -> String {
        if self.bold { name.bold().to_string() } else { name.to_owned() }
    }
}

fn in_one_line(text: &CheepText) -> String {
    text.as_str().replace('\n', " ⏎ ")
}

fn deleted(by: DeletedBy) -> &'static str {
    match by {
        DeletedBy::Author => "deleted by its author",
        DeletedBy::Host => "deleted by a host",
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{Name, ServerFrame};

    use super::*;

    fn event() -> Event {
        Event::Cheep(Cheep {
            seq: Seq::new(7).unwrap(),
            at: Timestamp::UNIX_EPOCH,
            name: Name::parse("alice").unwrap(),
            cheep: CheepText::cleaned("two\nlines"),
            verified: true,
            reply_to: Seq::new(3),
            parent_replies: None,
            id: None,
            state: cheeper_protocol::CheepState::default(),
        })
    }

    fn style(json: bool, bold: bool) -> Style {
        Style::new(json, bold, TimeZone::UTC)
    }

    fn line(json: &str) -> Option<String> {
        let Ok(ServerFrame::Event(event)) = ServerFrame::parse(json) else { panic!("{json}") };
        style(false, false).line(&event)
    }

    #[test]
    fn a_change_is_one_line_that_no_cheep_can_look_like() {
        let at = r#""at":"1970-01-01T00:00:00.000Z""#;
        for (rest, expected) in [
            (r#""type":"edit","target":3,"cheep":"two\nlines""#, Some("3 edited: two ⏎ lines")),
            (r#""type":"delete","target":3,"by":"author""#, Some("3 deleted by its author")),
            (r#""type":"delete","target":3,"by":"host""#, Some("3 deleted by a host")),
            (r#""type":"reaction","target":3,"name":"bob","emoji":"🎉","on":true,"count":1"#, Some("🎉 bob on 3")),
            (
                r#""type":"reaction","target":3,"name":"bob","emoji":"🎉","on":false,"count":0"#,
                Some("🎉 bob no longer on 3"),
            ),
            (r#""type":"void""#, None),
            (
                r#""type":"cheep","name":"bob","cheep":"","deleted":"author","rev":9"#,
                Some("bob  deleted by its author"),
            ),
        ] {
            let expected = expected.map(|words| format!("7*  1970-01-01 00:00  {words}"));
            assert_eq!(line(&format!(r#"{{"seq":7,{at},{rest}}}"#)), expected);
        }
        let edited = r#""type":"cheep","name":"bob","cheep":"hi","edited_at":"1970-01-01T00:00:00.000Z","rev":9"#;
        let said = line(&format!(r#"{{"seq":7,{at},{edited}}}"#));
        assert_eq!(said.as_deref(), Some("7  1970-01-01 00:00  bob  (edited)  hi"));
    }

    #[test]
    fn a_cheep_is_one_line() {
        let line = style(false, false).line(&event());
        assert_eq!(line.as_deref(), Some("7  1970-01-01 00:00  alice ✓  ↱ 3  two ⏎ lines"));
        assert!(style(false, true).line(&event()).unwrap().contains("\u{1b}[1malice"));
        let Event::Cheep(cheep) = event() else { panic!() };
        let mixed = Event::Cheep(Cheep { name: Name::parse("раypal").unwrap(), ..cheep });
        let line = style(false, false).line(&mixed);
        assert_eq!(line.as_deref(), Some("7  1970-01-01 00:00  раypal ⚠ ✓  ↱ 3  two ⏎ lines"));
        assert_eq!(style(false, false).line(&Event::Unknown { seq: Seq::ZERO }), None);
    }

    #[test]
    fn json_is_what_the_protocol_says() {
        let line = style(true, false).line(&event()).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(ServerFrame::parse(&line).unwrap(), ServerFrame::Event(event()));
    }
}
