//! Names of files, in the order people count in.

use ifdawn::limits::MAX_FILES;
use ifdawn::text::{parts, scalar};

/// Names of a directory's files.
#[repr(C)]
pub struct Names {
    /// Whether there were more.
    pub is_full: bool,
    /// Whether the directory has files of routes too, which are not among the names.
    pub has_routes: bool,
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
            has_routes: false,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.spans.clear();
        self.is_full = false;
        self.has_routes = false;
    }

    /// Adds one.
    pub fn push(&mut self, name: &[u8]) {
        let start = self.octets.len();
        self.is_full |= self.octets.extend_from_slice(name).is_err()
            || self.spans.push((start as u32, name.len() as u32)).is_err();
    }

    /// Sorts them as people count: eth2 before eth10.
    pub fn sort(&mut self) {
        // Comb sort: neighbours at a distance that shrinks to one.
        let len = self.spans.len();
        let mut gap = len;
        let mut is_sorted = false;
        while !is_sorted {
            gap = (gap.wrapping_mul(3) / 4).max(1);
            is_sorted = gap == 1;
            for n in gap..len {
                let before = n.wrapping_sub(gap);
                if is_before(self.name(n), self.name(before)) {
                    self.spans.swap(n, before);
                    is_sorted = false;
                }
            }
        }
    }

    /// Whether there is this one, once they are sorted; so it is taken to be where there were more.
    #[inline(never)]
    pub fn has(&self, name: &[u8]) -> bool {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match is_before(self.name(middle), name) {
                true => low = middle.wrapping_add(1),
                false => high = middle,
            }
        }
        self.is_full || self.name(low) == name
    }

    /// One of them.
    pub fn name(&self, n: usize) -> &[u8] {
        let (start, len) = self.spans.get(n).copied().unwrap_or_default();
        parts::slice(&self.octets, start as usize, len as usize)
    }
}

/// Whether a name stands before another one.
#[inline(never)]
fn is_before(name: &[u8], other: &[u8]) -> bool {
    counted(name) < counted(other)
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
