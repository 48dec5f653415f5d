//! Groups and links between segments.

use crate::coin;
use crate::document::LinkEvidence;
use crate::graph::{Age, Graph, Group, Link};

impl Graph {
    /// Slot of a group.
    pub(crate) fn group(&mut self, segment: u32, service: u32) -> u32 {
        if let Some(slot) = self.group_by_name.get(&(segment, service)) {
            return *slot;
        }
        let slot = self.groups.len() as u32;
        self.groups.push(Group {
            segment,
            service,
            key: coin::join(
                self.segments[segment as usize].key,
                self.services[service as usize].1,
            ),
            offers: 0,
            ring: Vec::new(),
            links: Vec::new(),
        });
        self.group_by_name.insert((segment, service), slot);
        slot
    }

    fn link(&mut self, from: u32, group: u32) -> u32 {
        if let Some(slot) = self.link_by_name.get(&(from, group)) {
            return *slot;
        }
        let slot = self.links.len() as u32;
        self.links.push(Link {
            from,
            group,
            key: coin::join(
                self.segments[from as usize].key,
                self.groups[group as usize].key,
            ),
            stated: None,
            used: 0,
            left: 1.0,
        });
        self.link_by_name.insert((from, group), slot);
        self.apply_link_control(slot);
        slot
    }

    /// States what is known about a link, or forgets it.
    pub(crate) fn set_link(
        &mut self,
        from: &str,
        to: &str,
        service: &str,
        stated: Option<(LinkEvidence, u32)>,
    ) -> u32 {
        let (from, to) = (self.segment(from), self.segment(to));
        let service = self.service(service);
        let group = self.group(to, service);
        let link = self.link(from, group);
        self.links[link as usize].stated = stated;
        self.stir.groups.insert(group);
        self.stir.links.insert(link);
        self.list_link(link);
        link
    }

    /// Counts a conversation between two segments in (+1) or out (-1).
    pub(crate) fn use_link(
        &mut self,
        client: u32,
        server: u32,
        service: u32,
        days_since: u32,
        by: i32,
    ) {
        let (client, server) = (self.device(client), self.device(server));
        let (from, to) = (client.segment, server.segment);
        let both = client.active && server.active;
        if from == to || !both || self.age(days_since) == Age::Forgotten {
            return;
        }
        let group = self.group(to, service);
        let link = self.link(from, group);
        let used = &mut self.links[link as usize].used;
        let before = *used;
        *used = used.saturating_add_signed(by);
        if (before == 0) != (*used == 0) {
            self.stir.groups.insert(group);
            self.stir.links.insert(link);
            self.list_link(link);
        }
    }

    /// Keeps the link in its two lists exactly while it is there.
    fn list_link(&mut self, slot: u32) {
        let link = &self.links[slot as usize];
        let (key, there) = (link.key, link.there());
        let (from, group) = (link.from as usize, link.group as usize);
        for list in [
            &mut self.segments[from].links,
            &mut self.groups[group].links,
        ] {
            match list.binary_search(&(key, slot)) {
                Ok(at) if !there => {
                    list.remove(at);
                }
                Err(at) if there => list.insert(at, (key, slot)),
                _ => continue,
            }
            self.stir.segments.insert(from as u32);
        }
    }
}
