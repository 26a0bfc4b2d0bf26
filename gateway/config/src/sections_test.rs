//! Lines of the sections that are neither `global` nor proxies, and what is said about them: by us, and by the
//! installed HAProxy.

use std::collections::BTreeSet;
use std::process::Command;

use crate::cfg::named::Kind;
use crate::cfg::{self, section};
use crate::model;
use crate::world::{load_text, said};

#[rustfmt::skip]
const NEGATION: &str = "negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.";

/// Refused with these words by HAProxy 2.6 too.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("resolvers", "missing name for resolvers section."),
    ("resolvers a$", "character '$' is not permitted in 'resolvers' name 'a$'."),
    ("resolvers a|resolvers a", "resolvers 'a' has same name as another resolvers (declared at h.cfg:1)."),
    ("resolvers a| nameserver x", "'nameserver' expects <name> and <addr>[:<port>] as arguments."),
    ("resolvers a| nameserver x 192.0.2.1", "'nameserver x' : missing port specification in '192.0.2.1'"),
    ("resolvers a| nameserver x host:53", "'nameserver x' : invalid address: 'host' in 'host:53'"),
    ("resolvers a| nameserver x 192.0.2.1:53-55", "'nameserver x' : port range not permitted here in '192.0.2.1:53-55'"),
    ("resolvers a| nameserver x 192.0.2.1:+5", "'nameserver x' : port offset not permitted here in '192.0.2.1:+5'"),
    ("resolvers a| nameserver x fd@3", "'nameserver x' : a file descriptor is not acceptable here in 'fd@3'"),
    ("resolvers a| nameserver x! 192.0.2.1:5", "character '!' is not permitted in server name 'x!'."),
    ("resolvers a| nameserver x 192.0.2.1:5| nameserver x 192.0.2.2:5", "nameserver 'x' has same name as another nameserver"),
    ("resolvers a| hold nx", "'hold' expects an <event> and a <time> as arguments."),
    ("resolvers a| hold foo 3s", "'hold' unknown <event>: 'foo', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'."),
    ("resolvers a| hold nx 3x", "unexpected character 'x' in argument to <hold>."),
    ("resolvers a| hold valid 99d", "timer overflow in argument <valid> to <hold>, maximum value is 2147483647 ms (~24.8 days)."),
    ("resolvers a| accepted_payload_size", "'accepted_payload_size' expects <nb> as argument."),
    ("resolvers a| accepted_payload_size x", "'accepted_payload_size' must be between 12 and 65535 inclusive (was x)."),
    ("resolvers a| accepted_payload_size 65536", "'accepted_payload_size' must be between 12 and 65535 inclusive (was 65536)."),
    ("resolvers a| resolution_pool_size 10", "'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release)."),
    ("resolvers a| resolve_retries", "'resolve_retries' expects <nb> as argument."),
    ("resolvers a| timeout", "'timeout' expects 'retry' or 'resolve' and <time> as arguments."),
    ("resolvers a| timeout retry", "'timeout retry' expects <time> as argument."),
    ("resolvers a| timeout foo 1s", "'timeout' expects 'retry' or 'resolve' and <time> as arguments got 'foo'."),
    ("resolvers a| timeout retry 1x", "unexpected character 'x' in argument to <timeout retry>."),
    ("resolvers a| timeout resolve 99d", "timer overflow in argument <99d> to <timeout resolve>, maximum value is 2147483647 ms (~24.8 days)."),
    ("resolvers a| fooo", "unknown keyword 'fooo' in 'resolvers' section"),
    ("resolvers a| no parse-resolv-conf", NEGATION),

    ("userlist", "'userlist' expects <name> as arguments."),
    ("userlist a b", "'userlist' cannot handle unexpected argument 'b'."),
    ("userlist a$", "character '$' is not permitted in 'userlist' name 'a$'."),
    ("userlist a| user", "'user' expects <name> as arguments."),
    ("userlist a| user x fooo bar", "'user' only supports 'password', 'insecure-password' and 'groups' options."),
    ("userlist a| user x insecure-password a groups g1,g2", "userlist 'a': no such group 'g1' specified in user 'x'"),
    ("userlist a| group", "'group' expects <name> as arguments."),
    ("userlist a| group g foo", "'group' only supports 'users' option."),
    ("userlist a| group g users u1", "userlist 'a': no such user 'u1' specified in group 'g'"),
    ("userlist a| fooo", "unknown keyword 'fooo' in 'users' section"),

    ("peers", "missing name for peers section."),
    ("peers a b", "'peers' cannot handle unexpected argument 'b'."),
    ("peers a$", "character '$' is not permitted in 'peers' name 'a$'."),
    ("peers a|peers a", "peers section 'a' has the same name as another peers section declared at h.cfg:1."),
    ("peers a| log", "log : expects <address> and <facility> or global as arguments"),
    ("peers a| table t", "table: missing size."),
    ("peers a| table t size 1m", "table: missing type."),
    ("peers a| table t type ip", "table: missing size."),
    ("peers a| table t type foo size 1m", "table: unknown type 'foo'."),
    ("peers a| table t type ip size 1m peers x", "table: unknown argument 'peers'."),
    ("peers a| peer x! 192.0.2.1:1000", "character '!' is not permitted in peer name 'x!'."),
    ("peers a| bind :1000| peer x 192.0.2.1:1000", "mixing \"peer\" and \"bind\" line is forbidden"),
    ("peers a| bind :1000| bind :1001", "One listener per \"peers\" section is authorized but another is already configured at [h.cfg:2]."),
    ("peers a| no disabled", NEGATION),
    ("peers a| no enabled", NEGATION),
    ("peers a| server x! 192.0.2.1:1000", "character '!' is not permitted in server name 'x!'."),
    ("peers a| default-bind fooo", "'default-bind fooo' in section 'peers': unknown keyword 'fooo'"),
    ("peers a| fooo", "unknown keyword 'fooo' in 'peers' section"),

    ("cache", "'cache' expects a <name> argument"),
    ("cache a b", "'cache' cannot handle unexpected argument 'b'."),
    ("cache a", "Size not specified for cache 'a'"),
    ("cache a| total-max-size 4|cache a| total-max-size 4", "Duplicate cache name 'a'."),
    ("cache a| total-max-size", "total-max-size wrong value ''"),
    ("cache a| total-max-size x", "total-max-size wrong value 'x'"),
    ("cache a| total-max-size 0", "Size not specified for cache 'a'"),
    ("cache a| total-max-size 4 5", "'total-max-size' cannot handle unexpected argument '5'."),
    ("cache a| total-max-size 4096", "\"total-max-size\" (4096) must not be greater than 4095"),
    ("cache a| total-max-size 4| max-object-size 10000000", "\"max-object-size\" is limited to an half of \"total-max-size\" => 2097152"),
    ("cache a| total-max-size 4| max-object-size x", "max-object-size wrong value 'x'"),
    ("cache a| total-max-size 4| max-age 10 4", "'max-age' cannot handle unexpected argument '4'."),
    ("cache a| total-max-size 4| process-vary on off", "'process-vary' cannot handle unexpected argument 'off'."),
    ("cache a| total-max-size 4| max-secondary-entries 0", "max-secondary-entries wrong value '0'"),
    ("cache a| total-max-size 4| max-secondary-entries x", "max-secondary-entries wrong value 'x'"),
    ("cache a| total-max-size 4| fooo", "unknown keyword 'fooo' in 'cache' section"),

    ("http-errors", "missing name for http-errors section."),
    ("http-errors a$", "character '$' is not permitted in 'http-errors' name 'a$'."),
    ("http-errors a|http-errors a", "http-errors section 'a' already exists (declared at h.cfg:1)."),
    ("http-errors a| errorfile 503", "errorfile: expects <status_code> and <file> as arguments."),
    ("http-errors a| errorfile 599 x", "errorfile : status code '599' not handled."),
    ("http-errors a| errorfile 503 /none", "errorfile : error opening file '/none'."),
    ("http-errors a| errorfile 503 /dev/null|backend b| errorfiles", "errorfiles : expects <name> as argument."),
    ("http-errors a|backend b| errorfiles a 599", "errorfiles : status code '599' not handled."),
    ("http-errors a|backend b| errorfiles b", "proxy 'b': unknown http-errors section 'b'"),
    ("backend b| http-error", "http-error : expects at least a <status> as arguments."),
    ("backend b| http-error status", "http-error : 'status' expects <status_code> as argument"),
    ("backend b| http-error status 599", "http-error: status code '599' not handled."),
    ("backend b| http-error status 404 foo", "http-error : unknown keyword 'foo'."),
    ("backend b| http-error status 404 string x", "http-error : a content type must be defined when non-empty payload is configured"),
    ("backend b| http-error status 404 hdr a", "http-error : 'hdr' expects <name> and <value> as argument"),
    ("backend b| http-error status 404 errorfiles c", "proxy 'b': unknown http-errors section 'c'"),
    ("http-errors a| errorloc 503 /x", "unknown keyword 'errorloc' in 'http-errors' section"),

    ("ring", "missing ring name."),
    ("ring a$", "invalid ring name 'a$' (character '$' is not permitted)."),
    ("ring a|ring a", "sink named 'a' already exists."),
    ("ring a| description", "missing ring description text."),
    ("ring a| format", "unknown format ''."),
    ("ring a| format foo", "unknown format 'foo'."),
    ("ring a| maxlen x", "invalid size 'x' for new sink buffer."),
    ("ring a| size", "invalid size '' for new sink buffer."),
    ("ring a| size 0", "invalid size '0' for new sink buffer."),
    ("ring a| size 32k", "ignoring new size '32' that is smaller than current size '16384' for ring 'a'."),
    ("ring a| server s", "'server' expects <name> and <addr>[:<port>] as arguments."),
    ("ring a| timeout connect", "'timeout connect' expects <time> as argument."),
    ("ring a| timeout server x", "unexpected character 'x' in argument to <timeout server>."),
    ("ring a| backing-file", "cannot open backing-file '' for ring 'a': No such file or directory."),
    ("ring a| backing-file /nope/x", "cannot open backing-file '/nope/x' for ring 'a': No such file or directory."),
    ("ring a| fooo", "unknown statement 'fooo'."),

    ("log-forward a b", "'log-forward' cannot handle unexpected argument 'b'."),
    ("log-forward a$", "character '$' is not permitted in 'log-forward' name 'a$'."),
    ("log-forward a| bind :1514|log-forward a| bind :1514", "log-forward section 'a' has the same name as another log-forward section declared at h.cfg:1."),
    ("log-forward a| dgram-bind :1514 fooo", "unknown keyword 'fooo' in 'log-forward' section"),
    ("log-forward a| dgram-bind :1514 name", "'name' : missing name"),
    ("log-forward a| dgram-bind host:1514", "'dgram-bind host:1514' : invalid address: 'host' in 'host:1514'"),
    ("log-forward a| dgram-bind 192.0.2.1", "'dgram-bind 192.0.2.1' : missing port specification in '192.0.2.1'"),
    ("log-forward a| dgram-bind tcp@192.0.2.1:15", "'dgram-bind tcp@192.0.2.1:15' : stream-type address not acceptable in 'tcp@192.0.2.1:15'"),
    ("log-forward a| log 127.0.0.1 format rfc5424 foo", "log : unknown log facility 'foo'"),
    ("log-forward a| maxconn", "'maxconn' expects an integer argument."),
    ("log-forward a| maxconn 10 11", "'maxconn' cannot handle unexpected argument '11'."),
    ("log-forward a| backlog", "'backlog' expects an integer argument."),
    ("log-forward a| timeout server 1s", "unknown keyword 'timeout server' in log-forward section."),
    ("log-forward a| timeout client", "missing timeout client value."),
    ("log-forward a| fooo", "unknown keyword 'fooo' in log-forward section."),
    ("frontend a| bind :80|log-forward a| bind :1514", "log forward section 'a' has the same name as frontend 'a' declared at h.cfg:1."),

    ("mailers", "missing name for mailers section."),
    ("mailers a$", "character '$' is not permitted in 'mailers' name 'a$'."),
    ("mailers a|mailers a", "mailers section 'a' has the same name as another mailers section declared at h.cfg:1."),
    ("mailers a| mailer x", "'mailer' expects <name> and <addr>[:<port>] as arguments."),
    ("mailers a| mailer x 127.0.0.1", "'mailer x' : missing port specification in '127.0.0.1'"),
    ("mailers a| mailer x! 127.0.0.1:25", "character '!' is not permitted in server name 'x!'."),
    ("mailers a| mailer x host.nowhere:25", "'mailer x' : invalid address: 'host.nowhere' in 'host.nowhere:25'"),
    ("mailers a| mailer x /foo", "'mailer x' : TCP not supported for this address family."),
    ("mailers a| mailer x udp@127.0.0.1:25", "'mailer x' : dgram-type address not acceptable in 'udp@127.0.0.1:25'"),
    ("mailers a| timeout", "'timeout' expects 'mail' and <time> as arguments."),
    ("mailers a| timeout mail", "'timeout mail' expects <time> as argument."),
    ("mailers a| timeout mail 1x", "unexpected character 'x' in argument to <timeout mail>."),
    ("mailers a| timeout foo 1s", "'timeout' expects 'mail' and <time> as arguments got 'foo'."),
    ("mailers a| fooo", "unknown keyword 'fooo' in 'mailers' section"),

    ("fcgi-app", "'fcgi-app' expects <name> as argument."),
    ("fcgi-app a b", "'fcgi-app' cannot handle unexpected argument 'b'."),
    ("fcgi-app a$", "character '$' is not permitted in 'fcgi-app' name 'a$'."),
    ("fcgi-app a", "fcgi-app 'a': no docroot configured."),
    ("fcgi-app a| docroot /x|fcgi-app a| docroot /x", "fcgi-app section 'a' has the same name as another one declared at h.cfg:1."),
    ("fcgi-app a| docroot", "'docroot' expects <path> as argument."),
    ("fcgi-app a| docroot /x y", "'docroot /x' cannot handle unexpected argument 'y'."),
    ("fcgi-app a| index", "'index' expects <filename> as argument."),
    ("fcgi-app a| path-info", "'path-info' expects <regex> as argument."),
    ("fcgi-app a| pass-header", "'pass-header' expects <name> as arguments."),
    ("fcgi-app a| set-param x", "'set-param' expects <name> and <value> as arguments."),
    ("fcgi-app a| option", "'option' expects an option name."),
    ("fcgi-app a| option fooo", "unknown option 'fooo'."),
    ("fcgi-app a| option keep-conn x", "'option keep-conn' cannot handle unexpected argument 'x'."),
    ("fcgi-app a| option get-values x", "'option get-values' cannot handle unexpected argument 'x'."),
    ("fcgi-app a| option mpxs-conns x", "'option mpxs-conns' cannot handle unexpected argument 'x'."),
    ("fcgi-app a| option max-reqs", "option 'max-reqs' expects an integer argument."),
    ("fcgi-app a| option max-reqs 0", "option 'max-reqs' expects a strictly positive integer argument."),
    ("fcgi-app a| no option max-reqs", "negation/default is not supported for option 'max-reqs'."),
    ("fcgi-app a| log-stderr", "log-stderr : expects <address> and <facility> or global as arguments"),
    ("fcgi-app a| acl a! path /x", "character '!' is not permitted in acl name 'a!'."),
    ("fcgi-app a| fooo", "unknown keyword 'fooo' in 'fcgi-app' section"),

    ("program", "'program' expects an <id> argument"),
    ("program a b", "'program' cannot handle unexpected argument 'b'."),
    ("program a", "The program section 'a' lacks a command to launch."),
    ("program a| command x|program a| command x", "'a' program section already exists in the configuration."),
    ("program a| command", "'command' expects a command with optional arguments separated in words."),
    ("program a| user", "'user' expects a user name."),
    ("program a| group", "'group' expects a group name."),
    ("program a| group nogroup x", "'group' cannot handle unexpected argument 'x'."),
    ("program a| option", "'option' expects an option name."),
    ("program a| option fooo", "unknown option 'fooo'."),
    ("program a| option start-on-reload x", "'option start-on-reload' cannot handle unexpected argument 'x'."),
    ("program a| fooo", "unknown keyword 'fooo' in 'program' section"),
];

