//! Names: whose they are, how one is claimed, and which cannot be told from another's.

use std::borrow::Cow;

use cheeper_protocol::{Action, Code, Name, Refusal, Timestamp};

use super::{Change, Decision, Holder, State, audit::note, nothing_new, refused};
use crate::timeline::command::{Claim, Identity, Named, Outcome};

/// What a name's former holder is told.
const RELEASED: &str =
    "A host has released this name, so the secret that it had claims it no more: choose another name, or ask the host.";

pub(super) fn decide<'a, S: State>(
    claim: &'a Claim<Identity>,
    at: Timestamp,
    log: &S,
) -> Result<Decision<'a>, S::Error> {
    let Identity { name, folded, secret_hash, skeletons, .. } = &claim.author;
    let Usable { name: shown, claimed } = match usable(&claim.author, log)? {
        Ok(usable) => usable,
        Err(refusal) => return Ok(refused(refusal)),
    };
    let Some(secret_hash) = secret_hash.filter(|_| !claimed) else {
        return Ok(nothing_new(Outcome::Named(Named { name: shown, claimed })));
    };
    if let Err(refusal) = &claim.may_claim {
        return Ok(refused(refusal.clone()));
    }
    // Clients claim their name anew whenever they come in, so it would be theirs again before anybody else could have it.
    if log.was_taken_from(folded, secret_hash)? {
        return Ok(refused(Refusal::new(Code::NameTaken, RELEASED).in_field("name")));
    }
    let holder = Holder { name: name.clone(), secret_hash };
    let (name, skeletons) = (Cow::Borrowed(folded), Cow::Borrowed(&skeletons[..]));
    let mut changes = vec![Change::Claim { name, holder, skeletons }];
    changes.extend(note(at, None, Action::Claim { name: shown.clone() }, log)?.1);
    Ok(Decision { outcome: Ok(Outcome::Named(Named { name: shown, claimed: true })), changes })
}

/// A name that its asker may use.
pub(super) struct Usable {
    /// As it is shown.
    pub(super) name: Name,
    /// It is claimed, by the asker.
    pub(super) claimed: bool,
}

/// The name that somebody asks under, or why it is not theirs to use: it is somebody else's, or looks as if it were.
pub(super) fn usable<S: State>(who: &Identity, log: &S) -> Result<Result<Usable, Refusal>, S::Error> {
    Ok(match log.holder(&who.folded)? {
        Some(holder) if who.secret_hash == Some(holder.secret_hash) => Ok(Usable { name: holder.name, claimed: true }),
        Some(_) => Err(Refusal::from(Code::NameTaken).in_field("name")),
        None => match lookalike(&who.skeletons, who.secret_hash, log)? {
            Some(other) => Err(looks_like(&other)),
            None => Ok(Usable { name: who.name.clone(), claimed: false }),
        },
    })
}

/// A claimed name that has one of these skeletons and another secret.
pub(super) fn lookalike<S: State>(
    skeletons: &[String],
    secret_hash: Option<blake3::Hash>,
    log: &S,
) -> Result<Option<Name>, S::Error> {
    let holders = log.lookalikes(skeletons)?;
    Ok(holders.into_iter().find(|holder| secret_hash != Some(holder.secret_hash)).map(|holder| holder.name))
}

fn looks_like(other: &Name) -> Refusal {
    let why = format!("This name looks like \"{other}\", which somebody has claimed: choose another.");
    Refusal::new(Code::NameTaken, why).in_field("name")
}
