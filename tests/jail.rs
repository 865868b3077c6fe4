//! The jail holds: what a parser does beside parsing is the last it does.
//!
//! The jail is the program's own source; in the place of the program's parser stands one that does what its
//! first octet says. IPv6 is the program's parser's.
#![cfg(target_os = "linux")]

/// As in the program.
#[cfg(test)]
#[expect(dead_code, reason = "a part of it is for the program only")]
#[path = "../src/bin/ifdawn/sys"]
mod sys {
    pub mod bpf;
    mod call;
    pub mod jail;
    pub mod packet;
    mod process;
    mod udp;

    pub use call::call;
    use call::{bind, send, set, socket};
}

/// As in the program.
#[cfg(test)]
#[path = "../src/bin/ifdawn/frame.rs"]
mod parsers;

/// In the place of the program's.
#[cfg(test)]
mod frame {
    use crate::parsers;
    use crate::sys::call;
    use crate::sys::packet::EtherType;
    use ifdawn::model::lease::{Field, Verdict};
    use ifdawn::model::statement::{Form, Statement};
    use ifdawn::wire::ipv4::Checksum;
    use std::sync::atomic::AtomicU64;

    pub fn read(what: EtherType, checksum: Checksum, frame: &[u8], said: &mut Statement) {
        let path = c"/dev/null".as_ptr() as usize;
        let [here, cloexec] = [libc::AT_FDCWD as usize, libc::SOCK_CLOEXEC as usize];
        let done = match frame.first() {
            Some(b'o') => act(libc::SYS_openat, here, path, libc::O_CLOEXEC as usize),
            Some(b's') => act(libc::SYS_socket, libc::AF_INET as usize, cloexec | 2, 0),
            Some(b'c') => act(libc::SYS_clock_gettime, 0, TIME.as_ptr() as usize, 0),
            Some(b'x') => act(libc::SYS_exit, 0, 0, 0),
            Some(b'w') => act(libc::SYS_write, 0, path, 3),
            Some(b'd') => (1..4096)
                .map(|file| act(libc::SYS_write, file, path, 1))
                .sum(),
            Some(b'h') => loop {
                std::hint::spin_loop();
            },
            _ => 0,
        };
        said.form = Form::Lease;
        let lease = &mut said.lease;
        lease.judge(match (what, checksum) {
            (EtherType::Arp, _) => Verdict::Arp,
            (EtherType::Ipv4, Checksum::Complete) => Verdict::Fine,
            (EtherType::Ipv4, Checksum::Partial) => Verdict::BadChecksum,
            (EtherType::Ipv6, _) => return parsers::read(what, checksum, frame, said),
        });
        lease.put(Field::LeaseTime, &(frame.len() as u32).to_be_bytes());
        lease.put(Field::RenewTime, &u32::to_be_bytes(done));
    }

    static TIME: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

