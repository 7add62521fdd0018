//! What happened to one message.

mod budget;
mod deliveries;
mod diagnosis;
mod head;
mod lanes;
mod overtaken;
mod spans;
mod timeline;

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_params_map};
use waybill_model::journey::Gap;
use waybill_model::view::JourneyPage;

use crate::data::journeys::{JourneyShown, read_journey};
use crate::i18n::words;
use crate::live::Live;
use crate::part::icon::{Icon, icon};
use crate::part::loaded::loaded;
use crate::part::name::name;
use crate::part::section;

#[component]
pub fn JourneyScreen() -> AnyView {
    let live = Live::expect();
    let params = use_params_map();
    let location = use_location();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let query = Memo::new(move |_| location.search.get().trim_start_matches('?').to_owned());
    let data = read_journey(id, query, live);
    loaded(data, show)
}

fn show(shown: JourneyShown) -> AnyView {
    let words = &words().journey;
    let JourneyPage {
        journey,
        chain,
        spans,
    } = shown.page;
    // The chain holds this journey; alone it is a chain of one.
    let chain = if chain.is_empty() {
        vec![journey.clone()]
    } else {
        chain
    };
    let heading = view! {
        <div class="section-head">
            <h2 id="chain-title">{words.chain}</h2>
            <p class="quiet">{words.chain_about}</p>
        </div>
    };
    let timeline = timeline::timeline(&journey.id, &chain).into_any();
    let mut parts = vec![
        head::head(&journey).into_any(),
        overtaken::notice(&journey.overtaken_by).into_any(),
        section::section_under("chain-title", heading.into_any(), vec![timeline]),
        gaps(&journey.gaps).into_any(),
    ];
    // Only what has something to say.
    if !journey.budget.is_empty() {
        let budget = budget::budget(&journey.budget).into_any();
        parts.push(section::section("budget-title", words.budget, vec![budget]));
    }
    if !journey.deliveries.is_empty() {
        let deliveries = deliveries::deliveries(&journey);
        parts.push(section::section(
            "deliveries-title",
            words.deliveries,
            deliveries,
        ));
    }
    if !journey.hops.is_empty() {
        let hops = deliveries::hops(&journey).into_any();
        parts.push(section::section("hops-title", words.hops, vec![hops]));
    }
    if !journey.evidence.is_empty() {
        let evidence = deliveries::evidence(&journey).into_any();
        parts.push(section::section(
            "witness-title",
            words.witness,
            vec![evidence],
        ));
    }
    if !shown.logs.is_empty() {
        parts.push(view! { <div inner_html=shown.logs></div> }.into_any());
    }
    let spans = spans::spans(spans).into_any();
    parts.push(section::section("spans-title", words.spans, vec![spans]));
    parts.into_any()
}

/// What is not known, in words.
fn gaps(gaps: &[Gap]) -> impl IntoView + use<> {
    let words = &words().journey;
    (!gaps.is_empty()).then(|| {
        view! {
            <section aria-labelledby="gaps-title">
                <h2 id="gaps-title">{words.gaps}</h2>
                <ul class="gaps">
                    {gaps
                        .iter()
                        .map(|gap| {
                            let (title, about) = words.gap(gap.kind);
                            let detail = (!gap.detail.is_empty())
                                .then(|| view! { <span class="quiet" lang="en">{name(&gap.detail, 200)}</span> });
                            view! {
                                <li>
                                    {icon(Icon::Question)} <div>
                                        <strong>{title}</strong>
                                        " "
                                        {about}
                                        " "
                                        {detail}
                                    </div>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </section>
        }
    })
}
