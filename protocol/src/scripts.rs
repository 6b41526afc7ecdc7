//! Which scripts are written together: a name of others may pass for something that it is not (UTS #39, restriction levels).

use icu_properties::{
    props::Script,
    script::{ScriptWithExtensions, ScriptWithExtensionsBorrowed},
};

/// Scripts that are written together, Latin among them (*highly restrictive*): Japanese, Chinese with its phonetic letters,
/// Korean.
const TOGETHER: [&[Script]; 3] = [
    &[Script::Latin, Script::Han, Script::Hiragana, Script::Katakana],
    &[Script::Latin, Script::Han, Script::Bopomofo],
    &[Script::Latin, Script::Han, Script::Hangul],
];

/// Scripts of which each may stand with Latin (*moderately restrictive*): those in daily use (UAX #31, table 5) but Cyrillic and
/// Greek, whose letters look like Latin ones.
const WITH_LATIN: [Script; 26] = [
    Script::Arabic,
    Script::Armenian,
    Script::Bengali,
    Script::Bopomofo,
    Script::Devanagari,
    Script::Ethiopic,
    Script::Georgian,
    Script::Gujarati,
    Script::Gurmukhi,
    Script::Han,
    Script::Hangul,
    Script::Hebrew,
    Script::Hiragana,
    Script::Kannada,
    Script::Katakana,
    Script::Khmer,
    Script::Lao,
    Script::Malayalam,
    Script::Myanmar,
    Script::Oriya,
    Script::Sinhala,
    Script::Tamil,
    Script::Telugu,
    Script::Thaana,
    Script::Thai,
    Script::Tibetan,
];

/// Whether the letters of a text are of one script, or of several that are written together. What belongs to no script (digits,
/// punctuation, emoji) stands with any.
pub(crate) fn go_together(text: &str) -> bool {
    let scripts = ScriptWithExtensions::new();
    let letters: Vec<char> = text.chars().filter(|&c| !stands_with_any(scripts, c)).collect();
    let all_of =
        |allowed: &[Script]| letters.iter().all(|&c| allowed.iter().any(|&script| scripts.has_script(c, script)));
    let Some(&first) = letters.first() else { return true };
    // What has no script that Unicode knows of (private use) is of no script with anything else.
    let mut of_the_first = scripts.get_script_extensions_val(first).iter().filter(|&script| script != Script::Unknown);
    of_the_first.any(|script| all_of(&[script]))
        || TOGETHER.iter().any(|together| all_of(together))
        || WITH_LATIN.iter().any(|&script| all_of(&[Script::Latin, script]))
}

fn stands_with_any(scripts: ScriptWithExtensionsBorrowed<'_>, c: char) -> bool {
    [Script::Common, Script::Inherited].iter().any(|&script| scripts.has_script(c, script))
}
