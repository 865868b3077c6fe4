//! Rules of udev that name links: `70-persistent-net.rules` and others beside it.
//!
//! A rule is a line of `KEY OP "VALUE"` with commas between them, which a `\` at its end continues. Only one that
//! is understood whole counts: nothing is run, and no attribute but the MAC is looked at.

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

/// The keys.
#[rustfmt::skip]
pub const KEYS: &[Key<Part>] = &[
    key("ATTR{address}", Part::Mac, "the MAC, or several with | between them"),
    key("ATTRS{address}", Part::Mac, "as ATTR{address}"),
    key("SYSFS{address}", Part::Mac, "as ATTR{address}, older"),
    key("NAME", Part::Name, "the name the link gets"),
    key("KERNEL", Part::Original, "the name the link has, a pattern"),
    key("DRIVERS", Part::Driver, "the driver, a pattern"),
    key("KERNELS", Part::Path, "where the link is plugged in, a pattern"),
    key("ID", Part::Path, "as KERNELS, older"),
    key("SUBSYSTEM", Part::Usual, "net"),
    key("ACTION", Part::Usual, "add"),
    key("SUBSYSTEMS", Part::Usual, "pci, usb or virtio"),
    key("BUS", Part::Usual, "as SUBSYSTEMS, older"),
    key("ATTR{type}", Part::Usual, "1 or 32"),
    key("ATTR{dev_id}", Part::Usual, "0x0"),
];

/// Reads the rules that give names.
#[inline(never)]
pub fn read(cx: &mut Context<'_, '_>) {
    let mut draft = Draft::new(NameSource::Udev);
    for line in lines(cx.text) {
        cx.line = line;
        let mut rest = parts::trim(line.octets);
        if rest.starts_with(b"#") {
            continue;
        }
        let goes_on = rest.strip_suffix(b"\\");
        rest = goes_on.unwrap_or(rest);
        while let Some((key, is_so, value)) = next_item(&mut rest) {
            let row = NAMES.find(key).row();
            let mut part = *PARTS.get(row).unwrap_or(&Part::Other);
            // a name is given, everything else is compared
            if is_so == (part == Part::Name) {
                part = Part::Other;
            }
            draft.set(part, key, value, cx);
        }
        if goes_on.is_none() {
            draft.finish(Effect::LineIgnored, cx);
            draft = Draft::new(NameSource::Udev);
        }
    }
    draft.finish(Effect::LineIgnored, cx);
}

/// The next `KEY OP "VALUE"`, and whether OP is `==`; `None` where something else follows.
#[inline(never)]
fn next_item<'t>(rest: &mut &'t [u8]) -> Option<(&'t [u8], bool, &'t [u8])> {
    let mut text = *rest;
    while let [b',' | b' ' | b'\t', more @ ..] = text {
        text = more;
    }
    let is_op = |octet: &u8| matches!(octet, b'=' | b'!' | b'+' | b'-' | b':');
    let end = text.iter().position(is_op)?;
    let (key, after) = text.split_at_checked(end)?;
    let len = after.iter().take_while(|octet| is_op(octet)).count();
    let (op, after) = after.split_at_checked(len)?;
    let value = parts::trim_start(after).strip_prefix(b"\"")?;
    let (value, after) = parts::split(value, b'"');
    *rest = after?;
    Some((parts::trim(key), op == b"==", value))
}
