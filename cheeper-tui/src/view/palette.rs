//! The colours: one accent, and one for every name, readable on what is behind them. None is needed to understand anything.

use cheeper_protocol::FoldedName;
use ratatui::style::{Color, Modifier, Style};

use crate::{
    digest::digest,
    theme::{Background, Depth, Theme},
};

/// Names have so many hues.
const HUES: u64 = 24;
/// How light a colour is that is easy to read: against black 8 to 1, against white 6 to 1.
const LUMINANCE_ON_DARK: f64 = 0.35;
const LUMINANCE_ON_LIGHT: f64 = 0.125;
/// The steps of the colour cube that terminals with 256 colours have.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

pub(super) const DIM: Style = Style::new().add_modifier(Modifier::DIM);
pub(super) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

type Rgb = [u8; 3];

/// What is to be noticed.
pub(super) fn accent(theme: Theme) -> Style {
    match theme.background {
        Background::Dark => style(theme, [0xf5, 0xb7, 0x00], Color::Yellow),
        Background::Light => style(theme, [0x8a, 0x61, 0x00], Color::Blue),
    }
}

/// All is well.
pub(super) fn good(theme: Theme) -> Style {
    match theme.background {
        Background::Dark => style(theme, [0x6f, 0xcf, 0x97], Color::Green),
        Background::Light => style(theme, [0x1a, 0x6f, 0x37], Color::Blue),
    }
}

/// Something went wrong.
pub(super) fn bad(theme: Theme) -> Style {
    let style = match theme.background {
        Background::Dark => style(theme, [0xff, 0x8a, 0x80], Color::LightRed),
        Background::Light => style(theme, [0xb0, 0x00, 0x20], Color::Red),
    };
    style.add_modifier(Modifier::BOLD)
}

/// The colour of a name: the same for the same name, always.
pub(super) fn of_name(theme: Theme, name: &FoldedName) -> Style {
    const ON_DARK: [Color; 6] =
        [Color::Cyan, Color::Green, Color::LightMagenta, Color::LightBlue, Color::LightRed, Color::Yellow];
    const ON_LIGHT: [Color; 3] = [Color::Blue, Color::Magenta, Color::Red];
    let number = digest(name.as_str());
    let sixteen: &[Color] = match theme.background {
        Background::Dark => &ON_DARK,
        Background::Light => &ON_LIGHT,
    };
    let nth = usize::try_from(number % sixteen.len() as u64).unwrap_or(0);
    style(theme, readable(number % HUES, theme.background), sixteen[nth])
}

fn style(theme: Theme, rgb: Rgb, sixteen: Color) -> Style {
    match theme.depth {
        Depth::None => Style::new(),
        Depth::Sixteen => Style::new().fg(sixteen),
        Depth::Indexed => Style::new().fg(Color::Indexed(nearest(rgb, theme.background))),
        Depth::True => Style::new().fg(Color::Rgb(rgb[0], rgb[1], rgb[2])),
    }
}

/// A hue as light as it has to be.
fn readable(hue: u64, background: Background) -> Rgb {
    let wanted = match background {
        Background::Dark => LUMINANCE_ON_DARK,
        Background::Light => LUMINANCE_ON_LIGHT,
    };
    #[expect(clippy::cast_precision_loss, reason = "a hue is a small number")]
    let turn = hue as f64 / HUES as f64;
    let (mut darkest, mut lightest) = (0.0, 1.0);
    for _ in 0..10 {
        let lightness = f64::midpoint(darkest, lightest);
        if luminance(rgb(turn, lightness)) < wanted { darkest = lightness } else { lightest = lightness }
    }
    match background {
        Background::Dark => rgb(turn, lightest),
        Background::Light => rgb(turn, darkest),
    }
}

/// From hue (a part of the whole turn) and lightness, at a saturation that does not glare.
fn rgb(turn: f64, lightness: f64) -> Rgb {
    const SATURATION: f64 = 0.75;
    let reach = SATURATION * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|offset| {
        let k = (offset + turn * 12.0) % 12.0;
        let part = lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 255")]
        let byte = (part * 255.0).round() as u8;
        byte
    })
}

/// Relative luminance, as WCAG 2 defines it.
fn luminance(rgb: Rgb) -> f64 {
    let linear = rgb.map(|byte| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

/// The colour of the cube that is nearest; on a light background none that is lighter, on a dark one none that is darker.
fn nearest(wanted: Rgb, background: Background) -> u8 {
    let step = |part: u8| {
        let steps = (0..6_u8).zip(CUBE);
        let fits = |value: u8| match background {
            Background::Dark => value >= part,
            Background::Light => value <= part,
        };
        let fitting = steps.filter(|(_, value)| fits(*value));
        fitting.min_by_key(|(_, value)| value.abs_diff(part)).map_or(0, |(step, _)| step)
    };
    16 + 36 * step(wanted[0]) + 6 * step(wanted[1]) + step(wanted[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn of_cube(index: u8) -> Rgb {
        let index = usize::from(index - 16);
        [CUBE[index / 36], CUBE[index / 6 % 6], CUBE[index % 6]]
    }

    #[test]
    fn every_name_can_be_read_on_what_is_behind_it() {
        // Black, two dark greys that terminals come with; white and a warm one.
        let behind: [(Background, &[Rgb]); 2] = [
            (Background::Dark, &[[0, 0, 0], [0x1e, 0x1e, 0x1e], [0x28, 0x2c, 0x34]]),
            (Background::Light, &[[255, 255, 255], [0xfd, 0xf6, 0xe3]]),
        ];
        for (background, colours) in behind {
            for hue in 0..HUES {
                let name = readable(hue, background);
                for colour in colours {
                    assert!(contrast(name, *colour) >= 4.5, "{hue} {name:?} on {colour:?}");
                    let indexed = of_cube(nearest(name, background));
                    assert!(contrast(indexed, *colour) >= 4.5, "{hue} {indexed:?} on {colour:?}");
                }
            }
        }
    }

    #[test]
    fn colours_are_only_those_that_the_terminal_has() {
        let name = cheeper_protocol::Name::parse("alice").unwrap().fold();
        let fg = |depth| of_name(Theme { depth, background: Background::Dark }, &name).fg;
        assert_eq!(fg(Depth::None), None);
        assert!(matches!(fg(Depth::Indexed), Some(Color::Indexed(16..=231))));
        assert!(matches!(fg(Depth::True), Some(Color::Rgb(..))));
        assert!(!matches!(fg(Depth::Sixteen), Some(Color::Indexed(_) | Color::Rgb(..)) | None));
    }
}
