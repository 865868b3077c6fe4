//! What a supervisor gave up it cannot do: the program's own filter and rules, in children of the test.
#![cfg(target_os = "linux")]

/// As in the program.
#[cfg(test)]
#[expect(dead_code, reason = "a part of it is for the program only")]
#[path = "../src/bin/ifdawn/sys"]
mod sys {
    mod bpf;
    mod call;
    pub mod caps;
    mod ethtool;
    pub mod landlock;
    pub mod process;
    mod rtnl;
    pub mod seccomp;

    pub use call::call;
    use call::{bind, descriptor, receive, set, socket};
}

#[cfg(test)]
mod tests {
    use super::sys::landlock::Rules;
    use super::sys::seccomp::{self, ARGUMENTS, CALLS, PLACE};
    use super::sys::{call, caps, process};
    use std::collections::BTreeSet;
    use std::ffi::CString;
    use std::fs::{self, File};
    use std::path::{Path, PathBuf};

    /// What becomes of a child that does this: the signal that ended it, or what it answered. It may do nothing that
    /// needs memory or a lock.
    fn child(act: impl FnOnce() -> bool) -> Result<bool, i32> {
        // SAFETY: the child makes system calls only, and ends.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let code = usize::from(act());
            loop {
                // SAFETY: no pointers.
                let _ = unsafe { call(libc::SYS_exit_group, code, 0, 0, 0, 0) };
            }
        }
        let mut status = 0;
        // SAFETY: the status has its place.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        match libc::WIFSIGNALED(status) {
            true => Err(libc::WTERMSIG(status)),
            false => Ok(libc::WEXITSTATUS(status) == 1),
        }
    }

    /// What becomes of a child below the filter that makes this call.
    fn filtered(number: libc::c_long, a: usize, b: usize, c: usize) -> Result<bool, i32> {
        child(|| {
            process::gain_nothing().is_ok() && seccomp::confine().is_ok() && {
                // SAFETY: no pointers but those to what lives as long.
                let _ = unsafe { call(number, a, b, c, 0, 0) };
                true
            }
        })
    }

    /// No process (never -1, which is all of them), no descriptor, no memory: what is made all the same does nothing.
    const NONE: usize = 0x7fff_ffff;

    const KILLED: Result<bool, i32> = Err(libc::SIGSYS);

    #[test]
    fn a_program_that_is_executed_is_the_end() {
        let path = c"/bin/true".as_ptr() as usize;
        let words = [path, 0];
        assert_eq!(
            filtered(libc::SYS_execve, path, words.as_ptr() as usize, 0),
            KILLED
        );
    }

    #[test]
    fn so_is_every_call_that_is_not_listed() {
        for number in 0..512 {
            // vhangup(2) takes nothing: nobody shall find out what it would do. And what uprobes call no filter sees.
            if number == libc::SYS_vhangup || matches!(number, 335 | 336) {
                continue;
            }
            let is_listed = CALLS.contains(&(number as u16))
                || ARGUMENTS
                    .iter()
                    .any(|[call, _]| call & 0xfff == number as u16);
            if !is_listed {
                assert_eq!(filtered(number, NONE, NONE, NONE), KILLED, "{number}");
            }
        }
    }

    /// Each says that there is no such descriptor, or no such memory, but is made.
    #[test]
    fn those_that_are_listed_are_made() {
        let others = [libc::SYS_exit, libc::SYS_exit_group, libc::SYS_setsid];
        for number in CALLS {
            let number = libc::c_long::from(*number);
            // These would wait for ever or close what the answer needs, which is nothing.
            if number != libc::SYS_ppoll && !others.contains(&number) {
                assert_eq!(filtered(number, NONE, NONE, NONE), Ok(true), "{number}");
            }
        }
        for number in others {
            assert_eq!(filtered(number, 1, 0, 0), Ok(true), "{number}");
        }
    }

    #[test]
    fn of_some_it_matters_what_they_are_given() {
        for [call, value] in ARGUMENTS {
            let number = libc::c_long::from(call & 0xfff);
            let value = usize::from(*value);
            let (made, other) = match call >> PLACE {
                2 => ([value, NONE, NONE], [0x7f, NONE, NONE]),
                _ => ([NONE, value, NONE], [NONE, 0x7f, NONE]),
            };
            if number != libc::SYS_clone {
                let [a, b, c] = made;
                assert_eq!(filtered(number, a, b, c), Ok(true), "{number} {value}");
            }
            let [a, b, c] = other;
            assert_eq!(filtered(number, a, b, c), KILLED, "{number}");
        }
        for (what, number, a, b) in [
            (
                "a namespace",
                libc::SYS_clone,
                libc::CLONE_NEWUSER | libc::SIGCHLD,
                0,
            ),
            (
                "a thread",
                libc::SYS_clone,
                libc::CLONE_VM | libc::SIGCHLD,
                0,
            ),
            (
                "a socket of another kind",
                libc::SYS_socket,
                libc::AF_VSOCK,
                libc::SOCK_STREAM,
            ),
            ("another signal", libc::SYS_kill, 0x7fff_ffff, libc::SIGTERM),
            ("what is typed", libc::SYS_ioctl, 0, libc::TIOCSTI as i32),
            ("a right", libc::SYS_prctl, libc::PR_CAP_AMBIENT, 0),
        ] {
            assert_eq!(
                filtered(number, a as usize, b as usize, 0),
                KILLED,
                "{what}"
            );
        }
    }

    #[test]
    fn a_copy_of_us_is_made_killed_and_gone() {
        let jailed = || {
            process::gain_nothing().is_ok() && seccomp::confine().is_ok() && {
                match process::fork() {
                    Ok(0) => process::end(),
                    Ok(pid) => {
                        process::kill(pid);
                        process::is_gone(pid)
                    }
                    Err(_) => false,
                }
            }
        };
        assert_eq!(child(jailed), Ok(true));
    }

    /// The names of the calls in a text.
    fn calls(text: &str) -> BTreeSet<String> {
        let names = text.split("libc::SYS_").skip(1).map(|rest| {
            let end =
                rest.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_string()
        });
        names.collect()
    }

    /// What is made before a supervisor is confined, or by the spawner and other commands.
    const OTHERS: &[&str] = &[
        "capget",
        "capset",
        "chdir",
        "execve",
        "fchdir",
        "fchmod",
        "landlock_add_rule",
        "landlock_create_ruleset",
        "landlock_restrict_self",
        "listen",
        "readlinkat",
        "rt_sigaction",
        "rt_sigprocmask",
        "rt_sigtimedwait",
        "setpgid",
        "signalfd4",
        "timerfd_create",
        "umask",
        "uname",
    ];

    /// What a file makes must be listed: it would be the program's end.
    #[test]
    fn the_list_is_that_of_the_sources() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/ifdawn/sys");
        let (mut made, mut listed) = (BTreeSet::new(), BTreeSet::new());
        for file in fs::read_dir(directory).unwrap() {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            match path.ends_with("seccomp.rs") {
                true => listed = calls(&text),
                false => made.extend(calls(&text)),
            }
        }
        let others: BTreeSet<_> = OTHERS.iter().map(|name| name.to_string()).collect();
        let unlisted: Vec<_> = made
            .difference(&listed)
            .filter(|name| !others.contains(*name))
            .collect();
        assert_eq!(unlisted, [""; 0], "made, but not allowed");
        let unused: Vec<_> = listed.difference(&made).collect();
        assert_eq!(unused, [""; 0], "allowed, but not made");
        let both: Vec<_> = listed.intersection(&others).collect();
        assert_eq!(both, [""; 0], "allowed, but not made any more then");
    }

    /// A directory of the test's own.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path = std::env::temp_dir().join(format!("ifdawn-{name}-{}", std::process::id()));
            for directory in ["", "ours", "others"] {
                fs::create_dir(path.join(directory)).unwrap();
            }
            for file in ["file", "ours/old", "others/old"] {
                fs::write(path.join(file), "old").unwrap();
            }
            Scratch(path)
        }

        fn path(&self, name: &str) -> CString {
            CString::new(self.0.join(name).to_str().unwrap()).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const HERE: usize = libc::AT_FDCWD as usize;

    fn open(path: &CString, flags: i32) -> bool {
        let (path, flags) = (path.as_ptr() as usize, flags as usize);
        // SAFETY: the path ends with a NUL.
        unsafe { call(libc::SYS_openat, HERE, path, flags, 0o600, 0) }.is_ok()
    }

    fn rename(from: &CString, to: &CString) -> bool {
        let (from, to) = (from.as_ptr() as usize, to.as_ptr() as usize);
        // SAFETY: the paths end with a NUL.
        unsafe { call(libc::SYS_renameat2, HERE, from, HERE, to, 0) }.is_ok()
    }

    fn remove(path: &CString) -> bool {
        // SAFETY: the path ends with a NUL.
        unsafe { call(libc::SYS_unlinkat, HERE, path.as_ptr() as usize, 0, 0, 0) }.is_ok()
    }

    /// Whether it may be done where only `ours` and `file` may be written.
    fn ruled(scratch: &Scratch, act: impl FnOnce() -> bool) -> bool {
        let Ok(rules) = Rules::new() else {
            panic!("this kernel has no Landlock: nothing is tested")
        };
        for name in ["ours", "file"] {
            let file = File::options()
                .read(true)
                .open(scratch.0.join(name))
                .unwrap();
            rules.allow(file.into());
        }
        child(|| process::gain_nothing().is_ok() && rules.confine().is_ok() && act()).unwrap()
    }

    const WRITE: i32 = libc::O_WRONLY;
    const TRUNCATE: i32 = libc::O_WRONLY | libc::O_TRUNC;
    const MAKE: i32 = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL;

    #[test]
    fn what_is_ours_may_be_written() {
        let scratch = &Scratch::new("ours");
        let [file, old, new] = ["file", "ours/old", "ours/new"].map(|name| scratch.path(name));
        assert!(ruled(scratch, || open(&file, WRITE) && open(&file, TRUNCATE)));
        assert!(ruled(scratch, || open(&old, TRUNCATE)));
        assert!(ruled(scratch, || open(&new, MAKE) && rename(&new, &old)));
        assert!(ruled(scratch, || remove(&old)));
    }

    #[test]
    fn and_nothing_else() {
        let scratch = &Scratch::new("others");
        let [old, other, new] =
            ["ours/old", "others/old", "others/new"].map(|name| scratch.path(name));
        let read = || open(&other, libc::O_RDONLY) && open(&old, libc::O_RDONLY);
        assert!(ruled(scratch, read), "reading stays free");
        for flags in [
            WRITE,
            TRUNCATE,
            libc::O_RDWR,
            libc::O_RDONLY | libc::O_TRUNC,
        ] {
            assert!(!ruled(scratch, || open(&other, flags)), "{flags:o}");
        }
        assert!(!ruled(scratch, || open(&new, MAKE)));
        assert!(!ruled(scratch, || remove(&other)));
        assert!(!ruled(scratch, || rename(&other, &new)));
        assert!(
            !ruled(scratch, || rename(&old, &new)),
            "out of what is ours"
        );
        assert!(
            !ruled(scratch, || rename(&other, &old)),
            "into what is ours"
        );
        let directory = scratch.path("ours/directory");
        let make = || {
            // SAFETY: the path ends with a NUL.
            unsafe {
                call(
                    libc::SYS_mkdirat,
                    HERE,
                    directory.as_ptr() as usize,
                    0o700,
                    0,
                    0,
                )
            }
            .is_ok()
        };
        assert!(!ruled(scratch, make), "nor is there any directory to make");
        let path = scratch.path("ours/link");
        let link = || {
            let (to, at) = (old.as_ptr() as usize, path.as_ptr() as usize);
            // SAFETY: the paths end with a NUL.
            unsafe { call(libc::SYS_symlinkat, to, HERE, at, 0, 0) }.is_ok()
        };
        assert!(!ruled(scratch, link), "or link");
        let execute = || {
            let words = [c"/bin/true".as_ptr() as usize, 0];
            // SAFETY: the path and the words end with a NUL.
            let _ = unsafe { call(libc::SYS_execve, words[0], words.as_ptr() as usize, 0, 0, 0) };
            // Had it been executed, it would have answered otherwise.
            true
        };
        assert!(ruled(scratch, execute), "or program to execute");
    }

    #[test]
    fn signals_are_for_its_own() {
        let scratch = &Scratch::new("signals");
        let to = std::process::id() as usize;
        let kill = move || {
            // SAFETY: no pointers; signal 0 does nothing.
            unsafe { call(libc::SYS_kill, to, 0, 0, 0, 0) }.is_ok()
        };
        assert_eq!(child(kill), Ok(true), "without rules");
        // SAFETY: no pointers; it returns the version, and 6 knows of signals.
        let version = unsafe { call(libc::SYS_landlock_create_ruleset, 0, 0, 1, 0, 0) };
        let is_old = version.is_ok_and(|version| version < 6);
        assert_eq!(ruled(scratch, kill), is_old);
    }

    /// Effective, permitted, inheritable, bounding, ambient; None: it is not said.
    fn capabilities(status: &str) -> Vec<u64> {
        let lines = status.lines().filter(|line| line.starts_with("Cap"));
        lines
            .map(|line| u64::from_str_radix(line.split_once(":\t").unwrap().1, 16).unwrap())
            .collect()
    }

    /// In a thread, of which the kernel keeps them apart.
    #[test]
    fn capabilities_are_given_up() {
        let kept = caps::NET_ADMIN | caps::NET_RAW;
        let confined = std::thread::spawn(move || {
            let before = fs::read_to_string("/proc/thread-self/status").unwrap();
            let bound = caps::keep_only(kept);
            // Once more: there is nothing to give up, and no right to.
            assert_eq!(caps::keep_only(kept).is_ok(), kept >> 8 & 1 != 0);
            (
                before,
                bound,
                fs::read_to_string("/proc/thread-self/status").unwrap(),
            )
        });
        let (before, bound, after) = confined.join().unwrap();
        let [_, permitted, _, bounding, _] = capabilities(&before)[..] else {
            panic!("{before}")
        };
        let left = permitted & u64::from(kept);
        // CAP_SETPCAP
        let bounding = match permitted >> 8 & 1 {
            1 => {
                assert_eq!(bound, Ok(()));
                bounding & u64::from(kept)
            }
            _ => bounding,
        };
        assert_eq!(capabilities(&after), [0, left, left, bounding, 0]);
    }
}
