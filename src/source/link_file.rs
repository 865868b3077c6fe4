//! systemd's `.link` files: which links they are for, and the name, MAC and MTU these get.

use super::Context;
use super::Key;
use super::key_table::{Names, key, pack_fields, pack_names, packed_len};
use super::name_rule::{Draft, Part};
use crate::diag::Effect;
use crate::model::config::NameSource;
use crate::text::lines::lines;
use crate::text::parts;

const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);
static PARTS: [Part; KEYS.len()] = pack_fields(KEYS, Part::Other);

/// The keys of `[Match]`, then those of `[Link]`; a `MACAddress` is one of either.
#[rustfmt::skip]
pub const KEYS: &[Key<Part>] = &[
    key("MACAddress", Part::Mac, "[Match]: the link's MAC, or several; [Link]: the MAC it gets"),
    key("PermanentMACAddress", Part::Mac, "[Match]: as MACAddress"),
    key("OriginalName", Part::Original, "[Match]: the name the link has, a pattern"),
    key("Driver", Part::Driver, "[Match]: its driver, a pattern"),
    key("Path", Part::Path, "[Match]: where it is plugged in, a pattern"),
    key("Name", Part::Name, "[Link]: the name it gets"),
    key("MTUBytes", Part::Mtu, "[Link]: the MTU it gets"),
];

/// Reads a file. What it says of links but the keys above is udev's to do.
#[inline(never)]
pub fn read(cx: &mut Context<'_, '_>) {
    let mut draft = Draft::new(NameSource::Link);
    let (mut is_match, mut is_link) = (false, false);
    for line in lines(cx.text) {
        cx.line = line;
        let line = parts::trim(line.octets);
        match line {
            [] | [b'#' | b';', ..] => continue,
            [b'[', ..] => {
                (is_match, is_link) = (line == b"[Match]", line == b"[Link]");
                continue;
            }
            _ => {}
        }
        let (key, value) = parts::split(line, b'=');
        let key = parts::trim(key);
        let value = parts::trim(value.unwrap_or_default());
        let part = *PARTS.get(NAMES.find(key).row()).unwrap_or(&Part::Other);
        let part = match part {
            Part::Name | Part::Mtu if is_link => part,
            Part::Name | Part::Mtu => Part::Other,
            Part::Mac if is_link => Part::SetMac,
            _ => part,
        };
        if is_match || is_link && matches!(part, Part::Name | Part::Mtu | Part::SetMac) {
            draft.set(part, key, value, cx);
        }
    }
    draft.finish(Effect::FileIgnored, cx);
}
