//! Makes the database cluster at the first start.

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use waybill_model::problem::{Code, Problem};

use super::account::Account;
use super::binaries::Binaries;
use super::layout::{Layout, make_dir, unusable, write_private};

/// A busy machine was seen to be 14 times slower than an idle one, which needs half a second.
const DEADLINE: Duration = Duration::from_secs(120);

/// The only role; the password stands in the data directory.
pub const USER: &str = "waybill";
/// Made by `initdb`; the private server has no other.
pub const DATABASE: &str = "postgres";

/// Runs `initdb` beside its place and moves the result: an interrupted one leaves nothing that
/// looks finished.
pub async fn initialise(
    layout: &Layout,
    binaries: &Binaries,
    account: &Account,
) -> Result<(), Problem> {
    let unfinished = layout.postgres_unfinished();
    remove_dir(&unfinished)?;
    let password = layout.make_password()?;
    make_dir(&unfinished, 0o700)?;
    if let Some((uid, gid)) = account.ids() {
        chown(&unfinished, Some(uid), Some(gid)).map_err(|error| unusable(&unfinished, &error))?;
    }
    // initdb reads it as the other user, so it cannot be the file under keys/.
    let handed_over = layout.root().join("initdb-password");
    write_private(&handed_over, password.expose(), account.ids())?;
    let output = run(&unfinished, &handed_over, binaries, account).await;
    let removed = std::fs::remove_file(&handed_over);
    let done = output.and_then(|()| removed.map_err(|error| unusable(&handed_over, &error)));
    if let Err(problem) = done {
        // The reason is worth more than a failure to tidy up after it.
        let _ = std::fs::remove_dir_all(&unfinished);
        return Err(problem);
    }
    let place = layout.postgres();
    std::fs::rename(&unfinished, &place).map_err(|error| unusable(&place, &error))
}

async fn run(
    dir: &Path,
    password_file: &Path,
    binaries: &Binaries,
    account: &Account,
) -> Result<(), Problem> {
    let mut command = account.command(binaries.program("initdb"));
    command
        .arg("--pgdata")
        .arg(dir)
        .args([
            "--username",
            USER,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
        ])
        .args(["--locale=C.UTF-8", "--data-checksums", "--pwfile"])
        .arg(password_file)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output())
        .await
        .map_err(|_| failed(dir, &format!("initdb took longer than {DEADLINE:?}")))?
        .map_err(|error| failed(dir, &format!("initdb cannot be run: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(
        dir,
        &super::last_lines(&String::from_utf8_lossy(&output.stderr), 4),
    ))
}

/// `what` is what the program said.
pub(super) fn failed(dir: &Path, what: &str) -> Problem {
    let hint = if what.contains("No space left on device") {
        "The disk is full: free space, or name a folder on another disk with data_dir."
    } else if what.contains("Permission denied") {
        "Give the user whom Postgres runs as the right to its folder, or name another data_dir."
    } else if what.contains("shared memory") {
        "The system gives too little shared memory: free some, or raise its limit."
    } else {
        "postgres.log in the data directory says more."
    };
    Problem::new(
        Code::DataDirectory,
        format!("Postgres cannot use {}: {what}", dir.display()),
        hint,
    )
}

fn remove_dir(path: &Path) -> Result<(), Problem> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(path, &error)),
        _ => Ok(()),
    }
}
