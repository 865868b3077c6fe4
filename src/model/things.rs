//! Addresses, routes and rules in a table that finds them by their places.

use super::desired::{Thing, What};
use super::index::{Index, hash};
use core::net::IpAddr;
use core::ops::{Deref, DerefMut};
use heapless::VecView;

/// A table has no room left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A table of addresses and routes, in which they are found by their keys.
pub struct Things<'m> {
    table: &'m mut VecView<Thing>,
    index: Index<'m>,
}

impl<'m> Things<'m> {
    /// Over a table and the slots of its index.
    pub fn new(table: &'m mut VecView<Thing>, slots: &'m mut [u32]) -> Things<'m> {
        Things {
            table,
            index: Index::new(slots),
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.table.clear();
        self.index.clear();
    }

    /// Adds one.
    #[inline(never)]
    pub fn add(&mut self, thing: &Thing) -> Result<(), Full> {
        self.table.push(*thing).map_err(|_| Full)?;
        let first = self.index.make_room(self.table.len());
        for n in first..self.table.len() {
            if let Some(thing) = self.table.get(n) {
                self.index.insert(place_hash(thing), n as u32);
            }
        }
        Ok(())
    }

    /// Passes each one in the place of `wanted` to `each`: at most one that shall be there, and those of its place
    /// that shall not.
    #[inline(never)]
    pub fn each(&mut self, wanted: &Thing, each: &mut dyn FnMut(&mut Thing)) {
        let mut at = place_hash(wanted);
        for _ in 0..self.table.len() {
            let Some(n) = self.index.next(&mut at) else {
                return;
            };
            if let Some(thing) = self.table.get_mut(n as usize)
                && thing.is_in_place_of(wanted)
            {
                each(thing);
            }
        }
    }
}

impl Deref for Things<'_> {
    type Target = VecView<Thing>;

    fn deref(&self) -> &VecView<Thing> {
        self.table
    }
}

impl DerefMut for Things<'_> {
    fn deref_mut(&mut self) -> &mut VecView<Thing> {
        self.table
    }
}

/// What of it is the place in the kernel's tables, in short.
#[inline(never)]
pub(crate) fn place_hash(thing: &Thing) -> u32 {
    let route = &thing.route;
    let prefix = match route.from.is_default() {
        true => &route.dst,
        false => &route.from,
    };
    let octets: &[u8] = match &prefix.addr {
        IpAddr::V4(addr) => &addr.octets(),
        IpAddr::V6(addr) => &addr.octets(),
    };
    let len = u32::from(prefix.len);
    // the kernel may choose the priority of a rule
    let metric = match thing.what {
        What::Rule => 0,
        What::Addr | What::Route => route.effective_metric(),
    };
    let start = route.table ^ metric.rotate_left(8) ^ len.rotate_left(16);
    hash(start, octets)
}
