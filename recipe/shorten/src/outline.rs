//! Sequences of instructions that stand in several places become one, which they jump to (those that end
//! with a jump or a return) or call. One that another ends with is called there.
//!
//! LLVM's outliner does the second for sequences that leave the stack alone. This one also takes those
//! that call functions, that have operands on the stack, or that restore registers and return.

use crate::jump::{LONG, SHORT};
use crate::measure::Places;
use crate::program::{Flow, Function, Item, Program, Text};
use crate::stack::{self, Use};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// The longest sequence looked for, in instructions.
const LONGEST: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Does the same when it is called.
    Free,
    /// Does the same when it is called and its displacement is 8 more.
    Moves,
    /// Has to stay where the stack is as it is.
    Fixed,
    /// A jump or a return: nothing behind it is reached.
    End,
}

/// An instruction, or a constant's push and its pop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Token {
    code: Text,
    and: Option<Text>,
    size: u32,
    kind: Kind,
}

impl Token {
    /// Octets of what stands in the place of a sequence that is shared and ends with it: a call, or a jump to an end,
    /// most of which are short once the code is in order.
    fn instead(self) -> u32 {
        match self.kind {
            Kind::End => SHORT,
            Kind::Free | Kind::Moves | Kind::Fixed => LONG,
        }
    }
}

type Key = (Text, Option<Text>);

enum Part {
    As(Item),
    /// Index of a block: instructions one after the other, with no label among them.
    Block(usize),
}

/// Where a sequence stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Site {
    block: usize,
    start: usize,
    length: usize,
}

pub struct Outliner<'p> {
    program: &'p mut Program,
    functions: Vec<Vec<Part>>,
    blocks: Vec<Vec<Token>>,
    /// Names and blocks of the sequences that several places share.
    shared: Vec<(Text, usize)>,
}

impl<'p> Outliner<'p> {
    pub fn new(program: &'p mut Program, places: &Places) -> Self {
        let exact = stack::exact_functions(program);
        let mut this = Self {
            program,
            functions: Vec::new(),
            blocks: Vec::new(),
            shared: Vec::new(),
        };
        for (function, places) in this.program.functions.clone().iter().zip(&places.0) {
            let sizes: Vec<u32> = places.iter().map(|place| place.size).collect();
            this.split(function, &sizes, &exact);
        }
        this
    }

    fn split(&mut self, function: &Function, sizes: &[u32], exact: &HashSet<String>) {
        let mut parts = Vec::new();
        let mut block: Vec<Token> = Vec::new();
        let mut index = 0;
        while index < function.items.len() {
            let item = function.items[index];
            let size = sizes[index];
            index += 1;
            let token = match item {
                Item::Code(code) => self.token(code, size, exact),
                Item::Label(_) => None,
            };
            let Some(mut token) = token else {
                self.close(&mut parts, &mut block);
                parts.push(Part::As(item));
                continue;
            };
            if let Item::Code(code) = item
                && self.program.texts.get(code).starts_with("pushq $")
                && let Some(&Item::Code(next)) = function.items.get(index)
                && self.program.texts.get(next).starts_with("popq %")
            {
                token = Token {
                    code,
                    and: Some(next),
                    size: size + sizes[index],
                    kind: Kind::Free,
                };
                index += 1;
            }
            block.push(token);
            if token.kind == Kind::End {
                self.close(&mut parts, &mut block);
            }
        }
        self.close(&mut parts, &mut block);
        self.functions.push(parts);
    }

    fn close(&mut self, parts: &mut Vec<Part>, block: &mut Vec<Token>) {
        if !block.is_empty() {
            parts.push(Part::Block(self.blocks.len()));
            self.blocks.push(std::mem::take(block));
        }
    }

    /// None: a conditional jump, which no sequence has.
    fn token(&mut self, code: Text, size: u32, exact: &HashSet<String>) -> Option<Token> {
        let text = self.program.texts.get(code);
        let kind = match self.program.flow(code) {
            Flow::Branch(..) => return None,
            Flow::Return | Flow::Jump(Some(_)) => Kind::End,
            // Who is called through a pointer may have arguments on the stack.
            Flow::Jump(None) | Flow::Call(None) => Kind::Fixed,
            Flow::Call(Some(name)) => {
                if exact.contains(name) {
                    Kind::Fixed
                } else {
                    Kind::Free
                }
            }
            Flow::Next => match stack::stack_use(text) {
                Use::None => Kind::Free,
                Use::Displacement(_) => Kind::Moves,
                Use::Other => Kind::Fixed,
            },
        };
        Some(Token {
            code,
            and: None,
            size,
            kind,
        })
    }

