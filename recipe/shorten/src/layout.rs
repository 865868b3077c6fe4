//! In which order units stand: one that makes them short.
//!
//! It is looked for by moving units about at random, a sequence that is the same each time: what makes them
//! a few octets longer is kept now and then, ever more seldom, since something shorter may lie behind it.

use crate::jump::{Jump, LONG, SHORT, near};
use crate::order::{Unit, jump, starts};
use crate::program::{Flow, Item, Program, Text, inverse};
use std::collections::HashMap;
use std::ops::Range;

/// A unit as far as its length goes.
struct Shape {
    parts: Vec<Part>,
    /// The labels it starts with.
    starts: Vec<usize>,
    /// What holds where the last condition it jumps on does not.
    inverse: Option<Text>,
}

#[derive(Clone, Copy)]
enum Part {
    Octets(u32),
    Label(usize),
    Jump(usize, Option<Text>),
}

impl Shape {
    /// The parts where `next` stands behind it, which it leads to without a jump.
    fn before(&self, next: Option<&Self>) -> (&[Part], Option<Part>) {
        let is_next = |to: &usize| next.is_some_and(|next| next.starts.contains(to));
        match self.parts.as_slice() {
            [parts @ .., Part::Jump(to, None)] if is_next(to) => (parts, None),
            [
                parts @ ..,
                Part::Jump(behind, Some(_)),
                Part::Jump(to, None),
            ] if is_next(behind) => match self.inverse {
                Some(inverse) => (parts, Some(Part::Jump(*to, Some(inverse)))),
                None => (&self.parts, None),
            },
            parts => (parts, None),
        }
    }
}

fn shape(program: &mut Program, unit: &Unit, labels: &mut HashMap<Text, usize>) -> Shape {
    let mut number = |label: Text| {
        let count = labels.len();
        *labels.entry(label).or_insert(count)
    };
    let mut shape = Shape {
        parts: Vec::new(),
        starts: starts(unit).map(&mut number).collect(),
        inverse: None,
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
                        (Some(name), Some(own)) => {
                            let inverse = inverse(condition);
                            shape.inverse = inverse.map(|it| program.texts.of(it));
                            Part::Jump(number(name), Some(own))
                        }
                        _ => Part::Octets(size),
                    }
                }
                _ => Part::Octets(size),
            },
        };
        match (shape.parts.last_mut(), part) {
            (Some(Part::Octets(all)), Part::Octets(size)) => *all += size,
            _ => shape.parts.push(part),
        }
    }
    shape
}

impl Part {
    fn leads_to(&self) -> Option<usize> {
        match *self {
            Part::Jump(to, _) => Some(to),
            _ => None,
        }
    }
}

/// Where nothing can reach: the address of labels in other functions.
const FAR: i64 = i64::MAX / 4;

/// The octets of the units in this order, once every jump is as short as it can be, by hops too.
fn length(shapes: &[Shape], order: &[usize], labels: usize) -> i64 {
    laid_out(shapes, order, labels).0
}

