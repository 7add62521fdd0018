//! The private Postgres against the system's real programs: made, stopped, recovered, adopted.

#![expect(
    clippy::unwrap_used,
    reason = "what a test relies on failing is the test failing"
)]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use waybill_model::problem::Code;
use waybill_model::status::ComponentState;
use waybill_server::config::{Config, Environment, Overrides, load};
use waybill_server::health::Health;
use waybill_server::postgres::{PrivatePostgres, inspect};

/// A folder that the Postgres user can pass through.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::Builder::new()
        .prefix("waybill-host-")
        .tempdir_in("/tmp")
        .unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    dir
}

fn config(data_dir: &Path) -> Config {
    let overrides = Overrides {
        data_dir: Some(data_dir.to_owned()),
        ..Overrides::default()
    };
    load(None, &Environment::new(), &overrides).unwrap()
}

async fn start(data_dir: &Path, health: &Health) -> PrivatePostgres {
    PrivatePostgres::start(&config(data_dir), health.component("postgres"))
        .await
        .unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "not within 60 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill")
        .args([signal, &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_made_stopped_and_found_again() {
    let dir = folder();
    let data_dir = dir.path().join("data");
    let health = Health::default();
    let postgres = start(&data_dir, &health).await;
    let password = postgres.address().password.clone();

    let mode = |path: &str| std::fs::metadata(data_dir.join(path)).unwrap().mode() & 0o777;
    assert_eq!(mode(""), if is_root() { 0o711 } else { 0o700 });
    assert_eq!(mode("keys"), 0o700);
    assert_eq!(mode("keys/postgres-password"), 0o600);
    assert_eq!(mode("postgres"), 0o700);
    let uid = std::fs::metadata(data_dir.join("postgres")).unwrap().uid();
    assert_ne!(uid, 0, "never as root");
    let pid = postgres.pid().unwrap();
    assert_eq!(
        std::fs::metadata(format!("/proc/{pid}")).unwrap().uid(),
        uid
    );
    assert!(!data_dir.join("initdb-password").exists());

    let second = PrivatePostgres::start(&config(&data_dir), health.component("second")).await;
    assert_eq!(second.unwrap_err().code, Code::DataDirectoryInUse);
    let inspection = inspect(&config(&data_dir));
    assert!(inspection.running.unwrap().is_some());

    postgres.stop().await.unwrap();
    assert!(!data_dir.join("postgres/postmaster.pid").exists());
    assert!(inspect(&config(&data_dir)).running.unwrap().is_none());

    let again = start(&data_dir, &health).await;
    assert_eq!(again.address().password, password);
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgres_is_started_again_and_said_so() {
    let dir = folder();
    let health = Health::default();
    let postgres = start(&dir.path().join("data"), &health).await;
    let first = postgres.pid().unwrap();
    kill("-KILL", first);
    until("a new postmaster", || {
        postgres.pid().is_some_and(|pid| pid != first)
    })
    .await;
    until("it is well again", || {
        health.components()[0].state == ComponentState::Ok
    })
    .await;
    assert!(health.components()[0].last_error.is_some());
    postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postmaster_that_was_left_behind_is_adopted() {
    let dir = folder();
    let data_dir = dir.path().join("data");
    let health = Health::default();
    let postgres = start(&data_dir, &health).await;
    let pid = postgres.pid().unwrap();
    // As after kill -9 of server and watchdog: nobody stops it, and the lock is free.
    for child in watchdogs_of(&data_dir) {
        kill("-KILL", child);
    }
    std::mem::forget(postgres);
    std::fs::remove_file(data_dir.join("waybill.lock")).unwrap();

    let adopter = start(&data_dir, &health).await;
    assert_eq!(adopter.pid(), Some(pid));
    adopter.stop().await.unwrap();
    assert!(!data_dir.join("postgres/postmaster.pid").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_major_version_is_named_with_the_way_out() {
    let dir = folder();
    let postgres_dir = dir.path().join("data/postgres");
    std::fs::create_dir_all(&postgres_dir).unwrap();
    std::fs::write(postgres_dir.join("PG_VERSION"), "99\n").unwrap();
    let problem = PrivatePostgres::start(
        &config(&dir.path().join("data")),
        Health::default().component("postgres"),
    )
    .await
    .unwrap_err();
    assert_eq!(problem.code, Code::DatabaseVersion);
    assert!(problem.message.contains("99"), "{problem}");
    assert!(problem.hint.contains("pg_upgrade"), "{}", problem.hint);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_parent_is_named() {
    if !is_root() {
        // The user who runs Postgres is the one who made the folder: nothing is closed to them.
        return;
    }
    let dir = folder();
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let problem = PrivatePostgres::start(
        &config(&closed.join("data")),
        Health::default().component("postgres"),
    )
    .await
    .unwrap_err();
    assert_eq!(problem.code, Code::DataDirectory);
    assert!(problem.message.contains("closed"), "{problem}");
    assert!(problem.hint.contains("chmod o+x"), "{}", problem.hint);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_programs_is_named() {
    let dir = folder();
    let mut config = config(&dir.path().join("data"));
    config.database.bin_dir = Some(dir.path().to_owned());
    let problem = PrivatePostgres::start(&config, Health::default().component("postgres"))
        .await
        .unwrap_err();
    assert_eq!(problem.code, Code::PostgresMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_first_start_leaves_no_harm() {
    let dir = folder();
    let data_dir = dir.path().join("data");
    std::fs::create_dir_all(data_dir.join("postgres.new/base")).unwrap();
    let postgres = start(&data_dir, &Health::default()).await;
    assert!(!data_dir.join("postgres.new").exists());
    postgres.stop().await.unwrap();
}

/// By their command line, which names the data directory.
fn watchdogs_of(data_dir: &Path) -> Vec<u32> {
    let named = data_dir.join("postgres").display().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words.contains("waybill-watchdog") && words.split('\0').any(|word| word == named)
        })
        .collect()
}
