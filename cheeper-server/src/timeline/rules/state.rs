//! What the rules ask of a log, and what it tells them.

use cheeper_protocol::{Action, Cheep, CheepText, Emoji, Entry, FoldedName, Name, RequestId, Role, Seq, Timestamp};

use crate::timeline::{
    moderation::AccessChange,
    person::{LinkId, Person},
};

/// What the rules ask of a log. It answers for all that was decided before, durable yet or not.
pub trait State {
    /// Why it cannot tell.
    type Error;

    /// The newest event.
    fn head(&self) -> Seq;

    /// Who holds a name.
    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, Self::Error>;

    /// Who holds the names that have one of these skeletons, in an order that is the same for every log.
    fn lookalikes(&self, skeletons: &[String]) -> Result<Vec<Holder>, Self::Error>;

    /// The skeletons of a name that stands in the log.
    fn skeletons(&self, name: &Name) -> Vec<String>;

    /// Who held a name when an event came in, if they do not hold it still or it was released since.
    fn former_holder(&self, name: &FoldedName, event: Seq) -> Result<Option<Holder>, Self::Error>;

    /// Whether a host has ever taken a name from whoever has this secret.
    fn was_taken_from(&self, name: &FoldedName, secret_hash: blake3::Hash) -> Result<bool, Self::Error>;

    /// Whom an entry of the audit took a name from.
    fn released(&self, entry: u64, name: &Name) -> Result<Option<(FoldedName, Holder)>, Self::Error>;

    /// The mutes of a name and of a person, those that are over among them.
    fn mutes(&self, name: &FoldedName, person: Person) -> Result<Vec<Mute>, Self::Error>;

    /// The number of the newest entry of the audit; 0 if there is none.
    fn last_entry(&self) -> Result<u64, Self::Error>;

    /// An entry of the audit.
    fn entry(&self, number: u64) -> Result<Option<Entry>, Self::Error>;

    /// The entry of which there are so many newer ones of its kind, among those in which people came in or claimed a name.
    fn arrival(&self, newer: usize) -> Result<Option<u64>, Self::Error>;

    /// The number of the newest link; 0 if there is none.
    fn last_link(&self) -> Result<u32, Self::Error>;

    /// A link.
    fn link(&self, link: LinkId) -> Result<Option<Link>, Self::Error>;

    /// The links that have not ended though their time is over, in their order.
    fn overdue_links(&self, at: Timestamp) -> Result<Vec<(LinkId, Link)>, Self::Error>;

    /// How many sessions there are.
    fn sessions(&self) -> Result<u64, Self::Error>;

    /// Who came in by a link with an entry of the audit, if that session stands.
    fn session(&self, link: LinkId, entry: u64) -> Result<Option<Person>, Self::Error>;

    /// The cheep at this place, as it is now; none if nothing or a change is there.
    fn cheep(&self, seq: Seq) -> Result<Option<Cheep>, Self::Error>;

    /// What was asked for under a name and an id, if that made an event.
    fn earlier(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, Self::Error>;

    /// When an event came in. There must be one.
    fn time(&self, seq: Seq) -> Result<Timestamp, Self::Error>;

    /// The event that deleted a cheep. It must be deleted.
    fn deletion(&self, cheep: Seq) -> Result<Seq, Self::Error>;

    /// The name of somebody who reacts to a cheep with this, as it was written then; none if they do not.
    fn reactor(&self, cheep: Seq, emoji: &Emoji, name: &FoldedName) -> Result<Option<Name>, Self::Error>;

    /// The first to react to a cheep with this after as many as are listed
    /// ([`REACTION_NAMES`](cheeper_protocol::limits::REACTION_NAMES)).
    fn first_unlisted(&self, cheep: Seq, emoji: &Emoji) -> Result<Option<Name>, Self::Error>;

    /// What tells a text from others once it is gone.
    fn fingerprint(&self, text: &CheepText) -> Fingerprint;
}

/// Whoever has the secret of a claimed name.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    /// The name as it was written when it was claimed.
    pub name: Name,
    /// The secret under the timeline's key.
    pub secret_hash: blake3::Hash,
}

/// The hash of a text under the log's own key, so that without the log nobody can try texts on it.
pub type Fingerprint = [u8; 16];

/// The fingerprint of a text under a key.
pub(in crate::timeline) fn fingerprint(key: &[u8; 32], text: &CheepText) -> Fingerprint {
    let mut fingerprint = Fingerprint::default();
    blake3::Hasher::new_keyed(key).update(text.as_str().as_bytes()).finalize_xof().fill(&mut fingerprint);
    fingerprint
}

/// A request that made an event.
pub struct Earlier {
    /// The place of the event.
    pub seq: Seq,
    /// When it came in.
    pub at: Timestamp,
    /// The cheep that it made or changed, as it is now.
    pub cheep: Cheep,
    /// What was asked for.
    pub asked: Asked,
}

/// What an earlier request asked for, as far as it is still known.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// A post.
    Post {
        /// Its text, if that was corrected since: else it is the cheep's.
        superseded: Option<Fingerprint>,
    },
    /// A correction.
    Edit {
        /// Its text, if that was corrected since: else it is the cheep's.
        superseded: Option<Fingerprint>,
    },
    /// To take it back.
    Delete,
    /// A reaction: with what, and whether on or off. None once the cheep is deleted, with which it is forgotten.
    React(Option<(Emoji, bool)>),
}

/// Somebody may not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mute {
    /// Whatever name they use.
    pub is_of_person: bool,
    /// Until when; none: until it is undone.
    pub until: Option<Timestamp>,
}

/// A link by which people come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What those may do who come in by it.
    pub role: Role,
    /// What its token is known by.
    pub token_hash: [u8; 32],
    /// When it ends by itself.
    pub ends_at: Option<Timestamp>,
    /// How many have come in by it and are not out again.
    pub sessions: u64,
    /// It lets nobody in any more, and has no sessions.
    pub is_ended: bool,
}

impl Link {
    /// How it is told to those who let people in.
    pub(in crate::timeline) fn made(self, link: LinkId) -> AccessChange {
        let Self { role, token_hash, ends_at, .. } = self;
        AccessChange::LinkMade { link, role, token_hash, ends_at }
    }
}

/// Whether an entry tells of somebody who did something for themselves. Of these the newest are kept, of all others all.
pub(in crate::timeline) fn is_arrival(action: &Action) -> bool {
    matches!(action, Action::Join { .. } | Action::Claim { .. })
}
