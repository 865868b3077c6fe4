//! A file of shell assignments, read as a whole before anything in it is used.
//!
//! Order does not matter in such files, except that of two assignments to one key the later counts and
//! that a variable must be set before it is used. So a file is scanned once, into [`Scratch`], and its
//! keys are then asked for. Linear in the file.

use super::complaint::{Complaint, What, complain_at, complain_of_file};
use super::key_table::{Found, Names};
use super::{Context, Place};
use crate::diag::{Effect, Escaped, Severity};
use crate::limits::MAX_ASSIGNMENTS;
use crate::model::index::{Index, hash};
use crate::text::assign::{self, Variables};
use crate::text::lines::{Line, lines};
use heapless::VecView;

/// The memory a scan needs; what was in it before does not matter.
pub struct Scratch<'m> {
    /// One entry per key: [`crate::limits::MAX_ASSIGNMENTS`].
    pub entries: &'m mut VecView<Entry>,
    /// The values of all keys, one after another.
    pub values: &'m mut VecView<u8>,
    /// The value being read: [`crate::limits::MAX_VALUE`].
    pub value: &'m mut VecView<u8>,
    /// Finds entries by name: twice as many slots as there are entries.
    pub index: Index<'m>,
}

/// One key of the file. Places are offsets into the file's text.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    line: u32,
    line_at: u32,
    name_at: u32,
    name_len: u32,
    value_at: u32,
    value_len: u32,
    found: Option<Found>,
}

/// [`Entry::value_len`] of a key whose value had no meaning.
const UNSET: u32 = u32::MAX;

/// The keys of a scanned file.
#[derive(Clone, Copy)]
pub struct Assignments<'a> {
    text: &'a [u8],
    entries: &'a [Entry],
    values: &'a [u8],
    index: &'a Index<'a>,
    /// Every ordinal of [`Assignments::get_numbered`] is less.
    pub end: u32,
}

/// A key that is set.
#[derive(Clone, Copy)]
pub struct Value<'v> {
    file: &'v Assignments<'v>,
    entry: &'v Entry,
}

impl<'v> Value<'v> {
    /// The key as written.
    pub fn name(self) -> &'v [u8] {
        self.entry.name(self.file.text)
    }

    /// What it is set to, without blanks around it; may be empty.
    #[inline(never)]
    pub fn octets(self) -> &'v [u8] {
        slice(self.file.values, self.entry.value_at, self.entry.value_len).trim_ascii()
    }

    /// The row of its key in the table.
    pub fn row(self) -> Option<usize> {
        self.entry.found.map(|found| usize::from(found.row))
    }

    /// Where the value stands.
    pub fn place(self) -> Place<'v> {
        let Entry {
            line,
            line_at,
            name_at,
            name_len,
            ..
        } = *self.entry;
        let text = self.file.text.get(line_at as usize..).unwrap_or_default();
        let before = name_at.wrapping_sub(line_at);
        Place {
            line,
            column: before.wrapping_add(name_len).wrapping_add(2),
            text: lines(text).next().map_or(b"", |line| line.octets),
        }
    }
}

/// A key whose value the kernel keeps its own idea of.
pub const LEFT_TO_KERNEL: Complaint = Complaint::note(What::LeftToKernel, Effect::LineIgnored);

/// A key or value that nothing reads yet.
pub const NOT_YET: Complaint = Complaint::warning(What::NotYet, Effect::LineIgnored);

/// The numbers of a key have a hole before this one: nothing is lost here, but other readers stop at it.
pub const GAP: Complaint = Complaint::note(What::Gap, Effect::None);

const TWICE: Complaint = Complaint::warning(What::Duplicate, Effect::LaterWins);
const FULL: Complaint = Complaint::error(What::MaxAssignments, Effect::RestIgnored);
const NO_ASSIGNMENT: Complaint = Complaint::error(What::NotAnAssignment, Effect::LineIgnored);
const BYTE_ORDER_MARK: Complaint = Complaint::warning(What::ByteOrderMark, Effect::PartIgnored);
const NUL: Complaint = Complaint::error(What::Nul, Effect::LineIgnored);

