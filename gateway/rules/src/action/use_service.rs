//! `use-service prometheus-exporter`.

use expr::Scope;
use lang::{Diagnostic, Words};

use super::declined::LUA;
use super::{Action, argument};
use crate::{Flow, Message, Service};

const SERVICES: &[(&str, Service)] = &[("prometheus-exporter", Service::PrometheusExporter)];

#[derive(Debug)]
struct UseService(Service);

impl Action for UseService {
    fn apply(&self, _message: &mut dyn Message) -> Flow {
        Flow::Service(self.0)
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let word = argument(words, "'use-service' expects a service name")?;
    if word.text.starts_with("lua.") {
        let phase = super::keyword(scope.phase);
        return Err(LUA.refusal(word, format_args!("'{phase} use-service {}'", word.text)));
    }
    let known = SERVICES.iter().find(|(name, _)| *name == word.text);
    let (_, service) = known.ok_or_else(|| {
        Diagnostic::alert(word.span, format!("'{}' unknown service name.", word.text))
            .suggest(lang::suggest::nearest(&word.text, SERVICES.iter().map(|(name, _)| *name)))
    })?;
    Ok(Box::new(UseService(*service)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn the_exporter_answers() {
        let set = rules(Phase::HttpRequest, &["use-service prometheus-exporter if { path /a/b }"]);
        assert_eq!(set.run(&mut World::sample()), Flow::Service(Service::PrometheusExporter));
        let error = rule(Phase::HttpRequest, "use-service prometeus-exporter").unwrap_err();
        assert_eq!(error.suggestion.as_deref(), Some("prometheus-exporter"));
    }
}
