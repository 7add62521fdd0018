//! A queue of a topic at a broker, and the one name that it has everywhere here: queues of several
//! brokers have the same numbers.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Queue {
    pub(super) broker: String,
    pub(super) id: i32,
}

impl Queue {
    pub(super) fn new(broker: &str, id: i32) -> Self {
        Self {
            broker: broker.to_owned(),
            id,
        }
    }

    /// As it is displayed, such as `broker-a:0`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (broker, id) = name.rsplit_once(':')?;
        let queue = Self::new(broker, id.parse().ok()?);
        (queue.to_string() == name && queue.id >= 0 && !broker.is_empty()).then_some(queue)
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.broker, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let queue = Queue::new("broker-a", 3);
        assert_eq!(queue.to_string(), "broker-a:3");
        assert_eq!(Queue::parse("broker-a:3"), Some(queue));
        assert_eq!(Queue::parse("a:b:0"), Some(Queue::new("a:b", 0)));
        for name in [
            "broker-a",
            "broker-a:",
            "broker-a:-1",
            "broker-a:03",
            ":0",
            "",
        ] {
            assert_eq!(Queue::parse(name), None, "{name}");
        }
    }
}
