//! Who may do what, over HTTP, with the accounts and the audit log in a real Postgres.

mod console;
mod export;
mod pages;
mod routes;
mod searches;
mod sign_in;
mod tokens;
mod users;
