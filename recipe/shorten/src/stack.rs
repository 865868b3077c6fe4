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

/// Operations on `%xmm` registers that take an operand in memory at any address.
const ANY_ADDRESS: [&str; 8] = [
    "movups ", "movdqu ", "movq ", "movd ", "movss ", "movsd ", "movlps ", "movhps ",
];

/// Makes every instruction do without an aligned stack: `movaps` and `movdqa` to and from memory fault
/// where the address is not a multiple of 16, `movups` and `movdqu` are as short and do not.
///
/// # Errors
/// An instruction that may fault, or that may rely on the low bits of a stack address being 0.
pub fn forget_alignment(program: &mut Program) -> Result<(), String> {
    for function in &mut program.functions {
        // Registers that hold an address on the stack.
        let mut addresses: HashSet<String> = HashSet::new();
        for item in &mut function.items {
            let Item::Code(code) = item else { continue };
            let mut text = program.texts.get(*code).to_string();
            for (aligned, any) in [("movaps ", "movups "), ("movdqa ", "movdqu ")] {
                if let Some(operands) = text.strip_prefix(aligned)
                    && operands.contains('(')
                {
                    text = format!("{any}{operands}");
                    *code = program.texts.of(&text);
                }
            }
            // Data has the alignment it asks for.
            let is_in_memory = text.contains('(') && !text.contains("(%rip)");
            if text.contains("%xmm") && is_in_memory {
                let is_any = ANY_ADDRESS.iter().any(|name| text.starts_with(name));
                if !is_any {
                    return Err(format!("may fault on a stack that is not aligned: {text}"));
                }
            }
            let Some((head, target)) = text.rsplit_once(", ") else {
                continue;
            };
            // `mov %rsp, %rax; or $8, %rax` is an addition on an aligned stack only.
            let is_bits = head.starts_with("andq $-")
                || head
                    .strip_prefix("orq $")
                    .and_then(|bits| bits.parse().ok())
                    .is_some_and(|bits: i64| (1..16).contains(&bits));
            if is_bits && (addresses.contains(target) || target == "%rsp") {
                return Err(format!("relies on an aligned stack: {text}"));
            }
            let source = head.strip_prefix("movq ").unwrap_or("");
            let is_address = source == "%rsp"
                || addresses.contains(source)
                || (head.starts_with("leaq ") && head.contains("(%rsp"));
            if is_address {
                addresses.insert(target.to_string());
            } else if head.starts_with("movq ") || head.starts_with("leaq ") {
                addresses.remove(target);
            }
        }
    }
    Ok(())
}

const SAVED: [&str; 6] = ["%rbx", "%rbp", "%r12", "%r13", "%r14", "%r15"];

/// Takes the `pushq %rax` out of functions that have it only to align the stack, with what undoes it
/// before each of their ends.
pub fn drop_padding(program: &mut Program) {
    let exact = exact_functions(program);
    for number in 0..program.functions.len() {
        let function = &program.functions[number];
        if let Some(padding) = padding(program, function)
            && takes_itself_only(program, function, &padding, &exact)
        {
            let mut index = 0;
            program.functions[number].items.retain(|_| {
                index += 1;
                !padding.contains(&(index - 1))
            });
        }
    }
}

/// The indexes of the instructions that seem to align the stack only: the push, and what undoes it. None:
/// there are none, or the room is used.
fn padding(program: &Program, function: &Function) -> Option<Vec<usize>> {
    let code: Vec<(usize, &str)> = function
        .items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| match item {
            Item::Code(code) => Some((index, program.texts.get(*code))),
            Item::Label(_) => None,
        })
        .collect();
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
    // All that is left must neither use the room nor move the stack, but for a constant's push and pops.
    let uses = |&(index, text): &(usize, &str)| {
        let is_known =
            found.contains(&index) || text.starts_with("pushq $") || text.starts_with("popq ");
        !is_known && (text.contains("%rsp") || text.starts_with("push"))
    };
    (!code[saved + 1..].iter().any(uses)).then_some(found)
}

