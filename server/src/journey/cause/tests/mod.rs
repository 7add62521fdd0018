use std::sync::Arc;

use waybill_broker::Dialects;
use waybill_model::journey::{Cause, Journey};
use waybill_model::span::{Span, SpanKind};

use crate::journey::fixture::{Make, attributes, process, send, span};
use crate::journey::{Context, rebuild};

/// The journey of a message whose one attempt ran from 10 ms on, with these spans under it.
fn journey(mut attempt: Span, within: Vec<Span>) -> Journey {
    attempt = attempt.under(1).linked(1, 1);
    let put = send("shop", "kafka", "orders", 1, 1);
    let spans: Vec<Arc<Span>> = [put, attempt]
        .into_iter()
        .chain(within)
        .map(Arc::new)
        .collect();
    let mut journeys = rebuild(&spans, &Dialects::builtin(), &Context::default()).journeys;
    assert_eq!(journeys.len(), 1, "{journeys:#?}");
    journeys.remove(0)
}

fn cause(journey: &Journey) -> Option<&Cause> {
    journey.deliveries[0].attempts[0].cause.as_ref()
}

fn attempt() -> Span {
    process("inventory", "kafka", "orders", 1, 2).at(10, 20)
}

fn with_stack(mut span: Span, stack: &str) -> Span {
    let exception = span.events.last_mut().unwrap();
    let stack = attributes(&[("exception.stacktrace", stack)]);
    exception.attributes.extend(stack);
    span
}

#[test]
fn errors_name_their_cause_in_the_words_of_their_libraries() {
    let pool = super::POOL_EXHAUSTED;
    for (kind, message, rule) in [
        (
            "java.sql.SQLTransientConnectionException",
            "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
            pool,
        ),
        (
            "java.sql.SQLTransientConnectionException",
            "orders - Connection is not available, request timed out after 30003ms (total=10, active=10, idle=0, waiting=37)",
            pool,
        ),
        (
            "org.apache.tomcat.jdbc.pool.PoolExhaustedException",
            "[exec-1] Timeout: Pool empty. Unable to fetch a connection in 30 seconds, none available[size:10; busy:10; idle:0; lastwait:30000].",
            pool,
        ),
        (
            "java.sql.SQLException",
            "Cannot get a connection, pool error Timeout waiting for idle object",
            pool,
        ),
        (
            "java.sql.SQLException",
            "An attempt by a client to checkout a Connection has timed out.",
            pool,
        ),
        (
            "com.alibaba.druid.pool.GetConnectionTimeoutException",
            "wait millis 60000, active 20, maxActive 20, creating 0",
            pool,
        ),
        (
            "psycopg_pool.PoolTimeout",
            "couldn't get a connection after 30.00 sec",
            pool,
        ),
        (
            "sqlalchemy.exc.TimeoutError",
            "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
            pool,
        ),
        ("psycopg2.pool.PoolError", "connection pool exhausted", pool),
        ("Error", "timeout exceeded when trying to connect", pool),
        (
            "SequelizeConnectionAcquireTimeoutError",
            "Operation timeout",
            pool,
        ),
        (
            "KnexTimeoutError",
            "Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?",
            pool,
        ),
        (
            "PoolTimedOut",
            "pool timed out while waiting for an open connection",
            pool,
        ),
        (
            "deadpool",
            "Timeout occurred while waiting for a slot to become available",
            pool,
        ),
        ("bb8", "Timed out in bb8", pool),
        ("r2d2", "timed out waiting for connection: FATAL", pool),
        (
            "System.InvalidOperationException",
            "Timeout expired.  The timeout period elapsed prior to obtaining a connection from the pool.  This may have occurred because all pooled connections were in use and max pool size was reached.",
            pool,
        ),
        (
            "Npgsql.NpgsqlException",
            "The connection pool has been exhausted, either raise 'Max Pool Size' (currently 100) or 'Timeout' (currently 15 seconds)",
            pool,
        ),
        (
            "MySqlConnector.MySqlException",
            "Connect Timeout expired. All pooled connections are in use.",
            pool,
        ),
        (
            "ActiveRecord::ConnectionTimeoutError",
            "could not obtain a connection from the pool within 5.000 seconds (waited 5.001 seconds); all pooled connections were in use",
            pool,
        ),
        (
            "org.postgresql.util.PSQLException",
            "FATAL: sorry, too many clients already",
            "too_many_connections",
        ),
        (
            "org.postgresql.util.PSQLException",
            "ERROR: deadlock detected",
            "database_deadlock",
        ),
        (
            "com.mysql.cj.jdbc.exceptions.MySQLTransactionRollbackException",
            "Deadlock found when trying to get lock; try restarting transaction",
            "database_deadlock",
        ),
        (
            "java.sql.SQLException",
            "Lock wait timeout exceeded; try restarting transaction",
            "database_lock_timeout",
        ),
        (
            "asyncpg.exceptions.LockNotAvailableError",
            "canceling statement due to lock timeout",
            "database_lock_timeout",
        ),
        (
            "QueryCanceled",
            "canceling statement due to statement timeout",
            "database_statement_timeout",
        ),
        (
            "java.net.ConnectException",
            "Connection refused",
            "connection_refused",
        ),
        (
            "Error",
            "connect ECONNREFUSED 127.0.0.1:5432",
            "connection_refused",
        ),
        (
            "java.lang.OutOfMemoryError",
            "Java heap space",
            "out_of_memory",
        ),
        ("MemoryError", "", "out_of_memory"),
    ] {
        let told = journey(attempt().failed(kind, message), vec![]);
        let cause = cause(&told).unwrap_or_else(|| panic!("{kind}: {message}"));
        assert_eq!(cause.rule, rule, "{kind}: {message}");
        let diagnosis = told.diagnosis.as_deref().unwrap();
        assert!(diagnosis.contains(&cause.sentence), "{diagnosis}");
    }
}

