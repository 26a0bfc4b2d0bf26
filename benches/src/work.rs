//! The works that are compared: one row each.

use crate::certificate::Key;

/// What the clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// One request after another.
    Http1,
    /// So many requests at once on each connection.
    Http2 { streams: usize },
    /// After one upgrade, frames that come back.
    WebSocket,
}

/// TLS 1.3 towards the clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) key: Key,
    /// Clients take up earlier sessions.
    pub(crate) resumed: bool,
}

/// One kind of traffic and the configuration that it passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// The row's heading in the table.
    pub(crate) title: &'static str,
    /// How many clients ask at the same time.
    pub(crate) clients: usize,
    pub(crate) keep_alive: bool,
    pub(crate) speech: Speech,
    /// Bytes of the POST; 0 is a GET. Of a WebSocket, the bytes of a frame.
    pub(crate) body: usize,
    /// Bytes of the answer's body; 0 is a short text.
    pub(crate) answer: usize,
    pub(crate) tls: Option<Tls>,
    /// Path rules in the frontend, of which the last one matches; without any, a default backend.
    pub(crate) rules: usize,
    /// Requests a second at which response times are measured: far from what any of the programs can do. 0: not.
    pub(crate) rate: u32,
}

const ECDSA: Option<Tls> = Some(Tls { key: Key::P256, resumed: false });

const PLAIN: Work = Work {
    name: "",
    title: "",
    clients: 64,
    keep_alive: true,
    speech: Speech::Http1,
    body: 0,
    answer: 0,
    tls: None,
    rules: 0,
    rate: 0,
};
const POST: Work = Work { clients: 16, keep_alive: false, body: 8 << 10, ..PLAIN };

#[rustfmt::skip]
pub(crate) const WORKS: &[Work] = &[
    Work { name: "keepalive",    title: "64 kept-alive connections, small GET",          rate: 4_000, ..PLAIN },
    Work { name: "keepalive-8",  title: "8 kept-alive connections, small GET",           clients: 8,   ..PLAIN },
    Work { name: "keepalive-512",title: "512 kept-alive connections, small GET",         clients: 512, ..PLAIN },
    Work { name: "webhooks",     title: "16 kept-alive connections, 8 KB POST",          keep_alive: true, ..POST },
    Work { name: "newconn",      title: "a new connection per 8 KB POST",                rate: 1_000, ..POST },
    Work { name: "tls",          title: "a new TLS 1.3 connection per 8 KB POST, P-256", tls: ECDSA, rate: 200, ..POST },
    Work { name: "tls-rsa",      title: "the same, RSA 2048",                            tls: Some(Tls { key: Key::Rsa2048, resumed: false }), ..POST },
    Work { name: "tls-resumed",  title: "the same, P-256, sessions taken up again",      tls: Some(Tls { key: Key::P256, resumed: true }), ..POST },
    Work { name: "tls-kept",     title: "64 kept-alive TLS connections, small GET",      tls: ECDSA, ..PLAIN },
    Work { name: "h2",           title: "HTTP/2 over TLS, 16 connections × 16 streams",  tls: ECDSA, clients: 16, speech: Speech::Http2 { streams: 16 }, ..PLAIN },
    Work { name: "get-64k",      title: "responses of 64 KB",                            clients: 16, answer: 64 << 10, ..PLAIN },
    Work { name: "get-1m",       title: "responses of 1 MB",                             clients: 16, answer: 1 << 20, ..PLAIN },
    Work { name: "put-1m",       title: "uploads of 1 MB",                               keep_alive: true, body: 1 << 20, ..POST },
    Work { name: "websocket",    title: "WebSocket, frames of 64 bytes and their echo",  speech: Speech::WebSocket, body: 64, ..PLAIN },
    Work { name: "rules-1",      title: "kept alive, one path rule, which matches",      rules: 1, ..PLAIN },
    Work { name: "rules-1000",   title: "kept alive, 1,000 path rules before the match", rules: 1_001, ..PLAIN },
    Work { name: "rules-5000",   title: "kept alive, 5,000 path rules before the match", rules: 5_001, ..PLAIN },
];

impl Work {
    /// The works of these comma-separated names; a name that is none chooses those that begin with it; all without any.
    pub(crate) fn chosen(words: &str) -> Vec<Self> {
        let words: Vec<&str> = words.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        let is_name = |word: &str| WORKS.iter().any(|work| work.name == word);
        let asked = |work: &Self, word: &str| {
            if is_name(word) { work.name == word } else { work.name.starts_with(word) }
        };
        let all = WORKS.iter().copied();
        all.filter(|work| words.is_empty() || words.iter().any(|word| asked(work, word))).collect()
    }

    /// The path that is asked for: its last part says how long the answer is to be.
    pub(crate) fn path(&self) -> String {
        if self.answer == 0 { "/pac/".to_owned() } else { format!("/pac/{}", self.answer) }
    }

    /// The bytes of one request: a webhook, or the smallest GET.
    pub(crate) fn request(&self) -> Vec<u8> {
        let path = self.path();
        if self.body == 0 {
            return format!("GET {path} HTTP/1.1\r\nHost: gateway.example\r\nUser-Agent: bench\r\n\r\n")
                .into();
        }
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: gateway.example\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n\
             X-GitHub-Event: push\r\nContent-Length: {}\r\n\r\n",
            self.body
        );
        [head.as_bytes(), &vec![b'x'; self.body]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_chooses_its_work_and_a_beginning_all_that_begin_so() {
        let names = |words| Work::chosen(words).iter().map(|work| work.name).collect::<Vec<_>>();
        assert_eq!(names("rules"), ["rules-1", "rules-1000", "rules-5000"]);
        assert_eq!(names("tls, keepalive"), ["keepalive", "tls"]);
        assert_eq!(names("").len(), WORKS.len());
        assert!(names("nothing").is_empty());
    }
}
