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

/// What `make` says to be given a file for assembly.
fn with_file<T>(functions: &[&str], make: impl FnOnce(&Path) -> T) -> T {
    let directory =
        std::env::temp_dir().join(format!("shorten-{}-{:p}", std::process::id(), functions));
    std::fs::create_dir_all(&directory).expect("a directory");
    let made = make(&directory.join("short.s"));
    std::fs::remove_dir_all(&directory).expect("removed");
    made
}

/// What the program is before parts of it are shared, and the same made shorter.
fn shortened(functions: &[&str]) -> (Program, Program) {
    with_file(functions, |file| {
        let mut before = program(functions);
        prepare(&mut before, file).expect("with other registers");
        let mut after = program(functions);
        let summary = shorten(&mut after, file).expect("shorter");
        assert!(summary.contains("steps"), "{summary}");
        (before, after)
    })
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
    assert_eq!(count(&after, "popq %r14"), 1, "{after}");
}

#[test]
fn what_calls_and_uses_the_stack_is_called() {
    let middle = "leaq 8(%rsp), %rdi; movq %rbx, %rsi; callq x; movq 120(%rsp), %rdx; callq y; movl $70000, %eax";
    let one = |name: &str| {
        format!(
            "{name}: subq $136, %rsp; {middle}; testl %eax, %eax; callq {name}_; addq $136, %rsp; retq"
        )
    };
    let (_, after) = shortened(&[&one("f"), &one("g"), &one("h"), "x: retq", "y: retq"]);
    assert_eq!(count(&after, "leaq 16(%rsp), %rdi"), 1, "{after}");
    assert_eq!(count(&after, "movq 128(%rsp), %rdx"), 1, "{after}");
    assert_eq!(count(&after, "leaq 8(%rsp), %rdi"), 0, "{after}");
    // Of callees that are elsewhere it is not known what they look for on the stack.
    let (_, after) = shortened(&[&one("f"), &one("g"), &one("h"), "x: retq"]);
    assert_eq!(count(&after, "callq y"), 3, "{after}");
}

