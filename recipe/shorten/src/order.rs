//! The order of the code: a jump that would lead to what stands behind it is left out, and one over less
//! than 128 octets has 2 octets in place of 5 or 6.
//!
//! What is moved are units: instructions up to a jump or a return, which are reached by labels only.

use crate::jump::{Jump, LONG, SHORT, leads, near};
use crate::measure::Place;
use crate::program::{Flow, Function, Item, Program, Text, is_local};
use std::collections::HashMap;

/// Items with their sizes, up to an end.
type Unit = Vec<(Item, u32)>;

fn units(program: &Program, function: &Function, places: &[Place]) -> Vec<Unit> {
    let mut units = vec![Unit::new()];
    for (&item, place) in function.items.iter().zip(places) {
        if let Some(unit) = units.last_mut() {
            unit.push((item, place.size));
        }
        if matches!(item, Item::Code(code) if program.flow(code).is_end()) {
            units.push(Unit::new());
        }
    }
    units.retain(|unit| !unit.is_empty());
    units
}

/// The function that the unit ends by jumping to.
fn leaves_to(program: &Program, unit: &Unit) -> Option<Text> {
    let &(Item::Code(code), _) = unit.last()? else {
        return None;
    };
    match program.flow(code) {
        Flow::Jump(Some(name)) if !is_local(name) => program.texts.find(name),
        _ => None,
    }
}

/// Puts functions behind one another so that as many as can be are reached by falling through, moves units
/// within functions so that jumps are short, and drops the jumps that this saves.
pub fn order(program: &mut Program, places: &[Vec<Place>]) {
    let mut all: Vec<Vec<Unit>> = program
        .functions
        .iter()
        .zip(places)
        .map(|(function, places)| units(program, function, places))
        .collect();
    let next = follow(program, &mut all);
    for (index, units) in all.iter_mut().enumerate() {
        arrange(program, units, next[index].is_some());
    }
    let mut is_next = vec![false; all.len()];
    for &next in next.iter().flatten() {
        is_next[next] = true;
    }
    let mut chains = Vec::new();
    for first in (0..all.len()).filter(|&index| !is_next[index]) {
        let mut chain = Chain::default();
        let mut at = Some(first);
        while let Some(index) = at {
            chain.push(program, joined(program, &all[index], next[index].is_some()));
            at = next[index];
        }
        chains.push(chain);
    }
    program.functions = neighbours(chains);
}

/// Functions that have to stay behind one another.
#[derive(Default)]
struct Chain {
    functions: Vec<Function>,
    octets: u32,
    /// Where functions of a name start, and where jumps out of a function to that name stand.
    marks: Vec<(u32, Text, bool)>,
}

impl Chain {
    fn push(&mut self, program: &Program, unit: Unit) {
        for &(item, size) in &unit {
            match item {
                Item::Label(label) if !is_local(program.texts.get(label)) => {
                    self.marks.push((self.octets, label, true));
                }
                Item::Code(code)
                    if let Flow::Jump(Some(name)) | Flow::Branch(_, name) = program.flow(code)
                        && let Some(name) = program.texts.find(name)
                        && !is_local(program.texts.get(name)) =>
                {
                    self.marks.push((self.octets, name, false));
                }
                _ => {}
            }
            self.octets += size;
        }
        self.functions.push(Function {
            items: unit.iter().map(|(item, _)| *item).collect(),
        });
    }
}

/// Puts chains beside each other that jump to the same functions, or to one another: such jumps are short,
/// or can hop over one another. A chain that takes up much room has to have more of them: the most for their
/// length come first, in thousandths, where a few octets more or less of a short one are no reason.
fn neighbours(mut chains: Vec<Chain>) -> Vec<Function> {
    const REACH: u32 = 127;
    const PARTS: usize = 1_000;
    const FEW: usize = 30;
    let mut functions = Vec::new();
    // What stands within reach of the end: how far from it, and to where.
    let mut behind: Vec<(u32, Text, bool)> = Vec::new();
    while !chains.is_empty() {
        let gain = |chain: &Chain| {
            let near = chain.marks.iter().filter(|&&(offset, name, starts)| {
                let meets = |&(distance, other, begins): &(u32, Text, bool)| {
                    other == name && distance + offset <= REACH && !(starts && begins)
                };
                behind.iter().any(meets)
            });
            near.count() * PARTS / (chain.octets as usize + FEW)
        };
        let most = chains.iter().map(gain).max().unwrap_or(0);
        let Some(best) = chains.iter().position(|chain| gain(chain) == most) else {
            break;
        };
        let chain = chains.remove(best);
        for mark in &mut behind {
            mark.0 += chain.octets;
        }
        behind.extend(
            chain
                .marks
                .iter()
                .map(|&(offset, name, starts)| (chain.octets - offset, name, starts)),
        );
        behind.retain(|mark| mark.0 <= REACH);
        functions.extend(chain.functions);
    }
    functions
}

