//! Jobs of the house that Cargo alone cannot do. `cargo xtask bundle` builds what the browser
//! downloads; nothing here installs anything.

mod bundle;

use std::process::ExitCode;

const USAGE: &str =
    "cargo xtask bundle   build the console's bundle into web/pkg (skipped when nothing changed)";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["bundle"] => bundle::run(),
        ["help" | "--help" | "-h"] | [] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("unknown words: {}\n{USAGE}", words.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
