use leptos::prelude::*;
use waybill_model::access::Role;
use waybill_model::view::{TokenLine, TokenPurpose};

use super::Fault;
use super::packed::{Answer, Read};

#[server(prefix = "/fn", endpoint = "tokens")]
pub async fn tokens() -> Answer {
    super::fault::answer(super::port().tokens().await)
}

pub fn read_tokens() -> Read<Vec<TokenLine>> {
    Read::new(String::new, tokens)
}

/// Leads to the page that shows the secret once. Only the id of the issue stands in the address.
#[server(prefix = "/fn", endpoint = "create_token")]
pub async fn create_token(name: String, purpose: TokenPurpose, role: Role) -> Result<(), Fault> {
    let issue = super::fault::told(super::port().create_token(name, purpose, role).await)?;
    super::redirect::PageRedirect::to(&format!(
        "/settings/tokens?issued={}",
        crate::routes::link::encode(&issue)
    ));
    Ok(())
}

/// `None`: it was shown already, or two minutes have passed.
#[server(prefix = "/fn", endpoint = "issued_token")]
pub async fn issued_token(issue: String) -> Answer {
    super::fault::answer(super::port().issued_token(issue).await)
}

pub fn read_issued_token(issue: String) -> Read<Option<String>> {
    Read::new(String::new, move || issued_token(issue.clone()))
}

#[server(prefix = "/fn", endpoint = "revoke_token")]
pub async fn revoke_token(token_id: i64) -> Result<(), Fault> {
    super::fault::told(super::port().revoke_token(token_id).await)
}
