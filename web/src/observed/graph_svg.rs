//! The drawing of a chart: bands, lines and what is not known. No word stands in it, so nothing in
//! it needs escaping, and it is stretched to its box.

use plotters::prelude::*;

type DrawError = DrawingAreaErrorKind<std::io::Error>;

const SIZE: (u32, u32) = (960, 160);
// plotters knows RGB only: reserved colours stand for those of the style sheet, by series.
const SERIES: [RGBColor; 3] = [RGBColor(1, 2, 3), RGBColor(4, 5, 6), RGBColor(7, 8, 9)];
const UNKNOWN: RGBColor = RGBColor(10, 11, 12);
const MARK: RGBColor = RGBColor(13, 14, 15);
// Lines are told apart by their dashes too.
const NAMES: [(&str, &str); 6] = [
    ("\"#010203\"", "\"var(--series-1)\""),
    (
        "stroke=\"#040506\"",
        "stroke=\"var(--series-2)\" stroke-dasharray=\"7 4\"",
    ),
    (
        "stroke=\"#070809\"",
        "stroke=\"var(--series-3)\" stroke-dasharray=\"2 3\"",
    ),
    ("\"#0A0B0C\"", "\"var(--edge)\""),
    (
        "stroke=\"#0D0E0F\"",
        "stroke=\"var(--warning)\" stroke-dasharray=\"4 3\"",
    ),
    (
        "fill=\"none\"",
        "fill=\"none\" vector-effect=\"non-scaling-stroke\"",
    ),
];

/// At most three lines of equal length; a value that is `None` was not known then. `band`: from the
/// least to the greatest, around the first line. `marks`: places along the line at which something
/// happened. `top` is above zero.
pub fn draw(
    lines: &[&[Option<f64>]],
    band: Option<&[Option<(f64, f64)>]>,
    marks: &[f64],
    top: f64,
) -> String {
    drawn(lines, band, marks, top).unwrap_or_default()
}

fn drawn(
    lines: &[&[Option<f64>]],
    band: Option<&[Option<(f64, f64)>]>,
    marks: &[f64],
    top: f64,
) -> Result<String, DrawError> {
    let count = lines.first().map_or(0, |line| line.len());
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area).build_cartesian_2d(0.0..count as f64, 0.0..top)?;
        let unknown: Vec<Option<()>> = (0..count)
            .map(|at| lines.iter().all(|line| line[at].is_none()).then_some(()))
            .collect();
        chart.draw_series(runs(&unknown).into_iter().map(|(start, run)| {
            let end = (start + run.len()) as f64;
            Rectangle::new([(start as f64, 0.0), (end, top)], UNKNOWN.mix(0.6).filled())
        }))?;
        let bands = band.map(runs).unwrap_or_default().into_iter();
        chart.draw_series(bands.map(|(start, run)| {
            let along = |(at, range): (usize, &(f64, f64))| (middle(start + at), *range);
            let there = run
                .iter()
                .enumerate()
                .map(along)
                .map(|(x, range)| (x, range.1));
            let back = run
                .iter()
                .enumerate()
                .map(along)
                .map(|(x, range)| (x, range.0));
            let around: Vec<(f64, f64)> = there.chain(back.rev()).collect();
            Polygon::new(around, SERIES[0].mix(0.2).filled())
        }))?;
        for mark in marks {
            chart.draw_series(LineSeries::new([(*mark, 0.0), (*mark, top)], MARK))?;
        }
        for (line, colour) in lines.iter().zip(SERIES).rev() {
            for (start, run) in runs(line) {
                chart.draw_series(LineSeries::new(path(start, &run), colour))?;
            }
        }
        area.present()?;
    }
    for (reserved, own) in NAMES {
        svg = svg.replace(reserved, own);
    }
    Ok(svg.replacen(
        &format!("<svg width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1),
        "<svg preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\"",
        1,
    ))
}

fn middle(at: usize) -> f64 {
    at as f64 + 0.5
}

/// A value between two that are not known is a short line, for it would not be seen as a point.
fn path(start: usize, run: &[f64]) -> Vec<(f64, f64)> {
    match run {
        [one] => vec![(start as f64 + 0.1, *one), (start as f64 + 0.9, *one)],
        run => run
            .iter()
            .enumerate()
            .map(|(at, value)| (middle(start + at), *value))
            .collect(),
    }
}

/// Stretches of known values, each with the place where it begins.
fn runs<T: Copy>(values: &[Option<T>]) -> Vec<(usize, Vec<T>)> {
    let mut runs: Vec<(usize, Vec<T>)> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        match runs.last_mut() {
            Some((start, run)) if *start + run.len() == at => run.push(*value),
            _ => runs.push((at, vec![*value])),
        }
    }
    runs
}

/// The top of a scale: the greatest value rounded up to 1, 2 or 5 times a power of ten; 1 where
/// there is none.
pub fn top(greatest: f64) -> f64 {
    if !(greatest.is_finite() && greatest > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(greatest.log10().floor());
    let rounded = [1.0, 2.0, 5.0].map(|step| step * power);
    let fitting = rounded.into_iter().find(|top| *top >= greatest);
    fitting.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_a_gap_and_no_zero() {
        let known = [Some(3.0), Some(5.0), None, None, Some(4.0), Some(4.0)];
        let svg = draw(&[&known], None, &[], 5.0);
        assert_eq!(svg.matches("<polyline").count(), 2, "{svg}");
        assert_eq!(
            svg.matches("var(--edge)").count(),
            1,
            "one stretch is not known: {svg}"
        );
        // 160 px high: nothing touches the ground.
        assert!(!svg.contains(",160") && !svg.contains(",159"), "{svg}");
        assert!(!svg.contains("<text") && !svg.contains("#0"), "{svg}");
        let nothing = draw(&[&[None, None]], None, &[], 1.0);
        assert!(!nothing.contains("<polyline") && nothing.contains("var(--edge)"));
    }

    #[test]
    fn lines_are_told_apart_without_colour() {
        let line = [Some(1.0), Some(2.0)];
        let band = [Some((0.5, 1.5)), Some((1.0, 3.0))];
        let svg = draw(&[&line, &line, &line], Some(&band), &[0.5], 5.0);
        for told in [
            "<polygon",
            "stroke-dasharray=\"7 4\"",
            "stroke-dasharray=\"2 3\"",
            "stroke=\"var(--warning)\" stroke-dasharray=\"4 3\"",
        ] {
            assert!(svg.contains(told), "{told}: {svg}");
        }
        assert_eq!(draw(&[], None, &[], 1.0).matches("<polyline").count(), 0);
    }

    #[test]
    fn scales_are_round() {
        for (greatest, expected) in [(0.0, 1.0), (0.03, 0.05), (43.0, 50.0), (501.0, 1000.0)] {
            assert!((top(greatest) - expected).abs() < 1e-9, "{greatest}");
        }
        assert!(top(f64::NAN) == 1.0 && top(1e300) >= 1e300);
    }
}
