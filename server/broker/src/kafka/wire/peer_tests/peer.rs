//! One side of a socket that follows a script, a connection after another.

use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::{Encodable, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::dial::Target;

type Body = Box<dyn Fn(i16) -> Vec<u8> + Send + Sync>;
type BodyTo = Box<dyn Fn(&[u8], i16) -> Vec<u8> + Send + Sync>;

/// Each but the last two waits for a request first.
pub(super) enum Step {
    /// A right answer with this body, made for the version of the request.
    Answer(Body),
    /// The same in another version than was asked for.
    AnswerIn(i16, Body),
    /// One that depends on the request.
    AnswerTo(BodyTo),
    /// These bytes as they are, then the end.
    Raw(Vec<u8>),
    /// The first so many bytes of what follows the length.
    Cut(Box<Step>, usize),
    /// No answer, and no end.
    Silence,
    Close,
    /// Without waiting.
    CloseAtOnce,
}

pub(super) fn answer<R>(response: R::Response) -> Step
where
    R: Request,
    R::Response: Send + Sync + 'static,
{
    Step::Answer(Box::new(move |version| body(&response, version)))
}

/// Key, lowest and highest version of what is offered; ApiVersions itself comes on top.
pub(super) fn greeting(offered: &[(i16, i16, i16)]) -> Step {
    let keys = offered.iter().chain(&[(18, 0, 3)]).map(|(key, min, max)| {
        ApiVersion::default()
            .with_api_key(*key)
            .with_min_version(*min)
            .with_max_version(*max)
    });
    answer::<ApiVersionsRequest>(ApiVersionsResponse::default().with_api_keys(keys.collect()))
}

pub(super) fn cut(step: Step, after: usize) -> Step {
    Step::Cut(Box::new(step), after)
}

pub(in crate::kafka) fn body(response: &impl Encodable, version: i16) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    response.encode(&mut bytes, version).unwrap();
    bytes.to_vec()
}

#[derive(Default)]
struct Seen {
    connections: usize,
    /// Key and version.
    asked: Vec<(i16, i16)>,
    last: Vec<u8>,
}

pub(super) struct Peer {
    address: String,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    pub(super) async fn start(steps: Vec<Step>) -> Self {
        Self::start_scripts(vec![steps]).await
    }

    /// One script a connection; after the last nobody is accepted any more.
    pub(super) async fn start_scripts(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        let task = tokio::spawn(async move {
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                shared.lock().unwrap().connections += 1;
                follow(stream, script, &shared).await;
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    pub(super) fn target(&self) -> Target {
        Target {
            node: None,
            address: self.address.clone(),
        }
    }

    pub(super) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    pub(super) fn asked(&self) -> Vec<(i16, i16)> {
        self.seen.lock().unwrap().asked.clone()
    }

    pub(super) fn last_frame(&self) -> Vec<u8> {
        self.seen.lock().unwrap().last.clone()
    }
}

async fn follow(mut stream: TcpStream, script: Vec<Step>, seen: &Mutex<Seen>) {
    for step in script {
        if matches!(step, Step::CloseAtOnce) {
            return;
        }
        if let Step::Raw(bytes) = &step {
            // Whatever was sent, as another protocol would see it.
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(bytes).await;
            return;
        }
        let Some(frame) = read_frame(&mut stream).await else {
            return;
        };
        let key = i16::from_be_bytes([frame[0], frame[1]]);
        let version = i16::from_be_bytes([frame[2], frame[3]]);
        {
            let mut seen = seen.lock().unwrap();
            seen.asked.push((key, version));
            seen.last.clone_from(&frame);
        }
        let (step, limit) = match step {
            Step::Cut(step, after) => (*step, Some(after)),
            step => (step, None),
        };
        let mut bytes = match step {
            Step::Answer(body) => framed(&frame, key, version, &body(version)),
            Step::AnswerIn(other, body) => framed(&frame, key, other, &body(other)),
            Step::AnswerTo(body) => framed(&frame, key, version, &body(&frame, version)),
            Step::Silence => return std::future::pending().await,
            _ => return,
        };
        if let Some(after) = limit {
            bytes.truncate(4 + after);
        }
        let _ = stream.write_all(&bytes).await;
        if limit.is_some() {
            return;
        }
    }
    // The next connection of the script waits for the end of this one.
    let _ = stream.read(&mut [0; 1]).await;
}

/// A broker that answers every request of every connection: from its port, the key, the version and
/// the frame to a body.
pub(in crate::kafka) struct Answering {
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Answering {
    pub(in crate::kafka) async fn start(
        offered: &[(i16, i16, i16)],
        answer: impl Fn(u16, i16, i16, &[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = Arc::new(answer);
        let Step::Answer(greeting) = greeting(offered) else {
            panic!("a greeting is an answer")
        };
        let greeting = Arc::new(greeting);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, greeting) = (answer.clone(), greeting.clone());
                connections.spawn(async move {
                    while let Some(frame) = read_frame(&mut stream).await {
                        let key = i16::from_be_bytes([frame[0], frame[1]]);
                        let version = i16::from_be_bytes([frame[2], frame[3]]);
                        let body = match key {
                            18 => greeting(version),
                            _ => answer(port, key, version, &frame),
                        };
                        let framed = framed(&frame, key, version, &body);
                        if stream.write_all(&framed).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, task }
    }

    pub(in crate::kafka) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

async fn read_frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut size = [0; 4];
    stream.read_exact(&mut size).await.ok()?;
    let mut frame = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut frame).await.ok()?;
    Some(frame)
}

fn framed(request: &[u8], key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let flexible = ApiKey::try_from(key)
        .unwrap()
        .response_header_version(version)
        >= 1;
    let size = 4 + usize::from(flexible) + body.len();
    let mut frame = (size as u32).to_be_bytes().to_vec();
    frame.extend_from_slice(&request[4..8]);
    if flexible {
        frame.push(0);
    }
    frame.extend_from_slice(body);
    frame
}
