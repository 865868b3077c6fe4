//! `route-NAME` and `route6-NAME`, in both of their forms, and single route lines.
//!
//! | form | which files | what |
//! |---|---|---|
//! | keys | IPv4 files with a line `ADDRESSn=` | `ADDRESSn`, `NETMASKn`, `GATEWAYn`, `METRICn`, `OPTIONSn` |
//! | lines | all others | the arguments of `ip route add`, see ip-route(8) |
//!
//! A bad line or number costs that route. Linear, and quick: such files have had 100,000 lines.

use super::assignments::{self, Entry, File, Scratch, is_text, skip_mark};
use super::key_table::{Names, numbered, pack_names, packed_len, row};
use super::route_line::RouteLine;
pub use super::route_line::parse_route;
pub use super::route_words::{Form, KEYS as WORDS};
use super::{Context, Key};
use crate::diag::{Complaint, Effect, Origin, Problem, Subject};
use crate::model::addr::Family;
use crate::model::config::{Config, RouteDev};
use crate::model::desired::What;
use crate::model::link::IfName;
use crate::text::lines::lines;
use crate::text::{parts, scalar};

/// Reads a whole file of routes or rules of `family` for the link `dev`, or of names of tables.
#[inline(never)]
pub fn read<'c>(
    form: Form,
    family: Family,
    dev: RouteDev,
    scratch: &mut Scratch<'c>,
    cx: &mut Context<'c, '_>,
) {
    let is_v4 = (form, family) == (Form::Route, Family::V4);
    let mut left = lines(cx.text);
    while is_v4 && cx.next_line(&mut left) {
        if is_address_key(cx.at.line.octets) {
            let mut file = assignments::scan(NAMES, scratch, cx);
            return read_keys(&mut file, &dev);
        }
    }
    skip_mark(cx);
    left = lines(cx.text);
    while cx.next_line(&mut left) {
        let line = cx.at.line.octets;
        let mut words = RouteLine::new(line, form, family);
        if !words.next() || !is_text(cx) {
            continue;
        }
        let complaint = if form == Form::Static && !parts::is(words.word, b"any") {
            // which initscripts pass over too
            NOT_ANY
        } else {
            words.at = words.word;
            if form != Form::Static {
                words.rest = line;
            }
            match words.read(cx.config) {
                Ok(()) => {
                    let origin = cx.origin(words.at);
                    if words.had_host_bits {
                        cx.complain(form.subject(), words.at, HOST_BITS);
                    }
                    if push(&mut words, &dev, origin, cx).is_none() {
                        return;
                    }
                    continue;
                }
                Err(what) => Complaint::error(what, Effect::LineIgnored),
            }
        };
        cx.complain(form.subject(), words.word, complaint);
    }
}

impl Form {
    /// What a line makes.
    pub fn what(self) -> What {
        match self {
            Form::Rule => What::Rule,
            Form::Route | Form::Static | Form::Static6 | Form::Table => What::Route,
        }
    }

    /// What is complained of.
    fn subject(self) -> Subject<'static> {
        match self {
            Form::Rule => Subject::Rule,
            Form::Table => Subject::Table,
            Form::Route | Form::Static | Form::Static6 => Subject::Route,
        }
    }
}

/// A line for another link than all.
const NOT_ANY: Complaint = Complaint::note(Problem::NotRead, Effect::LineIgnored);
/// A gateway or mask whose number has no `ADDRESS`.
const NO_DESTINATION: Complaint = Complaint::warning(Problem::NoDestination, Effect::KeyUnset);
const NO_METRIC: Complaint = Complaint::error(Problem::NotANumber, Effect::LineIgnored);
const HOST_BITS: Complaint = Complaint::warning(Problem::HostBits, Effect::Guessed);

