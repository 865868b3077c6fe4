//! What files are: by their names, and by the directories that list them.

use core::ops::Range;
use ifdawn::model::addr::Family;
use ifdawn::packed::{Packed, Word, packed, word};
use ifdawn::source::route_file::Form as Lines;
use ifdawn::source::{firmware, ifcfg};
use ifdawn::text::parts;

/// How a file is read that is known by its name: by what stands before the first `-`, the forms of files beside
/// ifcfg files first.
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
    /// A directory of such files, which have been read.
    Nic,
    /// There: the table for NVMe.
    Nbft,
    /// Any other name: a kernel command line.
    Cmdline,
}

/// How names begin of those that are known by it.
const FORMS: Packed = packed!("route,route6,rule,rule6,ifcfg,network,rt_tables,static");

/// What is read of a directory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// `*.conf`, kernel command lines.
    Words,
    /// `ifcfg-*`.
    Ifcfg,
    /// `*.rules` where administrators and initramfs put them: those of packages are left to udev.
    Rules,
    /// `*.link`.
    Links,
    /// `*.conf` beside one of those.
    DropIns,
    /// `*.conf`, names of routing tables.
    Tables,
    /// Values of a NIC.
    Nic,
    /// `NBFT*`.
    Nbft,
}

/// In front of a directory's path: nothing, or where udev and systemd look, the strongest first.
pub const LAYERS: [Word; 5] = [
    word!(""),
    word!("/etc"),
    word!("/run"),
    word!("/usr/local/lib"),
    word!("/usr/lib"),
];

/// How the names of files beside ifcfg files begin.
pub const BESIDE: [Word; 4] = [
    word!("route-"),
    word!("route6-"),
    word!("rule-"),
    word!("rule6-"),
];

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

impl Form {
    /// What the file of this name is, and what stands behind `-`, "" for nothing.
    pub fn of(name: &[u8]) -> (Form, &[u8]) {
        let (prefix, link) = parts::split(name, b'-');
        let form = match (FORMS.position(prefix), link) {
            (Some(0), Some(_)) => Form::Route,
            (Some(1), Some(_)) => Form::Route6,
            (Some(2), Some(_)) => Form::Rule,
            (Some(3), Some(_)) => Form::Rule6,
            (Some(4), Some(_)) => Form::Ifcfg,
            (Some(5), None) => Form::Network,
            (Some(6), None) => Form::Tables,
            (Some(7), Some(link)) if link.ends_with(b"6") => Form::Static6,
            (Some(7), Some(_)) => Form::Static,
            _ if is_udev_rules(name) => Form::UdevRules,
            _ if is_link_file(name) => Form::LinkFile,
            _ => Form::Cmdline,
        };
        (form, link.unwrap_or_default())
    }

    /// Whether such files belong to the ifcfg file of the same name.
    pub fn is_beside(self) -> bool {
        (self as usize) < BESIDE.len()
    }
}

fn is_udev_rules(name: &[u8]) -> bool {
    name.ends_with(b".rules")
}

fn is_conf(name: &[u8]) -> bool {
    name.ends_with(b".conf")
}

fn is_link_file(name: &[u8]) -> bool {
    name.ends_with(b".link")
}

/// Whether the directory of ifcfg files is listed with this one.
fn is_listed(name: &[u8]) -> bool {
    ifcfg::is_ifcfg_file_name(name) || Form::of(name).0.is_beside()
}

/// Whether a name is wanted.
pub type IsWanted = fn(&[u8]) -> bool;

impl Listing {
    /// Which names are wanted, and the part of [`LAYERS`] that is looked through.
    pub fn names(self) -> (IsWanted, Range<u8>) {
        match self {
            Listing::Words | Listing::Tables => (is_conf, 0..1),
            Listing::DropIns => (is_conf, 1..5),
            Listing::Ifcfg => (is_listed, 0..1),
            Listing::Rules => (is_udev_rules, 1..3),
            Listing::Links => (is_link_file, 1..5),
            Listing::Nic => (|name| firmware::field(name).is_some(), 0..1),
            Listing::Nbft => (|name| name.starts_with(b"NBFT"), 0..1),
        }
    }
}
