//! What callers ask of a function's result first, the function answers itself: a test or comparison that stands
//! behind most calls of it is made once before it returns, and the flags are what they were.

use crate::program::{Flow, Function, Item, Program, Text, flow, is_local};
use crate::register;
use std::collections::{HashMap, HashSet};

/// The octets of a test or a comparison of nothing but results; None: it is something else.
fn question(code: &str) -> Option<i32> {
    let (operation, operands) = code.split_once(' ')?;
    let (with, of) = operands.split_once(", ")?;
    let is_result =
        |it: &str| ["%rax", "%eax", "%ax", "%al", "%rdx", "%edx", "%dx", "%dl"].contains(&it);
    let is_number = with
        .strip_prefix('$')
        .is_some_and(|it| it.parse::<i8>().is_ok());
    let prefix = match operation {
        "testq" | "cmpq" | "testw" | "cmpw" => 1,
        "testl" | "cmpl" | "testb" | "cmpb" => 0,
        _ => return None,
    };
    let is_known = is_result(of) && (is_result(with) || is_number);
    is_known.then_some(2 + prefix + i32::from(is_number && of != "%al"))
}

/// How a function is left.
struct Ends {
    /// Where it restores registers and returns: the first pop of each way out.
    returns: Vec<usize>,
    /// What it goes on as.
    others: Vec<Text>,
}

/// None: it may go on as a function that is not known.
fn ends(program: &Program, function: &Function) -> Option<Ends> {
    let is_pop = |item: &Item| matches!(*item, Item::Code(code) if register::saved_by(program.texts.get(code), "popq ").is_some());
    let mut ends = Ends {
        returns: Vec::new(),
        others: Vec::new(),
    };
    for (at, item) in function.items.iter().enumerate() {
        let Item::Code(code) = *item else { continue };
        match program.flow(code) {
            Flow::Return => {
                let pops = function.items[..at]
                    .iter()
                    .rev()
                    .take_while(|item| is_pop(item));
                ends.returns.push(at - pops.count());
            }
            Flow::Jump(Some(name)) | Flow::Branch(_, name) if is_local(name) => {}
            Flow::Jump(Some(name)) | Flow::Branch(_, name) => {
                ends.others.push(program.texts.find(name)?);
            }
            Flow::Jump(None) => return None,
            _ => {}
        }
    }
    Some(ends)
}

/// The function that is called there, and what is asked right behind.
fn asked(program: &Program, items: &[Item], at: usize) -> Option<(Text, Text)> {
    let (Item::Code(call), Item::Code(code)) = (*items.get(at)?, *items.get(at + 1)?) else {
        return None;
    };
    question(program.texts.get(code))?;
    match program.flow(call) {
        Flow::Call(Some(name)) => Some((program.texts.find(name)?, code)),
        _ => None,
    }
}

/// Moves questions from callers to functions.
///
/// # Errors
/// A function that looks at flags which another one left.
pub fn answer(program: &mut Program) -> Result<(), String> {
    only_own_flags(program)?;
    let mut counts: HashMap<(Text, Text), i32> = HashMap::new();
    for function in &program.functions {
        for at in 0..function.items.len() {
            if let Some(asked) = asked(program, &function.items, at) {
                *counts.entry(asked).or_default() += 1;
            }
        }
    }
    let all: HashMap<Text, Ends> = program
        .functions
        .iter()
        .filter_map(|function| Some((function.name(), ends(program, function)?)))
        .collect();
    let mut answers: HashMap<Text, Text> = HashMap::new();
    loop {
        // Of those that gain the same, one that does not depend on the order of the map.
        let best = counts.keys().filter_map(|&(name, code)| {
            let group = group(name, code, &all, &answers)?;
            let count = |name: &Text| {
                let asked = counts.get(&(*name, code)).copied().unwrap_or(0);
                asked - all[name].returns.len() as i32
            };
            let gain = group.iter().map(count).sum::<i32>() * question(program.texts.get(code))?;
            Some((gain, name, code, group))
        });
        let best = best.max_by_key(|&(gain, name, code, _)| (gain, name, code));
        match best.filter(|best| best.0 > 0) {
            Some((_, _, code, group)) => answers.extend(group.into_iter().map(|name| (name, code))),
            None => break,
        }
    }
    for index in 0..program.functions.len() {
        let function = &program.functions[index];
        let own = answers.get(&function.name());
        let mut items = Vec::new();
        for (at, &item) in function.items.iter().enumerate() {
            if let Some(&code) = own
                && all[&function.name()].returns.contains(&at)
            {
                items.push(Item::Code(code));
            }
            let asked = at
                .checked_sub(1)
                .and_then(|at| asked(program, &function.items, at));
            let is_answered = asked.is_some_and(|(name, code)| answers.get(&name) == Some(&code));
            if !is_answered {
                items.push(item);
            }
        }
        program.functions[index].items = items;
    }
    Ok(())
}

