//! The shapes of log lines.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::logging::the_default_format", || suite("log-default", "", false).run());
    cases.test("oracle::logging::httplog", || suite("log-http", "option httplog", true).run());
    cases.test("oracle::logging::tcplog_in_http", || suite("log-tcp", "option tcplog", true).run());
    cases.test("oracle::logging::logasap", || {
        suite("log-asap", "option httplog\n  option logasap", true).run()
    });
    cases.test("oracle::logging::log_format", || {
        suite(
            "log-format",
            "log-format \"%ci:%cp %f %b %s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %HM %HU %HV %HP %HQ [%[src]] %{+Q}r %U %rc %sq/%bq %%\"",
            true,
        )
        .run();
    });
    cases.test("oracle::logging::tags_that_do_not_change_from_run_to_run", || {
        suite(
            "log-tags",
            "log-format \"%ci:%cp %bi %si %H %lc %ft %fi %CC %CS %ID %bc %sc %hr %hrl %hs %hsl %HPO %ts %sslc %sslv \
             %{+Q}H %{+E}b %{+X}si %{+X}ci\"",
            true,
        )
        .run();
    });
    cases.test("oracle::logging::dontlog_normal_logs_failures_only", dontlog_normal);
}

fn suite(name: &'static str, log: &'static str, bad_is_logged: bool) -> Suite {
    let mut suite = Suite::new(name);
    suite.log = log;
    suite.frontend = "  http-request deny if { path /deny }\n  http-request return status 200 if { path /own }\n  http-request redirect location /x if { path /redirect }\n".to_owned();
    suite.scripts = vec![Script::new("/empty", "", After::Close)];
    suite.backend = "  retries 0\n";
    for target in ["/x", "/x?q=\"1\"&r=%20", "/deny", "/own", "/redirect", "/empty"] {
        let steps = vec![
            Step::Send(request("GET", target, "User-Agent: a\r\nReferer: b\r\n", "")),
            Step::Read("GET"),
        ];
        suite.exchanges.push(Exchange::new(target, steps));
    }
    suite.exchanges.push(
        Exchange::new("bad", vec![Step::Send(b"bad\r\n\r\n".to_vec()), Step::ReadAll])
            .logs(usize::from(bad_is_logged)),
    );
    suite
}

fn dontlog_normal() {
    let mut suite = suite("dontlog-normal", "option httplog\n  option dontlog-normal", true);
    for exchange in &mut suite.exchanges {
        let failed = ["/empty", "/deny", "bad"].contains(&exchange.name.as_str());
        *exchange = exchange.clone().logs(usize::from(failed));
    }
    suite.run();
}