/// These octets, and the jumps.
fn laid_out(shapes: &[Shape], order: &[usize], labels: usize) -> (i64, Vec<Jump<usize>>) {
    let mut jumps: Vec<Jump<usize>> = Vec::new();
    let mut addresses = vec![FAR; labels];
    let mut total = 0;
    for round in 0.. {
        let mut address = 0;
        let mut number = 0;
        for (position, &index) in order.iter().enumerate() {
            let shape = &shapes[index];
            let next = order.get(position + 1).map(|&next| &shapes[next]);
            let (parts, last) = shape.before(next);
            for part in parts.iter().copied().chain(last) {
                match part {
                    Part::Octets(size) => address += i64::from(size),
                    Part::Label(label) => addresses[label] = address,
                    Part::Jump(to, condition) => {
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
    (total, jumps)
}

/// How many moves are tried for each unit.
const TRIES: usize = 200;

/// Numbers as if at random (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The low bits are the worst.
        self.0 >> 16
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// Puts `count` units that start at the place `from` where they start at the place `to`.
struct Move {
    from: usize,
    count: usize,
    to: usize,
}

impl Move {
    /// Puts the units from `from` to `end` right before the one at the place `before`. None: it is one of them.
    fn before(from: usize, end: usize, before: usize) -> Option<Self> {
        let count = end.checked_sub(from)?;
        let to = match before {
            _ if before >= end => before - count,
            _ if before <= from => before,
            _ => return None,
        };
        Some(Self { from, count, to })
    }

    fn make(&self, order: &mut [usize]) {
        if self.to > self.from {
            order[self.from..self.to + self.count].rotate_left(self.count);
        } else {
            order[self.to..self.from + self.count].rotate_right(self.count);
        }
    }
}

/// Moves units, those at the places from `start` to `end`.
struct Mover<'s> {
    shapes: &'s [Shape],
    /// The unit that starts with a label, if it is one of the function.
    homes: Vec<Option<usize>>,
    start: usize,
    end: usize,
    random: Random,
}

impl Mover<'_> {
    /// Whether the unit at the place `at` leads to the next one without a jump.
    fn falls(&self, order: &[usize], at: usize) -> bool {
        let [unit, next] = [order[at], order[at + 1]].map(|unit| &self.shapes[unit]);
        unit.before(Some(next)).0.len() < unit.parts.len()
    }

    /// The end of the row that leads from one to the next from the place `at` on.
    fn row_end(&self, order: &[usize], mut at: usize) -> usize {
        while at + 1 < self.end && self.falls(order, at) {
            at += 1;
        }
        at + 1
    }

    fn any(&mut self, order: &[usize]) -> Option<Move> {
        match self.random.below(10) {
            0..4 => self.rows(order),
            4..7 => self.behind(order),
            _ => self.nearby(),
        }
    }

    /// A place behind which one of them may stand.
    fn any_before(&mut self) -> usize {
        self.start - 1 + self.random.below(self.end - self.start + 1)
    }

    /// A few whole rows, to between others.
    fn rows(&mut self, order: &[usize]) -> Option<Move> {
        let mut from = self.start + self.random.below(self.end - self.start);
        while from > self.start && self.falls(order, from - 1) {
            from -= 1;
        }
        let mut end = from;
        for _ in 0..=self.random.below(3) {
            if end < self.end {
                end = self.row_end(order, end);
            }
        }
        let last = self.any_before();
        let before = self.row_end(order, last);
        Move::before(from, end, before)
    }

    /// Where a unit leads to, to behind it.
    fn behind(&mut self, order: &[usize]) -> Option<Move> {
        let at = self.any_before();
        let parts = &self.shapes[order[at]].parts;
        let jumps: Vec<usize> = parts.iter().filter_map(Part::leads_to).collect();
        let to = jumps.get(self.random.below(jumps.len().max(1)))?;
        let unit = self.homes[*to]?;
        let from = order.iter().position(|it| *it == unit)?;
        let end = match self.random.below(2) {
            0 => self.row_end(order, from),
            _ => from + 1 + self.random.below(4),
        };
        let may_move = (self.start..self.end).contains(&from) && from != at + 1;
        Move::before(from, end.min(self.end), at + 1).filter(|_| may_move)
    }

    /// A few units, a few places away.
    fn nearby(&mut self) -> Option<Move> {
        const FEW: usize = 5;
        const AWAY: usize = 12;
        let count = 1 + self.random.below(FEW.min(self.end - self.start - 1));
        let from = self.start + self.random.below(self.end - self.start - count + 1);
        let to = (from + self.random.below(2 * AWAY + 1)).checked_sub(AWAY)?;
        let may_be = (self.start..=self.end - count).contains(&to);
        may_be.then_some(Move { from, count, to })
    }
}

/// The shortest order found of the units, of which those at `places` are moved.
fn search(shapes: &[Shape], places: &Range<usize>, labels: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..shapes.len()).collect();
    let mut homes = vec![None; labels];
    for (unit, shape) in shapes.iter().enumerate() {
        for &label in &shape.starts {
            homes[label] = Some(unit);
        }
    }
    if places.len() < 2 {
        return order;
    }
    let mut mover = Mover {
        shapes,
        homes,
        start: places.start,
        end: places.end,
        random: Random(1),
    };
    let mut own = length(shapes, &order, labels);
    let (mut best, mut least) = (order.clone(), own);
    let mut tried = order.clone();
    let tries = TRIES * places.len();
    for left in (0..tries).rev() {
        // Each octet more is half as likely, and counts for more in the end.
        let longer = mover.random.next().trailing_zeros() as usize * left / tries;
        let Some(step) = mover.any(&order) else {
            continue;
        };
        tried.clone_from(&order);
        step.make(&mut tried);
        let length = length(shapes, &tried, labels);
        if length <= own + longer as i64 {
            own = length;
            std::mem::swap(&mut order, &mut tried);
            if own < least {
                least = own;
                best.clone_from(&order);
            }
        }
    }
    best
}

/// Moves the units at `places` about so that all become shorter. The first one stays.
pub fn arrange(program: &mut Program, units: &mut Vec<Unit>, places: Range<usize>) {
    let mut labels = HashMap::new();
    let mut shapes: Vec<Shape> = units
        .iter()
        .map(|unit| shape(program, unit, &mut labels))
        .collect();
    let mut order = search(&shapes, &places, labels.len());
    let mut least = length(&shapes, &order, labels.len());
    // A jump of its own between two units, for others to hop over.
    let mut names: Vec<(usize, Text)> =
        labels.iter().map(|(&name, &label)| (label, name)).collect();
    names.sort_unstable();
    for &(label, name) in &names {
        let jumps = laid_out(&shapes, &order, labels.len()).1;
        let long = jumps.iter().filter(|jump| jump.is_long && jump.to == label);
        if long.count() < 2 {
            continue;
        }
        let parts = vec![Part::Jump(label, None)];
        shapes.push(Shape {
            parts,
            starts: Vec::new(),
            inverse: None,
        });
        let island = shapes.len() - 1;
        for to in places.start..=places.end {
            let mut tried = order.clone();
            tried.insert(to, island);
            let length = length(&shapes, &tried, labels.len());
            if length < least {
                least = length;
                order = tried;
                break;
            }
        }
        units.push(vec![(jump(program, name), LONG)]);
    }
    let mut old: Vec<Option<Unit>> = std::mem::take(units).into_iter().map(Some).collect();
    units.extend(order.iter().filter_map(|&index| old[index].take()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_put_before_others() {
        let moved = |from, end, before| {
            let mut order = [0, 1, 2, 3, 4, 5];
            Move::before(from, end, before)?.make(&mut order);
            Some(order)
        };
        assert_eq!(moved(1, 3, 5), Some([0, 3, 4, 1, 2, 5]));
        assert_eq!(moved(3, 5, 1), Some([0, 3, 4, 1, 2, 5]));
        assert_eq!(moved(1, 3, 3), Some([0, 1, 2, 3, 4, 5]));
        assert_eq!(moved(1, 3, 2), None);
    }
}
