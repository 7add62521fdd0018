//! Numbers, times and names as people read them: units always, unknown never as zero.

use waybill_model::time::Timestamp;

#[cfg(feature = "ssr")]
use crate::i18n::Messages;

/// `850 µs`, `12.4 ms`, `1.25 s`, `2 min 05 s`, `3 h 12 min`, `4 d 6 h`.
pub fn duration(ms: f64) -> String {
    let sign = if ms < 0.0 { "−" } else { "" };
    let ms = ms.abs();
    let magnitude = if ms == 0.0 {
        "0 ms".to_owned()
    } else if ms < 0.9995 {
        format!("{:.0} µs", (ms * 1e3).max(1.0))
    } else if ms < 999.5 {
        format!("{} ms", three_digits(ms))
    } else if ms < 59_995.0 {
        format!("{:.2} s", ms / 1e3)
    } else {
        let seconds = (ms / 1e3).round() as u64;
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        if hours == 0 {
            format!("{minutes} min {:02} s", seconds % 60)
        } else if days == 0 {
            format!("{hours} h {:02} min", minutes % 60)
        } else {
            format!("{days} d {} h", hours % 24)
        }
    };
    format!("{sign}{magnitude}")
}

/// Three significant digits.
fn three_digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// Digits in groups of three, parted by a narrow no-break space.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(feature = "ssr")]
/// A rate without its unit: three digits, and `<0.01` rather than a zero that is none.
pub fn rate(per_s: f64) -> String {
    if per_s <= 0.0 {
        "0".to_owned()
    } else if per_s < 0.01 {
        "<0.01".to_owned()
    } else if per_s < 999.5 {
        three_digits(per_s)
    } else {
        count(per_s.round() as u64)
    }
}

/// Of 1: `0 %`, `<0.1 %`, `12.5 %`.
pub fn share(share: f64) -> String {
    if share <= 0.0 {
        "0 %".to_owned()
    } else if share < 0.001 {
        "<0.1 %".to_owned()
    } else {
        format!("{:.1} %", share * 100.0)
    }
}

/// `312 B`, `4.2 KiB`, `1.7 GiB`.
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 || unit == "TiB" {
            return if unit == "B" {
                format!("{bytes} B")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{bytes} B")
}

/// `2026-11-23 14:31:47.046`, UTC.
pub fn instant(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', "")
}

#[cfg(feature = "ssr")]
/// `14:31`, UTC.
pub fn clock(at: Timestamp) -> String {
    at.to_string().chars().skip(11).take(5).collect()
}

#[cfg(feature = "ssr")]
/// How long `at` lay before `as_of`, in words.
pub fn age(at: Timestamp, as_of: Timestamp, words: &Messages) -> String {
    let unit = &words.unit;
    let ms = as_of.ms_since(at);
    if ms < -1000.0 {
        return unit.in_future.to_owned();
    }
    let seconds = (ms / 1e3) as u64;
    if seconds < 2 {
        return unit.just_now.to_owned();
    }
    (unit.ago)(&span_of_time(seconds, words))
}

#[cfg(feature = "ssr")]
/// A round span of time, in words of the language.
pub fn span_of_time(seconds: u64, words: &Messages) -> String {
    let unit = &words.unit;
    match seconds {
        0..120 => (unit.seconds)(seconds),
        120..7200 => (unit.minutes)(seconds / 60),
        7200..172_800 => (unit.hours)(seconds / 3600),
        _ => (unit.days)(seconds / 86_400),
    }
}

/// Control characters made visible, as `\n`, `\t` or `\u{1b}`; also those that would change how text
/// is read: directions, zero widths.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => shown.push_str(&format!("\\u{{{:x}}}", c as u32)),
            _ => shown.push(c),
        }
    }
    shown
}

/// At most `max` characters, the cut marked by `…`.
pub fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn durations_carry_their_unit() {
        for (ms, text) in [
            (0.0, "0 ms"),
            (0.0004, "1 µs"),
            (0.85, "850 µs"),
            (0.9996, "1.00 ms"),
            (12.44, "12.4 ms"),
            (999.4, "999 ms"),
            (999.9, "1.00 s"),
            (1_250.0, "1.25 s"),
            (59_999.0, "1 min 00 s"),
            (125_000.0, "2 min 05 s"),
            (11_520_000.0, "3 h 12 min"),
            (367_200_000.0, "4 d 6 h"),
            (-3.0, "−3.00 ms"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }

    #[test]
    fn counts_rates_and_bytes() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(999), "999");
        assert_eq!(rate(0.0001), "<0.01");
        assert_eq!(rate(12_345.6), "12\u{202f}346");
        assert_eq!(share(0.0001), "<0.1 %");
        assert_eq!(bytes(312), "312 B");
        assert_eq!(bytes(4_300), "4.2 KiB");
    }

    #[test]
    fn ages_are_told_in_both_languages() {
        let now = Timestamp::from_unix_millis(1_795_444_307_046);
        let then = now.plus_ms(-180_000);
        assert_eq!(age(then, now, Lang::En.words()), "3 min ago");
        assert_eq!(age(then, now, Lang::Zh.words()), "3 分钟前");
    }

    #[test]
    fn nothing_hides_in_a_name() {
        assert_eq!(visible("a\0b\u{202e}c\n"), "a\\u{0}b\\u{202e}c\\n");
        assert_eq!(shortened("消息消息", 2), "消息…");
        assert_eq!(shortened("ab", 2), "ab");
    }
}
