//! Standard output and error: the only place of this crate that prints. With
//! `--json` one document goes to standard output and everything for people to
//! standard error; a closed pipe ends the program quietly.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _};

use serde_json::Value;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Where the program talks to people and programs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    color: bool,
    /// Standard output belongs to a program, so people read standard error.
    machine: bool,
}

impl Console {
    /// A console that keeps standard output for JSON when `machine` is set.
    pub(crate) fn new(color: Color, machine: bool) -> Self {
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            }
        };
        Self { color, machine }
    }

    /// Whether to colour.
    pub(crate) fn color(self) -> bool {
        self.color
    }

    /// Whether standard output belongs to a program.
    pub(crate) fn machine(self) -> bool {
        self.machine
    }

    /// Whether a person sits at both ends, so that questions make sense.
    pub(crate) fn interactive(self) -> bool {
        !self.machine && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Text for people, as it is.
    pub(crate) fn text(self, text: &str) {
        if self.machine {
            write(&mut io::stderr().lock(), text)
        } else {
            write(&mut io::stdout().lock(), text)
        }
    }

    /// One line for people.
    pub(crate) fn line(self, text: &str) {
        self.text(&format!("{}\n", visible(text)));
    }

    /// A text that a program reads, as it is.
    pub(crate) fn document(self, text: &str) {
        write(&mut io::stdout().lock(), text);
    }

    /// Bytes that a program reads, as they are: a patch need not be UTF-8.
    pub(crate) fn bytes(self, bytes: &[u8]) {
        write_bytes(&mut io::stdout().lock(), bytes);
    }

    /// One JSON document, or one line of a stream of them.
    pub(crate) fn json(self, value: &Value) {
        write(&mut io::stdout().lock(), &format!("{value}\n"));
    }

    /// An error for people, always on standard error.
    pub(crate) fn error(self, text: &str) {
        write(
            &mut io::stderr().lock(),
            &format!("error: {}\n", visible(text)),
        );
    }
}

/// A text whose control characters are seen and not obeyed: what agents and programs say must not steer the terminal.
fn visible(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match u32::from(c) {
        _ if !obeyed(c) => c,
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.replace("\r\n", "\n").chars().map(shown).collect())
}

fn write(out: &mut dyn io::Write, text: &str) {
    write_bytes(out, text.as_bytes());
}

fn write_bytes(out: &mut dyn io::Write, bytes: &[u8]) {
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush())
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        // The reader has seen enough (`| head`); there is nobody left to tell.
        std::process::exit(0);
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_a_program_says_is_shown_and_does_not_steer_the_terminal() {
        assert_eq!(visible("a\tb\nc é"), "a\tb\nc é");
        assert_eq!(
            visible("\u{1b}]0;title\u{7}x\r\ny\u{9b}2J\u{7f}"),
            "␛]0;title␇x\ny\u{fffd}2J␡"
        );
    }
}
