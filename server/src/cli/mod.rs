//! The command line: one definition for parsing, help, completions and the man page.

mod admin;
mod api;
mod check;
mod document;
mod journey;
mod migrate;
mod output;
mod password;
mod probe;
mod serve;
mod timeline;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use waybill_model::access::Role;
use waybill_model::problem::{Code, Problem};

use crate::config::{Config, Overrides, ProcessRole, load, process_environment};

/// Follow every message: operations and tracing console for message queues.
#[derive(Debug, Parser)]
#[command(name = "waybill", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start; with no configuration: private Postgres, loopback, a setup link on the terminal.
    Serve {
        #[command(flatten)]
        source: Source,
        /// What this process does [default: everything].
        #[arg(long = "role", value_name = "ROLE", value_delimiter = ',')]
        roles: Vec<ProcessRole>,
        /// Address of console and API.
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
    },
    /// Read the configuration, reach what it names, say what is missing. Changes nothing.
    Check {
        #[command(flatten)]
        source: Source,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Apply migrations, or list those that wait.
    Migrate {
        #[command(flatten)]
        source: Source,
        /// Only list; exit 1 if any waits.
        #[arg(long)]
        check: bool,
    },
    /// Manage the people who sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Manage access tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Print the journeys that fit a message id, key, trace id or k=v.
    Journey {
        /// A message id, message key, trace id or attribute=value.
        find: String,
        /// Address of a running Waybill.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        server: String,
        /// An access token; better given by the variable than on a command line.
        #[arg(long, env = "WAYBILL_TOKEN", hide_env_values = true)]
        token: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write, link, search and read back made-up messages through a running server.
    Probe(probe::Options),
    /// Print shell completions.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page.
    Man,
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user; the password is asked for.
    Add {
        #[command(flatten)]
        source: Source,
        name: String,
        #[arg(long, value_enum)]
        role: RoleName,
        /// Read the password from standard input, first line.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List users.
    List {
        #[command(flatten)]
        source: Source,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a user another role.
    SetRole {
        #[command(flatten)]
        source: Source,
        name: String,
        #[arg(value_enum)]
        role: RoleName,
    },
    /// Set a new password; ends the user's sessions.
    Reset {
        #[command(flatten)]
        source: Source,
        name: String,
        /// Read the password from standard input, first line.
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token. It is printed once.
    Create {
        #[command(flatten)]
        source: Source,
        /// What it is called in lists.
        #[arg(long)]
        name: String,
        /// The role of a token that speaks to the API.
        #[arg(long, value_enum, required_unless_present = "purpose")]
        role: Option<RoleName>,
        /// The user it speaks for [default: the first administrator].
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// A write-only token for senders of telemetry.
        #[arg(long = "for", value_enum, conflicts_with = "user")]
        purpose: Option<Purpose>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct Source {
    /// Configuration file (TOML) [default: none].
    #[arg(long, value_name = "FILE", env = "WAYBILL_CONFIG")]
    config: Option<PathBuf>,
    /// Folder of the private Postgres and the keys.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Source {
    fn load(&self) -> Result<Config, Problem> {
        self.load_with(Overrides::default())
    }

    fn load_with(&self, mut overrides: Overrides) -> Result<Config, Problem> {
        overrides.data_dir = self.data_dir.clone();
        load(self.config.as_deref(), &process_environment(), &overrides)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleName {
    Viewer,
    Operator,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Operator => Self::Operator,
            RoleName::Admin => Self::Admin,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    Ingest,
}

/// Runs the process. 0: done; 1: the work failed; 2: the words or the configuration are wrong.
pub fn main() -> ExitCode {
    // Prints help and wrong words itself, and leaves with 0 or 2.
    let cli = Cli::parse();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| internal("the runtime cannot start", &error))
        .and_then(|runtime| runtime.block_on(run(cli)));
    match done {
        Ok(code) => code,
        Err(problem) => {
            output::problem(&problem);
            exit_code(problem.code)
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Problem> {
    if !matches!(cli.command, Command::Serve { .. }) {
        crate::telemetry::warnings_only();
    }
    match cli.command {
        Command::Serve {
            source,
            roles,
            listen,
        } => serve::run(source, roles, listen).await,
        Command::Check { source, json } => check::run(&source, json).await,
        Command::Migrate { source, check } => migrate::run(&source, check).await,
        Command::User(command) => admin::user(command).await,
        Command::Token(command) => admin::token(command).await,
        Command::Journey {
            find,
            server,
            token,
            json,
        } => journey::run(&find, &server, token.as_deref(), json).await,
        Command::Probe(options) => probe::run(options).await,
        Command::Completions { shell } => document::completions(shell),
        Command::Man => document::man(),
    }
}

fn exit_code(code: Code) -> ExitCode {
    match code {
        Code::ConfigInvalid | Code::InvalidRequest => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

fn internal(what: &str, error: &dyn std::error::Error) -> Problem {
    Problem::new(
        Code::Internal,
        format!("{what}: {error}"),
        "Run it again; if it stays, report it with this text.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_password_can_be_an_argument() {
        let text = Cli::command().render_long_help().to_string();
        assert!(!text.contains("--password "));
        assert!(Cli::try_parse_from(["waybill", "user", "add", "a", "--password", "x"]).is_err());
    }

    #[test]
    fn roles_are_a_list() {
        let cli = Cli::try_parse_from(["waybill", "serve", "--role", "ingest,web"]).unwrap();
        let Command::Serve { roles, .. } = cli.command else {
            panic!("serve")
        };
        assert_eq!(roles, [ProcessRole::Ingest, ProcessRole::Web]);
    }

    #[test]
    fn a_token_has_a_role_or_a_purpose() {
        let parse = |words: &[&str]| {
            let start = ["waybill", "token", "create", "--name", "n"];
            Cli::try_parse_from(start.iter().chain(words)).is_ok()
        };
        assert!(parse(&["--role", "viewer"]));
        assert!(parse(&["--for", "ingest"]));
        assert!(!parse(&[]));
        // A role means nothing to it, and does no harm.
        assert!(parse(&["--for", "ingest", "--role", "viewer"]));
        assert!(!parse(&["--for", "ingest", "--user", "ada"]));
    }
}