    /// How many calls the kernel carried out.
    fn act(number: libc::c_long, a: usize, b: usize, c: usize) -> u32 {
        // SAFETY: the path ends with a NUL and is longer than what is written of it; a time has its place.
        u32::from(unsafe { call(number, a, b, c, 0, 0) }.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::sys::bpf::{self, must, step};
    use super::sys::call;
    use super::sys::jail::{Jail, MAX_FRAME, Trouble};
    use super::sys::packet::EtherType;
    use super::{frame, parsers};
    use ifdawn::model::advert::What;
    use ifdawn::model::lease::{Field, Verdict};
    use ifdawn::model::lease6::Field6;
    use ifdawn::model::statement::{Form, Statement};
    use ifdawn::wire::ipv4::Checksum;
    use std::sync::{Mutex, MutexGuard};
    use std::time::{Duration, Instant};
    use std::{fs, thread};

    /// Each test counts the process's children.
    static ALONE: Mutex<()> = Mutex::new(());

    fn alone() -> MutexGuard<'static, ()> {
        ALONE.lock().unwrap_or_else(|other| other.into_inner())
    }

    /// Asks it what a frame is.
    fn ask(jail: &mut Jail, of: u32, frame: &[u8]) -> Result<(), Trouble> {
        jail.ask(of, EtherType::Ipv4, Checksum::Complete, frame)
    }

    /// How many calls of the parser the kernel carried out for the one frame that it is asked of.
    fn look(jail: &mut Jail, frame: &[u8]) -> Result<u32, Trouble> {
        ask(jail, 7, frame)?;
        let mut said = Statement::NONE;
        assert_eq!(jail.answer(&mut said)?, Some(7));
        Ok(said.lease.number(Field::RenewTime).unwrap())
    }

    /// Our children that are called so, zombies included.
    fn jails() -> Vec<u32> {
        let ours = format!("PPid:\t{}\n", std::process::id());
        let is_ours = |pid: &u32| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            status.contains(&ours) && status.contains("Name:\tifdawn-jail\n")
        };
        let names = fs::read_dir("/proc").unwrap();
        let pids = names.filter_map(|name| name.unwrap().file_name().to_str()?.parse().ok());
        pids.filter(is_ours).collect()
    }

