//! usage: shorten ASSEMBLY SHORTER
//!
//! Reads the assembly of a whole program as LLVM's link-time optimiser writes it, makes it shorter, proves that
//! it does the same, as far as is said below, and writes it to SHORTER, and the object file made of it beside
//! that (`.o`). `as` has to be in the PATH: it says how long each instruction is.
//!
//! Every function has to do with a stack that is aligned to 8 octets, and keep nothing below it, as recipe/build
//! tells LLVM: what is shared is called with the stack one slot deeper. What it does, in this order:
//! * `frame`: no stack is aligned, which is not proved;
//! * `answer`: what callers ask of a result is asked once, where it is made, which is proved at once;
//! * `rename`: values are in the registers that make short instructions, which is proved at once;
//! * `save`: one function saves registers for many. Proved is that they do the same apart from that, leave the stack
//!   as it was, and look neither at what was saved, nor at the way back, nor at what saving leaves in registers;
//! * `swap`: copies of what is not used again are exchanges, which is proved at once;
//! * `outline`: sequences that stand in several places become one;
//! * `order`: what is jumped to stands behind the jump, or near it;
//! * `hop`: long jumps land on near ones that lead to the same place;
//! * `verify`: the result does what the program did after `swap`.
//!
//! `spell` writes some instructions as shorter ones that do the same.

mod answer;
mod frame;
mod hop;
mod jump;
mod layout;
mod measure;
mod order;
mod outline;
mod program;
mod register;
mod rename;
mod save;
mod spell;
mod stack;
mod swap;
mod verify;

use measure::measure;
use program::Program;
use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

/// Makes instructions of `program` shorter one by one; what stands where stays.
///
/// # Errors
/// What cannot be made shorter safely, and what `as` says.
fn prepare(program: &mut Program, to: &Path) -> Result<(), String> {
    stack::check_red_zone(program)?;
    frame::unalign(program)?;
    let original = program.clone();
    answer::answer(program)?;
    answer::verify(&original, program)?;
    let original = program.clone();
    rename::rename(program, to)?;
    rename::verify(&original, program)?;
    let original = program.clone();
    save::shorten(program);
    save::verify(&original, program)?;
    stack::check_balance(program)?;
    let original = program.clone();
    swap::swap(program);
    swap::verify(&original, program)
}

/// Makes `program` shorter; `to` is the assembly file that `as` reads.
///
/// # Errors
/// As [`prepare`].
fn shorten(program: &mut Program, to: &Path) -> Result<String, String> {
    let size = |program: &Program| measure(program, to);
    let before = size(program)?.total();
    prepare(program, to)?;
    let original = program.clone();
    let places = size(program)?;
    let prepared = places.total();
    outline::Outliner::new(program, &places).run();
    let places = size(program)?;
    let shared = places.total();
    order::order(program, &places.0);
    let mut finals = HashMap::new();
    let mut places = size(program)?;
    let ordered = places.total();
    while hop::hop(program, &places, &mut finals) > 0 {
        places = size(program)?;
    }
    let steps = verify::verify(&original, program)?;
    Ok(format!(
        "{before} octets of code, {prepared} with other registers, {shared} with shared ends and calls, \
         {ordered} in order, {} with hops; the same in {steps} steps",
        places.total()
    ))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: shorten ASSEMBLY SHORTER");
        return ExitCode::from(2);
    };
    let done = std::fs::read_to_string(from)
        .map_err(|error| error.to_string())
        .and_then(|text| {
            Program::read(&text).map_err(|what| format!("line {what}: not known here"))
        })
        .and_then(|mut program| {
            save::check_hot(&program)?;
            shorten(&mut program, Path::new(to))
        });
    match done {
        Ok(summary) => {
            println!("shorten: {summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("shorten: {from}: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests;
