//! What is written loads as the same model, whatever it is.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;

use lang::Facts;

use super::{Spelling, dump};
use crate::model::{Bind, BindTls, Model};
use crate::world::{PEM, World};
use crate::{corpus_test, examples_test, load};

const MAXIMAL: &str = include_str!("../../testdata/maximal.cfg");

fn load_in(world: &World, name: &str) -> Result<Model, Vec<String>> {
    let loaded = load(&[name.into()], world, world, &Facts::default());
    let said = loaded.diagnostics.render_pipe(&loaded.sources);
    loaded.model.or(loaded.ahead).ok_or_else(|| said.into_iter().map(|(_, line)| line).collect())
}

/// What differs between a model and what its dumps load as.
fn differences(model: &Model, world: &World) -> Vec<String> {
    let mut found = Vec::new();
    for (spelling, name) in [(Spelling::Cfg, "dump.cfg"), (Spelling::Yaml, "dump.yaml")] {
        let text = dump(model, spelling);
        let mut texts = world.texts.clone();
        texts.push((name.into(), text.clone().into_bytes()));
        match load_in(&World { texts, vars: world.vars.clone() }, name) {
            Err(said) => found.push(format!("{name} is refused: {said:#?}\n{text}")),
            Ok(again) if again.without_places() != model.without_places() => {
                found.push(format!("{name} differs: {}\n{text}", first_difference(model, &again)));
            }
            Ok(_) => {}
        }
    }
    found
}

fn first_difference(a: &Model, b: &Model) -> String {
    let [a, b] = [a, b].map(|model| format!("{:#?}", model.without_places()));
    let pair = a.lines().zip(b.lines()).find(|(a, b)| a != b);
    pair.map_or_else(|| "in length".to_owned(), |(a, b)| format!("{} became {}", a.trim(), b.trim()))
}

/// A text under a name, with the files that the maximal configuration asks for.
fn world(text: &str) -> World {
    let page = b"HTTP/1.1 503 Gone fishing\r\nContent-Length: 2\r\n\r\nno".to_vec();
    let certificates = [
        "/certs/my site.pem",
        "/certs/more/",
        "/abs.pem",
        "certs/ca/ca.pem",
        "/abs/ca.pem",
        "ca/x.pem",
        "ca/../x.pem",
        "/ca/x.pem",
        "/other/x.pem",
        "ca/ca/x",
        "/certs/default.pem",
        "certs/ca/more.pem",
        "certs/ca/crl.pem",
        "/certs/list.pem",
        "/keys/site.key",
        "/certs/x.ocsp",
        "/certs/x.issuer",
        "/certs/x.sctl",
    ];
    let keys = format!("{}\n", "QUFB".repeat(16)).repeat(3).into_bytes();
    let list =
        b"list.pem [alpn h2 verify optional ca-file ca.pem] a.test !b.test\n# more\nlist.pem\n".to_vec();
    let files = certificates.map(|name| (name, PEM.to_vec()));
    let files =
        files.into_iter().chain([("ids.lst", b"1\n2\n".to_vec()), ("keys", keys), ("/certs/list", list)]);
    let files = files
        .chain([("case.lst", b"x-odd X-ODD\n".to_vec())])
        .chain([("/var/run/netns/ns", Vec::new())])
        .chain([("503.http", page), ("t.cfg", text.as_bytes().to_vec())]);
    World {
        texts: files.map(|(name, text)| (PathBuf::from(name), text)).collect(),
        vars: vec![("HOSTNAME", "h")],
    }
}

fn model(text: &str) -> Model {
    load_in(&world(text), "t.cfg").unwrap_or_else(|said| panic!("{said:#?}\n{text}"))
}

