//! HTTP/2: so many requests at once on one connection.

use std::io;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use super::client::{Client, within};
use crate::certificate::NAME;

/// Asks until the load stops.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    client: &Client,
    stream: S,
    streams: usize,
) -> io::Result<()> {
    let (requests, connection) = h2::client::handshake(stream).await.map_err(io::Error::other)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // The requests tell of what ends the connection.
        let _ = connection.await;
    });
    let asking = (0..streams).map(|_| ask(client, requests.clone()));
    for result in futures::future::join_all(asking).await {
        result?;
    }
    Ok(())
}

/// One request after another.
async fn ask(client: &Client, requests: SendRequest<Bytes>) -> io::Result<()> {
    let mut requests = requests;
    while !client.stopping() {
        requests = requests.ready().await.map_err(io::Error::other)?;
        let request = http::Request::get(format!("https://{NAME}{}", client.plan.work.path()));
        let request = request.body(()).map_err(io::Error::other)?;
        let (response, _) = requests.send_request(request, true).map_err(io::Error::other)?;
        let response = within(async { response.await.map_err(io::Error::other) }).await?;
        let (head, mut body) = response.into_parts();
        while let Some(piece) = body.data().await {
            let piece = piece.map_err(io::Error::other)?;
            body.flow_control().release_capacity(piece.len()).map_err(io::Error::other)?;
        }
        match head.status.is_success() {
            true => client.tally.answer(),
            false => client.tally.fail(head.status.to_string()),
        }
    }
    Ok(())
}
