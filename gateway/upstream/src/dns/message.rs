//! A question to a name server and what its answer says (RFC 1035). What comes from outside is taken for an answer only
//! where it names the question.

use std::net::IpAddr;

use hickory_proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};

/// A name as it stands in a message; `None` where none can stand there.
pub(super) fn name(host: &str) -> Option<Name> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if host.is_empty() || host.split('.').any(str::is_empty) {
        return None;
    }
    let mut name = Name::from_labels(host.split('.').map(str::as_bytes)).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// The message that asks for the records of a kind.
pub(super) fn question(id: u16, name: &Name, kind: RecordType, payload: u16) -> Option<Vec<u8>> {
    let mut message = Message::query();
    message.metadata.id = id;
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(payload);
    message.set_edns(edns);
    message.to_vec().ok()
}

/// A number that nobody can guess.
pub(super) fn id() -> u16 {
    Message::query().metadata.id
}

/// What a message says to a question: the first address, or that there is none; `None` where it is no answer to it.
pub(super) fn answer(bytes: &[u8], id: u16, name: &Name, kind: RecordType) -> Option<Option<IpAddr>> {
    let message = Message::from_vec(bytes).ok()?;
    let [query] = &message.queries[..] else { return None };
    let is_ours = message.metadata.message_type == MessageType::Response
        && message.metadata.id == id
        && query.name == *name
        && query.query_type == kind;
    is_ours.then(|| {
        let fine = message.metadata.response_code == ResponseCode::NoError && !message.metadata.truncation;
        fine.then(|| address(&message, name, kind)).flatten()
    })
}

/// The first address of the kind, of the name or of what it is another name of.
fn address(message: &Message, name: &Name, kind: RecordType) -> Option<IpAddr> {
    let mut wanted = name;
    for record in &message.answers {
        if record.name != *wanted {
            continue;
        }
        match &record.data {
            RData::CNAME(alias) => wanted = &alias.0,
            RData::A(ip) if kind == RecordType::A => return Some(IpAddr::V4(ip.0)),
            RData::AAAA(ip) if kind == RecordType::AAAA => return Some(IpAddr::V6(ip.0)),
            _ => {}
        }
    }
    None
}
