//! The words around values in what we write, by their numbers: a number in a register takes a third of the
//! octets of a pointer and a length.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails here is an error of the compiler"
)]

use super::{Packed, is_same, packed};

/// One of `WRITTEN`, made by [`word!`](crate::word!).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(u8);

/// Every word, with a `@` between them. Those that are used often come first: they are counted.
const WRITTEN: &str = concat!(
    "@.@\"@/@ via @ proto @default@='@'\n@# What ifdawn made on @; `ifdawn down @` undoes it.\n@/run/ifdawn/o",
    "wned-@/run/ifdawn/lease-@:ifdawn-new@DEVICE='@'\nPROTO='dhcp@'\nIFINDEX='@'\nUPTIME='@null@true@: up@, @",
    " for @ s@, default via @ metric @:@ src @ table @ scope @ onlink@ dev @ peer @ brd @ tos 0x@ via inet6 @",
    "::@::ffff:@: @; @ @\\x@false@4@6@name@mac@bootif@any@,@\\u00@nameserver @ip addr @ip route @ip -6 route ",
    "@add @change @replace @del @ip link set dev @ip link property del dev @ name @ altname @ address @ mtu @",
    " up@ down@ valid_lft @ preferred_lft @'\\''@...@: DHCPv4 @: down@: renamed from @: waiting for @any link",
    "@error @enx@,localhost,(none),localhost.localdomain@up@partial@down@rename@ifdawn@ifdawn @# @    @\n    ",
    "@^\n@\nOptions:\n@  @ errors, @ warnings, @ notes\n@: gone@ip link add@ip link del dev @ link @ master @",
    " nomaster@ type @_slave@0x@ip rule @ip -6 rule @ from @ label @from@\noptions @/run/udev@/run/udev/data@",
    "/run/udev/data/n@/run/udev/control@/proc/self/ns/net@/proc/1/ns/net@/dev/kmsg@/dev/null@/run@/run/ifdawn",
    "@/run/ifdawn/lock@/run/ifdawn/state.json@/proc/sys/kernel/hostname@/etc/initrd-release@/scripts/function",
    "s@route-@route6-@rule-@rule6-@/etc@/usr/local/lib@/usr/lib@/sys/firmware/ibft/ethernet@/sys/firmware/dev",
    "icetree/base/@/etc/iproute2/rt_tables@/etc/iproute2/rt_tables.d@/usr/share/iproute2/rt_tables@/usr/share",
    "/iproute2/rt_tables.d@/usr/lib/iproute2/rt_tables@/usr/lib/iproute2/rt_tables.d@/etc/cmdline.d@/etc/cmdl",
    "ine@/proc/cmdline@/run/initramfs/cmdline.d@/etc/sysconfig/network@/etc/sysconfig/network-scripts@/etc/sy",
    "sconfig/static-routes@/etc/sysconfig/static-routes-ipv6@/udev/rules.d@/systemd/network@/sys/firmware/acp",
    "i/tables@ txqueuelen @ip link property add dev @ nodad@/run/ifdawn/lease6-@/proc/sys/net/ipv6/conf/@acce",
    "pt_dad@: IPv6 @%@sysctl -w net/ipv6/conf/@=@ip token set dev @ addrgenmode @disable_ipv6@accept_ra@autoc",
    "onf@\n  @accept_ra_defrtr@accept_ra_rt_info_max_plen@ra_defrtr_metric@use_tempaddr@dad_transmits@optimistic_d",
    "ad@mtu@stable_secret@addr_gen_mode@/etc/machine-id@/run/ifdawn/control@a supervisor runs already",
    ": process @; nothing was changed@\nDEVICE_IFACE=",
    "@\nDEVICE_IP_IFACE=@\nCONNECTION_ID=@\nDHCP@_@\nIP@_GATEWAY=@_NAMESERVERS=@_DOMAINS=@_ADDRESS_",
    "@_NUM_ADDRESSES=@_ROUTE_@_NUM_ROUTES=@/etc/ifdawn/hooks.d@/etc/NetworkManager/dispatcher.d@/usr/lib/Netw",
    "orkManager/dispatcher.d@NM_DISPATCHER_ACTION=",
);

/// The same, packed.
const PACKED: &[u8] = packed!(WRITTEN).0;

/// The packed words, each after its number of units: to look for the marks between them took an eighth of
/// the time in which ten links come up.
static WORDS: [u8; PACKED.len() + 1] = {
    let mut words = [0; _];
    let (mut at, mut start) = (0, 0);
    while at < PACKED.len() {
        if PACKED[at] == b'@' {
            start = at + 1;
        } else {
            words[at + 1] = PACKED[at];
            words[start] += 1;
        }
        at += 1;
    }
    words
};

impl Word {
    /// The word that is written so, which must be one of [`WRITTEN`].
    #[doc(hidden)]
    pub const fn of(text: &str) -> Word {
        let mut rest = WRITTEN.as_bytes();
        let mut number = 0;
        loop {
            let mut len = 0;
            while len < rest.len() && rest[len] != b'@' {
                len += 1;
            }
            let (word, after) = rest.split_at(len);
            if is_same(word, text.as_bytes()) {
                return Word(number);
            }
            let [_, after @ ..] = after else {
                panic!("not one of the words")
            };
            (rest, number) = (after, number + 1);
        }
    }

    /// What is written.
    #[inline(never)]
    pub fn text(self) -> Packed {
        let (mut before, mut rest) = (self.0, &WORDS[..]);
        while let Some((len, units)) = rest.split_first()
            && let Some((word, after)) = units.split_at_checked(usize::from(*len))
        {
            if before == 0 {
                return Packed(word);
            }
            (before, rest) = (before.wrapping_sub(1), after);
        }
        Packed(b"")
    }
}

/// A [`Word`] by its text.
#[doc(hidden)]
#[macro_export]
macro_rules! word {
    ($text:literal) => {
        const { $crate::packed::Word::of($text) }
    };
}
pub use word;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::string::{String, ToString};

    fn sources(directory: &Path, text: &mut String) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|end| end == "rs") {
                *text += &std::fs::read_to_string(&path).unwrap();
            }
        }
    }

    /// The compiler does not say which of them nobody writes any more.
    #[test]
    fn every_word_is_written_somewhere() {
        let mut text = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut text,
        );
        text.retain(|character| !character.is_whitespace());
        for word in WRITTEN.split('@') {
            let literal: String = word.escape_default().to_string().replace("\\'", "'");
            let used = std::format!("word!(\"{literal}\")").replace(' ', "");
            assert!(text.contains(&used), "nobody writes {word:?}");
        }
    }

    #[test]
    fn words_are_found_by_their_numbers() {
        let mut count = 0_u8;
        for word in WRITTEN.split('@') {
            assert_eq!(Word::of(word), Word(count));
            assert_eq!(Word(count).text().to_string(), word);
            count += 1;
        }
        assert_eq!(Word(count).text().to_string(), "");
    }
}
