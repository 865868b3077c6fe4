//! What [`super::ethtool`] asks for and sets, in the way of kernels without that family: ioctl(2) with `SIOCETHTOOL`
//! (linux/ethtool.h).
//!
//! Each command has a struct of 32-bit numbers, of which the first is the command. The attributes of the family are
//! numbered as those follow each other, but for two structs and for features: [`crate::model::attr::Tool`] says where they are.

use super::ethtool::{COMMAND, Part, REQUEST};
use super::netlink::copy;
use crate::diag::Errno;

/// Of the family's commands, the first two numbers together and then by pairs: what asks is here, and what sets is the next
/// number.
const COMMANDS: u64 = u64::from_le_bytes([
    0x4c, // ETHTOOL_GLINKSETTINGS
    0x05, // ETHTOOL_GWOL
    0x3a, // ETHTOOL_GFEATURES
    0x27, // ETHTOOL_GPFLAGS
    0x10, // ETHTOOL_GRINGPARAM
    0x3c, // ETHTOOL_GCHANNELS
    0x0e, // ETHTOOL_GCOALESCE
    0x12, // ETHTOOL_GPAUSEPARAM
]);
/// Asks for the names of a set.
const ETHTOOL_GSTRINGS: u8 = 0x1b;

/// The family's command before the second of these.
const BEFORE_WOL: u8 = 7;
/// The row of those whose struct has sets of modes.
const LINK_SETTINGS: u32 = 0;

/// `ETH_SS_FEATURES`, which is said where the names of which set are asked for, and is enough as the number of words of features.
const SET: u32 = 4;

/// In a struct ethtool_link_settings: whether it is negotiated; how many words each of its sets of modes has; the first
/// one, of modes that the link can have, which is followed by that of those that it offers.
const MODE_WORDS: usize = 15;
const MODES: usize = if cfg!(target_endian = "big") { 51 } else { 48 };
/// The half and full duplex modes of 10, 100 and 1,000 Mb/s in these sets.
const BASE_MODES: u8 = 0x3f;

/// Of what is negotiated, offers no other speed than that which is set, nor another duplex mode, as the family does.
fn limit_modes(data: &mut Part) {
    let [
        _,
        _,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
        duplex,
        _,
        _,
        autoneg,
        _,
        _,
        _,
        words,
        ..,
    ] = *data;
    // half, full, or either
    let mut modes = duplex.saturating_add(1).min(3);
    let mut speed = 10;
    while u32::from_ne_bytes([s0, s1, s2, s3]) != speed {
        (speed, modes) = (speed.wrapping_mul(10), modes << 2);
        if speed > 1_000 {
            return;
        }
    }
    let at = usize::from(words).wrapping_mul(4).wrapping_add(MODES);
    let can = data.get(MODES).copied();
    if autoneg != 0
        && let Some(offered) = data.get_mut(at)
    {
        *offered = *offered & !BASE_MODES | can.unwrap_or(0) & modes;
    }
}

/// Carries out a command with the struct in its argument.
pub type Ioctl<'a> = &'a mut dyn FnMut(&mut Part) -> Result<(), Errno>;

/// Asks, with a struct of zeros but for its command and what goes with two of them.
#[inline(never)]
fn ask(data: &mut Part, command: u8, ioctl: Ioctl<'_>) -> Result<(), Errno> {
    data.fill(0);
    let words = [u32::from(command), SET].map(u32::to_ne_bytes);
    copy(data, words.as_flattened());
    ioctl(data)
}

/// Has the names of features put behind three numbers of `data`.
///
/// # Errors
/// As the kernel answers.
pub fn names(data: &mut Part, ioctl: Ioctl<'_>) -> Result<(), Errno> {
    ask(data, ETHTOOL_GSTRINGS, ioctl)
}

