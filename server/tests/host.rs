//! The program as people start it: exit codes, one server a data directory, signals, kill -9.

#![expect(
    clippy::unwrap_used,
    reason = "what a test relies on failing is the test failing"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(90);

/// A folder with a configuration on free ports.
struct Place {
    dir: tempfile::TempDir,
    web: SocketAddr,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("waybill-host-")
            .tempdir_in("/tmp")
            .unwrap();
        let open = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(dir.path(), open).unwrap();
        // Held together, so that they differ; free again when this returns.
        let ports: Vec<TcpListener> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let at = |n: usize| ports[n].local_addr().unwrap();
        let place = Self { web: at(0), dir };
        let text = format!(
            "data_dir = '{}'\nserver.listen = '{}'\n[ingest]\notlp_grpc = '{}'\notlp_http = '{}'\n",
            place.data_dir().display(),
            at(0),
            at(1),
            at(2)
        );
        std::fs::write(place.config(), text).unwrap();
        place
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("waybill.toml")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = waybill(words);
        command.arg("--config").arg(self.config());
        command
    }

    fn serve(&self) -> Server {
        let mut command = self.command(&["serve"]);
        command.stderr(Stdio::null()).stdout(Stdio::null());
        let server = Server(command.spawn().unwrap());
        until("ready", || status(self.web, "/readyz") == Some(200));
        server
    }

    fn postmaster(&self) -> Option<u32> {
        let file = self.data_dir().join("postgres/postmaster.pid");
        std::fs::read_to_string(file)
            .ok()?
            .lines()
            .next()?
            .parse()
            .ok()
    }
}

/// Ended with the test, whatever happens.
struct Server(Child);

impl Server {
    fn signal(&self, signal: &str) {
        let id = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn waybill(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waybill"));
    command
        .args(words)
        .stdin(Stdio::null())
        .env_remove("WAYBILL_CONFIG");
    command
}

fn run(mut command: Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn with_input(mut command: Command, input: &str) -> (Option<i32>, String, String) {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn status(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    String::from_utf8_lossy(&answer)
        .split(' ')
        .nth(1)?
        .parse()
        .ok()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn wrong_words_are_exit_2_with_code_and_hint() {
    for words in [
        &["fly"][..],
        &["serve", "--role", "cook"],
        &["user", "add", "x"],
        &["token", "create", "--name", "x"],
    ] {
        assert_eq!(run(waybill(words)).0, Some(2), "{words:?}");
    }
    let place = Place::new();
    std::fs::write(place.config(), "[server]\nlisen = '127.0.0.1:1'\n").unwrap();
    for words in [
        &["serve"][..],
        &["check"],
        &["migrate", "--check"],
        &["user", "list"],
    ] {
        let (code, _, errors) = run(place.command(words));
        assert_eq!(code, Some(2), "{words:?}: {errors}");
        assert!(errors.contains("error[config_invalid]"), "{errors}");
        assert!(errors.contains("waybill.toml:2: `lisen`"), "{errors}");
        assert!(errors.contains("hint: Did you mean `listen`?"), "{errors}");
    }
    let (code, _, errors) = run(waybill(&["journey", "x", "--server", "http://127.0.0.1:9"]));
    assert_eq!(code, Some(1));
    assert!(errors.contains("does not answer"), "{errors}");
    let (code, page, _) = run(waybill(&["man"]));
    assert_eq!(code, Some(0));
    assert!(
        page.contains(".TH") && page.contains("WAYBILL SERVE"),
        "{page}"
    );
    assert_eq!(run(waybill(&["completions", "bash"])).0, Some(0));
}

#[test]
fn users_and_tokens_with_and_without_a_server() {
    let place = Place::new();
    let add = |name: &str, role: &str| {
        let words = ["user", "add", name, "--role", role, "--password-stdin"];
        with_input(place.command(&words), "correct horse\n")
    };
    let (code, _, errors) = add("ada", "admin");
    assert_eq!(code, Some(0), "{errors}");
    let (code, _, errors) = add("ada", "admin");
    assert_eq!(code, Some(1));
    assert!(errors.contains("error[conflict]"), "{errors}");
    assert_eq!(
        place.postmaster(),
        None,
        "the command stops what it started"
    );

    let mut server = place.serve();
    let (code, _, errors) = add("ben", "viewer");
    assert_eq!(code, Some(0), "{errors}");
    let (code, users, _) = run(place.command(&["user", "list", "--json"]));
    assert_eq!(code, Some(0));
    assert!(
        users.contains("\"ada\"") && users.contains("\"ben\""),
        "{users}"
    );
    for words in [&["--role", "viewer"][..], &["--for", "ingest"]] {
        let words = [&["token", "create", "--name", "t"], words].concat();
        let (code, token, errors) = run(place.command(&words));
        assert_eq!(code, Some(0), "{errors}");
        assert!(token.starts_with("wb"), "{token}");
    }
    let (code, findings, _) = run(place.command(&["check", "--json"]));
    assert_eq!(code, Some(0), "{findings}");
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn clashes_are_told_apart_and_signals_end_it() {
    let place = Place::new();
    let mut server = place.serve();
    assert_eq!(status(place.web, "/healthz"), Some(200));

    let (code, _, errors) = run(place.command(&["serve"]));
    assert_eq!(code, Some(1));
    assert!(errors.contains("error[data_directory_in_use]"), "{errors}");

    let other = Place::new();
    let mut second = other.command(&["serve"]);
    second.args(["--listen", &place.web.to_string()]);
    let (code, _, errors) = run(second);
    assert_eq!(code, Some(1));
    assert!(errors.contains("error[port_in_use]"), "{errors}");
    assert!(errors.contains(&place.web.to_string()), "{errors}");
    assert!(!other.data_dir().exists(), "nothing was begun");

    let (code, findings, _) = run({
        let mut check = other.command(&["check"]);
        check.env("WAYBILL_SERVER_LISTEN", place.web.to_string());
        check
    });
    assert_eq!(code, Some(1));
    assert!(
        findings.contains("missing  server.listen: [port_in_use]"),
        "{findings}"
    );

    server.signal("-HUP");
    server.signal("-INT");
    assert_eq!(server.exit_code(), Some(0));
    assert_eq!(place.postmaster(), None);
}

#[test]
fn after_kill_9_postgres_stops_and_the_next_start_serves() {
    let place = Place::new();
    let mut server = place.serve();
    assert!(place.postmaster().is_some());
    let link = setup_link(&place.data_dir());
    server.signal("-KILL");
    server.exit_code();
    // At once: the watchdog's shutdown may still be under way.
    let mut server = place.serve();
    assert!(place.postmaster().is_some());
    assert_ne!(
        setup_link(&place.data_dir()),
        link,
        "a fresh link at each start"
    );
    server.signal("-KILL");
    server.exit_code();
    until("the watchdog stops Postgres", || {
        place.postmaster().is_none()
    });
}

fn setup_link(data_dir: &Path) -> String {
    let file = data_dir.join("setup-link");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    std::fs::read_to_string(file).unwrap()
}
