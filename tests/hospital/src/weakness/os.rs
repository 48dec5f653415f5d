//! Flaws that come with the operating system, and how old their fixes are.

use crate::kind::Os;

/// A flaw of an operating system.
#[derive(Clone, Copy, Debug)]
pub struct OsFlaw {
    /// CVE id in the reference table.
    pub id: &'static str,
    /// Service; empty for a local flaw, `*` for one in the network stack, reached through any service.
    pub service: &'static str,
    /// Years since the fix came out, seen from late 2026. A device last patched longer ago than that has the flaw.
    pub fixed: f64,
}

const fn f(id: &'static str, service: &'static str, fixed: f64) -> OsFlaw {
    OsFlaw { id, service, fixed }
}

const SMB: &str = "tcp/445";
const RDP: &str = "tcp/3389";
const RPC: &str = "tcp/135";
const SSH: &str = "tcp/22";

const WINDOWS_XP: &[OsFlaw] = &[
    f("CVE-2008-4250", SMB, 18.1),
    f("CVE-2017-0144", SMB, 9.5),
    f("CVE-2019-0708", RDP, 7.5),
];

const WINDOWS7: &[OsFlaw] = &[
    f("CVE-2017-0144", SMB, 9.7),
    f("CVE-2017-8543", SMB, 9.4),
    f("CVE-2019-0708", RDP, 7.5),
    f("CVE-2016-7255", "", 10.0),
    f("CVE-2015-1635", "tcp/80", 11.6),
    f("CVE-2021-34527", SMB, 5.4),
    f("CVE-2021-36934", "", 5.3),
];

const WINDOWS10_IOT: &[OsFlaw] = &[
    f("CVE-2017-0144", SMB, 9.7),
    f("CVE-2019-1182", RDP, 7.3),
    f("CVE-2020-0601", "tcp/443", 6.8),
    f("CVE-2020-0796", SMB, 6.7),
    f("CVE-2021-34527", SMB, 5.4),
    f("CVE-2021-36934", "", 5.3),
    f("CVE-2022-26809", RPC, 4.6),
    f("CVE-2023-28252", "", 3.6),
];

const WINDOWS_CLIENT: &[OsFlaw] = &[
    f("CVE-2021-34527", SMB, 5.4),
    f("CVE-2022-26809", RPC, 4.6),
    f("CVE-2022-37969", "", 4.2),
    f("CVE-2023-28252", "", 3.6),
    f("CVE-2023-36884", "", 3.3),
    f("CVE-2024-30088", "", 2.4),
    f("CVE-2025-29824", "", 1.6),
    f("CVE-2025-33073", SMB, 1.4),
];

const SERVER2008: &[OsFlaw] = &[
    f("CVE-2017-0144", SMB, 9.7),
    f("CVE-2019-0708", RDP, 7.5),
    f("CVE-2016-7255", "", 10.0),
    f("CVE-2021-34527", SMB, 5.4),
    f("CVE-2022-26809", RPC, 4.6),
];

const SERVER2012: &[OsFlaw] = &[
    f("CVE-2017-0144", SMB, 9.7),
    f("CVE-2019-1182", RDP, 7.3),
    f("CVE-2021-34527", SMB, 5.4),
    f("CVE-2022-26809", RPC, 4.6),
    f("CVE-2023-21554", "tcp/1801", 3.6),
    f("CVE-2023-28252", "", 3.6),
    f("CVE-2024-30088", "", 2.4),
];

const SERVER2019: &[OsFlaw] = &[
    f("CVE-2021-34527", SMB, 5.4),
    f("CVE-2022-26809", RPC, 4.6),
    f("CVE-2023-28252", "", 3.6),
    f("CVE-2024-30088", "", 2.4),
    f("CVE-2025-29824", "", 1.6),
    f("CVE-2025-33073", SMB, 1.4),
    f("CVE-2025-59287", "tcp/8530", 1.1),
];

const LINUX_EMBEDDED: &[OsFlaw] = &[
    f("CVE-2014-0160", "tcp/443", 12.6),
    f("CVE-2014-6271", "tcp/80", 12.1),
    f("CVE-2016-2183", "tcp/443", 10.2),
    f("CVE-2017-7494", SMB, 9.5),
    f("CVE-2018-15473", SSH, 8.3),
    f("CVE-2019-11479", "*", 7.4),
    f("CVE-2021-3156", "", 5.8),
    f("CVE-2022-0847", "", 4.7),
    f("CVE-2024-6387", SSH, 2.4),
];

const LINUX_SERVER: &[OsFlaw] = &[
    f("CVE-2018-15473", SSH, 8.3),
    f("CVE-2021-3156", "", 5.8),
    f("CVE-2021-4034", "", 4.8),
    f("CVE-2024-1086", "", 2.8),
    f("CVE-2024-6387", SSH, 2.4),
];

const VX_WORKS: &[OsFlaw] = &[
    f("CVE-2019-12256", "*", 7.3),
    f("CVE-2019-12255", "*", 7.3),
    f("CVE-2019-12260", "*", 7.3),
    f("CVE-2019-12261", "*", 7.3),
    f("CVE-2019-12263", "*", 7.3),
];

const TINY_STACK: &[OsFlaw] = &[f("CVE-2020-11896", "*", 6.4), f("CVE-2020-11901", "*", 6.4)];

/// The flaws of an operating system that a scanner commonly lists and an attacker uses.
#[must_use]
pub const fn flaws(os: Os) -> &'static [OsFlaw] {
    match os {
        Os::WindowsXp => WINDOWS_XP,
        Os::Windows7 => WINDOWS7,
        Os::Windows10Iot => WINDOWS10_IOT,
        Os::WindowsClient => WINDOWS_CLIENT,
        Os::Server2008 => SERVER2008,
        Os::Server2012 => SERVER2012,
        Os::Server2019 => SERVER2019,
        Os::LinuxEmbedded => LINUX_EMBEDDED,
        Os::LinuxServer => LINUX_SERVER,
        Os::VxWorks => VX_WORKS,
        Os::TinyStack => TINY_STACK,
        Os::Rtos | Os::NetworkOs | Os::Android | Os::Apple => &[],
    }
}

/// Whether a flaw is one of a component that not every installation has (Samba, OpenSSL, OpenSSH, a web server's shell on Linux): nobody
/// lists it for the operating system alone. Windows ships its components, and NVD ranges name the operating system.
#[must_use]
pub fn in_component(os: Os, flaw: &OsFlaw) -> bool {
    matches!(os, Os::LinuxEmbedded | Os::LinuxServer) && !matches!(flaw.service, "" | "*")
}

/// Median years since the last patch, for devices that the hospital patches and for those it may not touch, and the spread of the
/// logarithm. End-of-life systems cannot be younger than their last patch.
#[must_use]
pub const fn patch_age(os: Os, managed: bool) -> (f64, f64) {
    match os {
        Os::WindowsXp => (10.0, 0.25),
        Os::Windows7 => (6.5, 0.4),
        Os::Server2008 => (6.5, 0.35),
        Os::Server2012 if managed => (2.2, 0.8),
        Os::Server2012 => (5.0, 0.6),
        _ if managed => (0.2, 1.2),
        Os::VxWorks | Os::TinyStack | Os::Rtos => (6.5, 0.5),
        _ => (3.5, 0.7),
    }
}
