//! Takes stored bytes out of their compression, and no more of them than a limit: a few kilobytes can
//! unfold to gigabytes.

use std::io::Read;

use bytes::Bytes;

/// What one batch or one body may unfold to.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Folded {
    #[error("it unfolds to more than {} MiB", MOST_BYTES / 1024 / 1024)]
    TooLarge,
    #[error("its compression is broken")]
    Broken,
    #[error("its compression is not known")]
    Unknown,
}

pub(crate) fn bounded(from: impl Read) -> Result<Bytes, Folded> {
    let mut unfolded = Vec::new();
    let mut from = from.take(MOST_BYTES as u64 + 1);
    from.read_to_end(&mut unfolded)
        .map_err(|_| Folded::Broken)?;
    match unfolded.len() > MOST_BYTES {
        true => Err(Folded::TooLarge),
        false => Ok(unfolded.into()),
    }
}
