//! What a supervisor gives up before it reads anything: whoever makes it do what it should not finds little that it
//! may do.
//!
//! * **Capabilities**: those of links and sockets are kept, and that of writing the files of others only where
//!   resolv.conf or the state is another one's.
//! * **Files**: only those that [`crate::system`] writes may be written (Landlock), and with resolv.conf all in its
//!   directory and below, since it is replaced by a file made beside it.
//! * **System calls**: those that it makes, and no other (seccomp).
//! * **No new privileges, no core dumps.**
//!
//! What the kernel refuses is said, and the rest is done: no machine fails to come up because of it.

use crate::sys::file::{Path, Root};
use crate::sys::landlock::Rules;
use crate::sys::{caps, process, seccomp, unix};
use crate::system::{RUN, System, resolv_conf};
use ifdawn::diag::{Complaint, Effect, Problem, Subject};
use ifdawn::packed::{Packed, packed, word};

/// Always kept.
const KEPT: u32 = caps::NET_ADMIN | caps::NET_RAW | caps::NET_BIND_SERVICE;

/// The steps that kernels may refuse.
const STEPS: Packed = packed!("Landlock,capability bounding set,seccomp");
const LAST: usize = 2;

/// How bad it is if the last of them is refused, and if another one is: what is parsed is in a jail, or is not read.
const WARNING: Complaint = Complaint::warning(Problem::File, Effect::NotLocked);
const NOTE: Complaint = Complaint::note(Problem::File, Effect::NotLocked);

/// Gives it up.
#[inline(never)]
pub fn confine(system: &mut System<'_>) {
    let root = &system.root;
    let mut resolv_conf = root.path(resolv_conf(system.options));
    resolv_conf.follow();
    let directory = resolv_conf.directory();
    let run = root.path(RUN);
    let user = unix::own_user();
    let mut kept = KEPT;
    if [&resolv_conf, &directory, &run]
        .iter()
        .any(|path| path.is_of_others(user))
    {
        kept |= caps::DAC_OVERRIDE;
    }
    let rules = Rules::new().inspect(|rules| {
        let allow = |path: &Path| {
            let _ = path.open(libc::O_PATH, 0).map(|file| rules.allow(file));
        };
        // Beside a device there are others.
        allow(match resolv_conf.is_special() {
            true => &resolv_conf,
            false => &directory,
        });
        allow(&run);
        allow(&root.join(word!("/proc/sys/kernel/hostname"), b""));
        allow(&Root::NONE.join(word!("/proc/sys/net/ipv6/conf/"), b""));
        allow(&Root::NONE.join(word!("/dev/kmsg"), b""));
    });
    // The others need it, and report it.
    let _ = process::gain_nothing();
    // The last forbids the others.
    let done = [
        rules.and_then(Rules::confine),
        caps::keep_only(kept),
        seccomp::confine(),
    ];
    for (result, step) in done.iter().zip(0..) {
        if let Err(errno) = result {
            let complaint = if step == LAST { WARNING } else { NOTE };
            system.failed(complaint, *errno, Subject::Name(&STEPS.item(step)));
        }
    }
}
