//! Frames: four bytes of length, then as many bytes.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Read in pieces, so that a length alone costs no memory.
const PIECE: usize = 64 * 1024;
/// The next piece may be so much larger than what has come: few pieces, of which the last is exact,
/// make less memory than doubling.
const GROWTH: usize = 8;

#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The other side closed in the middle.
    #[error("the answer was cut short after {got} of {of} bytes")]
    Cut { got: usize, of: usize },
    #[error("an answer of {size} bytes is over the limit of {limit}")]
    TooLarge { size: usize, limit: usize },
    /// The first bytes are those of something else, in words.
    #[error("{0} answers there")]
    Foreign(&'static str),
}

/// # Errors
/// `Io` with `UnexpectedEof` where nothing at all came.
pub(crate) async fn read<S>(stream: &mut S, limit: usize) -> Result<Bytes, FrameError>
where
    S: AsyncRead + Unpin + ?Sized,
{
    let mut head = [0; 4];
    let mut got = 0;
    while got < head.len() {
        match stream.read(&mut head[got..]).await? {
            0 if got == 0 => {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            0 => {
                return Err(FrameError::Cut {
                    got,
                    of: head.len(),
                });
            }
            more => got += more,
        }
    }
    let size = u32::from_be_bytes(head) as usize;
    if size > limit {
        return Err(match foreign(head) {
            Some(what) => FrameError::Foreign(what),
            None => FrameError::TooLarge { size, limit },
        });
    }
    let mut frame = BytesMut::with_capacity(size.min(PIECE));
    while frame.len() < size {
        if frame.len() == frame.capacity() {
            let piece = PIECE.max(GROWTH * frame.len());
            frame.reserve((size - frame.len()).min(piece));
        }
        let mut rest = (&mut *stream).take((size - frame.len()) as u64);
        if rest.read_buf(&mut frame).await? == 0 {
            return Err(FrameError::Cut {
                got: frame.len(),
                of: size,
            });
        }
    }
    Ok(frame.freeze())
}

/// What is known by its first bytes, which as a length would be far over any limit.
fn foreign(head: [u8; 4]) -> Option<&'static str> {
    Some(match &head {
        b"HTTP" | b"<htm" | b"<!do" | b"<!DO" => "an HTTP server",
        b"AMQP" => "an AMQP broker",
        b"SSH-" => "an SSH server",
        // A TLS record: alert or handshake, version 3.x.
        [0x15 | 0x16, 3, 0..=4, _] => "a listener with TLS",
        _ if head.iter().all(|byte| (b' '..=b'~').contains(byte)) => "something that writes text",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(bytes: &[u8], limit: usize) -> Result<Bytes, FrameError> {
        let mut bytes = bytes;
        read(&mut bytes, limit).await
    }

    #[tokio::test]
    async fn a_frame_is_read_to_its_end_and_no_further() {
        let mut two: &[u8] = &[0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9];
        assert_eq!(&read(&mut two, 100).await.unwrap()[..], [7, 8]);
        assert_eq!(&read(&mut two, 100).await.unwrap()[..], [9]);
        let end = read(&mut two, 100).await.unwrap_err();
        assert!(matches!(end, FrameError::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof));
        let mut large = (300_000u32).to_be_bytes().to_vec();
        large.resize(300_004, 5);
        assert_eq!(read_all(&large, 300_000).await.unwrap().len(), 300_000);
    }

    #[tokio::test]
    async fn a_cut_frame_says_how_far_it_came() {
        let cut = read_all(&[0, 0, 0, 9, 1, 2], 100).await.unwrap_err();
        assert!(matches!(cut, FrameError::Cut { got: 2, of: 9 }), "{cut}");
        let cut = read_all(&[0, 0], 100).await.unwrap_err();
        assert!(matches!(cut, FrameError::Cut { got: 2, of: 4 }), "{cut}");
    }

    #[tokio::test]
    async fn a_length_over_the_limit_is_refused_before_anything_is_read() {
        let error = read_all(&[6, 0, 0, 0], 64 << 20).await.unwrap_err();
        assert!(
            matches!(
                error,
                FrameError::TooLarge {
                    size: 100_663_296,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[tokio::test]
    async fn other_protocols_are_named() {
        for (bytes, what) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], "HTTP"),
            (b"AMQP\0\0\x09\x01", "AMQP"),
            (b"SSH-2.0-x", "SSH"),
            (b"+OK ready", "text"),
            (&[0x15, 3, 3, 0, 2, 2, 10], "TLS"),
        ] {
            let error = read_all(bytes, 64 << 20).await.unwrap_err();
            assert!(matches!(error, FrameError::Foreign(_)), "{error:?}");
            assert!(error.to_string().contains(what), "{error}");
        }
    }
}
