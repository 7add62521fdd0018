use leptos::prelude::*;
use waybill_model::problem::Code;

use crate::data::outcome::PageOutcome;
use crate::i18n::words;
use crate::part::title::title;

#[component]
pub fn NotFound() -> impl IntoView {
    PageOutcome::tell(Code::NotFound);
    let words = words();
    view! {
        {title("404")}
        <h1>"404"</h1>
        <p>{words.problem.not_found_page}</p>
        <p>
            <a class="button" href="/">
                {words.problem.back}
            </a>
        </p>
    }
}
