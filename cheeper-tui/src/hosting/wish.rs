//! What link is wished for, as one types it in a line: `host 8h class 4b`. Pure.

use cheeper_protocol::{Name, Request, Role};

use crate::span;

/// The request for a link: for whom, for how long and what for, each of which may be left out, in this order.
pub fn link(typed: &str) -> Result<Request, String> {
    let mut rest = typed.trim();
    let mut take = |is_taken: &dyn Fn(&str) -> bool| {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        is_taken(word).then(|| {
            rest = after.trim_start();
            word
        })
    };
    let role = match take(&|word| matches!(word, "host" | "member")) {
        Some("host") => Role::Host,
        _ => Role::Member,
    };
    // A note may begin with a number; one that is followed by letters alone is meant as a time.
    let is_time = |word: &str| {
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
        unit.len() < word.len() && !unit.is_empty() && unit.chars().all(|c| c.is_ascii_lowercase())
    };
    let for_ms = take(&is_time).map(span::parse).transpose()?;
    let note = Some(rest).filter(|note| !note.is_empty()).map(Name::parse).transpose();
    let note = note.map_err(|refusal| format!("What it is for follows the rules for names. {}", refusal.message))?;
    Ok(Request::Link { role, for_ms, note })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_may_be_left_out() {
        const HOUR: u64 = 3_600_000;
        let note = |note| Name::parse(note).ok();
        for (typed, role, for_ms, note) in [
            ("", Role::Member, None, None),
            ("host", Role::Host, None, None),
            (" member  8h  class 4b ", Role::Member, Some(8 * HOUR), note("class 4b")),
            ("7d", Role::Member, Some(168 * HOUR), None),
            ("class 4b", Role::Member, None, note("class 4b")),
            ("hosts", Role::Member, None, note("hosts")),
            ("host 2026", Role::Host, None, note("2026")),
        ] {
            assert_eq!(link(typed), Ok(Request::Link { role, for_ms, note }), "{typed:?}");
        }
        for wrong in ["8hx", "400d", "two  spaces", &"x".repeat(33)] {
            assert!(link(wrong).is_err(), "{wrong}");
        }
    }
}
