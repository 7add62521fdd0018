//! Answers as they travel. All of them are of one type until a page opens them, so that the
//! bundle holds the code of reading, keeping and hydrating once, and each decoder once.

use std::marker::PhantomData;
use std::pin::Pin;

use leptos::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use waybill_model::problem::{Code, Problem};

use super::Fault;

/// JSON of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed(String);

pub type Answer = Result<Packed, Fault>;
pub type Reading = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl Packed {
    #[cfg(feature = "ssr")]
    pub fn of<T: Serialize>(value: &T) -> Answer {
        serde_json::to_string(value).map(Self).map_err(unreadable)
    }

    fn open<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_str(&self.0).map_err(unreadable)
    }
}

fn unreadable(error: serde_json::Error) -> Fault {
    Fault(Problem::new(
        Code::Internal,
        format!("The answer cannot be read: {error}."),
        "Reload the page; a newer version may have been installed.",
    ))
}

/// Data of a page: read on the server first, and again whenever its key changes.
pub struct Read<T> {
    resource: Resource<Answer>,
    what: PhantomData<fn() -> T>,
}

impl<T> Clone for Read<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Read<T> {}

impl<T: DeserializeOwned> Read<T> {
    /// `fetch` answers with a packed `T`; it runs anew when `key` changes.
    pub(crate) fn new<F>(
        key: impl Fn() -> String + Send + Sync + 'static,
        fetch: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self {
            resource: resource(Box::new(key), Box::new(move || Box::pin(fetch()))),
            what: PhantomData,
        }
    }

    pub async fn get(self) -> Result<T, Fault> {
        self.resource.await?.open()
    }
}

fn resource(
    key: Box<dyn Fn() -> String + Send + Sync>,
    fetch: Box<dyn Fn() -> Reading + Send + Sync>,
) -> Resource<Answer> {
    Resource::new(key, move |_| fetch())
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_opened() {
        let packed = Packed::of(&vec![Some(1), None]).unwrap();
        assert_eq!(packed.open::<Vec<Option<i32>>>(), Ok(vec![Some(1), None]));
        assert!(packed.open::<String>().is_err());
    }
}
