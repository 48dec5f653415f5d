//! When support of operating systems ends.
//!
//! Days are the last of the publisher's security updates for everybody; paid extensions and long-term editions, which cannot be told
//! apart on the wire, are left out: "Windows 10" with LTSC or IoT in its name is not decided. Sources: Microsoft Lifecycle, Ubuntu,
//! Debian, CentOS and Red Hat life cycle pages.

/// An operating system whose support ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndOfLife {
    /// Name for people.
    pub name: &'static str,
    /// Day of the end, `YYYY-MM-DD`.
    pub day: &'static str,
    /// That day, epoch milliseconds.
    pub ended_ms: i64,
}

/// Name, the texts that mean it (lower case; the first that stands in a statement decides, so longer names come first), day.
const TABLE: &[(&str, &[&str], &str)] = &[
    ("Windows NT 4.0", &["windows nt 4"], "2004-12-31"),
    ("Windows 98", &["windows 98"], "2006-07-11"),
    (
        "Windows 2000",
        &["windows 2000", "windows nt 5.0", "windows 5.0"],
        "2010-07-13",
    ),
    (
        "Windows Server 2003",
        &[
            "windows server 2003",
            "windows 2003",
            "windows nt 5.2",
            "windows 5.2",
        ],
        "2015-07-14",
    ),
    (
        "Windows Embedded Standard 2009",
        &["windows embedded standard 2009", "posready 2009"],
        "2019-04-09",
    ),
    (
        "Windows XP",
        &["windows xp", "windows nt 5.1", "windows 5.1"],
        "2014-04-08",
    ),
    (
        "Windows Server 2008 R2",
        &["windows server 2008 r2", "windows 2008 r2"],
        "2020-01-14",
    ),
    (
        "Windows Server 2008",
        &["windows server 2008", "windows 2008"],
        "2020-01-14",
    ),
    (
        "Windows Vista",
        &["windows vista", "windows nt 6.0", "windows 6.0"],
        "2017-04-11",
    ),
    (
        "Windows Embedded Standard 7",
        &["windows embedded standard 7"],
        "2020-10-13",
    ),
    (
        "Windows 7",
        &["windows 7", "windows nt 6.1", "windows 6.1"],
        "2020-01-14",
    ),
    (
        "Windows Server 2012",
        &["windows server 2012", "windows 2012"],
        "2023-10-10",
    ),
    (
        "Windows 8.1",
        &["windows 8.1", "windows nt 6.3", "windows 6.3"],
        "2023-01-10",
    ),
    (
        "Windows 8",
        &["windows 8", "windows nt 6.2", "windows 6.2"],
        "2016-01-12",
    ),
    (
        "Windows Server 2016",
        &["windows server 2016"],
        "2027-01-12",
    ),
    ("Windows 10", &["windows 10"], "2025-10-14"),
    (
        "Windows CE",
        &["windows ce", "windows embedded compact"],
        "2023-10-10",
    ),
    ("Ubuntu 14.04", &["ubuntu 14.04"], "2019-04-25"),
    ("Ubuntu 16.04", &["ubuntu 16.04"], "2021-04-30"),
    ("Ubuntu 18.04", &["ubuntu 18.04"], "2023-05-31"),
    ("Ubuntu 20.04", &["ubuntu 20.04"], "2025-05-31"),
    ("Debian 8", &["debian 8", "jessie"], "2020-06-30"),
    ("Debian 9", &["debian 9", "stretch"], "2022-06-30"),
    ("Debian 10", &["debian 10", "buster"], "2024-06-30"),
    ("CentOS 6", &["centos 6", "centos release 6"], "2020-11-30"),
    (
        "CentOS 7",
        &["centos 7", "centos linux 7", "centos linux release 7"],
        "2024-06-30",
    ),
    ("CentOS 8", &["centos 8", "centos linux 8"], "2021-12-31"),
    (
        "Red Hat Enterprise Linux 6",
        &["enterprise linux 6", "rhel 6", "rhel6"],
        "2020-11-30",
    ),
    (
        "Red Hat Enterprise Linux 7",
        &["enterprise linux 7", "rhel 7", "rhel7"],
        "2024-06-30",
    ),
];

/// Editions with a longer life than the name says.
const LONGER: [&str; 4] = ["ltsc", "ltsb", "iot", "esm"];

/// Whether a name stands in a text as a whole: "windows 7" not in "windows 70".
fn stands(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(place, _)| {
        let after = text.get(place.saturating_add(name.len())..).unwrap_or("");
        let before = text.get(..place).unwrap_or("");
        let cut = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        cut(after.chars().next()) && cut(before.chars().next_back())
    })
}

/// The end of support of the operating system that a statement names; `None` where it names none of the table, or an edition whose
/// end differs.
#[must_use]
pub fn end_of_life(statement: &str) -> Option<EndOfLife> {
    let mut text: String = statement
        .chars()
        .take(512)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    for (from, to) in [
        ("windows version", "windows"),
        ("(r)", ""),
        ("®", ""),
        ("microsoft ", ""),
    ] {
        text = text.replace(from, to);
    }
    if LONGER.iter().any(|edition| stands(&text, edition)) {
        return None;
    }
    let (name, _, day) = TABLE
        .iter()
        .find(|(_, names, _)| names.iter().any(|name| stands(&text, name)))?;
    // Supported until the end of that day.
    let ended_ms = crate::version::millis(day)?.saturating_add(86_400_000);
    Some(EndOfLife {
        name,
        day,
        ended_ms,
    })
}
