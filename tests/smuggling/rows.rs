//! The table: what a client sends, by families. Each row has a hidden request in it, for a reader who takes the message
//! to end elsewhere.

/// A name, and the bytes.
pub(super) type Row = (&'static str, Vec<u8>);

/// What the hidden request looks like to who reads the message as ending before it.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: h\r\nX-Y: ";

const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";

/// Every row.
pub(super) fn all() -> Vec<Row> {
    [framing(), chunks(), heads(), upgrades(), spellings()].concat()
}

/// A POST with these lines and this body.
pub(super) fn post(lines: &str, body: &str) -> Vec<u8> {
    format!("POST /open HTTP/1.1\r\nHost: h\r\n{lines}\r\n{body}").into_bytes()
}

/// A chunked body that ends at once, before the hidden request.
fn ended() -> String {
    format!("0\r\n\r\n{HIDDEN}")
}

/// A chunk that holds the hidden request.
fn held() -> String {
    format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len())
}

fn length(value: &str) -> String {
    format!("Content-Length: {value}\r\n")
}

/// The length of the body that [`ended`] makes.
fn whole() -> String {
    length(&ended().len().to_string())
}

/// The length of the hidden request.
fn hidden() -> String {
    length(&HIDDEN.len().to_string())
}

/// What says how long a body is: twice, oddly, or not at all.
#[rustfmt::skip]
fn framing() -> Vec<Row> {
    let whole = whole();
    vec![
        ("CL.TE", post(&format!("{whole}{CHUNKED}"), &ended())),
        ("TE.CL", post(&format!("{CHUNKED}{}", length("4")), &held())),
        ("CL.0", post(&hidden(), HIDDEN)),
        ("two lengths", post(&format!("{}{}", length("0"), hidden()), HIDDEN)),
        ("two lengths in a list", post(&length(&format!("0, {}", HIDDEN.len())), HIDDEN)),
        ("the same length twice", post(&format!("{0}{0}", hidden()), HIDDEN)),
        ("signed length", post(&length(&format!("+{}", HIDDEN.len())), HIDDEN)),
        ("negative length", post(&length("-1"), HIDDEN)),
        ("length with a tail", post(&length("0x10"), HIDDEN)),
        ("length too large", post(&length("18446744073709551617"), HIDDEN)),
        ("length with a blank inside", post(&length("1 0"), HIDDEN)),
        ("empty length", post("Content-Length:\r\n", HIDDEN)),
        ("octal length", post(&length("010"), HIDDEN)),
        ("TE twice, the second unknown", post(&format!("{whole}{CHUNKED}Transfer-Encoding: cow\r\n"), &ended())),
        ("folded coding", post(&format!("Transfer-Encoding:\r\n chunked\r\n{whole}"), &ended())),
        ("folded length", post(&format!("Content-Length:\r\n {}\r\n", HIDDEN.len()), HIDDEN)),
        ("HTTP/1.0 with a coding", format!("POST /open HTTP/1.0\r\nHost: h\r\n{whole}{CHUNKED}\r\n{}", ended()).into_bytes()),
        ("a length with a form feed", post(&format!("Content-Length: \u{c}{}\r\n", HIDDEN.len()), HIDDEN)),
        ("a length with a semicolon", post(&length(&format!("{};", HIDDEN.len())), HIDDEN)),
        ("a length of another spelling", post(&format!("Content_Length: {}\r\n", HIDDEN.len()), HIDDEN)),
        ("a length behind a fold", post(&format!("X: a\r\n\tContent-Length: {}\r\n", HIDDEN.len()), HIDDEN)),
        ("a length without a colon", post(&format!("Content-Length {}\r\n", HIDDEN.len()), HIDDEN)),
        ("codings in two lines", post(&format!("{CHUNKED}Transfer-Encoding: identity\r\n{whole}"), &ended())),
        ("codings in two lines, chunked last", post(&format!("Transfer-Encoding: gzip\r\n{CHUNKED}{whole}"), &ended())),
        ("a coding without a body", post(CHUNKED, "")),
    ]
}

