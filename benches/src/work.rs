//! The works that are compared: one row each.

/// One kind of traffic and the configuration that it passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// The row's heading in the table.
    pub(crate) title: &'static str,
    /// How many clients ask at the same time.
    pub(crate) clients: usize,
    pub(crate) keep_alive: bool,
    /// Bytes of the POST; 0 is a GET.
    pub(crate) body: usize,
    pub(crate) tls: bool,
    /// Path rules in the frontend, of which the last one matches; without any, a default backend.
    pub(crate) rules: usize,
}

const PLAIN: Work =
    Work { name: "", title: "", clients: 64, keep_alive: true, body: 0, tls: false, rules: 0 };
const POST: Work = Work { clients: 16, keep_alive: false, body: 8 << 10, ..PLAIN };

pub(crate) const WORKS: &[Work] = &[
    Work { name: "keepalive", title: "64 kept-alive connections, small GET", ..PLAIN },
    Work { name: "newconn", title: "a new connection per 8 KB POST", ..POST },
    Work { name: "tls", title: "a new TLS 1.3 connection per 8 KB POST", tls: true, ..POST },
    Work { name: "webhooks", title: "16 kept-alive connections, 8 KB POST", keep_alive: true, ..POST },
    Work { name: "rules-1", title: "kept alive, one path rule, which matches", rules: 1, ..PLAIN },
    Work {
        name: "rules-1000",
        title: "kept alive, 1,000 path rules before the matching one",
        rules: 1001,
        ..PLAIN
    },
];

impl Work {
    /// The works whose names begin with one of the comma-separated words.
    pub(crate) fn chosen(words: &str) -> Vec<Self> {
        let asked = |work: &Self| words.split(',').any(|word| work.name.starts_with(word.trim()));
        WORKS.iter().copied().filter(asked).collect()
    }

    /// The bytes of one request: a webhook, or the smallest GET.
    pub(crate) fn request(&self) -> Vec<u8> {
        if self.body == 0 {
            return b"GET /pac/ HTTP/1.1\r\nHost: gateway.example\r\nUser-Agent: bench\r\n\r\n".to_vec();
        }
        let head = format!(
            "POST /pac/ HTTP/1.1\r\nHost: gateway.example\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n\
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
    fn a_name_chooses_all_works_that_begin_with_it() {
        let names = |words| Work::chosen(words).iter().map(|work| work.name).collect::<Vec<_>>();
        assert_eq!(names("rules"), ["rules-1", "rules-1000"]);
        assert_eq!(names("tls,keepalive"), ["keepalive", "tls"]);
        assert_eq!(names("").len(), WORKS.len());
    }
}
