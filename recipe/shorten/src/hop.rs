//! Long jumps that land on a nearer jump to the same place: 2 octets in place of 5 or 6.
//!
//! A conditional jump may also land on another of the same condition: the flags are as they were, so that
//! one jumps as well.

use crate::measure::{Place, Places};
use crate::program::{Flow, Item, Program, Text};
use std::collections::{HashMap, HashSet};

/// The longest short jump is a signed octet from its end.
const REACH: std::ops::RangeInclusive<i64> = -128..=127;
const SHORT: u32 = 2;

/// A jump: where it stands, where it leads in the end, and on which condition.
struct Jump {
    function: usize,
    item: usize,
    place: Place,
    to: Text,
    condition: Option<Text>,
    /// Which other jump it lands on.
    over: Option<usize>,
}

/// Lets jumps hop over others. `finals` knows the labels put in for this so far, and where jumps to them
/// lead. Returns how many jumps became short.
pub fn hop(
    program: &mut Program,
    places: &Places,
    finals: &mut HashMap<Text, (Text, usize)>,
) -> usize {
    let mut jumps = collect(program, places, finals);
    let mut near: HashMap<Text, Vec<usize>> = HashMap::new();
    for (index, jump) in jumps.iter().enumerate() {
        near.entry(jump.to).or_default().push(index);
    }
    let mut changed = HashSet::new();
    for index in 0..jumps.len() {
        if jumps[index].place.size <= SHORT {
            continue;
        }
        let end = i64::from(jumps[index].place.address + jumps[index].place.size);
        let start = i64::from(jumps[index].place.address + SHORT);
        let chosen = near[&jumps[index].to].iter().copied().find(|&other| {
            let jump = &jumps[other];
            let address = i64::from(jump.place.address);
            let distance = if address < end {
                address - start
            } else {
                address - end
            };
            other != index
                && REACH.contains(&distance)
                && (jump.condition.is_none() || jump.condition == jumps[index].condition)
                && !lands_on(&jumps, other, index)
        });
        if let Some(other) = chosen {
            jumps[index].over = Some(other);
            jumps[index].place.size = SHORT;
            changed.insert(index);
        }
    }
    rewrite(program, &jumps, &changed, finals);
    changed.len()
}

/// Whether the jump `from` leads over the jump `over`.
fn lands_on(jumps: &[Jump], from: usize, over: usize) -> bool {
    let mut at = Some(from);
    while let Some(index) = at {
        if index == over {
            return true;
        }
        at = jumps[index].over;
    }
    false
}

fn collect(
    program: &mut Program,
    places: &Places,
    finals: &HashMap<Text, (Text, usize)>,
) -> Vec<Jump> {
    let mut jumps = Vec::new();
    let mut labelled: HashMap<Text, usize> = HashMap::new();
    let mut targets = Vec::new();
    for (function, (body, places)) in program.functions.iter().zip(&places.0).enumerate() {
        let mut last = Vec::new();
        for (item, (&what, &place)) in body.items.iter().zip(places).enumerate() {
            let code = match what {
                Item::Label(label) => {
                    last.push(label);
                    continue;
                }
                Item::Code(code) => code,
            };
            let (name, condition) = match program.flow(code) {
                Flow::Jump(Some(name)) => (name, None),
                Flow::Branch(condition, name) => (name, Some(condition)),
                _ => {
                    last.clear();
                    continue;
                }
            };
            for label in last.drain(..) {
                labelled.insert(label, jumps.len());
            }
            let Some(name) = program.texts.find(name) else {
                continue;
            };
            let to = finals.get(&name).map_or(name, |known| known.0);
            targets.push(name);
            jumps.push((function, item, place, to, condition.map(str::to_string)));
        }
    }
    let mut made: Vec<Jump> = jumps
        .into_iter()
        .map(|(function, item, place, to, condition)| {
            let condition = condition.map(|condition| program.texts.of(&condition));
            Jump {
                function,
                item,
                place,
                to,
                condition,
                over: None,
            }
        })
        .collect();
    for (jump, name) in made.iter_mut().zip(targets) {
        if finals.contains_key(&name) {
            jump.over = labelled.get(&name).copied();
        }
    }
    made
}

fn rewrite(
    program: &mut Program,
    jumps: &[Jump],
    changed: &HashSet<usize>,
    finals: &mut HashMap<Text, (Text, usize)>,
) {
    let mut landed: HashMap<(usize, usize), Text> = HashMap::new();
    let mut order: Vec<usize> = changed.iter().copied().collect();
    order.sort_unstable();
    for index in order {
        let jump = &jumps[index];
        let Some(over) = jump.over.map(|over| &jumps[over]) else {
            continue;
        };
        let count = finals.len();
        let texts = &mut program.texts;
        let label = *landed.entry((over.function, over.item)).or_insert_with(|| {
            let label = texts.of(&format!(".Lhop{count}"));
            finals.insert(label, (jump.to, count));
            label
        });
        let operation = match jump.condition {
            Some(condition) => format!("j{}", program.texts.get(condition)),
            None => "jmp".to_string(),
        };
        let code = format!("{operation} {}", program.texts.get(label));
        program.functions[jump.function].items[jump.item] = Item::Code(program.texts.of(&code));
    }
    for (function, body) in program.functions.iter_mut().enumerate() {
        let mut items = Vec::new();
        for (item, &what) in body.items.iter().enumerate() {
            items.extend(
                landed
                    .get(&(function, item))
                    .map(|&label| Item::Label(label)),
            );
            items.push(what);
        }
        body.items = items;
    }
}
