//! The order of the code: a jump that would lead to what stands behind it is left out, and one over less
//! than 128 octets has 2 octets in place of 5 or 6.
//!
//! What is moved are units: instructions up to a label, a jump or a return. Of the two ways that a conditional jump
//! has, either may stand behind it.

use crate::jump::{LONG, SHORT, leads};
use crate::layout::arrange;
use crate::measure::Place;
use crate::program::{Flow, Function, Item, Program, Text, inverse, is_local};
use std::collections::HashMap;

/// Items with their sizes, up to an end.
pub type Unit = Vec<(Item, u32)>;

/// Every unit says where it leads at its end, by a jump if need be; only the last of a function may not.
fn units(
    program: &mut Program,
    function: &Function,
    places: &[Place],
    labels: &mut u32,
) -> Vec<Unit> {
    let mut units = vec![Unit::new()];
    let mut own = Vec::new();
    for (index, (&item, place)) in function.items.iter().zip(places).enumerate() {
        let leads_on = |item: Option<&Item>| !matches!(item, Some(Item::Code(code)) if matches!(program.flow(*code), Flow::Jump(Some(_))));
        let next = function.items.get(index + 1);
        own.push((item, place.size));
        let name = match (item, next) {
            (Item::Code(code), _) if program.flow(code).is_end() => None,
            (Item::Code(_), Some(Item::Label(name))) => Some(*name),
            // What jumps to the second label does not begin the function again.
            (Item::Label(_), Some(Item::Label(name))) if index == 0 => Some(*name),
            (Item::Code(code), Some(_))
                if matches!(program.flow(code), Flow::Branch(..)) && leads_on(next) =>
            {
                *labels += 1;
                Some(program.texts.of(&format!(".Lbehind{labels}")))
            }
            _ => continue,
        };
        if let Some(name) = name {
            own.push((jump(program, name), LONG));
        }
        units.push(std::mem::take(&mut own));
        if let (Some(name), Some(Item::Code(_))) = (name, next) {
            own.push((Item::Label(name), 0));
        }
    }
    units.push(own);
    units.retain(|unit| !unit.is_empty());
    units
}

pub fn jump(program: &mut Program, to: Text) -> Item {
    let code = format!("jmp {}", program.texts.get(to));
    Item::Code(program.texts.of(&code))
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
/// within functions, and then among them, so that jumps are short, and drops the jumps that this saves. What
/// stands behind the name of a function may be of another one in the end.
pub fn order(program: &mut Program, places: &[Vec<Place>]) {
    let mut labels = 0;
    let mut all: Vec<Vec<Unit>> = std::mem::take(&mut program.functions)
        .iter()
        .zip(places)
        .map(|(function, places)| units(program, function, places, &mut labels))
        .collect();
    let next = follow(program, &mut all);
    for (index, units) in all.iter_mut().enumerate() {
        let end = units.len() - usize::from(next[index].is_some());
        arrange(program, units, 1..end);
    }
    let mut is_next = vec![false; all.len()];
    for &next in next.iter().flatten() {
        is_next[next] = true;
    }
    let mut chains = Vec::new();
    for first in (0..all.len()).filter(|&index| !is_next[index]) {
        let mut chain = Chain::default();
        for index in std::iter::successors(Some(first), |&index| next[index]) {
            for unit in std::mem::take(&mut all[index]) {
                chain.push(program, unit);
            }
        }
        chains.push(chain);
    }
    let mut units = neighbours(chains);
    for round in 0..ROUNDS {
        arrange_all(program, &mut units, 1 + round * WINDOW / ROUNDS);
    }
    program.functions = joined(program, &units);
}

/// How often the units of all functions are moved about together.
const ROUNDS: usize = 2;
/// How many of them at once.
const WINDOW: usize = 50;
/// How many on either side are looked at and stay: more than 127 octets, mostly.
const MARGIN: usize = 25;

/// Moves the units about, some at a time, from that of the place `start` on.
fn arrange_all(program: &mut Program, units: &mut Vec<Unit>, mut start: usize) {
    while start < units.len() {
        let end = (start + WINDOW).min(units.len());
        let seen = start.saturating_sub(MARGIN)..(end + MARGIN).min(units.len());
        let mut own: Vec<Unit> = units.drain(seen.clone()).collect();
        arrange(program, &mut own, start - seen.start..end - seen.start);
        // With jumps that were put in.
        start = end + own.len() - seen.len();
        units.splice(seen.start..seen.start, own);
    }
}

/// Functions that have to stay behind one another.
#[derive(Default)]
struct Chain {
    units: Vec<Unit>,
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
            self.octets += match item {
                Item::Code(code)
                    if matches!(program.flow(code), Flow::Jump(Some(_)) | Flow::Branch(..)) =>
                {
                    SHORT
                }
                _ => size,
            };
        }
        self.units.push(unit);
    }
}

/// Puts chains beside each other that jump to the same functions, or to one another: such jumps are short,
/// or can hop over one another. A chain that takes up much room has to have more of them: the most for their
/// length come first, in thousandths, where a few octets more or less of a short one are no reason.
fn neighbours(mut chains: Vec<Chain>) -> Vec<Unit> {
    const REACH: u32 = 127;
    const PARTS: usize = 1_000;
    const FEW: usize = 30;
    let mut units = Vec::new();
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
        units.extend(chain.units);
    }
    units
}

/// Which function each one falls through to. The unit that does is put last.
fn follow(program: &Program, all: &mut [Vec<Unit>]) -> Vec<Option<usize>> {
    let name = |units: &Vec<Unit>| match units.first().and_then(|unit| unit.first()) {
        Some(&(Item::Label(name), _)) => Some(name),
        _ => None,
    };
    let names: HashMap<Text, usize> = all
        .iter()
        .enumerate()
        .filter_map(|(index, units)| Some((name(units)?, index)))
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

/// The labels that a unit starts with.
pub fn starts(unit: &Unit) -> impl Iterator<Item = Text> {
    unit.iter().map_while(|(item, _)| match item {
        Item::Label(label) => Some(*label),
        Item::Code(_) => None,
    })
}

fn joined(program: &mut Program, units: &[Unit]) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let is_function = starts(unit).any(|it| !is_local(program.texts.get(it)));
        if is_function || functions.is_empty() {
            functions.push(Function { items: Vec::new() });
        }
        let Some(Function { items }) = functions.last_mut() else {
            continue;
        };
        items.extend(unit.iter().map(|(item, _)| *item));
        let next = units.get(index + 1);
        let is_next = |name: &str| {
            next.is_some_and(|next| starts(next).any(|it| program.texts.get(it) == name))
        };
        let codes: Vec<Flow> = unit
            .iter()
            .rev()
            .take(2)
            .map_while(|(item, _)| match item {
                Item::Code(code) => Some(program.flow(*code)),
                Item::Label(_) => None,
            })
            .collect();
        let turned = match codes.as_slice() {
            [Flow::Jump(Some(name)), ..] if is_next(name) => None,
            [Flow::Jump(Some(name)), Flow::Branch(condition, behind)] if is_next(behind) => {
                match inverse(condition) {
                    Some(it) => Some((it, format!("j{it} {name}"))),
                    None => continue,
                }
            }
            _ => continue,
        };
        items.pop();
        if let (Some((condition, code)), Some(last)) = (turned, items.last_mut()) {
            program.texts.of(condition);
            *last = Item::Code(program.texts.of(&code));
        }
    }
    functions
}
