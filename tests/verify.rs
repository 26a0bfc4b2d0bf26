//! Clients' certificates: what is accepted, what is passed over, and what is told of it.

use std::io::Write;
use std::process::{Command, Stdio};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    KeyUsagePurpose, NameConstraints, SanType, date_time_ymd,
};
use rustls::version::TLS12;

use crate::support::authority::{Adjust, Party, as_authority, as_client, as_expired, as_nothing, is_over};
use crate::support::cases::Cases;
use crate::support::deadline::PATIENCE;
use crate::support::subject::{Config, Dir, Subject};
use crate::support::syslog::Syslog;
use crate::support::tls::{Ask, certificate, connect, connect_with};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("verify::what_is_wrong_is_told_in_openssls_numbers", numbers);
    cases.test("verify::what_a_certificate_claims_is_judged", claims);
    cases.test("verify::what_stands_above_it_is_judged", authorities);
    cases.test("verify::a_chain_ends_where_nobody_stands_above", ends);
    cases.test("verify::one_of_the_first_version_is_in_order", first_version);
    cases.test("verify::only_the_errors_that_are_listed_are_passed_over", lists);
    cases.test("verify::what_is_refused_is_logged_with_its_reason", logged);
    cases.test("verify::a_session_that_is_taken_up_again_remembers_the_certificate", resumed);
    cases.test("verify::a_certificate_is_asked_for_and_may_be_required", absent);
    cases.test("verify::authorities_of_ca_verify_file_are_trusted_and_not_told", untold);
    cases.ours_only(
        "verify::every_error_can_be_passed_over",
        "HAProxy 2.6 passes over no error from 32 to 63, whatever its lists say",
        every,
    );
    cases.ours_only(
        "verify::errors_may_be_listed_by_their_names",
        "the names came with a later HAProxy than 2.6",
        named,
    );
}

const LENIENT: &str = "verify optional ca-ignore-err all crt-ignore-err all";

/// A subject that trusts these, and answers with what it is told of a client's certificate.
fn subject(bind: &str, trusted: &[&Party]) -> Subject {
    configured(bind, trusted, "").start()
}

fn configured(bind: &str, trusted: &[&Party], more: &str) -> Config {
    let pem: String = trusted.iter().map(|party| party.certificate.as_str()).collect();
    Config::new(format!(
        "global\n  log \"${{LOG}}\" format raw local0\n\
         defaults\n  mode http\n  log global\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n{more}\
         frontend f\n  bind \"fd@${{TLS}}\" name tls ssl crt \"${{DIR}}/a.pem\" ca-file \"${{DIR}}/ca.pem\" {bind}\n  \
         http-request return status 200 content-type text/plain lf-string \"%[ssl_c_verify] %[ssl_c_err] \
         %[ssl_c_ca_err] %[ssl_c_ca_err_depth] %[ssl_c_used] %[ssl_fc_has_crt] %[ssl_c_s_dn(CN)] %[ssl_fc_is_resumed]\"\n"
    ))
    .file("a.pem", certificate(&["a.test"]).pem)
    .file("ca.pem", pem)
    .bind("TLS")
    .var("LOG", "127.0.0.1:9")
}

/// What is told of the one who shows this; the alert where it is refused.
fn told(subject: &Subject, shown: &str) -> String {
    let ask = Ask { versions: vec![&TLS12], ..Ask::name("a.test") };
    match connect_with(subject.addr("TLS"), &ask, shown, b"") {
        Ok(mut session) => session.client.get("/").text(),
        Err(alert) => alert,
    }
}

/// What is told of a certificate of this verdict: the last error, its own first, an authority's first and where.
fn verdict(numbers: &str, name: &str) -> String {
    format!("{numbers} 1 1 {name} 0")
}

fn numbers() {
    let (ca, other) = (Party::root("ca"), Party::root("other"));
    let stranger = Party::root("ca");
    let between = other.signs("between", as_authority);
    let subject = subject(LENIENT, &[&ca]);
    for (numbers, name, shown) in [
        ("0 0 0 0", "good", ca.signs("good", as_client).with(&[])),
        ("10 10 0 0", "expired", ca.signs("expired", as_expired).with(&[])),
        ("9 9 0 0", "future", ca.signs("future", |p| p.not_before = date_time_ymd(2090, 1, 1)).with(&[])),
        ("21 20 0 0", "unknown", other.signs("unknown", as_client).with(&[])),
        ("10 20 0 0", "both", other.signs("both", as_expired).with(&[])),
        ("18 18 0 0", "self", Party::alone("self", as_client).with(&[])),
        ("10 18 0 0", "self over", Party::alone("self over", as_expired).with(&[])),
        ("26 18 0 0", "self authority", Party::root("self authority").with(&[])),
        ("19 0 19 1", "in chain", other.signs("in chain", as_client).with(&[&other])),
        ("20 0 20 1", "below", between.signs("below", as_client).with(&[&between])),
        ("19 0 19 2", "far below", between.signs("far below", as_client).with(&[&between, &other])),
        ("7 7 0 0", "forged", stranger.signs("forged", as_client).with(&[])),
    ] {
        assert_eq!(told(&subject, &shown), verdict(numbers, name));
    }
}

