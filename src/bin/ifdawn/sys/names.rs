//! Texts that are sorted: names of files, in the order people count in or by their octets, and what `check` shows.

use ifdawn::limits::MAX_FILES;
use ifdawn::packed::Packed;
use ifdawn::text::show::{Show, Take, Text};
use ifdawn::text::{parts, scalar};

/// How names are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As people count: eth2 before eth10.
    Counted,
    /// By their octets. Behind the name of a file stand a NUL and the number of its directory.
    Octets,
}

/// Names of a directory's files, or other texts.
#[repr(C)]
pub struct Names {
    /// Whether there were more.
    pub is_full: bool,
    /// How they are sorted.
    pub order: Order,
    /// The directory whose names come.
    pub directory: u8,
    /// Where each begins in the octets, and its length.
    spans: heapless::Vec<(u32, u32), MAX_FILES>,
    octets: heapless::Vec<u8, NAME_OCTETS>,
}

/// Octets of the names in one directory.
const NAME_OCTETS: usize = 1024 * 1024;

impl Names {
    /// None.
    pub const fn new() -> Self {
        Names {
            octets: heapless::Vec::new(),
            spans: heapless::Vec::new(),
            is_full: false,
            order: Order::Counted,
            directory: 0,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Forgets all of them; those that come are sorted so.
    pub fn clear(&mut self, order: Order) {
        self.cut((0, 0));
        self.order = order;
    }

    /// How many there are, and how many octets they have.
    pub fn end(&self) -> (usize, usize) {
        (self.spans.len(), self.octets.len())
    }

    /// Forgets those that came after [`Names::end`] was this.
    #[inline(never)]
    pub fn cut(&mut self, (len, octets): (usize, usize)) {
        self.spans.truncate(len);
        self.octets.truncate(octets);
        self.is_full = false;
    }

    /// Adds that of a file.
    pub fn push(&mut self, name: &[u8]) {
        let behind: &[u8] = match self.order {
            Order::Counted => &[],
            Order::Octets => &[0, self.directory],
        };
        self.write(name, behind, &Packed(&[]));
    }

    /// Adds one that is written in three parts; whether there is room for it.
    #[inline(never)]
    pub fn write(&mut self, first: &[u8], second: &[u8], third: &dyn Show) -> bool {
        let start = self.octets.len();
        let is_full = std::mem::take(&mut self.is_full);
        self.take(first);
        self.take(second);
        third.show(&mut Text(self));
        let len = self.octets.len().wrapping_sub(start);
        let fits = !self.is_full && self.spans.push((start as u32, len as u32)).is_ok();
        if !fits {
            self.octets.truncate(start);
        }
        self.is_full = is_full || !fits;
        fits
    }

    /// Sorts them from `start` on.
    pub fn sort(&mut self, start: usize) {
        // Comb sort: neighbours at a distance that shrinks to one.
        let len = self.spans.len().wrapping_sub(start);
        let mut gap = len;
        let mut is_sorted = false;
        while !is_sorted {
            gap = (gap.wrapping_mul(3) / 4).max(1);
            is_sorted = gap == 1;
            for n in gap..len {
                let n = n.wrapping_add(start);
                let before = n.wrapping_sub(gap);
                if self.is_before(self.name(n), self.name(before)) {
                    self.spans.swap(n, before);
                    is_sorted = false;
                }
            }
        }
    }

    /// Whether there is this one, once they are sorted as people count; so it is taken to be where there were more.
    #[inline(never)]
    pub fn has(&self, name: &[u8]) -> bool {
        let wanted = counted(name);
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match counted(self.name(middle)) < wanted {
                true => low = middle.wrapping_add(1),
                false => high = middle,
            }
        }
        self.is_full || self.name(low) == name
    }

    /// Whether a name stands before another one.
    #[inline(never)]
    fn is_before(&self, name: &[u8], other: &[u8]) -> bool {
        match self.order {
            Order::Counted => counted(name) < counted(other),
            Order::Octets => name < other,
        }
    }

    /// One of them.
    pub fn name(&self, n: usize) -> &[u8] {
        let (start, len) = self.spans.get(n).copied().unwrap_or_default();
        parts::slice(&self.octets, start as usize, len as usize)
    }
}

impl Take for Names {
    fn take(&mut self, octets: &[u8]) {
        self.is_full |= self.octets.extend_from_slice(octets).is_err();
    }
}

/// A name as initscripts sort it: the text before the first digit, the number, then all of it.
#[inline(never)]
fn counted(name: &[u8]) -> (&[u8], u32, &[u8]) {
    let is_digit = u8::is_ascii_digit;
    let text = name.iter().position(is_digit).unwrap_or(name.len());
    let (text, rest) = name.split_at(text);
    let digits = rest.iter().take_while(|octet| is_digit(octet)).count();
    let number = scalar::number(rest.get(..digits).unwrap_or_default());
    (text, number.unwrap_or(0), name)
}
