//! What happened to one message.

mod budget;
mod deliveries;
mod diagnosis;
mod head;
mod lanes;
mod spans;
mod timeline;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use waybill_model::journey::Gap;
use waybill_model::view::JourneyPage;

use crate::data::journeys::read_journey;
use crate::i18n::words;
use crate::live::Live;
use crate::part::icon::{Icon, icon};
use crate::part::loaded::loaded;
use crate::part::name::name;

#[component]
pub fn JourneyScreen() -> impl IntoView {
    let live = Live::expect();
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let data = read_journey(id, live);
    loaded(data, show)
}

fn show(page: JourneyPage) -> impl IntoView {
    let words = &words().journey;
    let JourneyPage {
        journey,
        chain,
        spans,
    } = page;
    // The chain holds this journey; alone it is a chain of one.
    let chain = if chain.is_empty() {
        vec![journey.clone()]
    } else {
        chain
    };
    let budget = part("budget", words.budget, !journey.budget.is_empty(), || {
        budget::budget(&journey.budget).into_any()
    });
    let deliveries = part(
        "deliveries",
        words.deliveries,
        !journey.deliveries.is_empty(),
        || deliveries::deliveries(&journey).into_any(),
    );
    let hops = part("hops", words.hops, !journey.hops.is_empty(), || {
        deliveries::hops(&journey).into_any()
    });
    view! {
        {head::head(&journey)}
        <section aria-labelledby="chain-title">
            <div class="section-head">
                <h2 id="chain-title">{words.chain}</h2>
                <p class="quiet">{words.chain_about}</p>
            </div>
            {timeline::timeline(&journey.id, &chain)}
        </section>
        {gaps(&journey.gaps)}
        {budget}
        {deliveries}
        {hops}
        <section aria-labelledby="spans-title">
            <h2 id="spans-title">{words.spans}</h2>
            {spans::spans(spans)}
        </section>
    }
}

/// A section that is there only where it has something to say.
fn part(
    id: &'static str,
    title: &'static str,
    there: bool,
    content: impl FnOnce() -> AnyView,
) -> Option<AnyView> {
    let id = format!("{id}-title");
    let by = id.clone();
    there.then(|| {
        let content = content();
        view! {
            <section aria-labelledby=by>
                <h2 id=id>{title}</h2>
                {content}
            </section>
        }
        .into_any()
    })
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
