//! The chain of audit records: each record's MAC covers the one before.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use keyholt_memory::LockedBytes;

use crate::derive::KEY_BYTES;

/// The key of an audit chain. Without it no record can be changed, added or taken out of the middle
/// unnoticed. Prints as `AuditKey(**)`.
///
/// A chain that is cut off at its end is still a chain: only a head that was noted elsewhere shows it.
pub struct AuditKey(LockedBytes<KEY_BYTES>);

impl AuditKey {
    pub(crate) fn new(key: LockedBytes<KEY_BYTES>) -> Self {
        Self(key)
    }

    /// The MAC of a record: HMAC-SHA-256 over the previous record's MAC and this record. Before the first
    /// record stand 32 zero bytes.
    #[must_use]
    pub fn step(&self, previous: &[u8], record: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes()));
        context.update(previous);
        context.update(record);
        let mut mac = [0; 32];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }

    /// Whether a record's MAC is right; in constant time.
    #[must_use]
    pub fn verify(&self, previous: &[u8], record: &[u8], mac: &[u8]) -> bool {
        verify_slices_are_equal(&self.step(previous, record), mac).is_ok()
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditKey(**)")
    }
}
