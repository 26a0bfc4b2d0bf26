//! Asking: all name servers at once, the first address counts. As in HAProxy, a family without an address is followed at
//! once by the other one; where nobody has an address, or nobody answers, all begins anew after `timeout retry`, as
//! often as `resolve_retries` says.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use config::model::{NameserverAddress, Resolvers};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::message;

/// A name server, and the way to it.
#[derive(Clone, Debug)]
enum Way {
    /// One socket for the whole of a resolution: what comes late is an answer still.
    Udp(Arc<UdpSocket>),
    Tcp(SocketAddr),
}

/// What is asked, whichever kind of records.
#[derive(Clone, Debug)]
struct Asked {
    id: u16,
    name: Name,
    kind: RecordType,
    /// The longest answer, in bytes.
    payload: u16,
}

/// An address of the name: of the first kind, or else of the second one.
pub(super) async fn ask(section: &Resolvers, name: &Name, kinds: [RecordType; 2]) -> Option<IpAddr> {
    let mut ways = Vec::new();
    for server in &section.nameservers {
        ways.extend(open(&server.to).await);
    }
    let (id, payload) = (message::id(), section.accepted_payload_size);
    let rounds = section.resolve_retries.max(1);
    for round in 1..=rounds {
        let until = Instant::now() + section.timeout_retry;
        for kind in kinds {
            let asked = Asked { id, name: name.clone(), kind, payload };
            match timeout_at(until, first(&ways, &asked)).await {
                Ok(Some(ip)) => return Some(ip),
                Ok(None) => {}
                Err(_) => break,
            }
        }
        if round < rounds {
            sleep_until(until).await;
        }
    }
    None
}

/// A server that cannot be reached is one that does not answer.
async fn open(to: &NameserverAddress) -> Option<Way> {
    match to {
        NameserverAddress::Tcp(addr) => Some(Way::Tcp(*addr)),
        NameserverAddress::Udp(addr) => {
            let any = match addr.ip() {
                IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            };
            let socket = UdpSocket::bind((any, 0)).await.ok()?;
            // the kernel then drops what others send
            socket.connect(addr).await.ok()?;
            Some(Way::Udp(Arc::new(socket)))
        }
    }
}

/// The first address that anybody tells; nothing when all have said that there is none.
async fn first(ways: &[Way], asked: &Asked) -> Option<IpAddr> {
    let mut questions = JoinSet::new();
    for way in ways {
        let (way, asked) = (way.clone(), asked.clone());
        questions.spawn(async move { way.ask(&asked).await });
    }
    let mut answers = 0;
    while let Some(said) = questions.join_next().await {
        match said {
            Ok(Ok(Some(ip))) => return Some(ip),
            Ok(Ok(None)) => answers += 1,
            // it cannot be reached: there is nothing to do but to try again when it is time
            Ok(Err(_)) | Err(_) => {}
        }
    }
    if answers < ways.len() || ways.is_empty() {
        std::future::pending::<()>().await;
    }
    None
}

impl Way {
    async fn ask(&self, asked: &Asked) -> io::Result<Option<IpAddr>> {
        let Asked { id, name, kind, payload } = asked;
        let question = message::question(*id, name, *kind, *payload)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut bytes = vec![0; usize::from(*payload)];
        match self {
            Self::Udp(socket) => {
                socket.send(&question).await?;
                loop {
                    let length = socket.recv(&mut bytes).await?;
                    if let Some(said) = message::answer(&bytes[..length], *id, name, *kind) {
                        return Ok(said);
                    }
                }
            }
            Self::Tcp(addr) => {
                let mut stream = TcpStream::connect(addr).await?;
                // over a connection each message has its length before it (RFC 1035, 4.2.2)
                let length = u16::try_from(question.len()).map_err(io::Error::other)?;
                stream.write_all(&[&length.to_be_bytes()[..], &question].concat()).await?;
                loop {
                    let length = usize::from(stream.read_u16().await?);
                    let message = bytes.get_mut(..length).ok_or(io::ErrorKind::InvalidData)?;
                    stream.read_exact(message).await?;
                    if let Some(said) = message::answer(message, *id, name, *kind) {
                        return Ok(said);
                    }
                }
            }
        }
    }
}