    #[test]
    fn a_frame_goes_in_and_a_lease_comes_out() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        for (what, checksum, verdict) in [
            (EtherType::Ipv4, Checksum::Complete, Verdict::Fine),
            (EtherType::Ipv4, Checksum::Partial, Verdict::BadChecksum),
            (EtherType::Arp, Checksum::Complete, Verdict::Arp),
        ] {
            for (len, seen) in [(0, 0), (1, 1), (MAX_FRAME, MAX_FRAME), (20_000, MAX_FRAME)] {
                let mut said = Statement::NONE;
                let frame = vec![0; len];
                assert_eq!(jail.ask(3, what, checksum, &frame), Ok(()));
                assert_eq!(jail.answer(&mut said), Ok(Some(3)));
                assert_eq!(said.lease.verdict(), verdict);
                assert_eq!(said.lease.number(Field::LeaseTime), Some(seen as u32));
            }
        }
        assert_eq!(jails().len(), 1);
        jail.stop();
        assert_eq!(jails(), []);
    }

    /// From `fe80::1`, which is next to us.
    fn packet(next_header: u8, to: [u8; 2], payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, payload.len() as u8, next_header, 255];
        for start in [[0xfe, 0x80], to] {
            packet.extend(start);
            packet.extend([0; 13]);
            packet.push(1);
        }
        packet.extend(payload);
        packet
    }

    /// The advertisement of a router that names a server, and a server's reply that does.
    fn of_both() -> [Vec<u8>; 2] {
        let server = [0x20, 1, 13, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53];
        let mut router = vec![134, 0, 0, 0, 64, 0x80, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0];
        router.extend([25, 3, 0, 0, 0, 0, 1, 0]);
        router.extend(server);
        let mut reply = vec![2, 35, 2, 34, 0, 32, 0, 0, 7, 0xab, 0xcd, 0xef, 0, 23, 0, 16];
        reply.extend(server);
        [
            packet(58, [0xff, 2], &router),
            packet(17, [0xfe, 0x80], &reply),
        ]
    }

    fn ask6(jail: &mut Jail, of: u32, frame: &[u8]) {
        assert_eq!(
            jail.ask(of, EtherType::Ipv6, Checksum::Partial, frame),
            Ok(())
        );
    }

    #[test]
    fn what_is_said_by_ipv6_comes_out_in_its_record() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        let mut said = Statement::NONE;
        let [router, reply] = of_both();
        ask6(&mut jail, 1, &router);
        assert_eq!(jail.answer(&mut said), Ok(Some(1)));
        assert_eq!(
            (said.form, said.advert.verdict()),
            (Form::Advert, Verdict::Fine)
        );
        assert!(said.advert.items().any(|item| item.is(What::Server)));
        ask6(&mut jail, 2, &reply);
        assert_eq!(jail.answer(&mut said), Ok(Some(2)));
        assert_eq!(
            (said.form, said.lease6.verdict()),
            (Form::Lease6, Verdict::Fine)
        );
        assert_eq!(said.lease6.get(Field6::Dns), &reply[reply.len() - 16..]);
        assert_eq!(jails().len(), 1);
        jail.stop();
    }

    /// As many as it takes at once, and in every order.
    #[test]
    fn each_answer_is_known_by_its_size() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        let [router, reply] = of_both();
        for order in 0..256 {
            let forms = (0..8).map(|n| match order >> n & 1 {
                0 => Form::Advert,
                _ => Form::Lease6,
            });
            for (of, form) in (0..).zip(forms.clone()) {
                assert!(jail.has_room());
                let is_router = form == Form::Advert;
                ask6(&mut jail, of, if is_router { &router } else { &reply });
            }
            assert!(!jail.has_room());
            for (of, form) in (0..).zip(forms) {
                let mut said = Statement::NONE;
                assert_eq!(jail.answer(&mut said), Ok(Some(of)));
                assert_eq!(said.form, form);
            }
        }
        assert_eq!(look(&mut jail, b""), Ok(0), "and it is DHCPv4's turn");
        jail.stop();
    }

    #[test]
    fn of_what_is_cut_off_the_record_says_so() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        for packet in of_both() {
            for len in 0..packet.len() {
                let [mut said, mut read] = [Statement::NONE; 2];
                ask6(&mut jail, 5, &packet[..len]);
                assert_eq!(jail.answer(&mut said), Ok(Some(5)), "{len}");
                parsers::read(
                    EtherType::Ipv6,
                    Checksum::Partial,
                    &packet[..len],
                    &mut read,
                );
                let is_dhcp = len > 6 && packet[6] == 17;
                let (form, verdict) = match is_dhcp {
                    true => (Form::Lease6, said.lease6.verdict()),
                    false => (Form::Advert, said.advert.verdict()),
                };
                assert_eq!((said.form, verdict), (form, Verdict::Malformed), "{len}");
                assert_eq!(said, read, "{len}");
            }
        }
        jail.stop();
    }

    #[test]
    fn frames_that_wait_are_answered_in_their_order() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        let mut said = Statement::NONE;
        let mut given = 0;
        while jail.has_room() {
            assert_eq!(ask(&mut jail, given, &vec![0; MAX_FRAME]), Ok(()));
            given += 1;
        }
        assert_eq!(given, 8);
        for of in 0..4 {
            assert_eq!(jail.answer(&mut said), Ok(Some(of)));
            assert_eq!(ask(&mut jail, given + of, &vec![0; of as usize]), Ok(()));
        }
        for of in 4..given {
            assert_eq!(jail.answer(&mut said), Ok(Some(of)));
            assert_eq!(said.lease.number(Field::LeaseTime), Some(MAX_FRAME as u32));
        }
        for of in 0..4 {
            assert_eq!(jail.answer(&mut said), Ok(Some(given + of)));
            assert_eq!(said.lease.number(Field::LeaseTime), Some(of));
        }
        assert_eq!(jail.answer(&mut said), Ok(None));
        jail.stop();
    }

    /// What waits behind the frame that kills it is lost, once, and the next one is read.
    #[test]
    fn a_crash_loses_what_waits() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        let mut said = Statement::NONE;
        assert_eq!(ask(&mut jail, 1, b""), Ok(()));
        assert_eq!(ask(&mut jail, 2, b"o"), Ok(()));
        assert_eq!(jail.answer(&mut said), Ok(Some(1)));
        wait_for_zombies(1);
        assert_eq!(ask(&mut jail, 3, b""), Ok(()));
        assert_eq!(jail.answer(&mut said), Err(Trouble::Crashed));
        assert_eq!(jails(), []);
        assert_eq!(jail.answer(&mut said), Ok(None));
        assert_eq!(look(&mut jail, b""), Ok(0));
        jail.stop();
    }

    /// With frames unread when it ends, and with one that is given to it after its end.
    #[test]
    fn what_it_answered_before_it_crashed_is_heard() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        let mut said = Statement::NONE;
        for last_comes_late in [false, true] {
            for (of, frame) in [(1, &b""[..]), (2, b"1"), (3, b"o"), (4, b"")] {
                if of == 4 && last_comes_late {
                    wait_for_zombies(1);
                }
                assert_eq!(ask(&mut jail, of, frame), Ok(()));
            }
            wait_for_zombies(1);
            assert_eq!(jail.answer(&mut said), Ok(Some(1)));
            assert_eq!(jail.answer(&mut said), Ok(Some(2)));
            assert_eq!(jail.answer(&mut said), Err(Trouble::Crashed));
            assert_eq!(jail.answer(&mut said), Ok(None));
        }
        jail.stop();
    }

    #[test]
    fn it_holds_one_socket_and_nothing_else() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        look(&mut jail, b"").unwrap();
        let [pid] = jails()[..] else {
            panic!("one jail")
        };
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        assert!(status.contains("Seccomp:\t1\n"), "{status}");
        assert!(status.contains("NoNewPrivs:\t1\n"), "{status}");
        // Where we may look: who cannot be dumped is root's.
        match fs::read_dir(format!("/proc/{pid}/fd")) {
            Ok(files) => {
                let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
                let to: Vec<_> = files
                    .iter()
                    .map(|file| fs::read_link(file).unwrap())
                    .collect();
                assert_eq!(files.len(), 1, "{to:?}");
                assert!(to[0].to_str().unwrap().starts_with("socket:"), "{to:?}");
            }
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
        }
        jail.stop();
    }

    #[test]
    fn whatever_else_it_does_is_the_last_it_does() {
        let _alone = alone();
        for act in [b"o", b"s", b"c"] {
            let mut jail = Jail::NONE;
            assert_eq!(look(&mut jail, act), Err(Trouble::Crashed), "{act:?}");
            assert_eq!(look(&mut jail, b""), Ok(0));
            jail.stop();
            let mut said = Statement::NONE;
            frame::read(EtherType::Ipv4, Checksum::Complete, act, &mut said);
            let done = said.lease.number(Field::RenewTime);
            assert_eq!(done, Some(1), "without a jail, {act:?}");
        }
        assert_eq!(jails(), []);
    }

    #[test]
    fn no_other_descriptor_takes_what_it_writes() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        let null = || fs::File::options().write(true).open("/dev/null").unwrap();
        let _open = [null(), null()];
        assert_eq!(look(&mut jail, b"d"), Ok(0));
        jail.stop();
    }

    #[test]
    fn an_answer_that_is_no_record_is_a_crash() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        assert_eq!(look(&mut jail, b"w"), Err(Trouble::Crashed));
        assert_eq!(look(&mut jail, b""), Ok(0));
        jail.stop();
    }

    #[test]
    fn a_jail_that_hangs_is_killed() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        let begin = Instant::now();
        assert_eq!(look(&mut jail, b"h"), Err(Trouble::Hung));
        assert!(
            begin.elapsed() < Duration::from_millis(600),
            "{:?}",
            begin.elapsed()
        );
        assert_eq!(jails(), []);
        assert!(look(&mut jail, b"").is_ok());
        jail.stop();
    }

    #[test]
    fn it_is_started_four_times_in_all() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        for act in [b"o", b"x", b"s", b"x"] {
            assert_eq!(look(&mut jail, act), Err(Trouble::Crashed));
            assert_eq!(jails(), []);
        }
        assert_eq!(look(&mut jail, b""), Err(Trouble::GivenUp));
        assert_eq!(jail.start(), Err(Trouble::GivenUp));
    }

    #[test]
    fn one_that_was_killed_while_idle_is_replaced() {
        let _alone = alone();
        let mut jail = Jail::NONE;
        look(&mut jail, b"").unwrap();
        for pid in jails() {
            // SAFETY: no pointers.
            let _ = unsafe { call(libc::SYS_kill, pid as usize, 9, 0, 0, 0) };
        }
        wait_for_zombies(1);
        assert_eq!(look(&mut jail, b""), Err(Trouble::Gone));
        assert!(look(&mut jail, b"").is_ok());
        jail.stop();
    }

    /// The kernel kills it with the thread that started it, which is all of the program.
    #[test]
    fn it_ends_with_us() {
        let _alone = alone();
        let begin = || {
            let mut jail = Jail::NONE;
            look(&mut jail, b"").unwrap();
            jail
        };
        let mut jail = thread::spawn(begin).join().unwrap();
        wait_for_zombies(1);
        jail.stop();
        assert_eq!(jails(), []);
    }

    /// Containers have a filter, and processes that have one no strict mode.
    #[test]
    fn below_a_filter_it_is_one_too() {
        let _alone = alone();
        let below = || {
            filter_calls(&[step(bpf::RETURN, libc::SECCOMP_RET_ALLOW)]);
            for act in [b"o", b"s", b"c"] {
                let mut jail = Jail::NONE;
                assert_eq!(look(&mut jail, b""), Ok(0));
                let [pid] = jails()[..] else {
                    panic!("one jail")
                };
                let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
                assert!(status.contains("Seccomp:\t2\n"), "{status}");
                assert_eq!(look(&mut jail, act), Err(Trouble::Crashed), "{act:?}");
                assert_eq!(jails(), []);
            }
        };
        thread::spawn(below).join().unwrap();
    }

    /// Then nothing is parsed, and nothing tried again.
    #[test]
    fn without_seccomp_there_is_none() {
        let _alone = alone();
        let below = || {
            filter_calls(&[
                step(bpf::WORD, 0),
                must(bpf::EQUALS, libc::SYS_prctl as u32, 3),
                step(bpf::WORD, 16),
                must(bpf::EQUALS, libc::PR_SET_SECCOMP as u32, 1),
                step(bpf::RETURN, libc::SECCOMP_RET_ERRNO | libc::EINVAL as u32),
                step(bpf::RETURN, libc::SECCOMP_RET_ALLOW),
            ]);
            let mut jail = Jail::NONE;
            assert_eq!(jail.start(), Ok(()));
            assert_eq!(look(&mut jail, b"o"), Err(Trouble::NoSeccomp));
            assert_eq!(jails(), []);
            assert_eq!(look(&mut jail, b""), Err(Trouble::GivenUp));
        };
        thread::spawn(below).join().unwrap();
    }

    /// Of this thread and the processes it starts.
    fn filter_calls(steps: &[bpf::Step]) {
        let program = bpf::program(steps);
        let program = program.as_ptr() as usize;
        let mode = libc::SECCOMP_MODE_FILTER as usize;
        for (option, a, b) in [
            (libc::PR_SET_NO_NEW_PRIVS, 1, 0),
            (libc::PR_SET_SECCOMP, mode, program),
        ] {
            // SAFETY: the program is as long as it says.
            let done = unsafe { call(libc::SYS_prctl, option as usize, a, b, 0, 0) };
            assert_eq!(done, Ok(0));
        }
    }

    fn wait_for_zombies(count: usize) {
        let state = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            let zombies = jails()
                .iter()
                .filter(|pid| state(pid).contains(") Z "))
                .count();
            if zombies == count {
                return;
            }
            assert!(Instant::now() < end, "{zombies} ended, of {count}");
            thread::sleep(Duration::from_millis(1));
        }
    }
}
