//! `names.json`, `lookalikes.json` and `cheeps.json`: what is kept of what somebody typed, and what it looks like.

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
    /// A name that cannot be taken any more is still read where it was taken before.
    #[serde(default)]
    kept: bool,
    /// Whether a name's scripts are not written together.
    mixed: Option<bool>,
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
        let is_kept = Name::kept(&case.r#in).is_ok();
        let is_right = found == expected
            && (case.fold.is_none() || case.fold == key)
            && is_kept == (case.kept || expected.1.is_none());
        (!is_right).then(|| format!("{}: {found:?} ({key:?}) instead of {expected:?} ({:?})", case.why, case.fold))
    }));
}

#[test]
fn names_of_scripts_that_are_not_written_together_are_suspicious() {
    let cases = super::cases::<Case>("names.json").into_iter().filter(|case| case.mixed.is_some());
    super::none_fails(cases.filter_map(|case| {
        let found = Name::parse(&case.r#in).ok().map(|name| name.mixes_scripts());
        (found != case.mixed).then(|| format!("{}: {found:?}", case.why))
    }));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    why: String,
    names: [String; 2],
    alike: bool,
}

#[test]
fn names_that_look_alike_have_a_skeleton_in_common() {
    super::none_fails(super::cases::<Pair>("lookalikes.json").into_iter().filter_map(|pair| {
        let [one, other] = pair.names.each_ref().map(|name| Name::parse(name).expect("a name").skeletons());
        let is_alike = one.iter().any(|skeleton| other.contains(skeleton));
        (is_alike != pair.alike).then(|| format!("{}: {one:?} and {other:?}", pair.why))
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
