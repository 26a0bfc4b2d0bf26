//! The differential suite: the same bytes go through the gateway and through HAProxy, and what came back,
//! what the origin saw and what was logged must be the same. Known differences and their reasons are in
//! `differences.toml`; one that no longer differs fails the run.

mod acl;
mod actions;
mod answers;
mod bodies;
mod bytes;
mod connect;
mod connection;
mod differences;
mod exchange;
mod failures;
mod forward;
mod inserted;
mod logging;
mod parsing;
mod patterns;
mod random;
mod random_bytes;
mod random_rules;
mod random_state;
mod retries;
mod rows;
mod rules;
mod suite;
mod tables;
mod timeouts;
mod variables;

use crate::support::cases::Cases;

pub(crate) fn cases(cases: &mut Cases) {
    acl::cases(cases);
    actions::cases(cases);
    answers::cases(cases);
    bodies::cases(cases);
    bytes::cases(cases);
    connect::cases(cases);
    connection::cases(cases);
    failures::cases(cases);
    forward::cases(cases);
    inserted::cases(cases);
    logging::cases(cases);
    parsing::cases(cases);
    patterns::cases(cases);
    random::cases(cases);
    random_bytes::cases(cases);
    random_rules::cases(cases);
    random_state::cases(cases);
    retries::cases(cases);
    rows::cases(cases);
    rules::cases(cases);
    tables::cases(cases);
    timeouts::cases(cases);
    variables::cases(cases);
}

/// Prints how much was compared; true when `differences.toml` lists what no longer differs.
pub(crate) fn report(whole: bool) -> bool {
    let (exchanges, differing) = suite::compared();
    println!("oracle: {exchanges} exchanges compared, {differing} differ as listed in differences.toml");
    whole && differences::report_stale()
}
