//! `emoji.json`: what is one emoji, and its one form.

use cheeper_protocol::{Code, Emoji};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    r#in: String,
    out: Option<String>,
    code: Option<Code>,
}

#[test]
fn emoji_get_their_one_form_or_are_refused() {
    super::none_fails(super::cases::<Case>("emoji.json").into_iter().filter_map(|case| {
        let expected = (case.out, case.code);
        let found = match Emoji::parse(&case.r#in) {
            Ok(emoji) => (Some(emoji.to_string()), None),
            Err(refusal) => (None, Some(refusal.code)),
        };
        (found != expected).then(|| format!("{}: {found:?} instead of {expected:?}", case.why))
    }));
}
