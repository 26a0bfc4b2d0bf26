//! The examples of the tables, for those who compare them with HAProxy: the rows, and the files that they name.

use crate::{convert, criterion, fetch, matcher};

/// A row's example.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// `fetch`, `converter`, `matcher` or `criterion`.
    pub table: &'static str,
    /// The row's name.
    pub name: &'static str,
    /// The file of the table that it stands in.
    pub family: &'static str,
    /// An expression that uses it; of a matcher or criterion, a test that holds for the sample request.
    pub expression: &'static str,
    /// Of a matcher or criterion, a test that does not hold.
    pub fails: Option<&'static str>,
    /// What it yields, as text, for the sample request.
    pub value: &'static str,
    /// The version of HAProxy that brought it, if 2.6 does not have it.
    pub since: Option<&'static str>,
    /// It reads the response.
    pub response: bool,
}

impl Sample {
    /// The value of a test that holds.
    pub const HOLDS: &'static str = "holds";
}

/// Every row's example.
pub fn samples() -> impl Iterator<Item = Sample> {
    let tests = matcher::samples().chain(criterion::samples());
    fetch::samples().chain(convert::samples()).chain(tests)
}

/// The request that examples are about, as it comes from 192.0.2.7:40000 to 198.51.100.1:443.
pub const REQUEST: &str = "GET /a/b?x=1&y=2 HTTP/1.1\r\nHost: www.example.com\r\nAccept: a, b\r\n\
    Cookie: sid=abc; n=5\r\nContent-Length: 12\r\nX-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n\
    Authorization: Basic YWxpOm9wZW46c2VzYW1l\r\nX-Token: Bearer t0k\r\n\r\na=1&b=2&c=34";

/// The response that examples are about.
pub const RESPONSE: &str = "HTTP/1.1 200 OK\r\nServer: origin\r\nVary: a, b\r\nAge: 9\r\nX-Ip: 10.0.0.3\r\n\
    Set-Cookie: sid=xyz; path=/\r\n\r\nhello";

/// The bytes that examples are about which nobody parses: a client's, and the server's.
pub fn bytes(family: &str, name: &str) -> (&'static [u8], &'static [u8]) {
    let client: &[u8] = match family {
        "hello" => include_bytes!("../testdata/hello.bin"),
        "rdp" if name.starts_with("distcc") => b"DIST00000003ARGC00000001ARGV00000002-cDOTI00000005hello",
        _ => b"\x03\0\0\x2a\x25\xe0\0\0\0\0\0Cookie: mstshash=hugo\r\n\x01\0\x08\0\x03\0\0\0",
    };
    (client, b"\x02hiya")
}

/// The files that examples name, and what they hold.
#[rustfmt::skip]
pub const FILES: &[(&str, &str)] = &[
    ("addresses.map", "# of servers\n10. 192.0.2.9\n10 192.0.2.9\n"),
    ("ec.pub", "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQpChuqYJQPnV1ERpRah/ov9aZ3zg\nKPqe8Le8pexIlAZkeRMIEP7w3mLJKEJ5w6RjStOMx7/uVD5DId3tDNT0Yw==\n-----END PUBLIC KEY-----\n"),
    ("exits.map", "10.0.0.0/8 192.0.2.1\n"),
    ("hosts.map", "1 192.0.2.1\n"),
    // of no use to anybody but the tests
    ("jwe.pem", include_str!("../testdata/jwe.pem")),
    ("keys.map", "a one\nb two\nab long\na again\n"),
    ("levels.map", "0:9 1\n10: 3\n"),
    ("networks.map", "0.0.0.0/0 all\n10.0.0.0/8 outer\n10.1.0.0/16 inner\n::/0 six\n"),
    ("numbers.map", "b 2\n"),
    ("ranges.map", "0:4 few\n5 five\n"),
    ("regexes.map", "a([0-9]+)$ n\\1\n^x other\n"),
    ("rsa.pub", "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAk8hpsOwlhbtPzt8t7rtI\npVmLTpnGNICMJzGDRksSY5lqTjwJ77dW99htBr1jR1Ua7320P24Lkgyc4VRQ1iC7\nNnjtS9stRoOLbtooetJkEGqA4HBaWbWKOk0KMfga2ftX/LHM9q8YxW7zTqbOv2bM\n5Bz+B0JshOXp5EYWAx23COvLsttmrlSu+58jXtmJXzsA1SafSIbBWXVTnVzFQUW/\nS1J9emhERJhwoYu/yO4ekdqPO0MRZ/ij92oL83KeGy9dPDfZ8NWA7tvMnYZBfZxr\nLJOHDoLTwQhtWlU/t6K/w4yNv3+yDxIepru2Qad/dqdU+/8psDIZSTz2ZzRsw/rd\n2wIDAQAB\n-----END PUBLIC KEY-----\n"),
    ("zones.map", "10.0.0.0/8 2\n"),
];

