//! A bounded table: constant-time lookup, a list by last use and queues of reports to come, no order that depends on a hash.
//!
//! Slots grow by doubling up to the limit and are then reused from the least recently used end, so memory follows use and has a
//! hard bound. The intrusive lists cost 16 bytes a slot and nothing per operation on the allocator. Each queue holds entries that wait
//! equally long, so that its first is the next one due.

const NIL: u32 = u32::MAX;

/// How many queues a table has.
pub(super) const QUEUES: usize = 4;
/// Of a slot that is in no queue.
const NO_QUEUE: u8 = u8::MAX;

/// Position of an entry; valid until the entry is evicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Index(u32);

#[derive(Debug, Clone, Copy)]
struct Link {
    previous: u32,
    next: u32,
}

const UNLINKED: Link = Link {
    previous: NIL,
    next: NIL,
};

#[derive(Debug, Clone, Copy)]
struct List {
    first: u32,
    last: u32,
}

const EMPTY: List = List {
    first: NIL,
    last: NIL,
};

#[derive(Debug)]
struct Slot<K, V> {
    key: K,
    value: V,
    hash: u32,
    used: Link,
    due: Link,
    queue: u8,
}

/// What [`Table::entry`] found or made.
#[derive(Debug)]
pub(super) struct Found<K, V> {
    pub(super) index: Index,
    /// The key was not in the table before.
    pub(super) new: bool,
    /// Who had to leave.
    pub(super) evicted: Option<(K, V)>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    slots: Vec<Slot<K, V>>,
    buckets: Vec<u32>,
    limit: usize,
    used: List,
    due: [List; QUEUES],
}