/// Which function each one falls through to. The unit that does is put last.
fn follow(program: &Program, all: &mut [Vec<Unit>]) -> Vec<Option<usize>> {
    let names: HashMap<Text, usize> = program
        .functions
        .iter()
        .enumerate()
        .map(|(index, function)| (function.name(), index))
        .collect();
    // For each function the units that could come last, and lead to it.
    let mut leading: Vec<Vec<(usize, usize)>> = vec![Vec::new(); all.len()];
    for (index, units) in all.iter().enumerate() {
        for (position, unit) in units.iter().enumerate() {
            let may_be_last = position > 0 || units.len() == 1;
            if may_be_last
                && let Some(&to) = leaves_to(program, unit).and_then(|name| names.get(&name))
            {
                leading[to].push((index, position));
            }
        }
    }
    let mut next: Vec<Option<usize>> = vec![None; all.len()];
    let mut targets: Vec<usize> = (0..all.len())
        .filter(|&to| !leading[to].is_empty())
        .collect();
    targets.sort_by_key(|&to| leading[to].len());
    for to in targets {
        // Who has the fewest others to lead to.
        let free = leading[to]
            .iter()
            .filter(|&&(from, _)| next[from].is_none() && !leads(to, from, |at| next[at]));
        let choices = |from: usize| {
            leading
                .iter()
                .flatten()
                .filter(|&&(other, _)| other == from)
                .count()
        };
        if let Some(&(from, position)) = free.min_by_key(|&&(from, _)| choices(from)) {
            next[from] = Some(to);
            let unit = all[from].remove(position);
            all[from].push(unit);
        }
    }
    next
}

/// The label that a unit starts with may be reached by falling from a unit that ends with a jump to it.
fn falls(program: &Program, unit: &Unit, next: Option<&Unit>) -> bool {
    let Some(&(Item::Code(code), _)) = unit.last() else {
        return false;
    };
    let Flow::Jump(Some(name)) = program.flow(code) else {
        return false;
    };
    next.is_some_and(|next| {
        next.iter()
            .map_while(|(item, _)| match item {
                Item::Label(label) => Some(*label),
                Item::Code(_) => None,
            })
            .any(|label| program.texts.get(label) == name)
    })
}

/// A unit as far as its length goes.
struct Shape {
    parts: Vec<Part>,
    /// The labels it starts with.
    starts: Vec<usize>,
}

enum Part {
    Octets(u32),
    Label(usize),
    Jump(usize, Option<Text>),
}

fn shape(program: &Program, unit: &Unit, labels: &mut HashMap<Text, usize>) -> Shape {
    let mut number = |label: Text| {
        let count = labels.len();
        *labels.entry(label).or_insert(count)
    };
    let mut shape = Shape {
        parts: Vec::new(),
        starts: Vec::new(),
    };
    for &(item, size) in unit {
        let part = match item {
            Item::Label(label) => Part::Label(number(label)),
            Item::Code(code) => match program.flow(code) {
                Flow::Jump(Some(name)) => match program.texts.find(name) {
                    Some(name) => Part::Jump(number(name), None),
                    None => Part::Octets(size),
                },
                Flow::Branch(condition, name) => {
                    match (program.texts.find(name), program.texts.find(condition)) {
                        (Some(name), Some(condition)) => Part::Jump(number(name), Some(condition)),
                        _ => Part::Octets(size),
                    }
                }
                _ => Part::Octets(size),
            },
        };
        if let Part::Label(label) = part
            && shape.parts.len() == shape.starts.len()
        {
            shape.starts.push(label);
        }
        shape.parts.push(part);
    }
    shape
}

