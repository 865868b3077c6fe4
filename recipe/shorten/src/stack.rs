//! What instructions know about the stack: where they stand on it.

use crate::frame::Frame;
use crate::program::{Flow, Function, Item, Program, flow, is_local};
use crate::register;
use crate::save;
use std::collections::HashSet;

/// How an instruction depends on the stack pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    None,
    /// By the displacement of its operand alone: `8(%rsp)`.
    Displacement(u32),
    /// In another way: it changes it, copies it, or looks below it. So may the child that a system call makes.
    Other,
}

pub fn stack_use(code: &str) -> Use {
    if ["push", "pop", "syscall"]
        .iter()
        .any(|operation| code.starts_with(operation))
    {
        return Use::Other;
    }
    let Some(at) = code.find("(%rsp)") else {
        return if code.contains("%rsp") || code.contains("%esp") {
            Use::Other
        } else {
            Use::None
        };
    };
    let head = &code[..at];
    let digits = head.len() - head.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let is_plain = head[..head.len() - digits].ends_with([' ', '*'])
        || head[..head.len() - digits].ends_with(',');
    let others = code.matches("%rsp").count() + code.matches("%esp").count();
    if others != 1 || !is_plain {
        return Use::Other;
    }
    Use::Displacement(head[head.len() - digits..].parse().unwrap_or(0))
}

/// The same instruction where the stack is `octets` deeper; None: there is none.
pub fn deeper(code: &str, octets: u32) -> Option<String> {
    match stack_use(code) {
        Use::None => Some(code.to_string()),
        Use::Displacement(displacement) => {
            let at = code.find("(%rsp)")?;
            let head = code[..at].trim_end_matches(|c: char| c.is_ascii_digit());
            Some(format!("{head}{}{}", displacement + octets, &code[at..]))
        }
        Use::Other => None,
    }
}

/// How many octets `code` puts on the stack (less than 0: takes from it).
fn pushed(code: &str) -> i32 {
    if let Some(octets) = save::saved(code) {
        return octets;
    }
    let (operation, operands) = code.split_once(' ').unwrap_or((code, ""));
    match operation {
        "pushq" => 8,
        "popq" => -8,
        "subq" | "addq" => {
            let amount = operands
                .strip_suffix(", %rsp")
                .and_then(|amount| amount.strip_prefix('$'))
                .and_then(|amount| amount.parse::<i32>().ok())
                .unwrap_or(0);
            if operation == "subq" { amount } else { -amount }
        }
        _ => 0,
    }
}

/// Functions of the C library that have no arguments on the stack. Of others it is not known.
const KNOWN: [&str; 6] = ["memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"];

/// The functions that need the stack just as their callers made it: they read arguments behind the sixth
/// from it, or go on as a function that may.
pub fn exact_functions(program: &Program) -> HashSet<String> {
    let name = |function: &Function| program.texts.get(function.name()).to_string();
    let own: HashSet<String> = program.functions.iter().map(name).collect();
    let goes_to = |code| match flow(code) {
        Flow::Jump(Some(name)) | Flow::Branch(_, name) => Some(name),
        _ => None,
    };
    let mut exact = HashSet::new();
    for function in &program.functions {
        if has_stack_arguments(program, function) {
            exact.insert(name(function));
        }
        for code in program.codes(&function.items) {
            let called = match flow(code) {
                Flow::Call(called) => called,
                _ => goes_to(code),
            };
            if let Some(called) = called
                && !is_local(called)
                && !own.contains(called)
                && !KNOWN.contains(&called)
            {
                exact.insert(called.to_string());
            }
        }
    }
    loop {
        let goes_on = |code| goes_to(code).is_some_and(|to| exact.contains(to));
        let more: Vec<String> = program
            .functions
            .iter()
            .filter(|function| program.codes(&function.items).any(goes_on))
            .map(name)
            .filter(|name| !exact.contains(name))
            .collect();
        if more.is_empty() {
            return exact;
        }
        exact.extend(more);
    }
}

/// Goes every way through the function and shows `visit` each instruction and how many octets are on the stack
/// there. It ends where `visit` says so, or where two ways meet with different stacks: unless one of them comes
/// from a call right before, which does not return then.
fn walk(
    program: &Program,
    function: &Function,
    mut visit: impl FnMut(&str, i32) -> Result<(), String>,
) -> Result<(), String> {
    let items = &function.items;
    let mut depths: Vec<Option<i32>> = vec![None; items.len()];
    let mut ways = vec![(0, 0)];
    // From a call to a label.
    let mut later = Vec::new();
    while let Some((start, depth)) = ways.pop().or_else(|| {
        let is_open = |(at, _): &(usize, i32)| depths[*at].is_none();
        std::iter::from_fn(|| later.pop()).find(is_open)
    }) {
        let mut depth: i32 = depth;
        let mut is_after_call = false;
        for index in start..items.len() {
            if is_after_call && matches!(items[index], Item::Label(_)) {
                later.push((index, depth));
                break;
            }
            match depths[index].replace(depth) {
                Some(known) if known == depth => break,
                Some(_) => return Err("ways meet with different stacks".to_string()),
                None => {}
            }
            let Item::Code(code) = items[index] else {
                continue;
            };
            let text = program.texts.get(code);
            visit(text, depth)?;
            if let Flow::Jump(Some(name)) | Flow::Branch(_, name) = flow(text) {
                let to = program.label(function, name);
                ways.extend(to.map(|to| (to, depth)));
            }
            if flow(text).is_end() || text == "ud2" {
                break;
            }
            is_after_call = matches!(flow(text), Flow::Call(_)) && text != save::SAVE_ALL;
            depth += pushed(text);
        }
    }
    Ok(())
}

