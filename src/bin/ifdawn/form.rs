//! What files are: where they are looked for, and by their names.

use crate::cli::Source;
use ifdawn::model::addr::Family;
use ifdawn::packed::{Word, word};
use ifdawn::source::key_table::{Names, key, pack_fields, pack_names, packed_len};
use ifdawn::source::route_file::Form as Lines;
use ifdawn::source::{Key, firmware, ifcfg};

/// How a file is read; the forms of files beside ifcfg files, and of others that consist of lines, first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `route-NAME`.
    Route,
    /// `route6-NAME`.
    Route6,
    /// `rule-NAME`.
    Rule,
    /// `rule6-NAME`.
    Rule6,
    /// `rt_tables`.
    Tables,
    /// `static-routes`.
    Static,
    /// `static-routes-ipv6`.
    Static6,
    /// `ifcfg-NAME`.
    Ifcfg,
    /// `network`.
    Network,
    /// `*.rules`.
    UdevRules,
    /// `*.link`.
    LinkFile,
    /// `*.conf` beside such a file.
    DropIn,
    /// Below `/sys/firmware`: one value of a NIC.
    NicFile,
    /// No file: all that those values said.
    Nic,
    /// The firmware's table for NVMe.
    Nbft,
    /// Any other name: a kernel command line.
    Cmdline,
    /// No file: what is done once all of it is read.
    CmdlineEnd,
    /// By the last part of its path.
    Named,
}

/// Names, or how they begin, of files that are known by it.
const KEYS: &[Key<Form>] = &[
    key("route-*", Form::Route, "routes of a link"),
    key("route6-*", Form::Route6, "the same of IPv6"),
    key("rule-*", Form::Rule, "policy rules of a link"),
    key("rule6-*", Form::Rule6, "the same of IPv6"),
    key("ifcfg-*", Form::Ifcfg, "a link"),
    key("network", Form::Network, "what holds for all links"),
    key("rt_tables", Form::Tables, "names of routing tables"),
    key("static-routes-ipv6", Form::Static6, "routes of IPv6"),
    key("static-*", Form::Static, "routes"),
];
static NAMES: [u8; packed_len(KEYS)] = pack_names(KEYS);
static FORMS: [Form; KEYS.len()] = pack_fields(KEYS, Form::Cmdline);

/// By [`Form`], how the lines of those are read that consist of such.
pub static LINES: [(Lines, Family); 7] = [
    (Lines::Route, Family::V4),
    (Lines::Route, Family::V6),
    (Lines::Rule, Family::V4),
    (Lines::Rule, Family::V6),
    (Lines::Table, Family::V4),
    (Lines::Static, Family::V4),
    (Lines::Static6, Family::V6),
];

/// How the names of files beside ifcfg files begin, and their forms.
pub static BESIDE: [(Word, Form); 4] = [
    (word!("route-"), Form::Route),
    (word!("route6-"), Form::Route6),
    (word!("rule-"), Form::Rule),
    (word!("rule6-"), Form::Rule6),
];

impl Form {
    /// What the file of this name is.
    #[inline(never)]
    pub fn of(name: &[u8]) -> Form {
        match FORMS.get(Names(&NAMES).find(name).row()) {
            Some(form) => *form,
            None if Wanted::Rules.has(name) => Form::UdevRules,
            None if Wanted::Links.has(name) => Form::LinkFile,
            None => Form::Cmdline,
        }
    }
}

/// What a file is, and what is asked of it.
#[derive(Clone, Copy)]
pub struct What {
    /// How it is read.
    pub form: Form,
    /// Bits: [`GIVEN`] and those below it.
    pub bits: u8,
}

/// A person named it: it is below no root, and may be a pipe.
pub const GIVEN: u8 = 1 << 0;
/// It need not be there.
pub const OPTIONAL: u8 = 1 << 1;
/// Files beside it are of the forms that the list of its directory has.
pub const LISTED: u8 = 1 << 2;
/// In the place of a file, something else masks those of its name in weaker directories.
pub const MASKED: u8 = 1 << 3;
/// Complaints call it by the last part of its path.
pub const SHORT: u8 = 1 << 4;

impl What {
    /// A file of this form.
    pub const fn new(form: Form, bits: u8) -> What {
        What { form, bits }
    }
}

/// What of a directory is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: it is a file.
    File,
    /// Nothing: it is what the options say of the kernel command line, in place of the files that follow.
    Cmdline,
    /// `*.conf`.
    Conf,
    /// `ifcfg-*`.
    Ifcfg,
    /// `*.rules`.
    Rules,
    /// `*.link`.
    Links,
    /// `*.conf` beside one of those.
    DropIns,
    /// Values of a NIC.
    Nic,
    /// `NBFT*`.
    Nbft,
    /// `owned-*`.
    Owned,
    /// Scripts.
    Hooks,
}