impl<'a> Assignments<'a> {
    /// Every key that is set, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        self.entries
            .iter()
            .filter(|entry| entry.value_len != UNSET)
            .map(|entry| Value { file: self, entry })
    }

    /// The value of `name` if it is set and not empty.
    pub fn get(&self, name: &[u8]) -> Option<Value<'_>> {
        self.get_numbered(name, 0)
    }

    /// The value of the key made of `stem` and a number: 0 stands for none, else it is one more.
    pub fn get_numbered(&self, stem: &[u8], ordinal: u32) -> Option<Value<'_>> {
        let mut digits = [0; 10];
        let entry = self.entry(stem, decimal(ordinal, &mut digits))?;
        let value = Value { file: self, entry };
        (entry.value_len != UNSET && !value.octets().is_empty()).then_some(value)
    }

    /// Whether the numbers of `stem` have a hole right before `ordinal`; up to `first` all may miss.
    pub fn gap_before(&self, stem: &[u8], ordinal: u32, first: u32) -> bool {
        let before = ordinal.wrapping_sub(1);
        ordinal > first && self.get_numbered(stem, before).is_none()
    }

    fn entry(&self, stem: &[u8], digits: &[u8]) -> Option<&'a Entry> {
        let n = self.position(stem, digits, hash(&[stem, digits]))?;
        self.entries.get(n as usize)
    }

    /// Where in the table the key is that is made of `stem` and `digits`.
    #[inline(never)]
    fn position(&self, stem: &[u8], digits: &[u8], hash: u32) -> Option<u32> {
        self.index.find(hash, |n| {
            let name = self
                .entries
                .get(n as usize)
                .map(|entry| entry.name(self.text));
            name.and_then(|name| name.strip_prefix(stem)) == Some(digits)
        })
    }
}

impl Variables for Assignments<'_> {
    fn variable(&self, name: &[u8]) -> Option<&[u8]> {
        self.entry(name, b"")
            .filter(|entry| entry.value_len != UNSET)
            .map(|entry| slice(self.values, entry.value_at, entry.value_len))
    }
}

impl Entry {
    fn name<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        slice(text, self.name_at, self.name_len)
    }
}

/// A file without its byte order mark.
pub fn plain_text<'a>(text: &'a [u8], cx: &mut Context<'_, '_>) -> &'a [u8] {
    match text.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => {
            complain_of_file(BYTE_ORDER_MARK, cx);
            rest
        }
        None => text,
    }
}

/// Whether a line has no NUL octet; one that has is reported, and is no text.
pub fn is_text(line: Line<'_>, cx: &mut Context<'_, '_>) -> bool {
    let Some(at) = memchr::memchr(0, line.octets) else {
        return true;
    };
    let place = Place {
        line: line.number,
        column: short(at.wrapping_add(1)),
        text: line.octets,
    };
    complain_at(place, &"file", b"", NUL, cx);
    false
}

/// Reads every assignment of `text`. Lines that are none, values without meaning and keys set twice are
/// reported; unknown keys are kept, since later values may use them.
pub fn scan<'a>(
    text: &'a [u8],
    names: Names,
    scratch: &'a mut Scratch<'_>,
    cx: &mut Context<'_, '_>,
) -> Assignments<'a> {
    let text = plain_text(text, cx);
    scratch.entries.clear();
    scratch.values.clear();
    let ends = text.iter().filter(|octet| **octet == b'\n').count();
    let slots = ends.wrapping_add(2).min(MAX_ASSIGNMENTS);
    scratch.index.reset(slots);
    let mut scan = Scan {
        text,
        names,
        scratch,
        end: 1,
    };
    if text.contains(&b'$') {
        scan.set_device();
    }
    for line in lines(text) {
        let mut place = Place {
            line: line.number,
            column: 1,
            text: line.octets,
        };
        if !is_text(line, cx) {
            continue;
        }
        match assign::split(line.octets) {
            assign::Line::Empty => {}
            assign::Line::Assignment(found) => {
                if scan.assign(place, found, cx).is_none() {
                    break;
                }
            }
            assign::Line::Other(at) => {
                place.column = short(at.wrapping_add(1));
                let token = line.octets.trim_ascii();
                complain_at(place, &"line", token, NO_ASSIGNMENT, cx);
            }
        }
    }
    let end = scan.end;
    let Scratch {
        entries,
        values,
        index,
        ..
    } = scratch;
    Assignments {
        end,
        ..assignments(text, entries, values, index)
    }
}

