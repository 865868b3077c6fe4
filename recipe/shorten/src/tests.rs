//! Small programs through all of it. They are assembled by `as`, as real ones are.

use super::*;
use crate::program::{Flow, Item, flow};

/// Functions as LLVM writes them: `name: instruction; instruction; label: instruction`.
fn program(functions: &[&str]) -> Program {
    let mut text = String::from("\t.globl main\n");
    for function in functions {
        let name = function.split(':').next().unwrap_or_default();
        text += &format!(
            "\t.section\t.text.{name},\"ax\",@progbits\n\t.type\t{name},@function # -- Begin function\n"
        );
        for line in function.split(';') {
            match line.trim().split_once(": ") {
                Some((label, code)) => text += &format!("{label}: # @{label}\n\t{code}\n"),
                None => text += &format!("\t{}\n", line.trim()),
            }
        }
        text += &format!(".Lfunc_end_{name}:\n\t.size\t{name}, .Lfunc_end_{name}-{name}\n");
    }
    Program::read(&text).expect("assembly that can be read")
}

/// What the program was, and the same made shorter.
fn shortened(functions: &[&str]) -> (Program, Program) {
    let directory =
        std::env::temp_dir().join(format!("shorten-{}-{:p}", std::process::id(), functions));
    std::fs::create_dir_all(&directory).expect("a directory");
    let mut it = program(functions);
    let summary = shorten(&mut it, &directory.join("short.s")).expect("shorter");
    assert!(summary.contains("steps"), "{summary}");
    std::fs::remove_dir_all(&directory).expect("removed");
    (program(functions), it)
}

fn count(program: &Program, code: &str) -> usize {
    program
        .to_string()
        .lines()
        .filter(|line| line.trim() == code)
        .count()
}

const END: &str = "addq $24, %rsp; popq %rbx; popq %r14; popq %r15; retq";

fn saves(name: &str, middle: &str) -> String {
    format!("{name}: pushq %r15; pushq %r14; pushq %rbx; subq $24, %rsp; {middle}; {END}")
}

#[test]
fn ends_of_functions_are_shared() {
    let (_, after) = shortened(&[
        &saves("f", "callq x"),
        &saves("g", "callq y"),
        &saves("h", "callq z"),
    ]);
    assert_eq!(count(&after, "popq %r15"), 1, "{after}");
}

#[test]
fn what_calls_and_uses_the_stack_is_called() {
    let middle = "leaq 8(%rsp), %rdi; movq %rbx, %rsi; callq x; movq 120(%rsp), %rdx; callq y; movl $70000, %eax";
    let one = |name: &str| {
        format!(
            "{name}: subq $136, %rsp; {middle}; testl %eax, %eax; callq {name}_; addq $136, %rsp; retq"
        )
    };
    let (_, after) = shortened(&[&one("f"), &one("g"), &one("h")]);
    assert_eq!(count(&after, "leaq 16(%rsp), %rdi"), 1, "{after}");
    assert_eq!(count(&after, "movq 128(%rsp), %rdx"), 1, "{after}");
    assert_eq!(count(&after, "leaq 8(%rsp), %rdi"), 0, "{after}");
}

#[test]
fn callees_with_stack_arguments_stay() {
    let callee = "x: pushq %rbx; movq 16(%rsp), %rbx; movq %rbx, %rax; popq %rbx; retq";
    let middle = "movq %rbx, %rsi; movl $70000, %edi; callq x; movl $80000, %edi; callq x";
    let one = |name: &str| format!("{name}: pushq %rbx; {middle}; callq {name}_; popq %rbx; retq");
    let (_, after) = shortened(&[callee, &one("f"), &one("g"), &one("h"), &one("i")]);
    assert_eq!(count(&after, "callq x"), 8, "{after}");
    let pointers = |name: &str| {
        format!("{name}: movl $70000, %edi; callq *%rax; movl $80000, %edi; callq {name}_; retq")
    };
    let (_, after) = shortened(&[
        &pointers("f"),
        &pointers("g"),
        &pointers("h"),
        &pointers("i"),
    ]);
    assert_eq!(count(&after, "callq *%rax"), 4, "{after}");
}

#[test]
fn values_below_the_stack_stay() {
    let one = |name: &str| {
        format!(
            "{name}: movq %rdi, -8(%rsp); movl $70000, %esi; imull $70001, %esi; addl $70002, %esi; testl %esi, %esi; je .L{name}; incl %esi; .L{name}: retq"
        )
    };
    let (_, after) = shortened(&[&one("f"), &one("g"), &one("h"), &one("i")]);
    assert_eq!(count(&after, "imull $70001, %esi"), 4, "{after}");
}

