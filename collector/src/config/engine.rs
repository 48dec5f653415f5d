//! What the engine is told.

use std::time::Duration;

use auscult_inventory::Policy;
use auscult_process::Section;

use crate::engine::run::Pace;

/// Most engine threads of one process.
const MEMBERS: u32 = 16;
/// Most of them unless more are asked for.
const USUAL_MEMBERS: u32 = 4;

/// The engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineConfig {
    /// Unique among running engines and stable over restarts.
    pub member: String,
    /// Threads, each a member of the group.
    pub members: u32,
    /// When transactions are closed.
    pub pace: Pace,
    /// The inventory's times and bounds.
    pub policy: Policy,
    /// Sites are assessed beside the fold, and findings told.
    pub findings: bool,
}

/// Reads `[engine]`.
pub(super) fn read(section: &mut Section<'_>, embedded: bool) -> EngineConfig {
    let member = section.string("member").unwrap_or_else(host_name);
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if member.is_empty() || member.len() > 128 || !member.bytes().all(valid) {
        section.fault(
            "member",
            "is not a name of 1 to 128 characters of a-z, A-Z, 0-9, '-', '.' and '_'; write the pod's or the host's name",
        );
    }
    let usual = Pace::default();
    let millisecond = Duration::from_millis(1);
    let pace = Pace {
        observations: section.integer_or("commit_observations", usual.observations, 1..=1_000_000),
        delay: section.duration_within(
            "commit_within",
            "30ms",
            millisecond..=Duration::from_secs(10),
        ),
        ..usual
    };
    EngineConfig {
        member,
        members: members(section, embedded),
        pace,
        policy: policy(section),
        findings: section.boolean_or("findings", true),
    }
}

/// One thread a core, as far as that is worth it. The log on disk has room for one engine only.
fn members(section: &mut Section<'_>, embedded: bool) -> u32 {
    if embedded {
        let members = section.integer_or("members", 1, 1..=MEMBERS);
        if members > 1 {
            section.fault(
                "members",
                "is more than 1 without [kafka]; the log on disk has room for one engine",
            );
        }
        return members;
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let usual = u32::try_from(cores)
        .unwrap_or(USUAL_MEMBERS)
        .min(USUAL_MEMBERS);
    section.integer_or("members", usual, 1..=MEMBERS)
}

fn policy(section: &mut Section<'_>) -> Policy {
    let minute = Duration::from_secs(60);
    let year = minute * 60 * 24 * 365;
    let mut millis = |key: &str, default: &str| {
        let duration = section.duration_within(key, default, minute..=year * 10);
        i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
    };
    let mut policy = Policy::default();
    policy.idle_after = millis("idle_after", "1d");
    policy.gone_after = millis("gone_after", "7d");
    policy.ephemeral_gone_after = millis("ephemeral_gone_after", "1d");
    policy.forget_after = millis("forget_after", "90d");
    policy.republish_after = millis("republish_after", "1h");
    policy.conversation_forget_after = millis("conversation_forget_after", "7d");
    policy.clock_ahead = millis("clock_ahead", "1h");
    policy.devices = section.integer_or("devices", policy.devices, 1..=10_000_000);
    policy.conversations =
        section.integer_or("conversations", policy.conversations, 1..=10_000_000);
    if policy.gone_after < policy.idle_after {
        section.fault(
            "gone_after",
            "is shorter than `idle_after`; a device is idle before it is gone",
        );
    }
    if policy.forget_after < policy.gone_after {
        section.fault(
            "forget_after",
            "is shorter than `gone_after`; a device is gone before it is forgotten",
        );
    }
    policy
}

fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}
