//! What a person does in a tab: go somewhere, read, type, press; and what a reviewer looks at.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::child;
use crate::devtools::Tab;
use crate::wait;

const AXE: &str = include_str!("../e2e/axe.min.js");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Tab {
    /// Loads an address and waits until the page is complete (and hydrated, where scripts run).
    pub async fn goto(&self, url: &str) {
        self.call("Page.navigate", json!({"url": url})).await;
        let path = url.to_owned();
        self.until(&format!(
            "document.readyState === 'complete' && location.href.startsWith({})",
            json!(path.split('#').next())
        ))
        .await;
    }

    /// Polls one expression in the page until it is true; an error in between means "not yet".
    pub async fn until(&self, expression: &str) {
        wait::until(expression, || async {
            (self.try_eval(expression).await == Ok(Value::Bool(true))).then_some(())
        })
        .await;
    }

    pub async fn eval(&self, expression: &str) -> Value {
        self.try_eval(expression)
            .await
            .unwrap_or_else(|e| panic!("{expression}: {e}"))
    }

    pub async fn text(&self) -> String {
        self.eval("document.body.innerText")
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub async fn has_text(&self, text: &str) {
        self.until(&format!(
            "document.body.innerText.includes({})",
            json!(text)
        ))
        .await;
    }

    /// Puts text into the first field that the selector finds, as typing would.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.until(&format!("!!document.querySelector({})", json!(selector)))
            .await;
        self.eval(&format!(
            "(() => {{ const f = document.querySelector({}); f.focus(); f.value = ''; }})()",
            json!(selector)
        ))
        .await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// A real press of the mouse in the middle of the element's first line, once it stands still.
    pub async fn click(&self, selector: &str) {
        let place = format!(
            "(() => {{ const e = document.querySelector({}); if (!e) return null; \
             e.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const r = e.getClientRects()[0]; return r && [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            json!(selector)
        );
        let at = wait::until(&format!("{selector} stands still"), || async {
            let before = self.try_eval(&place).await.ok()?;
            tokio::task::yield_now().await;
            let now = self.try_eval(&place).await.ok()?;
            (now.is_array() && now == before).then_some(now)
        })
        .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let params =
                json!({"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", params).await;
        }
    }

    pub async fn press(&self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { key } else { "" };
            self.call(
                "Input.dispatchKeyEvent",
                json!({"type": kind, "key": key, "text": text}),
            )
            .await;
        }
    }

    pub async fn scripts(&self, on: bool) {
        self.call(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": !on}),
        )
        .await;
    }

    pub async fn theme(&self, theme: Theme) {
        let value = if theme == Theme::Dark {
            "dark"
        } else {
            "light"
        };
        let features = json!([{"name": "prefers-color-scheme", "value": value}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    pub async fn width(&self, pixels: u32) {
        let params =
            json!({"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", params)
            .await;
    }

    pub async fn languages(&self, accept: &str) {
        let headers = json!({"Accept-Language": accept});
        self.call("Network.setExtraHTTPHeaders", json!({"headers": headers}))
            .await;
    }

    pub async fn cookie(&self, url: &str, name: &str, value: &str) {
        self.call(
            "Network.setCookie",
            json!({"url": url, "name": name, "value": value}),
        )
        .await;
    }

    /// Serious and critical findings of axe-core, as text.
    pub async fn axe(&self) -> Vec<String> {
        self.eval(&format!("{AXE}; true")).await;
        let found = self
            .eval("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
            .await;
        found
            .as_array()
            .into_iter()
            .flatten()
            .filter(|v| ["serious", "critical"].contains(&v["impact"].as_str().unwrap_or_default()))
            .map(|v| {
                let nodes: Vec<_> = v["nodes"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .take(4)
                    .collect();
                let nodes: Vec<_> = nodes.iter().map(|n| n["html"].to_string()).collect();
                format!("{}: {} {}", v["id"], v["help"], nodes.join(" "))
            })
            .collect()
    }

    /// Writes a picture of the whole page into `target/screenshots/`.
    pub async fn screenshot(&self, name: &str) {
        let params = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.call("Page.captureScreenshot", params).await;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(picture["data"].as_str().unwrap())
            .unwrap();
        let folder = screenshots();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// Fails when anything was written to the console since the last call.
    pub fn console_is_empty(&self, page: &str) {
        let lines: Vec<String> = self.console.lock().unwrap().drain(..).collect();
        assert!(lines.is_empty(), "{page} wrote to the console: {lines:#?}");
    }

    /// True once the hydrated page has marked itself.
    pub async fn hydrated(&self) {
        wait::until_within(Duration::from_secs(60), "hydration", || async {
            let done = self
                .try_eval("document.documentElement.hasAttribute('data-hydrated')")
                .await;
            (done == Ok(Value::Bool(true))).then_some(())
        })
        .await;
    }
}

/// Beside the built programs, where `make test` says they are.
pub fn screenshots() -> PathBuf {
    let mut folder = child::program("waybill");
    folder.pop();
    folder.pop();
    folder.join("screenshots")
}
