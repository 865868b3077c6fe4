//! Who saves and restores registers: functions that do so for others.
//!
//! What a function saves first is saved by one that saves all registers, and takes the function's part of the stack
//! as well where that is large. It leaves on top the address of what restores them all, so the function returns
//! there, and whom it goes on as does so too.

use crate::frame::{Frame, Line, interned};
use crate::program::{Flow, Function, Item, Program, flow, is_local};
use crate::register::{self, Register, Registers};
use crate::stack;
use std::collections::{HashMap, HashSet};

/// Saves every register a callee leaves alone.
pub const SAVE_ALL: &str = "callq saved.all";

/// The same, and takes as many slots of the stack as were pushed right before, as a number less than 0.
const SAVE_SOME: &str = "callq saved.some";

/// The functions that do, and the one that restores.
pub const NAMES: [&str; 3] = ["saved.all", "saved.some", "saved.back"];

/// Octets on the stack, below where the caller goes on, of what is saved and of where that is restored.
pub const SAVED: i32 = 8 * (register::COUNT as i32 + 1);

/// How many octets `code` puts on the stack, if it saves all registers.
pub fn saved(code: &str) -> Option<i32> {
    let pushed = code.strip_suffix(SAVE_SOME);
    let slots = pushed.and_then(|push| push.strip_prefix("pushq $-")?.strip_suffix("; "));
    match slots {
        _ if code == SAVE_ALL => Some(SAVED),
        Some(slots) => Some(SAVED + 8 * slots.parse::<i32>().ok()?),
        None => None,
    }
}

/// Whether the function begins by having all registers saved.
pub fn is_lent(program: &Program, function: &Function) -> bool {
    let mut codes = program.codes(&function.items);
    codes.next().is_some_and(|code| saved(code).is_some())
}

/// What a function begins with once others save for it, and how many items that is in place of.
type Begin = (String, usize);

/// The least part of the stack that is shorter given to who saves than taken.
const LARGE: u32 = 24;

/// None: it is shorter as it is, or has to be.
fn begin(program: &Program, function: &Function, frame: &Frame) -> Option<Begin> {
    // What restoring takes at each end: a short jump to others that do.
    const END: usize = 2;
    let saved = frame.saved.len();
    let octets: usize = frame.saved.iter().map(|it| it.octets()).sum();
    let part = taken(program, function, saved + 1).filter(|it| *it >= LARGE);
    let own = octets + frame.ends.len() * octets.min(END);
    let (begin, size, uses) = match part {
        Some(part) => {
            let size = match part {
                ..128 => 7 - 4,
                128..=1024 => 0,
                _ => 10 - 7,
            };
            (
                format!("pushq $-{}; {SAVE_SOME}", part / 8),
                size,
                &USES[..],
            )
        }
        None => (SAVE_ALL.to_string(), 5, &USES[..2]),
    };
    let begin = (begin, saved + usize::from(part.is_some()));
    let is_shorter = saved > 0 && size < own;
    (is_shorter && leaves_alone(program, function, begin.1 + 1, uses)).then_some(begin)
}

/// How many octets of the stack are taken there, if they are not touched page by page.
fn taken(program: &Program, function: &Function, at: usize) -> Option<u32> {
    let code = |at: usize| match function.items.get(at) {
        Some(&Item::Code(code)) => program.texts.get(code),
        _ => "",
    };
    let part = code(at).strip_prefix("subq $")?.strip_suffix(", %rsp")?;
    let part = part.parse::<u32>().ok()?;
    (part % 8 == 0 && code(at + 1) != "movq $0, (%rsp)").then_some(part)
}

/// What who saves uses, once it is saved, and does not restore: the function begins with it.
const USES: [Register; 3] = [Register(0), register::FRAME, Register(3)];

/// Whether the function, which goes on there, looks at none of these registers before it has set them.
fn leaves_alone(program: &Program, function: &Function, start: usize, uses: &[Register]) -> bool {
    let items = &function.items;
    let mut open: Vec<Registers> = vec![Registers::default(); items.len()];
    let mut ways = vec![(start, uses.iter().copied().collect::<Registers>())];
    while let Some((first, mut unset)) = ways.pop() {
        for index in first..items.len() {
            if unset.without(open[index]).is_empty() {
                break;
            }
            unset = unset.or(open[index]);
            open[index] = unset;
            let Item::Code(code) = items[index] else {
                continue;
            };
            let text = program.texts.get(code);
            let named = register::mentions(text);
            let looks = named.without(register::only_set(text).into_iter().collect());
            if unset.without(looks) != unset {
                return false;
            }
            unset = unset.without(named);
            if let Flow::Jump(Some(name)) | Flow::Branch(_, name) = flow(text) {
                let to = program.label(function, name);
                ways.extend(to.map(|to| (to, unset)));
            }
            if flow(text).is_end() {
                break;
            }
        }
    }
    true
}