/// `ADDRESSn=`: the sign of the key form.
fn is_address_key(line: &[u8]) -> bool {
    let Some(rest) = parts::strip(parts::trim_start(line), b"ADDRESS") else {
        return false;
    };
    let mut rest = Some(rest);
    scalar::number(parts::take(&mut rest, b'=')).is_some() && rest.is_some()
}

/// Adds a route of a file for the link `dev`; `None` if there is no room for more.
#[inline(never)]
fn push(
    line: &mut RouteLine<'_>,
    dev: &RouteDev,
    origin: Origin,
    cx: &mut Context<'_, '_>,
) -> Option<()> {
    line.entry.dev = *dev;
    if let Some(name) = &line.dev
        && !is_name_of(name, dev, cx.config)
    {
        line.entry.dev = RouteDev::Name(*name);
    }
    line.entry.origin = origin;
    let pushed = match line.form {
        Form::Table => match line.entry.route.metric {
            // `unspec`
            0 => Ok(()),
            number => cx.add_table(line.at, number),
        },
        Form::Rule | Form::Route | Form::Static | Form::Static6 => {
            cx.add_route(line.form.what(), &line.entry)
        }
    };
    if let Err(full) = pushed {
        let full = Complaint::error(full, Effect::RestIgnored);
        let subject = line.form.subject();
        cx.report(origin.column.into(), subject, b"", full, b"");
    }
    pushed.ok()
}

fn is_name_of(name: &IfName, dev: &RouteDev, config: &Config<'_>) -> bool {
    matches!(dev, RouteDev::Link(id) if config.link(*id).is_some_and(|link| name.is(&link.name)))
}

/// The keys of the key form; all are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part;

const NAMES: Names = Names(&PACKED);
static PACKED: [u8; packed_len(KEYS)] = pack_names(KEYS);

const ADDRESS: u16 = row(KEYS, "ADDRESS");
const NETMASK: u16 = row(KEYS, "NETMASK");
const GATEWAY: u16 = row(KEYS, "GATEWAY");
const METRIC: u16 = row(KEYS, "METRIC");
const OPTIONS: u16 = row(KEYS, "OPTIONS");

/// The keys of the key form.
pub const KEYS: &[Key<Part>] = &[
    numbered("ADDRESS", Part, "destination"),
    numbered(
        "NETMASK",
        Part,
        "its netmask; without one the address class",
    ),
    numbered("GATEWAY", Part, "gateway"),
    numbered("METRIC", Part, "metric"),
    numbered("OPTIONS", Part, "further arguments of `ip route add`"),
];

/// Every `ADDRESSn` of the key form.
fn read_keys(file: &mut File<'_, '_, '_>, dev: &RouteDev) {
    for entry in file.iter().filter(|entry| entry.row() >= KEYS.len()) {
        file.unknown(entry);
    }
    for ordinal in 1..file.end {
        let Some(entry) = file.get_next(ADDRESS, ordinal, 1) else {
            // both stand together in the table
            for row in (NETMASK..METRIC).rev() {
                if let Some(lonely) = file.get_numbered(row, ordinal) {
                    file.complain(lonely, NO_DESTINATION);
                }
            }
            continue;
        };
        let options = file.get_numbered(OPTIONS, ordinal);
        let words = options.map_or(&b""[..], |entry| file.octets(entry));
        let mut line = RouteLine::new(words, Form::Route, Family::V4);
        if keyed_route(&mut line, options, file, entry, ordinal).is_some()
            && push(&mut line, dev, file.go_to(entry), file.cx).is_none()
        {
            return;
        }
    }
}

/// Reads the value of a key as a rule for the link `dev`.
pub(super) fn read_rule(
    file: &mut File<'_, '_, '_>,
    entry: &Entry,
    family: Family,
    dev: &RouteDev,
) {
    let mut line = RouteLine::new(file.octets(entry), Form::Rule, family);
    if let Err(what) = line.read(file.cx.config) {
        let complaint = Complaint::error(what, Effect::LineIgnored);
        return file.complain_of(entry, line.word, complaint);
    }
    let _ = push(&mut line, dev, file.go_to(entry), file.cx);
}

