//! Which of the registers that a callee leaves alone holds what: two of the six make shorter instructions
//! than the others, and LLVM takes one of these two last. A function that saves and restores all that it
//! uses of them may as well use others in their places.

use crate::frame::Frame;
use crate::measure::measure;
use crate::program::{Flow, Function, Item, Program, Text, flow};
use crate::register::{self, COUNT, Register, Registers};
use std::collections::HashMap;
use std::path::Path;

/// What is in which register's place: `map[from]` is where `from` goes.
type Map = [Register; COUNT];

/// Every function, by its name: the registers that it changes and does not restore, itself or by whom it calls.
/// Its callers know of them.
pub fn changed(program: &Program) -> HashMap<Text, Registers> {
    let mut changed: HashMap<Text, Registers> = HashMap::new();
    loop {
        let mut is_done = true;
        for function in &program.functions {
            let saved: Registers = Frame::read(program, function)
                .map(|frame| frame.saved.iter().copied().collect())
                .unwrap_or_default();
            let own = mentions(program, function)
                .or(by_callees(program, function, &changed))
                .without(saved);
            if changed.insert(function.name(), own) != Some(own) {
                is_done = false;
            }
        }
        if is_done {
            return changed;
        }
    }
}

fn mentions(program: &Program, function: &Function) -> Registers {
    program
        .codes(&function.items)
        .map(register::mentions)
        .fold(Registers::default(), Registers::or)
}

/// What those change that the function calls, or goes on as.
fn by_callees(
    program: &Program,
    function: &Function,
    changed: &HashMap<Text, Registers>,
) -> Registers {
    let called = |code| match flow(code) {
        Flow::Call(Some(name)) | Flow::Jump(Some(name)) | Flow::Branch(_, name) => {
            changed.get(&program.texts.find(name)?).copied()
        }
        _ => None,
    };
    program
        .codes(&function.items)
        .filter_map(called)
        .fold(Registers::default(), Registers::or)
}

/// How the function saves registers, if others can be in their places.
pub fn free(
    program: &Program,
    function: &Function,
    changed: &HashMap<Text, Registers>,
) -> Option<Frame> {
    let frame = Frame::read(program, function)?;
    let others = mentions(program, function).without(frame.saved.iter().copied().collect());
    // The stack is restored from that register. %bh has no like in other registers.
    let is_bound = |code: &str| {
        (code.ends_with(", %rsp") && register::mentions(code).contains(register::FRAME))
            || code.contains("%bh")
            || ["cpuid", "cmpxchg", "leave", "enter", "xlat"]
                .iter()
                .any(|operation| code.contains(operation))
    };
    let is_free = others.is_empty()
        && by_callees(program, function, changed).is_empty()
        && !program.codes(&function.items).any(is_bound);
    is_free
        .then_some(frame)
        .filter(|frame| !frame.saved.is_empty())
}

/// Every way to put `from` into different registers.
fn maps(from: &[Register], used: Registers, map: Map, found: &mut Vec<Map>) {
    let Some((first, rest)) = from.split_first() else {
        found.push(map);
        return;
    };
    for to in Register::all().filter(|to| !used.contains(*to)) {
        let mut map = map;
        map[first.0 as usize] = to;
        maps(rest, used.or([to].into_iter().collect()), map, found);
    }
}

fn all_maps(from: &[Register]) -> Vec<Map> {
    let mut found = Vec::new();
    maps(from, Registers::default(), same(), &mut found);
    found
}

/// Each in its own place.
fn same() -> Map {
    std::array::from_fn(|index| Register(index as u8))
}

/// How long instructions are with every choice of registers.
struct Sizes(HashMap<String, u32>);

impl Sizes {
    /// # Errors
    /// As [`measure`].
    fn of(codes: &[&str], to: &Path) -> Result<Self, String> {
        let mut all = Program {
            rest: Vec::new(),
            functions: Vec::new(),
            texts: Default::default(),
        };
        let mut items = vec![Item::Label(all.texts.of("all"))];
        let mut texts: Vec<String> = codes
            .iter()
            .flat_map(|code| {
                let from = list(register::mentions(code));
                all_maps(&from)
                    .into_iter()
                    .map(|map| register::renamed(code, |it| map[it.0 as usize]))
            })
            .collect();
        texts.sort();
        texts.dedup();
        items.extend(texts.iter().map(|text| Item::Code(all.texts.of(text))));
        all.functions.push(Function { items });
        let places = measure(&all, to)?;
        let sizes = places.0[0].iter().skip(1).map(|place| place.size);
        Ok(Self(texts.into_iter().zip(sizes).collect()))
    }
}