#[test]
fn what_stands_beneath_a_wrapper_is_its_cause() {
    let wrapper = "org.springframework.jdbc.CannotGetJdbcConnectionException";
    let stack = |cause: &str| {
        format!(
            "{wrapper}: Failed to obtain JDBC Connection\n\
             \tat org.springframework.jdbc.datasource.DataSourceUtils.getConnection(DataSourceUtils.java:83)\n\
             Caused by: java.sql.SQLTransientConnectionException: {cause}\n\
             \tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)\n"
        )
    };
    let failed = || attempt().failed(wrapper, "Failed to obtain JDBC Connection");
    let exhausted = "HikariPool-1 - Connection is not available, request timed out after 30000ms.";
    let told = journey(with_stack(failed(), &stack(exhausted)), vec![]);
    assert_eq!(
        cause(&told).unwrap().sentence,
        "No connection of its pool became free in time: java.sql.SQLTransientConnectionException: \
         HikariPool-1 - Connection is not available, request timed out after 30000ms"
    );
    // The same words where there was no connection to be had.
    let refused = stack(exhausted) + "Caused by: java.net.ConnectException: Connection refused\n";
    let told = journey(with_stack(failed(), &refused), vec![]);
    assert_eq!(cause(&told).unwrap().rule, "connection_refused");
    let none = "HikariPool-1 - Connection is not available, request timed out after 30000ms (total=0, active=0, idle=0, waiting=3)";
    let told = journey(with_stack(failed(), &stack(none)), vec![]);
    assert_eq!(cause(&told), None);
    // The wrapper alone does not say why.
    assert_eq!(cause(&journey(failed(), vec![])), None);
}

#[test]
fn a_bare_timeout_is_told_by_where_it_was_raised() {
    let python = "Traceback (most recent call last):\n  File \"/app/stock.py\", line 3, in reserve\n  \
                  File \"/venv/asyncpg/pool.py\", line 864, in _acquire\nTimeoutError";
    let failed = || attempt().failed("asyncio.exceptions.TimeoutError", "");
    let told = journey(with_stack(failed(), python), vec![]);
    assert_eq!(cause(&told).unwrap().rule, super::POOL_EXHAUSTED);
    assert_eq!(cause(&journey(failed(), vec![])), None);
    // Words in the name of a file are nobody's error.
    let file = "Error: declined\n    at charge (/app/connection refused/billing.js:12:9)";
    let told = journey(
        with_stack(attempt().failed("Error", "declined"), file),
        vec![],
    );
    assert_eq!(cause(&told), None);
}

