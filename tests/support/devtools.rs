//! A small DevTools client: Chromium over its own protocol, so that the console, scripts off and
//! emulated themes are seen without a driver in between.
//! Source: Chrome DevTools Protocol 1.3, flat sessions.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>>;

/// One headless Chromium with a profile of its own; ended when dropped.
pub struct Chromium {
    child: Child,
    link: Link,
    _profile: tempfile::TempDir,
}

/// What was written to a page's console or thrown in it.
pub type ConsoleLines = Arc<Mutex<Vec<String>>>;

#[derive(Clone)]
struct Link {
    out: mpsc::UnboundedSender<Message>,
    waiting: Waiting,
    next: Arc<AtomicU64>,
    consoles: Arc<Mutex<HashMap<String, ConsoleLines>>>,
}

/// One tab.
pub struct Tab {
    link: Link,
    session: String,
    pub console: ConsoleLines,
}

impl Chromium {
    pub async fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let program = std::env::var("WAYBILL_CHROMIUM").unwrap_or_else(|_| "chromium".into());
        let mut child = Command::new(&program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .args(["--hide-scrollbars", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| {
                panic!("{program} does not start ({e}): install it, or name it in WAYBILL_CHROMIUM")
            });
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = tokio::task::spawn_blocking(move || {
            let url = lines.by_ref().map_while(Result::ok).find_map(|line| {
                line.strip_prefix("DevTools listening on ")
                    .map(str::to_owned)
            });
            // Its error stream is read to the end, or Chromium would block on a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            url.expect("Chromium names its DevTools address")
        })
        .await
        .unwrap();
        Self {
            child,
            link: Link::connect(&url).await,
            _profile: profile,
        }
    }

    /// A tab of its own browser context: cookies are not shared with other tabs.
    pub async fn tab(&self) -> Tab {
        let context = self
            .link
            .call(None, "Target.createBrowserContext", json!({}))
            .await;
        let target = self
            .link
            .call(
                None,
                "Target.createTarget",
                json!({"url": "about:blank", "browserContextId": context["browserContextId"]}),
            )
            .await;
        let attached = self
            .link
            .call(
                None,
                "Target.attachToTarget",
                json!({"targetId": target["targetId"], "flatten": true}),
            )
            .await;
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let console = ConsoleLines::default();
        self.link
            .consoles
            .lock()
            .unwrap()
            .insert(session.clone(), console.clone());
        let tab = Tab {
            link: self.link.clone(),
            session,
            console,
        };
        for domain in [
            "Page.enable",
            "Runtime.enable",
            "Log.enable",
            "Network.enable",
        ] {
            tab.call(domain, json!({})).await;
        }
        tab
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Tab {
    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.link.call(Some(&self.session), method, params).await
    }

    /// The value of an expression in the page, or why there is none.
    pub async fn try_eval(&self, expression: &str) -> Result<Value, String> {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self
            .link
            .try_call(Some(&self.session), "Runtime.evaluate", params)
            .await?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details.to_string()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }
}

impl Link {
    async fn connect(url: &str) -> Self {
        let config = tokio_tungstenite::tungstenite::protocol::WebSocketConfig::default()
            .max_message_size(None)
            .max_frame_size(None);
        let (socket, _) = tokio_tungstenite::connect_async_with_config(url, Some(config), false)
            .await
            .unwrap();
        let (mut write, mut read) = socket.split();
        let (out, mut queue) = mpsc::unbounded_channel::<Message>();
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if write.send(message).await.is_err() {
                    break;
                }
            }
        });
        let link = Self {
            out,
            waiting: Waiting::default(),
            next: Arc::new(AtomicU64::new(1)),
            consoles: Arc::default(),
        };
        let (waiting, consoles) = (link.waiting.clone(), link.consoles.clone());
        tokio::spawn(async move {
            while let Some(Ok(message)) = read.next().await {
                let Ok(text) = message.to_text() else {
                    continue;
                };
                let Ok(value) = serde_json::from_str::<Value>(text) else {
                    continue;
                };
                if let Some(id) = value["id"].as_u64() {
                    let Some(sender) = waiting.lock().unwrap().remove(&id) else {
                        continue;
                    };
                    let answer = match value.get("error") {
                        Some(error) => Err(error.to_string()),
                        None => Ok(value["result"].clone()),
                    };
                    let _ = sender.send(answer);
                } else if let Some(line) = console_line(&value) {
                    let session = value["sessionId"].as_str().unwrap_or_default();
                    if let Some(console) = consoles.lock().unwrap().get(session) {
                        console.lock().unwrap().push(line);
                    }
                }
            }
        });
        link
    }

    async fn try_call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> Result<Value, String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, sender);
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        self.out
            .send(Message::text(message.to_string()))
            .map_err(|e| e.to_string())?;
        match tokio::time::timeout(Duration::from_secs(60), receiver).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(format!("{method}: the browser went away")),
            Err(_) => Err(format!("{method}: no answer within 60 s")),
        }
    }

    async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.try_call(session, method, params)
            .await
            .unwrap_or_else(|e| panic!("{method}: {e}"))
    }
}

/// Errors and warnings of scripts, policies and the network, as one line each.
fn console_line(event: &Value) -> Option<String> {
    let params = &event["params"];
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(format!("exception: {}", params["exceptionDetails"])),
        "Runtime.consoleAPICalled" if ["error", "warning"].contains(&params["type"].as_str()?) => {
            Some(format!("console: {}", params["args"]))
        }
        "Log.entryAdded" if params["entry"]["level"] == "error" => Some(format!(
            "log: {} {}",
            params["entry"]["text"], params["entry"]["url"]
        )),
        _ => None,
    }
}
