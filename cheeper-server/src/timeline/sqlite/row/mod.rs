//! Rows and what they are checked by. SQLite has no checksums of its own: it gives a flipped bit out as a word, a name
//! or a time.
//!
//! **What was said can be taken back.** A row with a text in it is written at the end of its table, where no other row has to
//! make room for it, and it never changes its length again: a text that is corrected or deleted is overwritten where it lies
//! ([`table::blank`]). SQLite zeroes what it frees (`secure_delete`), but not what it leaves behind when it moves rows about in a
//! page; so it is given no reason to move these.

mod change;
mod cheep;
mod name;
mod order;
mod state;
mod table;

pub(super) use self::{
    change::{ChangeRow, Kind},
    cheep::present,
    order::who_is,
    state::StateRow,
    table::{
        AUDIT, CHANGES, CHEEPS, CLAIMS, FLOOR, LINKS, LOOKALIKES, META, MUTES, REACTIONS, RELEASES, SESSIONS, Sums,
        Table, seq, text,
    },
};
