//! The time range of a page, in its address: one of four that end now, or a start and an end.

use leptos::prelude::*;
use waybill_model::destination::Window;
use waybill_model::problem::Problem;
use waybill_model::time::{TimeRange, Timestamp};

use super::sheet;
use crate::data::asked::Asked;
use crate::data::search::{instant, wrong};
use crate::i18n::words;

const MINUTE_MS: i64 = 60_000;
const PRESETS: [(&str, i64); 4] = [("15m", 15), ("1h", 60), ("6h", 360), ("24h", 1_440)];
const USUAL: (&str, i64) = PRESETS[1];
/// Points of a chart, and rows of its table.
pub const MOST_POINTS: i64 = 120;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
    /// As it stands in the address; `None`: a start and an end.
    preset: Option<&'static str>,
}

impl Range {
    /// # Errors
    /// `InvalidRequest` that names the field which cannot be read.
    pub fn of(asked: &Asked, now: Timestamp) -> Result<Self, Problem> {
        let time = |name: &str| asked.text(name).map(|text| instant(name, text)).transpose();
        let (from, to) = (time("from")?, time("to")?);
        if from.is_some() || to.is_some() {
            let to = to.unwrap_or(now);
            let from = from.unwrap_or_else(|| to.plus_ms(-USUAL.1 * MINUTE_MS));
            if from >= to {
                return Err(wrong("from", "It lies before the end of the range."));
            }
            return Ok(Self {
                from,
                to,
                preset: None,
            });
        }
        let named = PRESETS.map(|preset| (preset.0, preset));
        let (preset, minutes) = asked.word("range", &named)?.unwrap_or(USUAL);
        Ok(Self {
            // The minute of now is one of them.
            from: now.plus_ms(-(minutes - 1) * MINUTE_MS),
            to: now,
            preset: Some(preset),
        })
    }

    pub fn window(self) -> Window {
        Window {
            from: Some(self.from),
            to: Some(self.to),
        }
    }

    pub fn times(self) -> TimeRange {
        TimeRange {
            from: self.from,
            to: self.to,
        }
    }

    /// Whole minutes, and points few enough for a chart.
    pub fn step_ms(self) -> i64 {
        let minutes = (self.to.ms_since(self.from) / MINUTE_MS as f64).ceil() as i64;
        ((minutes + MOST_POINTS - 1) / MOST_POINTS).max(1) * MINUTE_MS
    }

    /// Links to the four, and a form for another one; `path` is the page's.
    pub fn nav(self, path: String) -> AnyView {
        let words = &words().observed;
        let labels = [
            words.range_15m,
            words.range_1h,
            words.range_6h,
            words.range_24h,
        ];
        let links = PRESETS.into_iter().zip(labels).map(|((preset, _), label)| {
            let current = (self.preset == Some(preset)).then_some("true");
            let href = format!("{path}?range={preset}");
            view! { <a href=href aria-current=current>{label}</a> }
        });
        let links = links.collect_view();
        let minute = |at: Timestamp| at.to_string()[..16].to_owned();
        let (from, to) = (minute(self.from), minute(self.to));
        let other = self.preset.is_none();
        view! {
            <nav class="range" aria-label=words.range>
                <div class="tabs plain-tabs">{links}</div>
                <details class="more" open=other>
                    <summary>{words.range_other}</summary>
                    <form class="range-form" method="get" action=path>
                        {sheet::field("range-from", "from", words.from, &from)}
                        {sheet::field("range-to", "to", words.to, &to)}
                        <button class="button">{words.show_range}</button>
                    </form>
                </details>
            </nav>
        }
        .into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_from_the_address() {
        let now = Timestamp::from_unix_millis(1_795_435_200_000);
        let of = |query: &str| Range::of(&Asked::of(query), now);
        let usual = of("").unwrap();
        assert_eq!((usual.preset, usual.step_ms()), (Some("1h"), MINUTE_MS));
        let day = of("range=24h").unwrap();
        assert_eq!(day.step_ms(), 12 * MINUTE_MS);
        let own = of("from=2026-11-23T11:00&to=2026-11-23T11:30").unwrap();
        assert_eq!(own.to.ms_since(own.from), 1_800_000.0);
        for (query, field) in [
            ("from=yesterday", "from"),
            ("from=2026-11-23T11:00&to=2026-11-23T11:00", "from"),
            ("range=9d", "range"),
        ] {
            let problem = of(query).unwrap_err();
            assert!(problem.message.contains(field), "{problem:?}");
        }
    }
}
