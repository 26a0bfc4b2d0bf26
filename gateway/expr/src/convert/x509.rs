//! Certificates: what is wrong with one (configuration.txt 7.3.1, `x509_v_err_str`).

use super::{Convert, convert};
use crate::{Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("x509_v_err_str", Type::Int, Type::Str, |v, _, _| Some(Value::made(name(v.to_int()?).into_bytes()))).since("2.7").example("int(10),x509_v_err_str", "X509_V_ERR_CERT_HAS_EXPIRED"),
];

/// OpenSSL 3.0's names of what is wrong, from number 1, without what they all begin with.
#[rustfmt::skip]
const ERRORS: &[&str] = &[
    "UNSPECIFIED", "UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_CRL", "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
    "UNABLE_TO_DECRYPT_CRL_SIGNATURE", "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY", "CERT_SIGNATURE_FAILURE",
    "CRL_SIGNATURE_FAILURE", "CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED", "CRL_NOT_YET_VALID", "CRL_HAS_EXPIRED",
    "ERROR_IN_CERT_NOT_BEFORE_FIELD", "ERROR_IN_CERT_NOT_AFTER_FIELD", "ERROR_IN_CRL_LAST_UPDATE_FIELD",
    "ERROR_IN_CRL_NEXT_UPDATE_FIELD", "OUT_OF_MEM", "DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_CHAIN_TOO_LONG",
    "CERT_REVOKED", "NO_ISSUER_PUBLIC_KEY", "PATH_LENGTH_EXCEEDED", "INVALID_PURPOSE", "CERT_UNTRUSTED",
    "CERT_REJECTED", "SUBJECT_ISSUER_MISMATCH", "AKID_SKID_MISMATCH", "AKID_ISSUER_SERIAL_MISMATCH",
    "KEYUSAGE_NO_CERTSIGN", "UNABLE_TO_GET_CRL_ISSUER", "UNHANDLED_CRITICAL_EXTENSION", "KEYUSAGE_NO_CRL_SIGN",
    "UNHANDLED_CRITICAL_CRL_EXTENSION", "INVALID_NON_CA", "PROXY_PATH_LENGTH_EXCEEDED",
    "KEYUSAGE_NO_DIGITAL_SIGNATURE", "PROXY_CERTIFICATES_NOT_ALLOWED", "INVALID_EXTENSION",
    "INVALID_POLICY_EXTENSION", "NO_EXPLICIT_POLICY", "DIFFERENT_CRL_SCOPE", "UNSUPPORTED_EXTENSION_FEATURE",
    "UNNESTED_RESOURCE", "PERMITTED_VIOLATION", "EXCLUDED_VIOLATION", "SUBTREE_MINMAX",
    "APPLICATION_VERIFICATION", "UNSUPPORTED_CONSTRAINT_TYPE", "UNSUPPORTED_CONSTRAINT_SYNTAX",
    "UNSUPPORTED_NAME_SYNTAX", "CRL_PATH_VALIDATION_ERROR", "PATH_LOOP", "SUITE_B_INVALID_VERSION",
    "SUITE_B_INVALID_ALGORITHM", "SUITE_B_INVALID_CURVE", "SUITE_B_INVALID_SIGNATURE_ALGORITHM",
    "SUITE_B_LOS_NOT_ALLOWED", "SUITE_B_CANNOT_SIGN_P_384_WITH_P_256", "HOSTNAME_MISMATCH", "EMAIL_MISMATCH",
    "IP_ADDRESS_MISMATCH", "DANE_NO_MATCH", "EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK",
    "INVALID_CALL", "STORE_LOOKUP", "NO_VALID_SCTS", "PROXY_SUBJECT_NAME_VIOLATION", "OCSP_VERIFY_NEEDED",
    "OCSP_VERIFY_FAILED", "OCSP_CERT_UNKNOWN", "UNSUPPORTED_SIGNATURE_ALGORITHM",
    "SIGNATURE_ALGORITHM_MISMATCH", "SIGNATURE_ALGORITHM_INCONSISTENCY", "INVALID_CA",
    "PATHLEN_INVALID_FOR_NON_CA", "PATHLEN_WITHOUT_KU_KEY_CERT_SIGN", "KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA",
    "ISSUER_NAME_EMPTY", "SUBJECT_NAME_EMPTY", "MISSING_AUTHORITY_KEY_IDENTIFIER",
    "MISSING_SUBJECT_KEY_IDENTIFIER", "EMPTY_SUBJECT_ALT_NAME", "EMPTY_SUBJECT_SAN_NOT_CRITICAL",
    "CA_BCONS_NOT_CRITICAL", "AUTHORITY_KEY_IDENTIFIER_CRITICAL", "SUBJECT_KEY_IDENTIFIER_CRITICAL",
    "CA_CERT_MISSING_KEY_USAGE", "EXTENSIONS_REQUIRE_VERSION_3", "EC_KEY_EXPLICIT_PARAMS",
];

/// A number that has no name is written as it is.
fn name(error: i64) -> String {
    let place = error.checked_sub(1).and_then(|place| usize::try_from(place).ok());
    match place.and_then(|place| ERRORS.get(place)) {
        Some(name) => format!("X509_V_ERR_{name}"),
        None if error == 0 => "X509_V_OK".to_owned(),
        None => error.to_string(),
    }
}

/// The number of an error by OpenSSL's name of it, such as `X509_V_ERR_CERT_HAS_EXPIRED`.
pub fn verify_error(name: &str) -> Option<u8> {
    let name = name.strip_prefix("X509_V_ERR_")?;
    let place = ERRORS.iter().position(|known| *known == name)?;
    u8::try_from(place + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_openssls_names() {
        for (number, expected) in [
            (0, "X509_V_OK"),
            (1, "X509_V_ERR_UNSPECIFIED"),
            (23, "X509_V_ERR_CERT_REVOKED"),
            (94, "X509_V_ERR_EC_KEY_EXPLICIT_PARAMS"),
            (95, "95"),
            (-1, "-1"),
        ] {
            assert_eq!(name(number), expected);
        }
    }

    #[test]
    fn names_lead_back_to_their_numbers() {
        assert_eq!(verify_error("X509_V_ERR_CERT_HAS_EXPIRED"), Some(10));
        assert_eq!(verify_error("X509_V_ERR_EC_KEY_EXPLICIT_PARAMS"), Some(94));
        for bad in ["CERT_HAS_EXPIRED", "X509_V_ERR_", "X509_V_OK", "10", ""] {
            assert_eq!(verify_error(bad), None, "{bad}");
        }
    }
}
