//! An answer once its shape was looked over.

use bytes::Bytes;
use kafka_protocol::protocol::Decodable;

/// What an answer is read into.
pub(in crate::kafka) trait Answer: Sized {
    /// Whether it takes bytes of any shape; else they are looked over first.
    const LOOKS_ITSELF: bool = false;

    /// `body` is of `version`.
    ///
    /// # Errors
    /// In words what cannot be read.
    fn read(body: Bytes, version: i16) -> Result<Self, String>;
}

impl<T: Decodable> Answer for T {
    fn read(mut body: Bytes, version: i16) -> Result<Self, String> {
        Self::decode(&mut body, version).map_err(|error| error.to_string())
    }
}
