//! A value that goes from the accumulator to another register, or back, is exchanged with what is there, which takes
//! one octet less than a copy does: where nobody looks at what the first one holds from then on. Where nobody looks at
//! a register by which memory was copied, it is copied by a push and a pop.

use crate::program::{Flow, Function, Item, Program, flow, inverse, is_local};
use crate::register;
use crate::save;
use std::collections::{HashMap, HashSet};

/// The general registers, by their names of 64 bits and the others.
const NAMES: [[&str; 5]; 15] = [
    ["%rax", "%eax", "%ax", "%al", "%ah"],
    ["%rcx", "%ecx", "%cx", "%cl", "%ch"],
    ["%rdx", "%edx", "%dx", "%dl", "%dh"],
    ["%rbx", "%ebx", "%bx", "%bl", "%bh"],
    ["%rsi", "%esi", "%si", "%sil", ""],
    ["%rdi", "%edi", "%di", "%dil", ""],
    ["%rbp", "%ebp", "%bp", "%bpl", ""],
    ["%r8", "%r8d", "%r8w", "%r8b", ""],
    ["%r9", "%r9d", "%r9w", "%r9b", ""],
    ["%r10", "%r10d", "%r10w", "%r10b", ""],
    ["%r11", "%r11d", "%r11w", "%r11b", ""],
    ["%r12", "%r12d", "%r12w", "%r12b", ""],
    ["%r13", "%r13d", "%r13w", "%r13b", ""],
    ["%r14", "%r14d", "%r14w", "%r14b", ""],
    ["%r15", "%r15d", "%r15w", "%r15b", ""],
];

/// Which register an operand is, and which of its first two names that is.
fn register(operand: &str) -> Option<(usize, usize)> {
    NAMES.iter().enumerate().find_map(|(register, names)| {
        let width = names[..2].iter().position(|name| *name == operand)?;
        Some((register, width))
    })
}

/// The exchange in place of a copy, and the register that is copied; None: it would be no shorter, or is no copy.
fn exchange(code: &str) -> Option<(String, usize)> {
    let (operation, operands) = code.split_once(' ')?;
    let (from, to) = operands.split_once(", ")?;
    let (operation, width) = match operation {
        "movq" => ("xchgq", 0),
        "movl" => ("xchgl", 1),
        _ => return None,
    };
    let ((source, a), (target, b)) = (register(from)?, register(to)?);
    let has_accumulator = (source == 0) != (target == 0);
    // A copy of 64 bits between registers without a prefix is a push and a pop.
    let is_longer = width == 1 || source.max(target) >= FIRST_WITH_PREFIX;
    (a == width && b == width && has_accumulator && is_longer)
        .then(|| (format!("{operation} {from}, {to}"), source))
}

const FIRST_WITH_PREFIX: usize = 7;

/// What an instruction does with a register.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    None,
    /// All of it, without looking at it.
    Sets,
    Looks,
}

fn mentions(text: &str, register: usize) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    let is_in = |name: &&&str| {
        let mut places = text.match_indices(**name);
        places.any(|(at, name)| is_end(&text[at + name.len()..]))
    };
    NAMES[register]
        .iter()
        .filter(|name| !name.is_empty())
        .any(|name| is_in(&name))
}

fn use_of(code: &str, register: usize) -> Use {
    // What uses no register but those it names.
    const PLAIN: [&str; 26] = [
        "mov", "lea", "push", "pop", "add", "sub", "and", "or", "xor", "cmp", "test", "inc", "dec",
        "neg", "not", "shl", "shr", "sar", "rol", "ror", "bt", "set", "cmov", "bswap", "sbb",
        "adc",
    ];
    let (operation, operands) = code.split_once(' ').unwrap_or((code, ""));
    let multiplies = operation.starts_with("imul") && operands.contains(", ");
    let is_other = operation.starts_with("cmpxchg") || operation.starts_with("leave");
    let is_plain = multiplies || (!is_other && PLAIN.iter().any(|it| operation.starts_with(it)));
    if !is_plain {
        return Use::Looks;
    }
    let (from, to) = operands.rsplit_once(", ").unwrap_or(("", operands));
    let is_zero = operation.starts_with("xor") && from == to;
    let is_set = is_zero
        || ["mov", "lea", "pop"]
            .iter()
            .any(|it| operation.starts_with(it))
        || (multiplies && from.contains(", "));
    let is_all = self::register(to).is_some_and(|(set, _)| set == register);
    match mentions(code, register) {
        false => Use::None,
        true if is_set && is_all && (is_zero || !mentions(from, register)) => Use::Sets,
        true => Use::Looks,
    }
}

