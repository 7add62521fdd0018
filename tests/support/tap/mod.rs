//! A proxy before one listener of a broker: it writes down every request that a client sends, and
//! can be made slow, deaf or gone. What it reads is decoded here by hand, from the protocols' own
//! documents, and not by the code under test.

mod amqp;
mod http;
mod kafka;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Kafka,
    Http,
    Amqp,
    /// TLS: nothing of it can be read.
    Sealed,
}

/// One request of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// As its protocol names it: `Metadata 13`, `GET /api/queues`, `basic.get`.
    pub name: String,
    /// What decides whether it reads only, where the name does not tell.
    pub detail: String,
    /// Whether a broker is left as it was: by the protocol's own documents.
    pub reads: bool,
}

/// What happens to whoever comes, and to what is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Passes,
    /// Each piece of an answer comes this much later.
    Slow(Duration),
    /// Connections are taken, nothing is passed on, nothing answered.
    Deaf,
    /// Connections are closed as soon as they come.
    Gone,
}

#[derive(Clone)]
pub struct Tap {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    behaviour: watch::Sender<Behaviour>,
}

impl Tap {
    /// Listens on a port of its own, for the life of the runtime.
    pub async fn before(target: u16, protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tap = Self {
            port: listener.local_addr().unwrap().port(),
            asked: Arc::default(),
            behaviour: watch::channel(Behaviour::Passes).0,
        };
        let (asked, behaviour) = (tap.asked.clone(), tap.behaviour.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let pass = pass(client, target, protocol, asked.clone(), behaviour.clone());
                tokio::spawn(pass);
            }
        });
        tap
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// For connections that are there, too.
    pub fn behave(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    /// Since the last time, in the order of arrival.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// Each request and how often, for a person.
pub fn summary(asked: &[Asked]) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::new();
    for one in asked {
        *counts.entry(one.name.as_str()).or_insert(0) += 1;
    }
    let line = |(name, count)| format!("{count} x {name}");
    counts.into_iter().map(line).collect()
}

async fn pass(
    client: TcpStream,
    target: u16,
    protocol: Protocol,
    asked: Arc<Mutex<Vec<Asked>>>,
    mut behaviour: watch::Receiver<Behaviour>,
) {
    if *behaviour.borrow_and_update() == Behaviour::Gone {
        return;
    }
    // A broker that is down closes the connection of its clients.
    let Ok(broker) = TcpStream::connect(("127.0.0.1", target)).await else {
        return;
    };
    let (from_client, mut to_client) = client.into_split();
    let (from_broker, mut to_broker) = broker.into_split();
    let (note, gone) = (behaviour.clone(), behaviour.clone());
    let requests = async {
        let mut reader = Reader::new(protocol);
        copy(from_client, &mut to_broker, note, |bytes| {
            asked.lock().unwrap().extend(reader.read(bytes));
            Duration::ZERO
        })
        .await;
    };
    let answers = async {
        let pace = behaviour.clone();
        copy(from_broker, &mut to_client, behaviour, |_| {
            match *pace.borrow() {
                Behaviour::Slow(by) => by,
                _ => Duration::ZERO,
            }
        })
        .await;
    };
    tokio::select! {
        () = requests => {}
        () = answers => {}
        () = until_gone(gone) => {}
    }
}

async fn until_gone(mut behaviour: watch::Receiver<Behaviour>) {
    if behaviour.wait_for(|b| *b == Behaviour::Gone).await.is_err() {
        std::future::pending().await
    }
}

/// Ends when either side closes. `seen` says how much later the piece goes on.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWriteExt + Unpin),
    mut behaviour: watch::Receiver<Behaviour>,
    mut seen: impl FnMut(&[u8]) -> Duration,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        // Held, not lost: whoever is deaf for a while answers late, as a paused process does.
        if behaviour.wait_for(|b| *b != Behaviour::Deaf).await.is_err() {
            return;
        }
        let later = seen(&buffer[..count]);
        if !later.is_zero() {
            tokio::time::sleep(later).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Puts the pieces of one connection together and reads whole requests from them.
struct Reader {
    protocol: Protocol,
    held: Vec<u8>,
}

impl Reader {
    fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            held: Vec::new(),
        }
    }

    fn read(&mut self, bytes: &[u8]) -> Vec<Asked> {
        if self.protocol == Protocol::Sealed {
            return Vec::new();
        }
        self.held.extend_from_slice(bytes);
        let mut asked = Vec::new();
        loop {
            let one = match self.protocol {
                Protocol::Kafka => kafka::request(&self.held),
                Protocol::Http => http::request(&self.held),
                Protocol::Amqp => amqp::frame(&self.held),
                Protocol::Sealed => None,
            };
            let Some((length, one)) = one else {
                return asked;
            };
            self.held.drain(..length);
            asked.extend(one);
        }
    }
}
