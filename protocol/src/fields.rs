//! The fields of a client's frame, read one by one.

use serde_json::{Map, Value};

use crate::{
    cheep::RequestId,
    limits::{FOR_MS, PAGE_DEFAULT, SEQ_MAX},
    name::Name,
    question::bad_field,
    refusal::Refusal,
    seq::Seq,
};

/// The fields of one frame; `null` counts as absent.
pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    pub(crate) fn string(&self, field: &'static str) -> Result<Option<&str>, Refusal> {
        self.get(field).map(|value| value.as_str().ok_or_else(|| bad_field(field, "must be a string"))).transpose()
    }

    pub(crate) fn seq(&self, field: &'static str) -> Result<Option<Seq>, Refusal> {
        self.get(field)
            .map(|value| {
                value.as_u64().and_then(Seq::new).ok_or_else(|| bad_field(field, "must be a seq: 0, 1, 2 and so on"))
            })
            .transpose()
    }

    pub(crate) fn id(&self) -> Result<Option<RequestId>, Refusal> {
        self.string("id")?.map(RequestId::parse).transpose()
    }

    pub(crate) fn name(&self) -> Result<Option<Name>, Refusal> {
        self.string("name")?.map(Name::parse).transpose()
    }

    pub(crate) fn target(&self) -> Result<Seq, Refusal> {
        self.seq("target")?.ok_or_else(|| bad_field("target", "is missing: it is the seq of a cheep"))
    }

    pub(crate) fn named(&self, missing: &'static str) -> Result<Name, Refusal> {
        self.name()?.ok_or_else(|| bad_field("name", missing))
    }

    pub(crate) fn for_ms(&self) -> Result<Option<u64>, Refusal> {
        let bounds = || bad_field("for_ms", "must be a number of milliseconds from 1 up to a year");
        self.get("for_ms").map(|value| value.as_u64().filter(|ms| FOR_MS.contains(ms)).ok_or_else(bounds)).transpose()
    }

    pub(crate) fn entry(&self, field: &'static str) -> Result<Option<u64>, Refusal> {
        self.get(field)
            .map(|value| {
                value.as_u64().filter(|entry| (1..=SEQ_MAX).contains(entry)).ok_or_else(|| missing_entry(field))
            })
            .transpose()
    }

    pub(crate) fn limit(&self) -> Result<usize, Refusal> {
        let Some(value) = self.get("limit") else { return Ok(PAGE_DEFAULT) };
        value
            .as_u64()
            .filter(|&limit| limit > 0)
            .and_then(|limit| usize::try_from(limit).ok())
            .ok_or_else(|| bad_field("limit", "must be a number from 1 up"))
    }
}

pub(crate) fn missing_entry(field: &'static str) -> Refusal {
    bad_field(field, "must be the number of an entry of the audit")
}
