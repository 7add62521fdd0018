//! How deep the text of a `.proto` file nests, before a parser without a limit reads it.

use super::DEPTH;

/// # Errors
/// Also where comments, texts or brackets have no end: what is open then cannot be told.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' | b'\'' => rest = after_text(rest, *byte).ok_or("a text without an end")?,
            b'#' => rest = after_line(rest),
            b'/' if rest.starts_with(b"/") => rest = after_line(rest),
            b'/' if rest.starts_with(b"*") => {
                rest = after_comment(&rest[1..]).ok_or("a comment without an end or in another")?;
            }
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'(' => open.push(b')'),
            b'<' => open.push(b'>'),
            b'}' | b']' | b')' | b'>' if open.pop() != Some(*byte) => {
                return Err(format!("a {:?} that closes nothing", char::from(*byte)));
            }
            _ => {}
        }
        if open.len() > DEPTH {
            return Err("nested too deep".to_owned());
        }
    }
    Ok(())
}

fn after_line(rest: &[u8]) -> &[u8] {
    match rest.iter().position(|byte| *byte == b'\n') {
        Some(at) => &rest[at..],
        None => &[],
    }
}

/// Comments do not stand in each other.
fn after_comment(rest: &[u8]) -> Option<&[u8]> {
    let at = rest
        .windows(2)
        .position(|pair| pair == b"*/" || pair == b"/*")?;
    rest[at..].strip_prefix(b"*/")
}

fn after_text(rest: &[u8], quote: u8) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        match rest.get(at)? {
            b'\n' => return None,
            b'\\' if rest.get(at + 1) != Some(&b'\n') => at += 2,
            byte if *byte == quote => return rest.get(at + 1..),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_brackets_outside_texts_and_comments() {
        let deep = "message A { ".repeat(DEPTH);
        let closed = "}".repeat(DEPTH);
        assert_eq!(check(&format!("{deep}{closed}")), Ok(()));
        for inner in ["{", "//}\n{", "/*}*/ {", "#}\n[", "'}' <", r#""\"}" ("#] {
            let why = check(&format!("{deep}{inner}")).unwrap_err();
            assert_eq!(why, "nested too deep", "{inner}");
        }
        for (text, why) in [
            ("{ )", "closes nothing"),
            ("'a", "without an end"),
            ("'a\n'", "without an end"),
            ("/* /* */", "a comment"),
        ] {
            assert!(check(text).unwrap_err().contains(why), "{text}");
        }
        let flat = "// <->>\nmessage A { map<string, int32> a = 1 [json_name = \"}\"]; } /**/";
        assert_eq!(check(flat), Ok(()));
    }
}