/// Refused by HAProxy 2.6 too, in other words.
#[rustfmt::skip]
const REFUSED_OTHERWISE: &[(&str, &str)] = &[
    ("resolvers a| nameserver x unix@/run/x", "'nameserver x' : can't create socket for nameserver: only IP addresses are known here"),
    ("peers a| bind :1000 fooo", "'bind :1000' in section 'peers': unknown keyword 'fooo'"),
    ("peers a| default-server fooo", "unknown keyword 'fooo'"),
    ("frontend f| mode http| http-request return status 404 errorfiles a", "error detected in frontend 'f' while parsing 'http-request return' rule : unknown http-errors section 'a' referenced by an http reply."),
    ("backend b| http-error status x", "http-error : Unexpected status code '0'"),
    ("peers a| peer x 192.0.2.1:1000 fooo", "'server a/x' : unknown keyword 'fooo'"),
    ("ring a| server s 127.0.0.1:6514| server s 127.0.0.1:6515", "backend 'a', another server named 's' was already defined at line 2, please use distinct names."),
    ("log-forward", "missing name for log-forward section."),
    ("log-forward a| bind :1514 fooo", "'bind :1514' in section 'log-forward': unknown keyword 'fooo'"),
    ("log-forward a| timeout client 99d", "timeout : timer overflow"),
    ("fcgi-app a| path-info (", "'(' : regex '(' is invalid"),
    ("fcgi-app a| pass-header x foo", "'x' : expects 'if' or 'unless' and a condition (got 'foo')."),
    ("fcgi-app a| acl a foo /x", "error detected while parsing ACL 'a' : unknown fetch method 'foo'"),
    ("program a| no command x", NEGATION),
];

