//! What a client is told of its link.

/// What is asked of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// An IAID is moved as one number.
#[repr(C)]
pub struct Settings {
    /// IAID of both IAs.
    pub iaid: [u8; 4],
    /// Whether an address is wanted (IA_NA).
    pub addrs: bool,
    /// Whether a prefix is wanted (IA_PD). Where neither is, what needs no lease is asked for.
    pub prefixes: bool,
}

impl Settings {
    /// Nothing asked.
    pub const NONE: Settings = Settings {
        iaid: [0; 4],
        addrs: false,
        prefixes: false,
    };
}
