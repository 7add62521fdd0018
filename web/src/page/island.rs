//! A page as the server renders it: shown as it is, and brought up to date in place, so that the
//! focus, what is unfolded and what is selected stay where they are.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_params_map};

use crate::data::island::{Ask, Island, Watched};
use crate::data::packed::Read;
use crate::live::Live;
use crate::part::loaded::loaded;
use crate::part::title::title;

const ID: &str = "island";

/// What stands in the page: of which address, and the HTML that it began with.
type Shown = StoredValue<(String, String)>;

pub fn island(ask: Ask) -> AnyView {
    let live = Live::expect();
    let params = use_params_map();
    let location = use_location();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let query = Memo::new(move |_| location.search.get().trim_start_matches('?').to_owned());
    let data = Read::<Island>::new(
        move || format!("{}?{}{}", id.get(), query.get(), live.key()),
        move || ask(id.get_untracked(), query.get_untracked()),
    );
    let shown = Shown::new((String::new(), String::new()));
    on_cleanup(move || live.watch(Watched::default()));
    loaded(data, move |island| {
        live.watch(island.watched);
        let address = format!("{}?{}", id.get_untracked(), query.get_untracked());
        let html = stands(shown, address, island.html);
        view! {
            {title(island.title)}
            <div id=ID class="island" inner_html=html></div>
        }
    })
}

/// What the element holds from here on. New figures of the same address are put into what stands
/// there already; then it is what it was, and the framework has nothing to change.
fn stands(shown: Shown, address: String, html: String) -> String {
    #[cfg(feature = "hydrate")]
    if shown.with_value(|(of, _)| *of == address) && crate::part::morph::morph(ID, &html) {
        return shown.with_value(|(_, first)| first.clone());
    }
    shown.set_value((address, html.clone()));
    html
}
