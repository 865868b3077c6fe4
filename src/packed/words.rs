//! The words around values in what we write, by their numbers: a number in a register takes a third of the
//! octets of a pointer and a length.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails here is an error of the compiler"
)]

use super::{Packed, is_same, packed};
use crate::text::parts;

/// One of `WRITTEN`, made by [`word!`](crate::word!).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(u8);

/// Every word, with a `@` between them. Those that are written often come first: they are counted.
const WRITTEN: &str = concat!(
    "@.@:@/@ via @ proto @ metric @ src @ table @ scope @ onlink@default@route @route6 @\n@ dev @addr ",
    "@ peer @ brd @ tos 0x@ via inet6 @::@::ffff:@, @: @; @ @\\x@\"@null@true@false@4@6@name@mac@bootif",
    "@any@,@\\u00@dns @nameserver @search @\nup\n@# What ifdawn made on @; `ifdawn down @` undoes it.\nlink ",
    "@ip addr @ip route @ip -6 route @add @change @replace @del @ip link set dev @ip link property del dev ",
    "@ name @ altname @ address @ mtu @ up@ down@ valid_lft @ preferred_lft @'\\''@...@: DHCPv4 @: down",
    "@: up@: renamed from @ for @ s@, default via @: waiting for @any link@/run/ifdawn/owned-",
    "@/run/ifdawn/lease-@error @enx@DEVICE='@'\nPROTO='dhcp'\nIFINDEX='@'\nUPTIME='@'\n@='@dns,search",
    "@,localhost,(none),localhost.localdomain@up@partial@down@static@dhcp4@rename@ifdawn@ifdawn ",
    "@# @    @\n    @^\n@\nOptions:\n@  @ errors, @ warnings, @ notes\n@/run/udev@/run/udev/data@/run/udev/data/n@/run/udev/control",
    "@/proc/self/ns/net@/proc/1/ns/net@/dev/kmsg@/dev/null@/run@/run/ifdawn@/run/ifdawn/lock",
    "@/run/ifdawn/state.json@/proc/sys/kernel/hostname@/etc/initrd-release@/scripts/functions@:ifdawn-new@route-@route6-",
    "@/sys/firmware/ibft/ethernet@/sys/firmware/devicetree/base/",
);

/// The same, packed.
const WORDS: Packed = packed!(WRITTEN);

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
        Packed(parts::nth(WORDS.0, b'@', self.0.into()).unwrap_or_default())
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
}
