//! How functions begin and end: what they save, and where their part of the stack lies.

use crate::program::{Flow, Function, Item, Program, flow, is_local};
use crate::register::{self, Register};

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

pub enum Line {
    As(Item),
    Code(String),
}

pub fn interned(program: &mut Program, lines: &[Line]) -> Vec<Item> {
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