#[test]
fn an_error_that_is_quoted_keeps_no_credentials() {
    let message = "postgres://shop:hunter2@db/stock: Connection refused";
    let told = journey(attempt().failed("Error", message), vec![]);
    let sentence = &cause(&told).unwrap().sentence;
    assert!(sentence.contains("Connection refused"), "{sentence}");
    assert!(!sentence.contains("hunter2"), "{sentence}");
}

fn query(id: u64, from_ms: i64, to_ms: i64, statement: &str) -> Span {
    let mut span = span("inventory", 1, id)
        .at(from_ms, to_ms)
        .under(2)
        .with("db.system.name", "postgresql")
        .with("db.namespace", "inventory")
        .with("server.address", "db.internal")
        .with("db.query.text", statement);
    span.kind = SpanKind::Client;
    span
}

fn slow() -> Span {
    process("inventory", "kafka", "orders", 1, 2).at(10, 2_010)
}

#[test]
fn a_slow_attempt_names_the_query_that_it_waited_for() {
    let reserve = "UPDATE stock SET left = left - 3 WHERE sku = 'A-1'";
    let told = journey(
        slow(),
        vec![
            query(3, 100, 1_820, reserve),
            query(4, 1_830, 1_900, "COMMIT"),
        ],
    );
    let cause = cause(&told).unwrap();
    assert_eq!(cause.rule, "slow_dependency");
    assert_eq!(
        cause.sentence,
        "86 % of processing is one query of inventory (db.internal): UPDATE stock SET left = left - ? WHERE sku = ?"
    );
    assert_eq!(told.diagnosis_rule.as_deref(), Some("delivered_slowly"));
    assert!(
        told.diagnosis
            .as_deref()
            .unwrap()
            .ends_with(&format!("being processed: {}.", cause.sentence))
    );
}

#[test]
fn many_queries_side_by_side_count_their_time_once() {
    let same = (0..10).map(|n| {
        query(
            10 + n,
            20 + (n as i64) * 150,
            220 + (n as i64) * 150,
            "SELECT 1",
        )
    });
    let told = journey(slow(), same.collect());
    assert_eq!(
        cause(&told).unwrap().sentence,
        "78 % of processing is 10 queries of inventory (db.internal): SELECT ?"
    );
    // Deeper down, and of another service.
    let mut inner = query(4, 30, 1_900, "SELECT 2").under(3);
    let work = span("inventory", 1, 3).at(20, 1_950).under(2);
    let told = journey(slow(), vec![work.clone(), inner.clone()]);
    assert_eq!(cause(&told).unwrap().rule, "slow_dependency");
    inner.resource = Arc::new(waybill_model::span::Resource {
        attributes: attributes(&[("service.name", "another")]),
        ..Default::default()
    });
    assert_eq!(cause(&journey(slow(), vec![work, inner])), None);
}

#[test]
fn a_connection_that_was_waited_for_is_named() {
    let connecting = {
        let mut span = span("inventory", 1, 3).at(20, 1_860).under(2);
        span.name = "HikariDataSource.getConnection".into();
        span
    };
    let told = journey(slow(), vec![connecting]);
    let cause = cause(&told).unwrap();
    assert_eq!(cause.rule, super::CONNECTION_WAIT);
    assert_eq!(
        cause.sentence,
        "92 % of processing waits for a database connection"
    );
}

#[test]
fn nothing_is_said_of_what_is_quick_or_spread() {
    let quick = query(3, 10, 20, "SELECT 1");
    assert_eq!(cause(&journey(attempt(), vec![quick])), None);
    let half = query(3, 10, 1_100, "SELECT 1");
    assert_eq!(cause(&journey(slow(), vec![half])), None);
    let failed = attempt().failed("shop.Declined", "order 7 declined");
    assert_eq!(cause(&journey(failed, vec![])), None);
}
