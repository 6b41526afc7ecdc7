//! Who somebody is, and how they came in.

/// Somebody, as far as a server can tell people apart: a session, or an address under the timeline's own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Person(pub u64);

/// A link by which people come in. They count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);
