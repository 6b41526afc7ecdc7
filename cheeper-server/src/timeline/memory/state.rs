//! What the rules ask of the naive engine.

use std::convert::Infallible;

use cheeper_protocol::{
    Cheep, CheepText, Emoji, Entry, Event, FoldedName, Name, RequestId, Seq, Timestamp, limits::REACTION_NAMES,
};

use super::log::{KEY, Log, Reactor, Request, index};
use crate::timeline::{
    LinkId, Person,
    command::skeletons,
    rules::{self, Asked, Earlier, Fingerprint, Holder, Link, Mute, State},
};

impl State for Log {
    type Error = Infallible;

    fn head(&self) -> Seq {
        self.events.last().map_or(Seq::ZERO, Event::seq)
    }

    fn holder(&self, name: &FoldedName) -> Result<Option<Holder>, Infallible> {
        Ok(self.order.holder(name))
    }

    fn lookalikes(&self, skeletons: &[String]) -> Result<Vec<Holder>, Infallible> {
        Ok(self.order.lookalikes(skeletons))
    }

    fn skeletons(&self, name: &Name) -> Vec<String> {
        skeletons(name)
    }

    fn former_holder(&self, name: &FoldedName, event: Seq) -> Result<Option<Holder>, Infallible> {
        Ok(self.order.former_holder(name, event))
    }

    fn was_taken_from(&self, name: &FoldedName, secret_hash: blake3::Hash) -> Result<bool, Infallible> {
        Ok(self.order.was_taken_from(name, secret_hash))
    }

    fn released(&self, entry: u64, _name: &Name) -> Result<Option<(FoldedName, Holder)>, Infallible> {
        Ok(self.order.released(entry))
    }

    fn mutes(&self, name: &FoldedName, person: Person) -> Result<Vec<Mute>, Infallible> {
        Ok(self.order.mutes(name, person))
    }

    fn last_entry(&self) -> Result<u64, Infallible> {
        Ok(self.order.last_entry())
    }

    fn entry(&self, number: u64) -> Result<Option<Entry>, Infallible> {
        Ok(self.order.entry(number))
    }

    fn arrival(&self, newer: usize) -> Result<Option<u64>, Infallible> {
        Ok(self.order.arrival(newer))
    }

    fn last_link(&self) -> Result<u32, Infallible> {
        Ok(self.order.last_link())
    }

    fn link(&self, link: LinkId) -> Result<Option<Link>, Infallible> {
        Ok(self.order.link(link))
    }

    fn overdue_links(&self, at: Timestamp) -> Result<Vec<(LinkId, Link)>, Infallible> {
        Ok(self.order.overdue_links(at))
    }

    fn sessions(&self) -> Result<u64, Infallible> {
        Ok(self.order.sessions())
    }

    fn session(&self, link: LinkId, entry: u64) -> Result<Option<Person>, Infallible> {
        Ok(self.order.session(link, entry))
    }

    fn cheep(&self, seq: Seq) -> Result<Option<Cheep>, Infallible> {
        Ok(self.event(seq).and_then(Event::as_cheep).cloned())
    }

    fn earlier(&self, name: &FoldedName, id: &RequestId) -> Result<Option<Earlier>, Infallible> {
        let Some(Request { event, cheep, asked }) = self.requests.get(&(name.clone(), id.clone())).cloned() else {
            return Ok(None);
        };
        let cheep = self.present(cheep);
        let asked = if cheep.is_deleted() && matches!(asked, Asked::React(_)) { Asked::React(None) } else { asked };
        Ok(Some(Earlier { seq: event, at: self.times[index(event)], cheep, asked }))
    }

    fn time(&self, seq: Seq) -> Result<Timestamp, Infallible> {
        Ok(self.times[index(seq)])
    }

    fn deletion(&self, cheep: Seq) -> Result<Seq, Infallible> {
        Ok(self.deletions[&cheep])
    }

    fn reactor(&self, cheep: Seq, emoji: &Emoji, name: &FoldedName) -> Result<Option<Name>, Infallible> {
        let is_it = |reactor: &&Reactor| (reactor.cheep, &reactor.emoji, &reactor.folded) == (cheep, emoji, name);
        Ok(self.reactors.iter().find(is_it).map(|reactor| reactor.name.clone()))
    }

    fn first_unlisted(&self, cheep: Seq, emoji: &Emoji) -> Result<Option<Name>, Infallible> {
        let of_it = self.reactors.iter().filter(|reactor| (reactor.cheep, &reactor.emoji) == (cheep, emoji));
        Ok(of_it.skip(REACTION_NAMES).map(|reactor| reactor.name.clone()).next())
    }

    fn fingerprint(&self, text: &CheepText) -> Fingerprint {
        rules::fingerprint(&KEY, text)
    }
}
