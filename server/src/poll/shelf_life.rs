//! The oldest offset of a partition, as it goes on: what is dropped, and how fast.

use waybill_model::time::Timestamp;

/// It is read seldom; steps of whole segments make it jump, so the rate is over the last steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Oldest {
    /// The steps before the last one, and the last.
    first: Option<(i64, Timestamp)>,
    last: Option<(i64, Timestamp)>,
    read_at: Option<Timestamp>,
}

/// A rate of before is not told any more once it has stood for so many times the time of its steps.
const HOLDS: f64 = 3.0;

impl Oldest {
    pub fn read(&mut self, low: i64, at: Timestamp) {
        self.read_at = Some(at);
        match self.last {
            Some((last, _)) if last == low => {}
            Some((last, _)) if low < last => *self = Self::begun(low, at),
            Some(last) => {
                // Two steps make a rate; of more the later half counts.
                self.first = Some(self.first.map_or(last, |first| middle(first, last)));
                self.last = Some((low, at));
            }
            None => *self = Self::begun(low, at),
        }
    }

    /// Offsets a second; `None` while it was not seen to go on.
    pub fn per_s(&self) -> Option<f64> {
        let ((first, from), (last, to)) = (self.first?, self.last?);
        let ms = to.ms_since(from);
        let stood = self.read_at?.ms_since(to);
        (ms > 0.0 && stood <= HOLDS * ms).then(|| (last - first) as f64 * 1_000.0 / ms)
    }

    fn begun(low: i64, at: Timestamp) -> Self {
        Self {
            first: None,
            last: Some((low, at)),
            read_at: Some(at),
        }
    }
}

fn middle(a: (i64, Timestamp), b: (i64, Timestamp)) -> (i64, Timestamp) {
    let ms = b.1.ms_since(a.1) / 2.0;
    (a.0 + (b.0 - a.0) / 2, a.1.plus_ms(ms as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_advance_is_told_and_one_that_ended_is_not() {
        let at = |s: i64| Timestamp::from_unix_millis(s * 1_000);
        let mut oldest = Oldest::default();
        oldest.read(100, at(0));
        assert_eq!(oldest.per_s(), None);
        for minute in 1..20 {
            oldest.read(100 + minute * 600, at(minute * 60));
            assert_eq!(oldest.per_s().map(f64::round), Some(10.0));
        }
        oldest.read(11_500, at(19 * 60 + 600));
        assert_eq!(oldest.per_s(), None, "it has stood for long");
        oldest.read(5, at(60 * 60));
        assert_eq!(oldest.per_s(), None, "another partition");
    }
}