/// Chunks, their extensions and the trailers behind them.
#[rustfmt::skip]
fn chunks() -> Vec<Row> {
    vec![
        ("chunk size too large", post(CHUNKED, &format!("fffffffffffffffff\r\n{HIDDEN}"))),
        ("chunk size with a sign", post(CHUNKED, &format!("+0\r\n\r\n{HIDDEN}"))),
        ("chunk size with 0x", post(CHUNKED, &format!("0x0\r\n\r\n{HIDDEN}"))),
        ("chunk size with a blank before", post(CHUNKED, &format!(" 0\r\n\r\n{HIDDEN}"))),
        ("chunk size of nothing", post(CHUNKED, &format!("\r\n\r\n{HIDDEN}"))),
        ("chunk size with a NUL", post(CHUNKED, &format!("0\0\r\n\r\n{HIDDEN}"))),
        ("chunk extension with LF", post(CHUNKED, &format!("0;a\nb\r\n\r\n{HIDDEN}"))),
        ("chunk extension with CR", post(CHUNKED, &format!("0;a\rb\r\n\r\n{HIDDEN}"))),
        ("chunk ended by LF", post(CHUNKED, &format!("0\n\n{HIDDEN}"))),
        ("chunk data longer than said", post(CHUNKED, &format!("1\r\nab\r\n0\r\n\r\n{HIDDEN}"))),
        ("chunk data ended by two bytes", post(CHUNKED, &format!("1\r\naXX0\r\n\r\n{HIDDEN}"))),
        ("a head in the trailers", post(CHUNKED, &format!("0\r\nContent-Length: 3\r\n\r\n{HIDDEN}"))),
        ("chunk data ended by LF", post(CHUNKED, &format!("1\r\na\n0\r\n\r\n{HIDDEN}"))),
        ("chunk data ended by CR", post(CHUNKED, &format!("1\r\na\r0\r\n\r\n{HIDDEN}"))),
        ("chunk data without an end", post(CHUNKED, &format!("1\r\na0\r\n\r\n{HIDDEN}"))),
        ("a chunk size ended by CR", post(CHUNKED, &format!("1\ra\r\n0\r\n\r\n{HIDDEN}"))),
        ("a chunk size that wraps around", post(CHUNKED, &format!("10000000000000000\r\n{HIDDEN}"))),
        ("a chunk size of many zeros", post(CHUNKED, &format!("{}1\r\na\r\n0\r\n\r\n{HIDDEN}", "0".repeat(40)))),
        ("a negative chunk size", post(CHUNKED, &format!("-1\r\n\r\n{HIDDEN}"))),
        ("a chunk size of no digits", post(CHUNKED, &format!("g\r\n\r\n{HIDDEN}"))),
        ("an extension that is empty", post(CHUNKED, &format!("0;\r\n\r\n{HIDDEN}"))),
        ("an extension with a quoted line end", post(CHUNKED, &format!("1;a=\"\r\n\"\r\na\r\n0\r\n\r\n{HIDDEN}"))),
        ("trailers ended by LF", post(CHUNKED, &format!("0\r\nX: a\n\n{HIDDEN}"))),
        ("a trailer with a space before the colon", post(CHUNKED, &format!("0\r\nX : a\r\n\r\n{HIDDEN}"))),
        ("a trailer without a colon", post(CHUNKED, &format!("0\r\nX\r\n\r\n{HIDDEN}"))),
    ]
}

