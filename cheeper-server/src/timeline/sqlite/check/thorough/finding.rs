//! What a look finds.

/// Rows in one step.
pub(super) const ROWS: i64 = if cfg!(test) { 4 } else { 1000 };

/// Characters of SQLite's own words that are given. They help who repairs a file, and nobody else.
const DETAIL: usize = 100;

/// Says that the structure is damaged, with SQLite's report of it, which has several lines, cut to a part of one.
pub(in super::super) fn damaged_structure(report: &str) -> String {
    let words: Vec<_> = report.split_whitespace().collect();
    let detail: String = words.join(" ").trim_start_matches("*** in database main *** ").chars().take(DETAIL).collect();
    format!("the structure of the file is damaged ({detail})")
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_several_lines_becomes_a_part_of_one() {
        let report = "*** in database main ***\nTree 5 page 7 cell 0: Rowid 9 out of order\n";
        let said = "the structure of the file is damaged (Tree 5 page 7 cell 0: Rowid 9 out of order)";
        assert_eq!(damaged_structure(report), said);
        assert!(damaged_structure(&"ä \n".repeat(1000)).chars().count() < 150);
    }
}
