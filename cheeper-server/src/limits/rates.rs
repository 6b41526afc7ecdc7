//! How often somebody may do what costs something, and who answers for it: with a token the person, else the connection and
//! the address.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc};

use cheeper_protocol::{Code, Name, Refusal};
use governor::{
    Quota,
    clock::{Clock, DefaultClock},
};

use super::{
    budget::{Limiter, ONE, PEOPLE_PER_ADDRESS, Wait, burst, of_address, take},
    cells::Cells,
    keys::Keys,
    limited::{Limit, Limited},
    posts::Posts,
    share::{Share, Standing},
    source::{Source, network},
};
use crate::timeline::Author;

/// Times a second that one address may prove to hold a name, and how often at once: more than any client that comes back
/// needs, and too few to guess.
const SECRETS_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).unwrap();
const SECRETS_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Tokens a second that let nobody in, and how many at once: a class whose link has ended comes all together.
const TOKENS_PER_SECOND: NonZeroU32 = NonZeroU32::new(1).unwrap();
const TOKENS_AT_ONCE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Sessions a minute that one address may open by links, and how many at once: some classes come in together, phones and all.
const SESSIONS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
const SESSIONS_AT_ONCE: NonZeroU32 = NonZeroU32::new(256).unwrap();
/// Seconds for which pages may be asked for at once, after which so many a second come back.
const PAGES_BURST_SECONDS: u32 = 10;
/// What a search costs, where another page costs one: it may take half a second of a thread that all share.
const SEARCH_COST: NonZeroU32 = NonZeroU32::new(4).unwrap();
/// Keys that are kept of each kind. Who fills such a table has as many budgets anyway.
const KEYS: usize = 1 << 14;

/// How often people may do things; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Posts and changes of one person in a minute.
    pub posts_per_minute: u32,
    /// Pages for one connection in a second.
    pub pages_per_second: u32,
    /// Frames from one connection in a second, and KiB as well.
    pub frames_per_second: u16,
}

/// The budgets of everybody.
pub struct RateLimits<C: Clock = DefaultClock> {
    keys: Keys,
    /// Posts, uses and claims of names.
    writing: Option<Writing<C>>,
    pages: Option<Pages<C>>,
    /// In force even where posts are not limited.
    secrets: Limiter<C>,
    secrets_of_owner: Limiter<C>,
    tokens: Limiter<C>,
    sessions: Limiter<C>,
    frames_per_second: u16,
    limited: Arc<Limited>,
}

struct Writing<C: Clock> {
    posts: Posts<C>,
    names: Limiter<C>,
    names_of_address: Share<C>,
    claims: Limiter<C>,
    claims_of_address: Limiter<C>,
}

struct Pages<C: Clock> {
    people: Limiter<C>,
    addresses: Share<C>,
}

impl RateLimits {
    /// All of these limits.
    pub fn of(rates: Rates) -> Self {
        Self::with_clock(rates, &DefaultClock::default())
    }

