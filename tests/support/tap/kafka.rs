//! Kafka's requests: their kind, and of the two kinds that read only under a condition the
//! condition. Layouts as in Kafka's protocol guide.

use super::Asked;

/// Kinds that change nothing, by their numbers: Fetch, ListOffsets, OffsetFetch, DescribeGroups,
/// ListGroups, SaslHandshake, ApiVersions, OffsetForLeaderEpoch, DescribeConfigs, DescribeLogDirs,
/// SaslAuthenticate, DescribeQuorum, DescribeCluster, ConsumerGroupDescribe,
/// DescribeTopicPartitions, ShareGroupDescribe.
const READING: [i16; 16] = [1, 2, 9, 15, 16, 17, 18, 23, 32, 35, 36, 55, 60, 69, 75, 77];
const METADATA: i16 = 3;
const FIND_COORDINATOR: i16 = 10;

/// The first whole request and its length in bytes.
pub(super) fn request(bytes: &[u8]) -> Option<(usize, Option<Asked>)> {
    let size = u32::from_be_bytes(bytes.get(..4)?.try_into().unwrap()) as usize;
    let frame = bytes.get(4..4 + size)?;
    let asked = read(frame).unwrap_or_else(|| Asked {
        name: "what is no request".into(),
        detail: String::from_utf8_lossy(frame).into_owned(),
        reads: false,
    });
    Some((4 + size, Some(asked)))
}

fn read(frame: &[u8]) -> Option<Asked> {
    let mut frame = Cursor(frame);
    let (key, version) = (frame.i16()?, frame.i16()?);
    frame.take(4)?;
    frame.text(false)?;
    let (name, detail, reads) = match key {
        METADATA => {
            let creates = creates_topics(&mut frame, version)?;
            ("Metadata", format!("creates topics: {creates}"), !creates)
        }
        FIND_COORDINATOR => {
            let (kind, keys) = coordinators(&mut frame, version)?;
            // Of a group: the offsets topic is there when groups are. Of a transaction it is not.
            ("FindCoordinator", keys.join(" "), kind == 0)
        }
        key => ("request", String::new(), READING.contains(&key)),
    };
    Some(Asked {
        name: format!("{name} {key} v{version}"),
        detail,
        reads,
    })
}

/// Whether topics that are named would be made if they are missing.
fn creates_topics(frame: &mut Cursor<'_>, version: i16) -> Option<bool> {
    let compact = version >= 9;
    if compact {
        frame.tags()?;
    }
    let named = frame.count(compact)?;
    for _ in 0..named {
        if version >= 10 {
            frame.take(16)?;
        }
        frame.text(compact)?;
        if compact {
            frame.tags()?;
        }
    }
    match version {
        // No such field: what is named is made.
        ..4 => Some(named > 0),
        _ => Some(frame.take(1)? != [0]),
    }
}

/// Kind (0: of groups) and the names.
fn coordinators(frame: &mut Cursor<'_>, version: i16) -> Option<(u8, Vec<String>)> {
    let compact = version >= 3;
    if compact {
        frame.tags()?;
    }
    if version >= 4 {
        let kind = frame.take(1)?[0];
        let count = frame.count(true)?;
        let keys: Option<Vec<String>> = (0..count).map(|_| frame.text(true)).collect();
        return Some((kind, keys?));
    }
    let key = frame.text(compact)?;
    let kind = match version {
        0 => 0,
        _ => frame.take(1)?[0],
    };
    Some((kind, vec![key]))
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn varint(&mut self) -> Option<usize> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Null is empty.
    fn text(&mut self, compact: bool) -> Option<String> {
        let length = match compact {
            true => self.varint()?.saturating_sub(1),
            false => usize::try_from(self.i16()?).unwrap_or(0),
        };
        Some(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    /// Of an array; null is empty.
    fn count(&mut self, compact: bool) -> Option<usize> {
        match compact {
            true => Some(self.varint()?.saturating_sub(1)),
            false => {
                let count = i32::from_be_bytes(self.take(4)?.try_into().ok()?);
                Some(usize::try_from(count).unwrap_or(0))
            }
        }
    }

    fn tags(&mut self) -> Option<()> {
        for _ in 0..self.varint()? {
            self.varint()?;
            let length = self.varint()?;
            self.take(length)?;
        }
        Some(())
    }
}
