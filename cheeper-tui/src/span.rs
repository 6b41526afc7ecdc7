//! Spans of time, as people read and type them. Pure.

use cheeper_protocol::{Code, ErrorFrame, limits::FOR_MS};

/// A span of time, rounded up to seconds, in its largest unit.
pub fn shown(milliseconds: u64) -> String {
    match milliseconds.div_ceil(1000) {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Reads a span such as `30m`, `8h` or `7d`: how long a mute or a link is to last, in milliseconds.
pub fn parse(typed: &str) -> Result<u64, String> {
    let span = humantime::parse_duration(typed.trim()).map_err(|_| "say for how long: 30m, 8h, 7d".to_owned())?;
    let milliseconds = u64::try_from(span.as_millis()).ok().filter(|milliseconds| FOR_MS.contains(milliseconds));
    milliseconds.ok_or_else(|| "it lasts a year at most; what is to last for good needs no time".to_owned())
}

/// The sentence of a refusal. Who is muted for a time is told for how long: the same may be done again after that.
pub fn refusal(error: &ErrorFrame) -> String {
    match (error.code, error.retry_after_ms) {
        (Code::Muted, Some(left)) => format!("{} It is over in {}.", error.message, shown(left)),
        _ => error.message.clone().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use cheeper_protocol::Refusal;

    use super::*;

    #[test]
    fn spans_are_read_and_shown_as_people_do() {
        for (typed, milliseconds, said) in [
            ("30s", 30_000, "30 s"),
            (" 90m ", 5_400_000, "1 h"),
            ("1h 30m", 5_400_000, "1 h"),
            ("8h", 28_800_000, "8 h"),
            ("7d", 604_800_000, "7 days"),
            ("366d", 31_622_400_000, "366 days"),
        ] {
            assert_eq!(parse(typed), Ok(milliseconds), "{typed}");
            assert_eq!(shown(milliseconds), said);
        }
        for wrong in ["", "8", "h", "-1h", "tomorrow", "367d", "0s", "999999999999999999999d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn who_is_muted_is_told_for_how_long() {
        let error = |code: Code, left| ErrorFrame::new(None, Refusal { retry_after_ms: left, ..code.into() });
        assert_eq!(refusal(&error(Code::Muted, Some(2_520_000))), "A host has muted this name. It is over in 42 min.");
        assert_eq!(refusal(&error(Code::Muted, None)), "A host has muted this name.");
        assert!(!refusal(&error(Code::RateLimited, Some(5_000))).contains("over in"));
    }
}
