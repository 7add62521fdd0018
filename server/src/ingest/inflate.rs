//! Decompression while a body arrives, with a limit on what comes out. A bomb is noticed at the
//! first byte beyond the limit; a stream that ends early is an error, not a shorter request.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::budget::Held;
use super::refusal::Refusal;

/// 8 MiB, the window that RFC 8878 asks every decoder to support; larger ones are refused.
const ZSTD_WINDOW_LOG: u32 = 23;

const LEAST: usize = 16 << 10;
/// Beyond this a body gets all the room that it may need at once: pages that nothing was written to
/// take no memory, while what a vector has outgrown stays there for a moment.
const SMALL: usize = 512 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Identity,
    Gzip,
    Zstd,
}

impl Compression {
    /// From `content-encoding` or `grpc-encoding`; `None`: one that is not spoken here.
    pub fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

pub struct Inflater {
    inner: Inner,
    taken: usize,
}

enum Inner {
    Identity(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    Zstd(Box<Zstd>),
}

impl Inflater {
    /// `held` grows with what comes out, up to `limit` bytes.
    pub fn new(compression: Compression, limit: usize, held: Held) -> Result<Self, Refusal> {
        let sink = Sink {
            out: Vec::new(),
            limit,
            told: usize::MAX,
            held,
            refusal: None,
        };
        let inner = match compression {
            Compression::Identity => Inner::Identity(sink),
            Compression::Gzip => Inner::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Compression::Zstd => Inner::Zstd(Box::new(Zstd::new(sink).map_err(broken)?)),
        };
        Ok(Self { inner, taken: 0 })
    }

    /// Bytes that the sender says will come, 0 where it does not; compressed ones tell nothing of
    /// what comes out.
    pub fn expecting(mut self, told: usize) -> Self {
        if let Inner::Identity(sink) = &mut self.inner
            && told > 0
        {
            sink.told = told;
        }
        self
    }

    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        self.taken += chunk.len();
        let written = match &mut self.inner {
            Inner::Identity(sink) => sink.write_all(chunk),
            Inner::Gzip(decoder) => decoder.write_all(chunk),
            Inner::Zstd(decoder) => decoder.write_all(chunk),
        };
        written.map_err(|error| self.why(error))
    }

    /// The whole body and the share of the budget that it holds.
    pub fn finish(mut self) -> Result<(Vec<u8>, Held), Refusal> {
        // Some senders compress "nothing" to nothing.
        let ended = match &mut self.inner {
            _ if self.taken == 0 => Ok(()),
            Inner::Identity(_) => Ok(()),
            Inner::Gzip(decoder) => decoder.try_finish(),
            Inner::Zstd(decoder) => decoder.complete(),
        };
        ended.map_err(|error| self.why(error))?;
        let sink = match self.inner {
            Inner::Identity(sink) => sink,
            Inner::Gzip(mut decoder) => decoder.get_mut().take(),
            Inner::Zstd(decoder) => decoder.sink,
        };
        Ok((sink.out, sink.held))
    }

