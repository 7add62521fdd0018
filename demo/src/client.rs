//! The shop as its customers and operators see it: over HTTP.

use anyhow::{Context as _, Result, bail};
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::cli::FaultCommand;
use crate::fault::{FaultName, Setting};
use crate::order::NewOrder;

#[derive(Clone)]
pub struct Shop {
    http: reqwest::Client,
    url: String,
}

#[derive(Deserialize)]
struct Placed {
    order_id: String,
}

impl Shop {
    pub fn at(url: String) -> Result<Shop> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(std::time::Duration::from_secs(60))
            .build()
            .context("prepare an HTTP client")?;
        Ok(Shop { http, url })
    }

    /// The id of an order that is committed.
    pub async fn place(&self, order: &NewOrder) -> Result<String> {
        let response = self
            .http
            .post(format!("{}/orders", self.url))
            .json(order)
            .send()
            .await;
        let placed: Placed = accepted(response)
            .await?
            .json()
            .await
            .context("read the shop's answer")?;
        Ok(placed.order_id)
    }

    /// JSON text.
    pub async fn show(&self, order_id: &str) -> Result<String> {
        self.read(&format!("orders/{order_id}")).await
    }

    pub async fn fault(&self, command: FaultCommand) -> Result<String> {
        match command {
            FaultCommand::Set {
                name,
                share,
                orders,
                delay_ms,
                services,
                tries,
            } => {
                let name: FaultName = name.join(" ").parse()?;
                let setting = Setting {
                    share,
                    orders,
                    delay_ms,
                    services,
                    tries,
                };
                let response = self
                    .http
                    .put(format!("{}/faults/{name}", self.url))
                    .json(&setting)
                    .send()
                    .await;
                accepted(response).await?;
                Ok(format!("{name} is on"))
            }
            FaultCommand::Clear { name } => {
                let name: FaultName = name.join(" ").parse()?;
                accepted(
                    self.http
                        .delete(format!("{}/faults/{name}", self.url))
                        .send()
                        .await,
                )
                .await?;
                Ok(format!("{name} is off"))
            }
            FaultCommand::List => self.read("faults").await,
        }
    }

    async fn read(&self, path: &str) -> Result<String> {
        let response = self.http.get(format!("{}/{path}", self.url)).send().await;
        accepted(response)
            .await?
            .text()
            .await
            .context("read the shop's answer")
    }
}

async fn accepted(response: reqwest::Result<Response>) -> Result<Response> {
    let response = response.context("the shop does not answer; is `waybill-demo all` running?")?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status: StatusCode = response.status();
    bail!(
        "the shop answers {status}: {}",
        response.text().await.unwrap_or_default()
    );
}