/// What a function does with a register: whether it may look at what its caller left there, and whether it may
/// return with that still in it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Does {
    looks: bool,
    keeps: bool,
}

const ANYTHING: Does = Does {
    looks: true,
    keeps: true,
};

type All<'p> = HashMap<&'p str, Does>;

/// What may be done with the register from there on.
fn from(program: &Program, function: &Function, start: usize, register: usize, all: &All) -> Does {
    let mut does = Does {
        looks: false,
        keeps: false,
    };
    let is_saved = register::Register::all().any(|it| it.name() == NAMES[register][0]);
    // Who returns there restores it.
    let is_restored = is_saved && save::is_lent(program, function);
    let mut ways = vec![start];
    let mut done = HashSet::new();
    while let Some(at) = ways.pop() {
        let Some(item) = function.items.get(at) else {
            // Behind the last instruction: a call that never returns came before.
            continue;
        };
        if !done.insert(at) {
            continue;
        }
        let Item::Code(code) = *item else {
            ways.push(at + 1);
            continue;
        };
        let text = program.texts.get(code);
        let known = |name: &str| all.get(name).copied().unwrap_or(ANYTHING);
        if save::saved(text).is_some() {
            does.looks |= is_saved;
            ways.push(at + 1);
            continue;
        }
        match flow(text) {
            // By a register.
            Flow::Branch(condition, _) if inverse(condition).is_none() => return ANYTHING,
            Flow::Return => does.keeps |= !is_restored,
            Flow::Call(Some(name)) => {
                let callee = known(name);
                does.looks |= callee.looks;
                if callee.keeps {
                    ways.push(at + 1);
                }
            }
            Flow::Jump(Some(name)) | Flow::Branch(_, name) if !is_local(name) => {
                let other = known(name);
                does.looks |= other.looks;
                does.keeps |= other.keeps && !is_restored;
                if matches!(flow(text), Flow::Branch(..)) {
                    ways.push(at + 1);
                }
            }
            Flow::Jump(Some(name)) => match program.label(function, name) {
                Some(to) => ways.push(to),
                None => return ANYTHING,
            },
            Flow::Branch(_, name) => match program.label(function, name) {
                Some(to) => ways.extend([to, at + 1]),
                None => return ANYTHING,
            },
            Flow::Call(None) | Flow::Jump(None) => return ANYTHING,
            Flow::Next => match use_of(text, register) {
                Use::None => ways.push(at + 1),
                Use::Sets => {}
                Use::Looks => does.looks = true,
            },
        }
    }
    does
}

/// What every function does with the register.
fn all(program: &Program, register: usize) -> All<'_> {
    let nothing = Does {
        looks: false,
        keeps: false,
    };
    let mut all: All = program
        .functions
        .iter()
        .map(|it| (program.texts.get(it.name()), nothing))
        .collect();
    loop {
        let mut is_done = true;
        for function in &program.functions {
            let does = from(program, function, 1, register, &all);
            is_done &= all.insert(program.texts.get(function.name()), does) == Some(does);
        }
        if is_done {
            return all;
        }
    }
}

/// The copy from memory to memory in place of two by a register, which is written as a push and a pop; and that
/// register.
fn direct(first: &str, second: &str) -> Option<(String, usize)> {
    let (from, by) = first.strip_prefix("movq ")?.rsplit_once(", ")?;
    let to = second.strip_prefix("movq ")?.strip_prefix(by)?;
    let to = to.strip_prefix(", ")?;
    let (by, _) = register(by)?;
    (from.ends_with(')') && to.ends_with(')') && !mentions(to, by))
        .then(|| (format!("movq {from}, {to}"), by))
}

/// What may stand for some instructions: function, item, how many items, and the text.
type Place = (usize, usize, usize, String);

fn places(program: &Program) -> Vec<Place> {
    let mut places = Vec::new();
    for register in 0..NAMES.len() {
        let all = all(program, register);
        for (index, function) in program.functions.iter().enumerate() {
            for (at, item) in function.items.iter().enumerate() {
                let Item::Code(code) = *item else { continue };
                let code = program.texts.get(code);
                let next = match function.items.get(at + 1) {
                    Some(&Item::Code(next)) => direct(code, program.texts.get(next)),
                    _ => None,
                };
                let one = exchange(code).map(|it| (1, it));
                let Some((count, (text, _))) = one
                    .or(next.map(|it| (2, it)))
                    .filter(|(_, (_, from))| *from == register)
                else {
                    continue;
                };
                let does = from(program, function, at + count, register, &all);
                if !does.looks && !does.keeps {
                    places.push((index, at, count, text));
                }
            }
        }
    }
    places
}

