//! One stored message.

use std::net::SocketAddr;

use bytes::{Buf, Bytes};

use super::body;
use super::flags::Flags;
use super::id::OffsetId;
use super::properties::Properties;
use crate::unfold::Folded;

/// `MESSAGE_MAGIC_CODE`, and of topics with longer names `MESSAGE_MAGIC_CODE_V2`.
const MAGIC_V1: u32 = 0xdaa3_20a7;
const MAGIC_V2: u32 = 0xdaa3_20ab;
/// What stands before the body at least.
const LEAST_BYTES: usize = 84;

/// Parts are slices of the answer that they came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rocketmq) struct Message {
    pub(in crate::rocketmq) topic: String,
    pub(in crate::rocketmq) queue: i32,
    /// In its queue.
    pub(in crate::rocketmq) offset: i64,
    /// In the commit log of the broker that stored it, in bytes.
    pub(in crate::rocketmq) log_offset: i64,
    pub(in crate::rocketmq) flags: Flags,
    /// Unix milliseconds of the producer, and of the broker.
    pub(in crate::rocketmq) born_at: i64,
    pub(in crate::rocketmq) stored_at: i64,
    pub(in crate::rocketmq) born_host: SocketAddr,
    pub(in crate::rocketmq) store_host: SocketAddr,
    /// How often it was put again to be retried.
    pub(in crate::rocketmq) reconsume_times: i32,
    /// As stored: compressed where the flags say so.
    pub(in crate::rocketmq) body: Bytes,
    /// Whether the body is what its checksum says.
    pub(in crate::rocketmq) is_intact: bool,
    pub(in crate::rocketmq) properties: Properties,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::rocketmq) enum Malformed {
    #[error("a message says that it is {0} bytes long, and so many are not there")]
    Length(i64),
    #[error("a message begins with no mark that is known")]
    Mark,
    #[error("parts of a message do not fit into it")]
    Parts,
}

impl Message {
    /// The id that brokers and their tools call it by.
    pub(in crate::rocketmq) fn id(&self) -> OffsetId {
        OffsetId {
            host: self.store_host,
            offset: self.log_offset,
        }
    }

    /// # Errors
    /// It cannot be taken out of its compression.
    pub(in crate::rocketmq) fn unfolded(&self) -> Result<Bytes, Folded> {
        body::unfolded(self.flags.codec(), &self.body)
    }
}

/// The messages of an answer, in their order. After one whose length cannot be believed nothing more
/// can be read; one that is malformed within its length costs no other.
pub(in crate::rocketmq) struct Messages(Bytes);

impl Messages {
    pub(in crate::rocketmq) fn of(answer: Bytes) -> Self {
        Self(answer)
    }
}

impl Iterator for Messages {
    type Item = Result<Message, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let told = self
            .0
            .first_chunk()
            .map(|length| i32::from_be_bytes(*length));
        let length = told.and_then(|length| usize::try_from(length).ok());
        match length.filter(|length| (LEAST_BYTES..=self.0.len()).contains(length)) {
            Some(length) => Some(one(self.0.split_to(length))),
            None => {
                let length = told.map_or(self.0.len() as i64, i64::from);
                self.0.clear();
                Some(Err(Malformed::Length(length)))
            }
        }
    }
}

fn one(mut left: Bytes) -> Result<Message, Malformed> {
    let left = &mut left;
    let _length: i32 = number(left)?;
    let magic: u32 = number(left)?;
    if magic != MAGIC_V1 && magic != MAGIC_V2 {
        return Err(Malformed::Mark);
    }
    let checksum: u32 = number(left)?;
    let queue = number(left)?;
    let _flag: i32 = number(left)?;
    let offset = number(left)?;
    let log_offset = number(left)?;
    let flags = Flags(number(left)?);
    let born_at = number(left)?;
    let born_host = host(left, flags.born_host_is_v6())?;
    let stored_at = number(left)?;
    let store_host = host(left, flags.store_host_is_v6())?;
    let reconsume_times = number(left)?;
    let _prepared_offset: i64 = number(left)?;
    let length: i32 = number(left)?;
    let body = take(left, usize::try_from(length).map_err(|_| Malformed::Parts)?)?;
    let length = match magic {
        MAGIC_V1 => usize::from(number::<u8>(left)?),
        _ => usize::from(number::<u16>(left)?),
    };
    let topic = String::from_utf8_lossy(&take(left, length)?).into_owned();
    let length = usize::from(number::<u16>(left)?);
    let properties = Properties::read(&take(left, length)?);
    Ok(Message {
        topic,
        queue,
        offset,
        log_offset,
        flags,
        born_at,
        stored_at,
        born_host,
        store_host,
        reconsume_times,
        is_intact: checksum == 0 || checksum == crc32(&body),
        body,
        properties,
    })
}

/// As brokers store it: without the sign.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum() & 0x7fff_ffff
}

/// An address, its port in four bytes.
fn host(left: &mut Bytes, is_v6: bool) -> Result<SocketAddr, Malformed> {
    let ip = match is_v6 {
        false => u32::to_be_bytes(number(left)?).into(),
        true => u128::to_be_bytes(number(left)?).into(),
    };
    // What is no port is none.
    let port = u16::try_from(number::<u32>(left)?).unwrap_or(0);
    Ok(SocketAddr::new(ip, port))
}

fn take(left: &mut Bytes, count: usize) -> Result<Bytes, Malformed> {
    match count <= left.len() {
        true => Ok(left.split_to(count)),
        false => Err(Malformed::Parts),
    }
}

trait Number: Sized {
    fn get(from: &mut Bytes) -> Option<Self>;
}

macro_rules! numbers {
    ($($kind:ty: $get:ident),*) => {
        $(impl Number for $kind {
            fn get(from: &mut Bytes) -> Option<Self> {
                from.$get().ok()
            }
        })*
    };
}

numbers!(u8: try_get_u8, u16: try_get_u16, u32: try_get_u32, i32: try_get_i32,
    i64: try_get_i64, u128: try_get_u128);

fn number<N: Number>(left: &mut Bytes) -> Result<N, Malformed> {
    N::get(left).ok_or(Malformed::Parts)
}