/// Where nothing can reach: the address of labels in other functions.
const FAR: i64 = i64::MAX / 4;

/// The octets of the units in this order, once every jump is as short as it can be, by hops too.
fn length(shapes: &[Shape], order: &[usize], labels: usize) -> i64 {
    let mut jumps: Vec<Jump<usize>> = Vec::new();
    let mut addresses = vec![FAR; labels];
    let mut total = 0;
    for round in 0.. {
        let mut address = 0;
        let mut number = 0;
        for (position, &index) in order.iter().enumerate() {
            let shape = &shapes[index];
            let next = order.get(position + 1).map(|&next| &shapes[next]);
            for (place, part) in shape.parts.iter().enumerate() {
                match *part {
                    Part::Octets(size) => address += i64::from(size),
                    Part::Label(label) => addresses[label] = address,
                    Part::Jump(to, condition) => {
                        let is_last = place + 1 == shape.parts.len() && condition.is_none();
                        if is_last && next.is_some_and(|next| next.starts.contains(&to)) {
                            continue;
                        }
                        if round == 0 {
                            jumps.push(Jump {
                                to,
                                condition,
                                is_long: false,
                                address: 0,
                                over: None,
                            });
                        }
                        jumps[number].address = address;
                        address += i64::from(jumps[number].size());
                        number += 1;
                    }
                }
            }
        }
        total = address;
        let mut grew = false;
        for jump in &mut jumps {
            if !jump.is_long && !jump.reaches(addresses[jump.to]) {
                jump.is_long = true;
                grew = true;
            }
        }
        if !grew {
            break;
        }
    }
    for index in 0..jumps.len() {
        if jumps[index].is_long
            && let Some(over) = near(&jumps, index)
        {
            total -= i64::from(jumps[index].size() - SHORT);
            jumps[index].is_long = false;
            jumps[index].over = Some(over);
        }
    }
    total
}

/// Moves units about while that makes the function shorter. The first one stays, and the last where
/// `keeps_last`.
fn arrange(program: &mut Program, units: &mut Vec<Unit>, keeps_last: bool) {
    let mut labels = HashMap::new();
    let mut shapes: Vec<Shape> = units
        .iter()
        .map(|unit| shape(program, unit, &mut labels))
        .collect();
    let mut order: Vec<usize> = (0..units.len()).collect();
    let end = if keeps_last {
        units.len() - 1
    } else {
        units.len()
    };
    let mut least = length(&shapes, &order, labels.len());
    loop {
        let before = least;
        // Runs of one to three units, to every other place.
        for count in 1..=3 {
            for from in 1..(end + 1).saturating_sub(count) {
                for to in (1..=end - count).filter(|&to| to != from) {
                    let mut tried = order.clone();
                    let run: Vec<usize> = tried.drain(from..from + count).collect();
                    tried.splice(to..to, run);
                    let length = length(&shapes, &tried, labels.len());
                    if length < least {
                        least = length;
                        order = tried;
                    }
                }
            }
        }
        if least == before {
            break;
        }
    }
    // A jump of its own between two units, for others to hop over.
    let mut names: Vec<(usize, Text)> =
        labels.iter().map(|(&name, &label)| (label, name)).collect();
    names.sort_unstable();
    for &(label, name) in &names {
        let parts = vec![Part::Jump(label, None)];
        shapes.push(Shape {
            parts,
            starts: Vec::new(),
        });
        let island = shapes.len() - 1;
        for to in 1..=end {
            let mut tried = order.clone();
            tried.insert(to, island);
            let length = length(&shapes, &tried, labels.len());
            if length < least {
                least = length;
                order = tried;
                break;
            }
        }
        let jump = format!("jmp {}", program.texts.get(name));
        units.push(vec![(Item::Code(program.texts.of(&jump)), LONG)]);
    }
    let mut old: Vec<Option<Unit>> = std::mem::take(units).into_iter().map(Some).collect();
    units.extend(order.iter().filter_map(|&index| old[index].take()));
}

fn joined(program: &Program, units: &[Unit], falls_out: bool) -> Unit {
    let mut items = Unit::new();
    for (index, unit) in units.iter().enumerate() {
        items.extend(unit);
        let next = units.get(index + 1);
        if falls(program, unit, next) || (next.is_none() && falls_out) {
            items.pop();
        }
    }
    items
}
