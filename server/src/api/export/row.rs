//! The text of an export: its rows, and its end.

use axum::body::Bytes;
use serde_json::json;
use waybill_model::journey::JourneySummary;
use waybill_model::time::Timestamp;

use super::Format;
use crate::api::journeys::state_word;

const COLUMNS: [&str; 16] = [
    "id",
    "state",
    "system",
    "cluster",
    "destination",
    "partition",
    "offset",
    "message_id",
    "key",
    "producer_service",
    "groups",
    "attempts",
    "total_ms",
    "first_error",
    "started_at",
    "diagnosis",
];

/// These rows; the first ones bring what stands before them.
pub(super) fn rows(format: Format, items: &[JourneySummary], are_first: bool) -> Bytes {
    match format {
        Format::Csv => {
            let mut text = Vec::new();
            if are_first {
                line(&mut text, COLUMNS.map(str::to_owned));
            }
            for item in items {
                line(&mut text, cells(item));
            }
            text.into()
        }
        Format::Json => {
            let mut text = if are_first { "{\"items\":[" } else { "" }.to_owned();
            for (at, item) in items.iter().enumerate() {
                if at > 0 || !are_first {
                    text.push(',');
                }
                text.push_str(&json!(item).to_string());
            }
            text.into()
        }
    }
}

/// `next` is where a file that was cut goes on.
pub(super) fn end(
    format: Format,
    next: Option<&str>,
    truncated: bool,
    back_to: Option<Timestamp>,
) -> Bytes {
    match format {
        Format::Csv => match (next, back_to) {
            (Some(next), _) => format!("# incomplete: go on with cursor={next}\r\n").into(),
            (None, Some(back_to)) => {
                format!("# incomplete: nothing before {back_to} was looked at\r\n").into()
            }
            (None, None) if truncated => "# incomplete: more fits than one search reads\r\n".into(),
            (None, None) => Bytes::new(),
        },
        Format::Json => {
            let mut text = format!("],\"next\":{}", json!(next));
            if let Some(back_to) = back_to {
                text.push_str(&format!(",\"searched_back_to\":{}", json!(back_to)));
            }
            if truncated {
                text.push_str(",\"truncated\":true");
            }
            text.push_str("}\n");
            text.into()
        }
    }
}

fn cells(item: &JourneySummary) -> [String; 16] {
    let message = &item.message;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        item.id.clone(),
        state_word(item.state).to_owned(),
        message.system.clone(),
        text(&message.cluster),
        text(&message.destination),
        text(&message.partition),
        message.offset.map(|n| n.to_string()).unwrap_or_default(),
        text(&message.message_id),
        text(&message.key),
        text(&item.producer_service),
        item.groups.join("; "),
        item.attempts.to_string(),
        item.total_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        text(&item.first_error),
        item.started_at.to_string(),
        text(&item.diagnosis),
    ]
}

/// By RFC 4180: separated by commas, ended by CR LF, in quotes where needed.
fn line(text: &mut Vec<u8>, cells: [String; 16]) {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(&mut *text);
    // Memory takes every byte.
    let _ = writer.write_record(cells.map(harmless));
    let _ = writer.flush();
}

/// A spreadsheet would run such a cell as a formula.
fn harmless(cell: String) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text_and_quotes_are_doubled() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("+a", "'+a"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(harmless(cell.to_owned()), expected);
        }
        let mut text = Vec::new();
        let mut cells: [String; 16] = Default::default();
        cells[0] = "say \"=x\", twice\r\nnow".into();
        cells[1] = "\r=1".into();
        line(&mut text, cells);
        let text = String::from_utf8(text).unwrap();
        let expected = "\"say \"\"=x\"\", twice\r\nnow\",\"'\r=1\"";
        assert_eq!(text, format!("{expected}{}\r\n", ",".repeat(14)));
    }

    #[test]
    fn an_end_says_where_it_goes_on() {
        let csv = |next, truncated| end(Format::Csv, next, truncated, None);
        assert_eq!(csv(None, false), "");
        assert_eq!(
            csv(Some("w9.1.0.0"), false),
            "# incomplete: go on with cursor=w9.1.0.0\r\n"
        );
        assert!(csv(None, true).starts_with(b"# incomplete"));
        for truncated in [false, true] {
            assert_eq!(
                end(Format::Csv, None, truncated, Some(Timestamp::EPOCH)),
                "# incomplete: nothing before 1970-01-01T00:00:00.000Z was looked at\r\n"
            );
        }
        let json = [
            rows(Format::Json, &[], true),
            end(Format::Json, Some("n"), true, Some(Timestamp::EPOCH)),
        ]
        .concat();
        let told: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(told["next"], "n");
        assert_eq!(told["truncated"], true);
        assert_eq!(told["searched_back_to"], "1970-01-01T00:00:00.000Z");
        assert_eq!(told["items"], json!([]));
    }
}
