//! One side of a socket that follows a script, a connection after another.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::command::Answer;
use super::super::dial::{Role, Target};
use super::super::frame;
use super::super::header::{self, Header};

pub(super) enum Step {
    /// A right answer.
    Answer(Answer),
    /// The same with its header in the server's own form.
    InBinary(Answer),
    /// One that belongs to another request.
    Astray(Answer),
    /// A request of the server's own, then the answer.
    AsideThen(Answer),
    /// The first so many bytes of an answer, then the end.
    Cut(Answer, usize),
    /// These bytes as they are, then the end.
    Raw(Vec<u8>),
    /// No answer, and no end.
    Silence,
    /// After the request.
    Close,
}

pub(in crate::rocketmq) fn answer(code: i32, remark: &str) -> Answer {
    Answer {
        code,
        remark: Some(remark.to_owned()),
        ..Answer::default()
    }
}

/// With its length before it.
pub(in crate::rocketmq) fn framed(opaque: i32, is_answer: bool, answer: &Answer) -> Vec<u8> {
    let header = json!({
        "code": answer.code,
        "flag": i32::from(is_answer),
        "language": "JAVA",
        "opaque": opaque,
        "remark": answer.remark,
        "extFields": answer.fields,
        "serializeTypeCurrentRPC": "JSON",
        "version": 513,
    });
    whole(0, header.to_string().as_bytes(), &answer.body)
}

fn in_binary(opaque: i32, answer: &Answer) -> Vec<u8> {
    let header = Header {
        code: answer.code,
        is_answer: true,
        opaque,
        remark: answer.remark.clone(),
        fields: answer.fields.clone(),
    };
    whole(1, &header::binary(&header), &answer.body)
}

fn whole(form: u8, header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = ((4 + header.len() + body.len()) as u32)
        .to_be_bytes()
        .to_vec();
    let mark = u32::from(form) << 24 | header.len() as u32;
    bytes.extend(mark.to_be_bytes());
    bytes.extend(header);
    bytes.extend(body);
    bytes
}

pub(super) struct Peer {
    address: String,
    seen: Arc<Mutex<Vec<Header>>>,
    connections: Arc<Mutex<usize>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// One script a connection; after the last nobody is accepted any more.
    pub(super) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (shared, counted) = (seen.clone(), connections.clone());
        let task = tokio::spawn(async move {
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                *counted.lock().unwrap() += 1;
                follow(stream, script, &shared).await;
            }
        });
        Self {
            address,
            seen,
            connections,
            task,
        }
    }

    pub(super) fn target(&self) -> Target {
        Target::new(Role::NameServer, &self.address)
    }

    pub(super) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub(super) fn asked(&self) -> Vec<Header> {
        self.seen.lock().unwrap().clone()
    }
}

async fn follow(mut stream: TcpStream, script: Vec<Step>, seen: &Mutex<Vec<Header>>) {
    for step in script {
        let Some(asked) = read(&mut stream).await else {
            return;
        };
        let opaque = asked.opaque;
        seen.lock().unwrap().push(asked);
        let bytes = match step {
            Step::Answer(answer) => framed(opaque, true, &answer),
            Step::InBinary(answer) => in_binary(opaque, &answer),
            Step::Astray(answer) => framed(opaque + 1, true, &answer),
            Step::AsideThen(answer) => {
                let mut bytes = framed(opaque, false, &self::answer(40, "ids changed"));
                bytes.extend(framed(opaque, true, &answer));
                bytes
            }
            Step::Cut(answer, after) => {
                let mut bytes = framed(opaque, true, &answer);
                bytes.truncate(after);
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Step::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Step::Silence => return std::future::pending().await,
            Step::Close => return,
        };
        let _ = stream.write_all(&bytes).await;
    }
}

/// The header of the next request; `None`: the other side is gone, or says something else.
pub(in crate::rocketmq) async fn read(stream: &mut TcpStream) -> Option<Header> {
    let mut size = [0; 4];
    stream.read_exact(&mut size).await.ok()?;
    let size = u32::from_be_bytes(size) as usize;
    if size > 1 << 20 {
        return Some(Header::default());
    }
    let mut bytes = vec![0; size];
    stream.read_exact(&mut bytes).await.ok()?;
    frame::read(Bytes::from(bytes))
        .ok()
        .map(|(header, _)| header)
}
