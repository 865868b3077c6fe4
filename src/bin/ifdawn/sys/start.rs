//! The program's entry, called by the C library: what is needed of what Rust's own start-up does.
#![expect(
    unsafe_code,
    reason = "the C library knows its caller by an unmangled name, and arguments as pointers"
)]

use super::call;
use super::file::Root;
use super::{process, signal};
use ifdawn::packed::{Word, packed, word};

use std::ffi::CStr;
use std::os::fd::{AsRawFd, IntoRawFd};

/// What we were started with.
pub struct Arguments {
    /// The words after the program's name.
    words: Words,
    /// Chance, from the kernel.
    pub seed: u64,
    /// What the environment says; empty where it says nothing:
    ///
    /// * `NO_COLOR`: no colours, if it says anything (no-color.org).
    /// * `NOTIFY_SOCKET`: where the service manager is told how we are (sd_notify(3)).
    /// * `WATCHDOG_USEC` and `WATCHDOG_PID`: microseconds within which it wants to be told that we are alive, and of
    ///   which process (sd_watchdog_enabled(3)).
    pub environment: [&'static [u8]; 4],
}

impl Iterator for Arguments {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        self.words.next()
    }
}

/// Pointers to strings, up to one that is NULL. They are the C library's, which lives as long as the process.
struct Words(*const *const libc::c_char);

impl Iterator for Words {
    type Item = &'static [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'static [u8]> {
        // SAFETY: it is one of the pointers, at most the last one.
        let word = unsafe { self.0.read() };
        if word.is_null() {
            return None;
        }
        // SAFETY: it was not the last one.
        self.0 = unsafe { self.0.add(1) };
        // SAFETY: it is a string that ends with a NUL.
        Some(unsafe { CStr::from_ptr(word) }.to_bytes())
    }
}

// The entry, in the shipped program. Where it was loaded is added to every pointer that the linker listed
// in DT_RELR (its only relocations, which recipe/build sees to): an even word is the address of a pointer,
// an odd one a bit for each of the 63 words after the last. (System V gABI, "Relative Relocation Table")
#[cfg(own_start)]
std::arch::global_asm!(
    ".globl _start",
    "_start:",
    "mov rdi, rsp",
    "lea rdx, [rip + __ehdr_start]",
    "lea rax, [rip + _DYNAMIC]",
    "2:",
    "mov rcx, [rax]",
    "add rax, 16",
    "cmp ecx, 36", // DT_RELR
    "cmove rsi, [rax - 8]",
    "cmp ecx, 35", // DT_RELRSZ
    "cmove r8, [rax - 8]",
    "test ecx, ecx",
    "jnz 2b",
    "add rsi, rdx",
    "add r8, rsi",
    "3:",
    "cmp rsi, r8",
    "jae 7f",
    "lodsq",
    "test al, 1",
    "jnz 4f",
    "lea r9, [rax + rdx]",
    "add [r9], rdx",
    "add r9, 8",
    "jmp 3b",
    "4:",
    "mov rcx, r9",
    "5:",
    "shr rax",
    "jz 6f",
    "test al, 1",
    "jz 8f",
    "add [rcx], rdx",
    "8:",
    "add rcx, 8",
    "jmp 5b",
    "6:",
    "add r9, 8 * 63",
    "jmp 3b",
    "7:",
    "push rdi",
    "lea rbx, [rdx + 64]", // Elf64_Phdr
    "9:",
    "mov esi, [rbx + 40]", // p_memsz
    "mov edi, [rbx + 16]", // p_vaddr
    "cmp dword ptr [rbx], 0x6474e552", // PT_GNU_RELRO
    "lea rbx, [rbx + 56]",
    "jne 9b",
    "add rsi, rdi",
    "and rdi, -4096",
    "sub rsi, rdi",
    "add rdi, rdx",
    "push 1",
    "pop rdx", // PROT_READ
    "push 10",
    "pop rax", // SYS_mprotect
    "syscall",
    "pop rdi",
    "call {begin}",
    begin = sym begin,
);

/// What the entry goes on with.
///
/// # Safety
/// `stack` is as the kernel makes it: the number of words, and pointers to them.
#[cfg(own_start)]
unsafe extern "C" fn begin(stack: *const usize) -> ! {
    // SAFETY: the caller's promise.
    unsafe { __libc_start_main(std::ptr::null(), *stack as libc::c_int, stack.add(1).cast()) }
}

