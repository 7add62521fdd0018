//! `waybill user` and `waybill token`: on the configured database, with or without a server
//! running on it. Whoever can read the password of the database administers it.

use std::process::ExitCode;

use serde_json::json;
use waybill_model::access::{Caller, Role};
use waybill_model::problem::{Code, Problem};
use waybill_model::view::{TokenPurpose, UserLine};

use super::{Purpose, Source, TokenCommand, UserCommand, output, password};
use crate::audit::Audit;
use crate::auth::Auth;
use crate::database::{Database, store_problem};

pub async fn user(command: UserCommand) -> Result<ExitCode, Problem> {
    match command {
        UserCommand::Add {
            source,
            name,
            role,
            password_stdin,
        } => {
            let password = password::read(password_stdin)?;
            let desk = Desk::open(&source).await?;
            let added = desk
                .auth
                .add_user(&desk.caller, &name, password, role.into())
                .await;
            desk.close(added.map(|_| format!("added {}\n", output::printable(&name))))
                .await
        }
        UserCommand::List { source, json } => {
            let desk = Desk::open(&source).await?;
            let users = desk.auth.users(&desk.caller).await;
            desk.close(users.map(|users| list(&users, json))).await
        }
        UserCommand::SetRole { source, name, role } => {
            let desk = Desk::open(&source).await?;
            let role = Role::from(role);
            let done = async {
                let user = desk.user(&name).await?;
                desk.auth.set_role(&desk.caller, user.id, role).await
            }
            .await;
            let name = output::printable(&name);
            desk.close(done.map(|_| format!("{name} is {} now\n", role.name())))
                .await
        }
        UserCommand::Reset {
            source,
            name,
            password_stdin,
        } => {
            let password = password::read(password_stdin)?;
            let desk = Desk::open(&source).await?;
            let done = async {
                let user = desk.user(&name).await?;
                desk.auth
                    .reset_password(&desk.caller, user.id, password)
                    .await
            }
            .await;
            let name = output::printable(&name);
            desk.close(done.map(|_| format!("{name} has a new password\n")))
                .await
        }
    }
}

pub async fn token(command: TokenCommand) -> Result<ExitCode, Problem> {
    let TokenCommand::Create {
        source,
        name,
        role,
        user,
        purpose,
        json,
    } = command;
    let mut desk = Desk::open(&source).await?;
    let purpose = match purpose {
        Some(Purpose::Ingest) => TokenPurpose::Ingest,
        None => TokenPurpose::Api,
    };
    let role = role.map_or(Role::Viewer, Role::from);
    let created = async {
        // A token belongs to a user: it can do no more than they, and ends with them.
        if purpose == TokenPurpose::Api {
            desk.speak_for(user.as_deref()).await?;
        }
        desk.auth
            .create_token(&desk.caller, &name, purpose, role)
            .await
    }
    .await;
    let text = created.map(|(line, secret)| match json {
        true => format!(
            "{:#}\n",
            json!({ "id": line.id, "name": line.name, "secret": secret })
        ),
        false => format!("{secret}\n"),
    });
    desk.close(text).await
}

fn list(users: &[UserLine], json: bool) -> String {
    if json {
        return format!("{:#}\n", json!({ "items": users, "next": null }));
    }
    let rows: Vec<Vec<String>> = users
        .iter()
        .map(|user| {
            let seen = user
                .last_seen_at
                .map_or("never".to_owned(), |at| at.to_string());
            vec![
                output::printable(&user.name),
                user.role.name().to_owned(),
                user.created_at.to_string(),
                seen,
            ]
        })
        .collect();
    output::table(&["NAME", "ROLE", "CREATED", "LAST SEEN"], &rows)
}

/// The database with the schema of this version, and who acts on it.
struct Desk {
    database: Database,
    auth: Auth,
    caller: Caller,
}

impl Desk {
    async fn open(source: &Source) -> Result<Self, Problem> {
        let config = source.load()?;
        let database = Database::open(&config).await?;
        let ready = async {
            database.store().migrate().await.map_err(store_problem)?;
            let store = database.store().clone();
            Auth::new(store.clone(), Audit::new(store), config.server.is_https())
        }
        .await;
        match ready {
            Ok(auth) => Ok(Self {
                database,
                auth,
                caller: command_line(),
            }),
            Err(problem) => {
                database.close().await?;
                Err(problem)
            }
        }
    }

    async fn user(&self, name: &str) -> Result<UserLine, Problem> {
        let users = self.auth.users(&self.caller).await?;
        users
            .into_iter()
            .find(|user| user.name == name)
            .ok_or_else(|| {
                Problem::new(
                    Code::NotFound,
                    format!("there is no user {}", output::printable(name)),
                    "`waybill user list` names them all.",
                )
            })
    }

    /// `None`: the first administrator.
    async fn speak_for(&mut self, name: Option<&str>) -> Result<(), Problem> {
        let user = match name {
            Some(name) => self.user(name).await?,
            None => {
                let users = self.auth.users(&self.caller).await?;
                let admins = users.into_iter().filter(|user| user.role == Role::Admin);
                admins.min_by_key(|user| user.id).ok_or_else(|| {
                    Problem::new(
                        Code::NotFound,
                        "there is no administrator that the token could belong to",
                        "Make one with `waybill user add NAME --role admin`.",
                    )
                })?
            }
        };
        self.caller.user_id = user.id;
        self.caller.role = user.role;
        self.caller.grants = user.role.grants();
        Ok(())
    }

    /// Prints what was done, once the database is closed.
    async fn close(self, done: Result<String, Problem>) -> Result<ExitCode, Problem> {
        self.database.close().await?;
        output::print(&done?);
        Ok(ExitCode::SUCCESS)
    }
}

/// In the audit log: the system's own hand.
fn command_line() -> Caller {
    Caller {
        user_id: 0,
        name: "system (command line)".to_owned(),
        role: Role::Admin,
        grants: Role::Admin.grants(),
        token: None,
    }
}