    fn why(&mut self, error: io::Error) -> Refusal {
        let sink = match &mut self.inner {
            Inner::Identity(sink) => sink,
            Inner::Gzip(decoder) => decoder.get_mut(),
            Inner::Zstd(decoder) => &mut decoder.sink,
        };
        sink.refusal.take().unwrap_or_else(|| broken(error))
    }
}

fn broken(error: io::Error) -> Refusal {
    Refusal::broken_body(format!("The compressed body is broken: {error}."))
}

impl Sink {
    /// What came out; the empty rest stays with a decoder that does not give its writer back once
    /// it met the end of its stream.
    fn take(&mut self) -> Self {
        let rest = Held::nothing_of(&self.held);
        Self {
            out: std::mem::take(&mut self.out),
            limit: self.limit,
            told: self.told,
            held: std::mem::replace(&mut self.held, rest),
            refusal: None,
        }
    }
}

struct Sink {
    out: Vec<u8>,
    limit: usize,
    told: usize,
    held: Held,
    refusal: Option<Refusal>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.out.len() + bytes.len();
        if len > self.limit {
            self.refusal = Some(Refusal::too_large(self.limit));
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // What the sender says is believed once a quarter of it has come.
        let end = self.told.min(self.limit);
        if len > self.held.bytes() {
            let share = match len <= end && end <= 4 * len {
                true => end,
                false => 2 * len,
            };
            let share = share.clamp(LEAST, self.limit.max(LEAST));
            if let Err(refusal) = self.held.at_least(share) {
                self.refusal = Some(refusal);
                return Err(io::ErrorKind::OutOfMemory.into());
            }
        }
        if len > self.out.capacity() {
            let capacity = match len > SMALL {
                true => self.limit.min(end.max(2 * len)),
                false => (2 * len).clamp(LEAST, self.limit.max(LEAST)),
            };
            self.out.reserve_exact(capacity - self.out.len());
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Zstd {
    decoder: Decoder<'static>,
    sink: Sink,
    buffer: Box<[u8]>,
    /// The last frame ended where the input so far ends.
    whole: bool,
}

impl Zstd {
    fn new(sink: Sink) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
        Ok(Self {
            decoder,
            sink,
            buffer: vec![0; 32 << 10].into_boxed_slice(),
            whole: true,
        })
    }

    fn write_all(&mut self, chunk: &[u8]) -> io::Result<()> {
        let mut input = InBuffer::around(chunk);
        loop {
            let (produced, full) = {
                let mut output = OutBuffer::around(&mut self.buffer[..]);
                let hint = self.decoder.run(&mut input, &mut output)?;
                self.whole = hint == 0;
                (output.pos(), output.pos() == output.capacity())
            };
            self.sink.write_all(&self.buffer[..produced])?;
            // A full buffer may hide more output than the input shows.
            if input.pos() == chunk.len() && !full {
                return Ok(());
            }
        }
    }

    fn complete(&self) -> io::Result<()> {
        if self.whole {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::budget::Budget;
    use crate::ingest::refusal::Kind;

    const LIMIT: usize = 1 << 20;

    fn inflate(compression: Compression, chunks: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
        let held = Budget::new(4 * LIMIT).hold_nothing();
        let mut inflater = Inflater::new(compression, LIMIT, held)?;
        for chunk in chunks {
            inflater.push(chunk)?;
        }
        inflater.finish().map(|(bytes, _)| bytes)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn text() -> Vec<u8> {
        (0..200_000u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect()
    }

    #[test]
    fn round_trips_in_any_chunking() {
        let plain = text();
        let packed = [
            (Compression::Identity, plain.clone()),
            (Compression::Gzip, gzip(&plain)),
            (Compression::Zstd, zstd::encode_all(&plain[..], 3).unwrap()),
        ];
        for (compression, bytes) in packed {
            for size in [997, 16 << 10, bytes.len()] {
                let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
                assert_eq!(
                    inflate(compression, &chunks).unwrap(),
                    plain,
                    "{compression:?}"
                );
            }
            assert_eq!(inflate(compression, &[]).unwrap(), b"");
        }
    }

    #[test]
    fn a_cut_stream_is_an_error_and_not_a_shorter_body() {
        let plain = text();
        for (compression, bytes) in [
            (Compression::Gzip, gzip(&plain)),
            (Compression::Zstd, zstd::encode_all(&plain[..], 3).unwrap()),
        ] {
            for cut in [1, 5, 12, bytes.len() / 2, bytes.len() - 1] {
                let refusal = inflate(compression, &[&bytes[..cut]]).unwrap_err();
                assert_eq!(refusal.kind, Kind::Undecodable, "{compression:?} {cut}");
            }
            let refusal = inflate(compression, &[b"not compressed at all"]).unwrap_err();
            assert_eq!(refusal.kind, Kind::Undecodable);
        }
    }

    #[test]
    fn bombs_stop_at_the_limit() {
        let zeros = vec![0; 64 << 20];
        for (compression, bomb) in [
            (Compression::Gzip, gzip(&zeros)),
            (Compression::Zstd, zstd::encode_all(&zeros[..], 3).unwrap()),
        ] {
            let refusal = inflate(compression, &[&bomb]).unwrap_err();
            assert_eq!(refusal.kind, Kind::TooLarge, "{compression:?}");
        }
        let refusal = inflate(Compression::Identity, &[&zeros]).unwrap_err();
        assert_eq!(refusal.kind, Kind::TooLarge);
    }

    #[test]
    fn the_budget_is_asked_before_memory_is_taken() {
        let held = Budget::new(64 << 10).hold_nothing();
        let mut inflater = Inflater::new(Compression::Identity, LIMIT, held).unwrap();
        let refusal = inflater.push(&vec![0; 100 << 10]).unwrap_err();
        assert_eq!(refusal.kind, Kind::Overloaded);
    }
}
