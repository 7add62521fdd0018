use leptos::prelude::*;
use waybill_model::journey::{JourneyState, JourneySummary};
use waybill_model::problem::{Code, Problem};
use waybill_model::query::Page;

use crate::data::outcome::PageOutcome;
use crate::data::{
    self,
    asked::{Asked, now},
    island::{Island, Watched},
    search::{Search, export_href},
};
use crate::format;
use crate::i18n::words;
use crate::part::badge::journey_word;
use crate::part::empty::Empty;
use crate::part::field::{Choice, TextField};
use crate::part::name::{code, name};
use crate::part::pager::Pager;
use crate::part::problem;
use crate::part::section;
use crate::part::table::{self, Column};
use crate::part::{badge, time};
use crate::routes::link;

use super::saved_searches;

const STATES: [(JourneyState, &str); 9] = [
    (JourneyState::DeadLettered, "dead_lettered"),
    (JourneyState::Failed, "failed"),
    (JourneyState::Retrying, "retrying"),
    (JourneyState::InFlight, "in_flight"),
    (JourneyState::Delivered, "delivered"),
    (JourneyState::Replayed, "replayed"),
    (JourneyState::Expired, "expired"),
    (JourneyState::Unroutable, "unroutable"),
    (JourneyState::Unknown, "unknown"),
];

const IN_TROUBLE: &str = "dead_lettered,failed,retrying,expired,unroutable";

/// The address is the state: a link shows the same search.
pub async fn page(query: &str) -> Result<Island, Problem> {
    let asked = Asked::of(query);
    let search = Search::of(&asked);
    let saved = data::port().searches().await?;
    let found = match data::search::query(search.clone(), now()) {
        Ok(query) => data::port().journeys(query).await,
        Err(problem) => Err(problem),
    };
    // What was entered stays, to be mended.
    let found = match found {
        Err(problem) if problem.code == Code::InvalidRequest => {
            PageOutcome::tell(problem.code);
            problem::problem(problem).into_any()
        }
        found => results(found?, search.clone()).into_any(),
    };
    let title = words().search.title;
    let view = vec![
        view! { <h1>{title}</h1> }.into_any(),
        saved_searches::refusal(&asked).into_any(),
        form(search.clone()),
        saved_searches::list(saved).into_any(),
        saved_searches::form(&search).into_any(),
        found,
    ];
    Ok(Island::of(title, Watched::Spans, view.into_any()))
}

fn form(search: Search) -> AnyView {
    let words = &words().search;
    let states = std::iter::once(("", words.any_state))
        .chain([(IN_TROUBLE, words.in_trouble)])
        .chain(STATES.map(|(state, name)| (name, journey_word(state))))
        .collect();
    let ranges = vec![
        ("", words.range_any),
        ("15m", words.range_15m),
        ("1h", words.range_1h),
        ("6h", words.range_6h),
        ("24h", words.range_24h),
        ("7d", words.range_7d),
    ];
    let more = [
        &search.text,
        &search.group,
        &search.service,
        &search.max,
        &search.from,
        &search.to,
    ];
    let more = more.iter().any(|field| !field.is_empty());
    let find = view! {
        <TextField
            id="s-find"
            name="find"
            kind="search"
            label=words.find
            hint=words.find_hint
            value=search.find
        />
    };
    let clear = view! { <a class="button" href="/search">{words.clear}</a> };
    let text = |id, name, label, hint, value| {
        view! { <TextField id name label hint value=value/> }.into_any()
    };
    let choice = |id, name, label, options, chosen| {
        view! { <Choice id name label options chosen=chosen/> }.into_any()
    };
    let filters = vec![
        text(
            "s-destination",
            "destination",
            words.destination,
            "",
            search.destination,
        ),
        choice("s-state", "state", words.state, states, search.state),
        choice("s-range", "range", words.range, ranges, search.range),
        text("s-min", "min", words.min, words.min_hint, search.min),
    ];
    let more_filters = vec![
        text("s-text", "text", words.text, "", search.text),
        text("s-group", "group", words.group, "", search.group),
        text("s-service", "service", words.service, "", search.service),
        text("s-max", "max", words.max, words.min_hint, search.max),
        text(
            "s-from",
            "from",
            words.from,
            "2026-11-23T20:46",
            search.from,
        ),
        text("s-to", "to", words.to, "2026-11-23T21:46", search.to),
    ];
    view! {
        <form class="search-form" method="get" action="/search">
            {section::group(
                "search-line",
                vec![find.into_any(), section::button(words.submit), clear.into_any()],
            )}
            {section::group("filters", filters)}
            <details class="more" open=more>
                <summary>{words.more_filters}</summary>
                {section::group("filters", more_filters)}
            </details>
        </form>
    }
    .into_any()
}

