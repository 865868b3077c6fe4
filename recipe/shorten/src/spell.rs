//! How an instruction is written: as others that do the same in fewer octets, where there are any.
//!
//! They use the slot below the stack pointer, which is free as no function keeps anything there
//! ([`check_red_zone`](crate::stack::check_red_zone)).

use std::borrow::Cow;

/// `code` as the assembler is given it, on one line.
pub fn spelled(code: &str) -> Cow<'_, str> {
    shorter(code).map_or(Cow::Borrowed(code), Cow::Owned)
}

/// None: as it is.
fn shorter(code: &str) -> Option<String> {
    let (operation, operands) = code.split_once(' ')?;
    let (from, to) = operands.rsplit_once(", ")?;
    match operation {
        // 2 octets for 3.
        "movq" if is_low(from) && is_low(to) && to != "%rsp" => {
            Some(format!("pushq {from}; popq {to}"))
        }
        // 2 octets for 4: it stays where it was.
        "movq" if from == "(%rsp)" && is_low(to) && to != "%rsp" => {
            Some(format!("popq {to}; pushq {to}"))
        }
        // 3 octets and those of the operand; it was 6. An address by the stack pointer is the same: pop computes it
        // when the stack is as before the push.
        "movq" if is_octet(from) && to.ends_with(')') => Some(format!("pushq {from}; popq {to}")),
        // It has no other way to be written (`swap`).
        "movq" if from.ends_with(')') && to.ends_with(')') => {
            Some(format!("pushq {from}; popq {to}"))
        }
        // One octet for each 8 of the stack; it was 4. What is pushed is of no use, nor are the flags.
        "subq" if to == "%rsp" => {
            let slots = match from {
                "$16" => 2,
                "$24" => 3,
                _ => return None,
            };
            Some(["pushq %rax"].repeat(slots).join("; "))
        }
        _ => None,
    }
}

/// Whether it is a register that takes no prefix.
fn is_low(operand: &str) -> bool {
    matches!(
        operand,
        "%rax" | "%rbx" | "%rcx" | "%rdx" | "%rsi" | "%rdi" | "%rbp" | "%rsp"
    )
}

/// Whether it is a constant that takes one octet.
fn is_octet(operand: &str) -> bool {
    operand
        .strip_prefix('$')
        .is_some_and(|number| number.parse::<i8>().is_ok())
}
