//! WebSocket: an upgrade, then frames that come back as they went.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::client::{Client, within};
use crate::certificate::NAME;
use crate::message::Connection;

/// Sends frames until the load stops; each that came back is a request answered.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    client: &Client,
    mut connection: Connection<S>,
) -> io::Result<()> {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {NAME}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        client.plan.work.path()
    );
    within(connection.send(request.as_bytes())).await?;
    let answer = within(connection.receive()).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    if !answer.upgrade || !answer.first_line.contains(" 101") {
        return Err(io::Error::other(answer.first_line));
    }
    let frame = frame(client.plan.work.body);
    while !client.stopping() {
        within(connection.send(&frame)).await?;
        within(connection.receive_exactly(frame.len())).await?;
        client.tally.answer();
    }
    Ok(())
}

/// A binary frame under the mask 0 (RFC 6455 5.2), of fewer than 126 bytes.
fn frame(length: usize) -> Vec<u8> {
    let length = u8::try_from(length.min(125)).unwrap_or(125);
    let mut frame = vec![0x82, 0x80 | length, 0, 0, 0, 0];
    frame.resize(frame.len() + usize::from(length), b'x');
    frame
}