#[track_caller]
fn survives(text: &str) {
    let found = differences(&model(text), &world(text));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_example_survives() {
    for file in examples_test::examples() {
        let found = differences(&examples_test::model(&file), &examples_test::world());
        assert!(found.is_empty(), "{}: {}", file.display(), found.join("\n"));
    }
}

#[test]
fn every_configuration_of_the_corpus_that_loads_survives() {
    let dir = corpus_test::prepared("dump");
    let world = corpus_test::world();
    let mut count = 0;
    let mut found = Vec::new();
    for file in corpus_test::files(&dir) {
        let name = file.to_str().expect("its name is text");
        let Ok(model) = load_in(&world, name) else { continue };
        count += 1;
        found.extend(differences(&model, &world).into_iter().map(|what| format!("{name}: {what}")));
    }
    let _ = std::fs::remove_dir_all(dir);
    println!("{count} files were written and loaded again");
    assert!(found.is_empty(), "{} of {count}:\n{}", found.len(), found.join("\n"));
    assert!(count >= 95, "only {count} files load");
}

/// What stands in the place of lines of the maximal configuration.
const NUMBERED: &str = "global\n uid 99\n gid 98\n";

#[test]
fn every_field_survives() {
    survives(MAXIMAL);
    survives(NUMBERED);
}

/// The fields of a value by their names, as `Debug` shows them.
fn fields(value: &impl Debug) -> BTreeSet<(String, String)> {
    let text = format!("{value:#?}");
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let inner = line.strip_prefix("    ").unwrap_or_default();
        match inner.split_once(": ") {
            Some((name, value)) if !inner.starts_with(' ') => {
                fields.push((name.to_owned(), value.to_owned()))
            }
            _ => fields.iter_mut().last().into_iter().for_each(|(_, value)| value.push_str(inner)),
        }
    }
    fields.into_iter().collect()
}