#[inline(never)]
fn assignments<'a>(
    text: &'a [u8],
    entries: &'a VecView<Entry>,
    values: &'a VecView<u8>,
    index: &'a Index<'a>,
) -> Assignments<'a> {
    Assignments {
        text,
        entries,
        values,
        index,
        end: 0,
    }
}

/// A scan under way.
struct Scan<'a, 's, 'm> {
    text: &'a [u8],
    names: Names,
    scratch: &'s mut Scratch<'m>,
    end: u32,
}

impl Scan<'_, '_, '_> {
    fn so_far(&self) -> Assignments<'_> {
        let Scratch {
            entries,
            values,
            index,
            ..
        } = &*self.scratch;
        assignments(self.text, entries, values, index)
    }

    /// Unquotes into [`Scratch::value`].
    #[inline(never)]
    fn unquote(&mut self, raw: &[u8]) -> Result<(), assign::Fault> {
        let Scratch {
            entries,
            values,
            value,
            index,
        } = &mut *self.scratch;
        let so_far = assignments(self.text, entries, values, index);
        assign::unquote(raw, &so_far, value)
    }

    /// Sets `DEVICE` before everything else: initscripts read a file twice, so a line above it may
    /// use it.
    #[inline(never)]
    fn set_device(&mut self) {
        let mut last = None;
        for line in lines(self.text) {
            if let assign::Line::Assignment(found) = assign::split(line.octets)
                && found.name == b"DEVICE"
            {
                last = Some(line);
            }
        }
        let Some(line) = last else { return };
        let assign::Line::Assignment(found) = assign::split(line.octets) else {
            return;
        };
        if self.unquote(found.raw).is_ok() {
            let place = Place {
                line: line.number,
                column: 1,
                text: line.octets,
            };
            let entry = self.entry(place, found);
            let _ = self.valued(entry).and_then(|entry| self.keep(entry));
        }
    }

    fn entry(&self, place: Place<'_>, found: assign::Assignment<'_>) -> Entry {
        let line_at = offset(place.text, self.text);
        Entry {
            line: place.line,
            line_at,
            name_at: line_at.wrapping_add(short(found.name_at)),
            name_len: short(found.name.len()),
            value_at: 0,
            value_len: UNSET,
            found: self.names.find(found.name),
        }
    }

    /// `entry` with what is in [`Scratch::value`]; `None` if the values are full.
    fn valued(&mut self, entry: Entry) -> Option<Entry> {
        let value_at = short(self.scratch.values.len());
        let value: &[u8] = self.scratch.value;
        self.scratch.values.extend_from_slice(value).ok()?;
        Some(Entry {
            value_at,
            value_len: short(value.len()),
            ..entry
        })
    }

    /// Keeps an entry in place of an earlier one with its name, whose line it returns (0: there was
    /// none); `None` if the table is full.
    fn keep(&mut self, entry: Entry) -> Option<u32> {
        let name = entry.name(self.text);
        let hash = hash(&[name]);
        let old = self.so_far().position(name, b"", hash);
        let Scratch { entries, index, .. } = &mut *self.scratch;
        if let Some(old) = old.and_then(|n| entries.get_mut(n as usize)) {
            let line = old.line;
            *old = entry;
            return Some(line);
        }
        let n = short(entries.len());
        entries.push(entry).ok()?;
        index.insert(hash, n);
        let ordinal = entry.found.map_or(0, |found| found.ordinal);
        self.end = self.end.max(ordinal.wrapping_add(1));
        Some(0)
    }

    /// Takes one assignment; `None` if there is no room for more.
    #[inline(never)]
    fn assign(
        &mut self,
        mut place: Place<'_>,
        found: assign::Assignment<'_>,
        cx: &mut Context<'_, '_>,
    ) -> Option<()> {
        let entry = self.entry(place, found);
        let before = found.name_at.wrapping_add(found.name.len());
        place.column = short(before.wrapping_add(2));
        let subject = Escaped(found.name);
        let kept = match self.unquote(found.raw) {
            Ok(()) => self.valued(entry).and_then(|entry| self.keep(entry)),
            Err(fault) => {
                let mut place = place;
                place.column = place.column.wrapping_add(short(fault.at));
                let (token, problem) = (found.raw.trim_ascii(), fault.problem);
                let (severity, effect) = (Severity::Error, Effect::KeyUnset);
                cx.complain(severity, place, &subject, token, problem, effect);
                self.keep(entry)
            }
        };
        let complaint = match kept {
            Some(line) if line == 0 || line >= entry.line => return Some(()),
            Some(_) => TWICE,
            None => FULL,
        };
        complain_at(place, &subject, b"", complaint, cx);
        kept.map(|_| ())
    }
}

