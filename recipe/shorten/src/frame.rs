//! How functions begin and end: what they save, and where their part of the stack lies.

use crate::program::{Flow, Function, Item, Program, flow};
use crate::register::{self, Register};

/// Saves every register a callee leaves alone.
pub const SAVE_ALL: &str = "callq saved.all";

/// The function that does. It leaves %rax as the way back.
pub const SAVE_ALL_NAME: &str = "saved.all";

/// Where a function saves registers, and restores them.
pub struct Frame {
    /// What it saves, in the order of its pushes, which are its first instructions.
    pub saved: Vec<Register>,
    /// Indexes of its first pops, each followed by the others.
    pub ends: Vec<usize>,
}

impl Frame {
    /// None: it restores in another way.
    pub fn read(program: &Program, function: &Function) -> Option<Self> {
        let at = |index: usize, operation: &str| match function.items.get(index) {
            Some(&Item::Code(code)) => register::saved_by(program.texts.get(code), operation),
            _ => None,
        };
        let saved: Vec<Register> = (1..).map_while(|index| at(index, "pushq ")).collect();
        let mut ends = Vec::new();
        let mut index = 1 + saved.len();
        while index < function.items.len() {
            if at(index, "popq ").is_none() || is_constant(program, function, index) {
                index += 1;
                continue;
            }
            let pops: Vec<Register> = (index..).map_while(|index| at(index, "popq ")).collect();
            if !pops.iter().eq(saved.iter().rev()) {
                return None;
            }
            ends.push(index);
            index += pops.len();
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

/// Whether the pop there takes the constant that was pushed just before.
fn is_constant(program: &Program, function: &Function, index: usize) -> bool {
    matches!(function.items[index - 1], Item::Code(code) if program.texts.get(code).starts_with("pushq $"))
}

/// Functions do without a stack that is aligned to 16 octets, which LLVM gives to each that copies as many at
/// once: such copies are as short and as fast without, and who has no second register for the stack has one
/// more for values.
///
/// # Errors
/// An instruction that faults without: one that is not a copy.
pub fn unalign(program: &mut Program) -> Result<(), String> {
    for index in 0..program.functions.len() {
        let texts: Vec<Item> = program.functions[index].items.clone();
        for (at, item) in texts.iter().enumerate() {
            let Item::Code(code) = *item else { continue };
            if let Some(any) = any_alignment(program.texts.get(code))? {
                program.functions[index].items[at] = Item::Code(program.texts.of(&any));
            }
        }
        if let Some(lines) = unaligned(program, &program.functions[index]) {
            let items = lines.iter().map(|line| match line {
                Line::As(item) => *item,
                Line::Code(text) => Item::Code(program.texts.of(text)),
            });
            program.functions[index].items = items.collect();
        }
    }
    Ok(())
}

/// The same with an operand in memory wherever that lies; None: it is.
fn any_alignment(code: &str) -> Result<Option<String>, String> {
    // What lies beside the code is aligned by its own section.
    if !code.contains("%xmm") || !code.contains('(') || code.contains("(%rip)") {
        return Ok(None);
    }
    let (operation, operands) = code.split_once(' ').unwrap_or((code, ""));
    match operation {
        "movaps" => Ok(Some(format!("movups {operands}"))),
        "movdqa" => Ok(Some(format!("movdqu {operands}"))),
        "movups" | "movdqu" | "movq" | "movd" | "movss" | "movsd" => Ok(None),
        _ => Err(format!("relies on aligned memory: {code}")),
    }
}

enum Line {
    As(Item),
    Code(String),
}

/// The items of the function without the alignment of its stack; None: it has none, or needs it.
fn unaligned(program: &Program, function: &Function) -> Option<Vec<Line>> {
    let mut codes = program.codes(&function.items);
    let align = codes.find(|code| code.starts_with("andq $-") && code.ends_with(", %rsp"))?;
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
        if code == align || code == "movq %rsp, %rbp" {
            continue;
        }
        if is_back {
            lines.push(Line::Code(format!("addq ${size}, %rsp")));
            continue;
        }
        // Arguments on the stack.
        let is_frame = code == "pushq %rbp" || code == "popq %rbp";
        if (!is_frame && register::mentions(code).contains(register::FRAME)) || adds_by_or(code) {
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

/// Whether it may add to an address that is known to be one of 16 octets, by setting a bit: all that a stack of 8
/// leaves open is the bit of 8.
fn adds_by_or(code: &str) -> bool {
    let amount = |operands: &str| {
        operands
            .strip_prefix('$')?
            .split_once(", %")?
            .0
            .parse()
            .ok()
    };
    ["orq ", "xorq ", "orl ", "xorl "]
        .iter()
        .filter_map(|operation| code.strip_prefix(operation))
        .filter_map(amount)
        .any(|amount: i64| (8..16).contains(&amount))
}

/// Who saves all registers calls a function that does. Who stops using a few octets of the stack right before a
/// register is restored restores that from them as well.
pub fn shorten(program: &mut Program) {
    let mut is_used = false;
    for index in 0..program.functions.len() {
        let function = &program.functions[index];
        let Some(frame) = Frame::read(program, function) else {
            continue;
        };
        let is_all = frame.saved == register::SAVE_ORDER && may_change_rax(program, function);
        let mut lines = Vec::new();
        for (at, &item) in function.items.iter().enumerate() {
            let is_save = frame.start(at) == Some(1);
            if is_save && is_all {
                if at == 1 {
                    lines.push(Line::Code(SAVE_ALL.to_string()));
                }
                continue;
            }
            match dropped(program, item).filter(|_| frame.ends.contains(&(at + 1))) {
                Some(slots) if frame.saved.last().is_some_and(|it| it.is_low()) => {
                    lines.extend((0..slots).map(|_| Line::As(function.items[at + 1])));
                }
                _ => lines.push(Line::As(item)),
            }
        }
        let items = lines.iter().map(|line| match line {
            Line::As(item) => *item,
            Line::Code(text) => Item::Code(program.texts.of(text)),
        });
        program.functions[index].items = items.collect();
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

/// Whether the function's callers cannot rely on it to leave %rax alone: it sets it somewhere. Nobody is given
/// an argument there.
fn may_change_rax(program: &Program, function: &Function) -> bool {
    program.codes(&function.items).any(|code| {
        let is_set = code.ends_with(", %rax") || code.ends_with(", %eax");
        is_set
            && !["cmp", "test"]
                .iter()
                .any(|operation| code.starts_with(operation))
            && flow(code) == Flow::Next
    })
}
