//! How long is waited for an answer before asking again: RFC 8415 s.15, which RFC 7559 takes over for routers.

use super::dhcpv4::xorshift;

/// Microseconds from one message to the next: `first` after the first one (`previous` is 0), then twice as long as
/// the `previous` time, until it is `most`; give or take a tenth of the time that is doubled, by chance.
#[inline(never)]
pub fn next(previous: u32, first: u32, most: u32, random: &mut u32) -> u32 {
    let (mut time, mut unit) = (previous.saturating_mul(2), previous);
    if previous == 0 {
        (time, unit) = (first, first);
    }
    if time > most {
        (time, unit) = (most, most);
    }
    let tenth = unit / 10;
    let chance = xorshift(random).checked_rem(tenth.wrapping_mul(2));
    time.wrapping_sub(tenth).wrapping_add(chance.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_double_give_or_take_a_tenth_until_they_do_not() {
        let mut random = 1;
        for (previous, least, most) in [
            (0, 3_600_000, 4_400_000),
            (4_000_000, 7_600_000, 8_400_000),
            (1_000_000_000, 1_900_000_000, 2_100_000_000),
            (1_800_000_000, 3_420_000_000, 3_780_000_000),
            (1_800_000_001, 3_240_000_000, 3_960_000_000),
            (u32::MAX, 3_240_000_000, 3_960_000_000),
        ] {
            let times = [(); 1_000].map(|()| next(previous, 4_000_000, 3_600_000_000, &mut random));
            let (low, high) = (times.iter().min().unwrap(), times.iter().max().unwrap());
            let tenth = (most - least) / 10;
            assert!((least..least + tenth).contains(low), "{previous}: {low}");
            assert!((most - tenth..=most).contains(high), "{previous}: {high}");
        }
        assert_eq!(next(0, 0, 0, &mut random), 0);
    }
}
