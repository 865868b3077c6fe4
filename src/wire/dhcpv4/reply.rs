//! What is heard of servers.
//!
//! An option lies in one of up to three areas: the options, `file`, `sname`. Whatever has its code in any of
//! them is one option, joined in this order before it is looked at (RFC 3396). An area whose lengths lie
//! makes the message malformed; a message type of a wrong length does, too, lest it is taken for BOOTP. Any
//! other option that has not its form counts as absent, and is marked as left out.

use super::{CHADDR, COOKIE, END, HEADER, MESSAGE_MAX, PAD};
use crate::model::addr::classful_len;
use crate::model::lease::{Field, Lease, Verdict, is_host, is_sound};
use crate::model::slots;
use crate::text::parts;
use crate::wire::ipv4::{self, Checksum};
use crate::wire::netlink::copy;
use crate::wire::option::decode;
use core::net::Ipv4Addr;
use heapless::Vec;

/// Reads an IP packet into `lease`; what was there before is gone. Its verdict stands first: of a packet that
/// is not [`Verdict::Fine`] the fields mean nothing.
#[inline(never)]
pub fn read(packet: &[u8], checksum: Checksum, lease: &mut Lease) {
    *lease = Lease::NONE;
    let verdict = match ipv4::open(packet, checksum) {
        Ok(message) => reply(message, lease).unwrap_or(Verdict::Malformed),
        Err(verdict) => verdict,
    };
    lease.judge(verdict);
}

/// Puts what a message says; `None` where it is malformed.
fn reply(message: &[u8], lease: &mut Lease) -> Option<Verdict> {
    let (header, options) = message.split_at_checked(HEADER)?;
    let [op, _, hlen, ..] = *header else {
        return None;
    };
    if op != BOOTREPLY {
        return Some(Verdict::NotForUs);
    }
    if usize::from(hlen) > CHADDR {
        return None;
    }
    let chaddr = header.get(28..).and_then(|rest| rest.get(..hlen.into()));
    lease.add(Field::Xid, header.get(4..8)?);
    lease.add(Field::Chaddr, chaddr?);

    let joined = &mut Joined::new();
    let options = match options.split_first_chunk() {
        Some((cookie, options)) if *cookie == COOKIE => options,
        Some(_) | None => &[],
    };
    let mut areas = [options, &[], &[]];
    gather(&areas, OVERLOAD, joined)?;
    let overload = match **joined {
        [overload @ 1..=3] => usize::from(overload),
        [..] => 0,
    };
    for (field, at, len, area) in HEADER_FIELDS {
        let octets = parts::slice(header, usize::from(*at), usize::from(*len));
        let area = usize::from(*area);
        match areas.get_mut(area) {
            Some(options) if overload & area != 0 => *options = octets,
            Some(_) | None if matches!(octets, [0, ..]) => {}
            Some(_) | None => decode(field.number(), octets, &mut lease.0),
        }
    }
    // What comes later is what counts: the classless routes after all that they supersede.
    if gather(&areas, STATIC_ROUTES, joined)? {
        classful(joined, lease);
    }
    for field in 0..Field::ALL.len() as u8 {
        let code = slots::row(field).code;
        if code != 0 && gather(&areas, code, joined)? {
            match field {
                ROUTES => classless(joined, lease),
                _ => decode(field, joined, &mut lease.0),
            }
        }
    }
    (!lease.left_out(Field::Message)).then_some(Verdict::Fine)
}

/// The octets of all options of one code.
type Joined = Vec<u8, { MESSAGE_MAX as usize }>;

