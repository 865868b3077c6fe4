//! What a supervisor is asked by other runs: a datagram, answered by what is said meanwhile, and then an exit code.
//!
//! ```text
//!  request:  +---------+----+----------- - -     answers:  +------+------------- - -   +------+
//!            | version | op | 16 octets of               | <27> | ifdawn: ...        | code |
//!            |       1 |    | each name                  |      |                    |      |
//!            +---------+----+----------- - -             +------+------------- - -   +------+
//! ```

use crate::limits::MAX_LINKS;
use crate::model::link::{IFNAMSIZ, IfName, until_nul};

/// What is asked. The numbers are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// That the sources are read again, and the difference made.
    Reload,
    /// The same, and that links come up, whatever was wanted of them; or all of them, as at boot.
    Up,
    /// That links are taken back.
    Down,
    /// The same, and that their leases are given back.
    Release,
    /// That `state.json` is written.
    State,
}

/// In the order of their numbers.
const OPS: [Op; 5] = [Op::Reload, Op::Up, Op::Down, Op::Release, Op::State];

/// How they are written down here.
const VERSION: u8 = 1;

/// Octets of the longest request.
pub const LONGEST: usize = 2 + IFNAMSIZ * MAX_LINKS;

/// Writes a request; how long it is. More names than there is room for are left out.
pub fn write(op: Op, names: &[IfName], into: &mut [u8; LONGEST]) -> usize {
    let [version, asked, places @ ..] = into;
    (*version, *asked) = (VERSION, op as u8);
    let mut len = 2_usize;
    for (place, name) in places.as_chunks_mut().0.iter_mut().zip(names) {
        *place = *name.padded();
        len = len.wrapping_add(IFNAMSIZ);
    }
    len
}

/// What is asked; `None` for what is no request.
pub fn read(request: &[u8]) -> Option<Op> {
    let [VERSION, op, names @ ..] = request else {
        return None;
    };
    let mut n = 0;
    while name(request, n).is_some() {
        n = n.wrapping_add(1);
    }
    let is_whole = names.len() == n.wrapping_mul(IFNAMSIZ);
    OPS.get(usize::from(*op)).filter(|_| is_whole).copied()
}

/// The name of the link that stands behind `n` others.
#[inline(never)]
pub fn name(request: &[u8], n: usize) -> Option<IfName> {
    let (names, _) = request.get(2..)?.as_chunks::<IFNAMSIZ>();
    IfName::new(until_nul(names.get(n)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::name as link;

    fn written(op: Op, names: &[&str]) -> std::vec::Vec<u8> {
        let names: std::vec::Vec<IfName> = names.iter().map(|name| link(name)).collect();
        let mut octets = [0xff; LONGEST];
        let len = write(op, &names, &mut octets);
        octets[..len].to_vec()
    }

    #[test]
    fn what_is_written_is_read() {
        for op in OPS {
            for names in [
                &[][..],
                &["eth0"],
                &["e", "abcdefghijklmno", "eth0.5", "\u{e9}"],
            ] {
                let request = written(op, names);
                assert_eq!(read(&request), Some(op));
                for (n, text) in names.iter().enumerate() {
                    assert_eq!(name(&request, n), Some(link(text)));
                }
                assert_eq!(name(&request, names.len()), None);
            }
        }
        assert_eq!(written(Op::State, &[]), [1, 4]);
    }

    #[test]
    fn as_many_links_as_there_may_be() {
        let names = std::vec![link("eth0"); MAX_LINKS];
        let mut octets = [0; LONGEST];
        assert_eq!(write(Op::Up, &names, &mut octets), LONGEST);
        assert_eq!(read(&octets), Some(Op::Up));
        assert_eq!(name(&octets, MAX_LINKS - 1), Some(link("eth0")));
    }

    #[test]
    fn what_is_no_request() {
        let whole = written(Op::Up, &["eth0", "eth1"]);
        for len in 0..whole.len() {
            let names = len.checked_sub(2).filter(|rest| rest % IFNAMSIZ == 0);
            assert_eq!(read(&whole[..len]).is_some(), names.is_some(), "{len}");
        }
        for (at, octet) in [
            (0, 0),
            (0, 2),
            (1, 5),
            (1, 0xff),
            (2, 0),
            (2, b'/'),
            (2, b' '),
            (6, b':'),
            (20, b'%'),
        ] {
            let mut octets = whole.clone();
            octets[at] = octet;
            assert_eq!(read(&octets), None, "{at} {octet}");
        }
        let dots = [&[1, 1, b'.', b'.'][..], &[0; 14]].concat();
        assert_eq!(read(&dots), None);
        assert_eq!(read(&[&[1, 1][..], &[b'e'; 16]].concat()), None, "no NUL");
    }
}
