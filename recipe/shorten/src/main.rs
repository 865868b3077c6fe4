//! usage: shorten ASSEMBLY SHORTER
//!
//! Reads the assembly of a whole program as LLVM's link-time optimiser writes it, makes it shorter, proves
//! that it does the same, and writes it to SHORTER. `as` has to be in the PATH: it says how long each
//! instruction is.
//!
//! What it does, in this order:
//! * `stack`: no instruction relies on the stack's alignment, so that code may be called from everywhere;
//! * `outline`: sequences that stand in several places become one;
//! * `order`: what is jumped to stands behind the jump, or near it;
//! * `hop`: long jumps land on near ones that lead to the same place;
//! * `verify`: the result does what the original did.

mod hop;
mod measure;
mod order;
mod outline;
mod program;
mod stack;
mod verify;

use measure::measure;
use program::Program;
use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;

fn shorten(from: &Path, to: &Path) -> Result<String, String> {
    let text =
        std::fs::read_to_string(from).map_err(|error| format!("{}: {error}", from.display()))?;
    let mut program = Program::read(&text)
        .map_err(|what| format!("{}:{what}: not known here", from.display()))?;
    let object = to.with_extension("o");
    let size = |program: &Program| measure(program, to, &object);
    let at_first = size(&program)?.total();
    stack::check_balance(&program)?;
    stack::forget_alignment(&mut program)?;
    stack::drop_padding(&mut program);
    stack::check_balance(&program)?;
    let places = size(&program)?;
    let unpadded = places.total();
    let original = Program {
        rest: Vec::new(),
        functions: program.functions.clone(),
        texts: program.texts.clone(),
    };

    outline::Outliner::new(&mut program, &places).run();
    let places = size(&program)?;
    let outlined = places.total();
    order::order(&mut program, &places.0);
    let ordered = size(&program)?.total();
    let mut finals = HashMap::new();
    loop {
        let places = size(&program)?;
        if hop::hop(&mut program, &places, &mut finals) == 0 {
            break;
        }
    }
    let steps = verify::verify(&original, &program)?;
    let at_last = size(&program)?.total();
    Ok(format!(
        "{at_first} octets of code; without padding {unpadded}, shared {outlined}, in order {ordered}, hopping {at_last}; {steps} steps are the same"
    ))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else {
        eprintln!("usage: shorten ASSEMBLY SHORTER");
        return ExitCode::from(2);
    };
    match shorten(Path::new(from), Path::new(to)) {
        Ok(summary) => {
            println!("shorten: {summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("shorten: {error}");
            ExitCode::FAILURE
        }
    }
}
