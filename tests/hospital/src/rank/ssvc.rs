//! Published decision tables, written out: SSVC deployer (CERT/CC, deployer patch application priority 1.0.0) and CISA BOD 26-04
//! (remediation timelines 1.0.0).

use crate::weakness::Exploitation;

/// System exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Local or highly controlled.
    Small,
    /// Networked.
    Controlled,
    /// From the internet.
    Open,
}

/// Rows by exploitation, exposure, automatable; columns by human impact low to very high: d defer, s scheduled, o out of cycle, i
/// immediate.
const DEPLOYER: [&[u8; 4]; 18] = [
    b"ddss", b"dsss", b"dsss", b"ssss", b"dsss", b"ssso", // none
    b"dsss", b"ssss", b"dsss", b"ssso", b"ssso", b"ssoo", // public proof of concept
    b"ssoo", b"sooo", b"ssoo", b"oooo", b"sooi", b"ooii", // active
];

/// Deployer decision: 0 defer, 1 scheduled, 2 out of cycle, 3 immediate. `human_impact` 0..=3.
#[must_use]
pub fn deployer(
    exploitation: Exploitation,
    exposure: Exposure,
    automatable: bool,
    human_impact: u8,
) -> u8 {
    let row = exploitation as usize * 6 + exposure as usize * 2 + usize::from(automatable);
    match DEPLOYER[row][usize::from(human_impact.min(3))] {
        b'i' => 3,
        b'o' => 2,
        b's' => 1,
        _ => 0,
    }
}

/// BOD 26-04: 0 fix on system upgrade, 1 within 60 days, 2 within 14 days, 3 within 3 days, 4 within 3 days with forensics.
#[must_use]
pub const fn bod_26_04(kev: bool, exposed: bool, automatable: bool, total: bool) -> u8 {
    match (kev, exposed, automatable, total) {
        (false, false, false, _) => 0,
        (false, true, false, false) | (false, false, true, _) => 1,
        (true, true, true, true) | (true, true, false, true) | (true, false, true, true) => 4,
        (true, true, true, false) | (false, true, true, true) => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_published_tables() {
        use Exploitation::{Active, None, Poc};
        use Exposure::{Controlled, Open, Small};
        for (row, expected) in [
            ((None, Small, false, 1), 0),
            ((None, Small, false, 2), 1),
            ((None, Open, true, 3), 2),
            ((Poc, Controlled, true, 3), 2),
            ((Poc, Open, true, 2), 2),
            ((Active, Small, false, 2), 2),
            ((Active, Controlled, true, 0), 2),
            ((Active, Open, false, 3), 3),
            ((Active, Open, true, 2), 3),
        ] {
            assert_eq!(deployer(row.0, row.1, row.2, row.3), expected, "{row:?}");
        }
        // Row by row as published: KEV, exposed, automatable, total.
        let rows = [
            "nnnn 0", "ynnn 2", "nynn 1", "nnyn 1", "nnnt 0", "yynn 2", "ynyn 2", "nyyn 2",
            "ynnt 2", "nynt 2", "nnyt 1", "yyyn 3", "yynt 4", "ynyt 4", "nyyt 3", "yyyt 4",
        ];
        for row in rows {
            let b = row.as_bytes();
            let got = bod_26_04(b[0] == b'y', b[1] == b'y', b[2] == b'y', b[3] == b't');
            assert_eq!(got, b[5] - b'0', "{row}");
        }
    }
}
