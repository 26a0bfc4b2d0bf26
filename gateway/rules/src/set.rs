//! A rule set: its rules are asked in order until one ends it.

use std::sync::OnceLock;

use expr::plan::Plan;
use expr::{Txn, Verdict};

use crate::{Flow, Message, Rule};

/// Rules in order. Equal when the rules are.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    /// Finds those that apply; without it they are asked in turn.
    plan: OnceLock<Plan>,
}

impl PartialEq for RuleSet {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl RuleSet {
    /// Adds a rule behind the others.
    pub fn push(&mut self, rule: Rule) {
        self.extend([rule]);
    }

    /// Makes the plan by which rules are found from now on, once all ACLs are read. It says the same as asking them in
    /// turn, and takes no longer however many there are.
    pub fn compile(&self) {
        if self.rules.len() >= FEW {
            self.plan.get_or_init(|| Plan::compile(self.rules.iter().map(Rule::planned).collect()));
        }
    }

    /// Whether no rule that is added now is ever reached: the last one ends the set, under no condition.
    pub fn is_final(&self) -> bool {
        self.rules.last().is_some_and(Rule::is_final)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// The rules in order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// Applies every rule whose condition holds, until one ends the set. Nobody pauses.
    pub fn run(&self, message: &mut dyn Message) -> Flow {
        let mut next = 0;
        loop {
            match self.run_from(&mut next, message) {
                Flow::Pause(_) | Flow::WaitForBody { .. } | Flow::Resolve(_) => {}
                flow => return flow,
            }
        }
    }

    /// The same, in turn, telling of each rule that is asked what its condition said, and of what.
    pub fn run_told(
        &self,
        message: &mut dyn Message,
        mut tell: impl FnMut(&Rule, Verdict, &dyn Txn),
    ) -> Flow {
        let mut next = 0;
        loop {
            match self.ask(&mut next, message, &mut tell) {
                Flow::Pause(_) | Flow::WaitForBody { .. } | Flow::Resolve(_) => {}
                flow => return flow,
            }
        }
    }

    /// The same as [`Self::run`] from a place on, which becomes the place to go on from after [`Flow::Pause`] and
    /// its like, and [`Flow::Wait`].
    pub fn run_from(&self, next: &mut usize, message: &mut dyn Message) -> Flow {
        match self.plan.get() {
            Some(plan) => self.find(plan, next, message),
            None => self.ask(next, message, &mut |_, _, _| {}),
        }
    }

    /// Applies the rules that the plan finds.
    fn find(&self, plan: &Plan, next: &mut usize, message: &mut dyn Message) -> Flow {
        let mut walk = plan.walk(*next, message.txn());
        while let Some((at, verdict)) = walk.next(message.txn()) {
            if verdict == Verdict::Unknown {
                *next = at;
                return Flow::Wait;
            }
            *next = at + 1;
            match self.rules[at].apply(message) {
                Flow::Continue => walk.applied(at, message.txn()),
                flow => return flow,
            }
        }
        *next = self.rules.len();
        Flow::Continue
    }

    fn ask(
        &self,
        next: &mut usize,
        message: &mut dyn Message,
        tell: &mut dyn FnMut(&Rule, Verdict, &dyn Txn),
    ) -> Flow {
        while let Some(rule) = self.rules.get(*next) {
            let verdict = rule.judge(message);
            tell(rule, verdict, message.txn());
            if verdict == Verdict::Unknown {
                return Flow::Wait;
            }
            *next += 1;
            if verdict == Verdict::True {
                match rule.apply(message) {
                    Flow::Continue => {}
                    flow => return flow,
                }
            }
        }
        Flow::Continue
    }
}

/// Fewer rules are asked in turn: there is nothing to find.
const FEW: usize = 3;

impl Extend<Rule> for RuleSet {
    fn extend<T: IntoIterator<Item = Rule>>(&mut self, rules: T) {
        self.rules.extend(rules);
        self.plan = OnceLock::new();
    }
}
