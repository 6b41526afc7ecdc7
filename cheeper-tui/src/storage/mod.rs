//! What outlives the process: the secret of a name, and what is unsent, half written and read.

mod files;
mod identity;
mod state;

pub use self::{
    files::{StorageError, folder},
    identity::Identities,
    state::{Keeper, Kept, Read},
};
