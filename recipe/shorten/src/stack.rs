//! What instructions know about the stack: its alignment, and where they stand on it.

use crate::program::{Flow, Function, Item, Program, Text, flow};
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

/// The functions that need the stack just as their callers made it: they read arguments behind the sixth
/// from it, or go on as a function that may.
pub fn exact_functions(program: &Program) -> HashSet<Text> {
    let mut exact: HashSet<Text> = program
        .functions
        .iter()
        .filter(|function| has_stack_arguments(program, function))
        .map(Function::name)
        .collect();
    loop {
        let goes_on = |item: &Item| match *item {
            Item::Label(_) => false,
            Item::Code(code) => match program.flow(code) {
                Flow::Jump(Some(name)) | Flow::Branch(_, name) => program
                    .texts
                    .find(name)
                    .is_some_and(|name| exact.contains(&name)),
                _ => false,
            },
        };
        let more: Vec<Text> = program
            .functions
            .iter()
            .filter(|function| !exact.contains(&function.name()))
            .filter(|function| function.items.iter().any(goes_on))
            .map(Function::name)
            .collect();
        if more.is_empty() {
            return exact;
        }
        exact.extend(more);
    }
}

/// Whether the function may read what its caller has put on the stack, on any way through its code. One that
/// goes on through a pointer may leave that to whom it goes on as.
fn has_stack_arguments(program: &Program, function: &Function) -> bool {
    let items = &function.items;
    let is = |item: &Item, text: &str| match *item {
        Item::Label(it) | Item::Code(it) => program.texts.get(it) == text,
    };
    let has_frame = items.iter().any(|item| is(item, "movq %rsp, %rbp"));
    let mut depths: Vec<Option<i32>> = vec![None; items.len()];
    let mut ways = vec![(0, 0)];
    while let Some((start, depth)) = ways.pop() {
        let mut depth: i32 = depth;
        for index in start..items.len() {
            match depths[index].replace(depth) {
                Some(known) if known == depth => break,
                Some(_) => return true,
                None => {}
            }
            let Item::Code(code) = items[index] else {
                continue;
            };
            let text = program.texts.get(code);
            let reads = |base, offset| displacements(text, base).any(|it| it >= offset);
            // Above a frame are the caller's register and the way back.
            if reads("(%rsp", depth + 8) || (has_frame && reads("(%rbp", 16)) {
                return true;
            }
            match flow(text) {
                Flow::Jump(None) => return true,
                Flow::Jump(Some(name)) | Flow::Branch(_, name) => {
                    let to = items.iter().position(|item| is(item, name));
                    ways.extend(to.map(|to| (to, depth)));
                }
                _ => {}
            }
            if flow(text).is_end() {
                break;
            }
            depth += pushed(text);
        }
    }
    false
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

/// Whether the function may keep values below the stack pointer, where a call would overwrite them: it has
/// operands there, or calls nobody and has a copy of the stack pointer that may lead there.
pub fn has_red_zone(program: &Program, function: &Function) -> bool {
    let codes = || {
        function.items.iter().filter_map(|item| match *item {
            Item::Code(code) => Some(program.texts.get(code)),
            Item::Label(_) => None,
        })
    };
    let copies = |code: &str| {
        let moves = ["push", "pop", "addq $", "subq $"];
        code.contains("%rsp")
            && !moves.iter().any(|operation| code.starts_with(operation))
            && (code.starts_with("leaq ") || stack_use(code) == Use::Other)
    };
    codes().any(|code| displacements(code, "(%rsp").any(|it| it < 0))
        || (!codes().any(|code| matches!(flow(code), Flow::Call(_))) && codes().any(copies))
}

/// Makes every instruction do without an aligned stack: `movaps` and `movdqa` to and from memory fault
/// where the address is not a multiple of 16, `movups` and `movdqu` are as short and do not.
///
/// # Errors
/// An instruction that may rely on the low bits of a stack address being 0.
pub fn forget_alignment(program: &mut Program) -> Result<(), String> {
    let mut last = String::new();
    for function in &mut program.functions {
        for item in &mut function.items {
            let Item::Code(code) = item else { continue };
            let text = program.texts.get(*code).to_string();
            for (aligned, any) in [("movaps ", "movups "), ("movdqa ", "movdqu ")] {
                if let Some(operands) = text.strip_prefix(aligned)
                    && operands.contains('(')
                {
                    *code = program.texts.of(&format!("{any}{operands}"));
                }
            }
            // `mov %rsp, %rax; or $8, %rax` is an addition on an aligned stack only.
            let target = |text: &str| text.rsplit_once(", ").map(|(_, target)| target.to_string());
            let is_bits = text.starts_with("orq $")
                || text.starts_with("orl $")
                || text.starts_with("andq $-");
            if is_bits && last.contains("%rsp") && target(&last) == target(&text) {
                return Err(format!("relies on an aligned stack: {last}; {text}"));
            }
            last = text;
        }
    }
    Ok(())
}

const SAVED: [&str; 6] = ["%rbx", "%rbp", "%r12", "%r13", "%r14", "%r15"];

/// Takes the `pushq %rax` out of functions that have it only to align the stack, with what undoes it
/// before each of their ends.
pub fn drop_padding(program: &mut Program) {
    for function in &mut program.functions {
        let code: Vec<(usize, &str)> = function
            .items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| match item {
                Item::Code(code) => Some((index, program.texts.get(*code))),
                Item::Label(_) => None,
            })
            .collect();
        if let Some(padding) = padding(&code) {
            let mut index = 0;
            function.items.retain(|_| {
                index += 1;
                !padding.contains(&(index - 1))
            });
        }
    }
}