fn claims() {
    let ca = Party::root("ca");
    let subject = subject(LENIENT, &[&ca]);
    for (numbers, name, adjust) in [
        ("0 0 0 0", "bare", as_nothing as Adjust),
        ("0 0 0 0", "signs", |p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature]),
        ("26 26 0 0", "enciphers", |p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment]),
        ("26 26 0 0", "server", |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
        ("0 0 0 0", "authority", |p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
    ] {
        assert_eq!(told(&subject, &ca.signs(name, adjust).with(&[])), verdict(numbers, name));
    }
}

fn authorities() {
    let ca = Party::root("ca");
    let old = Party::alone("old", |p| {
        as_authority(p);
        is_over(p);
    });
    let subject = subject(LENIENT, &[&ca, &old]);
    assert_eq!(told(&subject, &old.signs("of old", as_client).with(&[])), verdict("10 0 10 1", "of old"));
    for (numbers, adjust) in [
        ("0 0 0 0", as_authority as Adjust),
        ("26 0 79 1", as_nothing),
        ("26 0 79 1", |p| p.is_ca = IsCa::ExplicitNoCa),
        ("10 0 10 1", |p| {
            as_authority(p);
            is_over(p);
        }),
        ("26 0 26 1", |p| {
            as_authority(p);
            p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
    ] {
        let between = ca.signs("between", adjust);
        let shown = between.signs("below", as_client).with(&[&between]);
        assert_eq!(told(&subject, &shown), verdict(numbers, "below"));
    }
    let last = ca.signs("last", |p| p.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let below = last.signs("below", as_authority);
    let shown = below.signs("far below", as_client).with(&[&below, &last]);
    assert_eq!(told(&subject, &shown), verdict("25 0 25 2", "far below"));
    let both = Party::root("ca").signs("old too", as_authority);
    let expired = both.signs("expired", as_expired).with(&[&both]);
    assert_eq!(told(&subject, &expired), verdict("10 10 7 1", "expired"));
}

fn ends() {
    let ca = Party::root("ca");
    let between = ca.signs("between", as_authority);
    let below = between.signs("below", as_client);
    let alone = Party::alone("alone", as_client);
    let trusting = subject(LENIENT, &[&between, &alone]);
    assert_eq!(told(&trusting, &below.with(&[])), verdict("2 0 2 1", "below"), "its own is not there");
    assert_eq!(told(&trusting, &alone.with(&[])), verdict("0 0 0 0", "alone"), "it is trusted itself");
    let trusting = subject(LENIENT, &[&between, &ca]);
    assert_eq!(told(&trusting, &below.with(&[])), verdict("0 0 0 0", "below"));
    assert_eq!(told(&trusting, &below.with(&[&ca, &between])), verdict("0 0 0 0", "below"), "in any order");
}

/// `openssl x509 -req` makes such certificates.
fn first_version() {
    let (ca, asks) = (Party::root("ca"), Party::root("old"));
    let subject = subject("verify required", &[&ca]);
    let dir = Dir::new();
    let file = |name: &str, text: &str| dir.write(name, text).display().to_string();
    let (request, above) = (file("request", &asks.request()), file("ca.pem", &ca.certificate));
    let (of_ca, key) = (file("ca.key", &ca.key()), file("key", &asks.key()));
    let made = dir.path().join("made.pem").display().to_string();
    #[rustfmt::skip]
    let status = Command::new("openssl")
        .args(["x509", "-req", "-in", &request, "-CA", &above, "-CAkey", &of_ca, "-set_serial", "7", "-out", &made])
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("openssl is installed").success());
    for version in ["-tls1_2", "-tls1_3"] {
        let said = by_openssl(&subject, &[version, "-cert", &made, "-key", &key]);
        assert!(said.ends_with(&verdict("0 0 0 0", "old")), "{version}: {said}");
    }
}

/// What a client by OpenSSL gets.
fn by_openssl(subject: &Subject, args: &[&str]) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-ign_eof", "-connect"])
        .arg(subject.addr("TLS").to_string())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    // a client that was refused is gone before it has read this
    let _ = client.stdin.take().map(|mut stdin| stdin.write_all(b"GET / HTTP/1.0\r\n\r\n"));
    let output = client.wait_with_output().expect("the client is ours");
    String::from_utf8_lossy(&[output.stderr, output.stdout].concat()).into_owned()
}

fn lists() {
    let (ca, other) = (Party::root("ca"), Party::root("other"));
    let good = ca.signs("good", as_client).with(&[]);
    let expired = ca.signs("expired", as_expired).with(&[]);
    let unknown = other.signs("unknown", as_client).with(&[]);
    let both = other.signs("both", as_expired).with(&[]);
    let chain = other.signs("chain", as_client).with(&[&other]);
    for (bind, accepted, refused) in [
        ("verify optional", vec![&good], vec![&expired, &unknown, &both, &chain]),
        ("verify required crt-ignore-err 10", vec![&good, &expired], vec![&unknown, &both, &chain]),
        ("verify required crt-ignore-err 20,21", vec![&good, &unknown], vec![&expired, &both, &chain]),
        ("verify required crt-ignore-err 20", vec![&good], vec![&unknown]),
        ("verify optional crt-ignore-err 10,20,21", vec![&expired, &unknown, &both], vec![&chain]),
        ("verify optional ca-ignore-err 19", vec![&good, &chain], vec![&expired, &unknown]),
        ("verify optional ca-ignore-err all", vec![&good, &chain], vec![&expired, &unknown]),
        ("verify optional crt-ignore-err all", vec![&expired, &both], vec![&chain]),
    ] {
        let subject = subject(bind, &[&ca]);
        for (shown, is_accepted) in accepted
            .into_iter()
            .map(|shown| (shown, true))
            .chain(refused.into_iter().map(|shown| (shown, false)))
        {
            let told = told(&subject, shown);
            assert_eq!(told.contains(" 1 1 "), is_accepted, "{bind}: {told}");
        }
    }
}

fn logged() {
    let syslog = Syslog::start();
    let (ca, other) = (Party::root("ca"), Party::root("other"));
    let own = "  error-log-format \"%[fc_err] <%[fc_err_str]> %[ssl_fc_err] <%[ssl_fc_err_str]> <%[ssl_c_verify]> \
         %[ssl_c_err] %[ssl_c_ca_err] %[ssl_c_ca_err_depth] %[ssl_c_used] <%[ssl_fc_has_crt]> %[ssl_c_s_dn(CN)]\"\n";
    let to = format!("127.0.0.1:{}", syslog.addr().port());
    let told_own = configured("verify required", &[&ca], own).var("LOG", &to).start();
    let plain = configured("verify required", &[&ca], "").var("LOG", &to).start();
    let verify = "167772294 <error:0A000086:SSL routines::certificate verify failed> <->";
    for (name, shown, alert, said, line) in [
        (
            "expired",
            ca.signs("expired", as_expired).with(&[]),
            "CertificateExpired",
            "31 <SSL client certificate not trusted>",
            "10 0 0 1 <->",
        ),
        (
            "unknown",
            other.signs("unknown", as_client).with(&[]),
            "UnknownCA",
            "31 <SSL client certificate not trusted>",
            "20 0 0 1 <->",
        ),
        (
            "chain",
            other.signs("chain", as_client).with(&[&other]),
            "UnknownCA",
            "30 <SSL client CA chain cannot be verified>",
            "0 19 1 1 <->",
        ),
        (
            "server",
            ca.signs("server", |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])
                .with(&[]),
            "UnsupportedCertificate",
            "31 <SSL client certificate not trusted>",
            "26 0 0 1 <->",
        ),
        (
            "future",
            ca.signs("future", |p| p.not_before = date_time_ymd(2090, 1, 1)).with(&[]),
            "BadCertificate",
            "31 <SSL client certificate not trusted>",
            "9 0 0 1 <->",
        ),
    ] {
        let refused = told(&told_own, &shown);
        assert!(refused.contains(alert), "{name}: {refused}");
        assert_eq!(syslog.expect(&format!("<-> {name}")), format!("{said} {verify} {line} {name}"));
        let before = syslog.count();
        told(&plain, &shown);
        let text = said.split(['<', '>']).nth(1).unwrap_or_default();
        assert!(
            !syslog.after(before, &format!(" f/tls: {text}"), 1, PATIENCE).is_empty(),
            "{:?}",
            syslog.lines()
        );
    }
}

