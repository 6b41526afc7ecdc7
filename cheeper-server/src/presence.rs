//! Who is here: how many connections are open, and the names that were used on them.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cheeper_protocol::{FoldedName, Name};

/// Counts connections and names. Changes are rare and reads are cheap: nobody walks the connections for it.
#[derive(Default)]
pub(crate) struct Presence {
    online: AtomicU64,
    names: Mutex<BTreeMap<FoldedName, Named>>,
}

struct Named {
    shown: Name,
    connections: usize,
}

impl Presence {
    /// Open connections.
    pub(crate) fn online(&self) -> u64 {
        self.online.load(Ordering::Relaxed)
    }

    /// A connection opened. Returns how many are open now.
    pub(crate) fn join(&self) -> u64 {
        self.online.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A connection ended, with the name that was used on it last.
    pub(crate) fn leave(&self, name: Option<&Name>) {
        self.online.fetch_sub(1, Ordering::Relaxed);
        self.rename(name, None);
    }

    /// A connection is used under another name now.
    pub(crate) fn rename(&self, old: Option<&Name>, new: Option<&Name>) {
        if old == new {
            return;
        }
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(new) = new {
            let named = names.entry(new.fold()).or_insert_with(|| Named { shown: new.clone(), connections: 0 });
            named.connections += 1;
        }
        if let Some(key) = old.map(Name::fold) {
            let gone = names.get_mut(&key).is_some_and(|named| {
                named.connections -= 1;
                named.connections == 0
            });
            if gone {
                names.remove(&key);
            }
        }
    }

    /// The first `max` names in order, each once.
    pub(crate) fn names(&self, max: usize) -> Vec<Name> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.values().take(max).map(|named| named.shown.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_listed_once_until_its_last_connection_ends() {
        let presence = Presence::default();
        let [alice, shouting, bob] = ["alice", "ALICE", "bob"].map(|name| Name::parse(name).unwrap());
        for name in [&bob, &alice, &shouting] {
            presence.join();
            presence.rename(None, Some(name));
        }
        assert_eq!(presence.names(9), [alice.clone(), bob.clone()]);
        assert_eq!(presence.names(1).len(), 1);
        presence.leave(Some(&alice));
        assert_eq!(presence.names(9), [alice, bob.clone()]);
        presence.rename(Some(&shouting), Some(&bob));
        assert_eq!(presence.names(9), [bob]);
        assert_eq!(presence.online(), 2);
    }
}
