//! The heap, which nothing uses.
//!
//! What is allocated all the same is served from an arena, so that a bug does not keep a machine down, but
//! it is counted and said at the end; the tests take that for a failure.
#![expect(unsafe_code, reason = "a global allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Octets of the arena.
const ARENA: usize = 256 * 1024;

struct Arena {
    octets: UnsafeCell<[u8; ARENA]>,
    used: AtomicUsize,
    count: AtomicUsize,
}

// SAFETY: every octet is handed out once only, because `used` grows by compare-and-swap.
unsafe impl Sync for Arena {}

#[global_allocator]
static HEAP: Arena = Arena {
    octets: UnsafeCell::new([0; ARENA]),
    used: AtomicUsize::new(0),
    count: AtomicUsize::new(0),
};

// SAFETY: blocks lie inside the arena, are aligned as asked and never overlap; freeing keeps them.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count.fetch_add(1, Ordering::Relaxed);
        let base = self.octets.get().cast::<u8>();
        let mut block = ptr::null_mut();
        let take = |used: usize| {
            let start = used.checked_add(base.wrapping_add(used).align_offset(layout.align()))?;
            let end = start
                .checked_add(layout.size())
                .filter(|end| *end <= ARENA)?;
            block = base.wrapping_add(start);
            Some(end)
        };
        match self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
        {
            Ok(_) => block,
            Err(_) => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

/// Says how often the heap was used; nothing if never.
pub fn report_allocations() {
    let count = HEAP.count.load(Ordering::Relaxed);
    if count > 0 {
        super::log::to_stderr(b"ifdawn: bug: ", &(count as u64), b" allocations\n");
    }
}
