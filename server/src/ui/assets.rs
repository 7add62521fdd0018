//! `/pkg`: the style sheet and the bundle, compiled in. Their addresses change with their content,
//! so browsers keep them for ever.

use std::borrow::Cow;
use std::io::Write;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::RustEmbed;
use serde::Deserialize;
use waybill_web::shell::BundleFiles;

#[derive(RustEmbed)]
#[folder = "../web/pkg"]
#[allow_missing = true]
struct Bundle;

#[derive(Deserialize)]
struct Manifest {
    js: String,
    wasm: String,
}

/// Addresses of the bundle; both empty without one, and pages work as forms and links.
pub fn bundle() -> BundleFiles {
    static FILES: LazyLock<BundleFiles> = LazyLock::new(|| {
        let manifest = Bundle::get("manifest.json")
            .and_then(|file| serde_json::from_slice::<Manifest>(&file.data).ok());
        manifest.map_or_else(BundleFiles::default, |manifest| BundleFiles {
            js: address(&manifest.js),
            wasm: address(&manifest.wasm),
        })
    });
    FILES.clone()
}

fn address(file: &str) -> String {
    format!("/pkg/{}", file.trim_start_matches("/pkg/"))
}

pub async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(kind) = content_type(&file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let accepted = accepted(&headers);
    let found = match file.as_str() {
        "app.css" => Some(style(accepted)),
        _ => embedded(&file, accepted),
    };
    let Some((data, encoding)) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = data.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    // A page's policy governs what it loads; a file opened by itself may do nothing.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

type Found = (Bytes, Option<&'static str>);

fn style(accepted: Accepted) -> Found {
    static STYLE: LazyLock<(Bytes, Option<Bytes>)> = LazyLock::new(|| {
        let css = waybill_web::style::app_css();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let packed = gzip.write_all(css.as_bytes()).and_then(|()| gzip.finish());
        (css.into(), packed.ok().map(Bytes::from))
    });
    match &STYLE.1 {
        Some(packed) if accepted.gzip => (packed.clone(), Some("gzip")),
        _ => (STYLE.0.clone(), None),
    }
}

fn embedded(file: &str, accepted: Accepted) -> Option<Found> {
    let read = |name: &str| {
        Bundle::get(name).map(|file| match file.data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => data.into(),
        })
    };
    for (wanted, end, encoding) in [(accepted.br, "br", "br"), (accepted.gzip, "gz", "gzip")] {
        if let Some(data) = wanted.then(|| read(&format!("{file}.{end}"))).flatten() {
            return Some((data, Some(encoding)));
        }
    }
    read(file).map(|data| (data, None))
}

/// Only kinds that a bundle has; anything else in the folder is not served.
fn content_type(file: &str) -> Option<&'static str> {
    match file.rsplit_once('.')?.1 {
        "js" => Some("text/javascript; charset=utf-8"),
        "wasm" => Some("application/wasm"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Accepted {
    br: bool,
    gzip: bool,
}

fn accepted(headers: &HeaderMap) -> Accepted {
    let mut accepted = Accepted::default();
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    for value in values.filter_map(|value| value.to_str().ok()) {
        for part in value.split(',') {
            let (name, rank) = part.split_once(';').unwrap_or((part, "q=1"));
            let rank: Option<f64> = rank.trim().strip_prefix("q=").and_then(|q| q.parse().ok());
            match name.trim() {
                "br" => accepted.br = rank != Some(0.0),
                "gzip" => accepted.gzip = rank != Some(0.0),
                _ => {}
            }
        }
    }
    accepted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_negotiated() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, text.parse().unwrap());
            let Accepted { br, gzip } = accepted(&headers);
            (br, gzip)
        };
        assert_eq!(of("gzip, deflate, br;q=0.9"), (true, true));
        assert_eq!(of("br;q=0, gzip"), (false, true));
        assert_eq!(of("identity"), (false, false));
    }

    #[tokio::test]
    async fn the_style_sheet_is_there_without_a_bundle() {
        let answer = serve(Path("app.css".into()), HeaderMap::new()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/css; charset=utf-8");
        for file in ["manifest.json", "../Cargo.toml", "none.js", "x"] {
            let answer = serve(Path(file.into()), HeaderMap::new()).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{file}");
        }
    }
}
