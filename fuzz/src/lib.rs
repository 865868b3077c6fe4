//! What the fuzz targets share: their seeds, an input taken apart, a configuration that must be sound whatever
//! was read, and a lease that must survive its file.

pub mod config;
pub mod message;
pub mod message6;

use ifdawn::engine::Instant;
use ifdawn::model::lease::{AnyLease, Field, Lease};
use ifdawn::model::lease6::{Field6, Lease6};
use ifdawn::model::link::IfName;
use ifdawn::output::lease::{LeaseFile, read};

/// With `SEEDS=DIRECTORY`: writes them there, one a file, and is done.
pub fn sow(seeds: impl IntoIterator<Item = Vec<u8>>) {
    if let Some(directory) = std::env::var_os("SEEDS") {
        let directory = std::path::Path::new(&directory);
        std::fs::create_dir_all(directory).expect("a directory");
        for (n, seed) in seeds.into_iter().enumerate() {
            std::fs::write(directory.join(format!("seed-{n:03}")), seed).expect("a file");
        }
        std::process::exit(0);
    }
}

/// With `MESSAGES=FILE`: the messages in it, a line of hexadecimal digits each.
pub fn others() -> Vec<Vec<u8>> {
    let Some(file) = std::env::var_os("MESSAGES") else {
        return Vec::new();
    };
    let text = std::fs::read_to_string(file).expect("a file");
    let octet = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    text.lines()
        .filter_map(|line| line.as_bytes().chunks(2).map(octet).collect())
        .collect()
}

/// An input, from its front; zeros once it is used up.
pub struct Input<'i>(pub &'i [u8]);

impl<'i> Input<'i> {
    /// The next so many octets, or as many as there are.
    pub fn octets(&mut self, len: usize) -> &'i [u8] {
        let (octets, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        octets
    }

    /// The next octet.
    pub fn octet(&mut self) -> u8 {
        self.octets(1).first().copied().unwrap_or(0)
    }

    /// The next two octets, as a number.
    pub fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.octet(), self.octet()])
    }

    /// The next octet, as one of several.
    pub fn choose<T: Copy>(&mut self, several: &[T]) -> T {
        several[usize::from(self.octet()) % several.len()]
    }
}

/// Number of the link whose lease files are read and written.
pub const IFINDEX: u32 = 7;

/// The link that leases are of.
pub fn eth0() -> IfName {
    IfName::new(b"eth0").expect("a name")
}

/// The file of a lease that began at this second.
pub fn lease_file(lease: AnyLease<'_>, uptime: u32) -> String {
    let file = LeaseFile {
        name: &eth0(),
        ifindex: IFINDEX,
        began: Instant(u64::from(uptime) * 1_000_000),
        lease,
    };
    file.to_string()
}

/// A sound lease with an address: its file is plain text, and says all that is kept of it and no more.
pub fn survives_its_file(lease: &Lease, uptime: u32) {
    let text = lease_file(lease.any(), uptime);
    assert_plain(&text);
    let mut again = Lease::NONE;
    let began = read(text.as_bytes(), &eth0(), IFINDEX, again.any_mut());
    let uptime_us = u64::from(uptime) * 1_000_000;
    assert_eq!(began, Some(Instant(uptime_us)), "{text}");
    for (n, field) in Field::ALL.iter().enumerate() {
        let is_kept = !Field::KEYS.item(n).0.is_empty();
        let kept = if is_kept { lease.get(*field) } else { b"" };
        assert_eq!(again.get(*field), kept, "{field:?}: {text}");
    }
    assert_eq!(lease_file(again.any(), uptime), text);
}

/// The same of DHCPv6.
pub fn survives_its_file6(lease: &Lease6, uptime: u32) {
    let text = lease_file(lease.any(), uptime);
    assert_plain(&text);
    let mut again = Lease6::NONE;
    let began = read(text.as_bytes(), &eth0(), IFINDEX, again.any_mut());
    let uptime_us = u64::from(uptime) * 1_000_000;
    assert_eq!(began, Some(Instant(uptime_us)), "{text}");
    for (n, field) in Field6::ALL.iter().enumerate() {
        let is_kept = !Field6::KEYS.item(n).0.is_empty();
        let kept = if is_kept { lease.get(*field) } else { b"" };
        assert_eq!(again.get(*field), kept, "{field:?}: {text}");
    }
    assert_eq!(lease_file(again.any(), uptime), text);
}

/// Plain text, as a shell reads it.
fn assert_plain(text: &str) {
    let is_plain = |octet: u8| octet == b'\n' || (b' '..=b'~').contains(&octet);
    assert!(text.bytes().all(is_plain), "{text:?}");
    for line in text.lines() {
        let (key, value) = line.split_once('=').expect("a key");
        assert!(
            key.bytes().all(|octet| octet.is_ascii_alphanumeric()),
            "{line}"
        );
        let value = value
            .strip_prefix('\'')
            .and_then(|value| value.strip_suffix('\''));
        assert!(
            !value.expect("quotes").contains(['\'', '\\', '$', '`']),
            "{line}"
        );
    }
}
