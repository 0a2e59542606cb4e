//! One connection to a server: HTTP/1.1 with next to nothing around it, since generator and server share the machine.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

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
    request: Vec<u8>,
    received: Vec<u8>,
}

/// What came back: the status, and the body.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// What of an answer's head says how it goes on.
struct Head {
    status: u16,
    /// Where the body begins, and where it ends.
    body: Range<usize>,
}

/// So many lines the head of an answer has at most.
const MOST_HEADERS: usize = 32;

impl Connection {
    /// Connects from an address of this machine.
    pub(crate) async fn open(from: IpAddr, to: Addresses) -> Result<Connection> {
        let stream = connect(from, to.run).await?;
        let (request, received) = (Vec::with_capacity(2_048), Vec::with_capacity(2_048));
        Ok(Connection { from, to, stream, app: None, request, received })
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn send(&mut self, head: &str, body: &[u8]) -> Result<Answer<'_>> {
        self.request.clear();
        self.request.extend_from_slice(head.as_bytes());
        write!(
            self.request,
            "host: seattime\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )?;
        self.request.extend_from_slice(body);
        let is_of_app = head.split(' ').nth(1).is_some_and(|it| it.starts_with("/api/"));
        if is_of_app && self.app.is_none() {
            self.app = Some(connect(self.from, self.to.app).await?);
        }
        let stream = self.app.as_mut().filter(|_| is_of_app).unwrap_or(&mut self.stream);
        stream.write_all(&self.request).await?;
        self.received.clear();
        let head = loop {
            if let Some(head) = read_head(&self.received)?
                && head.body.end <= self.received.len()
            {
                break head;
            }
            if stream.read_buf(&mut self.received).await? == 0 {
                bail!("the server closed the connection");
            }
        };
        Ok(Answer { status: head.status, body: self.received.get(head.body).unwrap_or_default() })
    }

    /// Posts to the API of LMSs, and answers the JSON of a success.
    pub(crate) async fn api(&mut self, method: &str, path: &str, key: &str, body: &[u8]) -> Result<Value> {
        let head = format!("{method} {path} HTTP/1.1\r\nauthorization: Bearer {key}\r\n");
        let answer = self.send(&head, body).await?;
        if answer.status >= 300 {
            bail!("{path}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        Ok(serde_json::from_slice(answer.body)?)
    }
}

/// The head of an answer, once it is there.
fn read_head(received: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(received)? else { return Ok(None) };
    let length = head.headers.iter().find(|it| it.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|it| std::str::from_utf8(it.value).ok()?.parse::<usize>().ok());
    let length = length.context("an answer without length")?;
    Ok(Some(Head { status: head.code.context("an answer without status")?, body: start..start + length }))
}

async fn connect(from: IpAddr, to: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(to).await.with_context(|| format!("{to} does not answer"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
