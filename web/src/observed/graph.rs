//! A chart with its scale, its legend and the table behind it.

use leptos::prelude::*;
use waybill_model::time::Timestamp;

use super::graph_svg;
use super::sheet::{self, Col};
use crate::i18n::words;
use crate::part::table;

pub struct Line {
    pub label: &'static str,
    /// `None`: not known in this stretch.
    pub values: Vec<Option<f64>>,
}

pub struct Graph {
    pub label: &'static str,
    pub about: &'static str,
    pub unit: &'static str,
    /// The start of each stretch, oldest first, and how long each is.
    pub starts: Vec<Timestamp>,
    pub step_ms: i64,
    /// One to three, each as long as `starts`.
    pub lines: Vec<Line>,
    /// From the least to the greatest of each stretch, around the first line.
    pub band: Option<Vec<Option<(f64, f64)>>>,
    pub written: fn(f64) -> String,
    /// Where a stretch leads, such as to its messages.
    pub leads: Option<Box<dyn Fn(Timestamp, Timestamp) -> String>>,
    /// Times that something happened at, drawn as lines across.
    pub marks: Vec<Timestamp>,
}

impl Graph {
    pub fn view(self) -> AnyView {
        let words = &words().observed;
        let (Some(first), Some(last)) = (self.starts.first(), self.starts.last()) else {
            return ().into_any();
        };
        let (from, to) = (*first, last.plus_ms(self.step_ms));
        let values = self
            .lines
            .iter()
            .flat_map(|line| line.values.iter().flatten());
        let most = self.band.iter().flatten().flatten().map(|(_, most)| most);
        let top = graph_svg::top(values.chain(most).fold(0.0, |a, b| a.max(*b)));
        let lines: Vec<&[Option<f64>]> = self.lines.iter().map(|line| &*line.values).collect();
        let step_ms = self.step_ms.max(1) as f64;
        let within = self.marks.iter().filter(|at| (from..=to).contains(at));
        let marks: Vec<f64> = within.map(|at| at.ms_since(from) / step_ms).collect();
        let is_marked = !marks.is_empty();
        let svg = graph_svg::draw(&lines, self.band.as_deref(), &marks, top);
        let has_gap = lines.iter().any(|line| line.iter().any(Option::is_none));
        let scale = [top, top / 2.0].map(self.written);
        let about = (words.chart_about)(self.label, &format!("{} {}", scale[0], self.unit));
        let length_ms = to.ms_since(from);
        let ticks = (0..5).map(|n| {
            let at = from.plus_ms((length_ms * f64::from(n) / 4.0) as i64);
            view! { <span>{crate::format::clock(at)}</span> }
        });
        let ticks = ticks.collect_view();
        let [top, half] = scale;
        view! {
            <figure class="graph">
                <figcaption class="graph-head">
                    <h3>{self.label}</h3>
                    <span class="quiet">{self.unit} " · " {self.about}</span>
                </figcaption>
                <div class="chart" role="img" aria-label=about>
                    <div class="chart-scale num" aria-hidden="true">
                        <span>{top}</span>
                        <span>{half}</span>
                        <span>"0"</span>
                    </div>
                    <div
                        class="chart-plot graph-plot"
                        data-from=from.unix_millis().to_string()
                        data-to=to.unix_millis().to_string()
                    >
                        <div class="graph-drawing" inner_html=svg></div>
                        <div class="crosshair" data-own="" hidden=true></div>
                        <div class="brush" data-own="" hidden=true></div>
                    </div>
                    <div class="chart-time num" aria-hidden="true">{ticks}</div>
                </div>
                <div class="graph-foot">
                    {self.legend(has_gap, is_marked)}
                    <p class="readout num" data-own="" hidden=true></p>
                </div>
                <details class="more">
                    <summary>{words.chart_table}</summary>
                    {self.table()}
                </details>
            </figure>
        }
        .into_any()
    }

    fn legend(&self, has_gap: bool, is_marked: bool) -> AnyView {
        let mark = words().lag.event_mark;
        let words = &words().observed;
        let lines = self.lines.iter().zip(1..).map(|(line, n)| {
            view! { <li><span class=format!("stroke stroke-{n}")></span>{line.label}</li> }
        });
        let lines = lines.collect_view();
        let band = self.band.is_some();
        view! {
            <ul class="legend">
                {lines}
                {band.then(|| view! { <li><span class="swatch band"></span>{words.band}</li> })}
                {is_marked.then(|| view! { <li><span class="swatch mark"></span>{mark}</li> })}
                {has_gap.then(|| view! { <li><span class="swatch unknown"></span>{words.chart_gap}</li> })}
            </ul>
        }
        .into_any()
    }

    /// The newest first.
    fn table(&self) -> AnyView {
        let words = &words().observed;
        let mut columns = vec![Col::text(words.minute)];
        columns.extend(self.lines.iter().map(|line| Col::number(line.label)));
        if self.band.is_some() {
            columns.push(Col::number(words.band));
        }
        let rows = (0..self.starts.len())
            .rev()
            .map(|at| self.row(at))
            .collect();
        sheet::table(self.label, "compact", columns, rows)
    }

    fn row(&self, at: usize) -> AnyView {
        let unknown = words().observed.chart_gap;
        let start = self.starts[at];
        let minute = start.to_string()[..16].replace('T', " ");
        let start = match &self.leads {
            Some(leads) => {
                let href = leads(start, start.plus_ms(self.step_ms));
                view! { <a class="num" href=href>{minute}</a> }.into_any()
            }
            None => view! { <span class="num">{minute}</span> }.into_any(),
        };
        let told =
            |value: Option<String>| table::number(value.unwrap_or_else(|| unknown.to_owned()));
        let mut cells = vec![table::title(start)];
        cells.extend(
            self.lines
                .iter()
                .map(|line| told(line.values[at].map(self.written))),
        );
        if let Some(band) = &self.band {
            let range = band[at].map(|(least, most)| {
                format!("{} – {}", (self.written)(least), (self.written)(most))
            });
            cells.push(told(range));
        }
        table::row(cells)
    }
}

pub fn whole(value: f64) -> String {
    crate::format::count(value.round().max(0.0) as u64)
}

/// Stretches of `each` values, where one of each is made of those that are known.
pub fn folded<T: Copy, U>(
    values: &[Option<T>],
    each: usize,
    fold: impl Fn(&[T]) -> U,
) -> Vec<Option<U>> {
    let known = |run: &[Option<T>]| run.iter().flatten().copied().collect::<Vec<T>>();
    values
        .chunks(each.max(1))
        .map(known)
        .map(|run| (!run.is_empty()).then(|| fold(&run)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_known_where_a_part_of_it_is() {
        let values = [Some(1), None, None, None, Some(3), Some(5), Some(7)];
        let sums = folded(&values, 2, |run| run.iter().sum::<i32>());
        assert_eq!(sums, [Some(1), None, Some(8), Some(7)]);
    }
}