/// The fields that no value has other than an empty one.
fn untouched<'a, T: Debug + 'a>(values: impl IntoIterator<Item = &'a T>, empty: &T) -> Vec<String> {
    let mut left = fields(empty);
    for value in values {
        let seen = fields(value);
        left.retain(|field| seen.contains(field));
    }
    left.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn the_maximal_configuration_touches_every_field() {
    let full = model(MAXIMAL);
    let mut empty = model(
        "frontend f\n bind :1 ssl crt /abs.pem\n disabled\nbackend b\n disabled\n server s h:1 check\n",
    );
    touches_every_section(&full);
    let (front, back) = (&mut empty.frontends[0], &mut empty.backends[0]);
    (front.disabled, back.disabled) = (false, false);
    let mut bind = front.binds.remove(0);
    let mut tls = bind.tls.take().expect("it has ssl");
    tls.certificates.clear();
    let server = back.servers.remove(0);
    let check = server.check.clone().expect("it is checked");
    let binds: Vec<&Bind> = full.frontends.iter().flat_map(|frontend| &frontend.binds).collect();
    let encrypted: Vec<&BindTls> = binds.iter().filter_map(|bind| bind.tls.as_ref()).collect();
    let servers: Vec<_> = full.backends.iter().flat_map(|backend| &backend.servers).collect();
    let none: [&str; 0] = [];
    assert_eq!(untouched([&full.global], &empty.global), none);
    let numbered = model(NUMBERED).global.run_as;
    assert_eq!(untouched([&full.global.run_as, &numbered], &empty.global.run_as), none);
    assert_eq!(untouched(&full.frontends, front), none);
    assert_eq!(untouched(&full.backends, back), none);
    assert_eq!(untouched(binds.iter().copied(), &bind), none);
    assert_eq!(untouched(binds.iter().map(|bind| &bind.permissions), &bind.permissions), none);
    assert_eq!(untouched(encrypted, &tls), none);
    assert_eq!(
        untouched(servers.iter().copied(), &crate::model::Server { check: None, ..server.clone() }),
        none
    );
    assert_eq!(untouched(servers.iter().filter_map(|server| server.check.as_ref()), &check), none);
    assert_eq!(untouched(servers.iter().map(|server| &server.tls), &server.tls), none);
    assert_eq!(untouched(servers.iter().map(|server| &server.check_over), &server.check_over), none);
    assert_eq!(untouched(servers.iter().map(|server| &server.agent), &server.agent), none);
    assert_eq!(untouched(servers.iter().map(|server| &server.reactions), &server.reactions), none);
    assert_eq!(untouched(servers.iter().map(|server| &server.send_proxy), &server.send_proxy), none);
    assert_eq!(untouched(servers.iter().map(|server| &server.pool), &server.pool), none);
    assert_eq!(untouched(servers.iter().map(|server| &server.resolve), &server.resolve), none);
    assert_eq!(untouched(servers.iter().map(|server| &server.log), &server.log), none);
    assert_eq!(untouched([&full.global.default_server], &empty.global.default_server), none);
    assert_eq!(untouched([&full.global.unix_bind], &empty.global.unix_bind), none);
    assert_eq!(untouched(full.frontends.iter().map(|one| &one.timeouts), &front.timeouts), none);
    assert_eq!(untouched(full.backends.iter().map(|one| &one.timeouts), &back.timeouts), none);
    assert_eq!(untouched(full.frontends.iter().map(|one| &one.options), &front.options), none);
    assert_eq!(untouched(full.backends.iter().map(|one| &one.options), &back.options), none);
    assert_eq!(untouched(full.frontends.iter().map(|one| &one.logging), &front.logging), none);
    assert_eq!(untouched(full.backends.iter().map(|one| &one.logging), &back.logging), none);
}

/// The same for the sections that are no proxies, beside such with as little as may be said.
fn touches_every_section(full: &Model) {
    let empty = model(
        "resolvers e\nuserlist e\n user u\npeers e\n peer p 192.0.2.1:1\ncache e\n total-max-size 1\nhttp-errors e\nring e\n\
         log-forward e\n dgram-bind :1\nlog-profile e\n on any\nmailers e\ncrt-store e\n load crt /abs.pem\n\
         fcgi-app e\n docroot /\nacme e\n directory http://e\nhealthcheck e\ntraces\n",
    );
    let none: [&str; 0] = [];
    assert_eq!(untouched(&full.resolvers, &empty.resolvers[0]), none);
    assert_eq!(untouched(full.resolvers.iter().map(|one| &one.hold), &empty.resolvers[0].hold), none);
    assert_eq!(untouched(&full.userlists, &empty.userlists[0]), none);
    assert_eq!(
        untouched(full.userlists.iter().flat_map(|one| &one.users), &empty.userlists[0].users[0]),
        none
    );
    assert_eq!(untouched(&full.peers, &empty.peers[0]), none);
    assert_eq!(untouched(&full.caches, &empty.caches[0]), none);
    assert_eq!(untouched(&full.http_errors, &empty.http_errors[0]), none);
    assert_eq!(untouched(&full.rings, &empty.rings[0]), none);
    assert_eq!(untouched(&full.log_forwards, &empty.log_forwards[0]), none);
    let dgrams = full.log_forwards.iter().flat_map(|one| &one.dgram_binds);
    assert_eq!(untouched(dgrams, &empty.log_forwards[0].dgram_binds[0]), none);
    assert_eq!(untouched(&full.log_profiles, &empty.log_profiles[0]), none);
    let steps = full.log_profiles.iter().flat_map(|one| &one.steps);
    assert_eq!(untouched(steps, &empty.log_profiles[0].steps[0]), none);
    assert_eq!(untouched(&full.mailers, &empty.mailers[0]), none);
    assert_eq!(untouched(&full.fcgi_apps, &empty.fcgi_apps[0]), none);
    assert_eq!(untouched(&full.crt_stores, &empty.crt_stores[0]), none);
    let loads = full.crt_stores.iter().flat_map(|one| &one.loads);
    assert_eq!(untouched(loads, &empty.crt_stores[0].loads[0]), none);
    assert_eq!(untouched(&full.acmes, &empty.acmes[0]), none);
    assert_eq!(untouched(&full.healthchecks, &empty.healthchecks[0]), none);
}

const HTTP: &str = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

#[test]
fn checks_that_old_files_spell_oddly_survive() {
    for lines in [
        r#"option httpchk GET "/he alth" "HTTP/1.1\r\nHost: old%20host\r\nX: y\r\n\r\nold body""#,
        "option httpchk /x\n http-check send hdr A '' comment none",
        "option httpchk\n http-check send meth PUT uri /u ver HTTP/1.1 body '' comment none",
        "option httpchk\n http-check expect string '' comment none",
        "option httpchk\n http-check expect ! rstatus ^5..",
        "option mysql-check",
        "option mysql-check user 'a b' pre-41",
        "option pgsql-check user x",
        "option redis-check",
        "option ldap-check",
        "option smtpchk EHLO a.b",
        "option ssl-hello-chk",
        "option spop-check",
        "option external-check\n external-check command /bin/true\nglobal\n external-check\nbackend c",
    ] {
        survives(&format!("{HTTP}backend b\n {lines}\n server s h:1 check\n"));
    }
}

#[test]
fn a_host_name_that_is_not_known_survives() {
    let text = "global\n log-send-hostname\n";
    survives(text);
    let unset = World { vars: Vec::new(), ..world(text) };
    let model = load_in(&unset, "t.cfg").unwrap();
    assert_eq!(
        (model.global.log_send_hostname.as_deref(), differences(&model, &unset)),
        (Some(""), Vec::new())
    );
}

#[test]
fn sockets_keep_their_addresses_and_names() {
    for address in [
        ":80",
        "*:80",
        "[::]:80",
        ":::80",
        "ipv6@:80",
        "ipv4@*:80",
        "127.0.0.1:80",
        "localhost:80",
        ":80-82",
        ":80,:81",
        "/run/x",
        "unix@run/x",
        "abns@x",
        "fd@3",
        ":80 name x",
        ":80 name :81",
        ":80 name 0.0.0.0:80",
        ":80 name 'a,b $c'",
        "'$FD:80'",
        "[::1]:80/junk",
        "[::ffff:1.2.3.4]:80",
        "unix@a@b",
    ] {
        survives(&format!("{HTTP}frontend f\n bind {address}\n"));
    }
    for address in
        ["h", "h:80", "h:+1", "h:-1", "1.2.3.4", "1.2.3.4:0", "[::1]", "[::1]:-5", "ipv4@h:1", "tcp6@h", "/s"]
    {
        survives(&format!("{HTTP}backend b\n server s {address}\n"));
    }
}

#[test]
fn times_and_sizes_survive() {
    for time in ["0", "1us", "1500us", "999", "1s", "90s", "25h", "24d", "2147483647"] {
        survives(&format!(
            "global\n hard-stop-after {time}\n{HTTP}backend b\n timeout queue {time}\n \
             tcp-request inspect-delay {time}\n"
        ));
    }
    for size in ["1024", "16384", "16k", "1m", "20001"] {
        survives(&format!("global\n tune.bufsize {size}\n tune.maxrewrite 0\n"));
        survives(&format!("global\n tune.maxrewrite {size}\n fd-hard-limit 20\n"));
    }
}

#[test]
fn names_below_a_base_are_not_moved_again() {
    for (base, file) in
        [("ca", "x.pem"), ("ca", "../x.pem"), ("/ca", "x.pem"), ("/ca", "/other/x.pem"), ("ca", "ca/x")]
    {
        survives(&format!(
            "global\n ca-base {base}\n crt-base /certs\n{HTTP}frontend f\n bind :1 ssl crt more/ ca-file {file} verify required\n"
        ));
    }
}

#[test]
fn words_survive_whatever_they_hold() {
    for word in [
        r#""a b""#,
        r"'#'",
        r#""it's""#,
        r#"'say "x"'"#,
        r#""\$HOME \${X}""#,
        "$HOME",
        r"a\\b",
        r"'\n'",
        r#""\n\r\t""#,
        r"\x01",
        "caf\u{e9}",
        "\"\u{a0}\"",
        "'}'",
        "'{'",
        "true",
        "no",
        "~",
        "'- a'",
        "'a: b'",
        "'*x'",
        "'!x'",
        "0x10",
        "1e3",
        "'if '",
    ] {
        survives(&format!(
            "global\n description {word} x\n presetenv {word} x\n{HTTP}frontend f\n bind :1\n acl a hdr(x) -m str {word} x\n \
             http-request set-header X {word} if a or !{{ path -m str {word} }}\n http-request deny unless a\n"
        ));
    }
}

#[test]
fn words_without_a_letter_survive() {
    survives(&format!("global\n description '' x\n{HTTP}frontend f\n bind :1\n acl a hdr(x) -m str '' x\n"));
}

#[test]
fn the_order_of_sections_survives_and_their_numbers() {
    let section = |kind: &str, name: &str| format!("{kind} {name}\n bind :1\n").replace("backend", "\0");
    let section = |kind: &str, name: &str| section(kind, name).replace("\0", "backend");
    for order in
        ["F", "B", "L", "FB", "BF", "FBFB", "LFB", "FLB", "BLF", "LFL", "FLFLF", "BLBLFLB", "FBLFBLFB", "LBL"]
    {
        let mut text = HTTP.to_owned();
        for (index, kind) in order.chars().enumerate() {
            let lines = match kind {
                'F' => section("frontend", &format!("n{index}")),
                'B' => format!("backend n{index}\n"),
                _ => section("listen", &format!("n{index}")),
            };
            text.push_str(&lines);
        }
        survives(&text);
        survives(&text.replace("n2\n", "n2\n id 40\n").replace("n3\n", "n3\n id 2\n"));
    }
}

#[test]
fn acls_of_one_name_from_two_places_are_kept_apart() {
    let text = "defaults d\n mode http\n acl a path /one\n acl a.2 path /x\n http-request deny if a or a.2\n\
                frontend f from d\n bind :1\n acl a path /two\n http-request allow if a !METH_GET\n\
                frontend g from d\n acl METH_GET method FOO\n http-request allow if METH_GET\n";
    survives(text);
    let written = dump(&model(text), Spelling::Cfg);
    assert!(written.contains("acl a path /one\n") && written.contains("acl a.3 path /two\n"), "{written}");
    assert_eq!(written.matches("acl METH_GET").count(), 1, "{written}");
}

#[test]
fn acls_that_only_expressions_name_are_written() {
    let text = "defaults d\n mode http\n acl a path /one\n http-request set-header x %[acl(a)]\n\
                frontend f from d\n bind :1\n acl c path /two\n acl b acl(!c)\n \
                http-request set-header y %[path,when(acl,b)] if c\n";
    survives(text);
    let written = dump(&model(text), Spelling::Cfg);
    let lines = ["acl a path /one\n", "acl b acl(!c)\n", "acl c path /two\n"];
    assert!(lines.iter().all(|line| written.contains(line)), "{written}");
}

#[test]
fn what_a_section_may_only_inherit_stands_in_defaults() {
    let text = "defaults\n mode http\n timeout server 3s\n option httplog\n timeout client 2s\n log stdout local0\n\
                frontend f\n bind :1\nbackend b\nbackend c\nlisten l\n bind :2\n";
    let expected = "\
defaults frontend-1
    timeout server 3s

defaults backend-2
    timeout client 2s
    option httplog

defaults

frontend f from frontend-1
    mode http
    bind :1
    log stdout local0
    timeout client 2s
    option httplog

backend b from backend-2
    mode http
    log stdout local0
    timeout server 3s

backend c from backend-2
    mode http
    log stdout local0
    timeout server 3s

listen l
    mode http
    bind :2
    log stdout local0
    timeout client 2s
    timeout server 3s
    option httplog
";
    assert_eq!(dump(&model(text), Spelling::Cfg), expected);
    survives(text);
}

#[test]
fn the_yaml_spelling_nests_keywords() {
    let text = "global\n daemon\n maxconn 9\nfrontend f\n mode http\n bind :1\n bind :2 name x\n timeout client 1s\n \
                option dontlognull\n http-request deny if { path '/a b' }\n";
    let expected = "\
global:
  daemon: true
  maxconn: 9
frontends:
  f:
    mode: http
    bind:
    - :1
    - 0.0.0.0:2 name x
    timeout:
      client: 1s
    option:
      dontlognull: true
    http-request: deny if { path '/a b' }
";
    assert_eq!(dump(&model(text), Spelling::Yaml), expected);
}

#[test]
fn nothing_is_written_for_what_says_nothing() {
    assert_eq!(dump(&model("global\n"), Spelling::Cfg), "");
    survives("global\n stats timeout 10s\n");
}
