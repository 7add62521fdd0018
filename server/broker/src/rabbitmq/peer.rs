//! A scripted HTTP peer for tests: it answers what the script says, byte for byte, and notes what
//! it was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the peer does with one request, told its path and query.
pub(super) type Script = dyn Fn(&str) -> Answer + Send + Sync;

#[derive(Clone)]
pub(super) enum Answer {
    /// Status line's code, further header lines, body.
    Http(u16, &'static str, Vec<u8>),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Header of an endless JSON text, sent as fast as it is taken.
    Endless,
    /// Nothing, and the connection stays open.
    Silence,
}

impl Answer {
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::Http(200, "content-type: application/json\r\n", body.into())
    }
}

pub(super) struct Peer {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    pub async fn start(script: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let noted = asked.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, script.clone(), noted.clone()));
            }
        });
        Self { port, asked, task }
    }

    /// `GET /api/overview?…`, in the order of asking.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, asked: Arc<Mutex<Vec<String>>>) {
    let mut held = Vec::new();
    loop {
        let Some(line) = request_line(&mut stream, &mut held).await else {
            return;
        };
        asked.lock().unwrap().push(line.clone());
        let target = line
            .split_once(' ')
            .map(|(_, target)| target)
            .unwrap_or_default();
        let sent = match script(target) {
            Answer::Http(status, headers, body) => {
                let head = format!(
                    "HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(&[head.into_bytes(), body].concat()).await
            }
            Answer::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Answer::Endless => {
                endless(&mut stream).await;
                return;
            }
            Answer::Silence => {
                // Until the other side has gone.
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Method and target of the next request; none of them has a body.
async fn request_line(stream: &mut TcpStream, held: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = held.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&held[..end]).into_owned();
            held.drain(..end + 4);
            let line = head.lines().next()?;
            return Some(line.trim_end_matches(" HTTP/1.1").to_owned());
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => held.extend_from_slice(&buffer[..n]),
        }
    }
}

async fn endless(stream: &mut TcpStream) {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n[{}]\r\n", 65_538, "0,".repeat(32_768));
    if stream.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    while stream.write_all(chunk.as_bytes()).await.is_ok() {}
}
