//! The options of each link: a chain in one table for all links, since few links have any.

use super::attr::{Attr, Value};
use super::config::{Config, LinkId};
use crate::diag::Origin;
use core::mem;

/// One option of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttrConfig {
    /// Which.
    pub attr: Attr,
    /// Its value.
    pub value: Value,
    /// Where it was given.
    pub origin: Origin,
    /// The next one of its link plus one; 0: there is none.
    next: u32,
}

impl Config<'_> {
    /// The options of a link, in order of appearance.
    pub fn attrs_of(&self, link: LinkId) -> impl Iterator<Item = &AttrConfig> {
        let mut next = self.first_attr(link);
        core::iter::from_fn(move || {
            let have = self.attr_numbered(next)?;
            next = have.next;
            Some(have)
        })
    }

    /// The number of a link's first option, 0 for none.
    fn first_attr(&self, link: LinkId) -> u32 {
        let first = self.attr_heads.get(link.place());
        first.copied().unwrap_or_default()
    }

    /// The option of a number; 0 is that of none.
    fn attr_numbered(&self, number: u32) -> Option<&AttrConfig> {
        self.attrs.get(number.wrapping_sub(1) as usize)
    }

    /// One option of a link.
    #[inline(never)]
    pub fn attr_of(&self, link: LinkId, attr: Attr) -> Option<&AttrConfig> {
        self.attrs_of(link).find(|have| have.attr == attr)
    }

    /// One option of a link whose value is a number.
    #[inline(never)]
    pub fn number_of(&self, link: LinkId, attr: Attr) -> Option<u32> {
        match self.attr_of(link, attr)?.value {
            Value::Number(number) => Some(number),
            Value::Text(_) => None,
        }
    }

    /// The numbers of an option of a link, 0 if it has it not, and of the one before it, 0 for none.
    #[inline(never)]
    fn find_attr(&self, link: LinkId, attr: Attr) -> (u32, u32) {
        let (mut number, mut before) = (self.first_attr(link), 0);
        while let Some(have) = self.attr_numbered(number)
            && have.attr.row_set() != attr.row_set()
        {
            (before, number) = (number, have.next);
        }
        (number, before)
    }

    /// Where the number of the option behind another one is, or of the first one.
    #[inline(never)]
    fn next_attr(&mut self, link: LinkId, before: u32) -> Option<&mut u32> {
        match self.attrs.get_mut(before.wrapping_sub(1) as usize) {
            Some(have) => Some(&mut have.next),
            None => self.attr_heads.get_mut(link.place()),
        }
    }

    /// Sets an option of a link in place of an earlier value, which may have been given by the kernel's other name for
    /// it: the name that it had, or has now. `None` when [`crate::limits::MAX_ATTRS`] is reached.
    pub fn set_attr(
        &mut self,
        link: LinkId,
        attr: Attr,
        value: Value,
        origin: Origin,
    ) -> Option<Attr> {
        let (number, before) = self.find_attr(link, attr);
        if let Some(have) = self.attrs.get_mut(number.wrapping_sub(1) as usize) {
            (have.value, have.origin) = (value, origin);
            return Some(mem::replace(&mut have.attr, attr));
        }
        let pushed = self.attrs.push(AttrConfig {
            attr,
            value,
            origin,
            next: 0,
        });
        pushed.ok()?;
        *self.next_attr(link, before)? = self.attrs.len() as u32;
        Some(attr)
    }

    /// Takes an option from a link: where it was given. Its place stays used.
    #[inline(never)]
    pub fn drop_attr(&mut self, link: LinkId, attr: Attr) -> Option<Origin> {
        let (number, before) = self.find_attr(link, attr);
        let have = self.attr_numbered(number)?;
        let (next, origin) = (have.next, have.origin);
        *self.next_attr(link, before)? = next;
        Some(origin)
    }
}
