//! A QR code of half blocks. Pure.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of quiet around it. The standard asks for four; cameras do with two, and a terminal has few rows.
const QUIET: usize = 2;

/// The rows of a code for this text, two rows of modules in each; `None` for a text that is too long for one. What is
/// painted is dark, or `light`: in a terminal with bright letters on a dark ground that is the right way round.
pub fn rows(text: &str, light: bool) -> Option<Vec<String>> {
    // A screen is not scratched, and the smallest code is the easiest to get on it.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let is_dark = |x: usize, y: usize| {
        let (x, y) = (x.checked_sub(QUIET)?, y.checked_sub(QUIET)?);
        (x < width && y < width).then(|| modules.get(y * width + x) == Some(&Color::Dark))
    };
    let size = width + 2 * QUIET;
    let is_painted = |x, y| y < size && is_dark(x, y).unwrap_or(false) != light;
    let block = |x, y| match (is_painted(x, y), is_painted(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    Some((0..size).step_by(2).map(|y| (0..size).map(|x| block(x, y)).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_square_has_quiet_around_it_and_can_be_turned_to_its_opposite() {
        let (dark, light) = (rows("http://host/#join=x", false).unwrap(), rows("http://host/#join=x", true).unwrap());
        let width = dark[0].chars().count();
        assert_eq!((width.div_ceil(2), width % 2), (dark.len(), 1));
        assert!(
            dark[0].chars().all(|c| c == ' ') && dark.iter().all(|row| row.starts_with("  ") && row.ends_with("  "))
        );
        let other = |c| match c {
            '█' => ' ',
            ' ' => '█',
            '▀' => '▄',
            _ => '▀',
        };
        // What is inside is as the library itself draws it.
        let code = QrCode::with_error_correction_level("http://host/#join=x", EcLevel::L).unwrap();
        let drawn = code.render::<qrcode::render::unicode::Dense1x2>().quiet_zone(false).build();
        let inside: Vec<String> =
            dark.iter().skip(1).map(|row| row.chars().skip(2).take(code.width()).collect()).collect();
        let opposite = |row: &str| row.chars().map(other).collect::<String>();
        assert_eq!(drawn.lines().count(), code.width().div_ceil(2));
        for (row, theirs) in inside.iter().zip(drawn.lines()) {
            assert!(*row == theirs || *row == opposite(theirs), "{row} {theirs}");
        }
        for (one, two) in dark.iter().zip(&light).take(dark.len() - 1) {
            assert_eq!(one.chars().map(other).collect::<String>(), *two);
        }
        assert_eq!(rows(&"x".repeat(3_000), false), None);
    }

    #[test]
    fn a_usual_link_fits_a_small_terminal() {
        let rows = rows("http://192.168.178.20:5000/#join=j_8cZ0u3m5Q1xkq2Yw7b9aTg", true).unwrap();
        assert!(rows.len() <= 19 && rows[0].chars().count() <= 37, "{} rows", rows.len());
    }
}