/// Heads that readers take apart in different ways, and methods whose body one reader does not expect.
#[rustfmt::skip]
fn heads() -> Vec<Row> {
    let whole = whole();
    vec![
        ("head ended by LF", format!("POST /open HTTP/1.1\nHost: h\n{whole}\n{}", ended()).into_bytes()),
        ("LF inside a value", post(&format!("X: a\nTransfer-Encoding: chunked\r\n{whole}"), &ended())),
        ("CR inside a value", post(&format!("X: a\rTransfer-Encoding: chunked\r\n{whole}"), &ended())),
        ("CR before the colon", post(&format!("Transfer-Encoding\r: chunked\r\n{whole}"), &ended())),
        ("NUL inside a value", post(&format!("X: a\0b\r\n{whole}"), &ended())),
        ("NUL inside a name", post(&format!("Transfer-Encoding\0: chunked\r\n{whole}"), &ended())),
        ("a fold first", format!("POST /open HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("a body that comes with GET", format!("GET /open HTTP/1.1\r\nHost: h\r\n{}\r\n{HIDDEN}", hidden()).into_bytes()),
        ("a line without a name", post(&format!(": chunked\r\n{whole}"), &ended())),
        ("a line that ends in CR CR LF", post(&format!("X: a\r\r\n{CHUNKED}{whole}"), &ended())),
        ("a head that ends in LF CR LF", format!("POST /open HTTP/1.1\r\nHost: h\r\n{whole}{CHUNKED}\n\r\n{}", ended()).into_bytes()),
        ("a body that waits to be asked for", post(&format!("Expect: 100-continue\r\n{}", hidden()), HIDDEN)),
        ("an expectation of another spelling", post(&format!("Expect: y 100-continue\r\n{}", hidden()), HIDDEN)),
        ("a body that comes with DELETE", format!("DELETE /open HTTP/1.1\r\nHost: h\r\n{}\r\n{HIDDEN}", hidden()).into_bytes()),
        ("a body that comes with OPTIONS", format!("OPTIONS /open HTTP/1.1\r\nHost: h\r\n{CHUNKED}\r\n{}", held()).into_bytes()),
        ("a body that comes with TRACE", format!("TRACE /open HTTP/1.1\r\nHost: h\r\n{}\r\n{HIDDEN}", hidden()).into_bytes()),
        ("a body that comes with GET in HTTP/1.0", format!("GET /open HTTP/1.0\r\nHost: h\r\n{}\r\n{HIDDEN}", hidden()).into_bytes()),
        ("a body that comes with HEAD in HTTP/1.0", format!("HEAD /open HTTP/1.0\r\nHost: h\r\n{}\r\n{HIDDEN}", hidden()).into_bytes()),
        ("a body that comes with DELETE in HTTP/1.0", format!("DELETE /open HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n{}\r\n{HIDDEN}", hidden()).into_bytes()),
        ("two hosts", post(&format!("Host: g\r\n{whole}"), &ended())),
        ("a host with a blank before it", post(&format!(" Host: g\r\n{whole}"), &ended())),
        ("a URL of another host", format!("POST http://g/open HTTP/1.1\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("HTTP/0.9", b"GET /open\r\n\r\n".to_vec()),
        ("a version of two digits", format!("POST /open HTTP/1.10\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("a version in small letters", format!("POST /open http/1.1\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("a tab in the request line", format!("POST\t/open HTTP/1.1\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("a line in the target", b"GET /open\rHTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n".to_vec()),
        ("two spaces in the request line", b"GET /open  HTTP/1.1\r\nHost: h\r\n\r\n".to_vec()),
    ]
}

/// What leads out of HTTP, and what `Connection` names.
#[rustfmt::skip]
fn upgrades() -> Vec<Row> {
    let whole = whole();
    vec![
        ("an upgrade with a body", post(&format!("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{}", hidden()), HIDDEN)),
        ("an upgrade to h2c", post(&format!("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n{}", hidden()), HIDDEN)),
        ("the length named by Connection", post(&format!("Connection: Content-Length\r\n{}", hidden()), HIDDEN)),
        ("the coding named by Connection", post(&format!("Connection: Transfer-Encoding\r\n{whole}{CHUNKED}"), &ended())),
        ("the host named by Connection", post(&format!("Connection: Host\r\n{whole}"), &ended())),
        ("an upgrade and a request behind it", format!("GET /open HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n{HIDDEN}a\r\n\r\n").into_bytes()),
        ("an upgrade with a length and a coding", post(&format!("Connection: Upgrade\r\nUpgrade: x\r\n{whole}{CHUNKED}"), &ended())),
        ("an upgrade that Connection does not name", post(&format!("Upgrade: websocket\r\n{whole}"), &ended())),
        ("an upgrade of HTTP/1.0", format!("GET /open HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n{HIDDEN}a\r\n\r\n").into_bytes()),
        ("CONNECT with a coding", format!("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n{CHUNKED}\r\n{}", held()).into_bytes()),
    ]
}

/// A coding, or its name, as one reader takes it for the coding and another does not.
#[rustfmt::skip]
fn spellings() -> Vec<Row> {
    let whole = whole();
    let codings = [
        " chunked", "chunked ", "\tchunked", "\u{b}chunked", "Chunked", "CHUNKED", "xchunked", "chunkedx", "\"chunked\"", "'chunked'",
        "chunked, identity", "identity, chunked", "identity", "gzip, chunked", "chunked, chunked", "chunked,", ",chunked", ";chunked",
        "chunked;q=1", "", "chunk", "ch\u{17f}unked", "chunked\0", "chunked\r", "\rchunked",
    ];
    let names = ["Transfer-Encoding ", " Transfer-Encoding", "Transfer-Encoding\t", "Transfer_Encoding", "Transfer-Encoding\u{b}", "X: y\nTransfer-Encoding", "\u{7f}Transfer-Encoding"];
    let coding = |coding| ("a coding of another spelling", post(&format!("Transfer-Encoding: {coding}\r\n{whole}"), &ended()));
    let name = |name| ("a name of another spelling", post(&format!("{name}: chunked\r\n{whole}"), &ended()));
    codings.into_iter().map(coding).chain(names.into_iter().map(name)).collect()
}
