//! What readers do, counted in their tests: whether a text that is ten times as long is ten times the work does not
//! show in time, which depends on the machine.

#[cfg(test)]
std::thread_local! {
    static STEPS: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

/// Counts `more` steps; nothing outside of tests.
#[inline(always)]
pub fn step(more: usize) {
    #[cfg(test)]
    STEPS.with(|steps| steps.set(steps.get() + more as u64));
    let _ = more;
}

/// How many steps `work` takes.
#[cfg(test)]
pub fn count(work: impl FnOnce()) -> u64 {
    STEPS.with(|steps| steps.set(0));
    work();
    STEPS.with(core::cell::Cell::get)
}
