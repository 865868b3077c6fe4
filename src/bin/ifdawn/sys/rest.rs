//! What a supervisor does without while it sleeps.

use super::process::do_without;
use crate::load::Files;

/// Gives back memory that is of no use to who sleeps: that of what was read, which is zeros then (as at first, but at
/// its edges), and that of the stack that was needed below here.
#[inline(never)]
pub fn rest(read: &mut Files) {
    /// As small as pages are anywhere, and as far as the stack is looked through.
    const PAGE: usize = 4_096;
    const STACK: usize = 32 * PAGE;
    let (here, page) = (&raw mut *read as usize, !(PAGE - 1));
    let start = here.wrapping_add(PAGE - 1) & page;
    do_without(
        start,
        (here.wrapping_add(size_of::<Files>()) & page).wrapping_sub(start),
    );
    let local = 0_usize;
    let start = (&raw const local as usize & page).wrapping_sub(STACK);
    do_without(start, STACK.wrapping_sub(PAGE));
}