/// Joins what the areas have of one code (RFC 3396 s.7), and says whether there is any. `None` where an
/// option goes beyond its area, or there is more than a frame can carry.
#[inline(never)]
fn gather(areas: &[&[u8]; 3], code: u8, joined: &mut Joined) -> Option<bool> {
    let mut is_there = false;
    joined.clear();
    for area in areas {
        let mut rest = *area;
        while let Some((found, octets)) = next(&mut rest) {
            if found == code {
                is_there = true;
                joined.extend_from_slice(octets).ok()?;
            }
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(is_there)
}
/// The next option in `rest`; `None`, and nothing is left, at the end. Something is left where an option
/// goes beyond it.
fn next<'m>(rest: &mut &'m [u8]) -> Option<(u8, &'m [u8])> {
    loop {
        match *rest {
            [PAD, after @ ..] => *rest = after,
            [] | [END, ..] => {
                *rest = &[];
                return None;
            }
            [code, len, after @ ..] => {
                let (octets, after) = after.split_at_checked(usize::from(*len))?;
                *rest = after;
                return Some((*code, octets));
            }
            [_] => return None,
        }
    }
}

/// Puts classless routes (RFC 3442), which supersede all others: the router is that of the first default
/// route that has one, and there is none without. Where the lengths lie it is as if there were no such
/// option, so that what it would supersede brings the machine up.
fn classless(octets: &[u8], lease: &mut Lease) {
    let mut rest = octets;
    while next_route(&mut rest).is_some() {}
    if !rest.is_empty() || octets.is_empty() {
        lease.leave_out(Field::Routes);
        return;
    }
    lease.clear(Field::Router);
    lease.clear(Field::Routes);
    rest = octets;
    while let Some(route) = next_route(&mut rest) {
        match *route {
            [0, a, b, c, d] if is_host(Ipv4Addr::new(a, b, c, d)) => {
                if lease.get(Field::Router).is_empty() {
                    lease.add(Field::Router, &[a, b, c, d]);
                }
            }
            [..] => add_route(route, lease),
        }
    }
}

/// The next classless route: prefix length, significant octets of the destination, gateway. `None` at the
/// end, and where it is not whole; then something is left.
#[inline(never)]
fn next_route<'r>(rest: &mut &'r [u8]) -> Option<&'r [u8]> {
    let [len @ 0..=32, ..] = **rest else {
        return None;
    };
    let whole = usize::from(len).div_ceil(8).wrapping_add(5);
    let (route, after) = rest.split_at_checked(whole)?;
    *rest = after;
    Some(route)
}

/// Puts static routes (RFC 2132 s.5.8): a destination and its router each, the prefix being that of its
/// class, a full one where it is no network of its class. There is no default route among them.
fn classful(octets: &[u8], lease: &mut Lease) {
    let (routes, rest) = octets.as_chunks::<8>();
    if !rest.is_empty() {
        lease.leave_out(Field::Routes);
        return;
    }
    for said in routes {
        let [d0, d1, d2, d3, ..] = *said;
        let dst = Ipv4Addr::new(d0, d1, d2, d3);
        if is_host(dst) {
            let mut route = [0; 9];
            let [len, rest @ ..] = &mut route;
            *rest = *said;
            // What is no network of its class is a host.
            *len = classful_len(dst);
            if dst.to_bits() << *len != 0 {
                *len = 32;
            }
            add_route(&route, lease);
        } else {
            lease.leave_out(Field::Routes);
        }
    }
}

/// Adds a route, its host bits cleared, or leaves it out where its gateway cannot be one.
#[inline(never)]
fn add_route(octets: &[u8], lease: &mut Lease) {
    let &[len, ref dst @ .., g0, g1, g2, g3] = octets else {
        return;
    };
    let mut whole = [0; 4];
    copy(&mut whole, dst);
    let host_bits = u64::from(u32::MAX).wrapping_shr(len.into()) as u32;
    let [d0, d1, d2, d3] = (u32::from_be_bytes(whole) & !host_bits).to_be_bytes();
    let octets = [d0, d1, d2, d3, len, g0, g1, g2, g3];
    match is_sound(Field::Routes, &octets) {
        true => lease.add(Field::Routes, &octets),
        false => lease.leave_out(Field::Routes),
    }
}

/// What the header says beside what every reply does: where it is and how long, and the bit of the overload
/// that makes it an area, in the order of their bits.
const HEADER_FIELDS: &[(Field, u8, u8, u8)] = &[
    (Field::Addr, 16, 4, 0),
    (Field::NextServer, 20, 4, 0),
    (Field::Bootfile, 108, 128, 1),
    (Field::ServerName, 44, 64, 2),
];

