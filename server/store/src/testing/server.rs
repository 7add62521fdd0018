//! A private Postgres: own folder under the temporary folder, socket only, gone with this process.
//!
//! A watchdog process reads a pipe that only this process holds open: when this process ends,
//! however it ends, the watchdog stops Postgres and removes the folder.

use std::fs::{self, Permissions};
use std::io::{Error, Result, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::connect::ConnectOptions;

const USER: &str = "waybill";
const PORT: u16 = 5432;
/// A busy machine was fourteen times slower than an idle one.
const READY_WITHIN: Duration = Duration::from_secs(90);

#[derive(Clone, Copy, Debug, Default)]
pub struct ServerOptions {
    /// Off: nothing survives a power cut, and tests are faster.
    pub fsync: bool,
}

pub struct PostgresServer {
    folder: PathBuf,
    password: String,
    pid: u32,
    /// Held open: its end is what the watchdog waits for.
    _lifeline: ChildStdin,
}

impl PostgresServer {
    /// Ready for connections when it returns.
    pub fn start(options: ServerOptions) -> Result<Self> {
        let programs = programs()?;
        let folder = new_folder()?;
        let password = random_hex(16)?;
        let data = folder.join("data");
        fs::create_dir(&data)?;
        let secret = folder.join("password");
        fs::write(&secret, &password)?;
        if is_root()? {
            for path in [&data, &secret] {
                checked(Command::new("chown").arg("postgres:").arg(path))?;
            }
        }
        let initdb = programs.join("initdb");
        checked(
            unprivileged(&initdb)?
                .arg("-D")
                .arg(&data)
                .args(["-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
                .args(["--auth=scram-sha-256", "--data-checksums"])
                .arg(format!("--pwfile={}", secret.display())),
        )?;
        fs::remove_file(&secret)?;
        let postgres = launch(&programs.join("postgres"), &data, &folder, options)?;
        let lifeline = watch(postgres.id(), &folder)?;
        let server = Self {
            pid: postgres.id(),
            folder,
            password,
            _lifeline: lifeline,
        };
        server.wait_ready(postgres)?;
        Ok(server)
    }

    pub fn connect_options(&self, database: &str) -> ConnectOptions {
        ConnectOptions::socket(&self.folder, PORT, USER, &self.password, database)
    }

    /// For programs that are told a URL: the socket's folder stands percent-encoded as the host.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!(
            "postgres://{USER}:{}@{folder}:{PORT}/{database}",
            self.password
        )
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// CPU seconds that the server and all its processes have used, ended ones included.
    pub fn cpu_seconds(&self) -> f64 {
        let ticks: u64 = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .filter_map(|pid| Ticks::of(pid).map(|ticks| (pid, ticks)))
            .filter_map(|(pid, ticks)| match pid {
                _ if pid == self.pid => Some(ticks.own + ticks.ended_children),
                _ if ticks.parent == self.pid => Some(ticks.own),
                _ => None,
            })
            .sum();
        ticks as f64 / TICKS_A_SECOND
    }

    fn wait_ready(&self, mut postgres: Child) -> Result<()> {
        let socket = self.folder.join(format!(".s.PGSQL.{PORT}"));
        let pid_file = self.folder.join("data/postmaster.pid");
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let ready = fs::read_to_string(&pid_file).is_ok_and(|text| text.contains("ready"));
            if ready && socket.exists() {
                // Reaped by nobody else; a thread waits so that no zombie stays.
                std::thread::spawn(move || postgres.wait());
                return Ok(());
            }
            if let Some(status) = postgres.try_wait()? {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(Error::other(format!("postgres ended with {status}: {log}")));
            }
            if Instant::now() > deadline {
                return Err(Error::other("postgres did not become ready"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Linux counts CPU time for /proc in hundredths of a second.
const TICKS_A_SECOND: f64 = 100.0;

/// CPU seconds of this process.
pub fn own_cpu_seconds() -> f64 {
    Ticks::of(std::process::id()).map_or(0.0, |ticks| ticks.own as f64 / TICKS_A_SECOND)
}

struct Ticks {
    parent: u32,
    own: u64,
    ended_children: u64,
}

impl Ticks {
    /// Source: proc(5), `/proc/pid/stat`, fields 4 and 14 to 17.
    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            own: number(11)? + number(12)?,
            ended_children: number(13)? + number(14)?,
        })
    }
}

fn launch(program: &Path, data: &Path, folder: &Path, options: ServerOptions) -> Result<Child> {
    let log = fs::File::create(folder.join("log"))?;
    let mut command = unprivileged(program)?;
    command
        .arg("-D")
        .arg(data)
        .arg("-k")
        .arg(folder)
        .args(["-p", &PORT.to_string()])
        .args([
            "-c",
            "listen_addresses=",
            "-c",
            "unix_socket_permissions=0777",
        ])
        .args(["-c", "max_connections=300", "-c", "shared_buffers=128MB"]);
    if !options.fsync {
        command.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    }
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
}

/// Its own process group: an interrupt from the terminal ends the tests, not the watchdog.
fn watch(pid: u32, folder: &Path) -> Result<ChildStdin> {
    let script = "cat >/dev/null; kill -QUIT \"$1\" 2>/dev/null; \
        i=0; while kill -0 \"$1\" 2>/dev/null && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; \
        rm -rf \"$2\"";
    let mut child = Command::new("sh")
        .args(["-c", script, "watchdog", &pid.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/")
        .process_group(0)
        .spawn()?;
    child
        .stdin
        .take()
        .ok_or_else(|| Error::other("the watchdog has no pipe"))
}

/// Postgres refuses to run as root: there it becomes the user `postgres`.
fn unprivileged(program: &Path) -> Result<Command> {
    let mut command = if is_root()? {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
            .arg("--")
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command
        .current_dir("/")
        .env_remove("PGDATA")
        .env("LC_ALL", "C.UTF-8");
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

/// Newest versioned folder first, then PATH.
fn programs() -> Result<PathBuf> {
    let mut versioned: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versioned.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
    let path = std::env::var_os("PATH").unwrap_or_default();
    versioned
        .into_iter()
        .map(|(_, folder)| folder)
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .ok_or_else(|| Error::other("no Postgres server programs were found: install postgresql"))
}

/// Short enough for a socket path, open enough for the user `postgres` to pass.
fn new_folder() -> Result<PathBuf> {
    let parent = std::env::temp_dir();
    let parent = if parent.as_os_str().len() > 60 {
        PathBuf::from("/tmp")
    } else {
        parent
    };
    let folder = parent.join(format!("waybill-test-{}", random_hex(6)?));
    fs::create_dir(&folder)?;
    fs::set_permissions(&folder, Permissions::from_mode(0o711))?;
    if is_root()? {
        // The socket is made here.
        checked(Command::new("chown").arg("postgres:").arg(&folder))?;
    }
    Ok(folder)
}

pub(super) fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(Error::other)?;
    Ok(hex::encode(random))
}

fn checked(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    std::io::stderr().write_all(&output.stdout)?;
    Err(Error::other(format!(
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    )))
}
