//! The sensor about itself: one health observation for each capture point, in the same stream as everything else.

use std::collections::BTreeMap;
use std::time::Duration;

use auscult_link::LinkStatus;
use auscult_proto::HealthState;
use auscult_proto::ids::CapturePoint;
use auscult_proto::observation::{Body, Health, Millis, Observation, Origin};
use auscult_spool::Status as SpoolStatus;

use crate::config::HealthConfig;
use crate::point::Figures;

/// One-way traffic is worth a word from this share of this many TCP conversations.
const ONE_WAY_PER_MILLE: u32 = 500;
const ONE_WAY_CONVERSATIONS: u64 = 20;
/// Kernel drops are worth a word from one frame in so many.
const DROPPED_ONE_IN: u64 = 1000;

/// Everything a health observation is made of.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The capture point.
    pub figures: &'a Figures,
    /// The disk queue.
    pub spool: Option<&'a SpoolStatus>,
    /// The link.
    pub link: &'a LinkStatus,
    /// How long the sensor has been listening.
    pub listening: Duration,
    /// Resident memory of the process.
    pub resident: u64,
    /// What time it is.
    pub now: Millis,
}

/// Judges capture points; remembers the last totals, because drops of long ago are no news.
#[derive(Debug)]
pub struct Reporter {
    config: HealthConfig,
    last: BTreeMap<CapturePoint, (u64, u64)>,
}

impl Reporter {
    /// A reporter that worries as configured.
    #[must_use]
    pub fn new(config: HealthConfig) -> Self {
        Self {
            config,
            last: BTreeMap::new(),
        }
    }

    /// The worst that can be said; losing frames comes before everything else.
    pub fn judge(&mut self, point: &CapturePoint, situation: &Situation<'_>) -> HealthState {
        let Situation {
            figures,
            spool,
            link,
            listening,
            now,
            ..
        } = *situation;
        let dropped = figures
            .dropped_by_kernel
            .saturating_add(figures.dropped_by_interface);
        let (packets_before, dropped_before) = self
            .last
            .insert(point.clone(), (figures.packets, dropped))
            .unwrap_or((0, 0));
        let packets = figures.packets.saturating_sub(packets_before);
        let dropped = dropped.saturating_sub(dropped_before);
        let silent = match figures.last_frame {
            Some(last) => age(last, now) >= millis(self.config.no_traffic_after),
            None => listening >= self.config.no_traffic_after,
        };
        let coverage = &figures.coverage;
        let one_way = coverage.tcp_conversations >= ONE_WAY_CONVERSATIONS
            && coverage.one_way_per_mille >= ONE_WAY_PER_MILLE;
        let high =
            spool.is_some_and(|spool| spool.parked.is_some() || spool.bytes / 4 >= spool.limit / 5);
        let expiring = link.certificate_not_after_ms.is_some_and(|end| {
            age(crate::clock::wall_ms(), end) < millis(self.config.certificate_warning)
        });
        let states = [
            (
                dropped > 0 && dropped.saturating_mul(DROPPED_ONE_IN) >= packets,
                HealthState::CaptureDrops,
            ),
            (silent, HealthState::NoTraffic),
            (one_way, HealthState::OneWayTraffic),
            (high, HealthState::SpoolHigh),
            (
                offset(link).unsigned_abs() > millis(self.config.clock_skew),
                HealthState::ClockSkew,
            ),
            (expiring, HealthState::CertExpiring),
        ];
        let worst = states.into_iter().find(|(holds, _)| *holds);
        worst.map_or(HealthState::Ok, |(_, state)| state)
    }
}

/// A health observation in this state, judged or announced (started, stopped).
#[must_use]
pub fn observation(
    point: &CapturePoint,
    situation: Situation<'_>,
    state: HealthState,
) -> Observation {
    let Situation {
        figures,
        spool,
        link,
        resident,
        now,
        ..
    } = situation;
    let now = now.max(0);
    let oldest = spool.and_then(|spool| spool.oldest_ms);
    let health = Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        state,
        packets: figures.packets,
        bytes: figures.bytes,
        dropped_by_kernel: figures.dropped_by_kernel,
        dropped_by_interface: figures.dropped_by_interface,
        frames_undecoded: figures.undecoded,
        facts_emitted: figures.facts_emitted,
        values_dropped: figures.values_dropped,
        table_evictions: figures.evictions,
        spool_bytes: spool.map_or(0, |spool| spool.bytes),
        spool_limit_bytes: spool.map_or(0, |spool| spool.limit),
        oldest_unsent_ms: oldest.map_or(0, |oldest| age(oldest, crate::clock::wall_ms())),
        clock_offset_ms: offset(link),
        rss_bytes: resident,
        one_way_per_mille: figures.coverage.one_way_per_mille,
        no_l2_control: !figures.coverage.l2_control,
        silent_vlans: figures.coverage.silent_vlans.clone(),
        cert_not_after: link.certificate_not_after_ms.unwrap_or(0),
    };
    Observation {
        first_seen: now,
        last_seen: now,
        count: 1,
        origin: Origin {
            capture_point: point.clone(),
            vlans: Vec::new(),
            vni: None,
            erspan_session: None,
        },
        body: Body::Health(Box::new(health)),
    }
}

