//! The registers that a callee leaves alone.

/// Names of 64, 32, 16 and 8 bits; those that need no prefix first.
const NAMES: [[&str; 4]; 6] = [
    ["%rbx", "%ebx", "%bx", "%bl"],
    ["%rbp", "%ebp", "%bp", "%bpl"],
    ["%r14", "%r14d", "%r14w", "%r14b"],
    ["%r15", "%r15d", "%r15w", "%r15b"],
    ["%r12", "%r12d", "%r12w", "%r12b"],
    ["%r13", "%r13d", "%r13w", "%r13b"],
];

/// How many there are.
pub const COUNT: usize = NAMES.len();

/// One of them, by its place among [`NAMES`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Register(pub u8);

/// The one that also holds where a function's part of the stack begins, if any does.
pub const FRAME: Register = Register(1);

/// How LLVM orders their pushes.
pub const SAVE_ORDER: [Register; COUNT] = [
    FRAME,
    Register(3),
    Register(2),
    Register(5),
    Register(4),
    Register(0),
];

impl Register {
    pub fn all() -> impl Iterator<Item = Self> {
        (0..COUNT as u8).map(Self)
    }

    pub fn name(self) -> &'static str {
        NAMES[self.0 as usize][0]
    }

    /// How long a push or a pop of it is.
    pub fn octets(self) -> usize {
        if self.is_low() { 1 } else { 2 }
    }

    pub fn is_low(self) -> bool {
        self.0 < 2
    }
}

/// Some of them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Registers(u8);

impl Registers {
    pub fn contains(self, register: Register) -> bool {
        self.0 & (1 << register.0) != 0
    }

    pub fn insert(&mut self, register: Register) {
        self.0 |= 1 << register.0;
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn or(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

impl FromIterator<Register> for Registers {
    fn from_iter<I: IntoIterator<Item = Register>>(registers: I) -> Self {
        let mut all = Self::default();
        registers.into_iter().for_each(|it| all.insert(it));
        all
    }
}

/// A piece of an instruction: text, or one of the registers by the place of its width.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'c> {
    Text(&'c str),
    Register(Register, usize),
}

/// An instruction divided at its registers.
pub fn pieces(code: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in code.match_indices('%') {
        let end = code[at + 1..]
            .find(|c: char| !c.is_ascii_alphanumeric())
            .map_or(code.len(), |length| at + 1 + length);
        for register in Register::all() {
            let names = NAMES[register.0 as usize];
            if let Some(width) = names.iter().position(|name| *name == &code[at..end]) {
                pieces.push(Piece::Text(&code[start..at]));
                pieces.push(Piece::Register(register, width));
                start = end;
            }
        }
    }
    pieces.push(Piece::Text(&code[start..]));
    pieces
}

/// The same instruction with others for its registers.
pub fn renamed(code: &str, to: impl Fn(Register) -> Register) -> String {
    let mut text = String::new();
    for piece in pieces(code) {
        text += match piece {
            Piece::Text(text) => text,
            Piece::Register(register, width) => NAMES[to(register).0 as usize][width],
        };
    }
    text
}

/// Which of them it names, or uses without naming them.
pub fn mentions(code: &str) -> Registers {
    let named = pieces(code);
    let named = named.iter().filter_map(|piece| match piece {
        Piece::Register(register, _) => Some(*register),
        Piece::Text(_) => None,
    });
    named.chain(implied(code)).collect()
}

/// Which of them it uses without naming them as [`pieces`] do.
pub fn implied(code: &str) -> impl Iterator<Item = Register> {
    let operation = code.strip_prefix("lock ").unwrap_or(code);
    let operation = operation.split(' ').next().unwrap_or_default();
    let is_rbx = matches!(
        operation,
        "cpuid" | "cmpxchg8b" | "cmpxchg16b" | "xlatb" | "int"
    ) || code.contains("%bh");
    let is_rbp = matches!(operation, "enter" | "leave" | "leaveq" | "int");
    let rbx = is_rbx.then_some(Register(0));
    rbx.into_iter().chain(is_rbp.then_some(FRAME))
}

/// The register that `code` pushes or pops, as `operation` says.
pub fn saved_by(code: &str, operation: &str) -> Option<Register> {
    let name = code.strip_prefix(operation)?;
    Register::all().find(|register| register.name() == name)
}

/// The register that `code` sets without looking at it, or at any other of them by another name.
pub fn only_set(code: &str) -> Option<Register> {
    let (operation, operands) = code.split_once(' ')?;
    let sets = ["mov", "lea", "pop", "set"]
        .iter()
        .any(|it| operation.starts_with(it));
    // With three operands it does not look at the last one.
    let multiplies = operation.starts_with("imul") && operands.matches(", ").count() == 2;
    let is_zero = operation.starts_with("xor")
        && operands
            .split_once(", ")
            .is_some_and(|(from, to)| from == to);
    let (before, to) = operands.rsplit_once(", ").unwrap_or(("", operands));
    let [Piece::Text(""), Piece::Register(set, _), Piece::Text("")] = *pieces(to) else {
        return None;
    };
    let is_looked_at = mentions(before).contains(set) && !is_zero;
    ((sets || multiplies || is_zero) && !is_looked_at).then_some(set)
}
