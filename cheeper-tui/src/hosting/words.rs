//! An entry of the audit in words. Pure.

use cheeper_protocol::{Action, Entry, Muted, Timestamp};
use jiff::tz::TimeZone;

/// What was done, by whom, and whether it still stands.
pub fn words(entry: &Entry, zone: &TimeZone) -> String {
    let by = match (&entry.action, entry.by) {
        // These somebody does for themselves.
        (Action::Join { .. } | Action::Claim { .. }, _) => String::new(),
        (_, Some(link)) => format!(", by host link {link}"),
        (_, None) => ", by the operator".to_owned(),
    };
    let undone = entry.undone_by.map_or_else(String::new, |undone| format!("undone by {undone}: "));
    format!("{undone}{}{by}", done(&entry.action, zone))
}

/// The same as one line, with its number and when it was.
pub fn line(entry: &Entry, zone: &TimeZone) -> String {
    format!("{}  {}  {}", entry.entry, clock(entry.at, zone), words(entry, zone))
}

fn done(action: &Action, zone: &TimeZone) -> String {
    let until = |until: &Option<Timestamp>| until.map(|until| format!(" until {}", clock(until, zone)));
    match action {
        Action::Remove { target } => format!("cheep {target} removed"),
        Action::Mute { who, until: end } => {
            let who = match who {
                Muted::Name { name } => format!("{name} muted"),
                Muted::Author { target } => format!("the author of cheep {target} muted"),
            };
            format!("{who}{}", until(end).unwrap_or_else(|| " for good".to_owned()))
        }
        Action::Release { name } => format!("the name {name} released"),
        Action::Link { link, role, ends_at, note } => {
            let note = note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
            format!("link {link} made, for a {role}{}{note}", until(ends_at).unwrap_or_default())
        }
        Action::Join { link } => format!("somebody came in by link {link}"),
        Action::Claim { name } => format!("the name {name} claimed"),
        Action::Undo { undoes } => format!("{undoes} undone"),
        Action::Unknown => "something that this version does not know".to_owned(),
    }
}

fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%F %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_a_line() {
        let at = r#""at":"2026-11-23T12:08:00.000Z""#;
        for (rest, expected) in [
            (r#""by":2,"action":"remove","target":43"#, "cheep 43 removed, by host link 2"),
            (
                r#""action":"mute","name":"mallory","until":"2026-11-23T13:08:00.000Z""#,
                "mallory muted until 2026-11-23 13:08, by the operator",
            ),
            (r#""by":2,"action":"mute","target":43"#, "the author of cheep 43 muted for good, by host link 2"),
            (
                r#""by":2,"action":"release","name":"bob","undone_by":19"#,
                "undone by 19: the name bob released, by host link 2",
            ),
            (
                r#""by":2,"action":"link","link":5,"role":"member","ends_at":"2026-11-23T20:10:00.000Z","note":"class 4b""#,
                "link 5 made, for a member until 2026-11-23 20:10 (class 4b), by host link 2",
            ),
            (r#""action":"join","link":2"#, "somebody came in by link 2"),
            (r#""action":"claim","name":"bob""#, "the name bob claimed"),
            (r#""by":2,"action":"undo","undoes":18"#, "18 undone, by host link 2"),
            (r#""by":2,"action":"frobnicate""#, "something that this version does not know, by host link 2"),
        ] {
            let entry: Entry = serde_json::from_str(&format!(r#"{{"entry":18,{at},{rest}}}"#)).unwrap();
            assert_eq!(line(&entry, &TimeZone::UTC), format!("18  2026-11-23 12:08  {expected}"));
        }
    }
}