fn results(page: Page<JourneySummary>, search: Search) -> impl IntoView {
    let words = words();
    let back_to = page.searched_back_to.map(|back_to| {
        (words.search.searched_back_to)(&format!("{} UTC", format::instant(back_to)))
    });
    let partial = back_to
        .or_else(|| page.truncated.then(|| words.search.truncated.to_owned()))
        .map(|text| view! { <p class="notice" role="status">{text}</p> });
    let export = (!page.items.is_empty()).then(|| exports(&search));
    let asked = page.asked.as_ref().map(|asked| {
        let (read, all) = (asked.answered, asked.destinations);
        let said = (words.search.asked)(
            read,
            all,
            asked.messages,
            &format::duration(asked.ms as f64),
        );
        let rest = (asked.not_whole > 0 || read < all).then_some(words.search.asked_not_whole);
        view! { <p class="notice" role="status">{said} " " {rest}</p> }
    });
    let older = page.next.as_deref().map(|cursor| search.href(cursor));
    let newest = (!search.cursor.is_empty()).then(|| search.href(""));
    let list = if page.items.is_empty() {
        nothing(&search, older.is_some()).into_any()
    } else {
        table(page.items)
    };
    let destination = (!search.destination.is_empty()).then(|| {
        let href = format!("/destinations?q={}", link::encode(&search.destination));
        view! { <p><a href=href>{words.search.destination_page}</a></p> }
    });
    view! {
        {destination}
        {list}
        {partial}
        {export}
        {asked}
        <Pager older newest/>
    }
}

/// Files of all that the search finds, not of this page alone.
fn exports(search: &Search) -> AnyView {
    let words = &words().search;
    let link = |format, label| {
        let href = export_href(search.clone(), now(), format)?;
        // The router of the page must leave it to the browser.
        let link = view! { <a class="button" href=href rel="external" download="">{label}</a> };
        Some(link)
    };
    view! {
        <p class="quiet">
            {words.export} " " {link("csv", words.export_csv)} " " {link("json", words.export_json)}
        </p>
    }
    .into_any()
}

fn nothing(search: &Search, more: bool) -> impl IntoView + use<> {
    let words = &words().search;
    let why = if !search.find.is_empty() {
        words.empty_find
    } else if search.is_blank() && !more {
        words.empty_none
    } else {
        words.empty_filters
    };
    view! { <Empty title=words.empty_title why/> }
}

fn table(items: Vec<JourneySummary>) -> AnyView {
    let words = &words().search;
    let shown = (words.shown)(items.len());
    let columns = vec![
        Column::Text(words.state),
        Column::Text(words.message),
        Column::Text(words.produced_by),
        Column::Text(words.groups),
        Column::Number(words.attempts),
        Column::Number(words.total),
        Column::Text(words.started),
    ];
    let rows = items.into_iter().map(row).collect();
    view! {
        <p class="quiet" role="status">{shown}</p>
        {table::table(words.results, "results", columns, rows)}
    }
    .into_any()
}

fn row(journey: JourneySummary) -> AnyView {
    let words = &words().search;
    let message = &journey.message;
    let place = message.destination.clone().unwrap_or_default();
    let id = message
        .key
        .as_deref()
        .or(message.message_id.as_deref())
        .map(|id| code(id, 36));
    let error = journey.first_error.as_deref().map(|error| {
        view! { <span class="row-error">{name(error, 140)}</span> }
    });
    let overtaken = (!journey.overtaken_by.is_empty())
        .then(|| view! { <span class="row-error">{words.overtaken}</span> });
    let producer = match &journey.producer_service {
        Some(service) => name(service, 32),
        None => time::unknown(),
    };
    let total = journey
        .total_ms
        .map_or_else(|| "–".to_owned(), format::duration);
    table::row(vec![
        table::cell(badge::journey(journey.state)),
        table::title(view! {
            <a data-row="" href=link::journey(&journey.id)>{name(&place, 40)} " " {id}</a>
            {error}
            {overtaken}
        }),
        table::labelled(words.produced_by, "", producer),
        table::cell_of("groups", name(&journey.groups.join(", "), 48)),
        table::labelled(words.attempts, "right num", journey.attempts.to_string()),
        table::labelled(words.total, "right num", total),
        table::cell(time::instant(journey.started_at)),
    ])
}
