//! The proof: from every function's start, on every way through its code, the shortened program does the
//! same instructions in the same order as the one it was made from.
//!
//! Both are walked at once. In the shortened one jumps are followed, and so are calls of what several
//! places share, where operands on the stack are one slot deeper for each call on the way.

use crate::program::{Flow, Item, Program, flow, inverse};
use crate::stack;
use std::collections::{HashMap, HashSet};

/// A program as one row of items.
struct Row<'p> {
    program: &'p Program,
    items: Vec<Item>,
    labels: HashMap<&'p str, usize>,
}

impl<'p> Row<'p> {
    fn new(program: &'p Program) -> Self {
        let items: Vec<Item> = program
            .functions
            .iter()
            .flat_map(|function| function.items.iter().copied())
            .collect();
        let mut labels = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            if let Item::Label(label) = item {
                labels.insert(program.texts.get(*label), index);
            }
        }
        Self {
            program,
            items,
            labels,
        }
    }

    fn label(&self, name: &str) -> Result<usize, String> {
        self.labels
            .get(name)
            .copied()
            .ok_or_else(|| format!("no such label: {name}"))
    }
}

/// What comes next on a way.
#[derive(PartialEq, Eq, Debug)]
enum Step<'p> {
    Does(&'p str),
    /// Goes on as this function.
    Becomes(&'p str),
    /// Behind the last instruction: a call that never returns came before.
    Nothing,
}

/// The way through the original, from `at`: follows jumps within the function.
fn original<'p>(
    row: &Row<'p>,
    mut at: usize,
    starts: &HashSet<&str>,
) -> Result<(Step<'p>, usize), String> {
    for _ in 0..=row.items.len() {
        match row.items.get(at) {
            None => return Ok((Step::Nothing, at)),
            Some(Item::Label(label)) => {
                let name = row.program.texts.get(*label);
                if starts.contains(name) {
                    // The next function: this one does not fall through, as LLVM writes it.
                    return Ok((Step::Nothing, at));
                }
                at += 1;
            }
            Some(Item::Code(code)) => {
                let text = row.program.texts.get(*code);
                match flow(text) {
                    Flow::Jump(Some(name))
                        if starts.contains(name) || !row.labels.contains_key(name) =>
                    {
                        return Ok((Step::Becomes(name), at));
                    }
                    Flow::Jump(Some(name)) => at = row.label(name)?,
                    _ => return Ok((Step::Does(text), at)),
                }
            }
        }
    }
    Err("jumps in a circle".to_string())
}

/// A place in the shortened program, and where the shared calls on the way return to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Spot {
    at: usize,
    returns: Vec<usize>,
}

/// The way through the shortened program. `holds` is a condition that is known to hold.
fn shortened<'p>(
    row: &Row<'p>,
    spot: &mut Spot,
    mut holds: Option<&str>,
    starts: &HashSet<&str>,
) -> Result<Step<'p>, String> {
    for _ in 0..=row.items.len() {
        let Some(item) = row.items.get(spot.at) else {
            return Ok(Step::Nothing);
        };
        let code = match item {
            Item::Label(label) => {
                let name = row.program.texts.get(*label);
                if starts.contains(name) {
                    return Ok(Step::Becomes(name));
                }
                spot.at += 1;
                continue;
            }
            Item::Code(code) => row.program.texts.get(*code),
        };
        match flow(code) {
            Flow::Jump(Some(name)) if starts.contains(name) || !row.labels.contains_key(name) => {
                return Ok(Step::Becomes(name));
            }
            Flow::Jump(Some(name)) => spot.at = row.label(name)?,
            Flow::Call(Some(name)) if !starts.contains(name) && row.labels.contains_key(name) => {
                spot.returns.push(spot.at + 1);
                spot.at = row.label(name)?;
            }
            Flow::Return if !spot.returns.is_empty() => {
                spot.at = spot.returns.pop().unwrap_or_default()
            }
            Flow::Branch(condition, name) if holds == Some(condition) && !starts.contains(name) => {
                spot.at = row.label(name)?;
                continue;
            }
            _ => return Ok(Step::Does(code)),
        }
        if !matches!(flow(code), Flow::Jump(_)) {
            holds = None;
        }
    }
    Err("jumps in a circle".to_string())
}

