//! A cheep as one line. Pure.

use cheeper_protocol::{Cheep, Event};
use crossterm::style::Stylize as _;
use jiff::tz::TimeZone;

/// How lines look.
pub(super) struct Style {
    pub(super) json: bool,
    pub(super) bold: bool,
    pub(super) zone: TimeZone,
}

impl Style {
    /// The line of an event; `None` for one of a kind that is not known here, unless it is told as JSON.
    pub(super) fn line(&self, event: &Event) -> Option<String> {
        if self.json {
            return Some(event.to_json());
        }
        match event {
            Event::Cheep(cheep) => Some(self.cheep(cheep)),
            Event::Edit(_) | Event::Delete(_) | Event::Reaction(_) | Event::Void { .. } | Event::Unknown { .. } => None,
        }
    }

    fn cheep(&self, cheep: &Cheep) -> String {
        let at = cheep.at.to_zoned(self.zone.clone()).strftime("%F %H:%M").to_string();
        let name = if self.bold { cheep.name.as_str().bold().to_string() } else { cheep.name.to_string() };
        let mark = if cheep.verified { " ✓" } else { "" };
        let reply = cheep.reply_to.map_or_else(String::new, |seq| format!("↱ {seq}  "));
        let text = cheep.cheep.as_str().replace('\n', " ⏎ ");
        format!("{}  {at}  {name}{mark}  {reply}{text}", cheep.seq)
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{CheepText, Name, Seq, ServerFrame, Timestamp};

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
        Style { json, bold, zone: TimeZone::UTC }
    }

    #[test]
    fn a_cheep_is_one_line() {
        let line = style(false, false).line(&event());
        assert_eq!(line.as_deref(), Some("7  1970-01-01 00:00  alice ✓  ↱ 3  two ⏎ lines"));
        assert!(style(false, true).line(&event()).unwrap().contains("\u{1b}[1malice"));
        assert_eq!(style(false, false).line(&Event::Unknown { seq: Seq::ZERO }), None);
    }

    #[test]
    fn json_is_what_the_protocol_says() {
        let line = style(true, false).line(&event()).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(ServerFrame::parse(&line).unwrap(), ServerFrame::Event(event()));
    }
}