/// The digits of `ordinal - 1`; none for 0.
fn decimal(ordinal: u32, digits: &mut [u8; 10]) -> &[u8] {
    let Some(mut number) = ordinal.checked_sub(1) else {
        return &[];
    };
    let mut used = 0_usize;
    for slot in digits.iter_mut().rev() {
        if number == 0 && used > 0 {
            break;
        }
        *slot = (number % 10).to_le_bytes()[0] | b'0';
        number /= 10;
        used = used.wrapping_add(1);
    }
    let start = digits.len().wrapping_sub(used);
    digits.get(start..).unwrap_or_default()
}

/// Where `part`, a piece of `whole`, begins in it.
fn offset(part: &[u8], whole: &[u8]) -> u32 {
    short(part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr()))
}

/// Offsets, lengths and columns in a file, which has at most [`crate::limits::MAX_FILE_OCTETS`].
pub fn short(number: usize) -> u32 {
    number as u32
}

#[inline(never)]
fn slice(octets: &[u8], at: u32, len: u32) -> &[u8] {
    let start = at as usize;
    octets
        .get(start..start.wrapping_add(len as usize))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::ifcfg_testing::{Collector, ScratchTables, Tables, context};
    use super::super::key_table::{numbered, pack_names, packed_len, read};
    use super::*;
    use crate::source::Key;
    use std::string::String;
    use std::vec::Vec;

    const KEYS: &[Key<()>] = &[
        read("DEVICE", (), "name"),
        numbered("IPADDR", (), "address"),
    ];
    static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);

    /// Keys and values of `text`, and the complaints.
    fn scanned(text: &[u8]) -> (Vec<(String, String)>, Vec<String>) {
        let (mut tables, mut scratch) = (Tables::empty(), ScratchTables::empty());
        let (mut config, mut sink) = (tables.config(), Collector::default());
        let mut cx = context(&mut config, &mut sink, b"file");
        let mut scratch = scratch.scratch();
        let file = scan(text, Names(&PACKED), &mut scratch, &mut cx);
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let values = file.iter();
        let values = values.map(|value| (text(value.name()), text(value.octets())));
        let values = values.collect();
        (values, sink.lines())
    }

    fn values(text: &[u8]) -> Vec<(String, String)> {
        let (values, said) = scanned(text);
        assert_eq!(said, [""; 0]);
        values
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn line_ends_of_every_kind_and_blanks_do_not_matter() {
        let want = [pair("DEVICE", "eth0"), pair("X", "a b"), pair("Y", "")];
        assert_eq!(values(b"DEVICE=eth0\nX='a b'\nY=\n"), want);
        assert_eq!(values(b"DEVICE=eth0\r\nX=\" a b \"\r\nY=\r"), want);
        assert_eq!(
            values(b"\n\n# c\n  export DEVICE=eth0 # c\n\tX='a b';\nY="),
            want
        );
    }

    #[test]
    fn the_later_of_two_assignments_counts_even_if_empty_or_bad() {
        let (found, said) = scanned(b"X=1\nX=2\nY=3\nX=\nY=a b\n");
        assert_eq!(found, [pair("X", "")]);
        assert_eq!(
            said,
            [
                "warning 2:3 X Duplicate LaterWins",
                "warning 4:3 X Duplicate LaterWins",
                "error 5:4 Y \"a b\" BadQuoting KeyUnset",
                "warning 5:3 Y Duplicate LaterWins",
            ]
        );
    }

    #[test]
    fn variables_are_those_set_above_and_device_everywhere() {
        let (found, said) = scanned(
            b"A=\"-K ${DEVICE}\"\nDEVICE=old\nB=$DEVICE\nDEVICE=eth0\nC=$DEVICE.$B\nD=$E\nE=1\n",
        );
        let want = [
            pair("DEVICE", "eth0"),
            pair("A", "-K eth0"),
            pair("B", "old"),
            pair("C", "eth0.old"),
            pair("E", "1"),
        ];
        assert_eq!(found, want);
        assert_eq!(
            said,
            [
                "warning 4:8 DEVICE Duplicate LaterWins",
                "error 6:3 D \"$E\" UnsetVariable KeyUnset",
            ]
        );
        let (found, said) = scanned(b"DEVICE=$DEVICE\n");
        assert_eq!(found, []);
        assert_eq!(said.len(), 1);
    }

    #[test]
    fn other_lines_cost_themselves() {
        let (found, said) = scanned(b" if true; then\nX=1\nY = 2\nZ=$(id)\n");
        assert_eq!(found, [pair("X", "1")]);
        assert_eq!(
            said,
            [
                "error 1:2 line \"if true; then\" NotAnAssignment LineIgnored",
                "error 3:1 line \"Y = 2\" NotAnAssignment LineIgnored",
                "error 4:3 Z \"$(id)\" Expansion KeyUnset",
            ]
        );
    }

    #[test]
    fn marks_and_nul_octets_are_reported() {
        let (found, said) = scanned(b"\xef\xbb\xbfX=1\nY=2\0Z=3\n");
        assert_eq!(found, [pair("X", "1")]);
        assert_eq!(
            said,
            [
                "warning 0:0 file Says(\"begins with a byte order mark\") PartIgnored",
                "error 2:4 file Nul LineIgnored",
            ]
        );
        let (found, said) = scanned(b"X=1\n\0");
        assert_eq!(found, [pair("X", "1")]);
        assert_eq!(said, ["error 2:1 file Nul LineIgnored"]);
    }

    #[test]
    fn full_tables_and_long_values_are_reported() {
        let text: String = (0..70).map(|n| std::format!("K{n}=x\n")).collect();
        let (found, said) = scanned(text.as_bytes());
        assert_eq!(found.len(), 64);
        let full = "Full(\"MAX_ASSIGNMENTS\") RestIgnored";
        assert_eq!(said, [std::format!("error 65:5 K64 {full}")]);

        let long = std::format!("A={0}\nB={0}x\nC=1\n", "x".repeat(256));
        let (found, said) = scanned(long.as_bytes());
        assert_eq!(found.len(), 2);
        assert!(said[0].starts_with("error 2:259 B "), "{}", said[0]);
        assert!(said[0].ends_with("TooLong(\"MAX_VALUE\") KeyUnset"));

        let many: String = (0..9)
            .map(|n| std::format!("K{n}={}\n", "x".repeat(250)))
            .collect();
        let (found, said) = scanned(many.as_bytes());
        assert_eq!(found.len(), 8);
        assert_eq!(said, [std::format!("error 9:4 K8 {full}")]);
    }

    #[test]
    fn numbers_of_keys_are_found_again() {
        let (mut tables, mut scratch) = (Tables::empty(), ScratchTables::empty());
        let (mut config, mut sink) = (tables.config(), Collector::default());
        let mut cx = context(&mut config, &mut sink, b"file");
        let mut scratch = scratch.scratch();
        let text = b"IPADDR=a\nIPADDR0=b\nIPADDR10=c\nIPADDR01=d\nIPADDR2=\n";
        let file = scan(text, Names(&PACKED), &mut scratch, &mut cx);
        assert_eq!(file.end, 12);
        let value = |ordinal| {
            file.get_numbered(b"IPADDR", ordinal)
                .map(|value| value.octets())
        };
        assert_eq!(value(0), Some(&b"a"[..]));
        assert_eq!(value(1), Some(&b"b"[..]));
        assert_eq!(value(2), None);
        assert_eq!(value(3), None, "empty is unset");
        assert_eq!(value(11), Some(&b"c"[..]));
        assert!(file.gap_before(b"IPADDR", 11, 3));
        assert!(!file.gap_before(b"IPADDR", 1, 3));
        assert_eq!(decimal(4_294_967_295, &mut [0; 10]), b"4294967294");
        assert_eq!(decimal(0, &mut [0; 10]), b"");
    }
}