#[test]
fn what_ends_elsewhere_is_called_there() {
    let sequence = "movl $70000, %edi; movl $80000, %esi";
    let caller = format!("g: {sequence}; movl $90000, %edx; callq y; jmp z");
    for (end, called) in [("retq", 0), ("jmp x", 1)] {
        let call = if called > 0 { "; callq x" } else { "" };
        let caller = caller.replace("; movl $9", &format!("{call}; movl $9"));
        let (_, after) = shortened(&[
            &caller,
            &format!("f: xorl %eax, %eax; {sequence}; {end}"),
            "x: testl %eax, %eax; retq",
        ]);
        assert_eq!(count(&after, "movl $70000, %edi"), 1, "{after}");
        assert_eq!(count(&after, "callq x"), 0, "{after}");
        assert_eq!(count(&after, "callq shared.0"), 1, "{after}");
        // Where the stack is looked at, or it is not known whether it is, what is called would see another one.
        let on_stack = |text: &str| text.replace("movl $80000", "movl 8(%rsp)");
        let (_, after) = shortened(&[
            &on_stack(&caller),
            &on_stack(&format!("f: xorl %eax, %eax; {sequence}; {end}")),
        ]);
        assert_eq!(count(&after, "movl $70000, %edi"), 2, "{after}");
    }
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
fn the_last_jump_of_a_function_is_fallen_through() {
    let (_, after) = shortened(&[
        "f: incq %rdi; jmp h",
        "g: decq %rdi; retq",
        "h: movq %rdi, %rax; retq",
    ]);
    assert_eq!(count(&after, "jmp h"), 0, "{after}");
}

#[test]
fn what_a_condition_leads_to_may_stand_behind_it() {
    // Where it leads otherwise is also jumped to from the other end, so that one of them takes a jump.
    let function = "f: testl %edi, %edi; jne .Lfar; .Lnear: incq %rax; retq; .Lfar: incq %rdx; testl %edx, %edx; je .Lfar; jmp .Lnear";
    let (before, after) = shortened(&[function]);
    let jumps = |program: &Program| {
        let codes = program
            .functions
            .iter()
            .flat_map(|it| program.codes(&it.items));
        codes.filter(|code| code.starts_with('j')).count()
    };
    assert_eq!((jumps(&before), jumps(&after)), (3, 2), "{after}");
    assert_eq!(count(&after, "je .Lnear"), 1, "{after}");
    // Both ways have to lead where they did.
    let (before, after) = (program(&[function]), |code: &str| {
        program(&[&function.replace("jne .Lfar; .Lnear:", code)])
    });
    for (code, is_same) in [
        ("jne .Lfar; .Lnear:", true),
        ("je .Lnear; jmp .Lfar; .Lnear:", true),
        ("je .Lfar; jmp .Lfar; .Lnear:", false),
        ("je .Lfar; .Lnear:", false),
        ("jne .Lnear; jmp .Lfar; .Lnear:", false),
        ("js .Lnear; jmp .Lfar; .Lnear:", false),
    ] {
        let verified = verify::verify(&before, &after(code));
        assert_eq!(verified.is_ok(), is_same, "{code}: {verified:?}");
    }
}

#[test]
fn a_condition_to_go_on_as_another_function_may_be_turned_round() {
    // memcpy is not among the functions.
    for other in ["g", "memcpy"] {
        let ends = |code: &str| {
            program(&[
                &format!("f: testl %edi, %edi; {code}"),
                "g: retq",
                "h: retq",
            ])
        };
        let before = ends(&format!("je h; jmp {other}"));
        for (code, is_same) in [
            (format!("jne {other}; jmp h"), true),
            (format!("jne h; jmp {other}"), false),
            (format!("jne {other}; jmp {other}"), false),
            ("jne h; jmp h".to_string(), false),
        ] {
            let verified = verify::verify(&before, &ends(&code));
            assert_eq!(verified.is_ok(), is_same, "{code}: {verified:?}");
        }
    }
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
                let inverse = program::inverse(condition).expect("an inverse");
                for other in [
                    format!("js {to}"),
                    format!("j{condition} main"),
                    format!("j{inverse} {to}"),
                ] {
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
fn functions_elsewhere_are_refused() {
    for text in [
        "\t.text\n\t.type\tf,@function\nf:\n\tretq\n",
        "\t.set\tf, g\n",
    ] {
        assert!(Program::read(text).is_err(), "{text}");
    }
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
    // Of what is elsewhere it is known of six.
    assert!(!may_be_deeper(&["x: incq %rdi; jmp syscall"]));
    assert!(may_be_deeper(&["x: incq %rdi; jmp memcpy@PLT"]));
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
fn jumps_that_are_not_understood_are_refused() {
    for code in [
        "1:",
        "jmp 1b",
        "jne .+4",
        "nop; nop",
        "callq .",
        "notrack jmpq *%rax",
        "rep ret",
    ] {
        let text = format!(
            "\t.section\t.text.f,\"ax\",@progbits\n\t.type\tf,@function\nf:\n\t{code}\n\tretq\n"
        );
        assert!(Program::read(&text).is_err(), "{code}");
    }
}

/// The program with nothing shared yet.
fn prepared(functions: &[&str]) -> Result<Program, String> {
    with_file(functions, |file| {
        let mut it = program(functions);
        prepare(&mut it, file).map(|()| it)
    })
}

/// The lines of one function.
fn lines(program: &Program, name: &str) -> Vec<String> {
    let function = program
        .functions
        .iter()
        .find(|function| program.texts.get(function.name()) == name);
    program
        .codes(&function.expect("a function").items)
        .map(str::to_string)
        .collect()
}

#[test]
fn registers_without_prefix_come_first() {
    let it = prepared(&[
        "f: pushq %r14; pushq %rbx; movq %rdi, %rbx; movl 4(%rbx), %r14d; callq x; movzbl %r14b, %eax; popq %rbx; popq %r14; retq",
    ])
    .expect("with other registers");
    assert_eq!(
        lines(&it, "f"),
        [
            "pushq %rbp",
            "pushq %rbx",
            "movq %rdi, %rbp",
            "movl 4(%rbp), %ebx",
            "callq x",
            "movzbl %bl, %eax",
            "popq %rbx",
            "popq %rbp",
            "retq"
        ]
    );
}

#[test]
fn registers_of_callers_and_callees_stay() {
    let uses = "pushq %r14; movl %edi, %r14d; callq g; movl %r14d, %eax; popq %r14; retq";
    let stays = |others: &[&str]| {
        let f = format!("f: {uses}");
        let mut functions = vec![f.as_str()];
        functions.extend(others);
        lines(&prepared(&functions).expect("prepared"), "f")[0] == "pushq %r14"
    };
    assert!(!stays(&["g: retq"]));
    assert!(!stays(&["g: pushq %rbx; movl %edi, %ebx; popq %rbx; retq"]));
    // It changes %ebx, of which its callers know, or one that it goes on as does.
    assert!(stays(&["g: movl %edi, %ebx; retq"]));
    assert!(stays(&["g: incl %edi; jmp h", "h: movl %edi, %ebx; retq"]));
    // A register that the function does not save.
    let it = prepared(&["f: pushq %r14; movl %edi, %r14d; movl %edi, %r15d; popq %r14; retq"]);
    assert_eq!(lines(&it.expect("prepared"), "f")[0], "pushq %r14");
    // A register that an instruction means without naming it; one with a second octet.
    assert!(stays(&["g: cpuid; retq"]));
    assert!(!stays(&["g: pushq %rbx; cpuid; popq %rbx; retq"]));
    let it = prepared(&["f: pushq %r14; movl %edi, %r14d; movb %ah, (%rdi); popq %r14; retq"]);
    assert_eq!(lines(&it.expect("prepared"), "f")[0], "pushq %r14");
    // Restored in another order, in another way, or not on each way out.
    for others in [
        "pushq %r14; pushq %r15; popq %r14; popq %r15; retq",
        "pushq %r14; movq (%rsp), %r14; addq $8, %rsp; retq",
        "pushq %r14; popq %r14; testl %edi, %edi; je g; retq",
    ] {
        let mut it = program(&[&format!("f: {others}"), "g: retq"]);
        with_file(&[others], |file| rename::rename(&mut it, file)).expect("renamed");
        assert_eq!(lines(&it, "f")[0], "pushq %r14", "{others}");
    }
    // The stack is kept in it: what is read by it may be an argument.
    let it = prepared(&["f: pushq %rbp; movq %rsp, %rbp; movq 16(%rbp), %rax; popq %rbp; retq"]);
    assert_eq!(lines(&it.expect("prepared"), "f")[0], "pushq %rbp");
}

/// Constants and restored registers look alike; ends of them may be the same.
#[test]
fn a_constant_in_a_saved_register_restores_nothing() {
    let it = prepared(&[
        "f: pushq %r14; testl %edi, %edi; je .L1; pushq $5; jmp .L2; .L1: pushq $6; .L2: popq %r14; movl %r14d, %eax; popq %r14; retq",
    ])
    .expect("prepared");
    assert_eq!(lines(&it, "f")[6], "popq %rbx", "{it}");
}

/// Every instruction with other registers that is changed is a difference.
#[test]
fn every_wrong_register_is_seen() {
    let functions = [
        "f: pushq %r15; pushq %r14; pushq %rbx; movq %rdi, %r14; movl %esi, %r15d; movl (%r14,%r15), %ebx; testl %ebx, %ebx; je .L1; callq g; movl %ebx, %eax; popq %rbx; popq %r14; popq %r15; retq; .L1: movq 8(%r14), %rax; popq %rbx; popq %r14; popq %r15; retq",
        "g: retq",
    ];
    let before = program(&functions);
    let mut after = program(&functions);
    with_file(&functions, |file| rename::rename(&mut after, file)).expect("renamed");
    assert_ne!(before.to_string(), after.to_string());
    rename::verify(&before, &after).expect("the same");
    let mut tried = 0;
    for (place, item) in after.functions[0].items.iter().enumerate() {
        let Item::Code(code) = *item else { continue };
        let text = after.texts.get(code).to_string();
        let mut wrong = vec!["nop".to_string()];
        for (name, other) in [
            ("bx", "cx"),
            ("bp", "r12"),
            ("bx", "bp"),
            ("r14", "r13"),
            ("bp", "bx"),
        ] {
            wrong.push(text.replace(name, other));
        }
        for wrong in wrong.into_iter().filter(|wrong| *wrong != text) {
            let mut changed = after.clone();
            changed.functions[0].items[place] = Item::Code(changed.texts.of(&wrong));
            tried += 1;
            assert!(
                rename::verify(&before, &changed).is_err(),
                "{wrong} in\n{changed}"
            );
        }
    }
    assert!(tried > 30, "{tried}");
}

const SAVES: &str = "pushq %r15; pushq %r14; pushq %r12; pushq %rbx";
const RESTORES: &str = "popq %rbx; popq %r12; popq %r14; popq %r15";

/// A function that saves registers, and takes as many octets of the stack.
fn saver(name: &str, part: &str, middle: &str, end: &str) -> String {
    format!("{name}: {SAVES}; subq {part}, %rsp; {middle}; addq {part}, %rsp; {RESTORES}; {end}")
}

/// The lines of `f` with nothing shared yet.
fn prepared_f(functions: &[&str]) -> Vec<String> {
    lines(&prepared(functions).expect("prepared"), "f")
}

#[test]
fn what_runs_often_saves_for_itself() {
    let first = |name: &str| {
        let f = saver(
            name,
            "$40",
            "movl %edi, %ebx; callq x; movl %ebx, %eax",
            "retq",
        );
        lines(&prepared(&[&f, "x: retq"]).expect("prepared"), name)[0].to_string()
    };
    assert_eq!(
        first("_RNvNtC6ifdawn6packed4read"),
        "pushq $-5; callq saved.some"
    );
    assert_eq!(first("_RNvNtC6ifdawn6packed6expand"), "pushq %rbp");
}

#[test]
fn registers_are_saved_and_restored_by_others() {
    let f = |part| {
        saver(
            "f",
            part,
            "movl %edi, %ebx; callq x; movl %ebx, %eax",
            "retq",
        )
    };
    let all = prepared(&[&f("$16"), "x: retq"]).expect("prepared");
    assert_eq!(
        lines(&all, "f"),
        [
            "callq saved.all",
            "subq $16, %rsp",
            "movl %edi, %ebx",
            "callq x",
            "xchgl %ebx, %eax",
            "popq %rbx",
            "popq %rbx",
            "retq"
        ]
    );
    let some = prepared(&[&f("$40"), "x: retq"]).expect("prepared");
    assert_eq!(
        lines(&some, "f"),
        [
            "pushq $-5; callq saved.some",
            "movl %edi, %ebx",
            "callq x",
            "xchgl %ebx, %eax",
            "addq $40, %rsp",
            "retq"
        ]
    );
    assert_eq!(
        lines(&some, "saved.some"),
        [
            "xchgq %rbp, 8(%rsp)",
            "xchgq %r15, (%rsp)",
            "pushq %r14",
            "pushq %r13",
            "pushq %r12",
            "pushq %rbx",
            "leaq saved.back(%rip), %rbx",
            "pushq %rbx",
            "leaq (%rsp,%rbp,8), %rsp",
            "jmpq *%r15"
        ]
    );
    assert_eq!(
        lines(&all, "saved.all"),
        [
            "xchgq %rbp, (%rsp)",
            "pushq %r15",
            "pushq %r14",
            "pushq %r13",
            "pushq %r12",
            "pushq %rbx",
            "leaq saved.back(%rip), %rbx",
            "pushq %rbx",
            "jmpq *%rbp"
        ]
    );
    assert_eq!(
        lines(&all, "saved.back"),
        [
            "popq %rbx",
            "popq %r12",
            "popq %r13",
            "popq %r14",
            "popq %r15",
            "popq %rbp",
            "retq"
        ]
    );
}

#[test]
fn whom_a_function_goes_on_as_returns_to_who_restores() {
    let f = |end| saver("f", "$40", "movl %edi, %ebx", end);
    assert_eq!(
        prepared_f(&[&f("jmp x"), "x: retq"])[2..],
        ["addq $40, %rsp", "jmp x"]
    );
    // Who needs the stack as it was, or may need it.
    let x = "x: movq 8(%rsp), %rax; retq";
    for own in [
        prepared_f(&[&f("jmp x"), x]),
        prepared_f(&[&f("jmpq *%rax")]),
    ] {
        assert!(own[0].starts_with("pushq %"), "{own:?}");
    }
    // The stack would grow and grow.
    for ends in [["jmp f", "retq"], ["jmp x", "testl %edi, %edi; je f; retq"]] {
        let own = prepared_f(&[&f(ends[0]), &format!("x: {}", ends[1])]);
        assert!(own[0].starts_with("pushq %"), "{own:?}");
    }
}

#[test]
fn who_needs_the_stack_or_the_registers_saves_them_itself() {
    let saves = |middle: &str| prepared_f(&[&saver("f", "$40", middle, "retq")])[0].clone();
    assert!(saves("movq 32(%rsp), %rbx").contains("saved.some"));
    for middle in [
        // An argument on the stack.
        "movq 80(%rsp), %rbx",
        // Registers that saving changes, on some way, or in part.
        "movq %rbx, %rax",
        "incq %rbx",
        "movq (%rbx), %rbx",
        "cmoveq %rax, %rbx",
        "testl %edi, %edi; je .L1; movl %edi, %ebx; .L1: movl %ebx, %eax",
        "xorl %eax, %ebx",
        "imulq %rax, %rbx",
        "imulq $24, %rbx, %rbx",
    ] {
        assert!(saves(middle).starts_with("pushq %"), "{middle}");
    }
    for middle in [
        "testl %edi, %edi; je .L1; movl %edi, %ebx; .L1: movl $1, %ebx; movl %ebx, %eax",
        "xorl %ebx, %ebx; incl %ebx",
        "imulq $24, (%rdi), %rbx",
        "pushq $5; popq %rbx; callq *%rbx",
    ] {
        assert!(saves(middle).contains("saved.some"), "{middle}");
    }
}

/// Every instruction that is changed, left out or doubled is a difference.
#[test]
fn every_wrong_saving_is_seen() {
    let end = "testl %eax, %eax; je .L1";
    let functions = [
        saver(
            "f",
            "$40",
            &format!("movl %edi, %ebx; movl %esi, %r15d; {end}"),
            "jmp y; .L1: jmp .L1",
        ),
        saver("g", "$16", "movl %edi, %ebx; movl %esi, %r14d", "retq"),
        saver("h", "$16", "movl %edi, %ebx; movl %esi, %r14d", "jmp x"),
        "i: pushq %rbx; subq $8, %rsp; movl %edi, %ebx; addq $8, %rsp; popq %rbx; retq".to_string(),
        "x: movq 8(%rsp), %rax; retq".to_string(),
        "y: retq".to_string(),
    ];
    let functions: Vec<&str> = functions.iter().map(String::as_str).collect();
    let before = program(&functions);
    let mut after = program(&functions);
    save::shorten(&mut after);
    save::verify(&before, &after).expect("the same");
    let mut tried = 0;
    for index in 0..before.functions.len() {
        for (place, item) in after.functions[index].items.iter().enumerate() {
            let Item::Code(code) = *item else { continue };
            let text = after.texts.get(code).to_string();
            let mut wrong = vec!["nop".to_string(), "popq %r12".to_string()];
            for (from, to) in [
                ("bx", "bp"),
                ("-5", "-6"),
                ("40", "48"),
                ("saved.some", "saved.all"),
            ] {
                wrong.push(text.replace(from, to));
            }
            for wrong in wrong.into_iter().filter(|wrong| *wrong != text) {
                let mut changed = after.clone();
                changed.functions[index].items[place] = Item::Code(changed.texts.of(&wrong));
                tried += 1;
                assert!(
                    save::verify(&before, &changed).is_err(),
                    "{wrong} in\n{changed}"
                );
            }
            let mut missing = after.clone();
            missing.functions[index].items.remove(place);
            assert!(
                save::verify(&before, &missing).is_err(),
                "without {text}\n{missing}"
            );
            let mut doubled = after.clone();
            doubled.functions[index].items.insert(place, *item);
            assert!(
                save::verify(&before, &doubled).is_err(),
                "twice {text}\n{doubled}"
            );
        }
    }
    assert!(tried > 60, "{tried}");
    after.functions.pop();
    assert!(save::verify(&before, &after).is_err());
}

#[test]
fn no_stack_is_aligned() {
    let it = prepared(&[
        "f: pushq %rbp; movq %rsp, %rbp; pushq %rbx; andq $-16, %rsp; subq $4080, %rsp; movq $0, (%rsp); subq $48, %rsp; movaps %xmm0, 16(%rsp); movaps .LC0(%rip), %xmm1; callq x; leaq -8(%rbp), %rsp; popq %rbx; popq %rbp; retq",
    ]);
    assert_eq!(
        lines(&it.expect("prepared"), "f")[2..],
        [
            "subq $4080, %rsp",
            "movq $0, (%rsp)",
            "subq $48, %rsp",
            "movups %xmm0, 16(%rsp)",
            "movaps .LC0(%rip), %xmm1",
            "callq x",
            "addq $4128, %rsp",
            "popq %rbx",
            "popq %rbp",
            "retq"
        ]
    );
    let aligned = |middle: &str| {
        let function = format!(
            "f: pushq %rbp; movq %rsp, %rbp; andq $-16, %rsp; subq $32, %rsp; {middle}; movq %rbp, %rsp; popq %rbp; retq"
        );
        // What another one does to what may be an address is of no account.
        let other = "g: orq $8, %rdi; jmp x";
        lines(&prepared(&[&function, other]).expect("prepared"), "f")
            .contains(&"andq $-16, %rsp".to_string())
    };
    assert!(!aligned("leaq 8(%rsp), %rdi"));
    // An argument on the stack; an address with a bit that is known to be 0; flags at the end.
    assert!(aligned("movq 16(%rbp), %rdi"));
    for bit in [
        "orq $8, %rdi",
        "xorq $15, %rdi",
        "btsq $3, %rdi",
        "andq $-9, %rdi",
    ] {
        assert!(aligned(bit), "{bit}");
    }
    // That is no matter of other functions.
    let it = prepared(&[
        "f: pushq %rbp; movq %rsp, %rbp; andq $-16, %rsp; subq $32, %rsp; orq $8, %rdi; movq %rbp, %rsp; popq %rbp; retq",
        "g: pushq %rbp; movq %rsp, %rbp; andq $-16, %rsp; subq $32, %rsp; orq %rsi, %rdi; movq %rbp, %rsp; popq %rbp; retq",
    ])
    .expect("prepared");
    assert!(lines(&it, "f").contains(&"andq $-16, %rsp".to_string()));
    assert!(!lines(&it, "g").contains(&"andq $-16, %rsp".to_string()));
    assert!(aligned("testq %rdi, %rdi; je x"));
    assert!(!aligned("orq $16, %rdi"));
    assert!(!aligned("addsd 8(%rdi), %xmm0; movlps %xmm0, 8(%rsp)"));
    for relies in [
        "paddd (%rdi), %xmm0",
        "vmovaps %ymm0, (%rsp)",
        "cmpxchg16b (%rsp)",
    ] {
        assert!(
            prepared(&[&format!("f: {relies}; retq")]).is_err(),
            "{relies}"
        );
    }
}

#[test]
fn the_stack_is_as_it_was_at_the_end() {
    for wrong in [
        "f: pushq %rax; retq",
        "f: subq $16, %rsp; addq $8, %rsp; retq",
        "f: pushq %rax; testq %rdi, %rdi; je .L1; popq %rax; .L1: popq %rcx; retq",
        "f: popq %rax; retq",
        "f: pushq %rax; jmp x",
        "f: movq %rdi, %rsp; retq",
        "f: pushq %rbx; movq (%rsp), %rax; popq %rbx; retq",
        "f: pushq %rbx; movq %rax, 8(%rsp); popq %rbx; retq",
    ] {
        assert!(prepared(&[wrong]).is_err(), "{wrong}");
    }
    prepared(&["f: pushq %rax; testq %rdi, %rdi; je .L1; callq x; .L1: popq %rcx; jmp x"])
        .expect("as it was");
    // A call that does not return.
    prepared(&[
        "f: testq %rdi, %rdi; je .L1; pushq $1; callq die; .L1: retq; ",
        "die: ud2",
    ])
    .expect("as it was");
    prepared(&[
        "f: jmp .L2; .L3: pushq $1; callq die; .L1: retq; .L2: testq %rdi, %rdi; je .L1; jmp .L3",
        "die: ud2",
    ])
    .expect("as it was");
}

#[test]
fn ends_take_from_the_stack_by_pops() {
    let it = prepared(&[
        "f: pushq %rbx; subq $16, %rsp; movl %edi, %ebx; addq $16, %rsp; popq %rbx; retq",
    ]);
    let it = it.expect("prepared");
    assert_eq!(
        lines(&it, "f")[3..],
        ["popq %rbx", "popq %rbx", "popq %rbx", "retq"]
    );
}

#[test]
fn short_instructions_are_written_for_long_ones() {
    let spelled = |code: &str| spell::spelled(code).into_owned();
    assert_eq!(spelled("movq %rbx, %rdi"), "pushq %rbx; popq %rdi");
    assert_eq!(spelled("movq %rsp, %rdi"), "pushq %rsp; popq %rdi");
    assert_eq!(spelled("movq $-1, 8(%rsp)"), "pushq $-1; popq 8(%rsp)");
    assert_eq!(spelled("subq $16, %rsp"), "pushq %rax; pushq %rax");
    assert_eq!(spelled("movq (%rsp), %rax"), "popq %rax; pushq %rax");
    for same in [
        "movq (%rsp), %rsp",
        "movq (%rsp), %r8",
        "movl (%rsp), %eax",
        "movq %r12, %rdi",
        "movq %rdi, %rsp",
        "movl %ebx, %edi",
        "movq $128, (%rdi)",
        "movq $TABLE, (%rdi)",
        "movq $1, %rdi",
        "subq $32, %rsp",
        "retq",
    ] {
        assert_eq!(spelled(same), same);
    }
}

/// Functions that ask for the result of `g` behind each call, and `g`.
const ASKERS: [&str; 5] = [
    "a: callq g; testq %rax, %rax; je .L1; callq g; testq %rax, %rax; sete %cl; .L1: retq",
    "b: callq g; testq %rax, %rax; je .L2; callq g; .L3: testq %rax, %rax; jne .L3; .L2: retq",
    "c: callq h; testl %eax, %eax; je .L4; callq g; cmpb $3, %dl; jne .L4; incl %eax; .L4: retq",
    "g: pushq %rbx; movq %rdi, %rbx; callq h; movq %rbx, %rax; popq %rbx; retq",
    "h: jmp x",
];

/// The program with questions answered.
fn answered(functions: &[&str]) -> Result<Program, String> {
    let mut it = program(functions);
    answer::answer(&mut it).map(|()| it)
}

#[test]
fn what_callers_ask_is_answered_once() {
    let it = answered(&ASKERS).expect("answered");
    answer::verify(&program(&ASKERS), &it).expect("the same");
    assert_eq!(
        lines(&it, "g")[2..],
        [
            "callq h",
            "movq %rbx, %rax",
            "testq %rax, %rax",
            "popq %rbx",
            "retq"
        ]
    );
    assert_eq!(
        lines(&it, "a"),
        ["callq g", "je .L1", "callq g", "sete %cl", "retq"]
    );
    // That is asked on another way as well.
    assert_eq!(
        lines(&it, "b"),
        [
            "callq g",
            "je .L2",
            "callq g",
            "testq %rax, %rax",
            "jne .L3",
            "retq"
        ]
    );
    // Something else is asked; of `x` nothing is known.
    assert_eq!(lines(&it, "c").len(), 8);
    let asks = |name: &str| format!("{name}: callq f; testl %eax, %eax; je {name}_; retq");
    let of = |x: &str| {
        let functions = [&asks("a"), &asks("b"), &asks("c"), "f: incl %edi; jmp x", x];
        let it = answered(&functions).expect("answered");
        answer::verify(&program(&functions), &it).expect("the same");
        lines(&it, "a").len()
    };
    assert_eq!(of("x: movl %edi, %eax; retq"), 3);
    assert_eq!(of("x: testl %edi, %edi; je f; movl %edi, %eax; retq"), 3);
    assert_eq!(of("x: testl %edi, %edi; je y; movl %edi, %eax; retq"), 4);
    assert_eq!(of("x: movl %edi, %eax; jmpq *%rcx"), 4);
}

#[test]
fn flags_that_others_left_are_not_looked_at() {
    for wrong in [
        "f: je .L1; incl %eax; .L1: retq",
        "f: callq x; movl %eax, %ecx; incl %ecx; jb .L1; incl %eax; .L1: retq",
        "f: callq x; xorps %xmm0, %xmm0; sete %al; retq",
        "f: callq x; jmp .L1; .L2: retq; .L1: cmoveq %rax, %rcx; jmp .L2",
        "f: adcq %rax, %rcx; retq",
        "f: incl %eax; jne .L1; retq; .L1: setb %al; retq",
    ] {
        assert!(answered(&[wrong]).is_err(), "{wrong}");
        assert!(
            answer::verify(&program(&[wrong]), &program(&[wrong])).is_err(),
            "{wrong}"
        );
    }
    answered(&["f: incl %eax; jne .L1; retq; .L1: addl %eax, %eax; setb %al; retq"])
        .expect("flags of its own");
    answered(&["f: callq x; xorl %eax, %eax; sete %al; retq"]).expect("flags of its own");
}

/// Every instruction that is changed, left out or doubled is a difference.
#[test]
fn every_wrong_answer_is_seen() {
    let before = program(&ASKERS);
    let after = answered(&ASKERS).expect("answered");
    let mut tried = 0;
    for index in 0..after.functions.len() {
        for (place, item) in after.functions[index].items.iter().enumerate() {
            let Item::Code(code) = *item else { continue };
            let text = after.texts.get(code).to_string();
            for other in [
                "nop",
                "testl %eax, %eax",
                "testq %rax, %rax",
                "callq h",
                "callq g",
            ] {
                if other != text {
                    let mut changed = after.clone();
                    changed.functions[index].items[place] = Item::Code(changed.texts.of(other));
                    tried += 1;
                    assert!(
                        answer::verify(&before, &changed).is_err(),
                        "{other} in\n{changed}"
                    );
                }
            }
            let mut missing = after.clone();
            missing.functions[index].items.remove(place);
            assert!(
                answer::verify(&before, &missing).is_err(),
                "without {text}\n{missing}"
            );
            let mut doubled = after.clone();
            doubled.functions[index].items.insert(place, *item);
            // Asked twice in a row, the answer is the same.
            if !text.starts_with("test") {
                assert!(
                    answer::verify(&before, &doubled).is_err(),
                    "twice {text}\n{doubled}"
                );
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

fn swapped(functions: &[&str]) -> Vec<String> {
    let before = program(functions);
    let mut after = before.clone();
    swap::swap(&mut after);
    swap::verify(&before, &after).expect("the same");
    lines(&after, "f")
}

#[test]
fn what_is_not_used_again_is_exchanged() {
    let is_swapped = |code: &str, others: &[&str]| {
        let function = format!("f: {code}");
        let functions: Vec<&str> = [function.as_str()]
            .into_iter()
            .chain(others.iter().copied())
            .collect();
        swapped(&functions)
            .iter()
            .any(|code| code.starts_with("xchg"))
    };
    let sets = "g: xorl %eax, %eax; retq";
    for (code, others, is) in [
        ("movq %rax, %r8; xorl %eax, %eax; retq", &[][..], true),
        // It is the result, or somebody looks at it.
        ("movq %rax, %r8; retq", &[], false),
        ("movq %rax, %r8; movq (%rax), %rax; retq", &[], false),
        (
            "movq %rax, %r8; je .L1; xorl %eax, %eax; .L1: retq",
            &[],
            false,
        ),
        (
            "movq %rax, %r8; je .L1; xorl %eax, %eax; retq; .L1: movl $3, %eax; retq",
            &[],
            true,
        ),
        // Who is called sets it, looks at it, leaves it as it is, or does what is not known.
        ("movq %rax, %r8; callq g; retq", &[sets], true),
        ("movq %rax, %r8; jmp g", &[sets], true),
        (
            "movq %rax, %r8; callq g; retq",
            &["g: incq %rax; retq"],
            false,
        ),
        (
            "movq %rax, %r8; callq g; retq",
            &["g: incq %rcx; retq"],
            false,
        ),
        (
            "movq %rax, %r8; callq g; xorl %eax, %eax; retq",
            &["g: incq %rcx; retq"],
            true,
        ),
        (
            "movq %rax, %r8; callq g; retq",
            &["g: je .L2; callq h; .L2: retq", "h: xorl %eax, %eax; retq"],
            false,
        ),
        (
            "movq %rax, %r8; callq g; retq",
            &["g: jmp h", "h: xorl %eax, %eax; retq"],
            true,
        ),
        ("movq %rax, %r8; callq g; retq", &[], false),
        (
            "movq %rax, %r8; callq *%rcx; xorl %eax, %eax; retq",
            &[],
            false,
        ),
        ("movq %rax, %r8; syscall; xorl %eax, %eax; retq", &[], false),
        ("movl %ebx, %eax; retq", &[], false),
        ("movl %ebx, %eax; popq %rbx; retq", &[], true),
    ] {
        assert_eq!(is_swapped(code, others), is, "{code} {others:?}");
    }
    // By way of a register that nobody looks at.
    let copy = "f: movq 8(%rsp), %rcx; movq %rcx, 16(%rdi)";
    let copied = |end: &str| swapped(&[&format!("{copy}; {end}")]);
    assert_eq!(
        copied("movl %edx, %ecx; retq"),
        ["movq 8(%rsp), 16(%rdi)", "movl %edx, %ecx", "retq"]
    );
    assert_eq!(copied("retq").len(), 3);
    let spelled = program(&["f: movq 8(%rsp), 16(%rdi)"]).to_string();
    assert!(
        spelled.contains("pushq 8(%rsp); popq 16(%rdi)"),
        "{spelled}"
    );
    let before = program(&[&format!("{copy}; retq")]);
    let wrong = program(&["f: movq 8(%rsp), 16(%rdi); retq"]);
    assert!(swap::verify(&before, &wrong).is_err());
    // What is saved by others is looked at there, and restored in the end.
    let lent = |code: &str| {
        is_swapped(
            &format!("callq saved.all; {code}"),
            &["saved.all: jmpq *%rbp"],
        )
    };
    assert!(lent("movl %ebx, %eax; retq"));
    assert!(!lent("movl %ecx, %eax; retq"));
    assert!(!is_swapped(
        "movl %ebx, %eax; callq g; popq %rbx; retq",
        &["g: callq saved.all; retq"]
    ));
}

#[test]
fn every_wrong_exchange_is_seen() {
    let code = "f: movq %rax, %r8; movq %rax, %r9; movl %eax, %edi; xorl %eax, %eax; movl %ecx, %eax; .L1: jne .L1; retq";
    let before = program(&[code]);
    for (from, to, is_same) in [
        ("movl %eax, %edi", "xchgl %eax, %edi", true),
        ("movq %rax, %r9", "xchgq %rax, %r9", false),
        ("movl %ecx, %eax", "xchgl %ecx, %eax", false),
        ("movl %eax, %edi", "xchgl %eax, %esi", false),
        ("movl %eax, %edi", "nop", false),
        ("movl %eax, %edi; ", "", false),
        ("retq", "retq; retq", false),
        (".L1:", ".L2:", false),
    ] {
        let verified = swap::verify(&before, &program(&[&code.replace(from, to)]));
        assert_eq!(verified.is_ok(), is_same, "{to}");
    }
}
