//! What outlives the process: the secret of a name, the session by which one comes in, and what is unsent, half written and read.

mod files;
mod identity;
mod sessions;
mod state;

pub use self::{
    files::{StorageError, folder},
    identity::Identities,
    sessions::{Session, Sessions},
    state::{Keeper, Kept, Read},
};
