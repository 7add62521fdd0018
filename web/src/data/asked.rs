//! The query of a page's address: what it asks, and addresses that ask a little else.

use waybill_model::problem::Problem;
use waybill_model::time::Timestamp;

use super::search::wrong;
use crate::routes::link::encode;

/// Names and values as they stand there, decoded; empty values are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pairs: Vec<(String, String)>,
}

impl Asked {
    pub fn of(query: &str) -> Self {
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            percent_encoding::percent_decode_str(&text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let pairs = query.trim_start_matches('?').split('&');
        let pairs = pairs
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name), decoded(value).trim().to_owned()))
            .filter(|(_, value)| !value.is_empty());
        Self {
            pairs: pairs.collect(),
        }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        let named = |pair: &&(String, String)| pair.0 == name;
        self.pairs
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }

    pub fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// One of `words`; another one is a problem that names the field.
    pub fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => Ok(Some(*value)),
            None => Err(wrong(name, "Choose one of the list.")),
        }
    }

    /// The address of `path` with these values in place of what was asked; an empty value asks
    /// nothing.
    pub fn href(&self, path: &str, instead: &[(&str, &str)]) -> String {
        let kept = self
            .pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| instead.iter().all(|(other, _)| other != name));
        let pairs: Vec<String> = kept
            .chain(instead.iter().copied())
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        match pairs.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", pairs.join("&")),
        }
    }
}

pub fn now() -> Timestamp {
    Timestamp::from_offset_date_time(time::OffsetDateTime::now_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_again() {
        let asked = Asked::of("?q=a%2Fb+c&cluster=&sort=lag&x=%3Cscript%3E");
        assert_eq!(asked.text("q"), Some("a/b c"));
        assert_eq!(asked.text("cluster"), None);
        assert_eq!(
            asked.href("/groups", &[("sort", ""), ("cursor", "1.2")]),
            "/groups?q=a%2Fb%20c&x=%3Cscript%3E&cursor=1.2"
        );
        assert_eq!(Asked::of("").href("/groups", &[]), "/groups");
        assert!(asked.word("sort", &[("lag", 1)]).is_ok());
        let problem = asked.word("x", &[("lag", 1)]).unwrap_err();
        assert!(problem.message.contains('x'), "{problem:?}");
    }
}
