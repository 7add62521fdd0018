//! Causes that an error names itself, in the words of the libraries that raise it.

use waybill_model::journey::Cause;

use super::{POOL_EXHAUSTED, cause};
use crate::journey::masking::without_credentials;

/// Characters of an error that a sentence quotes.
const QUOTED: usize = 200;

/// A rule and the words that speak for it: all of one entry, in one line, in lower case.
struct Rule {
    name: &'static str,
    lead: &'static str,
    words: &'static [&'static [&'static str]],
}

/// The first that fits speaks: a pool that could not connect times out like one that is exhausted,
/// and says beneath that the connection was refused.
const RULES: &[Rule] = &[
    Rule {
        name: "out_of_memory",
        lead: "Its process ran out of memory",
        words: &[
            &["outofmemoryerror"],
            &["outofmemoryexception"],
            &["java heap space"],
            &["gc overhead limit exceeded"],
            &["heap out of memory"],
            &["cannot allocate memory"],
            &["memoryerror"],
        ],
    },
    Rule {
        name: "database_deadlock",
        lead: "The database ended a deadlock at its cost",
        words: &[
            &["deadlock detected"],
            &["deadlock found when trying to get lock"],
            &["deadlocked on", "resources"],
            &["deadlock victim"],
            &["ora-00060"],
        ],
    },
    Rule {
        name: "database_lock_timeout",
        lead: "A lock of the database was not given in time",
        words: &[
            &["due to lock timeout"],
            &["lock wait timeout exceeded"],
            &["could not obtain lock on"],
            &["lock request time out period exceeded"],
            &["database is locked"],
            &["database table is locked"],
            &["ora-00054"],
            &["ora-30006"],
        ],
    },
    Rule {
        name: "database_statement_timeout",
        lead: "The database gave up a statement that took too long",
        words: &[
            &["due to statement timeout"],
            &["maximum statement execution time exceeded"],
        ],
    },
    Rule {
        name: "too_many_connections",
        lead: "The database takes no further connection",
        words: &[
            &["too many clients already"],
            &["connection slots are reserved"],
            &["too many connections"],
            // PgBouncer.
            &["no more connections allowed"],
        ],
    },
    Rule {
        name: "connection_refused",
        lead: "Nothing takes connections where it connects to",
        words: &[
            &["connection refused"],
            &["econnrefused"],
            &["actively refused it"],
        ],
    },
    Rule {
        name: POOL_EXHAUSTED,
        lead: "No connection of its pool became free in time",
        words: &[
            // Java: HikariCP, Tomcat JDBC, DBCP and Jedis, c3p0, Druid, Agroal, R2DBC.
            &["connection is not available, request timed out after"],
            &["timeout: pool empty"],
            &["timeout waiting for idle object"],
            &["checkout a connection has timed out"],
            &["wait millis", "maxactive"],
            &["acquisition timeout"],
            &["connection acquisition timed out"],
            // Python: psycopg_pool, psycopg2, SQLAlchemy, mysql-connector.
            &["couldn't get a connection after"],
            &["connection pool exhausted"],
            &["queuepool limit of size"],
            &["pool exhausted"],
            // JavaScript: node-postgres, Sequelize, Knex, Prisma, tarn.
            &["timeout exceeded when trying to connect"],
            &["connectionacquiretimeouterror"],
            &["timeout acquiring a connection"],
            &["timed out fetching a new connection from the connection pool"],
            &["resourcerequest timed out"],
            // Rust: sqlx, deadpool, bb8, r2d2.
            &["pool timed out while waiting for an open connection"],
            &["waiting for a slot to become available"],
            &["timed out in bb8"],
            &["timed out waiting for connection"],
            // Go: MongoDB, go-redis.
            &["checking out a connection from connection pool"],
            &["connection pool timeout"],
            // .NET: System.Data, Npgsql, MySqlConnector.
            &["prior to obtaining a connection from the pool"],
            &["connection pool has been exhausted"],
            &["all pooled connections are in use"],
            // Ruby on Rails, Elixir's DBConnection, PgBouncer.
            &["could not obtain a connection from the pool within"],
            &["request was dropped from queue after"],
            &["query_wait_timeout"],
        ],
    },
];

/// Libraries that raise a bare timeout while a connection is waited for: what of the stack says so.
/// asyncpg; pgx, whose pool is puddle.
const BARE: &[(&str, &[&str])] = &[
    ("timeouterror", &["asyncpg/pool.py", "acquire"]),
    ("context deadline exceeded", &["jackc/puddle", "acquire"]),
];

/// `kind`: the error's type.
pub fn of(kind: &str, message: &str, stack: &str) -> Option<Cause> {
    let heads = || stack.lines().filter(|line| !is_frame(line));
    let lines = || [kind, message].into_iter().chain(heads());
    let told = RULES.iter().find_map(|rule| {
        let line = lines().find(|line| rule.fits(line))?;
        // The type alone says little to a person.
        let quoted = if line == kind && !message.is_empty() {
            message
        } else {
            line
        };
        Some((rule, quoted))
    });
    match told {
        Some((rule, line)) if rule.name == POOL_EXHAUSTED && holds_none(line) => None,
        Some((rule, line)) => Some(cause(rule.name, format!("{}: {}", rule.lead, quote(line)))),
        None => bare(kind, message, stack),
    }
}

impl Rule {
    fn fits(&self, line: &str) -> bool {
        let line = line.to_lowercase();
        self.words
            .iter()
            .any(|words| words.iter().all(|word| line.contains(word)))
    }
}

/// A frame's file or method may be called anything.
fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("at ") || line.starts_with("File \"")
}

/// HikariCP tells what the pool held: nothing is held where it could not connect.
fn holds_none(line: &str) -> bool {
    line.contains("(total=0,")
}

fn bare(kind: &str, message: &str, stack: &str) -> Option<Cause> {
    let stack = stack.to_lowercase();
    let fits = |(error, within): &&(&str, &[&str])| {
        let says = |text: &str| text.to_lowercase().contains(error);
        (says(kind) || says(message)) && within.iter().all(|word| stack.contains(word))
    };
    BARE.iter().find(fits)?;
    let sentence = "No connection of its pool became free in time: it timed out in the pool";
    Some(cause(POOL_EXHAUSTED, sentence.to_owned()))
}

fn quote(line: &str) -> String {
    const MARK: &str = "Caused by: ";
    let line = line.trim();
    let line = without_credentials(line.strip_prefix(MARK).unwrap_or(line));
    let line = line.trim_end_matches('.');
    if line.chars().count() <= QUOTED {
        return line.to_owned();
    }
    let cut: String = line.chars().take(QUOTED).collect();
    cut + "…"
}
