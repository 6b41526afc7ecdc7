//! Who may come in, and as what.

mod visitor;

use cheeper_protocol::{Refusal, Role};

pub use self::visitor::{Client, Grant, Visitor};
use crate::timeline::{Person, Timeline};

/// What addresses are hashed under, so that no store holds one.
const PERSON_KEY: &str = "cheeper 2026-11 people by address";

/// Decides for each client what it may do.
pub(crate) struct Access {
    person_key: [u8; 32],
    /// What somebody without a token may do, if they may come in.
    strangers: Option<Role>,
}

impl Access {
    pub(crate) fn new(strangers: Option<Role>, timeline: &dyn Timeline) -> Self {
        Self { person_key: timeline.key(PERSON_KEY), strangers }
    }

    /// What a client may do, or why it may not come in.
    pub(crate) fn grant(&self, client: &Client) -> Result<Grant, Refusal> {
        let role = self.strangers.ok_or(cheeper_protocol::Code::TokenRequired)?;
        let hash = blake3::keyed_hash(&self.person_key, client.network().to_string().as_bytes());
        let mut person = [0; 8];
        person.copy_from_slice(&hash.as_bytes()[..8]);
        Ok(Grant { role, person: Person(u64::from_le_bytes(person)), link: None, ends_at: None })
    }
}
