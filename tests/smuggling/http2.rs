//! HTTP/2 to HTTP/1: what the one can say and the other cannot must not become lines of a request. The frames are
//! written by hand, for no client would send them.

use super::origin::READERS;
use super::start;
use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::deadline::eventually;
use crate::support::frames::{
    DATA, END, Field, Frame, GOAWAY, HEADERS, RST_STREAM, WHOLE, block, frame, preface,
};
use crate::support::subject::Subject;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("smuggling::http2::what_http1_cannot_say_never_reaches_an_origin", all);
    cases.test("smuggling::http2::what_passes_is_said_in_http1s_words", passes);
    cases.test("smuggling::http2::a_body_that_breaks_its_length_reaches_no_server", lengths);
    cases.ours_only(
        "smuggling::http2::what_cannot_be_decoded_ends_the_connection_and_the_rest_its_stream",
        "HAProxy resets the stream alone; the library that reads frames here has no setting for it",
        undecodable,
    );
    cases.test("smuggling::http2::trailers_follow_the_last_chunk", trailers);
    cases.test("smuggling::http2::an_address_of_another_form_has_its_own_request_line", addresses);
}

/// A request of HTTP/2: its head and its body, in one frame each.
#[derive(Clone, Debug)]
struct Request {
    name: &'static str,
    fields: Vec<Field>,
    body: Option<&'static [u8]>,
}

/// What became of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// A response with this status; 0 is one that is not in the static table.
    Status(u16),
    /// RST_STREAM with this code.
    Reset(u32),
    /// GOAWAY with this code, or the bare end of the connection.
    Closed(Option<u32>),
}

const HIDDEN: &[u8] = b"GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";

const POST: [Field; 4] =
    [(b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"h"), (b":path", b"/open")];

/// A POST with these fields after those that it needs.
fn post(name: &'static str, fields: &[Field], body: Option<&'static [u8]>) -> Request {
    Request { name, fields: [&POST[..], fields].concat(), body }
}

/// The same with another value for one of those that it needs.
fn with(name: &'static str, field: &'static [u8], value: &'static [u8]) -> Request {
    let mut fields = POST.to_vec();
    fields.iter_mut().filter(|own| own.0 == field).for_each(|own| own.1 = value);
    Request { name, fields, body: None }
}

fn field(name: &'static str, field: &'static [u8], value: &'static [u8]) -> Request {
    post(name, &[(field, value)], None)
}

/// A CONNECT for another protocol (RFC 8441).
fn extended(name: &'static str, protocol: &'static [u8]) -> Request {
    let fields = [&[(&b":method"[..], &b"CONNECT"[..]), (b":protocol", protocol)], &POST[1..]].concat();
    Request { name, fields, body: None }
}

fn rows() -> Vec<Request> {
    [texts(), framings(), heads()].concat()
}

/// Texts that HTTP/1 would read as something else.
#[rustfmt::skip]
fn texts() -> Vec<Request> {
    vec![
        field("CRLF in a value", b"x", b"a\r\ntransfer-encoding: chunked"),
        field("LF in a value", b"x", b"a\ntransfer-encoding: chunked"),
        field("CR in a value", b"x", b"a\rtransfer-encoding: chunked"),
        field("NUL in a value", b"x", b"a\0b"),
        field("blanks around a value", b"x", b" a "),
        field("CRLF in a name", b"x\r\ntransfer-encoding: chunked\r\ny", b"a"),
        field("LF in a name", b"x\ny", b"a"),
        field("NUL in a name", b"x\0", b"a"),
        field("colon in a name", b"transfer-encoding: chunked\r\nx", b"a"),
        field("colon at the end of a name", b"transfer-encoding:", b"chunked"),
        field("space in a name", b"transfer-encoding ", b"chunked"),
        field("space before a name", b" transfer-encoding", b"chunked"),
        field("tab in a name", b"x\ty", b"a"),
        field("capitals in a name", b"Transfer-Encoding", b"chunked"),
        field("an empty name", b"", b"a"),
        field("a name of 8 bits", b"x\xff", b"a"),
        with("CRLF in the method", b":method", b"POST / HTTP/1.1\r\nx: "),
        with("space in the method", b":method", b"GET /hidden HTTP/1.1"),
        with("LF in the method", b":method", b"GET\nX"),
        with("an empty method", b":method", b""),
        with("CRLF in the path", b":path", b"/ HTTP/1.1\r\nhost: g\r\n\r\nGET /hidden"),
        with("space in the path", b":path", b"/open HTTP/1.1 x"),
        with("LF in the path", b":path", b"/open\nx"),
        with("NUL in the path", b":path", b"/open\0"),
        with("a path without a slash", b":path", b"open"),
        with("an empty path", b":path", b""),
        with("a whole URL for a path", b":path", b"http://g/hidden"),
        with("a fragment in the path", b":path", b"/open#x"),
        with("8 bits in the path", b":path", b"/\xff"),
        with("CRLF in the authority", b":authority", b"h\r\nx: y"),
        with("space in the authority", b":authority", b"h x"),
        with("a path in the authority", b":authority", b"h/x"),
        with("a user in the authority", b":authority", b"u@h"),
        with("NUL in the authority", b":authority", b"h\0"),
        with("CRLF in the scheme", b":scheme", b"http://h/ HTTP/1.1\r\nx: "),
        with("space in the scheme", b":scheme", b"http ://h/"),
        with("another scheme", b":scheme", b"ftp"),
        with("an empty scheme", b":scheme", b""),
        extended("CRLF in the protocol", b"websocket\r\nx: y"),
        extended("space in the protocol", b"web socket"),
        extended("an empty protocol", b""),
    ]
}

