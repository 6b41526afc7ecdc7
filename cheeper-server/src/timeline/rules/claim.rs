//! Names: whose they are, and how one is claimed.

use std::borrow::Cow;

use cheeper_protocol::{Code, Name};

use super::{Change, Decision, Holder, State, nothing_new, refuse};
use crate::timeline::command::{Claim, Identity, Named, Outcome};

pub(super) fn decide<'a, S: State>(claim: &'a Claim<Identity>, log: &S) -> Result<Decision<'a>, S::Error> {
    let Identity { name, folded, secret_hash, .. } = &claim.author;
    Ok(match (standing(&claim.author, log)?, *secret_hash, &claim.may_claim) {
        (Standing::Taken, _, _) => refuse(Code::NameTaken, "name"),
        (Standing::Ours(name), _, _) => nothing_new(Outcome::Named(Named { name, claimed: true })),
        (Standing::Free, None, _) => nothing_new(Outcome::Named(Named { name: name.clone(), claimed: false })),
        (Standing::Free, Some(_), Err(refusal)) => Decision { outcome: Err(refusal.clone()), changes: Vec::new() },
        (Standing::Free, Some(secret_hash), Ok(())) => {
            let holder = Holder { name: name.clone(), secret_hash };
            let outcome = Ok(Outcome::Named(Named { name: name.clone(), claimed: true }));
            Decision {
                outcome,
                changes: vec![Change::Claim {
                    name: Cow::Borrowed(folded),
                    holder,
                    skeletons: Cow::Borrowed(&claim.author.skeletons),
                }],
            }
        }
    })
}

/// How a name stands to who wants to use it.
enum Standing {
    /// Nobody's.
    Free,
    /// Theirs, and shown like this.
    Ours(Name),
    /// Somebody else's.
    Taken,
}

fn standing<S: State>(who: &Identity, log: &S) -> Result<Standing, S::Error> {
    Ok(match log.holder(&who.folded)? {
        None => Standing::Free,
        Some(holder) if who.secret_hash == Some(holder.secret_hash) => Standing::Ours(holder.name),
        Some(_) => Standing::Taken,
    })
}

/// A name that its asker may use.
pub(super) struct Usable {
    /// As it is shown.
    pub(super) name: Name,
    /// It is claimed, by the asker.
    pub(super) claimed: bool,
}

/// The name that somebody asks under; none if it is somebody else's.
pub(super) fn usable<S: State>(who: &Identity, log: &S) -> Result<Option<Usable>, S::Error> {
    Ok(match standing(who, log)? {
        Standing::Free => Some(Usable { name: who.name.clone(), claimed: false }),
        Standing::Ours(name) => Some(Usable { name, claimed: true }),
        Standing::Taken => None,
    })
}