/// One route of the key form, in a line that holds its options; `None` after a complaint.
fn keyed_route<'a>(
    line: &mut RouteLine<'a>,
    options: Option<&Entry>,
    file: &mut File<'a, '_, '_>,
    entry: &Entry,
    ordinal: u32,
) -> Option<()> {
    let mask = file.get_numbered(NETMASK, ordinal);
    file.cidr4(entry, mask, Effect::LineIgnored, &mut line.entry.route.dst)?;
    // options may not have a destination of their own
    line.has_dst = true;
    if let Err(what) = line.read(file.cx.config) {
        let complaint = Complaint::error(what, Effect::LineIgnored);
        file.complain_of(options.unwrap_or(entry), line.word, complaint);
        return None;
    }
    if line.had_host_bits {
        file.complain(entry, HOST_BITS);
    }
    if let Some(entry) = file.get_numbered(METRIC, ordinal) {
        let Some(metric) = scalar::number(file.octets(entry)) else {
            file.complain(entry, NO_METRIC);
            return None;
        };
        line.entry.route.metric = metric;
    }
    if let Some(entry) = file.get_numbered(GATEWAY, ordinal)
        && let Err(what) = file.gateway(entry, Family::V4, &mut line.entry.route.via)
    {
        file.complain(entry, Complaint::error(what, Effect::LineIgnored));
        return None;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Heard, ScratchTables, Storage, context, describe_route, read_lines,
    };
    use super::*;
    use crate::model::config::{Config, LinkConfig, LinkMatch, SourceKind};
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn read_into(
        config: &mut Config<'_>,
        text: &str,
        family: Family,
    ) -> (Vec<String>, Vec<String>) {
        let eth0 = LinkMatch::Name(IfName::new(b"eth0").unwrap());
        let link = LinkConfig::matching(eth0, SourceKind::Ifcfg, crate::diag::Origin::NONE);
        let dev = RouteDev::Link(config.add_link(&link).unwrap());
        let (mut sink, mut scratch) = (Heard::default(), ScratchTables::empty());
        let mut cx = context(config, &mut sink, b"route-eth0", text.as_bytes());
        read(Form::Route, family, dev, &mut scratch.scratch(), &mut cx);
        let routes = config.routes.iter().map(|entry| match entry.dev {
            RouteDev::Name(name) => describe_route(&entry.route, Some(name)),
            RouteDev::Link(_) | RouteDev::Anywhere => describe_route(&entry.route, None),
        });
        (routes.collect(), sink.lines())
    }

    fn file(text: &str, family: Family) -> (Vec<String>, Vec<String>) {
        read_into(&mut Storage::default().config(), text, family)
    }

    #[test]
    fn a_bad_line_costs_itself() {
        let (routes, said) = file(
            "# comment\r\n\r\n10.0.0.0/8 via 192.0.2.1 dev eth0\r\n 10.1.2.3/16 dev eth1\r\n\
             \t192.0.2.0/24 encap mpls 5\r\ndefault via 192.0.2.254",
            Family::V4,
        );
        assert_eq!(
            routes,
            [
                "10.0.0.0/8 via 192.0.2.1",
                "10.1.0.0/16 dev eth1",
                "0.0.0.0/0 via 192.0.2.254"
            ]
        );
        assert_eq!(
            said,
            [
                "warning 4:2 route \"10.1.2.3/16\" HostBits Guessed",
                "error 5:15 route \"encap\" NotRead LineIgnored",
            ]
        );
    }

    #[test]
    fn origins_point_at_the_destination() {
        let mut tables = Storage::default();
        let mut config = tables.config();
        read_into(&mut config, "\nblackhole 10.0.0.0/8\n", Family::V4);
        let origin = config.routes.first().unwrap().origin;
        assert_eq!((origin.line, origin.column), (2, 11));
    }

    #[test]
    fn the_key_form_takes_every_number() {
        let (routes, said) = file(
            "ADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\nGATEWAY0=192.0.2.1\n\
             ADDRESS1=10.1.0.0\nNETMASK1=16\nMETRIC1=5\nOPTIONS1='table 7 onlink'\n\
             ADDRESS3=172.16.0.0\nGATEWAY3=0.0.0.0\n",
            Family::V4,
        );
        assert_eq!(
            routes,
            [
                "10.0.0.0/8 via 192.0.2.1",
                "10.1.0.0/16 metric 5 table 7 onlink",
                "172.16.0.0/16"
            ]
        );
        assert_eq!(
            said,
            [
                "note 8:10 ADDRESS3 \"172.16.0.0\" Gap None",
                "warning 8:10 ADDRESS3 \"172.16.0.0\" NoMask(16) Guessed",
            ]
        );
    }

    #[test]
    fn a_bad_number_costs_its_route() {
        for (text, want) in [
            (
                "ADDRESS0=x\nNETMASK0=255.0.0.0",
                "error 1:10 ADDRESS0 \"x\" NotIpv4 LineIgnored",
            ),
            (
                "ADDRESS0=10.0.0.0\nNETMASK0=255.0.255.0",
                "error 2:10 NETMASK0 \"255.0.255.0\" BadPrefix LineIgnored",
            ),
            (
                "ADDRESS0=10.0.0.0\nNETMASK0=8\nGATEWAY0=x",
                "error 3:10 GATEWAY0 \"x\" NotIpv4 LineIgnored",
            ),
            (
                "ADDRESS0=10.0.0.0\nNETMASK0=8\nMETRIC0=x",
                "error 3:9 METRIC0 \"x\" NotANumber LineIgnored",
            ),
            (
                "ADDRESS0=10.0.0.0\nNETMASK0=8\nOPTIONS0='10.0.0.0/8'",
                "error 3:10 OPTIONS0 \"10.0.0.0/8\" ExtraField LineIgnored",
            ),
        ] {
            assert_eq!(file(text, Family::V4), (Vec::new(), std::vec![want.into()]));
        }
        let (routes, said) = file(
            "ADDRESS0=10.0.0.1\nNETMASK0=8\nPREFIX0=8\nip route\n",
            Family::V4,
        );
        assert_eq!(routes, ["10.0.0.0/8"]);
        assert_eq!(
            said,
            [
                "error 4:1 line \"ip route\" NotAnAssignment LineIgnored",
                "note 3:1 PREFIX0 UnknownKey(\"\") LineIgnored",
                "warning 1:10 ADDRESS0 \"10.0.0.1\" HostBits Guessed",
            ]
        );
    }

    #[test]
    fn the_form_is_chosen_by_a_numbered_address() {
        assert!(is_address_key(b" \tADDRESS000="));
        for line in [&b"ADDRESS="[..], b"ADDRESS0", b"XADDRESS0=", b""] {
            assert!(!is_address_key(line));
        }
        // IPv6 files have lines only
        let (routes, said) = file("ADDRESS0=x\n", Family::V6);
        assert_eq!((routes.len(), said.len()), (0, 1));
    }

    #[test]
    fn a_full_table_ends_the_file_with_one_complaint() {
        let lines: String = (0..40).map(|n| format!("10.{n}.0.0/16\n")).collect();
        let (routes, said) = file(&lines, Family::V4);
        assert_eq!(routes.len(), 32);
        assert_eq!(said, ["error 33:1 route MaxRoutes RestIgnored"]);
        let keys: String = (0..40)
            .map(|n| format!("ADDRESS{n}=10.{n}.0.0\n"))
            .collect();
        let (routes, said) = file(&keys, Family::V4);
        assert_eq!(routes.len(), 32);
        assert!(said.last().unwrap().ends_with("MaxRoutes RestIgnored"));
    }

    #[test]
    fn no_truncation_panics() {
        let text = "blackhole 10/8 via inet6 fe80::1 dev eth0 metric 5 src 192.0.2.1 table main \
            proto static scope link tos 0x10 onlink\nADDRESS0=10.0.0.0\nNETMASK0=255.0.0.0\n";
        for end in 0..=text.len() {
            file(&text[..end], Family::V4);
            file(&text[end..], Family::V6);
        }
    }

    /// A file of `rt_tables`.
    fn tables_in(storage: &mut Storage, text: &str) -> Heard {
        storage.read("rt_tables", text, |cx| {
            read_lines(Form::Table, RouteDev::Anywhere, cx)
        })
    }

    #[test]
    fn names_have_numbers() {
        let mut storage = Storage::default();
        let text = "\u{feff}# reserved\n255\tlocal\n0 unspec\r\n 0x64  mine # ours\n7 mine\n\n4294967295 last";
        let heard = tables_in(&mut storage, text);
        assert_eq!(
            heard.lines(),
            ["warning 0:0 file ByteOrderMark PartIgnored"]
        );
        let config = storage.config();
        for (name, number) in [
            ("mine", Some(100)),
            ("last", Some(u32::MAX)),
            ("unspec", None),
        ] {
            assert_eq!(config.table(name.as_bytes()), number, "{name}");
        }
    }

    #[test]
    fn a_bad_name_of_a_table_costs_itself() {
        let mut storage = Storage::default();
        let heard = tables_in(&mut storage, "x a\n1\n2 # b\n-1 c\n3 d\n4\0 e\n");
        assert_eq!(
            heard.lines(),
            [
                "error 1:1 table \"x\" NotANumber LineIgnored",
                "error 2:2 table NoArgument LineIgnored",
                "error 3:6 table NoArgument LineIgnored",
                "error 4:1 table \"-1\" NotANumber LineIgnored",
                "error 6:2 file Nul LineIgnored",
            ]
        );
        assert_eq!(storage.config().table(b"d"), Some(3));
    }

    #[test]
    fn a_full_table_is_named() {
        let mut storage = Storage::default();
        let heard = tables_in(&mut storage, "1 a\n2 b\n3 c\n4 d\n5 e\n");
        assert_eq!(heard.lines(), ["error 5:3 table MaxTables RestIgnored"]);
    }

    #[test]
    fn lines_of_static_routes_are_for_any_link() {
        let mut storage = Storage::default();
        let text = "# x\nany net 10.0.0.0 gw 192.0.2.1\neth0 net 10.1.0.0\nany host x\n";
        let heard = storage.read("static-routes", text, |cx| {
            read_lines(Form::Static, RouteDev::Anywhere, cx)
        });
        let said = [
            "note 3:1 route \"eth0\" NotRead LineIgnored",
            "error 4:10 route \"x\" NotIpv4 LineIgnored",
        ];
        assert_eq!(heard.lines(), said);
        let config = storage.config();
        let [route] = config.routes.as_slice() else {
            panic!("one route");
        };
        assert_eq!((route.dev, route.origin.column), (RouteDev::Anywhere, 9));
    }

    #[test]
    fn rules_have_a_table_of_their_own() {
        let mut storage = Storage::default();
        let text = "from 10.1.2.3/8 table 5\nfrm 10/8\nfwmark 1\nfwmark 2\nfwmark 3\nfwmark 4\n";
        let heard = storage.read("rule-eth0", text, |cx| {
            read_lines(Form::Rule, RouteDev::Anywhere, cx)
        });
        let said = [
            "warning 1:6 rule \"10.1.2.3/8\" HostBits Guessed",
            "error 2:1 rule \"frm\" NotARule LineIgnored",
            "error 6:1 rule MaxRules RestIgnored",
        ];
        assert_eq!(heard.lines(), said);
        assert_eq!(
            (storage.config().rules.len(), storage.config().routes.len()),
            (4, 0)
        );
    }
}