/// Tokens: how they are signed, and the file with the key.
#[cfg(test)]
#[rustfmt::skip]
pub(crate) const TOKENS: &[(&str, &str, &str)] = &[
    ("RS256", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqb2UifQ.aF-_RSlx3GvK8cBVk3bSPj3vHsg-cAI4H5Fth-pzL9-JAwz2IEYVV-Vwjr22KdLtaKI3-BibksX4ph0SCiCD4VXoDzng2o8BB_Ssiw9Tb1mn6soojbBAKNrfXmmgDXYhSiTcujb4g7WzkAzRMrTLWiGJt8lFny1mSAv1WdQZ8mQZqvzLtNQd-6QxtcZIDNXjDZ44NI9af1S7yJxgBoX6mBeDhk0Im5Pc4B9bCDzqL0KTZoBDfuoCQeci7XcRCZ-ba1KNuFmrdkOWbq_t8vZXfTqvBQyo0V4Rm0y-QHlq6_zgS2pAZLPymjx2-7P0qU2DXGTF93sY2-RGKaJhqOGlhQ", "rsa.pub"),
    ("PS256", "eyJhbGciOiJQUzI1NiJ9.eyJzdWIiOiJqb2UifQ.gnqvgvby9d3wX85-5Yuswewq9qc7v48sqwkCSM_xtXHKlUtd5ZuDXQmR0t4D-aJTHJGsrwYRrNfq0eJONccfD90rmJuzUHRs9QJrXYNStwXr8kwd2o3Qu58SrkACrHRCUcogj6-9F6mKMlRjF6xh4MzUgUHnAMjaqFXI_BT-3ER4DS4BT1DiVodd_WRPckBctCiTknouyz-PjvgIVfZBHD2AX4Lu11yO7KGNfzMJzIv4J1MKj7xWRVA6Cxd26-h9stl99cu1_qdFkGsneOVIcSYMjykx1bTfe355aO5pe3nzMxjNpDe2_bdieqs1rO-eZqaf0qY6hzxoRGV-uUj1lg", "rsa.pub"),
    ("ES256", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJqb2UifQ.UVF-8o8cI_rNjt_mXTJBfFPQhTDlAU7k_12pQzE8uGQAVpxjQmpk7gDmcX_8-SCLSstqFEAnczJ187nSGYpTLg", "ec.pub"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    /// Lines in the form in which they are sent.
    fn sent(lines: &[(String, String)]) -> String {
        lines.iter().fold(String::new(), |text, (name, value)| text + name + ": " + value + "\r\n")
    }

    /// The world of a row's example.
    fn world(row: &Sample) -> World {
        let raw = bytes(row.family, row.name).0.to_vec();
        World { status: row.response.then_some(200), raw, ..World::sample() }
    }

    #[test]
    fn a_test_holds_where_its_row_says_so() {
        for row in samples() {
            let Some(fails) = row.fails else { continue };
            let holds = |text| crate::world::cond(&format!("if {{ {text} }}")).unwrap().eval(&world(&row));
            assert!(holds(row.expression), "{}", row.expression);
            assert!(!holds(fails), "{fails}");
        }
    }

    #[test]
    fn what_is_sent_is_what_the_examples_are_about() {
        let world = World::sample();
        let request = format!("{} {} HTTP/1.1\r\n{}\r\n", world.method, world.uri, sent(&world.request));
        assert!(REQUEST.starts_with(&request), "{request}");
        assert_eq!(RESPONSE, format!("HTTP/1.1 200 OK\r\n{}\r\nhello", sent(&world.response)));
    }
}
