//! What a client is told of its link.

/// What is asked of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// IAID of both IAs.
    pub iaid: [u8; 4],
    /// Whether an address is wanted (IA_NA).
    pub addrs: bool,
    /// Whether a prefix is wanted (IA_PD). Where neither is, what needs no lease is asked for.
    pub prefixes: bool,
    /// Whether the lease may come at once (option 14).
    pub rapid_commit: bool,
    /// Whether all offers are waited for, the second that RFC 8415 18.2.1 says, where the first one gives all that
    /// is wanted.
    pub collects: bool,
    /// Whether the first message waits for up to a second, lest machines that start together ask together (RFC 8415
    /// 18.2.1, 18.2.3, 18.2.6).
    pub delays: bool,
}

impl Settings {
    /// Nothing asked.
    pub const NONE: Settings = Settings {
        iaid: [0; 4],
        addrs: false,
        prefixes: false,
        rapid_commit: false,
        collects: false,
        delays: false,
    };
}
