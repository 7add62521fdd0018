//! Reads a stream. AMQP does not tell where a stream ends, so its last chunk is read first; a stream
//! that gives nothing for a moment is taken to be empty.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use lapin::Consumer;
use lapin::types::AMQPValue;
use tokio::time::{Instant, timeout_at};

use super::delivery::stored;
use super::tap::{Tap, leave};
use crate::adapter::{Reason, Refused};
use crate::browse::{Ask, Ended, Keep, Read, Start, Stored};

/// Until the first message of the last chunk; then between one and the next.
const FIRST_SILENCE: Duration = Duration::from_secs(2);
const SILENCE: Duration = Duration::from_millis(500);
/// What looking for the end may read: a busy stream is never silent.
const CHUNK_BYTES: u64 = 4 * 1024 * 1024;

struct Reading<'a> {
    tap: &'a Tap,
    queue: &'a str,
    ask: &'a Ask,
    deadline: Instant,
    bytes: u64,
    /// Of these, what the look for the end took: no budget is asked for it.
    looked: u64,
    messages: u64,
    /// After the last that was seen.
    end: i64,
}

/// What came, or why nothing did.
enum Next {
    Message(Box<Stored>),
    Silence,
}

/// # Errors
/// The stream may not be read, or the connection broke.
pub(super) async fn read(
    tap: &Tap,
    queue: &str,
    ask: &Ask,
    deadline: Instant,
    keep: &mut Keep<'_>,
) -> Result<Read, Refused> {
    let mut reading = Reading {
        tap,
        queue,
        ask,
        deadline,
        bytes: 0,
        looked: 0,
        messages: 0,
        end: 0,
    };
    reading.find_end().await?;
    let end = reading.end;
    let from = match &ask.start {
        Start::Earliest | Start::Time(_) => 0,
        Start::Newest(n) => end.saturating_sub(i64::try_from(*n).unwrap_or(i64::MAX)),
        Start::Offset(offset) => *offset,
        Start::At(offsets) => offsets.get(queue).copied().unwrap_or(end),
    };
    let from = from.clamp(0, end);
    let (next, ended) = reading.forward(from, keep).await?;
    let of = |offset| BTreeMap::from([(queue.to_owned(), offset)]);
    Ok(Read {
        messages: reading.messages,
        bytes: reading.bytes,
        next: of(next),
        lows: BTreeMap::new(),
        ends: of(reading.end.max(next)),
        ended,
        unread: Vec::new(),
    })
}

impl Reading<'_> {
    /// By its last chunk, which costs what it holds. Of a busy stream: as far as it was seen.
    async fn find_end(&mut self) -> Result<(), Refused> {
        let last = AMQPValue::LongString("last".into());
        let (channel, mut consumer) = self.tap.consume(last, self.deadline).await?;
        let give_up = (Instant::now() + FIRST_SILENCE).min(self.deadline);
        let mut until = give_up;
        while self.bytes < CHUNK_BYTES && Instant::now() < give_up {
            match self.next(&mut consumer, until).await? {
                Next::Message(message) => {
                    self.end = self.end.max(message.offset.saturating_add(1));
                }
                Next::Silence => break,
            }
            until = (Instant::now() + SILENCE).min(give_up);
        }
        self.looked = self.bytes;
        leave(channel, consumer).await;
        Ok(())
    }

    /// Where to go on, and why it ended.
    async fn forward(&mut self, from: i64, keep: &mut Keep<'_>) -> Result<(i64, Ended), Refused> {
        let until = self.end;
        let mut next = from;
        if self.bytes_are_used() && from < until {
            return Ok((next, Ended::Bytes));
        }
        let lingers = !self.ask.linger.is_zero();
        if from >= until && !lingers {
            return Ok((next, Ended::End));
        }
        let offset = match &self.ask.start {
            // The chunk in which it lies, or the next.
            Start::Time(at) => {
                AMQPValue::Timestamp(u64::try_from(at.unix_millis() / 1000).unwrap_or(0))
            }
            _ => AMQPValue::LongLongInt(from),
        };
        let (channel, mut consumer) = self.tap.consume(offset, self.deadline).await?;
        let mut lingers_until = None;
        let ended = loop {
            if next >= until && lingers_until.is_none() {
                if !lingers {
                    break Ended::End;
                }
                lingers_until = Some(Instant::now() + self.ask.linger);
            }
            if self.bytes_are_used() {
                break Ended::Bytes;
            }
            let stops = lingers_until.unwrap_or(self.deadline).min(self.deadline);
            let Next::Message(message) = self.next(&mut consumer, stops).await? else {
                // Nothing is of that time or later: going on from the beginning would show all.
                if self.messages == 0 && matches!(self.ask.start, Start::Time(_)) {
                    next = until;
                }
                break match lingers_until {
                    Some(until) if until <= self.deadline => Ended::End,
                    _ => Ended::Time,
                };
            };
            // A chunk comes whole, from before what was asked.
            if message.offset < next {
                continue;
            }
            next = message.offset.saturating_add(1);
            self.end = self.end.max(next);
            self.messages += 1;
            if keep(*message).is_break() {
                break Ended::Enough;
            }
        };
        leave(channel, consumer).await;
        Ok((next, ended))
    }

    fn bytes_are_used(&self) -> bool {
        self.bytes.saturating_sub(self.looked) >= self.ask.budget.bytes
    }

    /// Asks for more with each that came.
    async fn next(&mut self, consumer: &mut Consumer, until: Instant) -> Result<Next, Refused> {
        let delivery = match timeout_at(until, consumer.next()).await {
            Err(_) => return Ok(Next::Silence),
            Ok(Some(Ok(delivery))) => delivery,
            Ok(Some(Err(error))) => return Err(self.tap.who.inside(&error)),
            Ok(None) => {
                return Err(Refused {
                    reason: Reason::Unreachable,
                    detail: "the broker ended the reading of the stream".into(),
                    hint: "It was deleted, or its node went down.".into(),
                });
            }
        };
        let acker = delivery.acker.clone();
        let message = stored(self.queue, delivery).ok_or_else(|| Refused {
            reason: Reason::BadAnswer,
            detail: "a message came without its offset in the stream".into(),
            hint: "What is consumed is no stream.".into(),
        })?;
        // Not before: a queue that was declared anew as another kind would lose it.
        self.tap.ask_for_more(acker, &message).await?;
        self.bytes += message.size_bytes;
        Ok(Next::Message(Box::new(message)))
    }
}
