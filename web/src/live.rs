//! Liveness: the server says that something changed, pages read again by their one read path.

use leptos::prelude::*;

use crate::data::island::Watched;

#[derive(Clone, Copy)]
pub struct Live {
    tick: RwSignal<u32>,
    watched: StoredValue<Watched>,
    paused: RwSignal<bool>,
    connected: RwSignal<bool>,
}

impl Live {
    pub fn provide(signed_in: bool) {
        let live = Self {
            tick: RwSignal::new(0),
            watched: StoredValue::new(Watched::default()),
            paused: RwSignal::new(false),
            connected: RwSignal::new(false),
        };
        provide_context(live);
        if signed_in {
            live.listen();
        }
    }

    pub fn expect() -> Self {
        expect_context::<Self>()
    }

    /// Changes when the data of pages may have changed; what is read takes it into its key.
    pub fn key(self) -> String {
        format!("#{}", self.tick.get())
    }

    pub fn paused(self) -> bool {
        self.paused.get()
    }

    pub fn connected(self) -> bool {
        self.connected.get()
    }

    pub fn watch(self, watched: Watched) {
        self.watched.set_value(watched);
    }

    /// Resuming reads at once what was missed.
    pub fn toggle(self) {
        self.paused.update(|paused| *paused = !*paused);
        if !self.paused.get_untracked() {
            self.tick.update(|tick| *tick += 1);
        }
    }

    #[cfg(not(feature = "hydrate"))]
    fn listen(self) {}

    #[cfg(feature = "hydrate")]
    fn listen(self) {
        Effect::new(move || {
            let stream = StoredValue::new_local(self.open());
            // A browser keeps a page that was left, its stream with it, for whoever comes back. It has
            // six connections to a server: some pages later none would be free.
            window_event_listener(leptos::ev::pagehide, move |_| {
                if let Some(Some(source)) = stream.try_update_value(Option::take) {
                    source.close();
                }
                self.connected.set(false);
            });
            window_event_listener(leptos::ev::pageshow, move |event| {
                if event.persisted() {
                    stream.set_value(self.open());
                    self.tick.update(|tick| *tick += 1);
                }
            });
        });
    }

    /// One stream. Bursts of events become one reading: of spans every two seconds, of clusters
    /// every second. `None`: the browser opens none.
    #[cfg(feature = "hydrate")]
    fn open(self) -> Option<web_sys::EventSource> {
        use wasm_bindgen::JsCast;
        use wasm_bindgen::closure::Closure;
        use web_sys::MessageEvent;

        const SPANS_MS: u64 = 2_000;
        const CLUSTERS_MS: u64 = 1_000;

        let source = web_sys::EventSource::new("/api/v1/events").ok()?;
        let waiting = StoredValue::new(false);
        let told = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if event.type_() != "clusters" {
                // Readings of one cluster bring the spans of its pages along.
                let is_of_cluster = |watched: &Watched| matches!(watched, Watched::Cluster(_));
                if !self.watched.with_value(is_of_cluster) {
                    self.soon(waiting, SPANS_MS);
                }
                return;
            }
            let data = event.data().as_string().unwrap_or_default();
            if self.watched.with_value(|watched| watched.includes(&data)) {
                self.soon(waiting, CLUSTERS_MS);
            }
        });
        let opened = Closure::<dyn FnMut()>::new(move || self.connected.set(true));
        let failed = Closure::<dyn FnMut()>::new(move || self.connected.set(false));
        // Something was stored; a journey came into trouble; clusters were read.
        for kind in ["spans", "troubled", "clusters"] {
            let _ = source.add_event_listener_with_callback(kind, told.as_ref().unchecked_ref());
        }
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        // The stream lives as long as the page; so must what it calls.
        told.forget();
        opened.forget();
        failed.forget();
        Some(source)
    }

    #[cfg(feature = "hydrate")]
    fn soon(self, waiting: StoredValue<bool>, after_ms: u64) {
        if waiting.get_value() || self.paused.get_untracked() {
            return;
        }
        waiting.set_value(true);
        set_timeout(
            move || {
                waiting.set_value(false);
                if !self.paused.get_untracked() {
                    self.tick.update(|tick| *tick += 1);
                }
            },
            std::time::Duration::from_millis(after_ms),
        );
    }
}
