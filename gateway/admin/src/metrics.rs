//! The HTTP/1 server of `--metrics ADDR`: `/metrics` for Prometheus, `/livez` and `/healthz` for whether the
//! process lives, `/readyz` for whether it should get traffic. It shares nothing with the traffic's path, so it
//! answers when that is full.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use observe::prometheus::{CONTENT_TYPE, Query, render};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::Subject;

/// What a request's head may be.
const HEAD: usize = 8 * 1024;

/// Header lines that a request may have.
const HEADERS: usize = 64;

/// How long a head may take to come, an answer to be taken, and a kept connection to be idle.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves one connection until it ends.
pub async fn serve<S>(mut stream: S, subject: Arc<dyn Subject>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut waiting = Vec::with_capacity(1024);
    loop {
        let request = match timeout(PATIENCE, next(&mut stream, &mut waiting)).await {
            Err(_) | Ok(Ok(None)) => return stream.shutdown().await,
            Ok(request) => request?,
        };
        let keeps = matches!(&request, Some(Ok(request)) if request.keeps);
        let output = match request {
            Some(Ok(request)) => answer(request, Arc::clone(&subject)).await,
            Some(Err(status)) => Response::text(status, reason(status)).bytes(false, false),
            None => return Ok(()),
        };
        timeout(PATIENCE, stream.write_all(&output)).await??;
        if !keeps {
            return stream.shutdown().await;
        }
    }
}

/// A request, as far as it matters here.
struct Request {
    method: String,
    path: String,
    query: String,
    keeps: bool,
}

/// Reads the next head; `None` at the end, `Err` with the status of an answer to what is no request.
async fn next<S>(stream: &mut S, waiting: &mut Vec<u8>) -> io::Result<Option<Result<Request, u16>>>
where
    S: AsyncRead + Unpin,
{
    loop {
        match parse(waiting) {
            Ok(Some((request, used))) => {
                waiting.drain(..used);
                return Ok(Some(Ok(request)));
            }
            Err(status) => return Ok(Some(Err(status))),
            Ok(None) if waiting.len() >= HEAD => return Ok(Some(Err(431))),
            Ok(None) => {}
        }
        let mut room = (&mut *stream).take((HEAD - waiting.len()) as u64);
        if room.read_buf(waiting).await? == 0 {
            return Ok(None);
        }
    }
}

/// A head and its length, if it is whole.
fn parse(bytes: &[u8]) -> Result<Option<(Request, usize)>, u16> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let used = match head.parse(bytes) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(431),
        Err(_) => return Err(400),
    };
    let target = head.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let modern = head.version == Some(1);
    let says = |name: &str, word: &str| {
        head.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).any(|header| {
            String::from_utf8_lossy(header.value).split(',').any(|own| own.trim().eq_ignore_ascii_case(word))
        })
    };
    let has_body = head.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("transfer-encoding")
            || header.name.eq_ignore_ascii_case("content-length") && header.value.trim_ascii() != b"0"
    });
    let keeps = if modern { !says("connection", "close") } else { says("connection", "keep-alive") };
    let request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        // a body is not read, so nothing can follow it
        keeps: keeps && !has_body,
    };
    Ok(Some((request, used)))
}

async fn answer(request: Request, subject: Arc<dyn Subject>) -> Vec<u8> {
    let (head, keeps) = (request.method == "HEAD", request.keeps);
    // a snapshot of many servers takes a while, and traffic may share this thread
    let made = tokio::task::spawn_blocking(move || route(&request, &*subject)).await;
    let response = made.unwrap_or_else(|error| {
        log::error!("metrics could not be gathered: {error}");
        Response::text(500, reason(500))
    });
    response.bytes(head, keeps)
}

fn route(request: &Request, subject: &dyn Subject) -> Response {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return Response::text(405, reason(405));
    }
    match request.path.as_str() {
        "/metrics" => match Query::parse(&request.query) {
            Some(query) => {
                let body = render(&subject.snapshot(), &query, subject.own_metrics());
                Response { status: 200, content_type: CONTENT_TYPE, body }
            }
            None => Response::text(400, reason(400)),
        },
        "/healthz" | "/livez" => Response::text(200, "ok"),
        "/readyz" => match subject.ready() {
            Ok(()) => Response::text(200, "ok"),
            Err(why) => Response::text(503, &why),
        },
        _ => Response::text(404, reason(404)),
    }
}

struct Response {
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Response {
    fn text(status: u16, text: &str) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", body: format!("{text}\n").into_bytes() }
    }

    fn bytes(&self, head_only: bool, keeps: bool) -> Vec<u8> {
        let allow = if self.status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        let mut bytes = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n{allow}\
             Connection: {}\r\n\r\n",
            self.status,
            reason(self.status),
            self.content_type,
            self.body.len(),
            if keeps { "keep-alive" } else { "close" },
        )
        .into_bytes();
        if !head_only {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::Example;

    /// What a client gets that sends this and half-closes.
    async fn get(sent: &str, ready: Result<(), String>) -> String {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let served = tokio::spawn(serve(server, Arc::new(Example(ready))));
        client.write_all(sent.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        served.await.unwrap().unwrap();
        answer
    }

    async fn path(path: &str) -> String {
        get(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"), Ok(())).await
    }

    #[tokio::test]
    async fn metrics_are_served_for_prometheus() {
        let answer = path("/metrics").await;
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"),
            "{answer}"
        );
        assert!(answer.contains("\nhaproxy_process_build_info{version=\"0.1.0\"} 1\n"));
        assert!(path("/metrics?scope=server").await.contains("haproxy_server_"));
        assert!(path("/metrics?scope=x").await.starts_with("HTTP/1.1 400 "));
    }

    #[tokio::test]
    async fn probes_tell_life_and_readiness_apart() {
        for probe in ["/healthz", "/livez", "/readyz"] {
            assert!(path(probe).await.starts_with("HTTP/1.1 200 "), "{probe}");
        }
        let stopping = get("GET /readyz HTTP/1.1\r\n\r\n", Err("stopping".into())).await;
        assert!(
            stopping.starts_with("HTTP/1.1 503 Service Unavailable\r\n")
                && stopping.ends_with("\r\n\r\nstopping\n")
        );
        assert!(
            get("GET /livez HTTP/1.1\r\n\r\n", Err("stopping".into())).await.starts_with("HTTP/1.1 200 ")
        );
    }

    #[tokio::test]
    async fn what_is_not_there_and_what_is_not_allowed_are_refused() {
        assert!(path("/").await.starts_with("HTTP/1.1 404 "));
        let posted = get("POST /metrics HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", Ok(())).await;
        assert!(posted.starts_with("HTTP/1.1 405 ") && posted.contains("Allow: GET, HEAD\r\n"));
        assert!(get("nonsense\r\n\r\n", Ok(())).await.starts_with("HTTP/1.1 400 "));
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(HEAD));
        assert!(get(&long, Ok(())).await.starts_with("HTTP/1.1 431 "));
    }

    #[tokio::test]
    async fn a_head_request_gets_the_length_without_the_body() {
        let answer = get("HEAD /livez HTTP/1.1\r\n\r\n", Ok(())).await;
        assert!(answer.contains("Content-Length: 3\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    }

    #[tokio::test]
    async fn a_connection_is_kept_as_the_client_wants() {
        let twice = "GET /livez HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        let answer = get(twice, Ok(())).await;
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
        assert_eq!(answer.matches("Connection: close").count(), 1);
        assert!(get("GET /livez HTTP/1.0\r\n\r\n", Ok(())).await.contains("Connection: close\r\n"));
    }
}