    /// A limit of posts a minute for one person, and no other.
    pub fn new(posts_per_minute: u32) -> Self {
        Self::of(Rates { posts_per_minute, pages_per_second: 0, frames_per_second: 0 })
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    fn with_clock(rates: Rates, clock: &C) -> Self {
        let limiter = |quota| Limiter::new(quota, Cells::new(KEYS), clock.clone());
        let secrets = |people: NonZeroU32| {
            let quota = Quota::per_second(SECRETS_PER_SECOND.saturating_mul(people));
            limiter(quota.allow_burst(SECRETS_AT_ONCE.saturating_mul(people)))
        };
        Self {
            keys: Keys::default(),
            writing: NonZeroU32::new(rates.posts_per_minute).map(|rate| Writing::new(rate, clock)),
            pages: NonZeroU32::new(rates.pages_per_second).map(|rate| Pages::new(rate, clock)),
            secrets: secrets(ONE),
            // A class behind one address may come back all at once; who tries one secret on many names is stopped as well.
            secrets_of_owner: secrets(PEOPLE_PER_ADDRESS),
            tokens: limiter(Quota::per_second(TOKENS_PER_SECOND).allow_burst(TOKENS_AT_ONCE)),
            sessions: limiter(Quota::per_minute(SESSIONS_PER_MINUTE).allow_burst(SESSIONS_AT_ONCE)),
            frames_per_second: rates.frames_per_second,
            limited: Arc::default(),
        }
    }

    /// Takes one post, edit or delete from the budgets it falls under, or says how long to wait.
    pub fn check_post(&self, from: Source, author: &Author) -> Result<(), Refusal> {
        self.check_change(from, author, Limit::Posts)
    }

    /// The same for a reaction, which uses up as much.
    pub fn check_reaction(&self, from: Source, author: &Author) -> Result<(), Refusal> {
        self.check_change(from, author, Limit::Reactions)
    }

    fn check_change(&self, from: Source, author: &Author, limit: Limit) -> Result<(), Refusal> {
        let Some(writing) = self.writing.as_ref().filter(|_| !from.is_operator()) else { return Ok(()) };
        let taken = writing.posts.take(&self.keys, &from, author);
        taken.map_err(|wait| self.refuse(limit, Code::RateLimited.into(), wait))
    }

    /// Takes a page of history or a thread from the budgets, or says how long to wait.
    pub fn check_page(&self, from: Source) -> Result<(), Refusal> {
        self.check_reading(from, ONE)
    }

    /// The same for a search, which costs more.
    pub fn check_search(&self, from: Source) -> Result<(), Refusal> {
        self.check_reading(from, SEARCH_COST)
    }

    fn check_reading(&self, from: Source, cost: NonZeroU32) -> Result<(), Refusal> {
        let Some(pages) = self.pages.as_ref().filter(|_| !from.is_operator()) else { return Ok(()) };
        pages.take(&self.keys, &from, cost).map_err(|wait| {
            let why = "Too many pages in a short time: wait a moment.";
            self.refuse(Limit::Pages, Refusal::new(Code::RateLimited, why), wait)
        })
    }

    /// Takes the use of a name without a secret from the budgets, or says how long to wait: names can be made up without end.
    pub fn check_name(&self, from: Source) -> Result<(), Refusal> {
        let Some(writing) = self.writing.as_ref().filter(|_| !from.is_operator()) else { return Ok(()) };
        writing.take_name(&self.keys, &from).map_err(|wait| {
            let why = "Too many names were used in a short time: wait a moment.";
            self.refuse(Limit::Names, Refusal::new(Code::RateLimited, why), wait)
        })
    }

    /// Takes the claim of a name from the budget of whoever answers for it, or says how long to wait. Nobody knows here whether the name is
    /// free, so the asker's own name counts as well; it is the timeline that lets a holder in all the same.
    pub fn check_claim(&self, from: Source) -> Result<(), Refusal> {
        let Some(writing) = &self.writing else { return Ok(()) };
        let claims = if from.has_token() { &writing.claims } else { &writing.claims_of_address };
        take(claims, self.keys.owner(&from), ONE).map_err(|wait| {
            let why = "Too many names were claimed from your address in a short time: wait a moment.";
            self.refuse(Limit::Claims, Refusal::new(Code::RateLimited, why), wait)
        })
    }

    /// Takes an attempt to use a claimed name, or says how long to wait. Whether the secret is right is not known here, so
    /// the holder's own attempts count as well.
    pub fn check_secret(&self, from: Source, name: &Name) -> Result<(), Refusal> {
        let taken = take(&self.secrets, self.keys.name(&from, &name.fold()), ONE)
            .and_then(|()| take(&self.secrets_of_owner, self.keys.owner(&from), ONE));
        taken.map_err(|wait| {
            let why = "Secrets were tried too often from your address: wait a moment.";
            self.refuse(Limit::Secrets, Refusal::new(Code::RateLimited, why), wait)
        })
    }

    /// A token let nobody in: takes that from its address's budget, or says how long to wait, which then is the answer. It is
    /// asked only after a token was wrong, so nobody with a right one has to wait for others behind the same address.
    pub fn check_token(&self, address: IpAddr) -> Result<(), Refusal> {
        take(&self.tokens, self.keys.network(network(address)), ONE).map_err(|wait| {
            let why = "Wrong tokens were shown too often from your address: wait a moment.";
            self.refuse(Limit::Tokens, Refusal::new(Code::RateLimited, why), wait)
        })
    }

    /// Takes the opening of a session from its address's budget, or says how long to wait: a link has room for so many, and whoever
    /// has a thousand of them is no thousand people.
    pub fn check_session(&self, address: IpAddr) -> Result<(), Refusal> {
        take(&self.sessions, self.keys.network(network(address)), ONE).map_err(|wait| {
            let why = "Too many came in from your address in a short time: wait a moment.";
            self.refuse(Limit::Sessions, Refusal::new(Code::RateLimited, why), wait)
        })
    }

    /// Somebody has proved to hold the name that they will write under.
    pub fn welcome(&self, from: Source, author: &Author) {
        if let Some(writing) = &self.writing {
            writing.posts.welcome(&self.keys, &from, author);
        }
    }

    /// Frames, and KiB, that one connection is read in a second; `None` is no limit.
    pub fn frames_per_second(&self) -> Option<u16> {
        Some(self.frames_per_second).filter(|frames| *frames > 0)
    }

    /// What was stopped.
    pub fn limited(&self) -> &Arc<Limited> {
        &self.limited
    }

    fn refuse(&self, limit: Limit, refusal: Refusal, wait: Wait) -> Refusal {
        self.limited.note(limit);
        refusal.retry_after(wait.ms())
    }
}

impl<C: Clock + Clone> Writing<C> {
    fn new(rate: NonZeroU32, clock: &C) -> Self {
        let limiter = |quota| Limiter::new(quota, Cells::new(KEYS), clock.clone());
        let many = of_address(rate);
        let person = Quota::per_minute(rate).allow_burst(burst(rate));
        Self {
            posts: Posts::new(rate, clock),
            names: limiter(person),
            names_of_address: Share::new(Quota::per_minute(many), burst(many), &Cells::new(KEYS), clock),
            claims: limiter(person),
            // A class may claim its names all at once; after that new names are rare.
            claims_of_address: limiter(Quota::per_minute(rate).allow_burst(burst(many))),
        }
    }

