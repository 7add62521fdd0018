//! Whether a postmaster lives, and whether it takes connections.

use std::io::Result as IoResult;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Kernel clock ticks a second as shown under /proc: fixed at 100 by the Linux ABI.
const TICKS_PER_S: i64 = 100;
/// Between the kernel's start time of a process and the time that Postgres wrote, in seconds.
const START_SLACK_S: i64 = 60;

/// What `postmaster.pid` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postmaster {
    pub pid: u32,
    data_dir: PathBuf,
    started_at_s: i64,
    pub socket_dir: PathBuf,
}

impl Postmaster {
    /// `None`: no file, or one that is still being written.
    pub fn read(data_dir: &Path) -> Option<Self> {
        parse(&std::fs::read_to_string(data_dir.join("postmaster.pid")).ok()?)
    }

    /// Whether this very postmaster runs: the process is a postgres, works in this data
    /// directory, and is as old as the file says. Another process may have got its id since.
    pub fn is_alive(&self, data_dir: &Path) -> bool {
        let process = PathBuf::from(format!("/proc/{}", self.pid));
        let is_postgres = std::fs::read_to_string(process.join("comm"))
            .is_ok_and(|name| name.trim_end() == "postgres");
        let same_dir = |path: &Path| match (path.canonicalize(), data_dir.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        };
        is_postgres
            && same_dir(&self.data_dir)
            && same_dir(&process.join("cwd"))
            && process_started_at_s(&process)
                .is_some_and(|at| (at - self.started_at_s).abs() <= START_SLACK_S)
    }

    pub fn socket(&self) -> PathBuf {
        socket_in(&self.socket_dir)
    }
}

/// Ids of all living server processes that work in this data directory, whatever `postmaster.pid`
/// says. One that was killed and not collected by its parent is not living.
pub fn processes_in(data_dir: &Path) -> Vec<u32> {
    let Ok(data_dir) = data_dir.canonicalize() else {
        return Vec::new();
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let process = PathBuf::from(format!("/proc/{pid}"));
            std::fs::read_to_string(process.join("comm"))
                .is_ok_and(|name| name.trim_end() == "postgres")
                && std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == data_dir)
        })
        .collect()
}

pub fn socket_in(dir: &Path) -> PathBuf {
    dir.join(".s.PGSQL.5432")
}

/// Lines: pid, data directory, start, port, socket directory, …
fn parse(text: &str) -> Option<Postmaster> {
    let mut lines = text.lines().map(str::trim);
    let pid = lines.next()?.parse().ok()?;
    let data_dir = lines.next()?.into();
    let started_at_s = lines.next()?.parse().ok()?;
    let _port = lines.next()?;
    let socket_dir = lines.next()?.into();
    Some(Postmaster {
        pid,
        data_dir,
        started_at_s,
        socket_dir,
    })
}

fn process_started_at_s(process: &Path) -> Option<i64> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    // The name stands in parentheses and may hold anything; the start is the 20th field after it.
    let ticks: i64 = stat
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(19)?
        .parse()
        .ok()?;
    let boot: i64 = std::fs::read_to_string("/proc/stat")
        .ok()?
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()?;
    Some(boot + ticks / TICKS_PER_S)
}

/// What a knock at the socket is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Accepting,
    /// Starting, recovering or shutting down (SQLSTATE 57P03).
    NotNow,
    None,
}

/// Opens a connection as far as the server's first word, as `pg_isready` does.
pub async fn knock(socket: &Path) -> Answer {
    match tokio::time::timeout(Duration::from_secs(2), first_word(socket)).await {
        Ok(Ok(answer)) => answer,
        _ => Answer::None,
    }
}

async fn first_word(socket: &Path) -> IoResult<Answer> {
    let mut stream = UnixStream::connect(socket).await?;
    // Frontend/backend protocol 3.0: length, version, parameters ended by an empty one.
    let parameters = b"user\0waybill\0database\0postgres\0\0";
    let length = 8 + parameters.len() as u32;
    let mut hello = Vec::with_capacity(length as usize);
    hello.extend_from_slice(&length.to_be_bytes());
    hello.extend_from_slice(&(3_u32 << 16).to_be_bytes());
    hello.extend_from_slice(parameters);
    stream.write_all(&hello).await?;
    let kind = stream.read_u8().await?;
    let length = stream.read_u32().await?.clamp(4, 4096) - 4;
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    let not_now = kind == b'E'
        && body
            .split(|byte| *byte == 0)
            .any(|field| field == b"C57P03");
    Ok(if not_now {
        Answer::NotNow
    } else {
        Answer::Accepting
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read() {
        let text = "4242\n/data/postgres\n1700000000\n5432\n/run/waybill\n\n  1 2\nready   \n";
        let found = parse(text).unwrap();
        assert_eq!(found.pid, 4242);
        assert_eq!(found.socket(), PathBuf::from("/run/waybill/.s.PGSQL.5432"));
        assert_eq!(parse("4242\n/data"), None);
    }

    #[test]
    fn another_process_with_its_id_is_not_it() {
        let dir = tempfile::tempdir().unwrap();
        let impostor = Postmaster {
            pid: std::process::id(),
            data_dir: dir.path().to_owned(),
            started_at_s: 0,
            socket_dir: dir.path().to_owned(),
        };
        assert!(!impostor.is_alive(dir.path()));
    }

    #[test]
    fn our_own_start_is_known() {
        let started = process_started_at_s(Path::new("/proc/self")).unwrap();
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs() as i64;
        assert!((now - started).abs() < 3_600, "{started} {now}");
    }
}