/// The function with all others that have to answer if it does and do not yet. None: one cannot.
fn group(
    name: Text,
    code: Text,
    all: &HashMap<Text, Ends>,
    answers: &HashMap<Text, Text>,
) -> Option<Vec<Text>> {
    let mut group = Vec::new();
    let mut ways = vec![name];
    while let Some(name) = ways.pop() {
        match answers.get(&name) {
            Some(&answer) if answer == code => {}
            Some(_) => return None,
            None if group.contains(&name) => {}
            None => {
                group.push(name);
                ways.extend(&all.get(&name)?.others);
            }
        }
    }
    Some(group)
}

/// # Errors
/// As [`answer`].
fn only_own_flags(program: &Program) -> Result<(), String> {
    for function in &program.functions {
        let calls = |item: &Item| matches!(*item, Item::Code(code) if matches!(program.flow(code), Flow::Call(_)));
        let behind = (1..function.items.len()).filter(|&at| calls(&function.items[at - 1]));
        for start in behind.chain([0]) {
            if looks_at_flags(program, function, start) {
                let name = program.texts.get(function.name());
                return Err(format!("{name}: looks at flags that others left"));
            }
        }
    }
    Ok(())
}

/// What an instruction does with flags: with the carry, and with the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flags {
    Keeps,
    Sets([bool; 2]),
    Looks([bool; 2]),
}

fn flags(code: &str) -> Flags {
    const BOTH: [&str; 12] = [
        "test", "cmp", "add", "sub", "and", "or", "xor", "neg", "imul", "mul", "popcnt", "cmpxchg",
    ];
    let (operation, operands) = code.split_once(' ').unwrap_or((code, ""));
    let operation = if operation == "lock" {
        operands.split(' ').next().unwrap_or_default()
    } else {
        operation
    };
    let condition = match flow(code) {
        Flow::Branch(condition, _) => Some(condition),
        _ => operation.strip_prefix("set").or_else(|| {
            operation
                .strip_prefix("cmov")?
                .strip_suffix(['w', 'l', 'q'])
        }),
    };
    if let Some(condition) = condition {
        return Flags::Looks(match condition {
            "b" | "ae" => [true, false],
            "e" | "ne" | "s" | "ns" | "l" | "ge" | "g" | "le" | "o" | "no" => [false, true],
            _ => [true, true],
        });
    }
    match operation
        .strip_suffix(['b', 'w', 'l', 'q'])
        .unwrap_or_default()
    {
        "adc" | "sbb" | "rcl" | "rcr" => Flags::Looks([true, false]),
        "inc" | "dec" => Flags::Sets([false, true]),
        "bt" | "bts" | "btr" | "btc" => Flags::Sets([true, false]),
        "shl" | "shr" | "sar" if !operands.starts_with("%cl") => Flags::Sets([true, true]),
        it if BOTH.contains(&it) => Flags::Sets([true, true]),
        _ if ["pushf", "lahf", "loop"]
            .iter()
            .any(|it| operation.starts_with(it)) =>
        {
            Flags::Looks([true, true])
        }
        // Others set none, or that is not relied on.
        _ => Flags::Keeps,
    }
}

