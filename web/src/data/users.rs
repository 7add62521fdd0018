use leptos::prelude::*;
use waybill_model::access::Role;
use waybill_model::view::UserLine;

use super::Fault;
use super::packed::{Answer, Read};

#[server(prefix = "/fn", endpoint = "users")]
pub async fn users() -> Answer {
    super::fault::answer(super::port().users().await)
}

pub fn read_users() -> Read<Vec<UserLine>> {
    Read::new(String::new, users)
}

#[server(prefix = "/fn", endpoint = "add_user")]
pub async fn add_user(name: String, password: String, role: Role) -> Result<(), Fault> {
    super::fault::told(super::port().add_user(name, password, role).await)
}

#[server(prefix = "/fn", endpoint = "set_role")]
pub async fn set_role(user_id: i64, role: Role) -> Result<(), Fault> {
    super::fault::told(super::port().set_role(user_id, role).await)
}

#[server(prefix = "/fn", endpoint = "reset_password")]
pub async fn reset_password(user_id: i64, password: String) -> Result<(), Fault> {
    super::fault::told(super::port().reset_password(user_id, password).await)
}

#[server(prefix = "/fn", endpoint = "remove_user")]
pub async fn remove_user(user_id: i64) -> Result<(), Fault> {
    super::fault::told(super::port().remove_user(user_id).await)
}
