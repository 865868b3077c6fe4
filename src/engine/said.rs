//! What was said already.

use crate::diag::Diagnostic;
use crate::model::index::{HASH_START, hash};
use crate::text::show::{Show, Take, Text};

/// What was complained about already, as hashes of the lines: looking again must not say it again. When more
/// complaints were made than are remembered, the last ones may come again.
pub struct Said {
    hashes: heapless::Vec<u32, 512>,
}

impl Said {
    /// Nothing yet.
    pub const fn new() -> Self {
        Said {
            hashes: heapless::Vec::new(),
        }
    }

    /// Whether this was not said before; now it is.
    pub fn is_new(&mut self, diagnostic: &Diagnostic<'_>) -> bool {
        let hash = text_hash(diagnostic);
        let mut is_said = false;
        for said in self.hashes.iter() {
            is_said |= *said == hash;
        }
        if !is_said {
            let _ = self.hashes.push(hash);
        }
        !is_said
    }
}

impl Default for Said {
    fn default() -> Self {
        Said::new()
    }
}

/// Stands for a text.
#[inline(never)]
pub(super) fn text_hash(text: &dyn Show) -> u32 {
    let mut sum = Sum(HASH_START);
    text.show(&mut Text(&mut sum));
    sum.0
}

/// The [`hash`] of what was taken.
struct Sum(u32);

impl Take for Sum {
    fn take(&mut self, octets: &[u8]) {
        self.0 = hash(self.0, octets);
    }
}