/// # Errors
/// The first difference: what the original does, and what the shortened program does in its place.
pub fn verify(before: &Program, after: &Program) -> Result<usize, String> {
    let starts: HashSet<&str> = before
        .functions
        .iter()
        .map(|function| before.texts.get(function.name()))
        .collect();
    let exact = stack::exact_functions(before);
    let (old, new) = (Row::new(before), Row::new(after));
    only_jumped_to(&old, &starts)?;
    let mut done = HashSet::new();
    for function in &before.functions {
        let name = before.texts.get(function.name());
        let start = (
            old.label(name)? + 1,
            Spot {
                at: new.label(name)? + 1,
                returns: Vec::new(),
            },
        );
        let mut ways = vec![(start.0, start.1, None)];
        while let Some((at, mut spot, holds)) = ways.pop() {
            let (expected, at) = original(&old, at, &starts)?;
            let wrong = |what: &Step| format!("{name}: expected {expected:?}, there is {what:?}");
            let step = shortened(&new, &mut spot, holds, &starts)?;
            if !done.insert((at, spot.clone(), holds)) {
                continue;
            }
            let depth = 8 * spot.returns.len() as u32;
            let mut length = 1;
            let code = match (&expected, &step) {
                (Step::Nothing, _) => continue,
                (Step::Becomes(a), Step::Becomes(b)) if a == b && depth == 0 => continue,
                // The end of what is shared: the call returns where that was called from.
                (Step::Does(a), Step::Becomes(b))
                    if flow(a) == Flow::Call(Some(b)) && depth > 0 =>
                {
                    if exact.contains(*b) {
                        return Err(wrong(&step));
                    }
                    spot.at = spot.returns.pop().unwrap_or_default();
                    ways.push((at + 1, spot, None));
                    continue;
                }
                (Step::Does(a), Step::Does(b)) => match flow(a) {
                    Flow::Branch(condition, to) => {
                        let Flow::Branch(other, landing) = flow(b) else {
                            return Err(wrong(&step));
                        };
                        let leaves = starts.contains(to) || !old.labels.contains_key(to);
                        if depth > 0 {
                            return Err(wrong(&step));
                        }
                        if condition != other {
                            // The other way round: what was jumped to is behind it.
                            if inverse(condition) != Some(other) {
                                return Err(wrong(&step));
                            }
                            spot.at += 1;
                            if !leaves {
                                ways.push((old.label(to)?, spot, Some(condition)));
                            } else if shortened(&new, &mut spot, Some(condition), &starts)?
                                != Step::Becomes(to)
                            {
                                return Err(wrong(&step));
                            }
                            if let Some(&landed) = new.labels.get(landing) {
                                let beyond = Spot {
                                    at: landed,
                                    returns: Vec::new(),
                                };
                                ways.push((at + 1, beyond, Some(other)));
                            } else if original(&old, at + 1, &starts)?.0 != Step::Becomes(landing) {
                                return Err(wrong(&step));
                            }
                            continue;
                        }
                        if !leaves || landing != to {
                            let mut beyond = Spot {
                                at: new.label(landing)?,
                                returns: Vec::new(),
                            };
                            if !leaves {
                                ways.push((old.label(to)?, beyond, Some(condition)));
                            } else if shortened(&new, &mut beyond, Some(condition), &starts)?
                                != Step::Becomes(to)
                            {
                                return Err(wrong(&step));
                            }
                        }
                        *a
                    }
                    _ if depth == 0 && a == b => *a,
                    Flow::Next | Flow::Call(Some(_)) if depth > 0 => {
                        let calls_exact =
                            matches!(flow(a), Flow::Call(Some(name)) if exact.contains(name));
                        let same = match constant(&old, at) {
                            Some(pop) => {
                                length = 2;
                                a == b && code_at(&new, spot.at + 1) == pop
                            }
                            None => stack::deeper(a, depth).as_deref() == Some(*b),
                        };
                        if calls_exact || !same {
                            return Err(wrong(&step));
                        }
                        *a
                    }
                    _ => return Err(wrong(&step)),
                },
                _ => return Err(wrong(&step)),
            };
            if !flow(code).is_end() {
                spot.at += length;
                ways.push((at + length, spot, None));
            }
        }
    }
    Ok(done.len())
}

/// The instruction there; "" for a label.
fn code_at<'p>(row: &Row<'p>, at: usize) -> &'p str {
    match row.items.get(at) {
        Some(Item::Code(code)) => row.program.texts.get(*code),
        _ => "",
    }
}

/// The pop right behind the push of a constant, if that is what stands there. What is called may do both: in
/// between is nothing that would see the stack.
fn constant<'p>(row: &Row<'p>, at: usize) -> Option<&'p str> {
    let pop = code_at(row, at + 1);
    (code_at(row, at).starts_with("pushq $") && pop.starts_with("popq %")).then_some(pop)
}

/// # Errors
/// A label within a function that is reached in another way than by a jump: what follows it there is not
/// compared.
fn only_jumped_to(row: &Row, starts: &HashSet<&str>) -> Result<(), String> {
    let others = row
        .program
        .codes(&row.items)
        .filter(|code| !matches!(flow(code), Flow::Jump(Some(_)) | Flow::Branch(..)));
    for line in others.chain(row.program.rest.iter().map(String::as_str)) {
        let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "._$".contains(c)));
        if words.any(|word| row.labels.contains_key(word) && !starts.contains(word)) {
            return Err(format!("a label that is not only jumped to: {line}"));
        }
    }
    Ok(())
}