/// Our clock minus the collector's.
fn offset(link: &LinkStatus) -> i64 {
    link.clock_offset_ms.map_or(0, i64::saturating_neg)
}

fn age(then: Millis, now: Millis) -> u64 {
    u64::try_from(now.saturating_sub(then)).unwrap_or(0)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::Coverage;

    fn config() -> HealthConfig {
        HealthConfig {
            interval: Duration::from_secs(30),
            no_traffic_after: Duration::from_secs(60),
            certificate_warning: Duration::from_secs(86_400),
            clock_skew: Duration::from_secs(5),
        }
    }

    fn state(figures: &Figures, link: &LinkStatus) -> HealthState {
        let situation = Situation {
            figures,
            spool: None,
            link,
            listening: Duration::from_secs(3600),
            resident: 0,
            now: 1_000_000,
        };
        Reporter::new(config()).judge(&"span0".parse().unwrap(), &situation)
    }

    fn busy() -> Figures {
        Figures {
            packets: 100_000,
            last_frame: Some(999_000),
            now: 1_000_000,
            ..Figures::default()
        }
    }

    #[test]
    fn each_trouble_has_its_state() {
        let link = LinkStatus::default();
        assert_eq!(state(&busy(), &link), HealthState::Ok);
        assert_eq!(
            state(
                &Figures {
                    last_frame: Some(900_000),
                    ..busy()
                },
                &link
            ),
            HealthState::NoTraffic
        );
        assert_eq!(
            state(
                &Figures {
                    last_frame: None,
                    ..busy()
                },
                &link
            ),
            HealthState::NoTraffic
        );
        assert_eq!(
            state(
                &Figures {
                    dropped_by_kernel: 99,
                    ..busy()
                },
                &link
            ),
            HealthState::Ok
        );
        assert_eq!(
            state(
                &Figures {
                    dropped_by_kernel: 100,
                    ..busy()
                },
                &link
            ),
            HealthState::CaptureDrops
        );
        let coverage = Coverage {
            tcp_conversations: 20,
            one_way_per_mille: 500,
            ..Coverage::default()
        };
        assert_eq!(
            state(&Figures { coverage, ..busy() }, &link),
            HealthState::OneWayTraffic
        );
        let skewed = LinkStatus {
            clock_offset_ms: Some(-5001),
            ..LinkStatus::default()
        };
        assert_eq!(state(&busy(), &skewed), HealthState::ClockSkew);
        let tomorrow = crate::clock::wall_ms() + 80_000_000;
        let expiring = LinkStatus {
            certificate_not_after_ms: Some(tomorrow),
            ..LinkStatus::default()
        };
        assert_eq!(state(&busy(), &expiring), HealthState::CertExpiring);
    }

    #[test]
    fn a_capture_point_is_not_silent_before_it_has_listened_for_so_long() {
        let (point, link) = ("span0".parse().unwrap(), LinkStatus::default());
        let figures = Figures::default();
        let after = |seconds| {
            let situation = Situation {
                figures: &figures,
                spool: None,
                link: &link,
                listening: Duration::from_secs(seconds),
                resident: 0,
                now: 1_000_000,
            };
            Reporter::new(config()).judge(&point, &situation)
        };
        assert_eq!(after(59), HealthState::Ok);
        assert_eq!(after(60), HealthState::NoTraffic);
    }

    #[test]
    fn drops_of_an_earlier_interval_are_no_news() {
        let mut reporter = Reporter::new(config());
        let (point, link) = ("span0".parse().unwrap(), LinkStatus::default());
        let mut judge = |figures: &Figures| {
            let situation = Situation {
                figures,
                spool: None,
                link: &link,
                listening: Duration::from_secs(3600),
                resident: 0,
                now: 1_000_000,
            };
            reporter.judge(&point, &situation)
        };
        let dropping = Figures {
            dropped_by_kernel: 5000,
            ..busy()
        };
        assert_eq!(judge(&dropping), HealthState::CaptureDrops);
        let after = Figures {
            packets: 200_000,
            ..dropping
        };
        assert_eq!(judge(&after), HealthState::Ok);
    }

    #[test]
    fn the_clock_offset_is_ours_minus_the_collectors() {
        let link = LinkStatus {
            clock_offset_ms: Some(1500),
            ..LinkStatus::default()
        };
        assert_eq!(offset(&link), -1500);
    }
}