/// Taken by HAProxy 2.6 too.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "resolvers a b",
    "resolvers default| nameserver x 192.0.2.1:53 what ever| nameserver y tcp@[::1]:53| nameserver z udp@:53",
    "resolvers a| parse-resolv-conf",
    "resolvers a| hold valid 1s x| hold nx 1us| hold obsolete 5m| hold refused 1| hold timeout 2| hold other 3",
    "resolvers a| accepted_payload_size 12| accepted_payload_size 1000x y",
    "resolvers a| resolve_retries x| resolve_retries -1| resolve_retries 3 4",
    "resolvers a| timeout retry 1s x| timeout resolve 0",
    "userlist a| user x| user y password| user z insecure-password| user w password foo",
    "userlist a| user x insecure-password foo| user x insecure-password foo| group g| group g",
    "userlist a| group g users a,b,| group h| user a password $5$a$b groups h,g,h| user b groups",
    "userlist a| user x|userlist a| user y",
    "peers a",
    "peers a| disabled x| enabled x",
    "peers a| peer| peer x| server",
    "peers a| bind",
    "peers a| peer x 192.0.2.1:1000| peer y 192.0.2.2:+1| peer z /run/z| log global| no log| log 127.0.0.1 local0",
    "peers a| default-bind backlog 3| bind :1000 maxconn 3| default-server weight 3| server x 192.0.2.1:1000",
    "peers a| table t type ip size 1m expire 30s nopurge store http_req_rate(10s)| table u type string len 20 size 5",
    "cache a$| total-max-size 4",
    "cache a| max-age| max-age x| max-age 10s| max-age 0| total-max-size 4095| max-object-size 0",
    "cache a| total-max-size 4| process-vary| process-vary foo| process-vary on| max-secondary-entries 5",
    "http-errors a b| errorfile 503 /dev/null x| errorfile 404 /dev/null",
    "backend b| errorfiles a|backend c| errorfiles a 503 404|http-errors a| errorfile 503 /dev/null",
    "http-errors a|backend b| mode http| http-error status 503 errorfiles a| http-error status 404 default-errorfiles",
    "backend b| mode http| http-error status 404 content-type text/plain lf-string %[src] hdr A %[src]| http-error status 500",
    "ring a b| description foo bar| format rfc5424 x| maxlen 100000 x| size 32768 x| timeout| timeout foo 1s",
    "ring a| timeout connect 1s x| timeout server 1s| server s 127.0.0.1:6514 weight 3",
    "ring a| backing-file /tmp/gateway-test.ring",
    "log-forward a| bind| dgram-bind| log global| log 127.0.0.1 local0| no log",
    "log-forward a| bind 127.0.0.1:1514 maxconn 3| dgram-bind 127.0.0.1:1514-1515 name x interface lo transparent",
    "log-forward a| maxconn x| maxconn 0| backlog x| backlog 10| timeout client 1s 4",
    "fcgi-app a| docroot /x| index i| path-info ^/.*$| log-stderr global| log-stderr 127.0.0.1 local0| acl a path /x",
    "fcgi-app a| docroot /x| option get-values| option keep-conn| option mpxs-conns| option max-reqs 5| no option keep-conn",
    "fcgi-app a| docroot /x| pass-header x-y| pass-header y if TRUE| set-param A b| set-param B %[src] unless FALSE",
    "mailers a b| mailer x 127.0.0.1:25 foo| mailer x 127.0.0.1:25| mailer y :25",
    "mailers a| timeout mail 1s 4| timeout mail 0",
];

