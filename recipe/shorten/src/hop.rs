//! Long jumps that land on a nearer jump to the same place: 2 octets in place of 5 or 6.
//!
//! A conditional jump may also land on another of the same condition: the flags are as they were, so that
//! one jumps as well.

use crate::jump::{Jump, SHORT, near};
use crate::measure::Places;
use crate::program::{Flow, Item, Program, Text};
use std::collections::HashMap;

/// Where a jump stands: its function, and its item there.
type Site = (usize, usize);

/// Lets jumps hop over others. `finals` knows the labels put in for this so far, and where jumps to them
/// lead. Returns how many jumps became short.
pub fn hop(program: &mut Program, places: &Places, finals: &mut HashMap<Text, Text>) -> usize {
    let (mut jumps, sites) = collect(program, places, finals);
    let mut changed = Vec::new();
    for index in 0..jumps.len() {
        if jumps[index].is_long
            && let Some(over) = near(&jumps, index)
        {
            jumps[index].over = Some(over);
            jumps[index].is_long = false;
            changed.push(index);
        }
    }
    rewrite(program, &jumps, &sites, &changed, finals);
    changed.len()
}

/// All jumps by name, in the order of their addresses.
fn collect(
    program: &Program,
    places: &Places,
    finals: &HashMap<Text, Text>,
) -> (Vec<Jump<Text>>, Vec<Site>) {
    let mut jumps = Vec::new();
    let mut sites = Vec::new();
    let mut labelled: HashMap<Text, usize> = HashMap::new();
    let mut hops = Vec::new();
    for (function, (body, places)) in program.functions.iter().zip(&places.0).enumerate() {
        let mut last = Vec::new();
        for (item, (&what, place)) in body.items.iter().zip(places).enumerate() {
            let code = match what {
                Item::Label(label) => {
                    last.push(label);
                    continue;
                }
                Item::Code(code) => code,
            };
            let (name, condition) = match program.flow(code) {
                Flow::Jump(Some(name)) => (name, None),
                Flow::Branch(condition, name) => (name, program.texts.find(condition)),
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
            if finals.contains_key(&name) {
                hops.push((jumps.len(), name));
            }
            jumps.push(Jump {
                to: *finals.get(&name).unwrap_or(&name),
                condition,
                is_long: place.size > SHORT,
                address: place.address.into(),
                over: None,
            });
            sites.push((function, item));
        }
    }
    for (index, name) in hops {
        jumps[index].over = labelled.get(&name).copied();
    }
    (jumps, sites)
}

fn rewrite(
    program: &mut Program,
    jumps: &[Jump<Text>],
    sites: &[Site],
    changed: &[usize],
    finals: &mut HashMap<Text, Text>,
) {
    let mut landed: HashMap<Site, Text> = HashMap::new();
    for &index in changed {
        let jump = &jumps[index];
        let Some(over) = jump.over else { continue };
        let count = finals.len();
        let texts = &mut program.texts;
        let label = *landed.entry(sites[over]).or_insert_with(|| {
            let label = texts.of(&format!(".Lhop{count}"));
            finals.insert(label, jump.to);
            label
        });
        let operation = match jump.condition {
            Some(condition) => format!("j{}", program.texts.get(condition)),
            None => "jmp".to_string(),
        };
        let code = format!("{operation} {}", program.texts.get(label));
        let (function, item) = sites[index];
        program.functions[function].items[item] = Item::Code(program.texts.of(&code));
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
