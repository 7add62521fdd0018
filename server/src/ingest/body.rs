//! Reads a request's body: as it arrives, in bounded time and memory.

use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::budget::Held;
use super::inflate::{Compression, Inflater};
use super::listen::closed;
use super::receiver::Receiver;
use super::refusal::Refusal;

/// What is left of a body has this long to come once the server ends.
const AT_END: Duration = Duration::from_secs(2);

/// A body in full, decompressed, with its share of the budget.
#[derive(Debug)]
pub struct Whole {
    pub bytes: Vec<u8>,
    pub held: Held,
}

/// Of an HTTP request: everything is the message.
pub async fn plain<B>(
    body: B,
    compression: Compression,
    receiver: &Receiver,
) -> Result<Whole, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let limit = receiver.settings.limits.request_bytes;
    // Told beforehand, it is refused before it is read.
    let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let most = match compression {
        Compression::Identity => limit,
        _ => compressed_limit(limit),
    };
    if told > most {
        return Err(Refusal::too_large(limit));
    }
    let mut chunks = Chunks::new(body, receiver);
    let inflater = Inflater::new(compression, limit, receiver.budget.hold_nothing())?;
    let mut inflater = inflater.expecting(told);
    while let Some(chunk) = chunks.next().await? {
        inflater.push(&chunk)?;
    }
    let (bytes, held) = inflater.finish()?;
    Ok(Whole { bytes, held })
}

/// Of a unary gRPC call: one message behind a flag and a length.
/// Source: grpc.io, "gRPC over HTTP2", Length-Prefixed-Message.
pub async fn unary<B>(
    body: B,
    compression: Compression,
    receiver: &Receiver,
) -> Result<Whole, Refusal>
where
    B: Body<Data = Bytes> + Unpin,
{
    let limit = receiver.settings.limits.request_bytes;
    let mut chunks = Chunks::new(body, receiver);
    let mut prefix = [0u8; 5];
    let mut prefix_len = 0;
    let mut message: Option<(Inflater, usize)> = None;
    while let Some(chunk) = chunks.next().await? {
        let mut chunk = &chunk[..];
        if message.is_none() {
            let taken = chunk.len().min(5 - prefix_len);
            prefix[prefix_len..prefix_len + taken].copy_from_slice(&chunk[..taken]);
            prefix_len += taken;
            chunk = &chunk[taken..];
            if prefix_len == 5 {
                let (compression, len) = read_prefix(prefix, compression, limit)?;
                let held = receiver.budget.hold_nothing();
                let inflater = Inflater::new(compression, limit, held)?.expecting(len);
                message = Some((inflater, len));
            }
        }
        if let Some((inflater, missing)) = &mut message {
            *missing = missing
                .checked_sub(chunk.len())
                .ok_or_else(|| Refusal::broken_body("A unary call has one message."))?;
            inflater.push(chunk)?;
        }
    }
    match message {
        Some((inflater, 0)) => {
            let (bytes, held) = inflater.finish()?;
            Ok(Whole { bytes, held })
        }
        _ => Err(Refusal::broken_body(
            "The message is shorter than its length says.",
        )),
    }
}

/// Incompressible bytes grow a little when they are compressed all the same.
fn compressed_limit(limit: usize) -> usize {
    limit + limit / 64 + 1_024
}

fn read_prefix(
    [flag, len @ ..]: [u8; 5],
    compression: Compression,
    limit: usize,
) -> Result<(Compression, usize), Refusal> {
    let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX);
    if len > compressed_limit(limit) {
        return Err(Refusal::too_large(limit));
    }
    match (flag, compression) {
        (0, _) => Ok((Compression::Identity, len)),
        (1, Compression::Identity) => Err(Refusal::broken_body(
            "The message is flagged as compressed, but grpc-encoding does not say how.",
        )),
        (1, compression) => Ok((compression, len)),
        _ => Err(Refusal::broken_body(
            "The message's flag is neither 0 nor 1.",
        )),
    }
}

struct Chunks<B> {
    body: B,
    idle: Duration,
    deadline: Instant,
    closing: watch::Receiver<bool>,
    /// The server ends, and the deadline is that of its end.
    is_last: bool,
}

impl<B> Chunks<B>
where
    B: Body<Data = Bytes> + Unpin,
{
    fn new(body: B, receiver: &Receiver) -> Self {
        Self {
            body,
            idle: receiver.settings.idle,
            deadline: Instant::now() + receiver.settings.body,
            closing: receiver.closing.clone(),
            is_last: false,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            let patience = self.deadline.min(Instant::now() + self.idle);
            let frame = tokio::select! {
                frame = timeout_at(patience, self.body.frame()) => frame,
                () = closed(&mut self.closing), if !self.is_last => {
                    self.is_last = true;
                    self.deadline = self.deadline.min(Instant::now() + AT_END);
                    continue;
                }
            };
            let frame = frame.map_err(|_| match self.is_last {
                true => Refusal::shutting_down(),
                false => Refusal::slow(),
            })?;
            match frame {
                None => return Ok(None),
                Some(Err(_)) => return Err(Refusal::broken_body("The body broke off.")),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}
