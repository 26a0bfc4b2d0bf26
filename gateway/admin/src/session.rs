//! One connection to the CLI (management.txt 9.3): lines in, answers out, each followed by an empty line.
//!
//! Without `prompt` everything that has come in whole lines is answered and the connection is closed; a line
//! without its end is never carried out, for what was cut off might have changed its meaning.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::cli::{self, Answer, Context};
use crate::{Level, Subject};

/// What may be sent before a line ends; HAProxy's `tune.bufsize`.
const BUFFER: usize = 16 * 1024;

/// What a payload may hold.
const MAX_PAYLOAD: usize = 16 << 20;

/// How long a peer may go on sending after it was answered.
const LINGER: Duration = Duration::from_millis(200);

/// How a connection is treated.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What it may do.
    pub level: Level,
    /// `stats timeout`: how long it may be idle, or not take its answer.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { level: Level::default(), timeout: Duration::from_secs(10) }
    }
}

/// Serves one connection until it ends. An idle one ends quietly.
pub async fn serve<S>(mut stream: S, subject: Arc<dyn Subject>, settings: Settings) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session {
        subject,
        settings,
        interactive: false,
        experimental: false,
        pending: None,
        waiting: Vec::new(),
    };
    loop {
        let room = BUFFER - session.waiting.len();
        let mut read = (&mut stream).take(room as u64);
        match timeout(session.settings.timeout, read.read_buf(&mut session.waiting)).await {
            Ok(Ok(0)) | Err(_) => return stream.shutdown().await,
            Ok(read) => read?,
        };
        let (output, go_on) = session.advance().await;
        timeout(session.settings.timeout, stream.write_all(&output)).await??;
        if !go_on {
            return close(stream).await;
        }
    }
}

/// Closes without losing the answer: a socket closed with input unread takes its output with it.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = (&mut stream).take(BUFFER as u64);
    // whatever becomes of this, the answer is sent
    let _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    Ok(())
}

struct Session {
    subject: Arc<dyn Subject>,
    settings: Settings,
    interactive: bool,
    experimental: bool,
    /// A line whose payload comes, up to an empty line: the line, and what has come.
    pending: Option<(String, String)>,
    /// What has come and is no whole line yet.
    waiting: Vec<u8>,
}