/// Lets others save and restore where that is shorter. Who stops using a few octets of the stack right before
/// a register is restored restores that from them as well.
pub fn shorten(program: &mut Program) {
    let exact = stack::exact_functions(program);
    let circles = circles(program);
    let mut is_used = false;
    for index in 0..program.functions.len() {
        let function = &program.functions[index];
        let Some(frame) = Frame::read(program, function) else {
            continue;
        };
        let name = program.texts.get(function.name());
        let may_be = !exact.contains(name) && !circles.contains(name) && !is_hot(name);
        let begin = begin(program, function, &frame).filter(|_| may_be);
        let mut lines = Vec::new();
        for (at, &item) in function.items.iter().enumerate() {
            match (&begin, frame.start(at)) {
                (Some((begin, _)), _) if at == 1 => lines.push(Line::Code(begin.clone())),
                (Some((_, replaced)), _) if (1..=*replaced).contains(&at) => {}
                (Some(_), Some(_)) => {}
                (_, None) if frame.ends.contains(&(at + 1)) => {
                    let slots = dropped(program, item);
                    let last = frame.saved.last().filter(|it| it.is_low());
                    match (slots, last) {
                        (Some(slots), _) if begin.is_some() => {
                            lines.extend((0..slots).map(|_| Line::Code(DROP_SLOT.to_string())));
                        }
                        (Some(slots), Some(_)) => {
                            lines.extend((0..slots).map(|_| Line::As(function.items[at + 1])));
                        }
                        _ => lines.push(Line::As(item)),
                    }
                }
                _ => lines.push(Line::As(item)),
            }
        }
        is_used |= begin.is_some();
        program.functions[index].items = interned(program, &lines);
    }
    if is_used {
        add(program);
    }
}

/// What runs for each route, its words and the text of it, by parts of the name. It would save for longer than it
/// works: how a processor foretells where functions return to fails there. Of 20,000 routes each of 185 calls took 9 ns.
const HOT: [[&str; 2]; 13] = [
    ["3sys3out", "3OutNt"],
    ["6packed", "6unpack"],
    ["6packed", "6expand"],
    ["6packed", "8strip_in"],
    ["4Text", "6number"],
    ["7netlink", "6Writer6header"],
    ["7netlink", "6Writer4attr"],
    ["5model4addr", "6dotted"],
    ["5model4addr", "4Show4show"],
    ["5model5route", "4Show4show"],
    ["9key_table", "5Names7find_in"],
    ["6output5owned", "4line"],
    ["6scalar", "6dotted"],
];

/// # Errors
/// Parts of a name that no function of the whole program has any more: it would save registers as others do, and
/// nothing but a benchmark would tell.
pub fn check_hot(program: &Program) -> Result<(), String> {
    for parts in &HOT {
        let is_it = |name: &str| parts.iter().all(|part| name.contains(part));
        let mut functions = program.functions.iter();
        if !functions.any(|function| is_it(program.texts.get(function.name()))) {
            return Err(format!("no function is called {parts:?}, which is hot"));
        }
    }
    Ok(())
}

fn is_hot(name: &str) -> bool {
    HOT.iter()
        .any(|parts| parts.iter().all(|part| name.contains(part)))
}

/// Takes one slot from the stack, and changes a register that is restored next.
const DROP_SLOT: &str = "popq %rbx";

/// How many slots of the stack it gives up, if that is shorter as pops.
fn dropped(program: &Program, item: Item) -> Option<usize> {
    let Item::Code(code) = item else { return None };
    match program.texts.get(code) {
        "addq $8, %rsp" => Some(1),
        "addq $16, %rsp" => Some(2),
        "addq $24, %rsp" => Some(3),
        _ => None,
    }
}

/// Functions that may go on as themselves in the end, over and over: the stack would grow.
fn circles(program: &Program) -> HashSet<String> {
    let mut next: HashMap<&str, HashSet<&str>> = HashMap::new();
    for function in &program.functions {
        let goes_to = program
            .codes(&function.items)
            .filter_map(|code| match flow(code) {
                Flow::Jump(Some(name)) | Flow::Branch(_, name) if !is_local(name) => Some(name),
                _ => None,
            });
        next.insert(program.texts.get(function.name()), goes_to.collect());
    }
    let reaches_itself = |name: &&&str| {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut ways = vec![**name];
        while let Some(at) = ways.pop() {
            let new = next
                .get(at)
                .into_iter()
                .flatten()
                .filter(|it| seen.insert(it));
            ways.extend(new);
        }
        seen.contains(**name)
    };
    next.keys()
        .filter(reaches_itself)
        .map(|name| (*name).to_string())
        .collect()
}