impl Wanted {
    /// Whether the file of this name is.
    #[inline(never)]
    pub fn has(self, name: &[u8]) -> bool {
        match self {
            Wanted::File | Wanted::Cmdline => false,
            Wanted::Conf | Wanted::DropIns => name.ends_with(b".conf"),
            Wanted::Ifcfg => ifcfg::is_ifcfg_file_name(name),
            Wanted::Rules => name.ends_with(b".rules"),
            Wanted::Links => name.ends_with(b".link"),
            Wanted::Nic => firmware::field(name).is_some(),
            Wanted::Nbft => name.starts_with(b"NBFT"),
            Wanted::Owned => crate::system::owned(name).is_some(),
            Wanted::Hooks => crate::hooks::is_hook_name(name),
        }
    }
}

/// One thing that is looked for.
pub struct Step {
    /// Who asks for it: bits of `--sources`, or [`ALWAYS`]; 0: a person.
    pub asked: u8,
    /// What it is.
    pub wanted: Wanted,
    /// The last one of [`LAYERS`] that is looked through; 0: the path is whole.
    pub layer: u8,
    /// What the file is, or each one in the directory.
    pub what: What,
    /// Where.
    pub path: Word,
}

const CMDLINE: u8 = 1 << Source::Cmdline as u8;
const IFCFG: u8 = 1 << Source::Ifcfg as u8;
const FIRMWARE: u8 = 1 << Source::Firmware as u8;
/// Whatever the sources are.
pub const ALWAYS: u8 = 1 << 3;

/// A row: who asks, what, its form and bits, and where.
const fn step(asked: u8, wanted: Wanted, form: Form, bits: u8, path: Word) -> Step {
    Step {
        asked,
        wanted,
        // of rules, those of packages are left to udev
        layer: if matches!(wanted, Wanted::Rules) {
            2
        } else if matches!(wanted, Wanted::Links | Wanted::DropIns) {
            4
        } else {
            0
        },
        what: What::new(form, bits),
        path,
    }
}

/// All that is looked for, in order. The command line comes first, since it beats ifcfg on the same link and its
/// readers want to know.
#[rustfmt::skip]
pub static STEPS: [Step; 19] = [
    // as ip(8) looks for them: those of the system's administrator come first
    step(ALWAYS, Wanted::File, Form::Tables, OPTIONAL, word!("/etc/iproute2/rt_tables")),
    step(ALWAYS, Wanted::Conf, Form::Tables, 0, word!("/etc/iproute2/rt_tables.d")),
    step(ALWAYS, Wanted::File, Form::Tables, OPTIONAL, word!("/usr/share/iproute2/rt_tables")),
    step(ALWAYS, Wanted::Conf, Form::Tables, 0, word!("/usr/share/iproute2/rt_tables.d")),
    step(ALWAYS, Wanted::File, Form::Tables, OPTIONAL, word!("/usr/lib/iproute2/rt_tables")),
    step(ALWAYS, Wanted::Conf, Form::Tables, 0, word!("/usr/lib/iproute2/rt_tables.d")),
    step(CMDLINE, Wanted::Cmdline, Form::Cmdline, GIVEN, word!("")),
    step(CMDLINE, Wanted::Conf, Form::Cmdline, 0, word!("/etc/cmdline.d")),
    step(CMDLINE, Wanted::File, Form::Cmdline, OPTIONAL, word!("/etc/cmdline")),
    step(CMDLINE, Wanted::File, Form::Cmdline, OPTIONAL | SHORT, word!("/proc/cmdline")),
    step(CMDLINE, Wanted::Conf, Form::Cmdline, 0, word!("/run/initramfs/cmdline.d")),
    step(IFCFG, Wanted::File, Form::Network, OPTIONAL, word!("/etc/sysconfig/network")),
    step(IFCFG, Wanted::Ifcfg, Form::Ifcfg, LISTED | SHORT, word!("/etc/sysconfig/network-scripts")),
    step(IFCFG, Wanted::File, Form::Static, OPTIONAL, word!("/etc/sysconfig/static-routes")),
    step(IFCFG, Wanted::File, Form::Static6, OPTIONAL, word!("/etc/sysconfig/static-routes-ipv6")),
    step(IFCFG, Wanted::Rules, Form::UdevRules, MASKED, word!("/udev/rules.d")),
    step(IFCFG, Wanted::Links, Form::LinkFile, MASKED, word!("/systemd/network")),
    step(FIRMWARE, Wanted::Nic, Form::NicFile, 0, word!("")),
    step(FIRMWARE, Wanted::Nbft, Form::Nbft, 0, word!("/sys/firmware/acpi/tables")),
];

/// A directory of ifcfg files that a person named.
pub static GIVEN_DIRECTORY: Step = step(0, Wanted::Ifcfg, Form::Ifcfg, LISTED | SHORT, word!(""));

/// A directory of what is beside a `.link` file.
pub static DROP_INS: Step = step(IFCFG, Wanted::DropIns, Form::DropIn, MASKED, word!(""));

/// A directory of a NIC's values.
pub static NIC_FILES: Step = step(FIRMWARE, Wanted::Nic, Form::NicFile, 0, word!(""));

/// In front of a directory's path: nothing, or where udev and systemd look, the strongest first.
pub static LAYERS: [Word; 5] = [
    word!(""),
    word!("/etc"),
    word!("/run"),
    word!("/usr/local/lib"),
    word!("/usr/lib"),
];
