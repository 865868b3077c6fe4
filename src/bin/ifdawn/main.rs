//! ifdawn: brings a Linux machine's network up before anything else runs.
//!
//! Everything works in [`MEMORY`], one static of zeros; nothing is allocated.
#![deny(unsafe_code)]
#![no_main]

mod cli;
mod confine;
mod control;
mod form;
mod frame;
mod hooks;
mod load;
mod print;
mod reload;
mod report;
mod run;
mod service;
mod show;
mod sockets;
mod supervise;
mod sys;
mod system;

use cli::Options;
use ifdawn::limits::{
    MAX_ADDRS, MAX_ALTNAMES, MAX_KERNEL_LINKS, MAX_LINKS, MAX_ROUTES, MAX_RULES, MAX_STRINGS,
};
use ifdawn::machine::Machine;
use load::Files;
use run::Heard;
use sockets::Ether;
use std::hint::black_box;
use std::mem::ManuallyDrop;
use std::sync::Mutex;
use sys::file;
use sys::names::Names;
use sys::out::Out;
use sys::start::Arguments;

/// Addresses and routes.
const THINGS: usize = MAX_ADDRS + MAX_ROUTES + MAX_RULES;

/// Steps: of each configured link what may be set of it and its other names, three for each kernel link, three for
/// each address and route.
const MAX_STEPS: usize =
    MAX_LINKS * (32 + MAX_ALTNAMES as usize) + 3 * MAX_KERNEL_LINKS + 3 * THINGS;

/// Slots of an index.
const SLOTS: usize = 2 * MAX_ROUTES;

/// All memory there is.
struct Memory {
    options: Options,
    machine: Machine<
        MAX_LINKS,
        MAX_KERNEL_LINKS,
        MAX_ADDRS,
        MAX_ROUTES,
        THINGS,
        MAX_STEPS,
        SLOTS,
        MAX_STRINGS,
    >,
    files: Files,
    kept: Names,
    ether: Ether,
    heard: Heard,
}

impl Memory {
    /// Carries out what the options say. (Not in the frame of the writer, which is large.)
    #[inline(never)]
    fn run(&mut self, arguments: &Arguments, out: &mut Out<'_>) -> u8 {
        let engine = &mut self.machine.engine();
        let (files, ether) = (&mut self.files, &mut self.ether);
        run::run(
            &self.options,
            engine,
            files,
            ether,
            &mut self.heard,
            arguments,
            &mut self.kept,
            out,
        )
    }
}

static MEMORY: Mutex<Memory> = Mutex::new(Memory {
    options: Options::new(),
    machine: Machine::new(),
    files: Files::new(),
    kept: Names::new(),
    ether: Ether::new(),
    heard: Heard::NONE,
});

/// The program, from its arguments to its exit code. (size-report knows our symbols by this one's name.)
#[inline(never)]
fn main(arguments: &mut Arguments) -> u8 {
    // Never given back: who waits for it?
    let Ok(mut memory) = MEMORY.try_lock().map(ManuallyDrop::new) else {
        return run::NOT_UP;
    };
    // One pointer in a register: where the compiler knows a place, each instruction names it.
    let memory = black_box(&mut **memory);
    let mut out = Out::new(file::stdout());
    let code = match memory.options.read(arguments, &mut out) {
        Ok(()) => memory.run(arguments, &mut out),
        Err(code) => code,
    };
    sys::heap::report_allocations();
    out.end(code)
}
