//! ifdawn: brings a Linux machine's network up before anything else runs.
//!
//! Arguments are read with the heap at hand; then the heap is sealed and everything else works in
//! [`MEMORY`], one static of zeros.
#![deny(unsafe_code)]
#![no_main]

mod cli;
mod load;
mod report;
mod run;
mod sys;

use ifdawn::limits::{MAX_ADDRS, MAX_KERNEL_LINKS, MAX_LINKS, MAX_ROUTES, MAX_STRINGS};
use ifdawn::machine::Machine;
use load::Files;
use std::sync::Mutex;
use sys::start::Arguments;

/// Steps: three for each kernel and configured link, three for each address and route.
const MAX_STEPS: usize = 3 * (MAX_LINKS + MAX_KERNEL_LINKS) + 3 * (MAX_ADDRS + MAX_ROUTES);

/// Slots of an index.
const SLOTS: usize = 2 * MAX_ROUTES;

/// All memory there is after start-up.
struct Memory {
    machine:
        Machine<MAX_LINKS, MAX_KERNEL_LINKS, MAX_ADDRS, MAX_ROUTES, MAX_STEPS, SLOTS, MAX_STRINGS>,
    files: Files,
}

static MEMORY: Mutex<Memory> = Mutex::new(Memory {
    machine: Machine::new(),
    files: Files::new(),
});

/// The program, from its arguments to its exit code. (size-report knows our symbols by this one's name.)
#[inline(never)]
fn main(arguments: &Arguments) -> u8 {
    let options = match cli::options(arguments) {
        Ok(options) => options,
        Err(code) => return code,
    };
    sys::heap::seal();
    let Ok(mut memory) = MEMORY.try_lock() else {
        return run::NOT_UP;
    };
    let Memory { machine, files } = &mut *memory;
    let code = run::run(&options, &mut machine.engine(), files);
    sys::heap::report_late_allocations();
    code
}
