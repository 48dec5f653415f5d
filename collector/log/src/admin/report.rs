//! What is said about the topics.

use std::fmt;

use crate::topics::Topic;

/// One thing about a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// It was created.
    Created,
    /// It does not exist.
    Missing,
    /// It has these partitions and should have those.
    Partitions {
        /// As it is.
        is: u32,
        /// As planned.
        planned: u32,
        /// Whether that was put right.
        applied: bool,
        /// Why not, where it cannot be.
        reason: Option<String>,
    },
    /// A setting differs.
    Setting {
        /// Kafka's name of it.
        name: String,
        /// As it is.
        is: String,
        /// As planned.
        planned: String,
        /// Whether that was put right.
        applied: bool,
    },
    /// It has this many copies, and should have those. Kafka moves copies by reassignment only.
    Replication {
        /// As it is.
        is: u32,
        /// As planned.
        planned: u32,
    },
    /// The cluster refused.
    Refused(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => f.write_str("created"),
            Self::Missing => f.write_str("missing"),
            Self::Partitions {
                is,
                planned,
                applied,
                reason,
            } => {
                let done = if *applied { ", now" } else { ", should be" };
                write!(f, "partitions: was {is}{done} {planned}")?;
                match reason {
                    Some(reason) => write!(f, " ({reason})"),
                    None => Ok(()),
                }
            }
            Self::Setting {
                name,
                is,
                planned,
                applied,
            } => {
                let done = if *applied { ", now" } else { ", should be" };
                write!(f, "{name}: was {is}{done} {planned}")
            }
            Self::Replication { is, planned } => write!(
                f,
                "copies: {is}, should be {planned} (use kafka-reassign-partitions.sh)"
            ),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
        }
    }
}

/// One topic's line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicReport {
    /// Which.
    pub topic: Topic,
    /// Its full name.
    pub name: String,
    /// What there is to say; empty: as planned.
    pub findings: Vec<Finding>,
}

impl TopicReport {
    /// Whether the topic is now as planned.
    #[must_use]
    pub fn as_planned(&self) -> bool {
        self.findings.iter().all(|finding| match finding {
            Finding::Created => true,
            Finding::Partitions { applied, .. } | Finding::Setting { applied, .. } => *applied,
            _ => false,
        })
    }
}
