//! A link of state.json for people: what it is and how far on one line, and below it a line for each address, route
//! and so on, which begins with its key, so that grep(1) finds it. What is null or empty is left out.
//!
//! What is read is JSON of ours, or what became of it: nothing is trusted to be there, or to end.

use crate::packed::{Word, word};
use crate::text::parts;
use crate::text::show::Text;

/// What a line below the first one begins with.
const LINE: Word = word!("\n  ");

/// Shows the line of a link ([`link_line`](super::state::link_line)); whether with its timeline.
#[inline(never)]
pub fn show(line: &[u8], with_timeline: bool, text: &mut Text<'_>) {
    let (mut rest, mut key) = (line, &b""[..]);
    // How deep in objects and arrays: 1 in the link, 2 in an array or a lease of it.
    let mut depth = 0_u32;
    let mut before = word!("");
    while let Some((mark, after)) = rest.split_first() {
        // A quote and the string behind it, or another mark and the word behind it, which may be empty.
        let is_string = *mark == b'"';
        let ends = if is_string { "\"" } else { "\",:{}[]" };
        let mut len = 0_usize;
        while let Some(octet) = after.get(len)
            && !parts::has(ends.as_bytes(), *octet)
        {
            // What is behind a backslash ends nothing.
            len = len.wrapping_add(if *octet == b'\\' { 2 } else { 1 });
        }
        let value = parts::slice(after, 0, len);
        rest = parts::slice(after, len.wrapping_add(is_string.into()), usize::MAX);
        if is_string && rest.first() == Some(&b':') {
            key = value;
            if !with_timeline && parts::is(key, b"timeline") {
                rest = parts::after(rest, b']').unwrap_or_default();
            }
            continue;
        }
        match mark {
            b'{' | b'[' => depth = depth.wrapping_add(1),
            b'}' | b']' => depth = depth.wrapping_sub(1),
            _ => {}
        }
        if depth == 2 && !is_string {
            before = LINE;
        }
        if value.is_empty() || !is_string && value.first() == Some(&b'n') {
            continue;
        }
        text.word(before);
        // Within a line a string shows what it is.
        if before == LINE || !is_string {
            string(key, text);
            text.octet(b' ');
        }
        string(value, text);
        before = word!(" ");
    }
    text.octet(b'\n');
}