/// The indexes of the instructions that only align the stack. None: there are none, or the room is used.
fn padding(code: &[(usize, &str)]) -> Option<Vec<usize>> {
    let saved = code
        .iter()
        .take_while(|(_, code)| {
            code.strip_prefix("pushq ")
                .is_some_and(|register| SAVED.contains(&register))
        })
        .count();
    let (first, pad) = *code.get(saved)?;
    let (_, next) = *code.get(saved + 1)?;
    if pad != "pushq %rax" || next.starts_with("popq") {
        return None;
    }
    let mut found = vec![first];
    for (position, &(_, text)) in code.iter().enumerate().skip(saved + 1) {
        let leaves = match flow(text) {
            Flow::Return | Flow::Jump(None) => true,
            Flow::Jump(Some(name)) => !name.starts_with(".L"),
            Flow::Branch(_, name) if !name.starts_with(".L") => return None,
            _ => false,
        };
        if leaves {
            let undo = position.checked_sub(saved + 1)?;
            let pops = code[undo + 1..position].iter();
            if !pops.clone().all(|(_, code)| {
                code.strip_prefix("popq ")
                    .is_some_and(|register| SAVED.contains(&register))
            }) {
                return None;
            }
            let (index, text) = code[undo];
            let scratch = text
                .strip_prefix("popq ")
                .is_some_and(|register| !SAVED.contains(&register));
            if text != "addq $8, %rsp" && !scratch {
                return None;
            }
            found.push(index);
        }
    }
    // All that is left must neither use the room nor move the stack, but for a constant's push and pop.
    let mut balance = 0;
    for &(index, text) in &code[saved + 1..] {
        if found.contains(&index)
            || SAVED
                .iter()
                .any(|register| text == format!("popq {register}"))
        {
            continue;
        }
        if text.starts_with("pushq $") {
            balance += 1;
        } else if text.starts_with("popq ") {
            balance -= 1;
        } else if text.contains("%rsp") || text.starts_with("push") {
            return None;
        }
    }
    // A constant may be pushed in several places that jump to one pop.
    (balance >= 0).then_some(found)
}

/// # Errors
/// A function that does not leave the stack as it found it, on any way through its code.
pub fn check_balance(program: &Program) -> Result<(), String> {
    for function in &program.functions {
        let items = &function.items;
        let mut depths: Vec<Option<i32>> = vec![None; items.len()];
        let mut ways = vec![(0, 0)];
        while let Some((start, depth)) = ways.pop() {
            let mut depth: i32 = depth;
            for index in start..items.len() {
                match depths[index] {
                    Some(known) if known == depth => break,
                    Some(_) => return Err(unbalanced(program, function, items[index])),
                    None => depths[index] = Some(depth),
                }
                let Item::Code(code) = items[index] else {
                    continue;
                };
                let text = program.texts.get(code);
                let mut way = |name: &str| {
                    let label = |item: &Item| matches!(item, Item::Label(label) if program.texts.get(*label) == name);
                    match items.iter().position(label) {
                        Some(to) => ways.push((to, depth)),
                        None if depth != 0 => {
                            return Err(unbalanced(program, function, items[index]));
                        }
                        None => {}
                    }
                    Ok(())
                };
                match flow(text) {
                    Flow::Branch(_, name) => way(name)?,
                    Flow::Jump(Some(name)) => way(name)?,
                    Flow::Return | Flow::Jump(None) if depth != 0 => {
                        return Err(unbalanced(program, function, items[index]));
                    }
                    _ => {}
                }
                if flow(text).is_end() {
                    break;
                }
                depth += pushed(text);
            }
        }
    }
    Ok(())
}

fn unbalanced(program: &Program, function: &Function, item: Item) -> String {
    let (Item::Label(text) | Item::Code(text)) = item;
    format!(
        "{}: the stack is not as it was at: {}",
        program.texts.get(function.name()),
        program.texts.get(text)
    )
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
    fn padding_goes_with_each_undo() {
        let mut it = program(
            "pushq %rbx\npushq %rax\npushq $1\npopq %rdi\ncallq g\ntestq %rax, %rax\nje .L1\naddq $8, %rsp\npopq %rbx\nretq\n.L1:\npopq %rcx\npopq %rbx\njmp h",
        );
        drop_padding(&mut it);
        let left = it.to_string();
        for gone in ["pushq %rax", "popq %rcx", "addq"] {
            assert!(!left.contains(gone), "{left}");
        }
        check_balance(&it).expect("balanced");
    }

    #[test]
    fn room_that_is_used_is_not_padding() {
        let mut it = program("pushq %rax\nmovq %rdi, (%rsp)\ncallq g\npopq %rcx\nretq");
        drop_padding(&mut it);
        assert!(it.to_string().contains("pushq %rax"));
    }

    #[test]
    fn a_stack_that_is_not_put_back_is_seen() {
        assert!(check_balance(&program("pushq %rbx\nje .L1\npopq %rbx\n.L1:\nretq")).is_err());
        assert!(check_balance(&program("pushq %rbx\njmp g")).is_err());
    }

    #[test]
    fn low_bits_of_an_address_are_not_relied_on() {
        assert!(forget_alignment(&mut program("movq %rsp, %rax\norq $8, %rax\nretq")).is_err());
        let mut it = program("movaps %xmm0, 16(%rsp)\nmovaps %xmm0, %xmm1\nretq");
        forget_alignment(&mut it).expect("nothing that relies on it");
        assert!(
            it.to_string()
                .contains("movups %xmm0, 16(%rsp)\n\tmovaps %xmm0, %xmm1")
        );
    }
}
