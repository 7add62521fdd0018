//! Message ids of brokers (`MessageDecoder.createMessageId`): which broker stored it, and where in its
//! commit log. What clients call a message's id is another thing, its UNIQ_KEY, of the same length.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) struct OffsetId {
    /// Of the broker, as it knows itself.
    pub(in crate::rocketmq) host: SocketAddr,
    /// In bytes, from the beginning of its commit log.
    pub(in crate::rocketmq) offset: i64,
}

impl OffsetId {
    /// `None`: it is no such id. Its port is written in four bytes, of which two are zero; in a
    /// client's id they are hardly ever.
    pub(in crate::rocketmq) fn parse(text: &str) -> Option<Self> {
        let bytes = bytes_of_hex(text)?;
        let (ip, rest): (IpAddr, &[u8]) = match bytes.len() {
            16 => (<[u8; 4]>::try_from(&bytes[..4]).ok()?.into(), &bytes[4..]),
            28 => (
                <[u8; 16]>::try_from(&bytes[..16]).ok()?.into(),
                &bytes[16..],
            ),
            _ => return None,
        };
        let (port, rest) = rest.split_first_chunk()?;
        let port = u16::try_from(u32::from_be_bytes(*port)).ok()?;
        let offset = i64::from_be_bytes(rest.try_into().ok()?);
        (offset >= 0 && port > 0).then_some(Self {
            host: SocketAddr::new(ip, port),
            offset,
        })
    }
}

/// Upper-case hexadecimal, as brokers and their tools write it.
impl fmt::Display for OffsetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = match self.host.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        for byte in ip {
            write!(f, "{byte:02X}")?;
        }
        write!(f, "{:08X}{:016X}", self.host.port(), self.offset)
    }
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || text.len() > 56 {
        return None;
    }
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    Some(pairs.map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_and_written() {
        for (text, host, offset) in [
            (
                "7F000001000051AF0000000000018723",
                "127.0.0.1:20911",
                100_131,
            ),
            (
                "000000000000000000000000000000010000D82E000000000007F957",
                "[::1]:55342",
                522_583,
            ),
        ] {
            let id = OffsetId::parse(text).unwrap();
            assert_eq!((id.host, id.offset), (host.parse().unwrap(), offset));
            assert_eq!(id.to_string(), text);
            assert_eq!(OffsetId::parse(&text.to_lowercase()), Some(id));
        }
    }

    #[test]
    fn ids_of_clients_and_other_texts_are_none() {
        for text in [
            "DBCD4435AB3E4D669E14D31A24608DC8",
            "FD0000000000000000000000000000000000237B930946E097470A0AB0000",
            "7F000001000051AF000000000001872",
            "7F000001000051AFFFFFFFFFFFFFFFFF",
            "7F00000100000000000000000001872G",
            "order-1",
            "ä€ä€ä€ä€ä€ä€",
            "",
        ] {
            assert_eq!(OffsetId::parse(text), None, "{text}");
        }
    }
}
