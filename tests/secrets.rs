//! What is told of a TLS connection's secrets and of its session.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::cases::Cases;
use crate::support::subject::{Config, Dir, Subject};
use crate::support::tls::certificate;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("secrets::they_are_those_of_the_clients_key_log", secrets);
    cases.test("secrets::they_are_not_told_where_nobody_asked_for_it", untold);
    cases.test("secrets::a_session_has_the_id_that_its_client_knows", session);
    cases.test("secrets::the_key_of_a_session_is_that_of_its_client", key);
    cases.ours_only("secrets::the_group_of_the_key_exchange_is_told", "it came with HAProxy 2.9", group);
}

/// The secrets of TLS 1.3: the name in a key log file, the fetch.
const SECRETS: &[(&str, &str)] = &[
    ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "ssl_fc_client_handshake_traffic_secret"),
    ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "ssl_fc_server_handshake_traffic_secret"),
    ("CLIENT_TRAFFIC_SECRET_0", "ssl_fc_client_traffic_secret_0"),
    ("SERVER_TRAFFIC_SECRET_0", "ssl_fc_server_traffic_secret_0"),
    ("EXPORTER_SECRET", "ssl_fc_exporter_secret"),
];

/// A subject that answers with this.
fn subject(global: &str, bind: &str, told: &str) -> Subject {
    Config::new(format!(
        "global\n  {global}\n\
         defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{TLS}}\" ssl crt \"${{DIR}}/a.pem\" {bind}\n  \
         http-request return status 200 content-type text/plain lf-string \"\\ntold:{told}\\n\"\n"
    ))
    .file("a.pem", certificate(&["a.test"]).pem)
    .bind("TLS")
    .start()
}

/// What a client by OpenSSL is told, and all that it says itself.
fn ask(subject: &Subject, args: &[&str]) -> (String, String) {
    let mut client = Command::new("openssl")
        .args(["s_client", "-ign_eof", "-connect"])
        .arg(subject.addr("TLS").to_string())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    client.stdin.take().unwrap().write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let said = String::from_utf8_lossy(&client.wait_with_output().unwrap().stdout).into_owned();
    (field(&said, "told:"), said)
}

/// What follows a name, up to the end of its line.
fn field(text: &str, name: &str) -> String {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name:?} in {text}")).trim().to_owned()
}

fn all() -> String {
    SECRETS
        .iter()
        .map(|(label, fetch)| format!("{label} %[ssl_fc_client_random,hex,lower] %[{fetch}]|"))
        .collect()
}

fn secrets() {
    let told = format!("{}<%[ssl_fc_client_early_traffic_secret]%[ssl_fc_early_exporter_secret]>", all());
    let subject = subject("tune.ssl.keylog on", "", &told);
    let dir = Dir::new();
    let file = dir.path().join("keys");
    let (told, _) = ask(&subject, &["-tls1_3", "-keylogfile", &file.display().to_string()]);
    let known = std::fs::read_to_string(&file).unwrap();
    let parts: Vec<&str> = told.split('|').collect();
    assert_eq!((parts.len(), parts[SECRETS.len()]), (SECRETS.len() + 1, "<>"), "{told}");
    for line in &parts[..SECRETS.len()] {
        assert!(known.lines().any(|known| known == *line), "{line} is not among {known}");
    }
}

fn untold() {
    let fetches: String = SECRETS.iter().map(|(_, fetch)| format!("%[{fetch}]")).collect();
    for global in ["tune.ssl.keylog off", ""] {
        assert_eq!(ask(&subject(global, "", &format!("<{fetches}>")), &["-tls1_3"]).0, "<>");
    }
}

fn session() {
    let told = "%[ssl_fc_session_id,hex] %[ssl_fc_is_resumed]";
    let dir = Dir::new();
    let kept = dir.path().join("session").display().to_string();
    for (bind, is_known) in [("", false), ("no-tls-tickets", true)] {
        let subject = subject("", bind, told);
        let (told, said) = ask(&subject, &["-tls1_2", "-sess_out", &kept]);
        let id = field(&said, "Session-ID:");
        assert_eq!(told, if is_known { format!("{id} 0") } else { "0".to_owned() }, "{bind}");
        assert_eq!(ask(&subject, &["-tls1_2", "-sess_in", &kept]).0, format!("{id} 1"), "{bind}");
    }
}

fn key() {
    let subject = subject("tune.ssl.keylog on", "", "%[ssl_fc_session_key,hex]");
    let dir = Dir::new();
    let kept = dir.path().join("session").display().to_string();
    for args in [["-tls1_2", "-sess_out", &kept], ["-tls1_2", "-sess_in", &kept]] {
        let (told, said) = ask(&subject, &args);
        assert_eq!((told.len(), told), (96, field(&said, "Master-Key:")));
    }
}

fn group() {
    let subject = subject("", "", "%[ssl_fc_curve]");
    for (version, asked, told) in [
        ("-tls1_3", "X25519", "X25519"),
        ("-tls1_2", "prime256v1", "P-256"),
        ("-tls1_3", "secp384r1", "P-384"),
    ] {
        assert_eq!(ask(&subject, &[version, "-groups", asked]).0, told, "{version}");
    }
}
