//! A file of shell assignments, read as a whole before anything in it is used.
//!
//! Order does not matter in such files, except that of two assignments to one key the later counts and
//! that a variable must be set before it is used. So a file is scanned once, into [`Scratch`], and its
//! keys are then asked for. Linear in the file.

use super::ifcfg::unset;
use super::key_table::{Found, Names};
use super::{Context, offset};
use crate::diag::{Complaint, Effect, Escaped, Origin, Problem, Subject};
use crate::model::index::{HASH_START, Index, hash};
use crate::text::assign::{self, Variables};
use crate::text::lines::{self, Line, lines, short};
use crate::text::parts;
use core::ops::Range;
use heapless::VecView;

/// The memory a scan needs.
pub struct Scratch<'m> {
    keys: Keys<'m>,
    values: &'m mut VecView<u8>,
}

impl<'m> Scratch<'m> {
    /// One entry per key ([`crate::limits::MAX_ASSIGNMENTS`]), the values of all keys, and slots to find entries by
    /// name: a power of two, and at least twice as many as entries, or a search for what is not there would not
    /// end. What was in them before does not matter.
    pub fn new(
        entries: &'m mut VecView<Entry>,
        values: &'m mut VecView<u8>,
        slots: &'m mut [u32],
    ) -> Self {
        Scratch {
            keys: Keys {
                names: Names(&[]),
                text: &[],
                entries,
                index: Index::new(slots),
            },
            values,
        }
    }
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
    found: Found,
}

/// [`Entry::value_len`] of a key whose value had no meaning.
const UNSET: u32 = u32::MAX;

impl Entry {
    /// The row of its key in the table; beyond it for a key that is not there.
    pub fn row(&self) -> usize {
        self.found.row()
    }

    fn is_set(&self) -> bool {
        self.value_len != UNSET
    }

    #[inline(never)]
    fn name<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        parts::slice(text, self.name_at as usize, self.name_len as usize)
    }

    /// Where the value stands among the values.
    fn value(&self) -> Range<usize> {
        let start = self.value_at as usize;
        start..start.wrapping_add(self.value_len as usize)
    }

    /// The column of the key.
    fn name_column(&self) -> u32 {
        self.name_at.wrapping_sub(self.line_at).wrapping_add(1)
    }

    /// The column of the value.
    fn column(&self) -> u32 {
        let column = self.name_column().wrapping_add(self.name_len);
        column.wrapping_add(1)
    }
}

/// A key or value that nothing reads.
pub const NOT_YET: Complaint = Complaint::warning(Problem::NotYet, Effect::LineIgnored);

/// The numbers of a key have a hole before this one: nothing is lost here, but other readers stop at it.
pub const GAP: Complaint = Complaint::note(Problem::Gap, Effect::None);

const UNKNOWN: Complaint = Complaint::note(Problem::UnknownKey, Effect::LineIgnored);
const TWICE: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);
const FULL: Complaint = Complaint::error(Problem::MaxAssignments, Effect::RestIgnored);
const NO_ASSIGNMENT: Complaint = Complaint::error(Problem::NotAnAssignment, Effect::LineIgnored);
const BYTE_ORDER_MARK: Complaint = Complaint::warning(Problem::ByteOrderMark, Effect::PartIgnored);
const NUL: Complaint = Complaint::error(Problem::Nul, Effect::LineIgnored);

/// The keys of a scanned file, and who reads it.
pub struct File<'a, 'c, 'm> {
    /// The reader's hands.
    pub cx: &'a mut Context<'c, 'm>,
    /// Every ordinal of [`File::get_numbered`] is less.
    pub end: u32,
    keys: &'a Keys<'a>,
    values: &'a VecView<u8>,
}

/// The keys of a file, as far as they are read.
struct Keys<'m> {
    names: Names,
    text: &'m [u8],
    entries: &'m mut VecView<Entry>,
    index: Index<'m>,
}

