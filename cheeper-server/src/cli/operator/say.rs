//! What came of a command, for people. Pure. Names and notes are of a type that is safe to draw.

use std::fmt::Write as _;

use cheeper_protocol::{Action, Entry, Muted, Role, Timestamp};

/// An entry of the audit, as a line.
pub(super) fn entry(entry: &Entry) -> String {
    let mut line = format!("{:>6}  {:.0}  {}", entry.entry, entry.at, deed(entry));
    if let Some(by) = entry.undone_by {
        _ = write!(line, " (undone by {by})");
    }
    line
}

/// A link that stands, as a line.
pub(super) fn link(entry: &Entry) -> Option<String> {
    let Action::Link { link, role, ends_at, note } = &entry.action else { return None };
    let note = note.as_ref().map(|note| format!("  {note}")).unwrap_or_default();
    let role = role.as_str();
    Some(format!("{link:>6}  {role:<6}  made {:.0}{}{note}", entry.at, until(ends_at.as_ref())))
}

fn deed(entry: &Entry) -> String {
    let who = match (entry.by, &entry.action) {
        (Some(link), _) => format!("a host by link {link}"),
        (None, Action::Join { .. } | Action::Claim { .. }) => "somebody".to_owned(),
        (None, _) => "the operator".to_owned(),
    };
    match &entry.action {
        Action::Remove { target } => format!("{who} removed cheep {target}"),
        Action::Mute { who: Muted::Name { name }, until: end } => {
            format!("{who} muted the name \"{name}\"{}", until(end.as_ref()))
        }
        Action::Mute { who: Muted::Author { target }, until: end } => {
            format!("{who} muted who wrote cheep {target}{}", until(end.as_ref()))
        }
        Action::Release { name } => format!("{who} released the name \"{name}\""),
        Action::Link { link, role, ends_at, note } => {
            let role = if *role == Role::Host { "hosts" } else { "members" };
            let note = note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            format!("{who} made link {link} for {role}{}{note}", until(ends_at.as_ref()))
        }
        Action::Join { link } => format!("{who} came in by link {link}"),
        Action::Claim { name } => format!("{who} claimed the name \"{name}\""),
        Action::Undo { undoes } => format!("{who} undid entry {undoes}"),
        Action::Unknown => format!("{who} did what this version does not know"),
    }
}

fn until(end: Option<&Timestamp>) -> String {
    end.map(|end| format!(" until {end:.0}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::{Name, Seq};

    use super::*;

    fn made(entry: u64, by: Option<u32>, action: Action) -> Entry {
        Entry { entry, at: Timestamp::UNIX_EPOCH, by, action, undone_by: None }
    }

    #[test]
    fn an_entry_says_who_did_what_and_whether_it_stands() {
        let name = || Name::parse("Ms Okafor").unwrap();
        let seq = Seq::new(43).unwrap();
        let end = Some(Timestamp::from_second(3600).unwrap());
        let muted = Action::Mute { who: Muted::Name { name: name() }, until: end };
        let said = |entry: Entry| super::entry(&entry).trim_start().to_owned();
        assert_eq!(
            said(Entry { undone_by: Some(9), ..made(7, Some(2), muted) }),
            "7  1970-01-01T00:00:00Z  a host by link 2 muted the name \"Ms Okafor\" until 1970-01-01T01:00:00Z (undone by 9)"
        );
        let author = Action::Mute { who: Muted::Author { target: seq }, until: None };
        assert!(said(made(8, None, author)).ends_with("the operator muted who wrote cheep 43"));
        assert!(said(made(9, None, Action::Join { link: 3 })).ends_with("somebody came in by link 3"));
        let link = Action::Link { link: 5, role: Role::Host, ends_at: None, note: Some(name()) };
        assert!(said(made(10, None, link.clone())).ends_with("the operator made link 5 for hosts (Ms Okafor)"));
        assert_eq!(
            super::link(&made(10, None, link)).unwrap().trim(),
            "5  host    made 1970-01-01T00:00:00Z  Ms Okafor"
        );
        assert_eq!(super::link(&made(10, None, Action::Join { link: 3 })), None);
    }
}
