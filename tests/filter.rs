//! What the packet sockets hear: the program's own filters, on a socket that needs no rights.
#![cfg(target_os = "linux")]

#[cfg(test)]
#[expect(dead_code, reason = "a part of it is for the program only")]
#[path = "../src/bin/ifdawn/sys"]
mod sys {
    mod bpf;
    mod call;
    pub mod packet;
    mod udp;

    use call::{bind, send, set, socket};
}

#[cfg(test)]
mod tests {
    use super::sys::packet::filter;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixDatagram;

    const TAG: u16 = 0xabcd;

    /// Whether a packet is heard.
    fn hears(packet: &[u8]) -> bool {
        let (here, there) = UnixDatagram::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        filter(here.as_fd(), TAG).unwrap();
        // Says whether it arrives, or as much of it as the filter lets through.
        let _ = there.send(packet);
        here.recv(&mut [0; 2048])
            .is_ok_and(|len| len == packet.len())
    }

    /// From port 67 to port 68, a BOOTREPLY with our tag, behind so many octets of IP options.
    fn answer(options: usize) -> Vec<u8> {
        let mut packet = vec![0; 20 + options];
        packet[0] = 0x45 + options as u8 / 4;
        packet[9] = 17;
        packet.extend([0, 67, 0, 68, 1, 8, 0, 0]);
        packet.extend([2, 1, 6, 0, 0xab, 0xcd, 0x12, 0x34]);
        packet.resize(packet.len() + 232, 0);
        packet
    }

    #[test]
    fn answers_are_heard() {
        for options in [0, 4, 8, 40] {
            assert!(hears(&answer(options)), "{options}");
        }
    }

    #[test]
    fn one_of_these_and_it_is_not() {
        for options in [0, 8, 40] {
            let [udp, bootp] = [20 + options, 28 + options];
            for (at, octet, what) in [
                (6, 0x20, "more fragments"),
                (6, 0x01, "a fragment"),
                (7, 1, "a fragment"),
                (9, 6, "TCP"),
                (udp + 2, 1, "another port"),
                (udp + 3, 67, "another port"),
                (bootp, 1, "a request"),
                (bootp + 4, 0, "another tag"),
                (bootp + 5, 0, "another tag"),
            ] {
                let mut packet = answer(options);
                packet[at] = octet;
                assert!(
                    !hears(&packet),
                    "{what} at {at}, {options} octets of options"
                );
            }
        }
    }

    #[test]
    fn what_does_not_matter_does_not() {
        for (at, octet) in [
            (1, 0x10),
            (6, 0x40),
            (8, 1),
            (21, 7),
            (27, 7),
            (34, 0),
            (35, 0),
            (200, 1),
        ] {
            let mut packet = answer(0);
            packet[at] = octet;
            assert!(hears(&packet), "{at}");
        }
    }

    #[test]
    fn short_ones_are_not() {
        let packet = answer(0);
        // The kernel reads no further than the first half of xid.
        for len in 1..34 {
            assert!(!hears(&packet[..len]), "{len}");
        }
    }

    #[test]
    fn arp_is_for_ipv4() {
        let packet = [0, 1, 8, 0, 6, 4, 0, 1];
        assert!(hears(&packet));
        assert!(hears(&[0, 32, 8, 0, 20, 4, 0, 2]), "InfiniBand");
        assert!(!hears(&[0, 1, 0x86, 0xdd, 6, 16, 0, 1]));
        assert!(!hears(&packet[..3]));
    }

    /// A packet of IPv6 that is next to us, as long as what is looked at.
    fn next_to_us(next_header: u8, payload: [u8; 4]) -> Vec<u8> {
        let mut packet = vec![0; 40];
        packet[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 4, next_header, 255]);
        packet.extend(payload);
        packet
    }

    /// Of a router, who has it, somebody has it.
    fn discovery(kind: u8) -> Vec<u8> {
        next_to_us(58, [kind, 0, 0, 0])
    }

    /// From port 547 to port 546.
    fn answer6() -> Vec<u8> {
        next_to_us(17, [2, 35, 2, 34])
    }

    #[test]
    fn routers_neighbours_and_servers_are_heard() {
        for kind in 134..=136 {
            assert!(hears(&discovery(kind)), "{kind}");
        }
        assert!(hears(&answer6()));
    }

    #[test]
    fn one_of_these_and_ipv6_is_not() {
        for (packet, at, octet, what) in [
            (discovery(134), 40, 133, "asks for routers"),
            (discovery(134), 40, 137, "a redirect"),
            (discovery(134), 40, 128, "an echo request"),
            (discovery(134), 40, 0, "no type"),
            (discovery(134), 40, 255, "no type"),
            (discovery(134), 7, 254, "a router was on the way"),
            (discovery(135), 7, 64, "routers were on the way"),
            (discovery(136), 7, 0, "routers were on the way"),
            (discovery(134), 6, 44, "a fragment"),
            (discovery(134), 6, 0, "options hop by hop"),
            (discovery(134), 6, 17, "UDP"),
            (discovery(134), 6, 6, "TCP"),
            (answer6(), 43, 35, "to a server"),
            (answer6(), 42, 0, "another port"),
            (answer6(), 6, 44, "a fragment"),
            (answer6(), 6, 6, "TCP"),
            (answer6(), 6, 58, "ICMPv6"),
        ] {
            let mut other = packet.clone();
            other[at] = octet;
            assert!(hears(&packet), "{what}");
            assert!(!hears(&other), "{what}");
        }
    }

    #[test]
    fn what_does_not_matter_of_ipv6_does_not() {
        for (packet, at, octet) in [
            (discovery(134), 0, 0x6f),
            (discovery(134), 4, 5),
            (discovery(134), 41, 1),
            (answer6(), 7, 1),
            (answer6(), 40, 0),
            (answer6(), 41, 0),
        ] {
            let mut other = packet;
            other[at] = octet;
            assert!(hears(&other), "{at}");
        }
    }

    #[test]
    fn short_ones_of_ipv6_are_not() {
        for (packet, least) in [(discovery(134), 41), (answer6(), 44)] {
            for len in 1..packet.len() {
                assert_eq!(hears(&packet[..len]), len >= least, "{len}");
            }
        }
    }
}
