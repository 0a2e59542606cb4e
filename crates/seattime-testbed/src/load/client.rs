//! One connection to a server: HTTP/1.1 by hand, since generator and server share the machine.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Where the two faces of a server are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) app: SocketAddr,
    pub(crate) run: SocketAddr,
}

/// A connection that stays open: to the face that takes commits, and to the other one once it is asked something.
pub(crate) struct Connection {
    from: IpAddr,
    to: Addresses,
    stream: TcpStream,
    app: Option<TcpStream>,
    received: Vec<u8>,
}

/// What came back: the status, and where the body lies.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    /// Connects from an address of this machine.
    pub(crate) async fn open(from: IpAddr, to: Addresses) -> Result<Connection> {
        let stream = connect(from, to.run).await?;
        Ok(Connection { from, to, stream, app: None, received: Vec::with_capacity(2_048) })
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn send(&mut self, head: &str, body: &[u8]) -> Result<Answer> {
        let mut request = Vec::with_capacity(head.len() + body.len() + 96);
        request.extend_from_slice(head.as_bytes());
        let more = format!(
            "host: seattime\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        request.extend_from_slice(more.as_bytes());
        request.extend_from_slice(body);
        let is_of_app = head.split(' ').nth(1).is_some_and(|it| it.starts_with("/api/"));
        if is_of_app && self.app.is_none() {
            self.app = Some(connect(self.from, self.to.app).await?);
        }
        let stream = self.app.as_mut().filter(|_| is_of_app).unwrap_or(&mut self.stream);
        stream.write_all(&request).await?;
        self.received.clear();
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|it| it == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut self.received).await? == 0 {
                bail!("the server closed the connection");
            }
        };
        let head = String::from_utf8_lossy(self.received.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|it| it.parse().ok()).context("an answer without status")?;
        let length = head.split("content-length: ").nth(1).and_then(|it| it.split("\r\n").next());
        let length: usize = length.and_then(|it| it.parse().ok()).context("an answer without length")?;
        while self.received.len() < end + length {
            if stream.read_buf(&mut self.received).await? == 0 {
                bail!("the server closed the connection");
            }
        }
        Ok(Answer { status, body: self.received.get(end..end + length).unwrap_or_default().to_vec() })
    }

    /// Posts to the API of LMSs, and answers the JSON of a success.
    pub(crate) async fn api(&mut self, method: &str, path: &str, key: &str, body: &[u8]) -> Result<Value> {
        let head = format!("{method} {path} HTTP/1.1\r\nauthorization: Bearer {key}\r\n");
        let answer = self.send(&head, body).await?;
        if answer.status >= 300 {
            bail!("{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

async fn connect(from: IpAddr, to: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(to).await.with_context(|| format!("{to} does not answer"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