/// Exchanges what may be, and copies from memory to memory.
pub fn swap(program: &mut Program) {
    let mut places = places(program);
    places.sort_unstable();
    for (index, at, count, text) in places.into_iter().rev() {
        let item = Item::Code(program.texts.of(&text));
        program.functions[index]
            .items
            .splice(at..at + count, [item]);
    }
}

/// The proof: nothing is changed but copies, where nobody looks at what was in the register. Where the register
/// that is changed is set again on every way before the function returns, callers find it as they did before.
///
/// # Errors
/// The first function that differs.
pub fn verify(before: &Program, after: &Program) -> Result<(), String> {
    let places: HashMap<(usize, usize), (usize, String)> = places(before)
        .into_iter()
        .map(|(index, at, count, text)| ((index, at), (count, text)))
        .collect();
    if before.functions.len() != after.functions.len() {
        return Err("other functions".to_string());
    }
    for (index, (old, new)) in before.functions.iter().zip(&after.functions).enumerate() {
        let differs = Err(format!(
            "{}: does something else",
            before.texts.get(old.name())
        ));
        let mut at = 0;
        for item in &new.items {
            let is_same = match (*item, old.items.get(at)) {
                (Item::Label(b), Some(Item::Label(a))) => {
                    before.texts.get(*a) == after.texts.get(b)
                }
                (Item::Code(b), Some(Item::Code(a))) => before.texts.get(*a) == after.texts.get(b),
                _ => false,
            };
            let place = places
                .get(&(index, at))
                .filter(|(_, text)| matches!(*item, Item::Code(b) if after.texts.get(b) == text));
            at += match place {
                _ if is_same => 1,
                Some((count, _)) => *count,
                None => return differs,
            };
        }
        if at != old.items.len() {
            return differs;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_instructions_do_with_registers() {
        let uses = |code| use_of(code, 0);
        for code in [
            "movl 8(%rax), %eax",
            "movb $1, %al",
            "cmovel %ecx, %eax",
            "sete %al",
            "testb %al, %al",
            "popq (%rax)",
        ] {
            assert!(uses(code) == Use::Looks, "{code}");
        }
        // Without naming it.
        for code in [
            "cqto",
            "mulq %rcx",
            "imulq %rcx",
            "cmpxchgq %rcx, (%rdi)",
            "rep;stosb %al, %es:(%rdi)",
            "syscall",
            "cpuid",
        ] {
            assert!(uses(code) == Use::Looks, "{code}");
        }
        for code in [
            "movl %ecx, %eax",
            "leaq 8(%rcx), %rax",
            "xorl %eax, %eax",
            "popq %rax",
            "movzbl (%rcx), %eax",
        ] {
            assert!(uses(code) == Use::Sets, "{code}");
        }
        for code in [
            "movl %ecx, %edx",
            "imulq %rcx, %rdx",
            "shlq $3, %r8",
            "pushq %rdi",
        ] {
            assert!(uses(code) == Use::None, "{code}");
        }
        assert!(use_of("movb %r8b, (%rdi)", 7) == Use::Looks);
        assert!(use_of("leaveq", 6) == Use::Looks);
    }

    #[test]
    fn copies_from_memory_to_memory() {
        let of = |first, second| direct(first, second).map(|it| it.0);
        assert_eq!(
            of("movq 8(%rax), %rcx", "movq %rcx, (%rdi,%rsi,8)").as_deref(),
            Some("movq 8(%rax), (%rdi,%rsi,8)")
        );
        for (first, second) in [
            ("movq 8(%rax), %rax", "movq %rax, 8(%rax)"),
            ("movq 8(%rax), %rcx", "movq %rdx, 8(%rdi)"),
            ("movq 8(%rax), %rcx", "movq %rcx, %rdi"),
            ("movl 8(%rax), %ecx", "movl %ecx, 8(%rdi)"),
            ("movq 8(%rax), %xmm0", "movq %xmm0, 8(%rdi)"),
        ] {
            assert_eq!(of(first, second), None);
        }
    }

    #[test]
    fn copies_that_are_exchanges() {
        let of = |code| exchange(code).map(|it| it.0);
        assert_eq!(of("movq %rax, %r14").as_deref(), Some("xchgq %rax, %r14"));
        assert_eq!(of("movl %ecx, %eax").as_deref(), Some("xchgl %ecx, %eax"));
        for code in [
            "movq %rax, %rbx",
            "movl %ecx, %edx",
            "movq %rax, (%r14)",
            "movl %eax, %eax",
            "movb %al, %cl",
        ] {
            assert_eq!(of(code), None);
        }
    }
}