fn list(registers: Registers) -> Vec<Register> {
    Register::all()
        .filter(|it| registers.contains(*it))
        .collect()
}

/// # Errors
/// As [`measure`].
pub fn rename(program: &mut Program, to: &Path) -> Result<(), String> {
    let changed = changed(program);
    let frames: Vec<Option<Frame>> = program
        .functions
        .iter()
        .map(|function| free(program, function, &changed))
        .collect();
    let mut codes: Vec<&str> = Vec::new();
    for (function, frame) in program.functions.iter().zip(&frames) {
        if let Some(frame) = frame {
            codes.extend(body(program, function, frame));
        }
    }
    codes.sort_unstable();
    codes.dedup();
    let sizes = Sizes::of(&codes, to)?;
    let mut choices = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        if let Some(frame) = frame {
            let maps = best(program, &program.functions[index], frame, &sizes);
            let ways: Vec<Way> = maps
                .iter()
                .map(|(cost, map)| (*cost, with(program, index, frame, map)))
                .collect();
            program.functions[index].items.clone_from(&ways[0].1);
            choices.push((index, ways));
        }
    }
    make_alike(program, &choices);
    Ok(())
}

/// How many octets a function may be longer for being more like the others, which then share more.
const LONGER: u32 = 3;

/// A way to write a function: its octets, apart from what all ways have, and its items.
type Way = (u32, Vec<Item>);

/// Takes those of the ways to write functions that have the most in common: instructions that follow each other
/// elsewhere as well.
fn make_alike(program: &mut Program, choices: &[(usize, Vec<Way>)]) {
    let mut rows: HashMap<[Text; ROW], i32> = HashMap::new();
    for function in &program.functions {
        count(program, &function.items, |row| {
            *rows.entry(row).or_default() += 1
        });
    }
    for _ in 0..3 {
        for (index, ways) in choices {
            let own = program.functions[*index].items.clone();
            count(program, &own, |row| *rows.entry(row).or_default() -= 1);
            let length = |(cost, items): &&Way| {
                let mut length = *cost as i32;
                count(program, items, |row| {
                    length -= i32::from(rows.get(&row) > Some(&0))
                });
                length
            };
            if let Some((_, items)) = ways.iter().min_by_key(length) {
                count(program, items, |row| *rows.entry(row).or_default() += 1);
                program.functions[*index].items.clone_from(items);
            }
        }
    }
}

/// How many instructions are compared at once.
const ROW: usize = 3;

/// Shows `visit` every row of instructions that can only be gone through from its first.
fn count(program: &Program, items: &[Item], mut visit: impl FnMut([Text; ROW])) {
    let mut row = Vec::new();
    for item in items {
        match *item {
            Item::Code(code) if !matches!(program.flow(code), Flow::Branch(..)) => {
                row.push(code);
                if let Some(last) = row.last_chunk() {
                    visit(*last);
                }
            }
            _ => row.clear(),
        }
    }
}

/// The instructions that name one of the registers and do more than save or restore it.
fn body<'p>(
    program: &'p Program,
    function: &'p Function,
    frame: &'p Frame,
) -> impl Iterator<Item = &'p str> {
    function
        .items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| match *item {
            Item::Code(code) if !frame.has(index) => {
                Some(program.texts.get(code)).filter(|code| !register::mentions(code).is_empty())
            }
            _ => None,
        })
}

