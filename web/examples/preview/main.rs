//! Every page with made-up data, as HTML files in a folder, to be looked at without a server:
//! `cargo run --example preview -- FOLDER`.

mod data;
mod failures;
mod journey;
mod map;
mod observed;
mod port;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::{Stream, StreamExt};
use leptos::prelude::*;
use leptos_integration_utils::ExtendResponse;
use leptos_meta::ServerMetaContext;
use leptos_router::location::RequestUrl;
use waybill_web::port::Port;
use waybill_web::{BundleFiles, Lang, Look, PageOutcome, Theme, shell, style};

use crate::port::{Fake, Scene};

const SHOTS: &[(&str, &str, Scene)] = &[
    ("overview", "/", Scene::Busy),
    ("overview-empty", "/", Scene::Empty),
    ("overview-quiet", "/", Scene::Quiet),
    ("search", "/search?find=order.id%3D1001", Scene::Busy),
    (
        "search-none",
        "/search?find=nothing&state=failed",
        Scene::Empty,
    ),
    ("journey", "/journeys/dead", Scene::Busy),
    ("journey-simple", "/journeys/simple", Scene::Busy),
    ("journey-unknown", "/journeys/none", Scene::Busy),
    ("destinations", "/destinations?sort=lag", Scene::Busy),
    ("destination", "/destinations/d-2", Scene::Busy),
    ("groups", "/groups", Scene::Busy),
    ("group", "/groups/gr-2", Scene::Busy),
    ("clusters", "/clusters", Scene::Busy),
    ("cluster", "/clusters/orders", Scene::Busy),
    ("cluster-refused", "/clusters/billing", Scene::Busy),
    ("failures", "/failures", Scene::Busy),
    ("failures-none", "/failures?q=x", Scene::Empty),
    ("failure", "/failures/8c1f03aa91d2", Scene::Busy),
    ("failure-viewer", "/failures/8c1f03aa91d2", Scene::Viewer),
    ("health", "/health", Scene::Busy),
    ("settings", "/settings", Scene::Busy),
    ("users", "/settings/users", Scene::Busy),
    ("tokens", "/settings/tokens?issued=1", Scene::Busy),
    ("audit", "/audit", Scene::Busy),
    (
        "sign-in",
        "/sign-in?error=wrong_credentials",
        Scene::SignedOut,
    ),
    ("sign-in-place", "/journeys/dead", Scene::SignedOut),
    ("setup", "/setup/abc", Scene::SignedOut),
    ("not-found", "/nothing/here", Scene::Busy),
    ("forbidden", "/settings/users", Scene::Viewer),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    std::fs::create_dir_all(folder.join("pkg"))?;
    std::fs::write(folder.join("pkg/app.css"), style::app_css())?;
    let _ = any_spawner::Executor::init_tokio();
    for lang in Lang::ALL {
        for theme in [Theme::Light, Theme::Dark] {
            for (name, path, scene) in SHOTS {
                let html = page(path, *scene, Look { lang, theme }).await;
                let file = format!("{name}.{}.{}.html", lang.name(), theme.name());
                write(&folder, &file, &html)?;
            }
        }
    }
    Ok(())
}

fn write(folder: &Path, file: &str, html: &str) -> std::io::Result<()> {
    std::fs::write(
        folder.join(file),
        html.replace("href=\"/pkg/", "href=\"pkg/"),
    )
}

async fn page(path: &'static str, scene: Scene, look: Look) -> String {
    let outcome = PageOutcome::default();
    let port: Arc<dyn Port> = Arc::new(Fake(scene));
    let (meta, meta_output) = ServerMetaContext::new();
    let told = outcome.clone();
    let Html(html) = Html::from_app(
        move || shell(BundleFiles::default(), look),
        meta_output,
        move || {
            provide_context(meta);
            provide_context(port);
            provide_context(told);
            provide_context(RequestUrl::new(path));
        },
        (),
        |app, chunks, _| {
            Box::pin(async move {
                let html = app.to_html_stream_in_order().collect::<String>().await;
                let stream = futures::stream::once(async move { html }).chain(chunks());
                Box::pin(stream) as std::pin::Pin<Box<dyn Stream<Item = String> + Send>>
            })
        },
        false,
    )
    .await;
    println!("{path}: {:?}", outcome.code());
    html
}

struct Html(String);

impl ExtendResponse for Html {
    type ResponseOptions = ();

    fn from_stream(stream: impl Stream<Item = String> + Send + 'static) -> Self {
        Self(futures::executor::block_on(stream.collect()))
    }

    fn extend_response(&mut self, (): &()) {}

    fn set_default_content_type(&mut self, _: &str) {}
}