/// Whether the value that the first of these instructions pushes is taken by the others, and they take no
/// other, on every way through the code. Nobody called may have it for an argument.
fn takes_itself_only(
    program: &Program,
    function: &Function,
    padding: &[usize],
    exact: &HashSet<Text>,
) -> bool {
    const PADDING: &str = "padding";
    let items = &function.items;
    let mut stacks: Vec<Option<Vec<&str>>> = vec![None; items.len()];
    let mut ways = vec![(0, Vec::new())];
    while let Some((start, mut stack)) = ways.pop() {
        for index in start..items.len() {
            match &stacks[index] {
                Some(known) if *known == stack => break,
                Some(_) => return false,
                None => stacks[index] = Some(stack.clone()),
            }
            let Item::Code(code) = items[index] else {
                continue;
            };
            let text = program.texts.get(code);
            let is_padding = padding.contains(&index);
            match flow(text) {
                Flow::Return | Flow::Jump(None) if !stack.is_empty() => return false,
                Flow::Call(Some(name)) => {
                    let name = program.texts.find(name);
                    let is_exact = name.is_some_and(|name| exact.contains(&name));
                    if is_exact && stack.last() == Some(&PADDING) {
                        return false;
                    }
                }
                Flow::Jump(Some(name)) | Flow::Branch(_, name) => {
                    let is_target = |item: &Item| matches!(item, Item::Label(label) if program.texts.get(*label) == name);
                    match items.iter().position(is_target) {
                        Some(to) => ways.push((to, stack.clone())),
                        None if !stack.is_empty() => return false,
                        None => {}
                    }
                }
                _ => {}
            }
            if flow(text).is_end() {
                break;
            }
            if text.starts_with("push") {
                stack.push(match text {
                    _ if is_padding => PADDING,
                    // One pop may take what several places have pushed.
                    _ if text.starts_with("pushq $") => "pushq $",
                    _ => text,
                });
            } else if text.starts_with("pop") || is_padding {
                let taken = stack.pop();
                if taken.is_none() || (taken == Some(PADDING)) != is_padding {
                    return false;
                }
            }
        }
    }
    true
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
    }

    #[test]
    fn what_pops_something_else_is_not_padding() {
        // Both end with the stack as it was; without the first push the way back, or 3 in %rbx, is popped.
        for code in [
            "pushq %rax\ncallq g\npopq %rcx\n.L1:\npushq $3\npopq %rax\nretq",
            "pushq %rbx\npushq %rax\ncallq g\npopq %rcx\n.L1:\npushq $3\npopq %rax\npopq %rbx\nretq",
        ] {
            let mut it = program(code);
            drop_padding(&mut it);
            assert!(it.to_string().contains("pushq %rax"), "{it}");
        }
    }

    #[test]
    fn room_for_an_argument_is_not_padding() {
        let mut it = program(
            "pushq %rax\ncallq g\npopq %rcx\nretq\n\t.type g,@function\ng:\nmovq 8(%rsp), %rax\nretq",
        );
        drop_padding(&mut it);
        assert!(it.to_string().contains("pushq %rax"), "{it}");
    }

    #[test]
    fn room_that_is_used_is_not_padding() {
        let mut it = program("pushq %rax\nmovq %rdi, (%rsp)\ncallq g\npopq %rcx\nretq");
        drop_padding(&mut it);
        assert!(it.to_string().contains("pushq %rax"));
    }

    #[test]
    fn low_bits_of_an_address_are_not_relied_on() {
        assert!(forget_alignment(&mut program("movq %rsp, %rax\norq $8, %rax\nretq")).is_err());
        for relies in [
            "leaq 16(%rsp), %rcx\nmovl %edi, %esi\norq $8, %rcx\nretq",
            "movq %rsp, %rcx\nmovq %rcx, %rbx\norq $8, %rbx\nretq",
            "paddd (%rsp), %xmm0\nretq",
            "pcmpeqb (%rdi), %xmm0\nretq",
            "movntdq %xmm0, (%rdi)\nretq",
        ] {
            assert!(forget_alignment(&mut program(relies)).is_err(), "{relies}");
        }
        let mut it = program(
            "leaq 16(%rsp), %rcx\nmovq (%rdi), %rcx\norq $8, %rcx\npcmpeqb x(%rip), %xmm0\nmovq (%rsp), %xmm0",
        );
        forget_alignment(&mut it).expect("nothing that relies on it");
        let mut it = program("movaps %xmm0, 16(%rsp)\nmovaps %xmm0, %xmm1\nretq");
        forget_alignment(&mut it).expect("nothing that relies on it");
        assert!(
            it.to_string()
                .contains("movups %xmm0, 16(%rsp)\n\tmovaps %xmm0, %xmm1")
        );
    }
}