impl<'a> File<'a, '_, '_> {
    /// Every key that is set, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = &'a Entry> + use<'a> {
        self.keys.entries.iter().filter(|entry| entry.is_set())
    }

    /// What a key is set to, without blanks around it; may be empty.
    #[inline(never)]
    pub fn octets(&self, entry: &Entry) -> &'a [u8] {
        parts::trim(self.values.get(entry.value()).unwrap_or_default())
    }

    /// The value of a key by its row, if it is set and not empty.
    pub fn get(&self, row: u16) -> Option<&'a Entry> {
        self.get_numbered(row, 0)
    }

    /// The value of the key with a number: 0 stands for none, else it is one more.
    #[inline(never)]
    pub fn get_numbered(&self, row: u16, ordinal: u32) -> Option<&'a Entry> {
        let entry = self.keys.entry(Found::new(row, ordinal), b"")?;
        (!self.octets(entry).is_empty()).then_some(entry)
    }

    /// [`File::get_numbered`] for a key whose numbers have no hole; up to `first` all may miss.
    #[inline(never)]
    pub fn get_next(&mut self, row: u16, ordinal: u32, first: u32) -> Option<&'a Entry> {
        let entry = self.get_numbered(row, ordinal)?;
        let before = ordinal.wrapping_sub(1);
        if ordinal > first && self.get_numbered(row, before).is_none() {
            self.complain(entry, GAP);
        }
        Some(entry)
    }

    /// The value of a key by its row, or "".
    #[inline(never)]
    pub fn text(&self, row: u16) -> &'a [u8] {
        self.get(row).map_or(b"", |entry| self.octets(entry))
    }

    /// The key as written.
    pub fn name(&self, entry: &Entry) -> &[u8] {
        entry.name(self.cx.text)
    }

    /// Where the value was given.
    #[inline(never)]
    pub fn origin(&self, entry: &Entry) -> Origin {
        self.cx.origin_at(entry.line, entry.column())
    }

    /// Goes to the line of a value; where the value was given.
    #[inline(never)]
    pub fn go_to(&mut self, entry: &Entry) -> Origin {
        go_to(self.cx, entry);
        self.origin(entry)
    }

    /// Complains about a value.
    #[inline(never)]
    pub fn complain(&mut self, entry: &Entry, complaint: Complaint) {
        self.complain_of(entry, self.octets(entry), complaint);
    }

    /// Complains about a part of a value.
    #[inline(never)]
    pub fn complain_of(&mut self, entry: &Entry, part: &[u8], complaint: Complaint) {
        complain(self.cx, entry, entry.column(), part, complaint, b"");
    }

    /// Says that the table does not know the key.
    #[inline(never)]
    pub fn unknown(&mut self, entry: &Entry) {
        let nearest = self.keys.names.nearest(entry.name(self.cx.text));
        complain(self.cx, entry, entry.name_column(), b"", UNKNOWN, nearest);
    }
}

#[inline(never)]
fn go_to(cx: &mut Context<'_, '_>, entry: &Entry) {
    let line = cx.text.get(entry.line_at as usize..).unwrap_or_default();
    cx.at.line = Line {
        number: entry.line,
        octets: lines::first(line),
    };
}

/// Complains about what stands in a column of the line of a key, with a detail.
#[inline(never)]
fn complain(
    cx: &mut Context<'_, '_>,
    entry: &Entry,
    column: u32,
    token: &[u8],
    complaint: Complaint,
    detail: &[u8],
) {
    go_to(cx, entry);
    let name = entry.name(cx.text);
    cx.report(
        column,
        Subject::Key(&Escaped(name)),
        token,
        complaint,
        detail,
    );
}

impl Keys<'_> {
    /// A key, if it is set. One that is not in the table is found by its name.
    #[inline(never)]
    fn entry(&self, found: Found, name: &[u8]) -> Option<&Entry> {
        let entry = self.entries.get(self.position(found, name))?;
        entry.is_set().then_some(entry)
    }

    /// Where a key is; beyond all of them if it is not there.
    #[inline(never)]
    fn position(&self, found: Found, name: &[u8]) -> usize {
        let mut at = key_hash(found, name);
        // There are more slots than entries: it ends at a free one.
        while let Some(n) = self.index.next(&mut at)
            && let Some(entry) = self.entries.get(n as usize)
        {
            if entry.found == found && (found.is_one() || entry.name(self.text) == name) {
                return n as usize;
            }
        }
        usize::MAX
    }
}

#[inline(never)]
fn key_hash(found: Found, name: &[u8]) -> u32 {
    match found.is_one() {
        true => found.hash(),
        false => hash(HASH_START, name),
    }
}

