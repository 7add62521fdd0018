//! Points as series: those of one name and one set of attributes, in order of time.
//!
//! A cumulative count that starts anew, told by its start or by a smaller value, counts from zero.

use std::collections::BTreeMap;

use waybill_model::signal::{MetricPoint, MetricValue};
use waybill_model::span::{Attribute, Value, attribute};
use waybill_model::time::Timestamp;

use super::Window;
use super::measure::{self, Measure, seconds};

/// A count over more than this beyond the attempt itself says little of it, in ms.
const WIDE_MS: f64 = 150_000.0;
/// Points of a level that are so far from the attempt still tell of it, in ms, at most.
const NEAR_MS: f64 = 10_000.0;

pub(super) struct Series<'a> {
    pub name: &'a str,
    pub measure: Measure,
    pub unit: &'a str,
    pub attributes: &'a [Attribute],
    points: Vec<&'a MetricPoint>,
}

/// What a counter or a histogram grew by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Growth {
    /// Of a plain counter the same as `sum`.
    pub count: f64,
    pub sum: f64,
    /// Of what was counted, where it is known of this time alone.
    pub max: Option<f64>,
    /// How long it counted, ms.
    pub over_ms: f64,
}

type Labels<'a> = Vec<(&'a str, String)>;

/// The series that a rule reads.
pub(super) fn all(points: &[MetricPoint]) -> Vec<Series<'_>> {
    let mut found: BTreeMap<(&str, Labels<'_>), Series<'_>> = BTreeMap::new();
    for point in points {
        let Some(measure) = measure::of(&point.name) else {
            continue;
        };
        let mut labels: Labels<'_> = point
            .attributes
            .iter()
            .map(|a| (a.key.as_str(), a.value.to_text().unwrap_or_default()))
            .collect();
        labels.sort_unstable();
        let series = found
            .entry((&point.name, labels))
            .or_insert_with(|| Series {
                name: &point.name,
                measure,
                unit: &point.unit,
                attributes: &point.attributes,
                points: Vec::new(),
            });
        series.points.push(point);
    }
    let mut all: Vec<Series<'_>> = found.into_values().collect();
    for series in &mut all {
        series.points.sort_by_key(|point| point.at);
        // Sent again.
        series.points.dedup_by_key(|point| point.at);
    }
    all
}

impl Series<'_> {
    pub fn label(&self, names: &[&str]) -> Option<String> {
        let found = names
            .iter()
            .find_map(|name| attribute(self.attributes, name));
        found.and_then(Value::to_text)
    }

    /// Readings of a level within the window, or so near that the next would have told of it.
    pub fn levels(&self, window: Window) -> impl Iterator<Item = (Timestamp, f64)> + '_ {
        let near = self.near_ms() as i64;
        let (from, to) = (window.from.plus_ms(-near), window.to.plus_ms(near));
        let points = self.points.iter();
        points
            .filter(move |point| from <= point.at && point.at <= to)
            .filter_map(|point| Some((point.at, level(&point.value)?)))
    }

    /// The reading of a level at an instant, or the last before, or the first after.
    pub fn level_at(&self, at: Timestamp) -> Option<f64> {
        let before = self.points.iter().rev().find(|point| point.at <= at);
        let point = before.or_else(|| self.points.first())?;
        level(&point.value)
    }

    fn near_ms(&self) -> f64 {
        let gaps = self.points.windows(2);
        let shortest = gaps
            .map(|pair| pair[1].at.ms_since(pair[0].at))
            .min_by(f64::total_cmp);
        shortest.unwrap_or(0.0).min(NEAR_MS)
    }

    /// What it grew by from the last point before the window to the first after it, or as far as
    /// there are points. `None` where no point tells, or the time is too wide.
    pub fn growth(&self, window: Window) -> Option<Growth> {
        let mut growth = Growth::default();
        let (mut from, mut to): (Option<Timestamp>, Option<Timestamp>) = (None, None);
        let mut before: Option<&MetricPoint> = None;
        for point in &self.points {
            let counted = Counted::of(&point.value)?;
            if point.at <= window.from {
                before = Some(point);
                continue;
            }
            // The last one was past the window: all of it is told.
            if before.is_some_and(|before| before.at >= window.to) {
                break;
            }
            let base = before
                .filter(|before| counted.cumulative && goes_on(before, point))
                .and_then(|before| Some((before.at, Counted::of(&before.value)?)));
            let since = match &base {
                Some((at, _)) => Some(*at),
                None => started(point).or(before.map(|before| before.at)),
            };
            before = Some(point);
            // Of a first point it is not known since when it counted.
            let Some(since) = since else {
                continue;
            };
            let (count, sum) = base.map_or((0.0, 0.0), |(_, base)| (base.count, base.sum));
            growth.count += counted.count - count;
            growth.sum += counted.sum - sum;
            growth.max = counted.max.into_iter().chain(growth.max).reduce(f64::max);
            from = Some(from.map_or(since, |from| from.min(since)));
            to = Some(point.at);
        }
        growth.over_ms = to?.ms_since(from?);
        let wide = growth.over_ms > window.ms() + WIDE_MS;
        (!wide && growth.over_ms > 0.0).then_some(growth)
    }

    /// The same in seconds; `None` where its unit is no time.
    pub fn growth_s(&self, window: Window) -> Option<Growth> {
        let scale = seconds(self.unit)?;
        let growth = self.growth(window)?;
        Some(Growth {
            sum: growth.sum * scale,
            max: growth.max.map(|max| max * scale),
            ..growth
        })
    }
}

/// Both of one count, the later one not smaller.
fn goes_on(before: &MetricPoint, after: &MetricPoint) -> bool {
    let (Some(a), Some(b)) = (Counted::of(&before.value), Counted::of(&after.value)) else {
        return false;
    };
    let one_start = match (started(before), started(after)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    one_start && b.count >= a.count && b.sum >= a.sum
}

fn started(point: &MetricPoint) -> Option<Timestamp> {
    (point.started_at != Timestamp::EPOCH).then_some(point.started_at)
}

struct Counted {
    count: f64,
    sum: f64,
    max: Option<f64>,
    cumulative: bool,
}

impl Counted {
    /// `None` of what counts nothing, or does not tell since when.
    fn of(value: &MetricValue) -> Option<Self> {
        match *value {
            MetricValue::Gauge(_) => None,
            MetricValue::Sum { value, cumulative } => Some(Self {
                count: value,
                sum: value,
                max: None,
                cumulative,
            }),
            MetricValue::Histogram {
                count,
                sum,
                max,
                cumulative,
                ..
            } => {
                let cumulative = cumulative?;
                Some(Self {
                    count: count as f64,
                    sum,
                    // Since the start it says nothing of one time.
                    max: max.filter(|_| !cumulative),
                    cumulative,
                })
            }
        }
    }
}

/// A gauge, or a count of what there is now.
fn level(value: &MetricValue) -> Option<f64> {
    match *value {
        MetricValue::Gauge(value) => Some(value),
        MetricValue::Sum {
            value,
            cumulative: true,
        } => Some(value),
        _ => None,
    }
}