    fn take_name(&self, keys: &Keys, from: &Source) -> Result<(), Wait> {
        if let Some(connection) = from.connection {
            take(&self.names, keys.connection(connection.serial), ONE)?;
        }
        if from.has_token() {
            return take(&self.names, keys.owner(from), ONE);
        }
        self.names_of_address.take(keys.owner(from), standing(from), ONE)
    }
}

impl<C: Clock + Clone> Pages<C> {
    fn new(rate: NonZeroU32, clock: &C) -> Self {
        let at_once = |rate: NonZeroU32| rate.saturating_mul(const { NonZeroU32::new(PAGES_BURST_SECONDS).unwrap() });
        let many = of_address(rate);
        let person = Quota::per_second(rate).allow_burst(at_once(rate));
        Self {
            people: Limiter::new(person, Cells::new(KEYS), clock.clone()),
            addresses: Share::new(Quota::per_second(many), at_once(many), &Cells::new(KEYS), clock),
        }
    }

    fn take(&self, keys: &Keys, from: &Source, cost: NonZeroU32) -> Result<(), Wait> {
        if let Some(connection) = from.connection {
            take(&self.people, keys.connection(connection.serial), cost)?;
        }
        if from.has_token() {
            return take(&self.people, keys.owner(from), cost);
        }
        self.addresses.take(keys.owner(from), standing(from), cost)
    }
}

/// Of somebody who has no name here.
fn standing(from: &Source) -> Standing {
    match from.connection {
        Some(connection) if connection.is_settled => Standing::Settled,
        Some(_) => Standing::Fresh,
        None => Standing::Unknown,
    }
}

#[cfg(test)]
mod tests;
