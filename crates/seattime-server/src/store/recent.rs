//! Memory with a bound.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// So many visits are remembered, and as many attempts: all that a small machine serves at once. A visit takes
/// one or two kB.
pub(crate) const REMEMBERED: usize = 65_536;

/// What was asked for lately: at least half of what there is room for, and never more.
pub(crate) struct Recent<K, V> {
    room: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Recent<K, V> {
        Recent::of(REMEMBERED)
    }
}

impl<K, V> Recent<K, V> {
    /// With room for so many.
    pub(crate) fn of(room: usize) -> Recent<K, V> {
        Recent { room, young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// Takes an entry out; whoever changes a row puts it back once that is written.
    pub(crate) fn take<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        self.young.remove_entry(key).or_else(|| self.old.remove_entry(key))
    }

    /// Looks at an entry.
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Puts an entry in that is not there.
    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.room / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}
