//! Data of the server: loading, there, or a problem. Old data stays while new is read.

use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use super::problem::problem;
use super::title::title;
use crate::data::packed::Read;
use crate::i18n::words;

type Rendering = Pin<Box<dyn Future<Output = AnyView> + Send>>;

pub fn loaded<T, V>(data: Read<T>, show: impl Fn(T) -> V + Send + Sync + 'static) -> AnyView
where
    T: DeserializeOwned + Send + 'static,
    V: IntoView + 'static,
{
    let show = Arc::new(show);
    suspended(Arc::new(move || {
        let show = Arc::clone(&show);
        Box::pin(async move {
            match data.get().await {
                Ok(data) => show(data).into_any(),
                Err(fault) => (title(words().problem.title), problem(fault.0)).into_any(),
            }
        })
    }))
}

/// Of one type for all data, so that the bundle holds it once.
fn suspended(render: Arc<dyn Fn() -> Rendering + Send + Sync>) -> AnyView {
    view! {
        <Transition fallback=|| {
            view! {
                <p class="loading" role="status">
                    {words().frame.loading}
                    "…"
                </p>
            }
        }>{move || Suspend::new(render())}</Transition>
    }
    .into_any()
}
