//! The scores of CVSS 4.0's macrovectors.
//!
//! Figures: FIRST, CVSS v4.0 specification, section 8 and the published calculator's lookup table. In tenths, in the order of the
//! digits EQ1 EQ2 EQ3 EQ4 EQ5 EQ6; one line holds the six combinations of EQ5 and EQ6, three lines one EQ3.

/// No such macrovector: EQ3 = 2 (no high impact) excludes EQ6 = 0 (a high impact on what is required most).
const NO: u8 = u8::MAX;

#[rustfmt::skip]
const TENTHS: [u8; 324] = [
    // EQ1 = 0, EQ2 = 0
    100, 99, 98, 95, 95, 92,
    100, 96, 93, 87, 91, 81,
    93, 90, 89, 80, 81, 68,
    98, 95, 95, 92, 90, 84,
    93, 92, 89, 81, 81, 65,
    88, 80, 78, 70, 69, 48,
    NO, 92, NO, 82, NO, 72,
    NO, 79, NO, 69, NO, 50,
    NO, 69, NO, 55, NO, 27,
    // EQ1 = 0, EQ2 = 1
    99, 97, 95, 92, 92, 85,
    95, 91, 90, 83, 84, 71,
    92, 81, 82, 71, 72, 53,
    95, 93, 92, 85, 85, 73,
    92, 82, 80, 72, 70, 59,
    84, 70, 71, 52, 50, 30,
    NO, 86, NO, 75, NO, 52,
    NO, 71, NO, 52, NO, 29,
    NO, 63, NO, 29, NO, 17,
    // EQ1 = 1, EQ2 = 0
    98, 95, 94, 87, 91, 81,
    94, 89, 86, 74, 77, 64,
    87, 75, 74, 63, 63, 49,
    94, 89, 88, 77, 76, 67,
    86, 76, 74, 58, 59, 50,
    72, 57, 57, 52, 52, 25,
    NO, 83, NO, 70, NO, 54,
    NO, 65, NO, 58, NO, 26,
    NO, 53, NO, 21, NO, 13,
    // EQ1 = 1, EQ2 = 1
    95, 90, 88, 76, 76, 70,
    90, 77, 75, 62, 61, 53,
    77, 66, 68, 59, 52, 30,
    89, 78, 76, 67, 62, 58,
    74, 59, 57, 57, 47, 23,
    61, 52, 57, 29, 24, 16,
    NO, 71, NO, 59, NO, 30,
    NO, 58, NO, 26, NO, 15,
    NO, 23, NO, 13, NO, 6,
    // EQ1 = 2, EQ2 = 0
    93, 87, 86, 72, 75, 58,
    86, 74, 74, 61, 56, 34,
    70, 54, 52, 40, 40, 22,
    85, 75, 74, 55, 62, 51,
    72, 57, 55, 41, 46, 19,
    53, 36, 34, 19, 19, 8,
    NO, 64, NO, 51, NO, 20,
    NO, 47, NO, 21, NO, 11,
    NO, 24, NO, 9, NO, 4,
    // EQ1 = 2, EQ2 = 1
    88, 75, 73, 53, 60, 50,
    73, 55, 59, 40, 41, 20,
    54, 43, 45, 22, 20, 11,
    75, 55, 58, 45, 40, 21,
    61, 51, 48, 18, 20, 9,
    46, 18, 17, 7, 8, 2,
    NO, 53, NO, 24, NO, 14,
    NO, 24, NO, 12, NO, 5,
    NO, 10, NO, 3, NO, 1,
];

/// The score of a macrovector in tenths, from its six digits; `None` where there is no such macrovector.
pub(super) fn tenths(digits: [u8; 6]) -> Option<u8> {
    const RADIX: [u8; 6] = [3, 2, 3, 3, 3, 2];
    let mut place = 0_usize;
    for (digit, radix) in digits.into_iter().zip(RADIX) {
        if digit >= radix {
            return None;
        }
        place = place
            .saturating_mul(usize::from(radix))
            .saturating_add(usize::from(digit));
    }
    TENTHS.get(place).copied().filter(|tenths| *tenths != NO)
}