/// Shows what stands between quotes, safe on a console.
#[inline(never)]
fn string(octets: &[u8], text: &mut Text<'_>) {
    let mut octets = octets.iter();
    while let Some(octet) = octets.next() {
        text.safe_octet(match octet {
            b'\\' => *octets.next().unwrap_or(octet),
            _ => *octet,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::json::begins_with;
    use crate::output::state::next_link;
    use std::string::String;
    use std::vec::Vec;

    fn shown(line: &[u8], with_timeline: bool) -> String {
        struct All<'a>(&'a [u8], bool);
        impl crate::text::show::Show for All<'_> {
            fn show(&self, text: &mut Text<'_>) {
                show(self.0, self.1, text);
            }
        }
        let all: &dyn crate::text::show::Show = &All(line, with_timeline);
        std::format!("{all}")
    }

    const STATIC: &str = r#"{"name":"eth0","ifindex":10,"mac":"52:54:00:00:00:00","kind":"ethernet","state":"up","carrier":true,"addresses":[{"address":"192.0.2.5/24","source":"static","valid_s":null,"preferred_s":null}],"routes":["default via 192.0.2.1 proto 153","10.0.0.0/8 via 192.0.2.9 proto 153 metric 7"],"dns":["192.0.2.53"],"lease4":null,"lease6":null,"ra":[],"timeline":[{"at_us":82,"event":"seen"},{"at_us":1405,"event":"done"}],"problems":[]}"#;
    const DHCP: &str = r#"{"name":"eth0","ifindex":10,"mac":"52:54:00:00:00:00","kind":"ethernet","state":"up","carrier":true,"addresses":[{"address":"192.0.2.100/24","source":"dhcp4","valid_s":3600,"preferred_s":3600}],"routes":["default via 192.0.2.1 proto 153"],"dns":["192.0.2.53"],"lease4":{"DEVICE":"eth0","IPV4ADDR":"192.0.2.100","ROOTPATH":"/a]\"}b"},"lease6":null,"ra":[],"timeline":[],"problems":[]}"#;
    const IPV6: &str = r#"{"name":"eth0.5","ifindex":12,"mac":"52:54:00:00:00:00","kind":"vlan","state":"up","carrier":true,"addresses":[{"address":"2001:db8::5/64","source":"ra","valid_s":86400,"preferred_s":14400},{"address":"fe80::5054:ff:fe00:0/64","source":"link-local","valid_s":null,"preferred_s":null}],"routes":[],"dns":["2001:db8::53","fe80::1%eth0.5"],"lease4":null,"lease6":{"DUID":"00:03:00:01"},"ra":[{"router":"fe80::1","says":"dns","value":"2001:db8::53","valid_s":1800},{"router":"fe80::1","says":"link","value":"","valid_s":0}],"timeline":[],"problems":[]}"#;
    const FAILED: &str = r#"{"name":null,"ifindex":null,"mac":"52:54:00:00:00:07","kind":"ethernet","state":"failed","carrier":false,"addresses":[],"routes":[],"dns":[],"lease4":null,"lease6":null,"ra":[],"timeline":[],"problems":["ifcfg-x:2: IPADDR=\"192.0.2.300\" is not an IP address","the device\\ \u001b[2J did not come é"]}"#;

    #[test]
    fn what_is_there_has_a_line() {
        assert_eq!(
            shown(STATIC.as_bytes(), false),
            "eth0 ifindex 10 52:54:00:00:00:00 ethernet up carrier true\n  \
             address 192.0.2.5/24 static\n  \
             routes default via 192.0.2.1 proto 153\n  \
             routes 10.0.0.0/8 via 192.0.2.9 proto 153 metric 7\n  \
             dns 192.0.2.53\n"
        );
        assert_eq!(
            shown(DHCP.as_bytes(), true),
            "eth0 ifindex 10 52:54:00:00:00:00 ethernet up carrier true\n  \
             address 192.0.2.100/24 dhcp4 valid_s 3600 preferred_s 3600\n  \
             routes default via 192.0.2.1 proto 153\n  \
             dns 192.0.2.53\n  \
             DEVICE eth0\n  IPV4ADDR 192.0.2.100\n  ROOTPATH /a]\"}b\n"
        );
        assert_eq!(
            shown(IPV6.as_bytes(), false),
            "eth0.5 ifindex 12 52:54:00:00:00:00 vlan up carrier true\n  \
             address 2001:db8::5/64 ra valid_s 86400 preferred_s 14400\n  \
             address fe80::5054:ff:fe00:0/64 link-local\n  \
             dns 2001:db8::53\n  dns fe80::1%eth0.5\n  \
             DUID 00:03:00:01\n  \
             router fe80::1 dns 2001:db8::53 valid_s 1800\n  \
             router fe80::1 link valid_s 0\n"
        );
    }

    #[test]
    fn what_has_no_name_is_called_by_its_mac_and_problems_are_safe() {
        assert_eq!(
            shown(FAILED.as_bytes(), false),
            "52:54:00:00:00:07 ethernet failed carrier false\n  \
             problems ifcfg-x:2: IPADDR=\"192.0.2.300\" is not an IP address\n  \
             problems the device\\ u001b[2J did not come \\xc3\\xa9\n"
        );
    }

    #[test]
    fn who_wants_to_know_more_sees_what_took_how_long() {
        let text = shown(STATIC.as_bytes(), true);
        assert!(
            text.ends_with("  dns 192.0.2.53\n  at_us 82 seen\n  at_us 1405 done\n"),
            "{text}"
        );
    }

    #[test]
    fn links_are_found_by_their_whole_names() {
        let text = std::format!("{STATIC},\n{IPV6},\n{FAILED}\n]}}\n");
        let count = |name: Option<&str>| {
            let is_wanted = |of: &[u8]| name.is_none_or(|name| begins_with(of, &name));
            let (mut rest, mut count) = (Some(text.as_bytes()), 0);
            while let Some(line) = next_link(&mut rest, &is_wanted) {
                assert!(line.ends_with(b"]}"));
                count += 1;
            }
            count
        };
        assert_eq!(
            [
                None,
                Some("eth0"),
                Some("eth0.5"),
                Some("eth"),
                Some("null")
            ]
            .map(count),
            [3, 1, 1, 0, 0]
        );
    }

    fn is_safe(line: &[u8]) {
        for with_timeline in [false, true] {
            let text = shown(line, with_timeline);
            let is_plain = |octet: u8| matches!(octet, b'\n' | 0x20..=0x7e);
            assert!(
                text.bytes().all(is_plain) && text.ends_with('\n'),
                "{text:?}"
            );
            // Each octet has at most four columns, each value its key.
            assert!(
                text.len() <= 6 * line.len() * line.len() + 1,
                "{}",
                text.len()
            );
        }
    }

    #[test]
    fn a_line_may_end_anywhere() {
        for line in [STATIC, DHCP, IPV6, FAILED] {
            for len in 0..line.len() {
                is_safe(&line.as_bytes()[..len]);
                is_safe(&line.as_bytes()[len..]);
            }
        }
    }

    #[test]
    fn a_line_may_be_anything() {
        let mut seed = 1_u32;
        let mut random = |n: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % n
        };
        let marks = b"\"\\{}[]:,ntf0\x1b\xff ";
        for _ in 0..3_000 {
            let mut line: Vec<u8> = (0..random(60))
                .map(|_| marks[random(marks.len())])
                .collect();
            is_safe(&line);
            line = IPV6.as_bytes().to_vec();
            for _ in 0..4 {
                let at = random(line.len());
                line[at] = random(256) as u8;
            }
            is_safe(&line);
        }
    }
}