impl<K: Copy + Eq, V> Table<K, V> {
    /// A table of at most `limit` entries (at least one).
    pub(super) fn new(limit: usize) -> Self {
        Self {
            slots: Vec::new(),
            buckets: vec![NIL; 64],
            limit: limit.clamp(1, 1 << 30),
            used: EMPTY,
            due: [EMPTY; QUEUES],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Memory of one entry in bytes, its share of the index included: at most four places of the index for each.
    #[cfg(test)]
    pub(super) const fn entry_bytes() -> usize {
        size_of::<Slot<K, V>>() + 4 * size_of::<u32>()
    }

    /// Finds the entry without touching its place in the lists.
    pub(super) fn find(&self, key: &K, hash: u64) -> Option<Index> {
        self.bucket_of(key, short(hash))
            .map(|bucket| Index(self.buckets[bucket]))
    }

    /// Finds or makes the entry and marks it as used last.
    pub(super) fn entry(&mut self, key: K, hash: u64, make: impl FnOnce() -> V) -> Found<K, V> {
        let hash = short(hash);
        if let Some(bucket) = self.bucket_of(&key, hash) {
            let at = self.buckets[bucket];
            self.touch(at);
            return Found {
                index: Index(at),
                new: false,
                evicted: None,
            };
        }
        let (at, evicted) = if self.slots.len() < self.limit {
            (self.push(key, make(), hash), None)
        } else {
            let (at, old) = self.replace_oldest(key, make(), hash);
            (at, Some(old))
        };
        self.occupy(at, hash);
        self.link_used(at);
        Found {
            index: Index(at),
            new: true,
            evicted,
        }
    }

    pub(super) fn key(&self, index: Index) -> &K {
        &self.slots[to_usize(index.0)].key
    }

    pub(super) fn value(&self, index: Index) -> &V {
        &self.slots[to_usize(index.0)].value
    }

    pub(super) fn value_mut(&mut self, index: Index) -> &mut V {
        &mut self.slots[to_usize(index.0)].value
    }

    /// Puts the entry last in a queue; it leaves the one it was in.
    pub(super) fn queue(&mut self, index: Index, queue: u8) {
        self.unqueue(index);
        let Some(list) = self.due.get_mut(usize::from(queue)) else {
            return;
        };
        let last = std::mem::replace(&mut list.last, index.0);
        if last == NIL {
            list.first = index.0;
        }
        let slot = &mut self.slots[to_usize(index.0)];
        slot.queue = queue;
        slot.due = Link {
            previous: last,
            next: NIL,
        };
        if let Some(before) = self.slots.get_mut(to_usize(last)) {
            before.due.next = index.0;
        }
    }

    /// The queue the entry is in.
    pub(super) fn queue_of(&self, index: Index) -> Option<u8> {
        let queue = self.slots[to_usize(index.0)].queue;
        (queue != NO_QUEUE).then_some(queue)
    }

    /// The first of a queue.
    pub(super) fn first(&self, queue: u8) -> Option<Index> {
        let list = self.due.get(usize::from(queue))?;
        (list.first != NIL).then_some(Index(list.first))
    }

    /// Takes the entry out of its queue.
    pub(super) fn unqueue(&mut self, index: Index) {
        let slot = &mut self.slots[to_usize(index.0)];
        let queue = std::mem::replace(&mut slot.queue, NO_QUEUE);
        let Some(list) = self.due.get_mut(usize::from(queue)) else {
            return;
        };
        let link = std::mem::replace(&mut slot.due, UNLINKED);
        match self.slots.get_mut(to_usize(link.previous)) {
            Some(before) => before.due.next = link.next,
            None => list.first = link.next,
        }
        match self.slots.get_mut(to_usize(link.next)) {
            Some(after) => after.due.previous = link.previous,
            None => list.last = link.previous,
        }
    }

    /// The entry at a place between 0 and [`Table::len`]: the order in which slots were first filled.
    pub(super) fn at(&self, place: usize) -> Option<Index> {
        let index = u32::try_from(place).ok().map(Index);
        index.filter(|_| place < self.slots.len())
    }

    fn bucket_of(&self, key: &K, hash: u32) -> Option<usize> {
        let mask = self.buckets.len() - 1;
        let mut bucket = to_usize(hash) & mask;
        loop {
            let at = self.buckets[bucket];
            if at == NIL {
                return None;
            }
            let slot = &self.slots[to_usize(at)];
            if slot.hash == hash && slot.key == *key {
                return Some(bucket);
            }
            bucket = (bucket + 1) & mask;
        }
    }

    fn push(&mut self, key: K, value: V, hash: u32) -> u32 {
        // Half full at most: linear probing stays short.
        if (self.slots.len() + 1) * 2 > self.buckets.len() {
            self.grow();
        }
        let at = u32::try_from(self.slots.len()).unwrap_or(NIL);
        self.slots.push(Slot {
            key,
            value,
            hash,
            used: UNLINKED,
            due: UNLINKED,
            queue: NO_QUEUE,
        });
        at
    }

    fn grow(&mut self) {
        self.buckets = vec![NIL; self.buckets.len() * 2];
        for at in 0..self.slots.len() {
            let hash = self.slots[at].hash;
            self.occupy(u32::try_from(at).unwrap_or(NIL), hash);
        }
    }

    fn occupy(&mut self, at: u32, hash: u32) {
        let mask = self.buckets.len() - 1;
        let mut bucket = to_usize(hash) & mask;
        while self.buckets[bucket] != NIL {
            bucket = (bucket + 1) & mask;
        }
        self.buckets[bucket] = at;
    }

    fn replace_oldest(&mut self, key: K, value: V, hash: u32) -> (u32, (K, V)) {
        let at = self.used.first;
        let (old_key, old_hash) = {
            let slot = &self.slots[to_usize(at)];
            (slot.key, slot.hash)
        };
        if let Some(bucket) = self.bucket_of(&old_key, old_hash) {
            self.vacate(bucket);
        }
        self.unqueue(Index(at));
        self.unlink_used(at);
        let slot = &mut self.slots[to_usize(at)];
        slot.key = key;
        slot.hash = hash;
        (at, (old_key, std::mem::replace(&mut slot.value, value)))
    }

    /// Frees a bucket and moves the ones that had to go past it back (no tombstones).
    fn vacate(&mut self, bucket: usize) {
        let mask = self.buckets.len() - 1;
        let mut hole = bucket;
        let mut next = (hole + 1) & mask;
        while self.buckets[next] != NIL {
            let home = to_usize(self.slots[to_usize(self.buckets[next])].hash) & mask;
            let from_home = next.wrapping_sub(home) & mask;
            let from_hole = next.wrapping_sub(hole) & mask;
            if from_home >= from_hole {
                self.buckets[hole] = self.buckets[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.buckets[hole] = NIL;
    }

    fn touch(&mut self, at: u32) {
        if self.used.last != at {
            self.unlink_used(at);
            self.link_used(at);
        }
    }

    fn link_used(&mut self, at: u32) {
        let last = self.used.last;
        self.slots[to_usize(at)].used = Link {
            previous: last,
            next: NIL,
        };
        match self.slots.get_mut(to_usize(last)) {
            Some(before) => before.used.next = at,
            None => self.used.first = at,
        }
        self.used.last = at;
    }

    fn unlink_used(&mut self, at: u32) {
        let link = std::mem::replace(&mut self.slots[to_usize(at)].used, UNLINKED);
        match self.slots.get_mut(to_usize(link.previous)) {
            Some(before) => before.used.next = link.next,
            None => self.used.first = link.next,
        }
        match self.slots.get_mut(to_usize(link.next)) {
            Some(after) => after.used.previous = link.previous,
            None => self.used.last = link.previous,
        }
    }
}

fn short(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn to_usize(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Entry(u16),
        Queue(u16, u8),
        Unqueue(u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_u16..60).prop_map(Step::Entry),
            2 => (0_u16..60, 0..3_u8).prop_map(|(key, queue)| Step::Queue(key, queue)),
            1 => (0_u16..60).prop_map(Step::Unqueue),
        ]
    }

    // A poor hash on purpose: buckets collide and wrap around.
    fn poor(key: u16) -> u64 {
        u64::from(key % 7).wrapping_mul(61)
    }

    proptest! {
        #[test]
        fn behaves_like_a_list_ordered_by_use(limit in 1_usize..40, steps in prop::collection::vec(step(), 0..400)) {
            let mut table = Table::new(limit);
            let mut by_use: Vec<u16> = Vec::new();
            let mut queues: [Vec<u16>; 3] = Default::default();
            for step in steps {
                match step {
                    Step::Entry(key) => {
                        let found = table.entry(key, poor(key), || key);
                        let known = by_use.iter().position(|k| *k == key);
                        prop_assert_eq!(found.new, known.is_none());
                        let evicted = match known {
                            Some(at) => { by_use.remove(at); None }
                            None if by_use.len() == limit => Some(by_use.remove(0)),
                            None => None,
                        };
                        queues.iter_mut().for_each(|queue| queue.retain(|k| Some(*k) != evicted));
                        by_use.push(key);
                        prop_assert_eq!(found.evicted, evicted.map(|k| (k, k)));
                        prop_assert_eq!(*table.value(found.index), key);
                    }
                    Step::Queue(key, queue) => if let Some(index) = table.find(&key, poor(key)) {
                        table.queue(index, queue);
                        queues.iter_mut().for_each(|queue| queue.retain(|k| *k != key));
                        queues[usize::from(queue)].push(key);
                    },
                    Step::Unqueue(key) => if let Some(index) = table.find(&key, poor(key)) {
                        table.unqueue(index);
                        queues.iter_mut().for_each(|queue| queue.retain(|k| *k != key));
                    },
                }
                prop_assert_eq!(table.len(), by_use.len());
                for (number, queue) in (0_u8..).zip(&queues) {
                    prop_assert_eq!(table.first(number).map(|index| *table.key(index)), queue.first().copied());
                    for key in queue {
                        let index = table.find(key, poor(*key)).unwrap();
                        prop_assert_eq!(table.queue_of(index), Some(number));
                    }
                }
                for key in 0..60 {
                    prop_assert_eq!(table.find(&key, poor(key)).is_some(), by_use.contains(&key));
                }
            }
        }
    }
}
