//! What a look finds.

/// Rows in one step.
pub(super) const ROWS: i64 = if cfg!(test) { 4 } else { 1000 };

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Finding {
    /// One sentence without its full stop, for the host.
    pub(in super::super) what: String,
    /// What is found by, or written beside it, cannot be trusted: not one row alone is at fault.
    pub(in super::super) is_of_structure: bool,
}

impl Finding {
    pub(super) fn of_row(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_of_structure: false }
    }

    pub(super) fn of_structure(what: impl Into<String>) -> Self {
        Self { what: what.into(), is_of_structure: true }
    }
}

/// Who is told.
pub(in super::super) type Find<'a> = &'a mut dyn FnMut(Finding);
