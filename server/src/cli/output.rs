//! What people read on a terminal. Colour only there, and not with `NO_COLOR`.

use std::io::{IsTerminal, Write};

use waybill_model::problem::Problem;

/// On standard error: code, sentence, way out.
pub fn problem(problem: &Problem) {
    let (bold, plain) = if colours(&std::io::stderr()) {
        ("\x1b[1;31m", "\x1b[0m")
    } else {
        ("", "")
    };
    let mut to = std::io::stderr().lock();
    let text = format!(
        "{bold}error[{}]{plain}: {}\n  hint: {}\n",
        problem.code.name(),
        problem.message,
        problem.hint
    );
    // Nobody is left to tell when standard error is closed.
    let _ = to.write_all(text.as_bytes());
}

pub fn colours(to: &impl IsTerminal) -> bool {
    let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !forbidden && to.is_terminal()
}

/// Prints to standard output; a closed pipe (`| head`) is a quiet end.
pub fn print(text: &str) {
    let mut to = std::io::stdout().lock();
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

/// Columns as wide as their widest cell, two spaces between.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(head.to_vec());
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

/// Text from outside, fit for a terminal: control characters become `\u{…}`.
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let (escaped, kept) = if c.is_control() {
                (Some(c.escape_default()), None)
            } else {
                (None, Some(c))
            };
            escaped.into_iter().flatten().chain(kept)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_controls_are_seen() {
        let rows = vec![
            vec!["a".into(), "long one".into()],
            vec!["bcd".into(), "x".into()],
        ];
        assert_eq!(
            table(&["N", "WHAT"], &rows),
            "N    WHAT\na    long one\nbcd  x\n"
        );
        assert_eq!(printable("a\x1b[31m"), "a\\u{1b}[31m");
    }
}
