//! How functions begin and end: what they save, and where their part of the stack lies.

use crate::program::{Flow, Function, Item, Program, flow, is_local};
use crate::register::{self, Register};
use crate::stack;

/// Saves every register a callee leaves alone.
pub const SAVE_ALL: &str = "callq saved.all";

/// The function that does. It leaves %rax as the way back.
pub const SAVE_ALL_NAME: &str = "saved.all";

/// Where a function saves registers, and restores them.
pub struct Frame {
    /// What it saves, in the order of its pushes, which are its first instructions.
    pub saved: Vec<Register>,
    /// Indexes of the first pop of each way out, followed by the others and what leaves.
    pub ends: Vec<usize>,
}

impl Frame {
    /// None: there is a way out of the function that does not restore them all right before.
    pub fn read(program: &Program, function: &Function) -> Option<Self> {
        let at = |index: usize, operation: &str| match function.items.get(index) {
            Some(&Item::Code(code)) => register::saved_by(program.texts.get(code), operation),
            _ => None,
        };
        let saved: Vec<Register> = (1..).map_while(|index| at(index, "pushq ")).collect();
        let mut ends = Vec::new();
        for (index, item) in function.items.iter().enumerate() {
            let Item::Code(code) = *item else { continue };
            match program.flow(code) {
                Flow::Jump(Some(name)) if is_local(name) => {}
                Flow::Branch(_, name) if is_local(name) || saved.is_empty() => {}
                Flow::Branch(..) => return None,
                Flow::Return | Flow::Jump(_) => {
                    let start = index - saved.len();
                    if !(start..index)
                        .map_while(|index| at(index, "popq "))
                        .eq(saved.iter().rev().copied())
                    {
                        return None;
                    }
                    ends.push(start);
                }
                _ => {}
            }
        }
        Some(Self { saved, ends })
    }

    /// Whether the item there is one of its pushes or pops.
    pub fn has(&self, index: usize) -> bool {
        self.start(index).is_some()
    }

    /// Index of the first push or pop of the row to which the one there belongs.
    pub fn start(&self, index: usize) -> Option<usize> {
        let row = |start: &usize| (*start..start + self.saved.len()).contains(&index);
        std::iter::once(1)
            .chain(self.ends.iter().copied())
            .find(row)
    }
}

/// Functions do without a stack that is aligned to 16 octets, which LLVM gives to each that copies as many at
/// once: such copies are as short and as fast without, and who has no second register for the stack has one
/// more for values.
///
/// This is not among what is proved. It holds since nothing but such copies wants the alignment: no type of the
/// program is aligned to 16 octets, so nobody is lent an address of which more is known than that it is one of
/// 8; and a function that sets the bit of 8 in what may be an address of its own stack, in place of adding it
/// ([`sets_bits`]), stays as it is.
///
/// # Errors
/// An instruction that faults without: one that is not a copy.
pub fn unalign(program: &mut Program) -> Result<(), String> {
    for index in 0..program.functions.len() {
        let items = program.functions[index].items.clone();
        for (at, item) in items.iter().enumerate() {
            let Item::Code(code) = *item else { continue };
            if let Some(any) = any_alignment(program.texts.get(code))? {
                program.functions[index].items[at] = Item::Code(program.texts.of(&any));
            }
        }
        if let Some(lines) = unaligned(program, &program.functions[index]) {
            program.functions[index].items = interned(program, &lines);
        }
    }
    Ok(())
}

/// The same with an operand in memory wherever that lies; None: it is.
fn any_alignment(code: &str) -> Result<Option<String>, String> {
    let (operation, operands) = code.split_once(' ').unwrap_or((code, ""));
    let is_wide = ["%ymm", "%zmm"].iter().any(|name| code.contains(name))
        || ["cmpxchg16b", "fxsave", "fxrstor"]
            .iter()
            .any(|name| code.contains(name));
    // What lies beside the code is aligned by its own section.
    let is_on_stack = code.contains("%xmm") && code.contains('(') && !code.contains("(%rip)");
    let is_part = ["ss", "sd", "lps", "hps", "lpd", "hpd"]
        .iter()
        .any(|end| operation.ends_with(end));
    match operation {
        _ if is_wide => {}
        _ if !is_on_stack || is_part => return Ok(None),
        "movaps" => return Ok(Some(format!("movups {operands}"))),
        "movdqa" => return Ok(Some(format!("movdqu {operands}"))),
        "movups" | "movdqu" | "movq" | "movd" => return Ok(None),
        _ => {}
    }
    Err(format!("relies on aligned memory: {code}"))
}

enum Line {
    As(Item),
    Code(String),
}

fn interned(program: &mut Program, lines: &[Line]) -> Vec<Item> {
    let mut item = |line: &Line| match line {
        Line::As(item) => *item,
        Line::Code(text) => Item::Code(program.texts.of(text)),
    };
    lines.iter().map(&mut item).collect()
}