impl Session {
    /// Carries out the whole lines that have come; the answers, and whether the connection goes on.
    async fn advance(&mut self) -> (Vec<u8>, bool) {
        let mut output = Vec::new();
        let mut answered = false;
        while let Some(end) = self.waiting.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.waiting.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]).into_owned();
            answered = true;
            let Some((line, payload)) = self.whole(line) else { continue };
            if !self.line(&line, payload, &mut output).await {
                return (output, false);
            }
        }
        if self.pending.as_ref().is_some_and(|(_, payload)| payload.len() > MAX_PAYLOAD) {
            return (output, false);
        }
        let full = self.waiting.len() >= BUFFER;
        (output, !full && (self.interactive || !answered || self.pending.is_some()))
    }

    /// The line with its payload, once all of it is there.
    fn whole(&mut self, line: String) -> Option<(String, Option<String>)> {
        let Some((command, mut payload)) = self.pending.take() else {
            if !cli::takes_payload(&line) {
                return Some((line, None));
            }
            let command = line.trim_end_matches('\r').trim_end_matches("<<").to_owned();
            self.pending = Some((command, String::new()));
            return None;
        };
        if line.trim_end_matches('\r').is_empty() {
            return Some((command, Some(payload)));
        }
        payload.push_str(&line);
        payload.push('\n');
        self.pending = Some((command, payload));
        None
    }

    async fn line(&mut self, line: &str, payload: Option<String>, output: &mut Vec<u8>) -> bool {
        let mut commands = cli::commands(line).into_iter().peekable();
        let mut payload = payload;
        while let Some(words) = commands.next() {
            // it is the last command's
            let payload = if commands.peek().is_none() { payload.take() } else { None };
            match self.run(words, payload).await {
                Answer::Quit => return false,
                Answer::Text(text) => output.extend_from_slice(text.as_bytes()),
                Answer::Prompt => self.interactive = !self.interactive,
                Answer::Lower(level) => self.settings.level = level,
                Answer::Experimental(on) => self.experimental = on,
                Answer::Timeout(delay) => self.settings.timeout = delay,
            }
            output.push(b'\n');
            if self.interactive {
                output.extend_from_slice(b"> ");
            }
        }
        true
    }

    /// Commands may gather a lot, so they run where traffic does not wait for them.
    async fn run(&self, words: Vec<String>, payload: Option<String>) -> Answer {
        let (subject, level, experimental) =
            (Arc::clone(&self.subject), self.settings.level, self.experimental);
        let run = move || {
            let payload = payload.as_deref();
            cli::run(&Context { subject: &*subject, level, experimental, payload }, &words)
        };
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|error| {
            log::error!("a command of the CLI failed: {error}");
            Answer::Text("Internal error.\n".into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::Example;

    const SHORT: Duration = Duration::from_millis(300);

    /// What a client gets that sends these pieces, and whether the connection was closed within a moment.
    async fn talk(pieces: &[&[u8]], half_close: bool) -> (String, bool) {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let settings = Settings { level: Level::Admin, timeout: Duration::from_secs(5) };
        let served = tokio::spawn(serve(server, Arc::new(Example(Ok(()))), settings));
        for piece in pieces {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        if half_close {
            client.shutdown().await.unwrap();
        }
        let mut answer = Vec::new();
        let closed = timeout(SHORT, client.read_to_end(&mut answer)).await.is_ok();
        served.abort();
        (String::from_utf8(answer).unwrap(), closed)
    }

    async fn check(sent: &str, expected: &str, closes: bool) {
        let (answer, closed) = talk(&[sent.as_bytes()], false).await;
        assert_eq!((answer.as_str(), closed), (expected, closes), "{sent:?}");
    }

    // the expected bytes are HAProxy's, but for the version

    #[tokio::test]
    async fn one_line_is_answered_and_the_connection_closed() {
        check("show version\n", "0.1.0\n\n", true).await;
        check("show version\r\n", "0.1.0\n\n", true).await;
        check("  show   version  \n", "0.1.0\n\n", true).await;
        check("show version;show version\n", "0.1.0\n\n0.1.0\n\n", true).await;
        check("show version;show version\nshow version\n", "0.1.0\n\n0.1.0\n\n0.1.0\n\n", true).await;
        check("user;show cli level\n", "\nuser\n\n", true).await;
        check("user;operator;show cli level\n", "\nPermission denied\n\nuser\n\n", true).await;
        check("set timeout cli 3s\n", "\n", true).await;
        check("show version <<\nabc\n\n", "0.1.0\n\n", true).await;
    }

    #[tokio::test]
    async fn quit_ends_the_line_too() {
        check("quit\n", "", true).await;
        check("show version;quit;show version\n", "0.1.0\n\n", true).await;
    }

    #[tokio::test]
    async fn prompt_keeps_the_connection() {
        check("prompt\n", "\n> ", false).await;
        check("prompt\nshow version\n", "\n> 0.1.0\n\n> ", false).await;
        check("prompt;show version\n", "\n> 0.1.0\n\n> ", false).await;
        check("prompt\nshow version\nquit\n", "\n> 0.1.0\n\n> ", true).await;
        check("prompt\nprompt\nshow version\n", "\n> \n0.1.0\n\n", true).await;
        check("prompt\nuser\nshow version\n", "\n> \n> 0.1.0\n\n> ", false).await;
    }

    #[tokio::test]
    async fn a_peer_that_has_half_closed_is_answered() {
        let (answer, closed) = talk(&[b"show ", b"version\n"], true).await;
        assert_eq!((answer.as_str(), closed), ("0.1.0\n\n", true));
    }

    #[tokio::test]
    async fn a_line_without_its_end_is_not_carried_out() {
        let (answer, closed) = talk(&[b"show version"], true).await;
        assert_eq!((answer.as_str(), closed), ("", true));
    }

    #[tokio::test]
    async fn a_line_that_never_ends_is_cut_off() {
        let (answer, closed) = talk(&[&[b'a'; 20_000]], false).await;
        assert_eq!((answer.as_str(), closed), ("", true));
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed() {
        let (mut client, server) = tokio::io::duplex(1024);
        let settings = Settings { timeout: Duration::from_millis(50), ..Settings::default() };
        let server = tokio::spawn(serve(server, Arc::new(Example(Ok(()))), settings));
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        server.await.unwrap().unwrap();
    }
}
