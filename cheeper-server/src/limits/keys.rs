//! What budgets are found by: a number in place of names, secrets and addresses, so that tables keep none of them.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
};

use cheeper_protocol::{FoldedName, Secret};

use super::source::Source;
use crate::timeline::{Author, Person};

/// Makes keys. They depend on chance, so nobody can find two clients with the same.
#[derive(Default)]
pub(super) struct Keys(RandomState);

/// Who answers for what is done.
#[derive(Hash)]
enum Owner {
    Person(Person),
    Network(IpAddr),
}

impl Keys {
    pub(super) fn connection(&self, serial: u64) -> u64 {
        self.of(&("connection", serial))
    }

    /// A person by their token.
    pub(super) fn person(&self, person: Person) -> u64 {
        self.of(&Owner::Person(person))
    }

    pub(super) fn network(&self, network: IpAddr) -> u64 {
        self.of(&Owner::Network(network))
    }

    /// The person, if a token says who that is, else the address.
    pub(super) fn owner(&self, from: &Source) -> u64 {
        self.of(&owner(from))
    }

    /// All behind one address who came in by one link.
    pub(super) fn crowd(&self, from: &Source) -> u64 {
        self.of(&(from.grant.link.map(|link| link.0), from.network()))
    }

    /// A name of somebody's.
    pub(super) fn name(&self, from: &Source, name: &FoldedName) -> u64 {
        self.of(&(owner(from), name))
    }

    /// Somebody at an address, under a name, with the secret that goes with it: who only says a name does not use up what
    /// its holder has.
    pub(super) fn author(&self, network: IpAddr, author: &Author) -> u64 {
        self.of(&(network, author.name.fold(), author.secret.as_ref().map(Secret::expose)))
    }

    fn of(&self, what: &impl Hash) -> u64 {
        self.0.hash_one(what)
    }
}

fn owner(from: &Source) -> Owner {
    if from.has_token() { Owner::Person(from.grant.person) } else { Owner::Network(from.network()) }
}
