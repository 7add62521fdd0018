//! What a database was asked, as it may be shown: one line, without the values in it.

/// Characters of a statement that are shown.
const SHOWN: usize = 140;

/// Texts in quotes and numbers become `?`; comments and runs of blanks become one blank.
pub fn shown(statement: &str) -> String {
    let mut out = String::new();
    let mut chars = statement.chars().peekable();
    let mut before = ' ';
    let mut count = 0;
    while let Some(c) = chars.next() {
        if count >= SHOWN {
            return out.trim_end().to_owned() + "…";
        }
        let shown = match c {
            '\'' => {
                skip_text(&mut chars);
                '?'
            }
            '-' if chars.peek() == Some(&'-') => {
                chars.by_ref().find(|c| *c == '\n');
                ' '
            }
            '/' if chars.peek() == Some(&'*') => {
                let mut last = ' ';
                chars
                    .by_ref()
                    .find(|c| std::mem::replace(&mut last, *c) == '*' && *c == '/');
                ' '
            }
            c if c.is_ascii_digit() && !is_word(before) => {
                while chars.next_if(|c| is_word(*c) || *c == '.').is_some() {}
                '?'
            }
            c if c.is_whitespace() => ' ',
            c => c,
        };
        if shown == ' ' && before == ' ' {
            continue;
        }
        out.push(shown);
        count += 1;
        before = shown;
    }
    out.trim_end().to_owned()
}

/// To the end of a text in single quotes; two of them stand for one.
fn skip_text(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '\'' if chars.next_if_eq(&'\'').is_none() => return,
            _ => {}
        }
    }
}

/// `$1` and `t2` are names.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_shown() {
        for (statement, expected) in [
            (
                "SELECT *\n  FROM stock -- all\n WHERE sku = 'A''-1' AND n > 42.5",
                "SELECT * FROM stock WHERE sku = ? AND n > ?",
            ),
            (
                "UPDATE t2 SET a = $1 /* why 'not' */ WHERE id IN (1, 2)",
                "UPDATE t2 SET a = $1 WHERE id IN (?, ?)",
            ),
            ("SELECT pg_sleep(3)", "SELECT pg_sleep(?)"),
            ("SELECT 'open", "SELECT ?"),
            ("", ""),
        ] {
            assert_eq!(shown(statement), expected);
        }
        let long = shown(&"SELECT a, ".repeat(100));
        assert!(
            long.chars().count() <= SHOWN + 1 && long.ends_with('…'),
            "{long}"
        );
    }
}
