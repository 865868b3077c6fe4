//! The assembly of a whole program, as LLVM's link-time optimiser writes it (GNU as, AT&T syntax):
//! functions of labels and instructions, and everything else as it stands.

use crate::spell::spelled;
use std::collections::HashMap;
use std::fmt;

/// An interned text: two are equal when their texts are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Text(u32);

/// Every text there is, once.
#[derive(Clone, Default)]
pub struct Texts {
    texts: Vec<String>,
    index: HashMap<String, Text>,
}

impl Texts {
    pub fn of(&mut self, text: &str) -> Text {
        if let Some(&known) = self.index.get(text) {
            return known;
        }
        let new = Text(self.texts.len() as u32);
        self.texts.push(text.to_string());
        self.index.insert(text.to_string(), new);
        new
    }

    /// The text, if there is one like it.
    pub fn find(&self, text: &str) -> Option<Text> {
        self.index.get(text).copied()
    }

    pub fn get(&self, text: Text) -> &str {
        &self.texts[text.0 as usize]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    Label(Text),
    Code(Text),
}

/// Labels and instructions; the first item is the label with the function's name.
#[derive(Clone)]
pub struct Function {
    pub items: Vec<Item>,
}

impl Function {
    pub fn name(&self) -> Text {
        match self.items[0] {
            Item::Label(name) | Item::Code(name) => name,
        }
    }
}

#[derive(Clone)]
pub struct Program {
    /// What is not code of a function, in its order: data, and assembly of the file's own.
    pub rest: Vec<String>,
    pub functions: Vec<Function>,
    pub texts: Texts,
}

/// What an instruction does to the flow of control.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow<'a> {
    Next,
    /// `call` of a function by its name; None: through a pointer.
    Call(Option<&'a str>),
    /// `jmp`; None: through a pointer.
    Jump(Option<&'a str>),
    /// A conditional jump: its condition (`ne`) and where to.
    Branch(&'a str, &'a str),
    Return,
}

impl Flow<'_> {
    /// Whether what stands behind it is reached by a label only.
    pub fn is_end(self) -> bool {
        matches!(self, Flow::Jump(_) | Flow::Return)
    }
}

pub fn flow(code: &str) -> Flow<'_> {
    let (operation, operand) = code.split_once(' ').unwrap_or((code, ""));
    let named = || (!operand.starts_with('*')).then_some(operand);
    match operation {
        "retq" => Flow::Return,
        "callq" => Flow::Call(named()),
        "jmp" | "jmpq" => Flow::Jump(named()),
        _ => match operation.strip_prefix('j') {
            Some(condition) => Flow::Branch(condition, operand),
            None => Flow::Next,
        },
    }
}

/// The condition that holds just where `condition` does not.
pub fn inverse(condition: &str) -> Option<&'static str> {
    const PAIRS: [[&str; 2]; 8] = [
        ["e", "ne"],
        ["b", "ae"],
        ["be", "a"],
        ["l", "ge"],
        ["le", "g"],
        ["s", "ns"],
        ["p", "np"],
        ["o", "no"],
    ];
    PAIRS.iter().find_map(|&[one, other]| match condition {
        _ if condition == one => Some(other),
        _ if condition == other => Some(one),
        _ => None,
    })
}

/// Whether `name` is a label within a function rather than the name of one.
pub fn is_local(name: &str) -> bool {
    name.starts_with(".L")
}

/// Whether it jumps by a distance (`.+4`), or to a label that is not the only one of its name (`1b`).
fn is_by_distance(code: &str) -> bool {
    let to = match flow(code) {
        Flow::Jump(Some(to)) | Flow::Call(Some(to)) | Flow::Branch(_, to) => to,
        _ => return false,
    };
    (to.starts_with('.') && !is_local(to)) || to.starts_with(|c: char| c.is_ascii_digit())
}