/// What HAProxy 2.6 does not know: refused here with these words.
#[rustfmt::skip]
const NEWER_REFUSED: &[(&str, &str)] = &[
    ("peers a| shards", "'shards' expects an integer argument."),
    ("peers a| shards 0", "'shards' value must be between 1 and 4294967295 (was 0)"),
    ("log-forward a| option host foo", "'option host' : unknown mode 'foo'."),
    ("log-forward a| option dont-parse-log x", "'option dont-parse-log' cannot handle unexpected argument 'x'."),
    ("log-profile", "missing name for log-profile section."),
    ("log-profile a| on", "'on' expects a step, and what to log there."),
    ("log-profile a| on foo", "'on' : unknown step 'foo'."),
    ("log-profile a| on close fromat x", "'on close' expects 'drop', 'format' or 'sd' (got 'fromat'); did you mean 'format' maybe ?"),
    ("log-profile a| on close format %[foo]", "failed to parse log-format : failed to parse sample expression <foo]> : unknown fetch method 'foo'"),
    ("log-profile a| log-tag", "'log-tag' expects a tag for use in syslog."),
    ("frontend f| log-steps", "'log-steps' expects 'all' or a list of steps."),
    ("frontend f| log-steps accept,cloze", "'log-steps' : unknown step 'cloze'; did you mean 'close' maybe ?"),
    ("frontend f| mode http| bind :1| timeout client 1s| http-request do-log profile p", "frontend 'f': rule 'do-log' at h.cfg:5 uses unknown log-profile named 'p'."),
    ("crt-store a b", "'crt-store' cannot handle unexpected argument 'b'."),
    ("crt-store|crt-store", "crt-store section '' has the same name as another one declared at h.cfg:1."),
    ("crt-store a| load alias x", "'load' expects 'crt' and the file of a certificate."),
    ("crt-store a| load crt", "'load' : 'crt' expects a value."),
    ("crt-store a| load crt none.pem", "'load' : unable to stat SSL certificate from file 'none.pem' : No such file or directory."),
    ("crt-store a| load crt /dev/null aliaz x", "'load' : unknown keyword 'aliaz'; did you mean 'alias' maybe ?"),
    ("crt-store a| load crt /dev/null ocsp-update maybe", "'load' : 'ocsp-update' expects <on|off> (got 'maybe')."),
    ("crt-store a| load crt /dev/null acme le", "'load' : couldn't find the acme section named 'le'."),
    ("crt-store a| load crt /dev/null alias x| load crt /dev/null alias x", "'load' : the alias 'x' is already used in this section."),
    ("crt-store a| load crt /dev/null| crt-base /x", "'crt-base' must be said before the first 'load'."),
    ("crt-store a| key-base", "'key-base' expects a directory."),
    ("acme", "'acme' expects a name as argument."),
    ("acme a", "acme: no 'directory' specified for the section 'a'."),
    ("acme a| directory x", "'directory' expects a URL (got 'x')."),
    ("acme a| challenge-ready", "'challenge-ready' expects a string."),
    ("acme a| dns-delay", "'dns-delay' expects a time."),
    ("acme a| dns-timeout", "'dns-timeout' expects a time."),
    ("acme a| challenge tls", "'challenge' : unknown value 'tls', expects one of ['HTTP-01', 'DNS-01', 'DNS-PERSIST-01']."),
    ("acme a| keytype DSA", "'keytype' : unknown value 'DSA', expects one of ['RSA', 'ECDSA']; did you mean 'RSA' maybe ?"),
    ("acme a| curves X25519", "'curves' : unknown value 'X25519', expects one of ['P-256', 'P-384', 'P-521']."),
    ("acme a| bits 10", "'bits' value must be between 1024 and 16384 (was 10)"),
    ("acme a| account-key", "'account-key' expects a file."),
    ("acme a| contact", "'contact' expects a mail address."),
    ("acme a| map", "'map' expects a map."),
    ("acme a| profile", "'profile' expects a profile."),
    ("acme a| provider-name", "'provider-name' expects a name."),
    ("acme a| acme-vars", "'acme-vars' expects a string."),
    ("acme a| reuse-key maybe", "'reuse-key' : unknown value 'maybe', expects one of ['on', 'off']."),
    ("traces| trace", "'trace' expects a trace source, and what is said about it."),
    ("traces| trace h1 snik stderr", "'trace h1' : unknown trace keyword 'snik'; did you mean 'sink' maybe ?"),
    ("healthcheck", "'healthcheck' expects a name as argument."),
    ("healthcheck a| type foo", "'type' : unknown check type 'foo'."),
    ("healthcheck a| http-check sned", "'http-check' only supports"),
    ("healthcheck a| tcp-check sned", ""),
    ("log-forward a| option assume-rfc6587-ntf x", "'option assume-rfc6587-ntf' cannot handle unexpected argument 'x'."),
];

