//! What a client is told of its link.

/// What is asked of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The upper half of every `xid`: what a socket's filter knows ours by.
    pub xid_tag: u16,
    /// Whether answers of BOOTP servers are taken too.
    pub bootp: bool,
    /// Whether a network may say that it needs no IPv4 (option 108).
    pub v6_only: bool,
    /// Milliseconds that are taken to find out whether somebody else has the address; 0: it is not asked.
    pub probe_ms: u32,
}

impl Settings {
    /// Nothing asked.
    pub const NONE: Settings = Settings {
        xid_tag: 0,
        bootp: false,
        v6_only: false,
        probe_ms: 0,
    };
}