/// The C library's `main`.
///
/// # Safety
/// `words` are pointers to strings that live as long as the process, up to one that is NULL, and what follows them is
/// as the kernel makes it.
#[cfg_attr(not(own_start), unsafe(no_mangle))]
unsafe extern "C" fn main(_: libc::c_int, words: *const *const libc::c_char) -> libc::c_int {
    let mut arguments = Arguments {
        words: Words(words),
        seed: 0,
        environment: [b""; _],
    };
    // SAFETY: the caller's promise.
    unsafe { look_around(&mut arguments) };
    keep_standard_descriptors(word!("/dev/null"));
    // SAFETY: no pointers. Files have the modes we give them.
    let _ = unsafe { call(libc::SYS_umask, 0, 0, 0, 0, 0) };
    signal::survive_readers();
    // The program's name.
    let _ = arguments.next();
    crate::main(&mut arguments).into()
}

/// Takes what getauxval(3) finds: getrandom(2) may have to wait at boot, this is there. And what the environment says.
///
/// # Safety
/// What follows the words is as the kernel makes it: the environment, NULL, and pairs of a type and a value up to
/// `AT_NULL`.
unsafe fn look_around(arguments: &mut Arguments) {
    let mut words = Words(arguments.words.0);
    for _ in &mut words {}
    // SAFETY: the last one is NULL; behind it is the environment.
    words.0 = unsafe { words.0.add(1) };
    for variable in &mut words {
        for (value, n) in arguments.environment.iter_mut().zip(0..) {
            let name = packed!("NO_COLOR=,NOTIFY_SOCKET=,WATCHDOG_USEC=,WATCHDOG_PID=").item(n);
            *value = name.strip(variable).unwrap_or(value);
        }
    }
    // SAFETY: as above.
    let mut at = unsafe { words.0.add(1) }.cast::<[usize; 2]>();
    // SAFETY: the caller's promise: the last pair has the type AT_NULL.
    while let [kind @ (1..), value] = unsafe { at.read() } {
        if kind == AT_RANDOM {
            // SAFETY: its value is a pointer to 16 octets.
            arguments.seed = unsafe { (value as *const u64).read_unaligned() };
        }
        // SAFETY: it was not the last one.
        at = unsafe { at.add(1) };
    }
}

/// A type of the auxiliary vector (linux/auxvec.h).
const AT_RANDOM: usize = libc::AT_RANDOM as usize;

/// What the C library's entry goes on with once the program is relocated. Its own start-up serves what is
/// not used here: threads, constructors, `errno`. So nothing may call the C library but its functions of
/// strings.
///
/// # Safety
/// As [`main`].
#[cfg(all(target_env = "musl", target_arch = "x86_64"))]
#[cfg_attr(not(own_start), unsafe(no_mangle))]
unsafe extern "C" fn __libc_start_main(
    _: *const (),
    count: libc::c_int,
    words: *const *const libc::c_char,
) -> ! {
    // SAFETY: the caller's promise.
    let code = unsafe { main(count, words) };
    loop {
        // SAFETY: no pointers.
        let _ = unsafe { call(libc::SYS_exit_group, code as usize, 0, 0, 0, 0) };
    }
}

/// The one function of the C library that the standard library calls: it closes descriptors.
#[cfg(all(target_env = "musl", target_arch = "x86_64"))]
#[unsafe(no_mangle)]
extern "C" fn close(file: libc::c_int) -> libc::c_int {
    // SAFETY: no pointers.
    let _ = unsafe { call(libc::SYS_close, file as usize, 0, 0, 0, 0) };
    0
}

/// Lets go of the terminal, and of all that who called us left open: who waits for its end does not wait for us. What is
/// said to standard error is in the kernel's log from here on.
pub fn detach() {
    process::close_inherited();
    keep_standard_descriptors(word!("/dev/kmsg"));
    process::leave_session();
}

/// Opens descriptors 0 to 2 where they are closed: a socket that took the number of standard error would be
/// sent our complaints.
#[inline(never)]
fn keep_standard_descriptors(device: Word) {
    let open = |path, flags| Root::NONE.open(path, flags, 0);
    // Without devices a directory takes the numbers: nothing can be written to it.
    while let Ok(file) = open(device, libc::O_WRONLY).or_else(|_| open(word!("/"), libc::O_RDONLY))
    {
        if file.as_raw_fd() > 2 {
            break;
        }
        let _ = file.into_raw_fd();
    }
}
