//! `names.json` and `cheeps.json`: what is kept of what somebody typed.

use cheeper_protocol::{CheepText, Code, Name, limits::CHEEP_CHARS};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    r#in: String,
    out: Option<String>,
    code: Option<Code>,
    /// A name's key.
    fold: Option<String>,
    /// The longest cheep allowed.
    max: Option<usize>,
    /// The cheep's length.
    chars: Option<usize>,
}

#[test]
fn names_are_kept_or_refused() {
    super::none_fails(super::cases::<Case>("names.json").into_iter().filter_map(|case| {
        let expected = (case.out, case.code);
        let name = Name::parse(&case.r#in);
        let found = match &name {
            Ok(name) => (Some(name.as_str().to_owned()), None),
            Err(refusal) => (None, Some(refusal.code)),
        };
        let key = name.ok().map(|name| name.fold().as_str().to_owned());
        let is_right = found == expected && (case.fold.is_none() || case.fold == key);
        (!is_right).then(|| format!("{}: {found:?} ({key:?}) instead of {expected:?} ({:?})", case.why, case.fold))
    }));
}

#[test]
fn cheeps_are_cleaned_or_refused() {
    super::none_fails(super::cases::<Case>("cheeps.json").into_iter().filter_map(|case| {
        let expected = (case.out, case.code);
        let text = CheepText::parse(&case.r#in, case.max.unwrap_or(CHEEP_CHARS));
        let found = match &text {
            Ok(text) => (Some(text.as_str().to_owned()), None),
            Err(refusal) => (None, Some(refusal.code)),
        };
        let chars = text.ok().map(|text| text.chars());
        let is_right = found == expected && (case.chars.is_none() || case.chars == chars);
        (!is_right).then(|| format!("{}: {found:?} ({chars:?}) instead of {expected:?} ({:?})", case.why, case.chars))
    }));
}
