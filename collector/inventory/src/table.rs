//! The only place of this crate with a hash map: values found by hash and listed in the order of their keys.
//!
//! Every observation looks several entities up, among hundreds of thousands: by hash that is one line of memory instead of a path
//! through a tree. What comes out does not depend on where the hash put it, because whoever lists a table gets it sorted. That costs a
//! sort each time, so what is gone through in order while folding is kept ordered ([`crate::index::Index`]).
//!
//! The hash is seeded anew in every process: keys follow from what hosts in the network say, and nobody may choose them so that they
//! meet in one place.

use std::hash::Hash;

#[expect(
    clippy::disallowed_types,
    reason = "lookups only: everything that is listed is sorted first"
)]
type Hashed<K, V> = std::collections::HashMap<K, V>;

/// Values by key. Two tables are equal when they hold the same, however they came to hold it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Table<K: Eq + Hash, V>(Hashed<K, V>);

impl<K: Eq + Hash, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Hashed::new())
    }
}

/// As ordered as everything else that it tells.
impl<K: Ord + Hash + std::fmt::Debug, V: std::fmt::Debug> std::fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord + Hash, V> Table<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// The value of a key, which is put there first if there is none.
    pub(crate) fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        self.0.entry(key).or_insert_with(value)
    }

    /// What the key had before, if anything.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    /// Everything in the order of keys. Sorts: not for what is done with every observation.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        let mut all: Vec<(&K, &V)> = self.0.iter().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all.into_iter()
    }

    /// All keys in order; sorts.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// All values in the order of their keys; sorts.
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// All values in the order of their keys; sorts.
    pub(crate) fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut V> {
        let mut all: Vec<(&K, &mut V)> = self.0.iter_mut().collect();
        all.sort_unstable_by_key(|(key, _)| *key);
        all.into_iter().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever was put in and taken out, and in whichever process: a table tells what an ordered map tells.
        #[test]
        fn a_table_lists_as_an_ordered_map_does(
            steps in prop::collection::vec((0_u16..200, any::<u32>(), 0_u8..4), 0..400)
        ) {
            let mut table = Table::default();
            let mut map = BTreeMap::new();
            for (key, value, what) in steps {
                match what {
                    0 => prop_assert_eq!(table.remove(&key), map.remove(&key)),
                    1 => prop_assert_eq!(
                        table.get_or_insert_with(key, || value),
                        map.entry(key).or_insert(value)
                    ),
                    _ => prop_assert_eq!(table.insert(key, value), map.insert(key, value)),
                }
                prop_assert_eq!(table.get(&key), map.get(&key));
                prop_assert_eq!(table.get_mut(&key), map.get_mut(&key));
                prop_assert_eq!(table.contains_key(&key), map.contains_key(&key));
                prop_assert_eq!(table.len(), map.len());
            }
            prop_assert!(table.iter().eq(map.iter()));
            prop_assert!(table.keys().eq(map.keys()));
            prop_assert!(table.values().eq(map.values()));
            prop_assert!(table.values_mut().eq(map.values_mut()));
            prop_assert_eq!(format!("{table:?}"), format!("{map:?}"));
            let mut again = Table::default();
            for (key, value) in map.into_iter().rev() {
                again.insert(key, value);
            }
            prop_assert!(table == again);
        }
    }
}
