//! The log records of a journey, as a section of its page.

use leptos::prelude::*;
use waybill_model::log::{JourneyLogs, LogLine, LogQuery};
use waybill_model::problem::Problem;
use waybill_model::signal::Severity;
use waybill_model::view::JourneyPage;

use crate::data::asked::Asked;
use crate::format::visible;
use crate::i18n::words;
use crate::part::badge::{Tone, badge};
use crate::part::icon::Icon;
use crate::part::name::{code, name};
use crate::part::section;
use crate::part::table::{self, Column};
use crate::part::time;
use crate::routes::link;

/// Least first; less than these is asked for by nobody.
const OFFERED: [Severity; 4] = [
    Severity::Debug,
    Severity::Info,
    Severity::Warn,
    Severity::Error,
];
/// HTML of the section, of what the query of the page's address asks; empty where the page shows no
/// spans.
pub async fn html(page: &JourneyPage, query: &str) -> Result<String, Problem> {
    if page.spans.is_empty() {
        return Ok(String::new());
    }
    let asked = Asked::of(query);
    let query = LogQuery {
        severity: asked.word("severity", &Severity::NAMED)?,
        untied: asked.word("untied", &[("true", true)])?.is_some(),
    };
    let logs = crate::data::port().journey_logs(page, query).await?;
    let path = link::journey(&page.journey.id);
    Ok(show(logs, query, &asked, &path).to_html())
}

fn show(logs: JourneyLogs, query: LogQuery, asked: &Asked, path: &str) -> AnyView {
    let words = &words().logs;
    let heading = view! {
        <div class="section-head">
            <h2 id="logs-title">{words.title}</h2>
            <p class="quiet">{words.about}</p>
        </div>
    };
    let cut = logs
        .truncated
        .then(|| view! { <p class="notice">{words.truncated}</p> }.into_any());
    let lines = if logs.items.is_empty() {
        section::quiet(match query {
            LogQuery {
                severity: None,
                untied: false,
            } => words.none,
            _ => words.none_asked,
        })
    } else {
        lines(&logs.items)
    };
    let parts = [Some(filter(query, asked, path)), cut, Some(lines)];
    section::section_under(
        "logs-title",
        heading.into_any(),
        parts.into_iter().flatten().collect(),
    )
}

fn filter(query: LogQuery, asked: &Asked, path: &str) -> AnyView {
    let words = &words().logs;
    let href = |instead: &[(&str, &str)]| asked.href(path, instead) + "#logs-title";
    let entry = |label: String, value: &str, current: bool| {
        let current = current.then_some("true");
        view! { <a href=href(&[("severity", value)]) aria-current=current>{label}</a> }.into_any()
    };
    let all = entry(words.all.to_owned(), "", query.severity.is_none());
    let others = OFFERED.into_iter().map(|severity| {
        let label = (words.at_least)(words.severity(severity));
        entry(label, severity.name(), query.severity == Some(severity))
    });
    let links: Vec<AnyView> = [all].into_iter().chain(others).collect();
    let (untied, value) = match query.untied {
        true => (words.untied_hide, ""),
        false => (words.untied_show, "true"),
    };
    view! {
        <nav class="range" aria-label=words.filter>
            <div class="tabs plain-tabs">{links}</div>
            <a href=href(&[("untied", value)])>{untied}</a>
        </nav>
    }
    .into_any()
}

fn lines(items: &[LogLine]) -> AnyView {
    let words = &words().logs;
    let columns = vec![
        Column::Text(words.at),
        Column::Text(words.severity),
        Column::Text(words.service),
        Column::Text(words.attempt),
        Column::Text(words.text),
    ];
    let rows = items.iter().map(row).collect();
    table::table(words.title, "compact logs", columns, rows)
}

fn row(line: &LogLine) -> AnyView {
    let words = words();
    let severity = line.severity.map_or_else(time::unknown, |severity| {
        let (tone, symbol) = match severity {
            Severity::Fatal | Severity::Error => (Tone::Bad, Icon::Cross),
            Severity::Warn => (Tone::Warning, Icon::Warning),
            _ => (Tone::Neutral, Icon::Arrow),
        };
        badge(tone, symbol, words.logs.severity(severity))
    });
    let instance = line
        .instance
        .as_deref()
        .map(|instance| view! { " " <span class="quiet">{name(instance, 32)}</span> });
    let attempt = line.attempt.as_ref().map(|attempt| {
        let group = attempt.group.as_deref().unwrap_or(&attempt.service);
        let number = (words.journey.attempt)(attempt.n);
        view! {
            <a href=link::journey(&attempt.journey)>{name(group, 32)}</a>
            " "
            <span class="quiet">{number}</span>
        }
    });
    let untied = (!line.tied).then(|| view! { <span class="lane-note">{words.logs.untied}</span> });
    table::row(vec![
        table::cell(time::instant(line.at)),
        table::cell(severity),
        table::title(view! { {name(&line.service, 40)} {instance} }),
        table::cell(view! { {attempt} {untied} }),
        table::cell(view! { {body(&line.body)} {attributes(line)} }),
    ])
}

/// Lines after the first are unfolded.
fn body(text: &str) -> AnyView {
    let shown = |text: &str| text.lines().map(visible).collect::<Vec<_>>().join("\n");
    let text = text.trim_end();
    match text.split_once('\n') {
        Some((first, _)) => view! {
            <details class="more">
                <summary><bdi class="log-text">{visible(first)}</bdi></summary>
                <pre class="log-text">{shown(text)}</pre>
            </details>
        }
        .into_any(),
        None => view! { <bdi class="log-text">{visible(text)}</bdi> }.into_any(),
    }
}

fn attributes(line: &LogLine) -> Option<AnyView> {
    let entries = line.attributes.iter().map(|(key, value)| {
        view! {
            <div>
                <dt>{code(key, 80)}</dt>
                <dd>{name(value, 400)}</dd>
            </div>
        }
    });
    (!line.attributes.is_empty()).then(|| {
        view! {
            <details class="more">
                <summary class="quiet">{words().logs.attributes}</summary>
                <dl class="attributes">{entries.collect_view()}</dl>
            </details>
        }
        .into_any()
    })
}