impl Program {
    /// # Errors
    /// `LINE: what is there` for what is not known here among a function's instructions.
    pub fn read(assembly: &str) -> Result<Self, String> {
        let mut program = Self {
            rest: Vec::new(),
            functions: Vec::new(),
            texts: Texts::default(),
        };
        let mut in_code = false;
        for (number, line) in assembly.lines().enumerate() {
            let line = line.trim_end();
            let word = line.trim_start().split(['\t', ' ']).next().unwrap_or("");
            let is_object = word == ".type" && line.contains(",@object");
            if word == ".section" || matches!(word, ".text" | ".data" | ".bss") || is_object {
                in_code = line.contains("\t.text.");
                if in_code {
                    continue;
                }
            }
            // Only the linker of bitcode has a use for .addrsig.
            if word.starts_with(".addrsig") {
                continue;
            }
            if !in_code {
                // Functions elsewhere, or with second names.
                if word == ".set" || (word == ".type" && line.contains("@function")) {
                    return Err(format!("{}: {line}", number + 1));
                }
                program.rest.push(line.to_string());
                continue;
            }
            let bare = line.split('#').next().unwrap_or("").trim();
            match word {
                _ if bare.is_empty() => {}
                ".size" | ".p2align" => {}
                ".type" => program.functions.push(Function { items: Vec::new() }),
                ".globl" | ".hidden" | ".weak" | ".protected" => {
                    program.rest.push(bare.to_string())
                }
                _ => program
                    .item(bare)
                    .ok_or_else(|| format!("{}: {bare}", number + 1))?,
            }
        }
        Ok(program)
    }

    fn item(&mut self, bare: &str) -> Option<()> {
        let function = self.functions.last_mut()?;
        if let Some(label) = bare.strip_suffix(':') {
            if label.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            if !label.starts_with(".Lfunc_end") {
                function.items.push(Item::Label(self.texts.of(label)));
            }
            return Some(());
        }
        // There is no other way to call than the direct one.
        let code = bare.replace('\t', " ").replace("@PLT", "");
        let is_several = code.contains(';') && !code.starts_with("rep;");
        let is_unknown_flow = ["notrack ", "bnd ", "rep ret", "repz ret"]
            .iter()
            .any(|prefix| code.starts_with(prefix));
        if code.starts_with('.')
            || is_several
            || is_unknown_flow
            || is_by_distance(&code)
            || function.items.is_empty()
        {
            return None;
        }
        function.items.push(Item::Code(self.texts.of(&code)));
        // Conditions are compared as texts.
        if let Flow::Branch(condition, _) = flow(&code) {
            self.texts.of(condition);
        }
        Some(())
    }

    /// The instructions of a function, without its labels.
    pub fn codes<'p>(&'p self, items: &'p [Item]) -> impl Iterator<Item = &'p str> {
        items.iter().filter_map(|item| match *item {
            Item::Code(code) => Some(self.texts.get(code)),
            Item::Label(_) => None,
        })
    }

    /// Where in the function the label of this name stands.
    pub fn label(&self, function: &Function, name: &str) -> Option<usize> {
        let is_it = |item: &Item| matches!(*item, Item::Label(it) if self.texts.get(it) == name);
        function.items.iter().position(is_it)
    }

    pub fn flow(&self, code: Text) -> Flow<'_> {
        flow(self.texts.get(code))
    }

    /// Lines before the first function as `Display` writes it.
    pub fn head_lines(&self) -> usize {
        self.rest.len() + 1
    }
}

/// Every function is its `.type`, a line for each item, and its `.size`.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.rest {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "\t.text")?;
        for function in &self.functions {
            let name = self.texts.get(function.name());
            writeln!(f, "\t.type\t{name},@function")?;
            for item in &function.items {
                match *item {
                    Item::Label(label) => writeln!(f, "{}:", self.texts.get(label))?,
                    Item::Code(code) => writeln!(f, "\t{}", spelled(self.texts.get(code)))?,
                }
            }
            writeln!(f, "\t.size\t{name}, .-{name}")?;
        }
        Ok(())
    }
}
