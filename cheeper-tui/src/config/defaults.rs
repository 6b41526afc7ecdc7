//! The configuration with every default in it, and what each line is for.

use std::fmt::Write as _;

use crate::action::Action;

const HEAD: &str = r#"# The configuration of Cheeper's terminal client.
# It is read from cheeper/config.toml in $XDG_CONFIG_HOME, which is ~/.config if it is not set.
# Flags and CHEEPER_* variables come before it. Take the # away from a line to change it.

# Who you are.
#name = "alice"

# Where the timeline is: a host and port, or an address with ws://, wss://, http:// or https://.
#server = "ws://localhost:5000/ws"

# What the colours have to be readable on: "dark", "light", or "auto" to ask the terminal.
#theme = "auto"

# How many colours are shown: "true", "256", "16", "none", or "auto" for what the terminal can.
#color = "auto"

# A mention rings the bell.
#bell = true

# A mention has the terminal notify you: "osc9", "osc777" (try which one yours knows) or "off".
#notify = "off"

# The wheel scrolls and a click selects; false leaves the mouse to the terminal.
#mouse = true

# Keys, one or several for each action. "ctrl+x ctrl+e" is one key after the other; [] is none.
[keys]
"#;

/// The text of the default configuration.
pub fn defaults() -> String {
    let mut text = HEAD.to_owned();
    for action in Action::ALL {
        let keys: Vec<String> = action.default_keys().iter().map(|keys| format!("\"{keys}\"")).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "# {}\n#{} = [{}]", action.what(), action.name(), keys.join(", "));
    }
    text
}
