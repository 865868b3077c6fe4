//! A hash index over a table that is searched often: open addressing, linear probing, no removal.
//!
//! It keeps numbers only, so the table stays plain data and the index can be rebuilt at any time.

use crate::text::steps::step;

/// See the module.
pub struct Index<'m> {
    /// Entry number plus one; 0 is free.
    slots: &'m mut [u32],
    /// How many slots are in use: a power of two, so that small tables touch little memory.
    used: usize,
}

impl<'m> Index<'m> {
    /// An index that finds nothing until [`Index::make_room`]. `slots.len()` must be a power of two.
    pub fn new(slots: &'m mut [u32]) -> Self {
        Index { slots, used: 0 }
    }

    /// Forgets every entry and makes room for `entries`.
    #[inline(never)]
    pub fn reset(&mut self, entries: usize) {
        self.used = self.slots.len();
        while self.used / 2 >= entries.wrapping_mul(2).max(1) {
            self.used /= 2;
        }
        if let Some(slots) = self.slots.get_mut(..self.used) {
            slots.fill(0);
        }
    }

    /// Forgets every entry; none can be added before [`Index::make_room`].
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// Makes room for so many entries, the last of which is not in it yet; the number of the first that is
    /// to be inserted: 0 where all of them were forgotten.
    pub fn make_room(&mut self, entries: usize) -> usize {
        if entries.wrapping_mul(2) <= self.used || self.used == self.slots.len() {
            return entries.wrapping_sub(1);
        }
        self.reset(self.used.wrapping_mul(2).max(MIN_ENTRIES));
        0
    }

    /// Adds an entry under its hash. Entries beyond the slots are not added.
    #[inline(never)]
    pub fn insert(&mut self, hash: u32, entry: u32) {
        let mut at = hash as usize;
        for _ in 0..self.used {
            at &= self.used.wrapping_sub(1);
            if let Some(slot @ 0) = self.slots.get_mut(at) {
                *slot = entry.wrapping_add(1);
                return;
            }
            at = at.wrapping_add(1);
        }
    }

    /// The entry at the place `at`, which goes on to the next one. Beginning with a hash, it gives the
    /// entries under that hash, and those that were in their way; then `None`, as long as there is a free
    /// slot.
    #[inline(never)]
    pub fn next(&self, at: &mut u32) -> Option<u32> {
        step(1);
        let slot = *at as usize & self.used.wrapping_sub(1);
        *at = at.wrapping_add(1);
        self.slots.get(..self.used)?.get(slot)?.checked_sub(1)
    }
}

/// For how many entries there is room first.
const MIN_ENTRIES: usize = 8;

/// What [`hash`] begins with.
pub const HASH_START: u32 = 0x811c_9dc5;

/// FNV-1a: `hash` gone on with over `octets`.
#[inline(never)]
pub const fn hash(mut hash: u32, mut octets: &[u8]) -> u32 {
    while let [octet, rest @ ..] = octets {
        hash = (hash ^ *octet as u32).wrapping_mul(0x0100_0193);
        octets = rest;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_hash_and_equality() {
        let table = [10u8, 20, 30, 20];
        let mut slots = [7u32; 8];
        let mut index = Index::new(&mut slots);
        for (n, value) in table.iter().enumerate() {
            assert_eq!(index.make_room(n + 1), n);
            index.insert(u32::from(*value) & 1, n as u32);
        }
        let find = |value: u8| {
            let mut at = u32::from(value) & 1;
            core::iter::from_fn(|| index.next(&mut at)).find(|n| table[*n as usize] == value)
        };
        assert_eq!(find(20), Some(1));
        assert_eq!(find(30), Some(2));
        assert_eq!(find(40), None);
        assert_eq!(Index::new(&mut [0; 4]).next(&mut 0), None);
        index.reset(0);
        assert_eq!(index.next(&mut 1), None);
    }

    #[test]
    fn an_index_that_grows_is_filled_anew() {
        let mut slots = [7u32; 128];
        let mut index = Index::new(&mut slots);
        let firsts = (1..=64).map(|entries| index.make_room(entries));
        let anew = firsts.enumerate().filter(|(n, first)| n != first);
        assert_eq!(anew.collect::<std::vec::Vec<_>>(), [(8, 0), (32, 0)]);
    }
}