    /// Shares what gains most until nothing gains any more.
    pub fn run(mut self) {
        while self.round() {}
        self.finish();
    }

    fn round(&mut self) -> bool {
        let keys: Vec<Vec<Key>> = self
            .blocks
            .iter()
            .map(|block| block.iter().map(|token| (token.code, token.and)).collect())
            .collect();
        let mut seen: HashMap<&[Key], Vec<Site>> = HashMap::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let ends = block.last().is_some_and(|token| token.kind == Kind::End);
            for start in 0..block.len() {
                let mut size = 0;
                let mut is_fixed = false;
                for length in 1..=LONGEST.min(block.len() - start) {
                    let token = block[start + length - 1];
                    size += token.size;
                    is_fixed |= token.kind == Kind::Fixed;
                    if is_fixed && !ends {
                        break;
                    }
                    let is_end = token.kind == Kind::End;
                    let is_jump = is_end && length == 1;
                    if size > token.instead() && (!is_fixed || is_end) && !is_jump {
                        let site = Site {
                            block: index,
                            start,
                            length,
                        };
                        seen.entry(&keys[index][start..start + length])
                            .or_default()
                            .push(site);
                    }
                }
            }
        }
        let ends = self.ends(&seen);
        let mut gains: Vec<(i64, Vec<Site>)> = Vec::new();
        for (key, mut found) in seen.drain() {
            found.extend(ends.get(key).into_iter().flatten());
            // Of the same sequence with what ends it and without, the one with it.
            found.sort_unstable_by_key(|it| (it.block, it.start, Reverse(it.length)));
            let found = apart(found, &HashSet::new());
            let gain = self.gain(&found);
            if gain > 0 {
                gains.push((gain, found));
            }
        }
        // The order of a hash map is not the same twice; that of sites is.
        gains.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let Some(most) = gains.first().map(|gain| gain.0) else {
            return false;
        };
        let mut used = HashSet::new();
        for (gain, found) in gains {
            if gain * 2 < most {
                break;
            }
            let found = apart(found, &used);
            if found.len() > 1 && self.gain(&found) * 2 >= most && self.gain(&found) > 0 {
                self.share(&found, &mut used);
            }
        }
        for block in &mut self.blocks {
            block.retain(|token| token.size > 0);
        }
        true
    }

    /// Where sequences stand that are called elsewhere, followed by a return, or with a jump for their last call: what
    /// returns there does so to a caller of the sequence as well.
    fn ends<'k>(&self, seen: &HashMap<&'k [Key], Vec<Site>>) -> HashMap<&'k [Key], Vec<Site>> {
        let mut ends: HashMap<&[Key], Vec<Site>> = HashMap::new();
        let returns = self.program.texts.find("retq");
        for (key, sites) in seen {
            let tokens = self.tokens(sites[0]);
            if tokens.iter().any(|token| token.kind != Kind::Free) {
                continue;
            }
            let with_return = returns.map(|it| [key, &[(it, None)][..]].concat());
            let with_jump = key.split_last().and_then(|((last, _), others)| {
                let Flow::Call(Some(name)) = self.program.flow(*last) else {
                    return None;
                };
                let jump = self.program.texts.find(&format!("jmp {name}"))?;
                Some([others, &[(jump, None)]].concat())
            });
            for end in [with_return, with_jump].into_iter().flatten() {
                let sites = seen.get(end.as_slice()).into_iter().flatten();
                ends.entry(key).or_default().extend(sites);
            }
        }
        ends
    }

    /// Whether what stands there ends by itself.
    fn is_end(&self, site: Site) -> bool {
        let tokens = self.tokens(site);
        tokens.last().is_some_and(|token| token.kind == Kind::End)
    }

    fn tokens(&self, site: Site) -> &[Token] {
        &self.blocks[site.block][site.start..site.start + site.length]
    }

    /// Octets saved by sharing what stands at these sites, which do not overlap.
    fn gain(&self, sites: &[Site]) -> i64 {
        if sites.len() < 2 {
            return 0;
        }
        let each = |site: &Site| {
            let tokens = self.tokens(*site);
            let size: u32 = tokens.iter().map(|token| token.size).sum();
            let instead = tokens.last().map_or(0, |last| last.instead());
            i64::from(size) - i64::from(instead)
        };
        let all: i64 = sites.iter().map(each).sum();
        match sites.iter().find(|site| self.is_end(**site)) {
            Some(end) => all - each(end),
            None => {
                let body = self.called(self.tokens(sites[0]));
                all - body.iter().map(|token| i64::from(token.0)).sum::<i64>()
            }
        }
    }

    /// The tokens as the body of a function: sizes and texts, one stack slot deeper.
    fn called(&self, tokens: &[Token]) -> Vec<(u32, String)> {
        let mut body = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            let text = self.program.texts.get(token.code);
            let mut size = token.size;
            let mut new = text.to_string();
            if token.kind == Kind::Moves {
                new = stack::deeper(text, 8).unwrap_or(new);
                size += match stack::stack_use(text) {
                    Use::Displacement(0) => 1,
                    Use::Displacement(120..=127) => 3,
                    _ => 0,
                };
            }
            let is_last = index + 1 == tokens.len();
            if is_last && let Flow::Call(Some(name)) = crate::program::flow(text) {
                new = format!("jmp {name}");
            } else if is_last {
                body.push((size, new));
                size = 1;
                new = "retq".to_string();
            }
            body.push((size, new));
        }
        body
    }

    fn share(&mut self, sites: &[Site], used: &mut HashSet<(usize, usize)>) {
        let name = format!("shared.{}", self.shared.len());
        let end = sites.iter().find(|site| self.is_end(**site));
        let tokens = self.tokens(*end.unwrap_or(&sites[0])).to_vec();
        // Its operands on the stack are right at this depth only.
        let on_stack = tokens.iter().any(|token| token.kind == Kind::Moves);
        let body = match end {
            Some(_) => tokens,
            None => self.body(&tokens),
        };
        for site in sites {
            let (operation, kind) = match on_stack {
                _ if self.is_end(*site) => ("jmp", Kind::End),
                true => ("callq", Kind::Fixed),
                false => ("callq", Kind::Free),
            };
            let code = self.program.texts.of(&format!("{operation} {name}"));
            for index in site.start..site.start + site.length {
                self.blocks[site.block][index].size = 0;
                used.insert((site.block, index));
            }
            self.blocks[site.block][site.start] = Token {
                code,
                and: None,
                size: LONG,
                kind,
            };
        }
        self.shared
            .push((self.program.texts.of(&name), self.blocks.len()));
        self.blocks.push(body);
    }

    fn body(&mut self, tokens: &[Token]) -> Vec<Token> {
        let called = self.called(tokens);
        let mut body = Vec::new();
        for (index, (size, text)) in called.iter().enumerate() {
            let code = self.program.texts.of(text);
            let and = tokens.get(index).and_then(|token| token.and);
            let is_end = index + 1 == called.len();
            let kind = match tokens.get(index).map(|token| token.kind) {
                _ if is_end => Kind::End,
                Some(Kind::Moves) | None => Kind::Fixed,
                Some(kind) => kind,
            };
            body.push(Token {
                code,
                and,
                size: *size,
                kind,
            });
        }
        body
    }

    fn finish(self) {
        let lay = |items: &mut Vec<Item>, block: &[Token]| {
            for token in block {
                items.push(Item::Code(token.code));
                items.extend(token.and.map(Item::Code));
            }
        };
        let mut functions = Vec::new();
        for parts in &self.functions {
            let mut items = Vec::new();
            for part in parts {
                match *part {
                    Part::As(item) => items.push(item),
                    Part::Block(index) => lay(&mut items, &self.blocks[index]),
                }
            }
            functions.push(Function { items });
        }
        for &(name, block) in &self.shared {
            let mut items = vec![Item::Label(name)];
            lay(&mut items, &self.blocks[block]);
            functions.push(Function { items });
        }
        self.program.functions = functions;
    }
}

/// Those of `sites`, which are sorted, that overlap neither each other nor what is used already.
fn apart(sites: Vec<Site>, used: &HashSet<(usize, usize)>) -> Vec<Site> {
    let mut kept: Vec<Site> = Vec::new();
    for site in sites {
        let is_free = !(site.start..site.start + site.length)
            .any(|index| used.contains(&(site.block, index)));
        let is_behind = kept
            .last()
            .is_none_or(|last| last.block != site.block || last.start + last.length <= site.start);
        if is_free && is_behind {
            kept.push(site);
        }
    }
    kept
}