#[test]
fn the_last_jump_of_a_function_is_fallen_through() {
    let (_, after) = shortened(&[
        "f: incq %rdi; jmp h",
        "g: decq %rdi; retq",
        "h: movq %rdi, %rax; retq",
    ]);
    assert_eq!(count(&after, "jmp h"), 0, "{after}");
}

#[test]
fn long_jumps_hop_over_one_another() {
    let mut far = String::new();
    for number in 0..80 {
        if number % 20 == 0 {
            far += "testl %edi, %edi; je .Lend;";
        }
        far += &format!("movl ${}, %eax;", 70000 + number);
    }
    let function = format!(
        "f: pushq %rbx; popq %rbx; {far} xorl %eax, %eax; retq; .Lend: movl $1, %eax; retq"
    );
    let (before, after) = shortened(&[&function]);
    let directory = std::env::temp_dir().join(format!("shorten-hop-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let long = |program: &Program| {
        let places = measure(program, &directory.join("x.s")).expect("assembled");
        let items = program
            .functions
            .iter()
            .flat_map(|function| &function.items);
        items
            .zip(places.0.iter().flatten())
            .filter(|(item, place)| match item {
                Item::Code(code) => {
                    matches!(flow(program.texts.get(*code)), Flow::Branch(..)) && place.size > 2
                }
                Item::Label(_) => false,
            })
            .count()
    };
    assert!(long(&after) < long(&before), "{after}");
    std::fs::remove_dir_all(&directory).expect("removed");
}

/// Every instruction of the shortened program that is changed, left out or doubled is a difference.
#[test]
fn every_change_is_seen() {
    let (before, after) = shortened(&[
        &saves(
            "f",
            "movq 8(%rsp), %rdi; movq %rbx, %rsi; callq x; testq %rax, %rax; je .L1; callq x; .L1: incq %rbx",
        ),
        &saves(
            "g",
            "movq 8(%rsp), %rdi; movq %rbx, %rsi; callq x; movq 8(%rsp), %rdi; pushq $3; popq %rdx; callq y",
        ),
        &saves(
            "h",
            "movq 8(%rsp), %rdi; movq %rbx, %rsi; callq x; movq 8(%rsp), %rdi; pushq $3; popq %rdx; callq y; jmp .L4; .L3: decq %rdi; .L4: testb %dl, %dl; jne .L3",
        ),
        "x: pushq %rax; callq z; popq %rcx; jmp y",
        "y: testq %rdi, %rdi; je z; retq",
        "z: ud2",
    ]);
    verify::verify(&before, &after).expect("the same");
    let mut tried = 0;
    for (index, function) in after.functions.iter().enumerate() {
        for (place, item) in function.items.iter().enumerate() {
            let Item::Code(code) = *item else { continue };
            let text = after.texts.get(code).to_string();
            let mut wrong = Vec::new();
            let mut changed = after.clone();
            changed.functions[index].items[place] = Item::Code(changed.texts.of("nop"));
            wrong.push(changed);
            let mut missing = after.clone();
            missing.functions[index].items.remove(place);
            wrong.push(missing);
            if text.contains("8(%rsp)") || text.contains("16(%rsp)") {
                let mut moved = after.clone();
                moved.functions[index].items[place] =
                    Item::Code(moved.texts.of(&text.replace("(%rsp)", "0(%rsp)")));
                wrong.push(moved);
            }
            if let Flow::Branch(condition, to) = flow(&text) {
                for other in [format!("js {to}"), format!("j{condition} main")] {
                    let mut turned = after.clone();
                    turned.functions[index].items[place] = Item::Code(turned.texts.of(&other));
                    wrong.push(turned);
                }
            }
            for wrong in wrong {
                tried += 1;
                assert!(
                    verify::verify(&before, &wrong).is_err(),
                    "{text} in\n{wrong}"
                );
            }
        }
    }
    assert!(tried > 60, "{tried}");
}

#[test]
fn unknown_directives_are_refused() {
    let text = "\t.section\t.text.f,\"ax\",@progbits\n\t.type\tf,@function\nf:\n\t.cfi_startproc\n\tretq\n";
    let error = Program::read(text).err();
    assert_eq!(error.as_deref(), Some("4: .cfi_startproc"));
}

#[test]
fn data_stays_as_it_is() {
    let text = "\t.section\t.text.f,\"ax\",@progbits\n\t.type\tf,@function\nf:\n\tretq\n\t.type\tTEXT,@object # @TEXT\n\t.section\t.rodata.TEXT,\"a\",@progbits\nTEXT:\n\t.ascii\t\"a # b: c\"\n\t.size\tTEXT, 8\n\t.addrsig\n";
    let it = Program::read(text).expect("read");
    let written = it.to_string();
    assert!(
        written.contains("TEXT:\n\t.ascii\t\"a # b: c\"\n\t.size\tTEXT, 8\n"),
        "{written}"
    );
    assert!(!written.contains("addrsig"), "{written}");
}

/// Whether `verify` finds a difference between these two.
fn differ(before: &[&str], after: &[&str]) -> bool {
    verify::verify(&program(before), &program(after)).is_err()
}

#[test]
fn a_constant_is_pushed_and_popped_at_one_depth() {
    let before = ["f: callq x; pushq $5; popq %rax; retq", "x: ud2"];
    assert!(!differ(
        &before,
        &[
            "f: callq shared.0; retq",
            "x: ud2",
            "shared.0: callq x; pushq $5; popq %rax; retq"
        ]
    ));
    // This one returns to 5.
    assert!(differ(
        &before,
        &[
            "f: callq shared.0; popq %rax; retq",
            "x: ud2",
            "shared.0: callq x; pushq $5; retq"
        ]
    ));
    // This one takes where it returns to for the constant.
    assert!(differ(
        &before,
        &[
            "f: callq x; pushq $5; callq shared.0; retq",
            "x: ud2",
            "shared.0: popq %rax; retq"
        ]
    ));
}

/// Whether `callq x` may be moved into something that is called.
fn may_be_deeper(callee: &[&str]) -> bool {
    let mut before = vec!["f: pushq %rbx; movl $70000, %edi; callq x; incq %rbx; popq %rbx; retq"];
    let mut after = vec![
        "f: pushq %rbx; callq shared.0; incq %rbx; popq %rbx; retq",
        "shared.0: movl $70000, %edi; callq x; retq",
    ];
    before.extend(callee);
    after.extend(callee);
    !differ(&before, &after)
}

#[test]
fn arguments_on_the_stack_are_passed_on() {
    let reads = "y: movq 8(%rsp), %rax; retq";
    assert!(may_be_deeper(&["x: incq %rdi; jmp y", "y: retq"]));
    assert!(!may_be_deeper(&["x: incq %rdi; jmp y", reads]));
    assert!(!may_be_deeper(&["x: testq %rdi, %rdi; jne y; retq", reads]));
    assert!(!may_be_deeper(&["x: incq %rdi; jmp z", "z: jmp y", reads]));
    assert!(!may_be_deeper(&["x: movq (%rdi), %rax; jmpq *%rax"]));
}

#[test]
fn arguments_on_the_stack_are_found_on_every_way() {
    assert!(!may_be_deeper(&[
        "x: testq %rdi, %rdi; je .L1; pushq $1; pushq $2; callq y; .L1: movq 8(%rsp), %rax; retq",
        "y: ud2"
    ]));
    assert!(!may_be_deeper(&[
        "x: pushq %rbp; movq %rsp, %rbp; andq $-32, %rsp; movq 16(%rbp), %rax; movq %rbp, %rsp; popq %rbp; retq"
    ]));
}

#[test]
fn values_below_the_stack_are_found_through_a_pointer() {
    let middle = "movl $70000, %esi; movl $70001, %edx";
    let before = format!(
        "f: leaq 8(%rsp), %rax; movq %rdi, -16(%rax); {middle}; movq -16(%rax), %rax; retq"
    );
    let after =
        "f: leaq 8(%rsp), %rax; movq %rdi, -16(%rax); callq shared.0; movq -16(%rax), %rax; retq";
    assert!(differ(
        &[&before],
        &[after, &format!("shared.0: {middle}; retq")]
    ));
}

/// A child that shares the memory of its parent returns over where that one returns to.
#[test]
fn system_calls_stay() {
    assert!(differ(
        &["f: movl $58, %eax; syscall; movl %eax, %edi; retq"],
        &[
            "f: callq shared.0; movl %eax, %edi; retq",
            "shared.0: movl $58, %eax; syscall; retq"
        ]
    ));
}

#[test]
fn labels_that_are_not_jumped_to_are_refused() {
    let taken = ["f: leaq .L1(%rip), %rax; jmpq *%rax; .L1: retq"];
    assert!(differ(&taken, &taken));
    let text = "\t.section\t.text.f,\"ax\",@progbits\n\t.type\tf,@function\nf:\n\tjmpq\t*%rax\n.L1:\n\tretq\n\t.section\t.rodata\n\t.quad\t.L1-f\n";
    let table = Program::read(text).expect("read");
    assert!(verify::verify(&table, &table).is_err());
}

#[test]
fn jumps_by_distance_are_refused() {
    for code in ["1:", "jmp 1b", "jne .+4", "nop; nop", "callq ."] {
        let text = format!(
            "\t.section\t.text.f,\"ax\",@progbits\n\t.type\tf,@function\nf:\n\t{code}\n\tretq\n"
        );
        assert!(Program::read(&text).is_err(), "{code}");
    }
}
