//! The present site as a document: what a followed site would be written as.

use crate::assessor::Assessor;
use crate::document::{ConversationEntry, Document, FORMAT, LinkEntry, SegmentEntry};

impl Assessor {
    /// The site as it is now, in the exchange format, every list in the order of its names. Its policy is not in it.
    pub fn document(&self) -> Document {
        let graph = &self.graph;
        let mut conversations = Vec::new();
        for slot in graph.device_by_id.values() {
            let client = graph.device(*slot);
            for talk in &client.out {
                conversations.push(ConversationEntry {
                    client: client.id.to_string(),
                    server: graph.device(talk.peer).id.to_string(),
                    service: graph.services[talk.service as usize].0.to_string(),
                    days_seen: talk.days_seen,
                    days_since: talk.days_since,
                    bytes: talk.bytes,
                    clinical: talk.clinical,
                });
            }
        }
        let mut segment_links: Vec<LinkEntry> = graph
            .links
            .iter()
            .filter_map(|link| {
                let (evidence, days_since) = link.stated?;
                let group = &graph.groups[link.group as usize];
                Some(LinkEntry {
                    from: graph.segments[link.from as usize].id.to_string(),
                    to: graph.segments[group.segment as usize].id.to_string(),
                    service: graph.services[group.service as usize].0.to_string(),
                    evidence,
                    days_since,
                })
            })
            .collect();
        segment_links
            .sort_by(|a, b| (&a.from, &a.to, &a.service).cmp(&(&b.from, &b.to, &b.service)));
        Document {
            format: FORMAT.to_owned(),
            site: self.name.clone(),
            time: self.time.clone(),
            segments: graph
                .segment_by_id
                .keys()
                .map(|id| SegmentEntry { id: id.to_string() })
                .collect(),
            vulnerabilities: graph
                .weaknesses
                .iter()
                .map(|weakness| (weakness.id.to_string(), weakness.known.clone()))
                .collect(),
            devices: graph
                .device_by_id
                .values()
                .map(|slot| graph.device(*slot).entry.clone())
                .collect(),
            conversations,
            segment_links,
            // A control outlives the device it names, for when that comes back; a document speaks of present devices only.
            controls: graph
                .controls
                .iter()
                .filter(|(device, _)| {
                    device.is_empty() || graph.device_by_id.contains_key(device.as_str())
                })
                .flat_map(|(_, controls)| controls.iter().cloned())
                .collect(),
            decisions: graph
                .decisions
                .iter()
                .filter(|decision| graph.device_by_id.contains_key(decision.device.as_str()))
                .cloned()
                .collect(),
            policy: None,
        }
    }
}
