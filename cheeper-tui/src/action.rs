//! What a key can be bound to: one table of names, default keys and the words of the help page.

/// When a key means its action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    Always,
    /// A cheep is selected.
    Selecting,
    /// A cheep is selected, by a host.
    Moderating,
    /// The line is down and nothing is typed.
    Offline,
}

impl Context {
    /// Whether a key of `other` means its action here.
    pub fn includes(self, other: Self) -> bool {
        other == self || other == Self::Always || (self, other) == (Self::Moderating, Self::Selecting)
    }
}

macro_rules! actions {
    ($($context:ident $variant:ident $name:literal [$($key:literal),*] $what:literal;)*) => {
        /// Something that a key does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $($variant,)* }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// What it is called in the configuration.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The keys it has unless the configuration says otherwise.
            pub const fn default_keys(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*],)* }
            }

            /// What it does, for people.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }

            pub const fn context(self) -> Context {
                match self { $(Self::$variant => Context::$context,)* }
            }
        }
    };
}

actions! {
    Always Send "send" ["enter"] "send; find: the next older hit";
    Always NewLine "new-line" ["alt+enter", "ctrl+j", "shift+enter"] "a new line";
    Always Complete "complete" ["tab"] "complete @name, the next one";
    Always CompleteBack "complete-back" ["shift+tab"] "the one before";
    Always Editor "editor" ["ctrl+x ctrl+e"] "write in $EDITOR";
    Always Left "left" ["left", "ctrl+b"] "a character to the left";
    Always Right "right" ["right"] "a character to the right";
    Always WordLeft "word-left" ["ctrl+left", "alt+left", "alt+b"] "a word to the left";
    Always WordRight "word-right" ["ctrl+right", "alt+right", "alt+f"] "a word to the right";
    Always LineStart "line-start" ["ctrl+a"] "to the start of the line";
    Always LineEnd "line-end" ["ctrl+e"] "to the end of the line";
    Always DeleteLeft "delete-left" ["backspace", "ctrl+h"] "delete to the left";
    Always DeleteRight "delete-right" ["delete", "ctrl+d"] "delete to the right";
    Always KillWordLeft "kill-word-left" ["ctrl+w", "alt+backspace", "ctrl+backspace"] "cut the word before";
    Always KillWordRight "kill-word-right" ["alt+d", "ctrl+delete"] "cut the word after";
    Always KillToStart "kill-to-start" ["ctrl+u"] "cut to the start of the line";
    Always KillToEnd "kill-to-end" ["ctrl+k"] "cut to the end of the line";
    Always Yank "yank" ["ctrl+y"] "put back what was cut";
    Always Undo "undo" ["ctrl+_", "ctrl+7", "ctrl+/"] "undo";
    Always Redo "redo" ["ctrl+r", "alt+_"] "do it again";
    Always Up "up" ["up"] "up; with nothing typed: what was sent";
    Always Down "down" ["down"] "down";
    Always PageUp "page-up" ["pageup"] "a page up, older ones load";
    Always PageDown "page-down" ["pagedown"] "a page down";
    Always Oldest "oldest" ["home", "ctrl+home"] "to the oldest loaded, and load more";
    Always Newest "newest" ["end", "ctrl+end"] "to the newest, and follow";
    Always SelectOlder "select-older" ["alt+up"] "select the cheep above";
    Always SelectNewer "select-newer" ["alt+down"] "select the cheep below";
    Selecting Above "above" ["k"] "select the cheep above";
    Selecting Below "below" ["j"] "select the cheep below";
    Selecting Reply "reply" ["r"] "reply to the selected cheep";
    Selecting React "react" ["+"] "react; the same again takes it back";
    Selecting Thread "thread" ["t"] "what it answers, and all answers";
    Selecting Edit "edit" ["e"] "correct it, if it is yours";
    Selecting Delete "delete" ["d"] "delete it, if it is yours; a host: any";
    Selecting Copy "copy" ["c", "y"] "copy its text";
    Selecting Open "open" ["o"] "open its link (1 to 9: that one)";
    Moderating Mute "mute" ["m"] "host: mute its name";
    Moderating MuteAuthor "mute-author" ["M"] "host: mute its author, by any name";
    Moderating Release "release" ["R"] "host: make its claimed name free";
    Always Audit "audit" ["alt+a"] "host: what was done; u undoes it";
    Always MakeLink "make-link" ["alt+l"] "host: make a link to come in by";
    Always Find "find" ["ctrl+f"] "find; then Tab: search on the server";
    Always Cancel "cancel" ["esc"] "leave what is open";
    Offline ConnectNow "connect-now" ["r"] "connect now";
    Always TryAgain "try-again" ["alt+r"] "connect now, whatever is typed";
    Always Help "help" ["f1"] "this page";
    Always Redraw "redraw" ["ctrl+l"] "draw everything afresh";
    Always Suspend "suspend" ["ctrl+z"] "back to the shell; fg comes back";
    Always Quit "quit" ["ctrl+c", "ctrl+q"] "quit; what is unsent is kept";
}

impl Action {
    /// The action of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}
