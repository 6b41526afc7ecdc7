//! How moments are written: RFC 3339 with exactly three decimals, so that every one has one form.

use jiff::Timestamp;
use serde::Serializer;

/// When something happened.
pub(crate) fn serialize_at<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

/// When something happened, if it did.
#[expect(clippy::ref_option, reason = "serde asks with a reference")]
pub(crate) fn serialize_some_at<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serialize_at(at, serializer),
        None => serializer.serialize_none(),
    }
}
