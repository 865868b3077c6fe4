//! Texts that are sorted: names of files, in the order people count in or by their octets, and what `check` shows.

use crate::form::{Form, Wanted};
use ifdawn::limits::MAX_FILES;
use ifdawn::text::show::{Show, Take, Text};
use ifdawn::text::{parts, scalar};

/// Names of a directory's files, or other texts, each behind a key. What is sorted are the octets of both.
#[repr(C)]
pub struct Names {
    /// Whether there were more.
    pub is_full: bool,
    /// The directory whose names come. They are sorted by their octets; as people count, eth2 before eth10, where
    /// it is 0.
    pub directory: u8,
    /// Forms of files beside ifcfg files that are there, a bit for each: their names are not kept.
    pub beside: u8,
    /// Where each begins in the octets with its key, where without, and where it ends.
    spans: heapless::Vec<[u32; 3], MAX_FILES>,
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
            directory: 0,
            beside: 0,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.cut((0, 0));
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

    /// Adds that of a file, if it is wanted, behind what people look at first, the number there, and that of the
    /// directory.
    #[inline(never)]
    pub fn push(&mut self, wanted: Wanted, name: &[u8]) {
        if !wanted.has(name) {
            if let Some(bit) = 1_u8.checked_shl(Form::of(name) as u32) {
                self.beside |= bit;
            }
            return;
        }
        let (text, number) = match self.directory {
            0 => counted(name),
            _ => (name, 0),
        };
        // No name has a NUL: the shorter of two texts comes first.
        let [a, b, c, d] = number.to_be_bytes();
        let key = [0, a, b, c, d, self.directory];
        self.write(text, &key, &Octets(name));
    }

    /// Adds one behind its key, which is written in two parts; whether there is room for it. Behind one for which
    /// there is none, there is none for others.
    #[inline(never)]
    pub fn write(&mut self, first: &[u8], second: &[u8], text: &dyn Show) -> bool {
        let start = self.octets.len();
        self.take(first);
        self.take(second);
        let at = self.octets.len();
        text.show(&mut Text(self));
        let span = [start as u32, at as u32, self.octets.len() as u32];
        self.is_full = self.is_full || self.spans.push(span).is_err();
        if self.is_full {
            self.octets.truncate(start);
        }
        !self.is_full
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
                if self.is_before(n, before) {
                    self.spans.swap(n, before);
                    is_sorted = false;
                }
            }
        }
    }

    /// Whether one stands before another one.
    fn is_before(&self, n: usize, other: usize) -> bool {
        self.part::<true>(n) < self.part::<true>(other)
    }

    /// One of them, with its key or without.
    fn part<const KEY: bool>(&self, n: usize) -> &[u8] {
        let [start, at, end] = self.spans.get(n).copied().unwrap_or_default();
        let start = if KEY { start } else { at };
        let octets = self.octets.get(start as usize..end as usize);
        octets.unwrap_or_default()
    }

    /// One of them.
    #[inline(never)]
    pub fn name(&self, n: usize) -> &[u8] {
        self.part::<false>(n)
    }

    /// One of them, behind its key.
    pub fn whole(&self, n: usize) -> &[u8] {
        self.part::<true>(n)
    }

    /// The number of its directory, the last octet of its key.
    pub fn directory(&self, n: usize) -> u8 {
        let [_, at, _] = self.spans.get(n).copied().unwrap_or_default();
        let octet = self.octets.get((at as usize).wrapping_sub(1));
        octet.copied().unwrap_or_default()
    }
}

impl Take for Names {
    fn take(&mut self, octets: &[u8]) {
        self.is_full |= self.octets.extend_from_slice(octets).is_err();
    }
}

/// Octets as they are.
struct Octets<'a>(&'a [u8]);

impl Show for Octets<'_> {
    fn show(&self, text: &mut Text<'_>) {
        text.put(self.0);
    }
}

/// What initscripts sort a name by, before all of it: the text before the first digit, and the number.
fn counted(name: &[u8]) -> (&[u8], u32) {
    let is_digit = u8::is_ascii_digit;
    let text = name.iter().position(is_digit).unwrap_or(name.len());
    let (text, rest) = name.split_at(text);
    let digits = rest.iter().take_while(|octet| is_digit(octet)).count();
    let number = scalar::number(parts::slice(rest, 0, digits));
    (text, number.unwrap_or(0))
}
