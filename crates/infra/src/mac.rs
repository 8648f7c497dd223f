//! The one keyed digest of this crate: HMAC with SHA-256 (RFC 2104).

use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;

/// HMAC-SHA-256 with a key of 64 bytes at most; of a longer one only those count.
pub(crate) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    // HMAC fills a short key with zeros itself; ours have 32 bytes.
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::new(&block.into())
}
