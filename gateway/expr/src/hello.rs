//! What the hello of a client said, kept for `ssl_fc_cipherlist_…` and its like (configuration.txt 7.3.4).

use twox_hash::XxHash64;

use crate::fetch::{each_extension, hello_parts};

/// A client's hello. Its lists are as long as `tune.ssl.capture-buffer-size` lets them be, together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The client's random.
    pub random: [u8; 32],
    /// What else it said, if that is kept.
    pub lists: Option<HelloLists>,
}

/// The lists of a hello, as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelloLists {
    /// The version that the client wants to speak.
    pub version: u16,
    /// The cipher suites, two bytes each.
    pub ciphers: Vec<u8>,
    /// The hash of all of them.
    pub hash: u64,
    /// The numbers of the extensions, two bytes each.
    pub extensions: Vec<u8>,
    /// The groups for the exchange of keys, two bytes each.
    pub groups: Vec<u8>,
    /// The formats of points, one byte each.
    pub formats: Vec<u8>,
    /// The algorithms of signatures, two bytes each.
    pub signatures: Vec<u8>,
    /// The versions that the client speaks, two bytes each.
    pub versions: Vec<u8>,
}

const GROUPS: u16 = 10;
const FORMATS: u16 = 11;
const SIGNATURES: u16 = 13;
const VERSIONS: u16 = 43;

impl Hello {
    /// Reads the first bytes that a client has sent. Lists of up to `capacity` bytes are kept.
    pub fn read(bytes: &[u8], capacity: usize) -> Option<Self> {
        // the random is there even where the rest was not kept
        let random = bytes.get(11..43)?.try_into().ok()?;
        let lists = (capacity > 0).then(|| HelloLists::read(bytes, capacity)).flatten();
        Some(Self { random, lists })
    }
}

impl HelloLists {
    fn read(bytes: &[u8], capacity: usize) -> Option<Self> {
        let parts = hello_parts(bytes)?;
        let mut left = capacity;
        let mut keep = |list: &[u8], width: usize| {
            let length = list.len().min(left / width * width);
            left -= length;
            list[..length].to_vec()
        };
        let body = |wanted, prefix: usize| {
            let found = each_extension(parts.extensions).find(|(kind, _)| *kind == wanted);
            found.and_then(|(_, body)| body.get(prefix..)).unwrap_or_default()
        };
        let numbers: Vec<u8> =
            each_extension(parts.extensions).flat_map(|(kind, _)| kind.to_be_bytes()).collect();
        Some(Self {
            version: parts.version,
            hash: XxHash64::oneshot(0, parts.ciphers),
            ciphers: keep(parts.ciphers, 1),
            extensions: keep(&numbers, 2),
            groups: keep(body(GROUPS, 2), 1),
            formats: keep(body(FORMATS, 1), 1),
            versions: keep(body(VERSIONS, 1), 1),
            signatures: keep(body(SIGNATURES, 2), 1),
        })
    }
}

/// Values that mean nothing and only keep the way open for new ones (RFC 8701).
fn is_grease(pair: &[u8]) -> bool {
    matches!(pair, [high, low] if high == low && low & 15 == 10)
}

/// A list of pairs, without those that mean nothing if that is wanted.
pub(crate) fn filtered(list: &[u8], filter: bool) -> Vec<u8> {
    list.chunks(2).filter(|pair| !(filter && is_grease(pair))).flatten().copied().collect()
}

/// OpenSSL's names of cipher suites.
pub(crate) fn cipher_names(list: &[u8]) -> String {
    let name = |pair: &[u8]| {
        let number = pair.iter().fold(0, |number, byte| number << 8 | u16::from(*byte));
        let known = CIPHERS.binary_search_by_key(&number, |(known, _)| *known);
        known.map_or_else(|_| format!("UNKNOWN({number:04x})"), |at| CIPHERS[at].1.to_owned())
    };
    list.chunks_exact(2).map(name).collect::<Vec<_>>().join(",")
}

