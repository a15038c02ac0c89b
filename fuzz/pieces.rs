//! Octets as they may arrive: in pieces that an octet chooses.

#![allow(dead_code, reason = "no target uses all of it")]

/// Cuts `octets` in pieces: one for 0, single octets for 1, and otherwise
/// pieces of up to so many octets, now longer and now shorter.
pub fn cut(octets: &[u8], choice: u8) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let (mut rest, mut state) = (octets, u32::from(choice));
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = match choice {
            0 => rest.len(),
            1 => 1,
            most => 1 + (state >> 16) as usize % usize::from(most),
        };
        let (piece, left) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces
}
