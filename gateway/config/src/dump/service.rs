//! The statistics page, compression, filters and mails.

use super::text::{self, Line, line};
use crate::cfg::{log, service};
use crate::model::{Bandwidth, Compression, Direction, EmailAlert, Filter, Services, StatsPage};

/// What a proxy does beside passing messages on; the page stands with the rules, for some of its lines have conditions.
pub(super) fn lines(services: &Services) -> Vec<Line> {
    let Services { stats: _, compression, filters, email } = services;
    let mut lines = compressed(compression);
    lines.extend(filters.iter().map(filter));
    lines.extend(mails(email));
    lines
}

/// The lines of the statistics page that have no conditions.
pub(super) fn page(page: &StatsPage) -> Vec<Line> {
    #[rustfmt::skip]
    let StatsPage {
        uri, realm, users, refresh, scopes, hide_version, description, node, legends, modules, admin: _, http_request: _,
    } = page;
    let one = |keyword, value: &str| {
        let words = line(["stats", keyword]);
        if value.is_empty() { words } else { words.and(value) }
    };
    let mut lines = vec![line(["stats", "enable"])];
    lines.extend(uri.as_ref().map(|uri| line(["stats", "uri", uri])));
    lines.extend(realm.as_ref().map(|realm| line(["stats", "realm", realm])));
    lines.extend(users.iter().map(|(user, password)| line(["stats", "auth", &format!("{user}:{password}")])));
    lines.extend(refresh.map(|time| line(["stats", "refresh", &text::time(time)])));
    lines.extend(scopes.iter().map(|scope| line(["stats", "scope", scope])));
    lines.extend(description.as_ref().map(|description| one("show-desc", description)));
    lines.extend(node.as_ref().map(|node| one("show-node", node)));
    let flags = [("hide-version", hide_version), ("show-legends", legends), ("show-modules", modules)];
    lines.extend(flags.into_iter().filter(|(_, on)| **on).map(|(name, _)| line(["stats", name])));
    lines
}

fn compressed(compression: &Compression) -> Vec<Line> {
    #[rustfmt::skip]
    let Compression {
        algorithms, types, request_algorithm, request_types, min_size, request_min_size, offload, direction,
    } = compression;
    let list = |keyword, values: Vec<&str>| {
        let words = line(["compression", keyword]);
        (!values.is_empty()).then(|| values.into_iter().fold(words, Line::and))
    };
    let strings = |values: &'_ [String]| values.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let (own, asked) = (strings(types), strings(request_types));
    let size = |keyword, size: u64| (size > 0).then(|| line(["compression", keyword, &size.to_string()]));
    let direction = match direction {
        Direction::Response => None,
        Direction::Request => Some("request"),
        Direction::Both => Some("both"),
    };
    let lines = [
        list("algo", algorithms.iter().map(|one| service::algorithm_name(*one)).collect()),
        list("type", own.lines().collect()),
        list("algo-req", request_algorithm.iter().map(|one| service::algorithm_name(*one)).collect()),
        list("type-req", asked.lines().collect()),
        size("minsize-res", *min_size),
        size("minsize-req", *request_min_size),
        offload.then(|| line(["compression", "offload"])),
        direction.map(|which| line(["compression", "direction", which])),
    ];
    lines.into_iter().flatten().collect()
}

fn filter(filter: &Filter) -> Line {
    match filter {
        Filter::Compression => line(["filter", "compression"]),
        Filter::Trace(options) => options.iter().fold(line(["filter", "trace"]), Line::and),
        Filter::Cache(name) => line(["filter", "cache", name]),
        Filter::FcgiApp(name) => line(["filter", "fcgi-app", name]),
        Filter::Bandwidth(limit) => bandwidth(limit),
    }
}

fn bandwidth(bandwidth: &Bandwidth) -> Line {
    let Bandwidth { out, name, limit, period, key, table, min_size } = bandwidth;
    let limited = if key.is_some() { "limit" } else { "default-limit" };
    line(["filter", if *out { "bwlim-out" } else { "bwlim-in" }, name, limited, &limit.to_string()])
        .set("default-period", period.map(text::time))
        .set("key", key.as_ref().map(expr::Expr::text))
        .set("table", table.as_ref())
        .set("min-size", Some(min_size).filter(|size| **size > 0))
}

fn mails(email: &EmailAlert) -> impl Iterator<Item = Line> {
    let EmailAlert { mailers, from, to, level, myhostname } = email;
    let level =
        level.and_then(|level| log::LEVELS.get(usize::from(level))).map(|(name, _)| (*name).to_owned());
    let rows = [
        ("mailers", mailers.clone()),
        ("from", from.clone()),
        ("to", to.clone()),
        ("level", level),
        ("myhostname", myhostname.clone()),
    ];
    rows.into_iter().filter_map(|(name, value)| Some(line(["email-alert", name, &value?])))
}
