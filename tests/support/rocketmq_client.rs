//! A real RocketMQ client in a process of its own: the Java program of `tests/clients/rocketmq`, whose
//! head tells roles and words.
//!
//! ```ignore
//! let mut payer = Client::start(&["produce", &format!("namesrv={}", site.namesrv), "group=payer"]);
//! let sent = payer.ask("send topic=orders keys=order-1 body=paid", "sent");
//! let mut reader = Client::start(&["push", …, "group=billing", "topic=orders", "behave=later"]);
//! let got = reader.until("the second try", |event| event["attempt"] == 2);
//! reader.tell("behave ok");
//! ```

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::child::{root, signal};

pub struct Client {
    child: Child,
    words: ChildStdin,
    events: Receiver<Value>,
    folder: tempfile::TempDir,
}

const PATIENCE: Duration = Duration::from_secs(90);

impl Client {
    /// Returns when the client has started; it blocks as all of these do.
    pub fn start(arguments: &[&str]) -> Self {
        Self::launch(arguments, None)
    }

    /// With OpenTelemetry's Java agent, as `service`, its spans sent to `endpoint` over gRPC; `more`
    /// are further variables of the agent.
    pub fn traced(
        arguments: &[&str],
        service: &str,
        endpoint: &str,
        more: &[(&str, &str)],
    ) -> Self {
        let mut variables = vec![
            ("OTEL_SERVICE_NAME", service),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ];
        variables.extend(more);
        Self::launch(arguments, Some(&variables))
    }

    fn launch(arguments: &[&str], agent: Option<&[(&str, &str)]>) -> Self {
        let program = program();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "java", "-Xmx96m", "-Xss256k"]);
        command.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        // Where both client libraries write their logs.
        command.arg(format!("-Duser.home={}", folder.path().display()));
        if let Some(variables) = agent {
            command.arg(format!("-javaagent:{}", program.agent));
            command.envs(variables.iter().copied());
        }
        let mut child = command
            .args(["-cp", &program.class_path, "Client"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let words = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            // Libraries write to standard output too.
            let events = lines.map_while(Result::ok);
            let mut events = events.filter_map(|line| serde_json::from_str(&line).ok());
            events.all(|event| sender.send(event).is_ok())
        });
        let mut client = Self {
            child,
            words,
            events,
            folder,
        };
        client.until("ready", |event| event["what"] == "ready");
        client
    }

    /// A line of its language, such as `behave later` or `pause`.
    pub fn tell(&mut self, line: &str) {
        self.words.write_all(line.as_bytes()).unwrap();
        self.words.write_all(b"\n").unwrap();
    }

    /// Tells, and waits for the event of that name.
    pub fn ask(&mut self, line: &str, what: &str) -> Value {
        self.tell(line);
        self.until(line, |event| event["what"] == what)
    }

    /// The next event that fits; those before it are dropped. Fails the test after 90 s, when the
    /// client ends, and when it says that a line failed.
    pub fn until(&mut self, wanted: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.recv_timeout(left) else {
                let words = std::fs::read_to_string(self.folder.path().join("stderr"));
                panic!("no {wanted}: {}", words.unwrap_or_default());
            };
            assert_ne!(event["what"], "failed", "{wanted}: {event}");
            if fits(&event) {
                return event;
            }
        }
    }

    /// Events that have come since and were not waited for; does not block.
    pub fn told(&mut self) -> Vec<Value> {
        self.events.try_iter().collect()
    }

    /// `kill -9`: a consumer that dies in the middle.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// `STOP` hangs the whole client, `CONT` lets it go on.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Program {
    class_path: String,
    agent: String,
}

fn program() -> &'static Program {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut command = Command::new(root().join("setup/rocketmq.sh"));
        let output = command.arg("clients").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (class_path, agent) = text.trim().split_once('\n').unwrap();
        Program {
            class_path: class_path.to_owned(),
            agent: agent.to_owned(),
        }
    })
}
