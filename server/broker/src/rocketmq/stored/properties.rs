//! Names and values of a stored message (`MessageDecoder.string2messageProperties`): a name, 0x01, its
//! value, 0x02.

use bytes::Bytes;

/// More than any message has: each costs more memory than its bytes.
const MOST: usize = 4_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::rocketmq) struct Properties(Vec<(String, Bytes)>);

impl Properties {
    /// A piece without a value's mark is left out, as brokers do.
    pub(super) fn read(bytes: &Bytes) -> Self {
        let pieces = bytes.split(|byte| *byte == 2);
        let named = pieces.filter_map(|piece| {
            let mark = piece.iter().position(|byte| *byte == 1)?;
            let name = String::from_utf8_lossy(&piece[..mark]).into_owned();
            Some((name, bytes.slice_ref(&piece[mark + 1..])))
        });
        Self(
            named
                .filter(|(name, _)| !name.is_empty())
                .take(MOST)
                .collect(),
        )
    }

    /// Of several of one name the last, as in a broker's map.
    pub(in crate::rocketmq) fn bytes(&self, name: &str) -> Option<&Bytes> {
        let mut named = self.0.iter().rev().filter(|(own, _)| own == name);
        named.next().map(|(_, value)| value)
    }

    /// `None` also where it is empty, or no text.
    pub(in crate::rocketmq) fn text(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(self.bytes(name)?).ok()?;
        (!text.is_empty()).then_some(text)
    }

    pub(in crate::rocketmq) fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_names_and_values() {
        let read = |text: &'static [u8]| Properties::read(&Bytes::from_static(text));
        let properties =
            read(b"KEYS\x01a b\x02TAGS\x01\x02odd\x02\x01nameless\x02KEYS\x01c\x02last\x01x\x01y");
        assert_eq!(properties.text("KEYS"), Some("c"));
        assert_eq!(properties.text("TAGS"), None);
        assert_eq!(properties.bytes("TAGS").unwrap().len(), 0);
        assert_eq!(properties.text("last"), Some("x\x01y"));
        let names: Vec<_> = properties.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["KEYS", "TAGS", "KEYS", "last"]);
        assert_eq!(read(b""), Properties::default());
        assert_eq!(read(b"a\x01\xff\x02").text("a"), None);
    }
}
