//! Liveness: the server says that something changed, pages read again by their one read path.

use leptos::prelude::*;

#[derive(Clone, Copy)]
pub struct Live {
    tick: RwSignal<u32>,
    paused: RwSignal<bool>,
    connected: RwSignal<bool>,
}

impl Live {
    pub fn provide(signed_in: bool) {
        let live = Self {
            tick: RwSignal::new(0),
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
        Effect::new(move || self.open());
    }

    /// One stream; bursts of events become one reading every two seconds.
    #[cfg(feature = "hydrate")]
    fn open(self) {
        use std::time::Duration;
        use wasm_bindgen::JsCast;
        use wasm_bindgen::closure::Closure;

        const AT_MOST_EVERY: Duration = Duration::from_secs(2);
        /// Something was stored; a journey came into trouble.
        const KINDS: [&str; 2] = ["spans", "troubled"];

        let Ok(source) = web_sys::EventSource::new("/api/v1/events") else {
            return;
        };
        let waiting = StoredValue::new(false);
        let changed = Closure::<dyn FnMut()>::new(move || {
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
                AT_MOST_EVERY,
            );
        });
        let opened = Closure::<dyn FnMut()>::new(move || self.connected.set(true));
        let failed = Closure::<dyn FnMut()>::new(move || self.connected.set(false));
        for kind in KINDS {
            let _ = source.add_event_listener_with_callback(kind, changed.as_ref().unchecked_ref());
        }
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        // The stream lives as long as the page; so must what it calls.
        changed.forget();
        opened.forget();
        failed.forget();
    }
}