/// The items of the function without the alignment of its stack; None: it has none, or needs it.
fn unaligned(program: &Program, function: &Function) -> Option<Vec<Line>> {
    const ALIGN: &str = "andq $-16, %rsp";
    let mut codes = program.codes(&function.items);
    codes.find(|code| *code == ALIGN)?;
    if program.codes(&function.items).any(sets_bits) {
        return None;
    }
    let size = taken(codes)?;
    let mut lines = Vec::new();
    for &item in &function.items {
        let Item::Code(code) = item else {
            lines.push(Line::As(item));
            continue;
        };
        let code = program.texts.get(code);
        let is_back = code == "movq %rbp, %rsp"
            || (code.starts_with("leaq -") && code.ends_with("(%rbp), %rsp"));
        if code == ALIGN || code == "movq %rsp, %rbp" {
            continue;
        }
        if is_back {
            lines.push(Line::Code(format!("addq ${size}, %rsp")));
            continue;
        }
        // Arguments on the stack; flags that the end of the function has to leave alone.
        let is_frame = code == "pushq %rbp" || code == "popq %rbp";
        let is_argument = !is_frame && register::mentions(code).contains(register::FRAME);
        if is_argument || matches!(flow(code), Flow::Branch(_, to) if !is_local(to)) {
            return None;
        }
        lines.push(Line::As(item));
    }
    Some(lines)
}

/// How many octets of the stack the function takes: at once, or page by page, each of which it touches.
fn taken<'c>(mut codes: impl Iterator<Item = &'c str>) -> Option<u32> {
    let mut size = 0;
    loop {
        let part = codes
            .next()?
            .strip_prefix("subq $")?
            .strip_suffix(", %rsp")?;
        size += part.parse::<u32>().ok()?;
        if codes.next()? != "movq $0, (%rsp)" {
            return Some(size);
        }
    }
}

/// Whether it may set the bit of 8 in an address that is known to be one of 16 octets, in place of adding to it, or
/// clear it.
fn sets_bits(code: &str) -> bool {
    let amount = |operation: &str| -> Option<i64> {
        let (amount, register) = code.strip_prefix(operation)?.split_once(", ")?;
        (register != "%rsp").then(|| amount.parse().ok())?
    };
    let is_set = |operation| amount(operation).is_some_and(|it| (8..16).contains(&it));
    is_set("orq $")
        || is_set("xorq $")
        || amount("btsq $") == Some(3)
        || amount("andq $").is_some_and(|it| (-16..-8).contains(&it))
}

/// Registers of which it is shorter to save them all, if nobody reads arguments from the stack, which lies deeper then.
const MANY: usize = 4;

/// Who saves all registers, or nearly so, calls a function that saves them all. Who stops using a few octets of the
/// stack right before a register is restored restores that from them as well.
pub fn shorten(program: &mut Program) {
    let mut is_used = false;
    let exact = stack::exact_functions(program);
    for index in 0..program.functions.len() {
        let function = &program.functions[index];
        let Some(frame) = Frame::read(program, function) else {
            continue;
        };
        let reads_stack = || exact.contains(program.texts.get(function.name()));
        let is_all = may_change_rax(program, function)
            && (frame.saved == register::SAVE_ORDER || frame.saved.len() >= MANY && !reads_stack());
        let mut lines = Vec::new();
        for (at, &item) in function.items.iter().enumerate() {
            match frame.start(at) {
                Some(start) if is_all && start != at => continue,
                Some(1) if is_all => {
                    lines.push(Line::Code(SAVE_ALL.to_string()));
                    continue;
                }
                Some(_) if is_all => {
                    let pops = register::SAVE_ORDER.iter().rev();
                    lines.extend(pops.map(|it| Line::Code(format!("popq {}", it.name()))));
                    continue;
                }
                _ => {}
            }
            match dropped(program, item).filter(|_| frame.ends.contains(&(at + 1))) {
                Some(slots) if frame.saved.last().is_some_and(|it| it.is_low()) => {
                    lines.extend((0..slots).map(|_| Line::As(function.items[at + 1])));
                }
                _ => lines.push(Line::As(item)),
            }
        }
        program.functions[index].items = interned(program, &lines);
        is_used |= is_all;
    }
    if is_used {
        let mut items = vec![Item::Label(program.texts.of(SAVE_ALL_NAME))];
        let mut add = |code: &str| items.push(Item::Code(program.texts.of(code)));
        add("popq %rax");
        for register in register::SAVE_ORDER {
            add(&format!("pushq {}", register.name()));
        }
        add("pushq %rax");
        add("retq");
        program.functions.push(Function { items });
    }
}

/// How many slots of the stack it gives up, if that is shorter as pops.
fn dropped(program: &Program, item: Item) -> Option<usize> {
    let Item::Code(code) = item else { return None };
    match program.texts.get(code) {
        "addq $8, %rsp" => Some(1),
        "addq $16, %rsp" => Some(2),
        "addq $24, %rsp" => Some(3),
        _ => None,
    }
}

/// Whether the function's callers cannot rely on it to leave %rax alone, and do not give it anything there: it sets
/// that register somewhere, and does not begin by looking at it, as one with a variable number of arguments does.
fn may_change_rax(program: &Program, function: &Function) -> bool {
    let is_test = |code: &str| ["cmp", "test", "bt"].iter().any(|it| code.starts_with(it));
    let codes = || program.codes(&function.items);
    let first = codes().find(|code| {
        let names = ["%rax", "%eax", "%ax", "%al"];
        matches!(flow(code), Flow::Call(_)) || names.iter().any(|name| code.contains(name))
    });
    !first.is_some_and(is_test)
        && codes()
            .any(|code| (code.ends_with(", %rax") || code.ends_with(", %eax")) && !is_test(code))
}
