//! The order of the code: a jump that would lead to what stands behind it is left out, and one over less
//! than 128 octets has 2 octets in place of 5 or 6.
//!
//! What is moved are units: instructions up to a jump or a return, which are reached by labels only.

use crate::measure::Place;
use crate::program::{Flow, Function, Item, Program, Text};
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
        Flow::Jump(Some(name)) if !crate::program::is_local(name) => program.texts.find(name),
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
                Item::Label(label) if !crate::program::is_local(program.texts.get(label)) => {
                    self.marks.push((self.octets, label, true));
                }
                Item::Code(code)
                    if let Flow::Jump(Some(name)) = program.flow(code)
                        && let Some(name) = program.texts.find(name)
                        && !crate::program::is_local(program.texts.get(name)) =>
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
/// or can hop over one another.
fn neighbours(mut chains: Vec<Chain>) -> Vec<Function> {
    const REACH: u32 = 120;
    let mut functions = Vec::new();
    // What stands within reach of the end: how far from it, and to where.
    let mut behind: Vec<(u32, Text, bool)> = Vec::new();
    while !chains.is_empty() {
        let gain = |chain: &Chain| {
            let near = chain.marks.iter().filter(|&&(offset, name, starts)| {
                let meets = |&&(distance, other, begins): &&(u32, Text, bool)| {
                    other == name && distance + offset <= REACH && !(starts && begins)
                };
                behind.iter().find(meets).is_some()
            });
            near.count()
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
            .filter(|&&(from, _)| next[from].is_none() && !leads(&next, to, from));
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

/// Whether one gets from `from` to `to` by falling through.
fn leads(next: &[Option<usize>], from: usize, to: usize) -> bool {
    let mut at = Some(from);
    while let Some(index) = at {
        if index == to {
            return true;
        }
        at = next[index];
    }
    false
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
    /// The label that its last jump leads to.
    goes_to: Option<usize>,
    /// The labels it starts with.
    starts: Vec<usize>,
}

enum Part {
    Octets(u32),
    Label(usize),
    /// To a label; whether it has a condition.
    Jump(usize, bool),
}

fn shape(program: &Program, unit: &Unit, labels: &HashMap<&str, usize>) -> Shape {
    let mut shape = Shape {
        parts: Vec::new(),
        goes_to: None,
        starts: Vec::new(),
    };
    for &(item, size) in unit {
        let part = match item {
            Item::Label(label) => Part::Label(labels[program.texts.get(label)]),
            Item::Code(code) => {
                let (name, conditional) = match program.flow(code) {
                    Flow::Jump(Some(name)) => (name, false),
                    Flow::Branch(_, name) => (name, true),
                    _ => ("", false),
                };
                match labels.get(name) {
                    Some(&label) => Part::Jump(label, conditional),
                    None => Part::Octets(size),
                }
            }
        };
        match part {
            Part::Label(label) if shape.parts.len() == shape.starts.len() => {
                shape.starts.push(label)
            }
            _ => {}
        }
        shape.parts.push(part);
    }
    if let Some(&Part::Jump(label, false)) = shape.parts.last() {
        shape.goes_to = Some(label);
    }
    shape
}

/// The octets of the units in this order, once every jump is as short as it can be.
fn length(shapes: &[Shape], order: &[usize], labels: usize) -> u32 {
    let count: usize = shapes.iter().map(|shape| shape.parts.len()).sum();
    let mut is_long = vec![false; count];
    let mut addresses = vec![0i64; labels];
    loop {
        let mut grew = false;
        for pass in 0..2 {
            let mut address: i64 = 0;
            let mut number = 0;
            for (position, &index) in order.iter().enumerate() {
                let shape = &shapes[index];
                let next = order.get(position + 1).map(|&next| &shapes[next]);
                for (place, part) in shape.parts.iter().enumerate() {
                    number += 1;
                    match *part {
                        Part::Octets(size) => address += i64::from(size),
                        Part::Label(label) => addresses[label] = address,
                        Part::Jump(label, conditional) => {
                            let is_last = place + 1 == shape.parts.len();
                            if is_last
                                && !conditional
                                && next.is_some_and(|next| next.starts.contains(&label))
                            {
                                continue;
                            }
                            address += if !is_long[number - 1] {
                                2
                            } else if conditional {
                                6
                            } else {
                                5
                            };
                            if pass == 1
                                && !is_long[number - 1]
                                && !(-128..128).contains(&(addresses[label] - address))
                            {
                                is_long[number - 1] = true;
                                grew = true;
                            }
                        }
                    }
                }
            }
            if pass == 1 && !grew {
                return address as u32;
            }
        }
    }
}

/// Moves units about while that makes the function shorter. The first one stays, and the last where
/// `keeps_last`.
fn arrange(program: &Program, units: &mut Vec<Unit>, keeps_last: bool) {
    let mut labels = HashMap::new();
    for (item, _) in units.iter().flatten() {
        if let Item::Label(label) = *item {
            let count = labels.len();
            labels.entry(program.texts.get(label)).or_insert(count);
        }
    }
    let shapes: Vec<Shape> = units
        .iter()
        .map(|unit| shape(program, unit, &labels))
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
        for from in 1..end {
            for to in 1..end {
                if from == to {
                    continue;
                }
                let mut tried = order.clone();
                let unit = tried.remove(from);
                tried.insert(to, unit);
                let length = length(&shapes, &tried, labels.len());
                if length < least {
                    least = length;
                    order = tried;
                }
            }
        }
        if least == before {
            break;
        }
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
