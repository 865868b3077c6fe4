//! The options of each link: a chain in one table for all links, since few links have any.

use super::attr::{Attr, Value};
use super::config::{Config, LinkId};
use crate::diag::Origin;

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
        let mut next = self.attr_heads.get(link.place()).copied();
        core::iter::from_fn(move || {
            let number = next?.checked_sub(1)?;
            let have = self.attrs.get(number as usize)?;
            next = Some(have.next);
            Some(have)
        })
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

    /// Where an option of a link is, if it has it, and where the one before it is, if there is one.
    #[inline(never)]
    fn find_attr(&self, link: LinkId, attr: Attr) -> (Option<usize>, Option<usize>) {
        let mut next = self.attr_heads.get(link.place()).copied();
        let mut before = None;
        while let Some(at) = next.and_then(|next| next.checked_sub(1)) {
            let (at, have) = (at as usize, self.attrs.get(at as usize));
            if have.is_some_and(|have| have.attr == attr) {
                return (Some(at), before);
            }
            (before, next) = (Some(at), have.map(|have| have.next));
        }
        (None, before)
    }

    /// Where the number of the option behind another one is, or of the first one.
    fn next_attr(&mut self, link: LinkId, before: Option<usize>) -> Option<&mut u32> {
        match before {
            Some(before) => self.attrs.get_mut(before).map(|have| &mut have.next),
            None => self.attr_heads.get_mut(link.place()),
        }
    }

    /// Sets an option of a link in place of an earlier value; `None` when [`crate::limits::MAX_ATTRS`] is
    /// reached.
    #[inline(never)]
    pub fn set_attr(
        &mut self,
        link: LinkId,
        attr: Attr,
        value: Value,
        origin: Origin,
    ) -> Option<()> {
        let (at, before) = self.find_attr(link, attr);
        if let Some(have) = at.and_then(|at| self.attrs.get_mut(at)) {
            (have.value, have.origin) = (value, origin);
            return Some(());
        }
        let pushed = self.attrs.push(AttrConfig {
            attr,
            value,
            origin,
            next: 0,
        });
        pushed.ok()?;
        *self.next_attr(link, before)? = self.attrs.len() as u32;
        Some(())
    }

    /// Takes an option from a link. Its place stays used.
    #[inline(never)]
    pub fn drop_attr(&mut self, link: LinkId, attr: Attr) {
        let (at, before) = self.find_attr(link, attr);
        let dropped = at.and_then(|at| self.attrs.get(at)).copied();
        if let (Some(dropped), Some(next)) = (dropped, self.next_attr(link, before)) {
            *next = dropped.next;
        }
    }
}
