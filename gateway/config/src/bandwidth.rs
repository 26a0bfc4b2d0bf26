//! Limits on bandwidth: that what a rule sets to work is a filter of its section, and that a limit which many share can be
//! measured in its table.

use lang::{Diagnostic, Diagnostics, suggest};
use table::Data;

use crate::draft::Proxy;
use crate::judge::kind_in_words;
use crate::model::{Bandwidth, Filter};

/// Judges the filters of all sections, and the rules that name them.
pub(crate) fn judge(proxies: &[Proxy], notes: &mut Diagnostics) {
    for proxy in proxies.iter().filter(|proxy| !proxy.settings.disabled) {
        filters(proxy).for_each(|filter| measured(proxies, proxy, filter, notes));
        let rules = &proxy.settings.rules;
        let sets = [&rules.tcp_content, &rules.tcp_response, &rules.http_request, &rules.http_response];
        for rule in sets.into_iter().flat_map(|set| set.iter()) {
            if let [action, name, more @ ..] = rule.words()
                && action == "set-bandwidth-limit"
            {
                named(proxy, (name, rule.place(), more), notes);
            }
        }
    }
}

fn filters(proxy: &Proxy) -> impl Iterator<Item = &Bandwidth> {
    proxy.settings.services.filters.iter().filter_map(|filter| match filter {
        Filter::Bandwidth(bandwidth) => Some(&**bandwidth),
        Filter::Compression | Filter::Trace(_) | Filter::Cache(_) | Filter::FcgiApp(_) => None,
    })
}

/// A shared limit needs the rate of bytes in its table; that there is a table is judged with all that name one.
fn measured(proxies: &[Proxy], proxy: &Proxy, filter: &Bandwidth, notes: &mut Diagnostics) {
    if filter.key.is_none() {
        return;
    }
    let name = filter.table.as_ref().unwrap_or(&proxy.name);
    let of_name = proxies.iter().filter(|other| other.name == *name);
    let Some((_, table)) = of_name.filter_map(|other| other.stick_table.as_ref()).next() else { return };
    let data = if filter.out { Data::BytesOutRate } else { Data::BytesInRate };
    if !table.spec.store.iter().any(|store| store.data == data) {
        let who = kind_in_words(proxy);
        let message = format!(
            "{who} '{}': filter '{}': table '{name}' does not store '{}', by which the limit is measured.",
            proxy.name,
            filter.name,
            data.name()
        );
        let hint = format!("write '{}(<period>)' among what it stores", data.name());
        notes.push(Diagnostic::alert(proxy.span, message).hint(hint));
    }
}

fn named(proxy: &Proxy, (name, place, more): (&str, &str, &[String]), notes: &mut Diagnostics) {
    let who =
        format!("{} '{}': rule 'set-bandwidth-limit {name}' at {place}", kind_in_words(proxy), proxy.name);
    let Some(filter) = filters(proxy).find(|filter| filter.name == *name) else {
        let names: Vec<&str> = filters(proxy).map(|filter| filter.name.as_str()).collect();
        let meant = suggest::nearest(name, names).map(str::to_owned);
        let message =
            format!("{who}: no 'filter bwlim-in' or 'filter bwlim-out' of the section has this name.");
        let hint = "'filter bwlim-out NAME default-limit 1m default-period 1s' makes one";
        return notes.push(Diagnostic::alert(proxy.span, message).suggest(meant).hint(hint));
    };
    if filter.key.is_some() && !more.is_empty() {
        let message = format!("{who}: a limit that is shared has no limit or period of a rule's own.");
        notes.push(Diagnostic::alert(proxy.span, message).hint("its period is that of its table"));
    }
}

#[cfg(test)]
mod tests {
    use crate::world::said;

    fn lines(filter: &str, rule: &str, table: &str) -> Vec<String> {
        said(&format!(
            "backend t\n mode http\n stick-table type ip size 100 store {table}\n\
             listen l\n mode http\n bind :80\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n \
             filter {filter}\n {rule}\n server s 127.0.0.1:1\n"
        ))
    }

    #[test]
    fn a_rule_names_a_filter_of_its_section() {
        const OWN: &str = "bwlim-out slow default-limit 10k default-period 1s";
        const SHARED: &str = "bwlim-in all limit 10k key src table t";
        for (filter, rule, table, expected) in [
            (OWN, "http-request set-bandwidth-limit slow limit 5k", "bytes_in_rate(1s)", ""),
            (SHARED, "http-request set-bandwidth-limit all", "bytes_in_rate(1s)", ""),
            (OWN, "http-response set-bandwidth-limit slwo", "conn_cnt", "of the section has this name"),
            (SHARED, "http-request set-bandwidth-limit all limit 1k", "bytes_in_rate(1s)", "a rule's own"),
            (
                SHARED,
                "http-request set-bandwidth-limit all",
                "bytes_out_rate(1s)",
                "does not store 'bytes_in_rate'",
            ),
            ("bwlim-in a limit 10k key src table none", "", "conn_cnt", "unable to find table 'none'"),
        ] {
            let told = lines(filter, rule, table);
            match expected {
                "" => assert!(told.is_empty(), "{told:?}"),
                expected => assert!(told.iter().any(|line| line.contains(expected)), "{told:?}"),
            }
        }
    }

    #[test]
    fn defaults_have_no_filters_to_name() {
        let told = said("defaults d\n mode http\n http-request set-bandwidth-limit slow\n");
        assert!(told.iter().any(|line| line.contains("not allowed in 'defaults' section")), "{told:?}");
    }
}