impl Variables for Keys<'_> {
    fn variable(&self, name: &[u8]) -> Option<Range<usize>> {
        let entry = self.entry(self.names.find(name), name)?;
        Some(entry.value())
    }
}

/// Takes the byte order mark off the text.
#[inline(never)]
pub fn skip_mark(cx: &mut Context<'_, '_>) {
    if let Some(rest) = parts::strip(cx.text, b"\xef\xbb\xbf") {
        cx.text = rest;
        cx.complain_of_file(BYTE_ORDER_MARK);
    }
}

/// Whether the line has no NUL octet; one that has is reported, and is no text.
#[inline(never)]
pub fn is_text(cx: &mut Context<'_, '_>) -> bool {
    let (before, after) = parts::split(cx.at.line.octets, 0);
    if after.is_some() {
        let at = parts::slice(cx.at.line.octets, before.len(), 0);
        cx.complain(Subject::File, at, NUL);
    }
    after.is_none()
}

/// Reads every assignment of `text`. Lines that are none, values without meaning and keys set twice are
/// reported; unknown keys are kept, since later values may use them.
#[inline(never)]
pub fn scan<'a, 'c, 'm>(
    names: Names,
    scratch: &'a mut Scratch<'c>,
    cx: &'a mut Context<'c, 'm>,
) -> File<'a, 'c, 'm> {
    skip_mark(cx);
    let keys = &mut scratch.keys;
    (keys.names, keys.text) = (names, cx.text);
    keys.entries.clear();
    scratch.values.clear();
    // no file has as many keys as octets
    keys.index.reset(cx.text.len());
    let mut scan = Scan {
        scratch,
        end: 1,
        pass: Pass::Device,
    };
    if parts::has(cx.text, b'$') {
        scan.read(cx);
    }
    scan.pass = Pass::All;
    scan.read(cx);
    File {
        end: scan.end,
        keys: &scratch.keys,
        values: scratch.values,
        cx,
    }
}

/// What a scan takes. initscripts read a file twice, so lines above that of `DEVICE` may use it: where
/// there are variables it is read first, without complaints.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    Device,
    All,
}

/// A scan under way.
struct Scan<'a, 's> {
    scratch: &'a mut Scratch<'s>,
    end: u32,
    pass: Pass,
}

impl Scan<'_, '_> {
    fn read(&mut self, cx: &mut Context<'_, '_>) {
        let mut left = lines(cx.text);
        while cx.next_line(&mut left) {
            let found = &assign::split(cx.at.line.octets);
            let is_read = match self.pass {
                Pass::Device => parts::is(found.name, b"DEVICE"),
                Pass::All => is_text(cx),
            };
            if !is_read {
                continue;
            }
            if !found.name.is_empty() {
                if self.assign(found, cx).is_none() {
                    break;
                }
            } else if !found.raw.is_empty() {
                cx.complain(Subject::Line, parts::trim(found.raw), NO_ASSIGNMENT);
            }
        }
    }

    /// Takes one assignment; `None` if there is no room for more.
    #[inline(never)]
    fn assign(&mut self, found: &assign::Assignment<'_>, cx: &mut Context<'_, '_>) -> Option<()> {
        let keys = &self.scratch.keys;
        let mut entry = Entry {
            line: cx.at.line.number,
            line_at: short(offset(cx.at.line.octets, keys.text)),
            name_at: short(offset(found.name, keys.text)),
            name_len: short(found.name.len()),
            value_at: short(self.scratch.values.len()),
            value_len: UNSET,
            found: keys.names.find(found.name),
        };
        let fault = assign::unquote(found.raw, &self.scratch.keys, self.scratch.values).err();
        let mut kept = None;
        if fault.is_none_or(|fault| fault.problem != Problem::MaxAssignments) {
            match fault {
                Some(fault) => {
                    let error = unset(fault.problem);
                    self.complain(&entry, fault.at, parts::trim(found.raw), error, cx);
                }
                None => {
                    entry.value_len = short(self.scratch.values.len()).wrapping_sub(entry.value_at);
                }
            }
            kept = self.keep(&entry);
        }
        let complaint = match kept {
            Some(line) if line == 0 || line >= entry.line => return Some(()),
            Some(_) => TWICE,
            None => FULL,
        };
        self.complain(&entry, 0, b"", complaint, cx);
        kept.map(|_| ())
    }