fn resumed() {
    let (ca, other) = (Party::root("ca"), Party::root("other"));
    let subject = subject(LENIENT, &[&ca]);
    let dir = Dir::new();
    let session = dir.path().join("session").display().to_string();
    for (name, shown, first, then) in [
        ("good", ca.signs("good", as_client), "0 0 0 0 1 1", "0 0 0 0 1 0"),
        ("both", other.signs("both", as_expired), "10 20 0 0 1 1", "10 0 0 0 1 0"),
    ] {
        let pem = dir.write(name, shown.with(&[])).display().to_string();
        for version in ["-tls1_2", "-tls1_3"] {
            let said = by_openssl(&subject, &[version, "-cert", &pem, "-sess_out", &session]);
            assert!(said.ends_with(&format!("{first} {name} 0")), "{version}: {said}");
            let said = by_openssl(&subject, &[version, "-sess_in", &session]);
            assert!(said.ends_with(&format!("{then} {name} 1")), "{version}: {said}");
        }
    }
}

fn absent() {
    let ca = Party::root("ca");
    let ask = Ask { versions: vec![&TLS12], ..Ask::name("a.test") };
    let optional = subject("verify optional", &[&ca]);
    let mut session = connect(optional.addr("TLS"), &ask).unwrap();
    assert_eq!(session.client.get("/").text(), "0 0 0 0 0 0  0");
    let required = subject("verify required crt-ignore-err all ca-ignore-err all", &[&ca]);
    assert!(connect(required.addr("TLS"), &ask).is_err());
}