/// What HAProxy 2.6 does not know, taken here.
#[rustfmt::skip]
const NEWER_TAKEN: &[&str] = &[
    "peers a| shards 3",
    "log-forward a| option assume-rfc6587-ntf| option dont-parse-log| no option dont-parse-log| option host fill",
    "log-profile a| log-tag x| on accept drop| on close format \"%ci\" sd \"[x]\"| on any",
    "crt-store|crt-store a| crt-base /dev| key-base /dev| load crt null key null alias x",
    "acme le| directory https://a/b| account-key x| contact a@b| challenge dns-01| keytype rsa| bits 4096| map m|crt-store a| load crt x acme le",
    "acme le| directory https://a/b| keytype ECDSA| curves P-256| profile x| provider-name y| acme-vars z| reuse-key off| challenge-ready cli| dns-delay 5s| dns-timeout 60s",
    "traces| trace h2 sink stderr level developer start now|traces| trace h1 stop now",
    "healthcheck a| type httpchk GET /| http-check expect status 200",
    "healthcheck a| type tcp-check| tcp-check connect",
];

/// Warned of: what is odd, or ignored.
#[rustfmt::skip]
const WARNED: &[(&str, &str)] = &[
    ("resolvers a", "resolvers 'a' [h.cfg:1] has no nameservers configured!"),
    ("userlist a| user x| user x", "ignoring duplicated user 'x' in userlist 'a'."),
    ("userlist a| group x| group x", "ignoring duplicated group 'x' in userlist 'a'."),
    ("userlist a|userlist a", "ignoring duplicated userlist 'a'."),
    ("cache a| total-max-size 4| max-age", "'max-age' expects an age parameter in seconds."),
    ("cache a| total-max-size 4| process-vary foo", "'process-vary' expects \"on\" or \"off\" (enable or disable vary processing)."),
    ("http-errors a|backend b| errorfiles a 404", "config: proxy 'b' : status '404' not declared in http-errors section 'a'"),
    ("http-errors a|backend b| http-error status 404 errorfiles a", "config: proxy 'b' : status '404' not declared in http-errors section 'a'"),
    ("ring a| maxlen 100000", "ring 'a' event max length '100000' exceeds size, forced to size '16384'."),
    ("log-forward a", "frontend 'a' has no 'bind' directive. Please declare it as a backend if this was intended."),
];