    /// Complains about what stands `at` octets behind the value's start.
    fn complain(
        &self,
        entry: &Entry,
        at: u32,
        token: &[u8],
        complaint: Complaint,
        cx: &mut Context<'_, '_>,
    ) {
        if self.pass == Pass::All {
            let column = entry.column().wrapping_add(at);
            self::complain(cx, entry, column, token, complaint, b"");
        }
    }

    /// Keeps an entry in place of an earlier one with its name, whose line it returns (0: there was
    /// none); `None` if the table is full.
    fn keep(&mut self, entry: &Entry) -> Option<u32> {
        let keys = &mut self.scratch.keys;
        let name = entry.name(keys.text);
        let old = keys.position(entry.found, name);
        if let Some(old) = keys.entries.get_mut(old) {
            let line = old.line;
            *old = *entry;
            return Some(line);
        }
        let n = short(keys.entries.len());
        keys.entries.push(*entry).ok()?;
        keys.index.insert(key_hash(entry.found, name), n);
        self.end = self.end.max(entry.found.ordinal().wrapping_add(1));
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::key_table::{key, numbered, pack_names, packed_len};
    use super::super::testing::{Heard, ScratchTables, Storage, context};
    use super::*;
    use crate::source::Key;
    use std::string::String;
    use std::vec::Vec;

    const KEYS: &[Key<()>] = &[key("DEVICE", (), "name"), numbered("IPADDR", (), "address")];
    static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);

    /// Keys and values of `text`, and the complaints.
    fn scanned(text: &[u8]) -> (Vec<(String, String)>, Vec<String>) {
        let (mut tables, mut scratch) = (Storage::default(), ScratchTables::empty());
        let (mut config, mut sink) = (tables.config(), Heard::default());
        let mut cx = context(&mut config, &mut sink, b"file", text);
        let mut scratch = scratch.scratch();
        let file = scan(Names(&PACKED), &mut scratch, &mut cx);
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let values = file.iter();
        let values =
            values.map(|entry| (text(entry.name(file.keys.text)), text(file.octets(entry))));
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
                "warning 0:0 file ByteOrderMark PartIgnored",
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
        let full = "MaxAssignments RestIgnored";
        assert_eq!(said, [std::format!("error 65:5 K64 {full}")]);

        let long = std::format!("A={0}\nB={0}x\nC=1\n", "x".repeat(4_096));
        let (found, said) = scanned(long.as_bytes());
        assert_eq!(found.len(), 2);
        assert!(said[0].starts_with("error 2:4099 B "), "{}", said[0]);
        assert!(said[0].ends_with("MaxValue KeyUnset"));

        let many: String = (0..9)
            .map(|n| std::format!("K{n}={}\n", "x".repeat(1_200)))
            .collect();
        let (found, said) = scanned(many.as_bytes());
        assert_eq!(found.len(), 8);
        assert_eq!(said, [std::format!("error 9:4 K8 {full}")]);
    }

    #[test]
    fn numbers_of_keys_are_found_again() {
        let (mut tables, mut scratch) = (Storage::default(), ScratchTables::empty());
        let (mut config, mut sink) = (tables.config(), Heard::default());
        let text = b"IPADDR=a\nIPADDR0=b\nIPADDR10=c\nIPADDR01=d\nIPADDR2=\n";
        let mut cx = context(&mut config, &mut sink, b"file", text);
        let mut scratch = scratch.scratch();
        let mut file = scan(Names(&PACKED), &mut scratch, &mut cx);
        assert_eq!(file.end, 12);
        let value = |ordinal| {
            file.get_numbered(1, ordinal)
                .map(|entry| file.octets(entry))
        };
        assert_eq!(value(0), Some(&b"a"[..]));
        assert_eq!(value(1), Some(&b"b"[..]));
        assert_eq!(value(2), None);
        assert_eq!(value(3), None, "empty is unset");
        assert_eq!(value(11), Some(&b"c"[..]));
        for ordinal in [1, 11] {
            assert!(file.get_next(1, ordinal, 3).is_some());
        }
        assert_eq!(sink.lines().len(), 1, "one gap, before 10");
    }
}