/// Adds the functions that save and restore.
fn add(program: &mut Program) {
    let [all, some, back] = NAMES;
    let order = register::SAVE_ORDER;
    let pushes = |from: usize| {
        order[from..]
            .iter()
            .map(|it| format!("pushq {}", it.name()))
    };
    let is_back = || [format!("leaq {back}(%rip), %rbx"), "pushq %rbx".to_string()];
    let texts = |codes: &[&str]| codes.iter().map(|it| (*it).to_string()).collect::<Vec<_>>();
    let mut add = |name: &str, codes: Vec<String>| {
        let mut items = vec![Item::Label(program.texts.of(name))];
        items.extend(codes.iter().map(|code| Item::Code(program.texts.of(code))));
        program.functions.push(Function { items });
    };
    // The way on is in the slot of the first register.
    let mut codes = texts(&["xchgq %rbp, (%rsp)"]);
    codes.extend(pushes(1).chain(is_back()));
    codes.extend(texts(&["jmpq *%rbp"]));
    add(all, codes);
    // There is the number of slots; the way on is in that of the second one.
    let mut codes = texts(&["xchgq %rbp, 8(%rsp)", "xchgq %r15, (%rsp)"]);
    codes.extend(pushes(2).chain(is_back()));
    codes.extend(texts(&["leaq (%rsp,%rbp,8), %rsp", "jmpq *%r15"]));
    add(some, codes);
    let pops = order.iter().rev().map(|it| format!("popq {}", it.name()));
    add(back, pops.chain(["retq".to_string()]).collect());
}

/// The proof that functions do the same but for how they save and restore, which is as it may be.
///
/// # Errors
/// The first function that differs.
pub fn verify(before: &Program, after: &Program) -> Result<(), String> {
    let exact = stack::exact_functions(before);
    let circles = circles(before);
    for (old, new) in before.functions.iter().zip(&after.functions) {
        let name = before.texts.get(old.name());
        let is_bound = exact.contains(name) || circles.contains(name);
        is_same(before, old, after, new)
            .filter(|is_lent| !(*is_lent && is_bound))
            .ok_or_else(|| format!("{name}: saves or does something else"))?;
    }
    let mut others = after
        .functions
        .iter()
        .skip(before.functions.len())
        .peekable();
    let is_known = others.peek().is_none() || others.map(|it| after.texts.get(it.name())).eq(NAMES);
    is_known
        .then_some(())
        .ok_or_else(|| "other functions".to_string())
}

/// Whether others save for the function; None: it differs.
fn is_same(before: &Program, old: &Function, after: &Program, new: &Function) -> Option<bool> {
    let frame = Frame::read(before, old);
    let (ends, count) = frame.map_or((Vec::new(), 0), |it| (it.ends, it.saved.len()));
    let is_lent = is_lent(after, new);
    let mut others = new.items.iter().map(|&item| text(after, item)).peekable();
    let mut replaced = 0..0;
    for (at, &item) in old.items.iter().enumerate() {
        if is_lent && at == 1 {
            let part = (saved(others.next()?)? - SAVED) as u32;
            let is_taken = part == 0 || taken(before, old, count + 1) == Some(part);
            let uses = if part == 0 { &USES[..2] } else { &USES[..] };
            if count == 0 || !is_taken || !leaves_alone(after, new, 2, uses) {
                return None;
            }
            replaced = 1..1 + count + usize::from(part > 0);
        }
        if is_lent && ends.contains(&at) {
            replaced = at..at + count;
        }
        if replaced.contains(&at) {
            continue;
        }
        let own = text(before, item);
        let slots = dropped(before, item).filter(|_| count > 0 && ends.contains(&(at + 1)));
        match slots.filter(|_| others.peek() != Some(&own)) {
            Some(slots) => {
                let pop = if is_lent {
                    DROP_SLOT
                } else {
                    text(before, old.items[at + 1])
                };
                if !(0..slots).all(|_| others.next() == Some(pop)) {
                    return None;
                }
            }
            None if others.next() == Some(own) => {}
            None => return None,
        }
    }
    others.next().is_none().then_some(is_lent)
}

fn text(program: &Program, item: Item) -> &str {
    match item {
        Item::Label(it) | Item::Code(it) => program.texts.get(it),
    }
}
