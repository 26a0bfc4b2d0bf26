//! Names asked of the name servers of a `resolvers` section (configuration.txt 5.3.2), for `do-resolve`.
//!
//! What is asked and what an answer says is `message`, what is remembered is `cache`, who is asked and how often is
//! `ask`. Who asks for what is being asked already waits for the same answer: a name is never in question twice.

mod ask;
mod cache;
mod message;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use config::model::Resolvers;
use hickory_proto::rr::{Name, RecordType};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};

use cache::Cache;

/// Questions on their way at once, each with a socket for each name server; what comes on top waits.
const AT_ONCE: usize = 256;

/// What is asked: a name in lower case, and which addresses of it come first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    host: String,
    ipv4_first: bool,
}

/// What came of a question, once something did.
type Landed = Option<Option<IpAddr>>;

/// The name servers of a section, and what they have said.
#[derive(Debug)]
pub struct Resolver {
    section: Resolvers,
    known: Mutex<Known>,
    at_once: Semaphore,
}

#[derive(Debug, Default)]
struct Known {
    answers: Cache,
    flights: HashMap<Question, watch::Receiver<Landed>>,
}

/// Who gets an answer from where.
enum Seat {
    /// It is known.
    Answered(IpAddr),
    /// Nobody has asked.
    Leads(watch::Sender<Landed>),
    /// Somebody has asked.
    Follows(watch::Receiver<Landed>),
}

impl Resolver {
    /// The name servers that this section names.
    pub fn new(section: Resolvers) -> Self {
        Self { section, known: Mutex::default(), at_once: Semaphore::new(AT_ONCE) }
    }

    /// What the configuration says of it.
    pub fn section(&self) -> &Resolvers {
        &self.section
    }

    /// An address of a name: of the family that comes first, or else of the other one; `None` where it has none and where
    /// nobody said in time. `hold valid` says how long it is known without asking again.
    pub async fn address(&self, host: &str, ipv4_first: bool) -> Option<IpAddr> {
        let name = message::name(host)?;
        let question = Question { host: host.trim_end_matches('.').to_ascii_lowercase(), ipv4_first };
        loop {
            match self.seat(&question) {
                Seat::Answered(ip) => return Some(ip),
                Seat::Leads(leads) => return self.lead(question, &name, &leads).await,
                Seat::Follows(mut answer) => {
                    // who has asked may be gone: then somebody else asks
                    if let Ok(landed) = answer.wait_for(Option::is_some).await {
                        return landed.flatten();
                    }
                }
            }
        }
    }

    fn seat(&self, question: &Question) -> Seat {
        let mut known = self.known.lock();
        if let Some(ip) = known.answers.get(question, Instant::now()) {
            return Seat::Answered(ip);
        }
        let on_its_way = known.flights.get(question).filter(|flight| flight.has_changed().is_ok());
        if let Some(flight) = on_its_way {
            return Seat::Follows(flight.clone());
        }
        let (leads, follows) = watch::channel(None);
        known.flights.insert(question.clone(), follows);
        Seat::Leads(leads)
    }

    /// Asks, and tells all who wait.
    async fn lead(&self, question: Question, name: &Name, leads: &watch::Sender<Landed>) -> Option<IpAddr> {
        let _landing = Landing { resolver: self, question: &question };
        let _permit = self.at_once.acquire().await.ok()?;
        let kinds = [RecordType::AAAA, RecordType::A];
        let kinds = if question.ipv4_first { [kinds[1], kinds[0]] } else { kinds };
        let found = ask::ask(&self.section, name, kinds).await;
        if let Some(ip) = found {
            let (now, hold) = (Instant::now(), self.section.hold.valid);
            self.known.lock().answers.insert(question.clone(), ip, now + hold);
        }
        leads.send_replace(Some(found));
        found
    }
}

/// A question is on its way no longer when this is dropped, be it that nobody waits for the answer any more.
struct Landing<'a> {
    resolver: &'a Resolver,
    question: &'a Question,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.resolver.known.lock().flights.remove(self.question);
    }
}
