//! How long jumps are, how far they reach, and which lands on which.

use crate::program::Text;

/// Octets of a jump over less than 128.
pub const SHORT: u32 = 2;
/// Octets of one that is longer, and of a call.
pub const LONG: u32 = 5;
/// Octets of one that is longer and has a condition.
const LONG_BRANCH: u32 = 6;

/// A jump: where it stands, where it leads in the end, and on which condition.
pub struct Jump<To> {
    pub to: To,
    pub condition: Option<Text>,
    pub is_long: bool,
    pub address: i64,
    /// Which other jump it lands on.
    pub over: Option<usize>,
}

impl<To> Jump<To> {
    pub fn size(&self) -> u32 {
        match (self.is_long, self.condition) {
            (false, _) => SHORT,
            (true, None) => LONG,
            (true, Some(_)) => LONG_BRANCH,
        }
    }

    /// Whether a short one would lead to `address`: what is behind it comes nearer as it becomes short.
    pub fn reaches(&self, address: i64) -> bool {
        let size = if address > self.address {
            self.size()
        } else {
            SHORT
        };
        (-128..128).contains(&(address - self.address - i64::from(size)))
    }
}

/// A jump to the same place, on the same condition or on none, that the one at `index` can land on. The
/// jumps are in the order of their addresses.
pub fn near<To: PartialEq>(jumps: &[Jump<To>], index: usize) -> Option<usize> {
    let jump = &jumps[index];
    let is_near = |&other: &usize| jump.reaches(jumps[other].address);
    let before = (0..index).rev().take_while(is_near);
    let behind = (index + 1..jumps.len()).take_while(is_near);
    before.chain(behind).find(|&other| {
        let over = &jumps[other];
        over.to == jump.to
            && (over.condition.is_none() || over.condition == jump.condition)
            && !leads(other, index, |at| jumps[at].over)
    })
}

/// Whether one gets from `from` to `to` by going to the `next` one again and again.
pub fn leads(from: usize, to: usize, next: impl Fn(usize) -> Option<usize>) -> bool {
    std::iter::successors(Some(from), |&at| next(at)).any(|at| at == to)
}
