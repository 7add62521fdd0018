//! The traffic chart: plotters draws lines and areas, HTML around it carries every word, so the
//! text stays its size at any width and nothing in the drawing needs escaping.

use leptos::prelude::*;
use waybill_model::view::TrafficPoint;

use super::table::{self, Column};
use crate::format;
use crate::i18n::words;

/// Lines and areas of traffic, as SVG stretched to its box. Empty with fewer than two points.
pub fn traffic_svg(points: &[TrafficPoint]) -> String {
    draw(points).unwrap_or_default()
}

type DrawError = plotters::drawing::DrawingAreaErrorKind<std::io::Error>;

fn draw(points: &[TrafficPoint]) -> Result<String, DrawError> {
    use plotters::prelude::*;

    const SIZE: (u32, u32) = (960, 160);
    // plotters knows RGB only: reserved colours stand for the style sheet's.
    const PUBLISHED: RGBColor = RGBColor(1, 2, 3);
    const PROCESSED: RGBColor = RGBColor(4, 5, 6);
    const FAILED: RGBColor = RGBColor(7, 8, 9);
    const NAMES: [(&str, &str); 3] = [
        ("#010203", "var(--series-1)"),
        ("#040506", "var(--series-2)"),
        ("#070809", "var(--series-3)"),
    ];

    if points.len() < 2 {
        return Ok(String::new());
    }
    let top = peak(points) as f64;
    let line = |value: fn(&TrafficPoint) -> u64| {
        points
            .iter()
            .enumerate()
            .map(move |(at, point)| (at as f64, value(point) as f64))
    };
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart =
            ChartBuilder::on(&area).build_cartesian_2d(0.0..(points.len() - 1) as f64, 0.0..top)?;
        chart.draw_series(AreaSeries::new(
            line(|p| p.published),
            0.0,
            PUBLISHED.mix(0.14),
        ))?;
        chart.draw_series(LineSeries::new(line(|p| p.published), PUBLISHED))?;
        chart.draw_series(LineSeries::new(line(|p| p.processed), PROCESSED))?;
        chart.draw_series(LineSeries::new(line(|p| p.failed), FAILED))?;
        area.present()?;
    }
    for (colour, name) in NAMES {
        svg = svg.replace(colour, name);
    }
    Ok(svg.replacen(
        &format!("<svg width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1),
        "<svg preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\"",
        1,
    ))
}

/// The top of the scale: the highest count, rounded up to 1, 2 or 5 times a power of ten.
fn peak(points: &[TrafficPoint]) -> u64 {
    let highest = points
        .iter()
        .map(|p| p.published.max(p.processed).max(p.failed))
        .max()
        .unwrap_or(0)
        .max(1);
    let mut step = 1_u64;
    loop {
        for top in [step, step.saturating_mul(2), step.saturating_mul(5)] {
            if top >= highest || top == u64::MAX {
                return top;
            }
        }
        step = step.saturating_mul(10);
    }
}

#[component]
pub fn TrafficChart(points: Vec<TrafficPoint>, svg: String) -> impl IntoView {
    let words = words();
    let top = peak(&points);
    let ticks: Vec<_> = (0..5)
        .filter_map(|n| points.get(n * points.len().saturating_sub(1) / 4))
        .map(|point| format::clock(point.at))
        .collect();
    let columns = vec![
        Column::Text(words.overview.minute),
        Column::Number(words.overview.published),
        Column::Number(words.overview.processed),
        Column::Number(words.overview.failed),
    ];
    let rows = points.iter().rev().map(minute).collect();
    let rows = table::table(words.overview.traffic, "compact", columns, rows);
    view! {
        <figure class="chart" role="img" aria-label=(words.overview.chart_about)(&format::count(top))>
            <div class="chart-scale num" aria-hidden="true">
                <span>{format::count(top)}</span>
                <span>{(top > 1).then(|| format::count(top / 2))}</span>
                <span>"0"</span>
            </div>
            <div class="chart-plot" inner_html=svg></div>
            <div class="chart-time num" aria-hidden="true">
                {ticks.into_iter().map(|tick| view! { <span>{tick}</span> }).collect_view()}
            </div>
        </figure>
        <ul class="legend">
            <li><span class="swatch series-1"></span>{words.overview.published}</li>
            <li><span class="swatch series-2"></span>{words.overview.processed}</li>
            <li><span class="swatch series-3"></span>{words.overview.failed}</li>
            <li class="quiet">{words.overview.per_minute}</li>
        </ul>
        <details class="more">
            <summary>{words.overview.traffic_table}</summary>
            {rows}
        </details>
    }
}

fn minute(point: &TrafficPoint) -> AnyView {
    table::row(vec![
        table::title(super::time::instant(point.at)),
        table::number(format::count(point.published)),
        table::number(format::count(point.processed)),
        table::number(format::count(point.failed)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_model::time::Timestamp;

    fn point(published: u64) -> TrafficPoint {
        TrafficPoint {
            at: Timestamp::EPOCH,
            published,
            processed: published / 2,
            failed: 0,
        }
    }

    #[test]
    fn colours_are_names_and_no_word_is_drawn() {
        let svg = traffic_svg(&[point(3), point(40), point(7)]);
        assert!(svg.contains("var(--series-1)") && svg.contains("preserveAspectRatio"));
        assert!(!svg.contains("<text") && !svg.contains("#01"));
        assert_eq!(traffic_svg(&[point(3)]), "");
        assert!(!traffic_svg(&[point(0), point(0)]).is_empty());
    }

    #[test]
    fn the_scale_is_round() {
        assert_eq!(peak(&[point(0)]), 1);
        assert_eq!(peak(&[point(43)]), 50);
        assert_eq!(peak(&[point(501)]), 1000);
        assert_eq!(peak(&[point(u64::MAX)]), u64::MAX);
    }
}