fn untold() {
    let (ca, other, third) = (Party::root("told"), Party::root("untold"), Party::root("third"));
    let files = |bind: &str| configured(bind, &[&ca], "").file("more.pem", &other.certificate).start();
    for (bind, names) in [("", vec!["told"]), ("no-ca-names", vec![])] {
        let subject = files(&format!("verify optional ca-verify-file \"${{DIR}}/more.pem\" {bind}"));
        for party in [&ca, &other] {
            assert_eq!(told(&subject, &party.signs("good", as_client).with(&[])), verdict("0 0 0 0", "good"));
        }
        assert!(told(&subject, &third.signs("bad", as_client).with(&[])).contains("UnknownCA"));
        assert_eq!(asked_for(&subject), names);
    }
}

/// The names of the authorities that a client is told.
fn asked_for(subject: &Subject) -> Vec<String> {
    let output = Command::new("openssl")
        .args(["s_client", "-tls1_2", "-connect"])
        .arg(subject.addr("TLS").to_string())
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = said.lines().skip_while(|line| *line != "Acceptable client certificate CA names").skip(1);
    let names = lines.map_while(|line| line.strip_prefix("CN = "));
    names.map(str::to_owned).collect()
}

fn every() {
    let ca = Party::root("ca");
    let subject = subject(LENIENT, &[&ca]);
    let unknown: Adjust = |p| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4, 5], vec![4, 0]);
        extension.set_criticality(true);
        p.custom_extensions = vec![extension];
    };
    let dir = Dir::new();
    let pem = dir.write("critical.pem", ca.signs("critical", unknown).with(&[])).display().to_string();
    let said = by_openssl(&subject, &["-cert", &pem]);
    assert!(said.ends_with(&verdict("34 34 0 0", "critical")), "{said}");
    let unsigning = ca.signs("unsigning", |p| {
        as_authority(p);
        p.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let below = unsigning.signs("below", as_client).with(&[&unsigning]);
    assert_eq!(told(&subject, &below), verdict("32 0 79 1", "below"));
    let name = |p: &mut CertificateParams| {
        p.subject_alt_names = vec![SanType::DnsName("bad.test".try_into().unwrap())];
    };
    for (numbers, adjust) in [
        ("47 47 0 0", (|p| constrained(p, &["ok.test"], &[])) as Adjust),
        ("48 48 0 0", |p| constrained(p, &[], &["bad.test"])),
        ("0 0 0 0", |p| constrained(p, &["bad.test"], &[])),
    ] {
        let constrained = ca.signs("constrained", adjust);
        let below = constrained.signs("below", name).with(&[&constrained]);
        assert_eq!(told(&subject, &below), verdict(numbers, "below"));
    }
}

fn constrained(params: &mut CertificateParams, permitted: &[&str], excluded: &[&str]) {
    as_authority(params);
    let trees =
        |names: &[&str]| names.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned())).collect();
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: trees(permitted), excluded_subtrees: trees(excluded) });
}

fn named() {
    let (ca, other) = (Party::root("ca"), Party::root("other"));
    let subject = subject("verify optional crt-ignore-err X509_V_ERR_CERT_HAS_EXPIRED,9", &[&ca]);
    assert_eq!(told(&subject, &ca.signs("expired", as_expired).with(&[])), verdict("10 10 0 0", "expired"));
    assert!(told(&subject, &other.signs("unknown", as_client).with(&[])).contains("UnknownCA"));
}
