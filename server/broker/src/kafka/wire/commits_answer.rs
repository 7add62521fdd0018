//! The answer to OffsetFetch, read by ourselves: it is by far the largest of all, and the crate's
//! decoder takes 90 bytes a (group, partition) where 16 are wanted.
//! Source: OffsetFetchResponse.json of Apache Kafka 4.x, versions 5 to 9.

use bytes::Bytes;

use super::answer::Answer;
use super::cursor::Cursor;
use super::shape::Misshapen;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::kafka) struct CommitsAnswer {
    /// Before version 8 one, without its name.
    pub(in crate::kafka) groups: Vec<GroupCommits>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::kafka) struct GroupCommits {
    pub(in crate::kafka) group: String,
    /// Of the group as a whole.
    pub(in crate::kafka) error: i16,
    pub(in crate::kafka) topics: Vec<TopicCommits>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::kafka) struct TopicCommits {
    pub(in crate::kafka) topic: String,
    pub(in crate::kafka) partitions: Vec<PartitionCommit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kafka) struct PartitionCommit {
    pub(in crate::kafka) partition: i32,
    pub(in crate::kafka) error: i16,
    /// Negative: none.
    pub(in crate::kafka) offset: i64,
}

/// Many groups in one answer (KIP-709), in versions from this one on.
pub(in crate::kafka) const BATCHED: i16 = 8;
const FLEXIBLE: i16 = 6;

/// Groups and topics: each costs more memory than bytes.
const MOST_NAMES: usize = 4_000_000;

impl Answer for CommitsAnswer {
    const LOOKS_ITSELF: bool = true;

    fn read(body: Bytes, version: i16) -> Result<Self, String> {
        answer(&body, version).map_err(|wrong| match wrong {
            Wrong::Shape(error) => error.to_string(),
            Wrong::Name => "a name in it is not UTF-8".into(),
        })
    }
}

enum Wrong {
    Shape(Misshapen),
    Name,
}

impl From<Misshapen> for Wrong {
    fn from(error: Misshapen) -> Self {
        Self::Shape(error)
    }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    names: usize,
}

fn answer(body: &[u8], version: i16) -> Result<CommitsAnswer, Wrong> {
    let mut reader = Reader {
        cursor: Cursor::new(body, version >= FLEXIBLE),
        names: 0,
    };
    let _throttle_ms = reader.cursor.int_32()?;
    let groups = if version >= BATCHED {
        reader.list(Reader::group)?
    } else {
        let topics = reader.list(Reader::topic)?;
        vec![GroupCommits {
            group: String::new(),
            error: reader.cursor.int_16()?,
            topics,
        }]
    };
    reader.cursor.skip_tags()?;
    match reader.cursor.left().len() {
        0 => Ok(CommitsAnswer { groups }),
        left => Err(Misshapen::Long(left).into()),
    }
}

impl Reader<'_> {
    fn group(&mut self) -> Result<GroupCommits, Wrong> {
        let group = self.name()?;
        let topics = self.list(Self::topic)?;
        let error = self.cursor.int_16()?;
        self.cursor.skip_tags()?;
        Ok(GroupCommits {
            group,
            error,
            topics,
        })
    }

    fn topic(&mut self) -> Result<TopicCommits, Wrong> {
        let topic = self.name()?;
        let partitions = self.list(Self::partition)?;
        self.cursor.skip_tags()?;
        Ok(TopicCommits { topic, partitions })
    }

    fn partition(&mut self) -> Result<PartitionCommit, Wrong> {
        let partition = self.cursor.int_32()?;
        let offset = self.cursor.int_64()?;
        let _leader_epoch = self.cursor.int_32()?;
        let _metadata = self.cursor.text()?;
        let error = self.cursor.int_16()?;
        self.cursor.skip_tags()?;
        Ok(PartitionCommit {
            partition,
            error,
            offset,
        })
    }

    fn list<T>(&mut self, each: fn(&mut Self) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
        let count = self.cursor.count()?;
        // No more memory than there are bytes, whatever the count says.
        let most = self.cursor.left().len() / size_of::<T>().max(1);
        let mut all = Vec::with_capacity(count.min(most));
        for _ in 0..count {
            all.push(each(self)?);
        }
        Ok(all)
    }

    fn name(&mut self) -> Result<String, Wrong> {
        self.names += 1;
        if self.names > MOST_NAMES {
            return Err(Misshapen::TooMany.into());
        }
        let text = std::str::from_utf8(self.cursor.text()?).map_err(|_| Wrong::Name)?;
        Ok(text.to_owned())
    }
}

#[cfg(test)]
#[path = "commits_answer_tests.rs"]
mod tests;