/// Whether the function, which goes on there, may look at flags before it sets them.
fn looks_at_flags(program: &Program, function: &Function, start: usize) -> bool {
    let mut ways = vec![(start, [false; 2])];
    let mut done = HashSet::new();
    while let Some((at, mut set)) = ways.pop() {
        if at >= function.items.len() || set == [true; 2] || !done.insert((at, set)) {
            continue;
        }
        if let Item::Code(code) = function.items[at] {
            let code = program.texts.get(code);
            match flags(code) {
                Flags::Looks(by) if (by[0] && !set[0]) || (by[1] && !set[1]) => return true,
                Flags::Sets(more) => set = [set[0] || more[0], set[1] || more[1]],
                _ => {}
            }
            if let Flow::Jump(Some(name)) | Flow::Branch(_, name) = flow(code) {
                ways.extend(program.label(function, name).map(|to| (to, set)));
            }
            // Who is called does not look either.
            if flow(code).is_end() || matches!(flow(code), Flow::Call(_)) {
                continue;
            }
        }
        ways.push((at + 1, set));
    }
    false
}

/// The proof: what is asked no more is what the function called right before it answers on each way out, and nothing
/// else is changed.
///
/// # Errors
/// The first function that differs.
pub fn verify(before: &Program, after: &Program) -> Result<(), String> {
    only_own_flags(before)?;
    if before.functions.len() != after.functions.len() {
        return Err("other functions".to_string());
    }
    let answers = all_answers(after);
    for (old, new) in before.functions.iter().zip(&after.functions) {
        let returns = ends(after, new).map(|it| it.returns).unwrap_or_default();
        let mut place = 0;
        let mut own = old.items.iter().enumerate().peekable();
        while let Some(&(at, &item)) = own.peek() {
            let next = new.items.get(place).copied();
            let asked = at
                .checked_sub(1)
                .and_then(|at| asked(before, &old.items, at));
            let is_answered = asked.is_some_and(|(name, code)| {
                answers.get(before.texts.get(name)).copied() == Some(before.texts.get(code))
            });
            let is_new =
                matches!(next, Some(Item::Code(code)) if question(after.texts.get(code)).is_some());
            if next.is_some_and(|next| text(after, next) == text(before, item)) {
                place += 1;
                own.next();
            } else if is_answered {
                own.next();
            } else if is_new && returns.contains(&(place + 1)) {
                place += 1;
            } else {
                let name = before.texts.get(old.name());
                return Err(format!("{name}: does something else"));
            }
        }
        if place != new.items.len() {
            return Err(format!("{}: does more", before.texts.get(old.name())));
        }
    }
    Ok(())
}

/// What functions answer on each way out, if they do.
fn all_answers(program: &Program) -> HashMap<&str, &str> {
    let mut answers: HashMap<&str, HashSet<&str>> = HashMap::new();
    for function in &program.functions {
        let name = program.texts.get(function.name());
        let ends = ends(program, function);
        let at_end = |end: &usize| match function.items[end - 1] {
            Item::Code(code) => Some(program.texts.get(code)).filter(|it| question(it).is_some()),
            Item::Label(_) => None,
        };
        // "": something else.
        let own = match &ends {
            Some(ends) => ends
                .returns
                .iter()
                .map(|end| at_end(end).unwrap_or(""))
                .collect(),
            None => HashSet::from([""]),
        };
        answers.insert(name, own);
    }
    loop {
        let mut is_done = true;
        for function in &program.functions {
            let others = ends(program, function)
                .map(|it| it.others)
                .unwrap_or_default();
            for other in others {
                let other = answers.get(program.texts.get(other));
                let more = other.cloned().unwrap_or_else(|| HashSet::from([""]));
                let own = answers
                    .entry(program.texts.get(function.name()))
                    .or_default();
                let count = own.len();
                own.extend(more);
                is_done &= own.len() == count;
            }
        }
        if is_done {
            break;
        }
    }
    answers.retain(|_, all| all.len() == 1 && !all.contains(""));
    let one = answers.into_iter();
    one.flat_map(|(name, all)| all.into_iter().map(move |answer| (name, answer)))
        .collect()
}

/// The text of an item, and whether it is a label.
fn text(program: &Program, item: Item) -> (bool, &str) {
    match item {
        Item::Label(it) => (true, program.texts.get(it)),
        Item::Code(it) => (false, program.texts.get(it)),
    }
}
