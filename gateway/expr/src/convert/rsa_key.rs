//! A private key of RSA in the form that the cryptographic library reads: PKCS#8 in DER (RFC 8017, A.1.2; RFC 5208).

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
/// `rsaEncryption` and its parameters, which are none.
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// The version 0 of both forms.
const VERSION: &[u8] = &[INTEGER, 1, 0];

/// A value of DER with its length before it.
fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[content.len().leading_zeros() as usize / 8..];
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | length.len() as u8);
    }
    match content.len() {
        0 => out.push(0),
        _ => out.extend_from_slice(length),
    }
    out.extend_from_slice(content);
    out
}

/// A number that is not negative.
fn number(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = &bytes[first..];
    match digits.first() {
        Some(0..0x80) => value(INTEGER, digits),
        _ => value(INTEGER, &[&[0], digits].concat()),
    }
}

/// `RSAPrivateKey` of its numbers in their order: n, e, d, p, q, dp, dq, qi.
pub(super) fn of_numbers(numbers: &[Vec<u8>]) -> Vec<u8> {
    let numbers = numbers.iter().flat_map(|bytes| number(bytes));
    value(SEQUENCE, &VERSION.iter().copied().chain(numbers).collect::<Vec<u8>>())
}

/// PKCS#8 around an `RSAPrivateKey`.
pub(super) fn wrapped(key: &[u8]) -> Vec<u8> {
    value(SEQUENCE, &[VERSION, &value(SEQUENCE, RSA), &value(OCTET_STRING, key)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_lengths_before_them() {
        assert_eq!(value(OCTET_STRING, b""), [4, 0]);
        assert_eq!(value(OCTET_STRING, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(value(OCTET_STRING, &[0; 0x80])[..3], [4, 0x81, 0x80]);
        assert_eq!(value(OCTET_STRING, &[0; 0x1234])[..4], [4, 0x82, 0x12, 0x34]);
    }

    #[test]
    fn numbers_are_not_negative_and_not_longer_than_they_must_be() {
        assert_eq!(number(&[0, 0, 5]), [2, 1, 5]);
        assert_eq!(number(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(number(&[]), [2, 1, 0]);
    }
}
