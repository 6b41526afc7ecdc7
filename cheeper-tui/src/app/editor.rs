//! The person's own editor, at work on what is being written.

use std::{env, fs, io, io::Write as _};

use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

pub(super) struct Editor {
    child: Child,
    file: NamedTempFile,
    name: String,
}

impl Editor {
    /// Starts `$VISUAL`, `$EDITOR` or vi, in the terminal.
    pub(super) fn open(text: &str) -> io::Result<Self> {
        let set = |variable: &str| env::var(variable).ok().filter(|name| !name.trim().is_empty());
        let name = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| "vi".to_owned());
        let mut file = tempfile::Builder::new().prefix("cheep-").suffix(".txt").tempfile()?;
        file.write_all(text.as_bytes())?;
        // A shell splits the variable, which may hold options, as it is used everywhere.
        let child = Command::new("sh")
            .arg("-c")
            .arg(format!("exec {name} \"$1\""))
            .arg("sh")
            .arg(file.path())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, file, name })
    }

    /// Waits until it is left, and reads what was written; or says why that cannot be had.
    pub(super) async fn written(&mut self) -> Result<String, String> {
        let status = self.child.wait().await.map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("The editor ({}) failed, so nothing was changed: set EDITOR to another.", self.name));
        }
        // Editors put a new file in the place of the old one, so it is read by its name.
        fs::read_to_string(self.file.path()).map_err(|error| format!("The editor's text cannot be read: {error}."))
    }
}