/// The choices of registers that make the function the shortest, or nearly so, with their octets; the best first.
fn best(program: &Program, function: &Function, frame: &Frame, sizes: &Sizes) -> Vec<(u32, Map)> {
    // Which registers, where they go: octets of all instructions that name just these.
    let mut octets: HashMap<(Vec<Register>, Vec<Register>), u32> = HashMap::new();
    for code in body(program, function, frame) {
        let from = list(register::mentions(code));
        for map in all_maps(&from) {
            let to: Vec<Register> = from.iter().map(|it| map[it.0 as usize]).collect();
            let text = register::renamed(code, |it| map[it.0 as usize]);
            *octets.entry((from.clone(), to)).or_default() += sizes.0[&text];
        }
    }
    let mut groups: Vec<&Vec<Register>> = octets.keys().map(|(from, _)| from).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut saved = frame.saved.clone();
    saved.sort_unstable();
    let cost = |map: &Map| {
        let moved = |from: &[Register]| -> Vec<Register> {
            from.iter().map(|it| map[it.0 as usize]).collect()
        };
        let used: u32 = groups
            .iter()
            .map(|from| octets[&((*from).clone(), moved(from))])
            .sum();
        let kept: u32 = moved(&saved)
            .iter()
            .map(|it| if it.is_low() { 1 } else { 2 })
            .sum();
        // Of those that cost the same, the first registers: so functions are like each other.
        (used + kept * (1 + frame.ends.len() as u32), moved(&saved))
    };
    let mut maps: Vec<((u32, Vec<Register>), Map)> = all_maps(&saved)
        .into_iter()
        .map(|map| (cost(&map), map))
        .collect();
    maps.sort_unstable();
    let least = maps.first().map_or(0, |((octets, _), _)| *octets);
    maps.into_iter()
        .map(|((octets, _), map)| (octets, map))
        .take_while(|(octets, _)| *octets <= least + LONGER)
        .collect()
}

/// The items of the function with other registers, saved in the order of all functions.
fn with(program: &mut Program, index: usize, frame: &Frame, map: &Map) -> Vec<Item> {
    let to = |register: Register| map[register.0 as usize];
    let used: Registers = frame.saved.iter().copied().map(to).collect();
    let saved: Vec<Register> = register::SAVE_ORDER
        .into_iter()
        .filter(|it| used.contains(*it))
        .collect();
    let items = program.functions[index].items.clone();
    let renamed = items.iter().enumerate().map(|(at, item)| {
        let Item::Code(code) = *item else {
            return *item;
        };
        let text = match frame.start(at) {
            Some(1) => format!("pushq {}", saved[at - 1].name()),
            Some(start) => format!("popq {}", saved[saved.len() - 1 - (at - start)].name()),
            None => register::renamed(program.texts.get(code), to),
        };
        Item::Code(program.texts.of(&text))
    });
    renamed.collect()
}

/// The proof: each function of `after` does what the one of `before` does, with other registers that it saves
/// and restores.
///
/// # Errors
/// The first difference.
pub fn verify(before: &Program, after: &Program) -> Result<(), String> {
    let changed = changed(before);
    for (old, new) in before.functions.iter().zip(&after.functions) {
        let name = before.texts.get(old.name());
        let differ = |what: &str| Err(format!("{name}: {what}"));
        if old.items.len() != new.items.len() {
            return differ("not as many instructions");
        }
        let text = |program: &Program, item: &Item| match *item {
            Item::Label(it) | Item::Code(it) => program.texts.get(it).to_string(),
        };
        let is_same = old
            .items
            .iter()
            .zip(&new.items)
            .all(|(a, b)| text(before, a) == text(after, b));
        if is_same {
            continue;
        }
        let (Some(frame), Some(other)) = (free(before, old, &changed), Frame::read(after, new))
        else {
            return differ("its registers are its callers'");
        };
        if frame.ends != other.ends || frame.saved.len() != other.saved.len() {
            return differ("saves differently");
        }
        let mut map: [Option<Register>; COUNT] = [None; COUNT];
        for (index, (a, b)) in old.items.iter().zip(&new.items).enumerate() {
            if frame.has(index) {
                continue;
            }
            let (a, b) = (text(before, a), text(after, b));
            let (a, b) = (register::pieces(&a), register::pieces(&b));
            let is_like = a.len() == b.len()
                && a.iter().zip(&b).all(|(a, b)| match (a, b) {
                    (
                        register::Piece::Register(from, width),
                        register::Piece::Register(to, other),
                    ) => {
                        let known = *map[from.0 as usize].get_or_insert(*to);
                        width == other && known == *to
                    }
                    (a, b) => a == b,
                });
            if !is_like {
                return differ("does something else");
            }
        }
        let targets: Vec<Register> = map.iter().flatten().copied().collect();
        let distinct: Registers = targets.iter().copied().collect();
        if list(distinct).len() != targets.len() {
            return differ("one register for two");
        }
        if targets.iter().any(|it| !other.saved.contains(it)) {
            return differ("does not save what it uses");
        }
    }
    Ok(())
}
