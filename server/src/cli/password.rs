//! Passwords come from a terminal that does not show them, or from standard input.

use std::io::{BufRead, IsTerminal, Write};
use std::process::{Command, Stdio};

use waybill_model::problem::{Code, Problem};

/// Reads one password. On a terminal it is asked for twice.
pub fn read(from_stdin: bool) -> Result<String, Problem> {
    if from_stdin {
        return line_of_stdin();
    }
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            Code::InvalidRequest,
            "there is no terminal to ask for a password",
            "Pipe the password in and add --password-stdin.",
        ));
    }
    let first = hidden("Password: ")?;
    if hidden("Again: ")? != first {
        return Err(Problem::new(
            Code::InvalidRequest,
            "the two passwords differ",
            "Try again.",
        ));
    }
    Ok(first)
}

fn hidden(prompt: &str) -> Result<String, Problem> {
    let _silence = Silence::start();
    let mut to = std::io::stderr().lock();
    let _ = to.write_all(prompt.as_bytes()).and_then(|()| to.flush());
    let line = line_of_stdin();
    let _ = to.write_all(b"\n");
    line
}

fn line_of_stdin() -> Result<String, Problem> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| {
            Problem::new(
                Code::InvalidRequest,
                format!("the password cannot be read: {error}"),
                "Passwords are text in UTF-8, on one line.",
            )
        })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// The terminal shows no typing while this lives. `stty` is part of every POSIX system; where it
/// is missing, typing shows.
struct Silence;

impl Silence {
    fn start() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        stty("echo");
    }
}

fn stty(word: &str) {
    let _ = Command::new("stty")
        .arg(word)
        .stdin(Stdio::inherit())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}
