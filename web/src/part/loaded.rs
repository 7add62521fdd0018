//! Data of the server: loading, there, or a problem. Old data stays while new is read.

use leptos::prelude::*;

use super::problem::problem;
use crate::data::Fault;
use crate::i18n::words;

pub fn loaded<T, V>(
    resource: Resource<Result<T, Fault>>,
    show: impl Fn(T) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    view! {
        <Transition fallback=|| {
            view! {
                <p class="loading" role="status">
                    {words().frame.loading}
                    "…"
                </p>
            }
        }>
            {move || {
                let show = show.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(data) => show(data).into_any(),
                        Err(fault) => problem(fault.0).into_any(),
                    }
                })
            }}
        </Transition>
    }
}
