//! A proxy before a Kafka listener that writes down what is asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<i16>>>);

impl Asked {
    /// API keys in the order of arrival, and forgets them.
    pub fn take(&self) -> Vec<i16> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Listens on a port of its own; what is asked through it is added to `asked`.
pub async fn proxy(target: u16, asked: &Asked) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = asked.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let asked = asked.clone();
            tokio::spawn(async move {
                // A broker that is down closes the connection of its clients.
                if let Ok(broker) = TcpStream::connect(("127.0.0.1", target)).await {
                    pass(client, broker, &asked).await;
                }
            });
        }
    });
    port
}

async fn pass(client: TcpStream, broker: TcpStream, asked: &Asked) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let answers = async move { copy(&mut from_broker, &mut to_client).await };
    tokio::select! {
        _ = answers => {}
        _ = requests(&mut from_client, &mut to_broker, asked) => {}
    }
}

/// Ends with an error when either side closes.
async fn requests(
    client: &mut OwnedReadHalf,
    broker: &mut OwnedWriteHalf,
    asked: &Asked,
) -> std::io::Result<()> {
    loop {
        let size = client.read_u32().await?;
        let mut frame = vec![0; size as usize];
        client.read_exact(&mut frame).await?;
        asked
            .0
            .lock()
            .unwrap()
            .push(i16::from_be_bytes([frame[0], frame[1]]));
        broker.write_u32(size).await?;
        broker.write_all(&frame).await?;
    }
}