/// Whether the function may read what its caller has put on the stack, on any way through its code. One that
/// goes on through a pointer may leave that to whom it goes on as.
fn has_stack_arguments(program: &Program, function: &Function) -> bool {
    let has_frame = program
        .codes(&function.items)
        .any(|code| code == "movq %rsp, %rbp");
    let reads = |code: &str, depth: i32| {
        let reads = |base, offset| displacements(code, base).any(|it| it >= offset);
        // Above a frame are the caller's register and the way back, which may be taken as well.
        let is_so = reads("(%rsp", depth + 8)
            || reads("(%rsp,", depth - 16)
            || (has_frame && reads("(%rbp", 16))
            || depth + pushed(code) < 0
            || flow(code) == Flow::Jump(None);
        if is_so { Err(String::new()) } else { Ok(()) }
    };
    walk(program, function, reads).is_err()
}

/// # Errors
/// A function that may end with another stack than it began with.
pub fn check_balance(program: &Program) -> Result<(), String> {
    for function in &program.functions {
        let name = program.texts.get(function.name());
        let restores = |code: &str| {
            code.ends_with(", %rsp") && register::mentions(code).contains(register::FRAME)
        };
        if save::NAMES.contains(&name) || program.codes(&function.items).any(restores) {
            continue;
        }
        // What is on the stack at the end, and between there and where the caller goes on.
        let (base, saved) = if save::is_lent(program, function) {
            (save::SAVED, save::SAVED)
        } else {
            let frame = Frame::read(program, function);
            (0, frame.map_or(0, |frame| 8 * frame.saved.len() as i32))
        };
        walk(program, function, |code, depth| {
            let area = depth - saved..depth + 8;
            if displacements(code, "(%rsp)").any(|it| area.contains(&it)) {
                return Err(format!("looks at what is saved: {code}"));
            }
            let leaves = match flow(code) {
                Flow::Return | Flow::Jump(None) => true,
                Flow::Jump(Some(to)) | Flow::Branch(_, to) => program.label(function, to).is_none(),
                Flow::Next | Flow::Call(_) => false,
            };
            let sets = code.ends_with(", %rsp") && pushed(code) == 0;
            if (leaves && depth != base) || depth + pushed(code) < base || sets {
                return Err(format!("{depth} octets are on the stack at {code}"));
            }
            Ok(())
        })
        .map_err(|what| format!("{name}: {what}"))?;
    }
    Ok(())
}

/// How far the operands of `code` are from the register of `base` (`(%rsp`).
fn displacements(code: &str, base: &str) -> impl Iterator<Item = i32> {
    code.match_indices(base).map(|(at, _)| {
        let start = code[..at]
            .rfind(|c: char| !c.is_ascii_digit() && c != '-')
            .map_or(0, |before| before + 1);
        code[start..at].parse().unwrap_or(0)
    })
}

/// # Errors
/// A function that plainly keeps values below the stack pointer, where a push or a call would overwrite them: LLVM
/// was not told.
pub fn check_red_zone(program: &Program) -> Result<(), String> {
    for function in &program.functions {
        let below = |code: &&str| {
            let (at, _) = code.split_once("(%rsp)").unwrap_or_default();
            at.ends_with(|c: char| c.is_ascii_digit())
                && at
                    .trim_end_matches(|c: char| c.is_ascii_digit())
                    .ends_with('-')
        };
        if let Some(code) = program.codes(&function.items).find(below) {
            return Err(format!("keeps values below the stack: {code}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(assembly: &str) -> Program {
        let text = format!("\t.section\t.text.f,\"ax\"\n\t.type f,@function\nf:\n{assembly}\n");
        Program::read(&text).expect("assembly that can be read")
    }

    #[test]
    fn operands_on_the_stack() {
        assert_eq!(stack_use("movq 8(%rsp), %rax"), Use::Displacement(8));
        assert_eq!(stack_use("movq %rax, (%rsp)"), Use::Displacement(0));
        for other in [
            "movq %rsp, %rdi",
            "movq -8(%rsp), %rax",
            "popq %rax",
            "movq 8(%rsp,%rax), %rcx",
            "movq %rsp, 8(%rsp)",
        ] {
            assert_eq!(stack_use(other), Use::Other, "{other}");
        }
        assert_eq!(
            deeper("leaq 120(%rsp), %rdi", 8).as_deref(),
            Some("leaq 128(%rsp), %rdi")
        );
        assert_eq!(
            deeper("callq *(%rsp)", 8).as_deref(),
            Some("callq *8(%rsp)")
        );
        assert_eq!(deeper("movq %rsp, %rdi", 8), None);
    }

    #[test]
    fn arguments_on_the_stack_are_seen() {
        let own = program(
            "pushq %rbx\nsubq $16, %rsp\nmovq 16(%rsp), %rax\naddq $16, %rsp\npopq %rbx\nretq",
        );
        assert!(exact_functions(&own).is_empty());
        let caller = program(
            "pushq %rbx\nsubq $16, %rsp\nmovq 32(%rsp), %rax\naddq $16, %rsp\npopq %rbx\nretq",
        );
        assert_eq!(exact_functions(&caller).len(), 1);
    }

    #[test]
    fn values_below_the_stack_are_refused() {
        assert!(check_red_zone(&program("movq %rax, -8(%rsp)\nretq")).is_err());
        check_red_zone(&program(
            "movq %rax, -8(%rsp,%rcx)\nmovq -8(%rbp), %rax\nretq",
        ))
        .expect("within the function's part");
    }
}
