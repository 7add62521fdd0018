//! Where a form leads after its work is done. The server provides one for requests to `/fn`.

use std::sync::Arc;

#[derive(Clone)]
pub struct PageRedirect(Arc<dyn Fn(&str) + Send + Sync>);

impl PageRedirect {
    /// `lead` answers the request being served with a redirect to a path of this server.
    pub fn new(lead: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(lead))
    }

    pub fn to(path: &str) {
        if let Some(redirect) = leptos::prelude::use_context::<Self>() {
            (redirect.0)(path);
        }
    }
}
