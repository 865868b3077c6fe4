//! Where the assembler puts each instruction, and in how many octets.

use crate::program::{Item, Program};
use std::path::Path;
use std::process::Command;

#[derive(Clone, Copy, Default, Debug)]
pub struct Place {
    pub address: u32,
    pub size: u32,
}

/// For each function a place for each item; labels have no size, and the address of what follows.
pub struct Places(pub Vec<Vec<Place>>);

impl Places {
    pub fn total(&self) -> u32 {
        self.0.iter().flatten().map(|place| place.size).sum()
    }
}

/// Writes the program to `assembly`, and assembles it into the file beside it that ends with `.o`.
///
/// # Errors
/// What the assembler or the file system says.
pub fn measure(program: &Program, assembly: &Path) -> Result<Places, String> {
    std::fs::write(assembly, program.to_string())
        .map_err(|error| format!("{}: {error}", assembly.display()))?;
    let object = assembly.with_extension("o");
    let listing = assembly.with_extension("lst");
    let output = Command::new("as")
        .arg(format!("-aln={}", listing.display()))
        .arg("--listing-lhs-width=8")
        .arg("-o")
        .args([object.as_path(), assembly])
        .output()
        .map_err(|error| format!("as: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text =
        std::fs::read(&listing).map_err(|error| format!("{}: {error}", listing.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some((number, place)) = listed(line) {
            if lines.len() <= number {
                lines.resize(number + 1, Place::default());
            }
            lines[number] = place;
        }
    }
    let _ = std::fs::remove_file(&listing);

    let mut number = program.head_lines();
    let mut places = Vec::new();
    for function in &program.functions {
        number += 1;
        let mut own: Vec<Place> = Vec::new();
        for item in &function.items {
            number += 1;
            own.push(match item {
                Item::Code(code) => match lines.get(number) {
                    Some(place) if place.size > 0 => *place,
                    _ => return Err(format!("as does not list: {}", program.texts.get(*code))),
                },
                Item::Label(_) => Place::default(),
            });
        }
        number += 1;
        for index in (0..own.len().saturating_sub(1)).rev() {
            if own[index].size == 0 {
                own[index].address = own[index + 1].address;
            }
        }
        places.push(own);
    }
    Ok(Places(places))
}

/// A line of the listing that has code: its number, address and octets (`  12 00a4 488B07   movq (%rdi), %rax`).
fn listed(line: &str) -> Option<(usize, Place)> {
    let (number, rest) = line.trim_start().split_once(' ')?;
    if rest.starts_with(' ') {
        return None;
    }
    let mut words = rest.split([' ', '\t']);
    let address = u32::from_str_radix(words.next()?, 16).ok()?;
    let digits: usize = words
        .take_while(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|octet| matches!(octet, b'0'..=b'9' | b'A'..=b'F'))
        })
        .map(str::len)
        .sum();
    let size = digits as u32 / 2;
    Some((number.parse().ok()?, Place { address, size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_refused() {
        let text = "\t.section\t.text.f,\"ax\"\n\t.type f,@function\nf:\n\tretq\n\tx = 3\n";
        let program = Program::read(text).expect("assembly that can be read");
        let name = format!("shorten-listing-{}.s", std::process::id());
        let assembly = std::env::temp_dir().join(name);
        let error = measure(&program, &assembly).err();
        for file in [assembly.with_extension("o"), assembly] {
            let _ = std::fs::remove_file(file);
        }
        assert_eq!(error.as_deref(), Some("as does not list: x = 3"));
    }

    #[test]
    fn reads_a_listing() {
        let line = "  12 00a4 488B8C24 80000000                                             \tmovq 128(%rsp), %rcx";
        let (number, place) = listed(line).expect("a line with code");
        assert_eq!((number, place.address, place.size), (12, 0xa4, 8));
        assert!(listed("  13                                  \t.type f,@function").is_none());
        assert!(listed("  14      61626364                      ").is_none());
    }
}