/// Carries out a request of the family by `ioctl`: asks for the struct of its command, or sets what is in that.
///
/// # Errors
/// As the kernel answers.
#[inline(never)]
pub fn exchange(request: &[u8], data: &mut Part, ioctl: Ioctl<'_>) -> Result<(), Errno> {
    let command = *request.get(COMMAND).unwrap_or(&0);
    let row = u32::from(command.saturating_sub(BEFORE_WOL) >> 1);
    let number = COMMANDS.wrapping_shr(row << 3) as u8;
    if request.len() > REQUEST {
        if row == LINK_SETTINGS {
            limit_modes(data);
        }
        copy(data, &u32::from(number).wrapping_add(1).to_ne_bytes());
    } else {
        ask(data, number, ioctl)?;
        if row != LINK_SETTINGS {
            return Ok(());
        }
        // it was said how many words there are, as a negative number
        if let Some(count) = data.get_mut(MODE_WORDS) {
            *count = count.wrapping_neg();
        }
    }
    ioctl(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ethtool::{FEATURES, LINKMODES, RINGS, WOL, request};
    use heapless::Vec;

    /// The commands that a kernel hears, which answers one that asks for link settings with `words` words.
    fn heard(command: u8, sets: bool, data: &mut Part, words: u8) -> std::vec::Vec<(u32, u8)> {
        let mut to = Vec::<u8, 64>::new();
        request(&mut to, 9, command);
        if sets {
            to[COMMAND] += 1;
            to.extend_from_slice(&[0; 8]).unwrap();
        }
        let mut heard = std::vec::Vec::new();
        let done = exchange(&to, data, &mut |data| {
            let (number, _) = data.split_first_chunk().unwrap();
            let number = u32::from_ne_bytes(*number);
            heard.push((number, data[MODE_WORDS]));
            if number == 0x4c && data[MODE_WORDS] == 0 {
                data[MODE_WORDS] = words.wrapping_neg();
            }
            Ok(())
        });
        assert_eq!(done, Ok(()));
        heard
    }

    #[test]
    fn each_command_has_its_number() {
        for (command, get) in [
            (WOL, 5),
            (FEATURES, 0x3a),
            (13, 0x27),
            (RINGS, 0x10),
            (17, 0x3c),
            (19, 0x0e),
            (21, 0x12),
        ] {
            let data = &mut [9; size_of::<Part>()];
            assert_eq!(heard(command, false, data, 0), [(get, 0)]);
            assert_eq!(data[4..8], 4_u32.to_ne_bytes());
            assert_eq!(data[8..], [0; size_of::<Part>() - 8]);
            assert_eq!(heard(command, true, data, 0), [(get + 1, 0)]);
        }
        let data = &mut [9; size_of::<Part>()];
        // how many words its sets have is found out first
        assert_eq!(heard(LINKMODES, false, data, 3), [(0x4c, 0), (0x4c, 3)]);
        assert_eq!(heard(LINKMODES, true, data, 3), [(0x4d, 3)]);
    }

    #[test]
    fn errors_are_the_kernels() {
        let mut to = Vec::<u8, 64>::new();
        request(&mut to, 9, RINGS);
        let data = &mut [0; size_of::<Part>()];
        let done = exchange(&to, data, &mut |_| Err(Errno::EOPNOTSUPP));
        assert_eq!(done, Err(Errno::EOPNOTSUPP));
        assert_eq!(names(data, &mut |_| Err(Errno::EIO)), Err(Errno::EIO));
        let asked = names(data, &mut |data| match data {
            [0x1b, 0, 0, 0, 4, 0, 0, 0, ..] if cfg!(target_endian = "little") => Ok(()),
            _ => Err(Errno::EIO),
        });
        assert_eq!(asked, Ok(()));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn what_is_negotiated_is_limited_to_what_is_set() {
        for (speed, duplex, autoneg, want) in [
            (100_u32, 1, 1, 0b1100_1000),
            (100, 255, 1, 0b1100_1100),
            (10, 0, 1, 0b1100_0001),
            // which the link cannot be
            (1_000, 0, 1, 0b1100_0000),
            (1_000, 1, 1, 0b1110_0000),
            (2_500, 1, 1, 0b1111_1111),
            (100, 1, 0, 0b1111_1111),
        ] {
            let data = &mut [0; size_of::<Part>()];
            data[4..8].copy_from_slice(&speed.to_ne_bytes());
            (data[8], data[11], data[MODE_WORDS]) = (duplex, autoneg, 3);
            // all but half duplex of 1,000 Mb/s
            data[MODES] = 0b1110_1111;
            data[MODES + 12] = 0xff;
            heard(LINKMODES, true, data, 3);
            assert_eq!(data[MODES + 12], want, "{speed} {duplex} {autoneg}");
            assert_eq!(data[MODES], 0b1110_1111);
        }
    }
}
