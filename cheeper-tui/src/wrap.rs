//! Breaks a text into lines of a given width in terminal columns, between graphemes, at spaces where it can. Pure.

use std::{iter, ops::Range};

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

/// The lines of `text` in `width` columns, as ranges of its bytes: all of it but the line feeds. There is at least one.
/// Spaces at the end of a line may hang over its edge. A width of 0 counts as 1.
pub fn wrap(text: &str, width: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        wrap_line(line, start, width.max(1), &mut lines);
        start += line.len() + 1;
    }
    lines
}

fn wrap_line(line: &str, offset: usize, width: usize, lines: &mut Vec<Range<usize>>) {
    let (mut start, mut at, mut used) = (offset, offset, 0);
    for word in line.split_inclusive(' ') {
        let mut breaks = used + word.trim_end_matches(' ').width() > width;
        for piece in pieces(word, width) {
            breaks |= used + piece.width() > width && piece != " ";
            if breaks && at > start {
                lines.push(start..at);
                (start, used) = (at, 0);
            }
            breaks = false;
            used += piece.width();
            at += piece.len();
        }
    }
    lines.push(start..at);
}

/// The graphemes of a word. One that is wider than a line, as emoji that no font joins can be, comes in pieces: each a
/// character that takes up room, with those after it that take up none.
fn pieces(word: &str, width: usize) -> impl Iterator<Item = &str> {
    word.graphemes(true).flat_map(move |grapheme| {
        let is_too_wide = grapheme.width() > width;
        let begins_piece = move |&(_, c): &(usize, char)| is_too_wide && c.width().is_some_and(|width| width > 0);
        let mut rest = grapheme;
        iter::from_fn(move || {
            let end = rest.char_indices().skip(1).find(begins_piece).map_or(rest.len(), |(at, _)| at);
            let (piece, after) = rest.split_at(end);
            rest = after;
            (!piece.is_empty()).then_some(piece)
        })
    })
}

/// The row and column of the place before byte `cursor` of `text`, in `width` columns.
pub fn place(text: &str, cursor: usize, width: usize) -> (usize, usize) {
    let lines = wrap(text, width);
    let row = lines.partition_point(|line| line.start <= cursor).saturating_sub(1);
    (row, lines.get(row).map_or(0, |line| text[line.start..cursor].width().min(width)))
}

/// The byte of `text` that stands at or before a row and column; `None` if there is no such row.
pub fn byte_at(text: &str, row: usize, column: usize, width: usize) -> Option<usize> {
    let line = wrap(text, width).get(row)?.clone();
    let goes_on = text[line.end..].chars().next().is_some_and(|next| next != '\n');
    let (mut at, mut used) = (line.start, 0);
    for grapheme in text[line.clone()].graphemes(true) {
        used += grapheme.width();
        // The end of a line that goes on is the start of the next one.
        if used > column || goes_on && at + grapheme.len() == line.end {
            break;
        }
        at += grapheme.len();
    }
    Some(at)
}

/// The start of `text` that fits `width` columns, with an ellipsis where something was left out.
pub fn truncate(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        if kept.width() + grapheme.width() + 1 > width {
            break;
        }
        kept.push_str(grapheme);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str, width: usize) -> Vec<&str> {
        wrap(text, width).into_iter().map(|line| text[line].trim_end()).collect()
    }

    #[test]
    fn breaks_at_spaces_and_long_words_between_graphemes() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("家家家", 5), ["家家", "家"]);
        assert_eq!(lines("a\n\nb", 5), ["a", "", "b"]);
        assert_eq!(lines("👩‍👩‍👧👩‍👩‍👧", 3), ["👩‍👩‍👧", "👩‍👩‍👧"]);
        assert_eq!(truncate("alexandra", 5), "alex…");
    }

    #[test]
    fn a_grapheme_wider_than_a_line_is_broken() {
        // A mark stands between the first woman and what would join her to the second: one grapheme, of four columns.
        assert_eq!(lines("👩\u{301}\u{200d}👩", 2), ["👩\u{301}\u{200d}", "👩"]);
        assert_eq!(lines("👩\u{301}\u{200d}👩", 4), ["👩\u{301}\u{200d}👩"]);
    }

    #[test]
    fn the_cursor_stands_where_the_text_is_drawn() {
        // The word that the cursor is in does not fit the first line, though its beginning would.
        assert_eq!(place("hello world", 7, 8), (1, 1));
        assert_eq!(place("hello world", 5, 8), (0, 5));
        assert_eq!(place("家\nb", 3, 8), (0, 2));
        assert_eq!(place("家\nb", 4, 8), (1, 0));
        assert_eq!(place("", 0, 8), (0, 0));
    }

    proptest! {
        #[test]
        fn a_place_leads_back_to_itself(text in "[a-z家é👩\u{200D}\u{301} \n]{0,60}", at in 0..60_usize, width in 2..20_usize) {
            let at = text.grapheme_indices(true).map(|(start, _)| start).nth(at).unwrap_or(text.len());
            let (row, column) = place(&text, at, width);
            let back = byte_at(&text, row, column, width).unwrap();
            // Spaces that hang over the edge share its column.
            prop_assert!(place(&text, back, width) == (row, column) || column == width && back < at, "{} {}", back, at);
        }

        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[a-z家é👩\u{200D}\u{301} \n]{0,80}", width in 2..30_usize) {
            for line in lines(&text, width) {
                prop_assert!(line.graphemes(true).map(UnicodeWidthStr::width).sum::<usize>() <= width, "{:?}", line);
            }
            let joined: String = wrap(&text, width).into_iter().map(|line| &text[line]).collect();
            prop_assert_eq!(joined, text.replace('\n', ""));
        }
    }
}