/// The last field.
const ROUTES: u8 = Field::Routes.number();
/// `op` of servers.
const BOOTREPLY: u8 = 2;
/// Static routes.
const STATIC_ROUTES: u8 = 33;
/// Which areas hold options: 1 `file`, 2 `sname`, 3 both.
const OVERLOAD: u8 = 52;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lease::{Kind, MAX_LEASE_ROUTES, ROUTE_OCTETS};
    use crate::wire::dhcpv4::{ACK, OFFER};
    use crate::wire::ipv4::tests::packet;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    /// A reply with these octets behind the cookie.
    fn message(options: &[u8]) -> Vec<u8> {
        let mut message = vec![0; HEADER];
        message[..8].copy_from_slice(&[2, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
        message[16..20].copy_from_slice(&[192, 0, 2, 7]);
        message[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
        message.extend(COOKIE);
        message.extend(options);
        message
    }

    /// What is heard of it.
    fn heard(message: &[u8]) -> Lease {
        let mut lease = Lease::NONE;
        lease.put(Field::Mtu, &[5, 220]);
        lease.leave_out(Field::Mtu);
        read(&packet(message), Checksum::Complete, &mut lease);
        assert!(lease.is_sound());
        lease
    }

    /// The same for options, an ACK before and an end behind them.
    fn lease(options: &[u8]) -> Lease {
        let mut all = vec![53, 1, ACK];
        all.extend(options);
        all.push(END);
        let lease = heard(&message(&all));
        assert_eq!(lease.verdict(), Verdict::Fine, "{options:?}");
        lease
    }

    /// An option, of as many pieces as it takes.
    fn option(code: u8, octets: &[u8]) -> Vec<u8> {
        let mut option = Vec::new();
        for piece in octets.chunks(255) {
            option.extend([code, piece.len() as u8]);
            option.extend(piece);
        }
        option
    }

    /// A field as text, and `!` where something of it is left out.
    fn shown(lease: &Lease, field: Field) -> String {
        let octets = lease.get(field);
        let mut text = match field.slot().kind {
            Kind::Hostname | Kind::Domains | Kind::Text | Kind::Texts => {
                String::from_utf8(octets.to_vec()).unwrap()
            }
            Kind::Number
            | Kind::Addr
            | Kind::Addrs
            | Kind::Octets
            | Kind::Addrs6
            | Kind::Leased => octets
                .iter()
                .map(|octet| std::format!("{octet}"))
                .collect::<Vec<String>>()
                .join("."),
            Kind::Routes => octets
                .chunks(ROUTE_OCTETS)
                .map(|octets| {
                    let [d0, d1, d2, d3, len, g0, g1, g2, g3] = octets.try_into().unwrap();
                    std::format!("{d0}.{d1}.{d2}.{d3}/{len}>{g0}.{g1}.{g2}.{g3}")
                })
                .collect::<Vec<String>>()
                .join(" "),
        };
        if lease.left_out(field) {
            text.push('!');
        }
        text
    }

    fn assert_said(code: u8, field: Field, table: &[(&[u8], &str)]) {
        for (octets, text) in table {
            let mut all = vec![code, octets.len() as u8];
            all.extend(*octets);
            assert_eq!(shown(&lease(&all), field), *text, "{field:?} {octets:?}");
        }
    }

    #[test]
    fn the_header_is_read_without_options_too() {
        let mut message = message(&[]);
        message[20..24].copy_from_slice(&[192, 0, 2, 3]);
        message[44..50].copy_from_slice(b"server");
        message[108..117].copy_from_slice(b"boot/file");
        let mut bootp = message.clone();
        bootp.truncate(HEADER);
        let mut other_cookie = message.clone();
        other_cookie[HEADER] = 0;
        other_cookie.extend([53, 1, ACK]);
        for message in [message, bootp, other_cookie] {
            let lease = heard(&message);
            assert_eq!(lease.verdict(), Verdict::Fine);
            for (field, text) in [
                (Field::Message, ""),
                (Field::Xid, "222.173.190.239"),
                (Field::Chaddr, "2.0.0.0.0.9"),
                (Field::Addr, "192.0.2.7"),
                (Field::NextServer, "192.0.2.3"),
                (Field::ServerName, "server"),
                (Field::Bootfile, "boot/file"),
                (Field::Mtu, ""),
            ] {
                assert_eq!(shown(&lease, field), text);
            }
        }
    }

    #[test]
    fn fields_of_zeros_say_nothing() {
        let mut message = message(&[]);
        message[4..8].fill(0);
        message[16..20].fill(0);
        message[45] = b'x';
        let lease = heard(&message);
        for field in [
            Field::Addr,
            Field::NextServer,
            Field::ServerName,
            Field::Bootfile,
        ] {
            assert_eq!(shown(&lease, field), "");
        }
        assert_eq!(lease.number(Field::Xid), Some(0));
    }

    #[test]
    fn addresses_nobody_has_are_left_out() {
        for addr in [
            [127, 0, 0, 1],
            [224, 0, 0, 1],
            [240, 0, 0, 1],
            [255, 255, 255, 255],
        ] {
            let mut message = message(&[]);
            message[16..20].copy_from_slice(&addr);
            message[20..24].copy_from_slice(&addr);
            let lease = heard(&message);
            assert_eq!(shown(&lease, Field::Addr), "!");
            assert_eq!(shown(&lease, Field::NextServer), "!");
            assert_said(54, Field::Server, &[(&addr, "!")]);
        }
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        let ok = message(&[53, 1, OFFER, END]);
        for (name, at, octet, verdict) in [
            ("a request", 0, 1, Verdict::NotForUs),
            ("no op", 0, 0, Verdict::NotForUs),
            ("hlen 17", 2, 17, Verdict::Malformed),
            ("hlen 255", 2, 255, Verdict::Malformed),
            ("hlen 16", 2, 16, Verdict::Fine),
            ("InfiniBand", 2, 0, Verdict::Fine),
        ] {
            let mut message = ok.clone();
            message[at] = octet;
            assert_eq!(heard(&message).verdict(), verdict, "{name}");
        }
        assert_eq!(heard(&ok[..HEADER - 1]).verdict(), Verdict::Malformed);
        assert_eq!(heard(&[]).verdict(), Verdict::Malformed);
        let mut long = ok.clone();
        long.resize(9_000, 0);
        assert_eq!(heard(&long).verdict(), Verdict::Fine);
        let mut lease = Lease::NONE;
        read(&[], Checksum::Complete, &mut lease);
        assert_eq!(lease.verdict(), Verdict::Malformed);
    }

    #[test]
    fn lengths_that_lie_make_a_message_malformed() {
        for (options, verdict) in [
            (&[53, 1, OFFER][..], Verdict::Fine),
            (&[53, 1, OFFER, PAD, PAD], Verdict::Fine),
            (&[53, 1, OFFER, END, 3, 200], Verdict::Fine),
            (&[PAD, 53, 1, OFFER, END, 3], Verdict::Fine),
            (&[53, 1, OFFER, 3, 4, 1, 2, 3], Verdict::Malformed),
            (&[53, 1, OFFER, 3, 255, 1, END], Verdict::Malformed),
            (&[53, 1, OFFER, 3], Verdict::Malformed),
            (&[53, 1], Verdict::Malformed),
            (&[53, 0], Verdict::Malformed),
            (&[53, 2, OFFER, OFFER], Verdict::Malformed),
            (&[53, 1, OFFER, 53, 1, ACK], Verdict::Malformed),
        ] {
            assert_eq!(heard(&message(options)).verdict(), verdict, "{options:?}");
        }
    }

    #[test]
    fn numbers_have_one_length() {
        for (code, field) in [
            (51, Field::LeaseTime),
            (58, Field::RenewTime),
            (59, Field::RebindTime),
            (108, Field::V6Only),
        ] {
            let table: &[(&[u8], &str)] = &[
                (&[0, 0, 14, 16], "0.0.14.16"),
                (&[255; 4], "255.255.255.255"),
                (&[], "!"),
                (&[1, 2, 3], "!"),
                (&[1, 2, 3, 4, 5], "!"),
                (&[1, 2, 3, 4, 1, 2, 3, 4], "!"),
            ];
            assert_said(code, field, table);
        }
        let mtus: &[(&[u8], &str)] = &[
            (&[5, 220], "5.220"),
            (&[0, 68], "0.68"),
            (&[255, 255], "255.255"),
            (&[0, 67], "!"),
            (&[0, 0], "!"),
            (&[5], "!"),
            (&[0, 0, 5], "!"),
        ];
        assert_said(26, Field::Mtu, mtus);
        assert_said(80, Field::RapidCommit, &[(&[], "1"), (&[0, 0], "!")]);
    }

    #[test]
    fn masks_are_contiguous() {
        let masks: &[(&[u8], &str)] = &[
            (&[255, 255, 255, 0], "255.255.255.0"),
            (&[255, 255, 255, 255], "255.255.255.255"),
            (&[128, 0, 0, 0], "128.0.0.0"),
            (&[255, 255, 255, 254], "255.255.255.254"),
            (&[0, 0, 0, 0], "!"),
            (&[255, 0, 255, 0], "!"),
            (&[0, 0, 0, 255], "!"),
            (&[255, 255, 255], "!"),
            (&[255, 255, 255, 0, 255], "!"),
        ];
        assert_said(1, Field::Mask, masks);
        assert_said(28, Field::Broadcast, &[(&[255; 4], "255.255.255.255")]);
        assert_said(28, Field::Broadcast, &[(&[255; 3], "!")]);
    }

    #[test]
    fn lists_of_addresses_keep_what_can_be_used() {
        let lists: &[(&[u8], &str)] = &[
            (&[192, 0, 2, 1], "192.0.2.1"),
            (&[192, 0, 2, 1, 192, 0, 2, 2], "192.0.2.1.192.0.2.2"),
            (&[0, 0, 0, 0, 192, 0, 2, 2], "192.0.2.2!"),
            (&[0, 0, 0, 0], "!"),
            (&[192, 0, 2], "!"),
            (&[192, 0, 2, 1, 192], "192.0.2.1!"),
            (&[], "!"),
        ];
        assert_said(6, Field::Dns, lists);
        assert_said(42, Field::Ntp, lists);
        let routers: &[(&[u8], &str)] = &[
            (&[192, 0, 2, 1], "192.0.2.1"),
            (&[192, 0, 2, 1, 192, 0, 2, 2], "192.0.2.1"),
            (&[255, 255, 255, 255, 192, 0, 2, 2], "192.0.2.2!"),
            (&[127, 0, 0, 1], "!"),
            (&[192, 0, 2, 1, 192], "192.0.2.1"),
            (&[192, 0, 2], "!"),
        ];
        assert_said(3, Field::Router, routers);
        for (code, field) in [(6, Field::Dns), (42, Field::Ntp)] {
            let many: Vec<u8> = (1..=60).flat_map(|n| [192, 0, 2, n]).collect();
            let lease = lease(&option(code, &many));
            let room = usize::from(field.slot().room);
            assert_eq!(lease.get(field), &many[..room]);
            assert!(lease.left_out(field));
        }
    }

    #[test]
    fn names_are_cut_at_nul_and_have_to_be_names() {
        let names: &[(&[u8], &str)] = &[
            (b"host-1", "host-1"),
            (b"host.example.net", "host.example.net"),
            (b"host\0", "host"),
            (b"host\0\0other", "host"),
            (b"\0", "!"),
            (b"-host", "!"),
            (b"ho st", "!"),
            (b"$(reboot)", "!"),
            (b"`id`", "!"),
            (b"a;b", "!"),
            (b"a\nb", "!"),
            (b"\x1b[2J", "!"),
            (b"caf\xc3\xa9", "!"),
            (&[b'x'; 65], "!"),
        ];
        assert_said(12, Field::Hostname, names);
        let domains: &[(&[u8], &str)] = &[
            (b"example.net", "example.net"),
            (b"a.example b.example\0", "a.example b.example"),
            (b" example.net ", "example.net"),
            (b"a.example;reboot", "!"),
            (b"a.example 'b'", "!"),
            (b"a..b", "!"),
            (b" ", "!"),
        ];
        assert_said(15, Field::Domain, domains);
    }

    #[test]
    fn texts_are_paths_and_urls_only() {
        let texts: &[(&[u8], &str)] = &[
            (
                b"nfs:192.0.2.1:/srv/root,ro=1",
                "nfs:192.0.2.1:/srv/root,ro=1",
            ),
            (
                b"iscsi:192.0.2.1::::iqn.2001-04.com.example:disk",
                "iscsi:192.0.2.1::::iqn.2001-04.com.example:disk",
            ),
            (b"/srv/root\0", "/srv/root"),
            (b"\0/srv/root", "!"),
            (b"/srv/$HOME", "!"),
            (b"/srv root", "!"),
            (b"/srv/\x07", "!"),
            (b"/srv/\"", "!"),
        ];
        for (code, field) in [
            (17, Field::RootPath),
            (67, Field::Bootfile),
            (66, Field::ServerName),
        ] {
            assert_said(code, field, texts);
        }
        let long = lease(&option(17, &[b'x'; 513]));
        assert_eq!(shown(&long, Field::RootPath), "!");
        let full = lease(&option(17, &[b'x'; 512]));
        assert_eq!(full.get(Field::RootPath), &[b'x'; 512]);
    }

    #[test]
    fn options_stand_before_the_fields_of_the_header() {
        let mut all = message(&[67, 3, b'n', b'e', b'w', 66, 1, b'h', END]);
        all[44..50].copy_from_slice(b"server");
        all[108..112].copy_from_slice(b"file");
        let both = heard(&all);
        assert_eq!(shown(&both, Field::Bootfile), "new");
        assert_eq!(shown(&both, Field::ServerName), "h");
        all[242] = b'$';
        let unusable = heard(&all);
        assert_eq!(shown(&unusable, Field::Bootfile), "file!");
    }

    /// A message with an overload of `overload`, `file` and `sname` as given.
    fn overloaded(overload: &[u8], file: &[u8], sname: &[u8]) -> Lease {
        let mut all = option(52, overload);
        all.extend([6, 4, 192, 0, 2, 1, END]);
        let mut message = message(&all);
        message[44..44 + sname.len()].copy_from_slice(sname);
        message[108..108 + file.len()].copy_from_slice(file);
        heard(&message)
    }

    #[test]
    fn overloaded_fields_are_areas_of_options() {
        let file = [6, 4, 192, 0, 2, 2, 15, 1, b'd', END, 9];
        let sname = [6, 4, 192, 0, 2, 3, 12, 1, b'h', END, 9];
        for (overload, dns, domain, hostname) in [
            (1, "192.0.2.1.192.0.2.2", "d", ""),
            (2, "192.0.2.1.192.0.2.3", "", "h"),
            (3, "192.0.2.1.192.0.2.2.192.0.2.3", "d", "h"),
        ] {
            let lease = overloaded(&[overload], &file, &sname);
            assert_eq!(lease.verdict(), Verdict::Fine);
            assert_eq!(shown(&lease, Field::Dns), dns);
            assert_eq!(shown(&lease, Field::Domain), domain);
            assert_eq!(shown(&lease, Field::Hostname), hostname);
            let texts = [
                (overload & 1, Field::Bootfile),
                (overload & 2, Field::ServerName),
            ];
            for (bit, field) in texts {
                // Octets below 32 are no text.
                assert_eq!(shown(&lease, field), if bit == 0 { "!" } else { "" });
            }
        }
    }

    #[test]
    fn an_overload_that_is_none_is_no_overload() {
        for overload in [&[0][..], &[4], &[255], &[1, 2], &[3, 3]] {
            let lease = overloaded(overload, b"file", b"server");
            assert_eq!(shown(&lease, Field::Bootfile), "file");
            assert_eq!(shown(&lease, Field::ServerName), "server");
        }
        // Within an overloaded field it means nothing.
        let nested = overloaded(&[1], &[52, 1, 3, END], &[12, 1, b'h']);
        assert_eq!(nested.verdict(), Verdict::Fine);
        assert_eq!(shown(&nested, Field::Hostname), "");
        // Lengths lie in any area.
        for (file, sname) in [(&[12, 200, b'h'][..], &[][..]), (&[], &[12, 200, b'h'][..])] {
            let lease = overloaded(&[3], file, sname);
            assert_eq!(lease.verdict(), Verdict::Malformed);
        }
    }

    #[test]
    fn pieces_are_joined_before_they_are_read() {
        let domain = b"a-rather-long-name.example.net";
        for at in 0..=domain.len() {
            let (head, tail) = domain.split_at(at);
            let mut all = vec![15, head.len() as u8];
            all.extend(head);
            all.extend([PAD, 3, 4, 192, 0, 2, 1, 15, tail.len() as u8]);
            all.extend(tail);
            assert_eq!(lease(&all).get(Field::Domain), domain);
        }
        let options = [52, 1, 3, 1, 1, 255, 15, 2, b'a', b'b', END];
        let mut message = message(&options);
        message[108..119].copy_from_slice(&[1, 2, 255, 255, 15, 2, b'.', b'c', END, 1, 200]);
        message[44..50].copy_from_slice(&[1, 1, 0, 15, 1, b'd']);
        let lease = heard(&message);
        assert_eq!(shown(&lease, Field::Mask), "255.255.255.0");
        assert_eq!(shown(&lease, Field::Domain), "ab.cd");
    }

    #[test]
    fn search_domains_are_decompressed() {
        let table: &[(&[u8], &str)] = &[
            (b"\x01a\x07example\x00", "a.example"),
            (b"\x01a\x07example\x00\x01b\xc0\x02", "a.example b.example"),
            (
                b"\x01a\x07example\x00\x01b\xc0\x02\x01c\xc0\x0b\xc0\x0b",
                "a.example b.example c.b.example b.example",
            ),
            (b"\x01a\x00\x00", "a!"),
            (b"\x00\x01a\x00", "a"),
            (b"\x03a b\x00\x01c\x00", "c!"),
            (b"\x03a;b\x00", "!"),
            (b"\x04$(x)\x00\x01c\x00", "c!"),
            (b"\x02-a\x00", "!"),
            // to itself, to what follows, to its own beginning, beyond the end
            (b"\xc0\x00", "!"),
            (b"\x01a\x00\xc0\x05\x01b\x00", "a!"),
            (b"\x01a\xc0\x00", "!"),
            (b"\x01a\x00\x01b\xc0\x03", "a!"),
            (b"\x01a\x00\xff\xff", "a!"),
            // two that point to each other
            (b"\x01a\xc0\x04\xc0\x00", "!"),
            // a name that reads on into a pointer to where it was
            (b"\x01a\x01b\x00\x01c\xc0\x02", "a.b c.b"),
            (b"\x01a\x00\xc0", "a!"),
            (b"\x01a\x00\x40a\x00", "a!"),
            (b"\x01a\x00\x80a\x00", "a!"),
            (b"\x01a\x00\x05abc", "a!"),
            (b"\x01a\x00\x01b", "a!"),
            (b"\x05", "!"),
            (b"", "!"),
        ];
        assert_said(119, Field::Search, table);
    }

    #[test]
    fn search_domains_have_bounds() {
        // pointers, each to the one before
        let mut chain = vec![1, b'a', 0];
        let mut target = 0_u16;
        while chain.len() < 1_000 {
            let at = chain.len() as u16;
            chain.extend((0xc000 | target).to_be_bytes());
            target = at;
        }
        let chained = lease(&option(119, &chain));
        assert!(chained.get(Field::Search).starts_with(b"a a a a"));
        assert!(chained.left_out(Field::Search));
        // names without room
        let mut many = Vec::new();
        for n in 0..100_u8 {
            many.extend(std::format!("\x08domain{n:02}\0").as_bytes());
        }
        let many = lease(&option(119, &many));
        assert_eq!(many.get(Field::Search).len(), 57 * 8 + 56);
        assert!(many.get(Field::Search).ends_with(b"domain56"));
        assert!(many.left_out(Field::Search));
        // a name that is too long
        let mut long = b"\x01a\x00".to_vec();
        (0..5).for_each(|_| {
            long.push(63);
            long.extend([b'x'; 63]);
        });
        long.extend(b"\x00\x01b\x00");
        let long = lease(&option(119, &long));
        assert_eq!(shown(&long, Field::Search), "a!");
        let longest = [
            "x".repeat(63),
            "x".repeat(63),
            "x".repeat(63),
            "x".repeat(61),
        ];
        let mut octets = Vec::new();
        for label in &longest {
            octets.push(label.len() as u8);
            octets.extend(label.as_bytes());
        }
        octets.push(0);
        let lease = lease(&option(119, &octets));
        assert_eq!(shown(&lease, Field::Search), longest.join("."));
    }

    #[test]
    fn classless_routes_supersede_all_others() {
        let router = [3, 4, 192, 0, 2, 1];
        let old = [33, 8, 10, 1, 2, 3, 192, 0, 2, 2];
        for (octets, routes, gateway) in [
            (
                &[24, 10, 1, 2, 192, 0, 2, 9][..],
                "10.1.2.0/24>192.0.2.9",
                "",
            ),
            (&[0, 192, 0, 2, 9], "", "192.0.2.9"),
            (&[0, 0, 0, 0, 0], "0.0.0.0/0>0.0.0.0", ""),
            (
                &[0, 0, 0, 0, 0, 0, 192, 0, 2, 9, 0, 192, 0, 2, 10],
                "0.0.0.0/0>0.0.0.0",
                "192.0.2.9",
            ),
            (
                &[32, 10, 1, 2, 3, 0, 0, 0, 0, 25, 10, 1, 2, 255, 192, 0, 2, 9],
                "10.1.2.3/32>0.0.0.0 10.1.2.128/25>192.0.2.9",
                "",
            ),
            (&[1, 255, 192, 0, 2, 9], "128.0.0.0/1>192.0.2.9", ""),
            (&[8, 10, 127, 0, 0, 1], "!", ""),
            (&[0, 224, 0, 0, 1], "!", ""),
            (
                &[8, 10, 255, 255, 255, 255, 8, 11, 192, 0, 2, 9],
                "11.0.0.0/8>192.0.2.9!",
                "",
            ),
        ] {
            for reverse in [0, 1] {
                let mut parts = [router.to_vec(), old.to_vec(), option(121, octets)];
                if reverse == 1 {
                    parts.reverse();
                }
                let lease = lease(&parts.concat());
                assert_eq!(shown(&lease, Field::Routes), routes, "{octets:?}");
                assert_eq!(shown(&lease, Field::Router), gateway, "{octets:?}");
            }
        }
    }

    #[test]
    fn classless_routes_whose_lengths_lie_supersede_nothing() {
        for octets in [
            &[33, 10, 1, 2, 3, 4, 192, 0, 2, 9][..],
            &[255, 10, 1, 2, 3, 4, 192, 0, 2, 9],
            &[24, 10, 1, 2, 192, 0, 2],
            &[24, 10],
            &[0],
            &[0, 192, 0, 2, 9, 24],
            &[8, 10, 192, 0, 2, 9, 24, 10, 1, 2, 192, 0, 2],
        ] {
            let mut all = option(121, octets);
            all.extend([3, 4, 192, 0, 2, 1, 33, 8, 10, 0, 0, 0, 192, 0, 2, 2]);
            let lease = lease(&all);
            assert_eq!(shown(&lease, Field::Routes), "10.0.0.0/8>192.0.2.2!");
            assert_eq!(shown(&lease, Field::Router), "192.0.2.1");
        }
        let lease = lease(&[121, 0]);
        assert_eq!(shown(&lease, Field::Routes), "!");
    }

    #[test]
    fn static_routes_have_the_prefix_of_their_class() {
        let table: &[(&[u8], &str)] = &[
            (&[10, 0, 0, 0, 192, 0, 2, 9], "10.0.0.0/8>192.0.2.9"),
            (&[172, 16, 0, 0, 192, 0, 2, 9], "172.16.0.0/16>192.0.2.9"),
            (&[192, 168, 1, 0, 192, 0, 2, 9], "192.168.1.0/24>192.0.2.9"),
            (&[10, 1, 2, 0, 192, 0, 2, 9], "10.1.2.0/32>192.0.2.9"),
            (&[192, 168, 1, 9, 192, 0, 2, 9], "192.168.1.9/32>192.0.2.9"),
            (
                &[0, 0, 0, 0, 192, 0, 2, 9, 10, 0, 0, 0, 192, 0, 2, 9],
                "10.0.0.0/8>192.0.2.9!",
            ),
            (&[127, 0, 0, 0, 192, 0, 2, 9], "!"),
            (&[224, 0, 0, 0, 192, 0, 2, 9], "!"),
            (&[10, 0, 0, 0, 127, 0, 0, 1], "!"),
            (&[10, 0, 0, 0, 192, 0, 2], "!"),
            (&[10, 0, 0, 0, 192, 0, 2, 9, 10], "!"),
        ];
        assert_said(33, Field::Routes, table);
    }

    #[test]
    fn a_thousand_routes_do_not_fit_and_the_first_are_kept() {
        let default = [0, 0, 0, 0, 0].repeat(290);
        let routes = lease(&option(121, &default));
        let expected = [0; MAX_LEASE_ROUTES * ROUTE_OCTETS];
        assert_eq!(routes.get(Field::Routes), expected);
        assert!(routes.left_out(Field::Routes));
        let mut all = vec![53, 1, ACK];
        all.extend(option(121, &default.repeat(4)));
        assert_eq!(heard(&message(&all)).verdict(), Verdict::Malformed);
        let mut full = Lease::NONE;
        for n in 0..1_000_u16 {
            let [high, low] = n.to_be_bytes();
            add_route(&[32, 10, 0, high, low, 192, 0, 2, 9], &mut full);
        }
        let kept = full.get(Field::Routes);
        assert_eq!(kept.len(), MAX_LEASE_ROUTES * ROUTE_OCTETS);
        assert_eq!(kept[ROUTE_OCTETS..][..5], [10, 0, 0, 1, 32]);
        assert!(full.left_out(Field::Routes));
    }
}