/// Where the body ends.
#[rustfmt::skip]
fn framings() -> Vec<Request> {
    vec![
        post("a coding", &[(b"transfer-encoding", b"chunked")], Some(b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: h\r\n\r\n")),
        post("a coding and a length", &[(b"transfer-encoding", b"chunked"), (b"content-length", b"5")], Some(b"0\r\n\r\n")),
        post("a length of nothing", &[(b"content-length", b"0")], Some(HIDDEN)),
        post("a length that is too small", &[(b"content-length", b"3")], Some(HIDDEN)),
        post("a length that is too large", &[(b"content-length", b"300")], Some(HIDDEN)),
        post("a length without a body", &[(b"content-length", b"34")], None),
        post("two lengths", &[(b"content-length", b"3"), (b"content-length", b"34")], Some(HIDDEN)),
        post("two lengths in a list", &[(b"content-length", b"3, 34")], Some(HIDDEN)),
        post("a signed length", &[(b"content-length", b"+34")], Some(HIDDEN)),
        post("a negative length", &[(b"content-length", b"-1")], Some(HIDDEN)),
        post("a length that is none", &[(b"content-length", b"x")], Some(HIDDEN)),
        post("an empty length", &[(b"content-length", b"")], Some(HIDDEN)),
        post("a length with CRLF", &[(b"content-length", b"34\r\nx: y")], Some(HIDDEN)),
    ]
}

/// What a head must have, and must not.
#[rustfmt::skip]
fn heads() -> Vec<Request> {
    vec![
        post("two methods", &[(b":method", b"GET")], None),
        post("two paths", &[(b":path", b"/hidden")], None),
        post("two authorities", &[(b":authority", b"g")], None),
        post("two schemes", &[(b":scheme", b"https")], None),
        post("an unknown pseudo-header", &[(b":hidden", b"x")], None),
        post("a response's pseudo-header", &[(b":status", b"200")], None),
        Request { name: "a pseudo-header behind a field", fields: [&POST[..3], &[(b"x", b"y"), (b":path", b"/open")]].concat(), body: None },
        Request { name: "no method", fields: POST[1..].to_vec(), body: None },
        Request { name: "no path", fields: POST[..3].to_vec(), body: None },
        Request { name: "no scheme", fields: vec![POST[0], POST[2], POST[3]], body: None },
        Request { name: "no authority", fields: vec![POST[0], POST[1], POST[3]], body: None },
        field("connection", b"connection", b"close"),
        field("connection that names a field", b"connection", b"content-length"),
        field("keep-alive", b"keep-alive", b"5"),
        field("proxy-connection", b"proxy-connection", b"close"),
        field("upgrade", b"upgrade", b"h2c"),
        field("te", b"te", b"gzip"),
        field("te for trailers", b"te", b"trailers"),
        field("another host", b"host", b"g"),
        field("the same host", b"host", b"h"),
        field("a host with CRLF", b"host", b"h\r\nx: y"),
        post("two hosts", &[(b"host", b"h"), (b"host", b"g")], None),
        Request { name: "two hosts without authority", fields: vec![POST[0], POST[1], POST[3], (b"host", b"h"), (b"host", b"g")], body: None },
        Request { name: "CONNECT", fields: vec![(b":method", b"CONNECT"), (b":authority", b"h:443")], body: None },
        Request { name: "CONNECT with a path", fields: vec![(b":method", b"CONNECT"), (b":scheme", b"http"), (b":authority", b"h:443"), (b":path", b"/open")], body: None },
        extended("extended CONNECT", b"websocket"),
        post("a protocol without CONNECT", &[(b":protocol", b"websocket")], None),
        Request { name: "OPTIONS of everything", fields: vec![(b":method", b"OPTIONS"), POST[1], POST[2], (b":path", b"*")], body: None },
    ]
}

/// Rows that are no error of HTTP/2, or one that is found out too late; one proxy refuses them, another does not.
const MAY_PASS: &[&str] = &[
    "blanks around a value",
    "a fragment in the path",
    "8 bits in the path",
    "a path in the authority",
    "a user in the authority",
    "another scheme",
    "a length of nothing",
    "a length that is too small",
    "a length that is too large",
    "a length without a body",
    "no authority",
    "te for trailers",
    "another host",
    "the same host",
    "two hosts",
    "two hosts without authority",
    "CONNECT",
    "extended CONNECT",
    "a protocol without CONNECT",
    "space in the protocol",
    "an empty protocol",
    "OPTIONS of everything",
];

impl Request {
    /// Whether it is malformed in the words of RFC 9113 (8.1.1, 8.2, 8.3): a stream error, 400 at best.
    fn is_malformed(&self) -> bool {
        !MAY_PASS.contains(&self.name)
    }

    /// The frames of the request as stream 1 of a new connection.
    fn frames(&self) -> Vec<u8> {
        let mut bytes = preface();
        let end = if self.body.is_none() { 1 } else { 0 };
        bytes.extend(frame(1, 4 | end, 1, &block(&self.fields)));
        bytes.extend(self.body.iter().flat_map(|body| frame(0, 1, 1, body)));
        bytes
    }
}

/// What becomes of stream 1.
fn end(client: &mut Client) -> End {
    loop {
        let Some(frame) = Frame::read(client) else { return End::Closed(None) };
        match frame.kind {
            HEADERS => return End::Status(frame.status()),
            RST_STREAM => return End::Reset(frame.code()),
            GOAWAY => return End::Closed(Some(frame.code())),
            _ => {}
        }
    }
}

fn ask(subject: &Subject, request: &Request) -> End {
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send(request.frames());
    end(&mut client)
}

/// What is malformed is refused, and no origin hears of it. The rest may pass, as something that every reader
/// understands in the same way.
fn all() {
    let (subject, recorder) = start();
    let refusals = || {
        let log = subject.stdout();
        log.lines().filter(|line| line.contains(" PR-- ") && line.ends_with("\"<BADREQ>\"")).count()
    };
    for request in rows() {
        let before = refusals();
        let end = ask(&subject, &request);
        if request.is_malformed() {
            eventually(&format!("{}: a line of the log", request.name), || {
                (refusals() > before).then_some(())
            });
        }
        // What was under way is there when another request has been answered.
        let next = ask(
            &subject,
            &Request {
                name: "next",
                fields: vec![
                    (b":method", b"GET"),
                    (b":scheme", b"http"),
                    (b":authority", b"h"),
                    (b":path", b"/next"),
                ],
                body: None,
            },
        );
        assert_eq!(next, End::Status(200), "{}: others are served", request.name);
        for connection in recorder.drain() {
            let shown = String::from_utf8_lossy(&connection).into_owned();
            let seen = READERS.map(|reader| reader.targets(&connection));
            assert!(
                seen.iter().all(|one| *one == seen[0]),
                "{}: {end:?} {seen:?}\nsent: {shown:?}",
                request.name
            );
            let strange = seen[0].0.iter().find(|target| HARMLESS.iter().all(|known| known != target));
            assert!(strange.is_none(), "{}: {end:?} {strange:?}\nsent: {shown:?}", request.name);
            let refused = seen[0].0.iter().all(|target| target == "/next");
            assert!(!request.is_malformed() || refused, "{}: {end:?}\nsent: {shown:?}", request.name);
        }
        let refused = matches!(end, End::Status(400) | End::Reset(_) | End::Closed(Some(_)));
        assert!(!request.is_malformed() || refused, "{}: {end:?}", request.name);
    }
}

/// Targets that the rows ask for themselves.
const HARMLESS: &[&str] = &["/open", "/next", "/", "*", "/x/open", "ftp://h/open", "/\u{fffd}", "h:443"];

/// What passes is a request of HTTP/1 with the lines that HTTP/2 said, and no others.
fn passes() {
    let (subject, recorder) = start();
    #[rustfmt::skip]
    let rows = [
        (post("a body", &[], Some(b"abc")), "POST /open HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        (post("a body and its length", &[(b"content-length", b"3")], Some(b"abc")), "POST /open HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc"),
        (post("te for trailers", &[(b"te", b"trailers")], None), "POST /open HTTP/1.1\r\nhost: h\r\nte: trailers\r\n\r\n"),
        (post("the same host", &[(b"host", b"h")], None), "POST /open HTTP/1.1\r\nhost: h\r\n\r\n"),
        (post("cookies", &[(b"cookie", b"a=b"), (b"x", b"y"), (b"cookie", b"c=d")], None), "POST /open HTTP/1.1\r\nhost: h\r\nx: y\r\ncookie: a=b; c=d\r\n\r\n"),
        (post("another host", &[(b"host", b"g")], None), "POST /open HTTP/1.1\r\nhost: h\r\n\r\n"),
        (post("two hosts", &[(b"host", b"h"), (b"host", b"g")], None), "POST /open HTTP/1.1\r\nhost: h\r\n\r\n"),
        (Request { name: "two hosts without authority", fields: vec![POST[0], POST[1], POST[3], (b"host", b"h"), (b"host", b"g")], body: None }, "POST /open HTTP/1.1\r\nhost: h\r\n\r\n"),
        (Request { name: "no authority", fields: vec![POST[0], POST[1], POST[3]], body: None }, "POST /open HTTP/1.1\r\n\r\n"),
        (with("a user in the authority", b":authority", b"u@h"), "POST /open HTTP/1.1\r\nhost: u@h\r\n\r\n"),
        (post("the same length twice", &[(b"content-length", b"3"), (b"content-length", b"3")], Some(b"abc")), "POST /open HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc"),
        (Request { name: "a host instead of an authority", fields: vec![POST[0], POST[1], POST[3], (b"host", b"h")], body: None }, "POST /open HTTP/1.1\r\nhost: h\r\n\r\n"),
    ];
    for (request, expected) in rows {
        assert_eq!(ask(&subject, &request), End::Status(200), "{}", request.name);
        assert_eq!(String::from_utf8_lossy(&recorder.drain().concat()), expected, "{}", request.name);
    }
}

/// What is wrong with a body is known before a server is chosen if all of it has come by then.
fn lengths() {
    let (subject, recorder) = start();
    // CANCEL
    let given_up = frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    for (length, rest) in [
        (b"0", frame(DATA, END, 1, b"abcd")),
        (b"3", frame(DATA, END, 1, b"abcd")),
        (b"9", frame(DATA, END, 1, b"abcd")),
        (b"9", [frame(DATA, 0, 1, b"abcd"), given_up].concat()),
    ] {
        let before = subject.stdout().len();
        let fields = [&POST[..], &[(b"content-length", &length[..])]].concat();
        let mut client = Client::connect(subject.addr("FRONT"));
        client.send([preface(), frame(HEADERS, WHOLE, 1, &block(&fields)), rest].concat());
        let line = eventually("a line of the log", || {
            subject.stdout()[before..].lines().find(|line| line.ends_with(" HTTP/2.0\"")).map(str::to_owned)
        });
        assert!(line.contains(" back/<NOSRV> ") && line.contains(" -1 0 - - CR-- "), "{length:?}: {line}");
        assert!(recorder.drain().is_empty(), "{length:?}: no origin heard of it");
    }
}

/// Which of the malformed heads take the connection's other streams with them.
fn undecodable() {
    const ENDING: &[&str] = &[
        "CRLF in a value",
        "LF in a value",
        "CR in a value",
        "NUL in a value",
        "CRLF in a name",
        "LF in a name",
        "NUL in a name",
        "colon in a name",
        "colon at the end of a name",
        "space in a name",
        "space before a name",
        "tab in a name",
        "capitals in a name",
        "an empty name",
        "a name of 8 bits",
        "CRLF in the method",
        "space in the method",
        "LF in the method",
        "an empty method",
        "8 bits in the path",
        "a length with CRLF",
        "an unknown pseudo-header",
        "a host with CRLF",
    ];
    let (subject, _recorder) = start();
    for request in rows() {
        let end = ask(&subject, &request);
        let ends = matches!(end, End::Closed(_));
        assert_eq!(ends, ENDING.contains(&request.name), "{}: {end:?}", request.name);
    }
}

/// Trailers are a block of fields behind the body in HTTP/2, and lines behind the last chunk in HTTP/1.
fn trailers() {
    let (subject, recorder) = start();
    let mut bytes = preface();
    bytes.extend(frame(1, 4, 1, &block(&POST)));
    bytes.extend(frame(0, 0, 1, b"abc"));
    bytes.extend(frame(1, 5, 1, &block(&[(b"x", b"y")])));
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send(bytes);
    assert_eq!(end(&mut client), End::Status(200));
    let expected =
        "POST /open HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&recorder.drain().concat()), expected);
}

/// What is logged of targets that are no path.
fn addresses() {
    let (subject, _recorder) = start();
    for (fields, line) in [
        (
            vec![(&b":method"[..], &b"OPTIONS"[..]), POST[1], POST[2], (b":path", b"*")],
            "\"OPTIONS http://h HTTP/2.0\"",
        ),
        (vec![(b":method", b"CONNECT"), (b":authority", b"h:443")], "\"CONNECT h:443 HTTP/2.0\""),
        (vec![POST[0], POST[1], POST[3]], "\"POST /open HTTP/2.0\""),
    ] {
        ask(&subject, &Request { name: "an address", fields, body: None });
        eventually(line, || subject.stdout().lines().any(|logged| logged.ends_with(line)).then_some(()));
    }
}
