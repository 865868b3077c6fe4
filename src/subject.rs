//! Whom or what complaints are about. Where JSON and progress name the same things, they write them by this too.

use crate::diag::Escaped;
use crate::model::addr::{Cidr, dotted};
use crate::model::config::LinkMatch;
use crate::model::link::{IfName, Mac};
use crate::packed::{Packed, packed, word};
use crate::plan::op::Op;
use crate::text::show::{Show, Text, displayed};
use core::net::IpAddr;

/// Whom or what a complaint is about, as its line names it. An enum of all there are takes fewer octets than
/// a table of methods for each type, at the places that complain too.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// Nobody.
    None,
    /// The DHCP clients.
    Dhcp,
    /// The rules that name links by their MAC.
    MacRules,
    /// The routes that a link which went down gets back.
    RestoredRoutes,
    /// The kernel as a whole.
    Kernel,
    /// The file that is locked by a run.
    Lock,
    /// The key of a link's MAC.
    Hwaddr,
    /// The word that names the link to boot from.
    Bootdev,
    /// The option that says what is read.
    Sources,
    /// The state file.
    State,
    /// resolv.conf.
    ResolvConf,
    /// The host name.
    Hostname,
    /// A rule, of names or of routing.
    Rule,
    /// The name of a table.
    Table,
    /// A route.
    Route,
    /// A file as a whole.
    File,
    /// A line that is none of a file's.
    Line,
    /// A word of the command line, whatever its key.
    CommandLine,
    /// The word that says which addresses a link has.
    Ip,
    /// The `owned-IF` file of a link.
    Owned(&'a IfName),
    /// The `lease-IF` file of a link.
    Lease(&'a IfName),
    /// A link.
    Link(&'a IfName),
    /// A link, as the configuration means it.
    Matches(&'a LinkMatch),
    /// A link and what is or was leased to it.
    Leased(&'a Leased<'a>),
    /// A MAC.
    Mac(&'a Mac),
    /// An address.
    Addr(&'a IpAddr),
    /// A destination, or an address with its prefix.
    Cidr(&'a Cidr),
    /// A key of a file, an option, or a path.
    Key(&'a Escaped<'a>),
    /// An option's name.
    Name(&'a Packed),
    /// The key of a word of the command line.
    Word(&'a Escaped<'a>),
    /// What the kernel was asked to do.
    Op(&'a Op<'a>),
}

/// See [`Subject::Leased`].
pub struct Leased<'a> {
    /// The link.
    pub link: &'a IfName,
    /// The octets of the address; empty where there is none.
    pub addr: &'a [u8],
}

/// A line for each subject that is always the same.
const WORDS: Packed = packed!(
    "\nDHCP\nMAC rules\nrestored routes\nthe kernel cannot be asked\n/run/ifdawn/lock\nHWADDR\nbootdev=\n--sources\nstate.json\nresolv.conf\nhostname\nrule\ntable\nroute\nfile\nline\ncommand line\nip="
);

impl Show for Subject<'_> {
    fn show(&self, f: &mut Text<'_>) {
        let line = match *self {
            Subject::None => 0,
            Subject::Dhcp => 1,
            Subject::MacRules => 2,
            Subject::RestoredRoutes => 3,
            Subject::Kernel => 4,
            Subject::Lock => 5,
            Subject::Hwaddr => 6,
            Subject::Bootdev => 7,
            Subject::Sources => 8,
            Subject::State => 9,
            Subject::ResolvConf => 10,
            Subject::Hostname => 11,
            Subject::Rule => 12,
            Subject::Table => 13,
            Subject::Route => 14,
            Subject::File => 15,
            Subject::Line => 16,
            Subject::CommandLine => 17,
            Subject::Ip => 18,
            Subject::Owned(link) => return f.show(word!("/run/ifdawn/owned-"), link),
            Subject::Lease(link) => return f.show(word!("/run/ifdawn/lease-"), link),
            Subject::Link(link) => return link.show(f),
            Subject::Matches(link) => return link.show(f),
            Subject::Mac(mac) => return mac.show(f),
            Subject::Leased(leased) => return leased.show(f),
            Subject::Addr(addr) => return addr.show(f),
            Subject::Cidr(addr) => return addr.show(f),
            Subject::Key(key) => return key.show(f),
            Subject::Name(name) => return name.show(f),
            Subject::Word(key) => return show_word(key, f),
            Subject::Op(op) => return op.show(f),
        };
        show_line(line, f);
    }
}

// Each by itself: what goes on from here to one other function, keeps nothing.
#[inline(never)]
fn show_line(line: usize, f: &mut Text<'_>) {
    WORDS.line(line).show(f);
}

#[inline(never)]
fn show_word(key: &Escaped<'_>, f: &mut Text<'_>) {
    key.show(f);
    f.octet(b'=');
}

impl Show for LinkMatch {
    #[inline(never)]
    fn show(&self, f: &mut Text<'_>) {
        match self {
            LinkMatch::Name(name) => name.show(f),
            LinkMatch::Mac(mac) | LinkMatch::Bootif(mac) => mac.show(f),
            LinkMatch::Any => f.word(word!("any link")),
        }
    }
}

impl Show for Leased<'_> {
    #[inline(never)]
    fn show(&self, f: &mut Text<'_>) {
        self.link.show(f);
        match self.addr.as_array::<16>() {
            Some(addr) => f.show(word!(": "), &IpAddr::from(*addr)),
            None => dotted(f, word!(": "), self.addr),
        }
    }
}

displayed!(Subject<'_>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cidr, ip, name};
    use std::string::ToString;

    #[test]
    fn every_subject_has_its_words() {
        let eth0 = &name("eth0");
        let mac = &Mac::new(&[2, 0, 0, 0, 0, 9]).unwrap();
        let leased = |addr| Leased { link: eth0, addr };
        for (subject, words) in [
            (Subject::None, ""),
            (Subject::Dhcp, "DHCP"),
            (Subject::MacRules, "MAC rules"),
            (Subject::RestoredRoutes, "restored routes"),
            (Subject::Kernel, "the kernel cannot be asked"),
            (Subject::Lock, "/run/ifdawn/lock"),
            (Subject::Hwaddr, "HWADDR"),
            (Subject::Bootdev, "bootdev="),
            (Subject::Sources, "--sources"),
            (Subject::State, "state.json"),
            (Subject::ResolvConf, "resolv.conf"),
            (Subject::Hostname, "hostname"),
            (Subject::Owned(eth0), "/run/ifdawn/owned-eth0"),
            (Subject::Lease(eth0), "/run/ifdawn/lease-eth0"),
            (Subject::Link(eth0), "eth0"),
            (Subject::Matches(&LinkMatch::Any), "any link"),
            (Subject::Matches(&LinkMatch::Name(*eth0)), "eth0"),
            (
                Subject::Matches(&LinkMatch::Bootif(*mac)),
                "02:00:00:00:00:09",
            ),
            (Subject::Leased(&leased(&[192, 0, 2, 5])), "eth0: 192.0.2.5"),
            (Subject::Leased(&leased(&[])), "eth0"),
            (Subject::Mac(mac), "02:00:00:00:00:09"),
            (Subject::Addr(&ip("2001:db8::1")), "2001:db8::1"),
            (Subject::Cidr(&cidr("192.0.2.0/24")), "192.0.2.0/24"),
            (Subject::Key(&Escaped(b"a\x1b")), "a\\x1b"),
            (Subject::Name(&packed!("miimon")), "miimon"),
            (Subject::Word(&Escaped(b"ip")), "ip="),
        ] {
            assert_eq!(subject.to_string(), words);
        }
    }
}