fn file(case: &str) -> String {
    format!("{}\n", case.replace('|', "\n"))
}

/// Without the place that it begins with, and without an end that matters to nobody.
fn bare(line: &str) -> String {
    let text = line.split_once("config : ").map_or(line, |(_, text)| text);
    let begins = text.to_ascii_lowercase().starts_with("parsing [") || text.starts_with("[h.cfg:");
    let text = if begins {
        text.split_once("]").map_or(text, |(_, rest)| rest.trim_start_matches([' ', ':']))
    } else {
        text
    };
    let text = text.trim();
    text.strip_prefix("config: ").unwrap_or(text).trim_end_matches('.').to_owned()
}

/// What we say of a file, by severity.
fn ours(case: &str, severity: &str) -> Vec<String> {
    let lines = said(&file(case));
    lines.iter().filter_map(|line| line.strip_prefix(severity)).map(|line| bare(line.trim_start())).collect()
}

#[test]
fn every_refused_line_is_refused_with_its_words() {
    let mut wrong = Vec::new();
    for (case, message) in REFUSED.iter().chain(REFUSED_OTHERWISE).chain(NEWER_REFUSED) {
        let found = ours(case, "A");
        if !found.iter().any(|line| line.starts_with(&bare(message))) {
            wrong.push(format!("{case}: {message}\n   but {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_taken_line_is_taken() {
    for case in TAKEN.iter().chain(NEWER_TAKEN) {
        let loaded = load_text("h.cfg", &file(case));
        assert!(loaded.ahead.is_some() || loaded.model.is_some(), "{case}: {:#?}", said(&file(case)));
    }
}

#[test]
fn what_is_odd_is_warned_of() {
    for (case, message) in WARNED {
        let found = ours(case, "W");
        assert!(found.iter().any(|line| line.starts_with(&bare(message))), "{case}: {found:#?}");
    }
}

/// What HAProxy says of a file, line by line; the first line says how bad.
fn haproxys(dir: &std::path::Path, case: &str) -> Vec<(String, String)> {
    std::fs::write(dir.join("h.cfg"), file(case)).unwrap();
    let output = Command::new("haproxy").args(["-c", "-f", "h.cfg"]).current_dir(dir).output();
    let text = String::from_utf8_lossy(&output.expect("haproxy is needed").stderr).into_owned();
    let lines = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once(']'));
    lines.map(|(severity, rest)| (severity.to_owned(), bare(rest))).collect()
}

#[test]
fn haproxy_says_the_same() {
    let dir = std::env::temp_dir().join(format!("gateway-sections-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let mut wrong = Vec::new();
    for (cases, severities) in [(REFUSED, ["ALERT", "WARNING"]), (WARNED, ["WARNING", "WARNING"])] {
        for (case, message) in cases {
            let found = haproxys(&dir, case);
            let same = |(severity, line): &(String, String)| {
                severities.contains(&severity.as_str()) && line.starts_with(&bare(message))
            };
            if !found.iter().any(same) {
                wrong.push(format!("{case}: {message}\n   but {found:#?}"));
            }
        }
    }
    for (case, _) in REFUSED_OTHERWISE {
        if !haproxys(&dir, case).iter().any(|(severity, _)| severity == "ALERT") {
            wrong.push(format!("{case} is taken"));
        }
    }
    for case in TAKEN {
        let found = haproxys(&dir, case);
        if found.iter().any(|(severity, _)| severity == "ALERT") {
            wrong.push(format!("{case} is refused: {found:#?}"));
        }
    }
    let _ = std::fs::remove_dir_all(dir);
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

/// The keywords of one kind that no case has a line of.
fn untried<T: Kind>(taken: &str, refused: &str) -> Vec<String> {
    let name = T::FORM.section;
    let lines_of = |cases: &str| -> BTreeSet<String> {
        let mut section = String::new();
        let mut lines = BTreeSet::new();
        for line in cases.split(['|', '\n']) {
            match line.strip_prefix(' ') {
                Some(line) if section == name => lines.extend([line.trim_start_matches("no ").to_owned()]),
                Some(_) => {}
                None => section = line.split(' ').next().unwrap_or_default().to_owned(),
            }
        }
        lines
    };
    let (taken, refused) = (lines_of(taken), lines_of(refused));
    let tried = |lines: &BTreeSet<String>, name: &str| lines.iter().any(|line| line.starts_with(name));
    let known = T::KEYWORDS.iter().filter(|row| !row.family).map(|row| row.name);
    let gone = |name: &str| {
        name == "resolution_pool_size"
            || matches!(section::standing(T::FORM.section), section::Standing::Refused(_))
    };
    known
        .filter(|name| !(gone(name) || tried(&taken, name)) || !tried(&refused, name))
        .map(|keyword| format!("{name}: {keyword}"))
        .collect()
}

#[test]
fn every_keyword_has_a_line_that_is_taken_and_one_that_is_refused() {
    let taken = TAKEN.iter().chain(NEWER_TAKEN).copied().collect::<Vec<_>>().join("|");
    let refused = REFUSED
        .iter()
        .chain(REFUSED_OTHERWISE)
        .chain(NEWER_REFUSED)
        .map(|(case, _)| *case)
        .collect::<Vec<_>>()
        .join("|");
    let (taken, refused) = (taken.as_str(), refused.as_str());
    let all = [
        untried::<model::Resolvers>(taken, refused),
        untried::<cfg::userlist::Draft>(taken, refused),
        untried::<cfg::peers::Draft>(taken, refused),
        untried::<model::Mailers>(taken, refused),
        untried::<model::Cache>(taken, refused),
        untried::<model::HttpErrors>(taken, refused),
        untried::<cfg::ring::Draft>(taken, refused),
        untried::<cfg::log_forward::Draft>(taken, refused),
        untried::<model::LogProfile>(taken, refused),
        untried::<cfg::fcgi_app::Draft>(taken, refused),
        untried::<cfg::program::Draft>(taken, refused),
        untried::<cfg::crt_store::Draft>(taken, refused),
        untried::<cfg::traces::Draft>(taken, refused),
        untried::<cfg::acme::Draft>(taken, refused),
        untried::<cfg::healthcheck::Draft>(taken, refused),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    assert!(all.is_empty(), "{all:#?}");
}
