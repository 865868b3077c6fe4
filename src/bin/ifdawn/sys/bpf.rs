//! Programs for the kernel's filters (linux/bpf_common.h).

/// struct sock_filter (linux/filter.h).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Step {
    code: u16,
    /// Steps that are left out if it is so, and if it is not.
    jumps: [u8; 2],
    /// What is loaded, compared with or returned.
    pub value: u32,
}

/// A step that is no test.
pub const fn step(code: u16, value: u32) -> Step {
    let jumps = [0; 2];
    Step { code, jumps, value }
}

/// A test that leaves `rest` steps out unless it holds.
pub const fn must(code: u16, value: u32, rest: u8) -> Step {
    let jumps = [0, rest];
    Step { code, jumps, value }
}

/// A test that leaves `rest` steps out if it holds.
pub const fn must_not(code: u16, value: u32, rest: u8) -> Step {
    let jumps = [rest, 0];
    Step { code, jumps, value }
}

/// A test that leaves `yes` steps out if it holds, and `no` if not.
pub const fn choose(code: u16, value: u32, yes: u8, no: u8) -> Step {
    let jumps = [yes, no];
    Step { code, jumps, value }
}

/// A step in fewer octets: its code, its jumps, and a value that is small, or as small below zero.
pub type Short = [u8; 5];

/// Makes steps short.
pub const fn short<const N: usize>(steps: [Step; N]) -> [Short; N] {
    let mut all = [[0; 5]; N];
    let (mut from, mut to): (&[Step], &mut [Short]) = (&steps, &mut all);
    while let ([step, more @ ..], [place, others @ ..]) = (from, to) {
        let Step { code, jumps, value } = *step;
        let ([yes, no], [v0, v1]) = (jumps, (value as i16).to_le_bytes());
        assert!(value as i16 as u32 == value && code < 256);
        *place = [code as u8, yes, no, v0, v1];
        (from, to) = (more, others);
    }
    all
}

/// The step that was made short.
pub fn long(short: &Short) -> Step {
    let [code, yes, no, v0, v1] = *short;
    let value = i16::from_le_bytes([v0, v1]) as u32;
    choose(code.into(), value, yes, no)
}

/// struct sock_fprog (linux/filter.h): a short count, and a pointer.
pub fn program(steps: &[Step]) -> [usize; 2] {
    [steps.len(), steps.as_ptr() as usize]
}

/// Loads an octet, two, or four, of where the value says.
pub const OCTET: u16 = 0x30;
/// See [`OCTET`].
pub const SHORT: u16 = 0x28;
/// See [`OCTET`].
pub const WORD: u16 = 0x20;
/// Loads the length of the IP header.
pub const IP_HEADER: u16 = 0xb1;
/// Loads an octet, or two, of where the value says behind the IP header.
pub const OCTET_BEHIND: u16 = 0x50;
/// See [`OCTET_BEHIND`].
pub const SHORT_BEHIND: u16 = 0x48;
/// Whether what was loaded is the value.
pub const EQUALS: u16 = 0x15;
/// Whether it is more.
pub const EXCEEDS: u16 = 0x25;
/// Whether it has any of the value's bits.
pub const HAS_BITS: u16 = 0x45;
/// Ends.
pub const RETURN: u16 = 0x06;

/// `AUDIT_ARCH_X86_64` (linux/audit.h).
#[cfg(target_arch = "x86_64")]
pub const ARCHITECTURE: u32 = 0xc000_003e;

/// `AUDIT_ARCH_AARCH64`. On any other one nothing is allowed.
#[cfg(not(target_arch = "x86_64"))]
pub const ARCHITECTURE: u32 = 0xc000_00b7;
