//! The bits of `sysFlag` (`MessageSysFlag`).

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::rocketmq) struct Flags(pub(in crate::rocketmq) i32);

const COMPRESSED: i32 = 1;
const TRANSACTION: i32 = 12;
const BORN_HOST_V6: i32 = 1 << 4;
const STORE_HOST_V6: i32 = 1 << 5;
const INNER_BATCH: i32 = 1 << 7;
const COMPRESSION: i32 = 7 << 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) enum Codec {
    Zlib,
    Lz4,
    Zstd,
    /// Its number.
    Unknown(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) enum Transaction {
    /// A half message: nobody is given it yet.
    Prepared,
    Committed,
    RolledBack,
}

impl Flags {
    pub(in crate::rocketmq) fn codec(self) -> Option<Codec> {
        let is_compressed = self.0 & COMPRESSED != 0;
        is_compressed.then_some(match (self.0 & COMPRESSION) >> 8 {
            // Before there were several, there was this one.
            0 | 3 => Codec::Zlib,
            1 => Codec::Lz4,
            2 => Codec::Zstd,
            other => Codec::Unknown(other),
        })
    }

    pub(in crate::rocketmq) fn transaction(self) -> Option<Transaction> {
        match self.0 & TRANSACTION {
            4 => Some(Transaction::Prepared),
            8 => Some(Transaction::Committed),
            12 => Some(Transaction::RolledBack),
            _ => None,
        }
    }

    pub(in crate::rocketmq) fn born_host_is_v6(self) -> bool {
        self.0 & BORN_HOST_V6 != 0
    }

    pub(in crate::rocketmq) fn store_host_is_v6(self) -> bool {
        self.0 & STORE_HOST_V6 != 0
    }

    /// Its body holds several messages that were stored as one.
    pub(in crate::rocketmq) fn is_batch(self) -> bool {
        self.0 & INNER_BATCH != 0
    }
}

impl Codec {
    pub(in crate::rocketmq) fn name(self) -> String {
        match self {
            Self::Zlib => "zlib".to_owned(),
            Self::Lz4 => "lz4".to_owned(),
            Self::Zstd => "zstd".to_owned(),
            Self::Unknown(number) => format!("number {number}"),
        }
    }
}

impl Transaction {
    pub(in crate::rocketmq) fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Committed => "committed",
            Self::RolledBack => "rolled back",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_told_apart() {
        assert_eq!(Flags(0x301).codec(), Some(Codec::Zlib));
        assert_eq!(Flags(1).codec(), Some(Codec::Zlib));
        assert_eq!(Flags(0x101).codec(), Some(Codec::Lz4));
        assert_eq!(Flags(0x201).codec(), Some(Codec::Zstd));
        assert_eq!(Flags(0x701).codec(), Some(Codec::Unknown(7)));
        assert_eq!(Flags(0x300).codec(), None);
        assert_eq!(Flags(0).transaction(), None);
        assert_eq!(Flags(4).transaction(), Some(Transaction::Prepared));
        assert_eq!(Flags(8).transaction(), Some(Transaction::Committed));
        assert_eq!(Flags(12).transaction(), Some(Transaction::RolledBack));
        assert!(Flags(0x10).born_host_is_v6() && !Flags(0x10).store_host_is_v6());
        assert!(Flags(0x80).is_batch() && !Flags(0x7f).is_batch());
    }
}
