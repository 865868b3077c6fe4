//! Whether udev is done with a link.
//!
//! Where udevd runs, a link without a MAC rule of ours is left alone until `/run/udev/data/n<ifindex>`
//! exists: before Linux 6.2 a link that is up cannot be renamed, and udev's own name would be lost.

use super::file::Root;
use super::log::{Level, Log};
use super::{clock, inotify};
use ifdawn::diag::LineBuf;
use ifdawn::engine::{Instant, Settled};
use ifdawn::packed::{packed, word};

use std::mem;
use std::os::fd::BorrowedFd;

/// Seconds we give udev, from our start.
const PATIENCE: u32 = 10;

/// What is known of udev.
pub struct Udev {
    runs: bool,
    deadline: Instant,
    /// Whether links were taken over from udev because it took too long.
    overdue: bool,
}

impl Udev {
    /// Before anybody looked whether it runs.
    pub const UNASKED: Udev = Udev {
        runs: false,
        deadline: Instant(0),
        overdue: false,
    };

    /// Looks whether it runs on our links.
    pub fn look(&mut self, root: &Root<'_>) {
        self.runs = runs(root);
        self.deadline = clock::in_seconds(PATIENCE);
    }

    /// Whether the link may be touched.
    pub fn is_settled(&mut self, root: &Root<'_>, ifindex: u32, log: &mut Log) -> Settled {
        if !self.runs {
            return Settled::Yes;
        }
        let mut number = LineBuf::<16>::new();
        number.show(&ifindex);
        if (root.join(word!("/run/udev/data/n"), number.as_bytes())).exists() {
            return Settled::Yes;
        }
        if clock::now() < self.deadline {
            return Settled::NotYet;
        }
        if !mem::replace(&mut self.overdue, true) {
            let text =
                packed!("udev: is not done with every link in time; they are taken as they are");
            log.line(Level::News, &text);
        }
        Settled::Yes
    }

    /// When our patience ends, if udev runs and it has not.
    pub fn deadline(&self) -> Instant {
        match self.runs && clock::now() < self.deadline {
            true => self.deadline,
            false => Instant(u64::MAX),
        }
    }

    /// Says when udev finishes a link.
    pub fn watch(&self, root: &Root<'_>) -> Option<BorrowedFd<'static>> {
        const EVENTS: u32 = libc::IN_MOVED_TO | libc::IN_CREATE | libc::IN_CLOSE_WRITE;
        if !self.runs {
            return None;
        }
        let events = inotify::open().ok()?;
        // udevd makes the directory with its first link.
        for directory in [word!("/run/udev/data"), word!("/run/udev")] {
            inotify::watch(events, &root.join(directory, b""), EVENTS);
        }
        Some(events)
    }
}

/// udevd listens, and on our network namespace: it sees no links of any other.
fn runs(root: &Root<'_>) -> bool {
    if !root.exists(word!("/run/udev/control")) {
        return false;
    }
    let ours = Root::NONE.inode(word!("/proc/self/ns/net"));
    let init = root.inode(word!("/proc/1/ns/net"));
    ours == 0 || init == 0 || ours == init
}
