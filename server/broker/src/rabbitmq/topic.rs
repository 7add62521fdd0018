//! Routing keys of topic exchanges: words parted by dots, `*` is one word, `#` is any number.
//! Source: AMQP 0-9-1, 3.1.3.3, and RabbitMQ's tutorial on topics.

/// The routing keys that a message may carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// This one; `*` and `#` are words like any other in it.
    Exact(String),
    /// Any that this pattern takes.
    Pattern(String),
    Any,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word<'a> {
    Literal(&'a str),
    One,
    Many,
}

impl Key {
    /// Whether a binding with this key may take the message in a direct exchange.
    pub fn may_equal(&self, binding: &str) -> bool {
        match self {
            Self::Exact(key) => key == binding,
            Self::Pattern(pattern) => overlap(&pattern_words(pattern), &literal_words(binding)),
            Self::Any => true,
        }
    }

    /// Whether a binding with this pattern may take the message in a topic exchange.
    pub fn may_match(&self, binding: &str) -> bool {
        let binding = pattern_words(binding);
        match self {
            Self::Exact(key) => overlap(&literal_words(key), &binding),
            Self::Pattern(pattern) => overlap(&pattern_words(pattern), &binding),
            Self::Any => true,
        }
    }
}

/// The empty key has no words.
fn split(key: &str) -> impl Iterator<Item = &str> {
    key.split('.').filter(move |_| !key.is_empty())
}

fn literal_words(key: &str) -> Vec<Word<'_>> {
    split(key).map(Word::Literal).collect()
}

fn pattern_words(pattern: &str) -> Vec<Word<'_>> {
    split(pattern)
        .map(|word| match word {
            "*" => Word::One,
            "#" => Word::Many,
            word => Word::Literal(word),
        })
        .collect()
}

/// Whether some key is taken by both. `fits[i][j]`: what follows word `i` of `a` and word `j` of
/// `b` has a key in common. Costs the product of the numbers of words (at most 128 each).
fn overlap(a: &[Word<'_>], b: &[Word<'_>]) -> bool {
    let mut below = vec![false; b.len() + 1];
    for i in (0..=a.len()).rev() {
        let mut row = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            let (left, right) = (a.get(i), b.get(j));
            let skip_left = |row: &[bool]| i < a.len() && row.get(j) == Some(&true);
            let skip_right = |row: &[bool]| row.get(j + 1) == Some(&true);
            let fits = match (left, right) {
                (None, None) => true,
                // The run ends here, or takes one more word of the other side.
                (Some(Word::Many), _) => skip_left(&below) || skip_right(&row),
                (_, Some(Word::Many)) => skip_right(&row) || skip_left(&below),
                (Some(Word::Literal(x)), Some(Word::Literal(y))) if x != y => false,
                (Some(_), Some(_)) => skip_right(&below),
                _ => false,
            };
            if let Some(cell) = row.get_mut(j) {
                *cell = fits;
            }
        }
        below = row;
    }
    below.first() == Some(&true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(key: &str) -> Key {
        Key::Exact(key.to_owned())
    }

    fn pattern(key: &str) -> Key {
        Key::Pattern(key.to_owned())
    }

    #[test]
    fn keys_and_patterns() {
        for (binding, key, takes) in [
            ("#", "", true),
            ("#", "a.b.c", true),
            ("*", "", false),
            ("*", "a", true),
            ("*", "a.b", false),
            ("a.*", "a.b", true),
            ("a.*", "a", false),
            ("a.#", "a", true),
            ("a.#", "ab", false),
            ("a.#.z", "a.z", true),
            ("a.#.z", "a.b.c.z", true),
            ("a.#.z", "a.b.c", false),
            ("#.#", "", true),
            ("*.#", "", false),
            ("a..b", "a..b", true),
            ("a.*.b", "a..b", true),
            ("", "", true),
            ("", "a", false),
            ("order.created", "order.created", true),
        ] {
            assert_eq!(exact(key).may_match(binding), takes, "{binding} {key}");
        }
        // In a key, a star is a word.
        assert!(exact("a.*").may_match("a.*") && !exact("a.*").may_match("a.b"));
        assert!(!exact("#").may_equal("a") && exact("a").may_equal("a"));
    }

    #[test]
    fn patterns_that_may_meet() {
        for (a, b, meet) in [
            ("a.*", "*.b", true),
            ("a.#", "#.z", true),
            ("a.*", "b.#", false),
            ("*.*", "a", false),
            ("#", "#", true),
            ("a.b", "a.*.#", true),
            ("a", "a.*.#", false),
        ] {
            assert_eq!(pattern(a).may_match(b), meet, "{a} {b}");
            assert_eq!(pattern(b).may_match(a), meet, "{b} {a}");
        }
        assert!(pattern("a.*").may_equal("a.b") && !pattern("a.*").may_equal("b.b"));
    }

    /// The definition itself, without a table.
    fn takes(pattern: &[&str], key: &[&str]) -> bool {
        match pattern.split_first() {
            None => key.is_empty(),
            Some((&"#", rest)) => (0..=key.len()).any(|n| takes(rest, &key[n..])),
            Some((&"*", rest)) => !key.is_empty() && takes(rest, &key[1..]),
            Some((word, rest)) => key.first() == Some(word) && takes(rest, &key[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            words in proptest::collection::vec(prop_oneof!["a", "b", "\\*", "#"], 0..6),
            key in proptest::collection::vec(prop_oneof!["a", "b"], 0..6),
        ) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let key: Vec<&str> = key.iter().map(String::as_str).collect();
            prop_assert_eq!(exact(&key.join(".")).may_match(&words.join(".")), takes(&words, &key));
        }
    }
}
