//! Answers that hold for a while. Each holds as long as any other, so that the oldest one is the first to go; the clock is
//! passed in.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::Instant;

use super::Question;

/// The most answers that are kept: names come from clients.
const MOST: usize = 8192;

/// What is known, and until when.
#[derive(Debug, Default)]
pub(super) struct Cache {
    answers: HashMap<Question, (IpAddr, Instant)>,
    /// In the order in which they end.
    ends: VecDeque<(Instant, Question)>,
}

impl Cache {
    /// The answer, while it holds.
    pub(super) fn get(&self, question: &Question, now: Instant) -> Option<IpAddr> {
        self.answers.get(question).filter(|(_, until)| now < *until).map(|(ip, _)| *ip)
    }

    /// Keeps an answer until then; what holds no longer goes, and the oldest one where there are too many.
    pub(super) fn insert(&mut self, question: Question, ip: IpAddr, until: Instant) {
        while self.ends.len() >= MOST {
            self.drop_oldest();
        }
        self.ends.push_back((until, question.clone()));
        self.answers.insert(question, (ip, until));
    }

    fn drop_oldest(&mut self) {
        let Some((end, question)) = self.ends.pop_front() else { return };
        // it may have been asked again since
        if self.answers.get(&question).is_some_and(|(_, until)| *until == end) {
            self.answers.remove(&question);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_answer_holds_until_its_time_and_many_do_not_grow_it() {
        let mut cache = Cache::default();
        let question = |number: usize| Question { host: format!("{number}.test"), ipv4_first: true };
        let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
        let (begin, second) = (Instant::now(), Duration::from_secs(1));
        cache.insert(question(0), ip, begin + second);
        assert_eq!(cache.get(&question(0), begin), Some(ip));
        assert_eq!(cache.get(&question(0), begin + second), None);
        assert_eq!(cache.get(&Question { ipv4_first: false, ..question(0) }, begin), None);
        cache.insert(question(0), ip, begin + 2 * second);
        assert_eq!(cache.get(&question(0), begin + second), Some(ip));
        for number in 1..3 * MOST {
            cache.insert(question(number), ip, begin + 2 * second);
        }
        assert_eq!(cache.get(&question(0), begin), None);
        assert_eq!(cache.get(&question(3 * MOST - 1), begin), Some(ip));
        assert!(cache.answers.len() <= MOST && cache.ends.len() <= MOST);
    }
}
