//! Random numbers: the one place they come from.

use aws_lc_rs::rand;

use crate::SealError;

/// Fills with random bytes of the operating system's generator.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), SealError> {
    rand::fill(bytes).map_err(|_| SealError::NoRandomNumbers)
}
