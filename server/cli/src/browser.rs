//! Opens an address in the user's browser, by the command that the system has for it.

use std::io;
use std::process::{Command, Stdio};

/// Opens the address and does not wait for the browser.
///
/// # Errors
/// When the system's command cannot be started; the address can still be opened by hand.
pub(crate) fn open(address: &str) -> io::Result<()> {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        // `start` is a word of the shell, which would read the address as its own language.
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    let mut opening = command
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Collected when it ends, so that nothing of it is left behind.
    std::thread::spawn(move || opening.wait());
    Ok(())
}