/// By their numbers.
#[rustfmt::skip]
const CIPHERS: &[(u16, &str)] = &[
    (0x0001, "NULL-MD5"), (0x0002, "NULL-SHA"), (0x002f, "AES128-SHA"), (0x0032, "DHE-DSS-AES128-SHA"),
    (0x0033, "DHE-RSA-AES128-SHA"), (0x0034, "ADH-AES128-SHA"), (0x0035, "AES256-SHA"),
    (0x0038, "DHE-DSS-AES256-SHA"), (0x0039, "DHE-RSA-AES256-SHA"), (0x003a, "ADH-AES256-SHA"),
    (0x003b, "NULL-SHA256"), (0x003c, "AES128-SHA256"), (0x003d, "AES256-SHA256"),
    (0x0040, "DHE-DSS-AES128-SHA256"), (0x0041, "CAMELLIA128-SHA"), (0x0044, "DHE-DSS-CAMELLIA128-SHA"),
    (0x0045, "DHE-RSA-CAMELLIA128-SHA"), (0x0046, "ADH-CAMELLIA128-SHA"), (0x0067, "DHE-RSA-AES128-SHA256"),
    (0x006a, "DHE-DSS-AES256-SHA256"), (0x006b, "DHE-RSA-AES256-SHA256"), (0x006c, "ADH-AES128-SHA256"),
    (0x006d, "ADH-AES256-SHA256"), (0x0084, "CAMELLIA256-SHA"), (0x0087, "DHE-DSS-CAMELLIA256-SHA"),
    (0x0088, "DHE-RSA-CAMELLIA256-SHA"), (0x0089, "ADH-CAMELLIA256-SHA"), (0x009c, "AES128-GCM-SHA256"),
    (0x009d, "AES256-GCM-SHA384"), (0x009e, "DHE-RSA-AES128-GCM-SHA256"), (0x009f, "DHE-RSA-AES256-GCM-SHA384"),
    (0x00a2, "DHE-DSS-AES128-GCM-SHA256"), (0x00a3, "DHE-DSS-AES256-GCM-SHA384"), (0x00a6, "ADH-AES128-GCM-SHA256"),
    (0x00a7, "ADH-AES256-GCM-SHA384"), (0x00ba, "CAMELLIA128-SHA256"), (0x00bd, "DHE-DSS-CAMELLIA128-SHA256"),
    (0x00be, "DHE-RSA-CAMELLIA128-SHA256"), (0x00bf, "ADH-CAMELLIA128-SHA256"), (0x00c0, "CAMELLIA256-SHA256"),
    (0x00c3, "DHE-DSS-CAMELLIA256-SHA256"), (0x00c4, "DHE-RSA-CAMELLIA256-SHA256"),
    (0x00c5, "ADH-CAMELLIA256-SHA256"), (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
    (0x1301, "TLS_AES_128_GCM_SHA256"), (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"), (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"), (0xc006, "ECDHE-ECDSA-NULL-SHA"), (0xc009, "ECDHE-ECDSA-AES128-SHA"),
    (0xc00a, "ECDHE-ECDSA-AES256-SHA"), (0xc010, "ECDHE-RSA-NULL-SHA"), (0xc013, "ECDHE-RSA-AES128-SHA"),
    (0xc014, "ECDHE-RSA-AES256-SHA"), (0xc015, "AECDH-NULL-SHA"), (0xc018, "AECDH-AES128-SHA"),
    (0xc019, "AECDH-AES256-SHA"), (0xc023, "ECDHE-ECDSA-AES128-SHA256"), (0xc024, "ECDHE-ECDSA-AES256-SHA384"),
    (0xc027, "ECDHE-RSA-AES128-SHA256"), (0xc028, "ECDHE-RSA-AES256-SHA384"),
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"), (0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"), (0xc030, "ECDHE-RSA-AES256-GCM-SHA384"),
    (0xc050, "ARIA128-GCM-SHA256"), (0xc051, "ARIA256-GCM-SHA384"), (0xc052, "DHE-RSA-ARIA128-GCM-SHA256"),
    (0xc053, "DHE-RSA-ARIA256-GCM-SHA384"), (0xc056, "DHE-DSS-ARIA128-GCM-SHA256"),
    (0xc057, "DHE-DSS-ARIA256-GCM-SHA384"), (0xc05c, "ECDHE-ECDSA-ARIA128-GCM-SHA256"),
    (0xc05d, "ECDHE-ECDSA-ARIA256-GCM-SHA384"), (0xc060, "ECDHE-ARIA128-GCM-SHA256"),
    (0xc061, "ECDHE-ARIA256-GCM-SHA384"), (0xc072, "ECDHE-ECDSA-CAMELLIA128-SHA256"),
    (0xc073, "ECDHE-ECDSA-CAMELLIA256-SHA384"), (0xc076, "ECDHE-RSA-CAMELLIA128-SHA256"),
    (0xc077, "ECDHE-RSA-CAMELLIA256-SHA384"), (0xc09c, "AES128-CCM"), (0xc09d, "AES256-CCM"),
    (0xc09e, "DHE-RSA-AES128-CCM"), (0xc09f, "DHE-RSA-AES256-CCM"), (0xc0a0, "AES128-CCM8"),
    (0xc0a1, "AES256-CCM8"), (0xc0a2, "DHE-RSA-AES128-CCM8"), (0xc0a3, "DHE-RSA-AES256-CCM8"),
    (0xc0ac, "ECDHE-ECDSA-AES128-CCM"), (0xc0ad, "ECDHE-ECDSA-AES256-CCM"), (0xc0ae, "ECDHE-ECDSA-AES128-CCM8"),
    (0xc0af, "ECDHE-ECDSA-AES256-CCM8"), (0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"),
    (0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"), (0xccaa, "DHE-RSA-CHACHA20-POLY1305"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = include_bytes!("../testdata/hello.bin");

    #[test]
    fn the_lists_are_as_long_as_there_is_room_for_all() {
        let whole = Hello::read(HELLO, 4096).and_then(|hello| hello.lists).unwrap();
        assert_eq!((whole.version, &whole.ciphers[..6]), (0x303, &[0x13, 2, 0x13, 3, 0x13, 1][..]));
        assert_eq!((&whole.groups[..], &whole.formats[..]), (&[0, 29, 0, 23][..], &[0, 1, 2][..]));
        assert_eq!(whole.versions[..4], [3, 4, 3, 3]);
        let few = Hello::read(HELLO, whole.ciphers.len() + 13).and_then(|hello| hello.lists).unwrap();
        assert_eq!((few.ciphers.len(), few.extensions.len()), (whole.ciphers.len(), 12));
        assert_eq!((few.groups.len(), few.formats.len(), few.hash), (1, 0, whole.hash));
        assert_eq!(Hello::read(HELLO, 0).unwrap().lists, None);
    }

    #[test]
    fn a_hello_cut_anywhere_never_panics() {
        for end in 0..HELLO.len() {
            assert_eq!(Hello::read(&HELLO[..end], 4096).is_some(), end >= 43, "{end}");
        }
    }

    #[test]
    fn suites_have_openssls_names_and_some_mean_nothing() {
        assert!(CIPHERS.is_sorted_by_key(|(number, _)| number));
        let list = [0x13, 1, 0x4a, 0x4a, 0xc0, 0x2f, 0, 255];
        let names = "TLS_AES_128_GCM_SHA256,ECDHE-RSA-AES128-GCM-SHA256,TLS_EMPTY_RENEGOTIATION_INFO_SCSV";
        assert_eq!(cipher_names(&filtered(&list, true)), names);
        assert_eq!(cipher_names(&list[2..4]), "UNKNOWN(4a4a)");
    }
}
