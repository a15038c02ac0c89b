//! The pass over a long value in wider registers than every processor of the
//! target has, where the one at hand has them.
//!
//! This is the only room with `unsafe` in it. Nothing is written twice: the
//! loops of [`scan`](super) are compiled a second time for AVX2, and the tests
//! hold both against the obvious twin.

/// Shorter than this, asking which processor it is costs more than it gives.
#[cfg(target_arch = "x86_64")]
const LEAST: usize = 64;

/// The classes of all octets, if this processor can tell them faster.
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "a function compiled for some processors only cannot be called otherwise"
)]
pub(super) fn classes(value: &[u8]) -> Option<u8> {
    if value.len() < LEAST || !std::is_x86_feature_detected!("avx2") {
        return None;
    }
    // SAFETY: `avx2` may be called where the processor has AVX2, and it was
    // just asked.
    unsafe { avx2(value) }
}

/// The same loops, in registers of 32 octets.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(value: &[u8]) -> Option<u8> {
    super::in_blocks::<32>(value)
}

/// No other processor has been measured.
#[cfg(not(target_arch = "x86_64"))]
pub(super) const fn classes(_: &[u8]) -> Option<u8> {
    None
}
