//! The library allocates nothing: a command line is read, a plan made and carried out, links renamed and
//! taken down while every allocation of this thread is counted.
//!
//! The fake kernel allocates as it likes: counting stops while it works, and whatever the engine hands over
//! as text is written out before.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

#[cfg(test)]
#[expect(dead_code, reason = "every test uses another part")]
mod support;

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with a count of the calls of each thread that asks for it.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count() {
    if COUNTING.get() {
        COUNT.set(COUNT.get() + 1);
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::support::host::FakeHost;
    use super::support::kernel::Kernel;
    use super::support::nouns::Link;
    use super::{COUNT, COUNTING};
    use ifdawn::diag::{Diagnostic, Errno, Sink};
    use ifdawn::engine::{Engine, Host, Instant, OutputFile, Packet, Progress, Settled};
    use ifdawn::machine::Machine;
    use ifdawn::model::link::{IfName, Mac};
    use ifdawn::plan::resolve::LinkState;
    use ifdawn::source::{Context, cmdline};
    use ifdawn::text::show::Show;
    use ifdawn::wire::ethtool::Room;
    use std::fmt::{self, Write};
    use std::net::Ipv4Addr;
    use std::sync::{Mutex, PoisonError};

    /// How many allocations `act` makes on this thread.
    fn allocations_in<R>(act: impl FnOnce() -> R) -> (R, usize) {
        COUNT.set(0);
        COUNTING.set(true);
        let result = act();
        COUNTING.set(false);
        (result, COUNT.get())
    }

    /// Does something that may allocate in the middle of [`allocations_in`].
    fn aside<R>(act: impl FnOnce() -> R) -> R {
        let counted = COUNTING.replace(false);
        let result = act();
        COUNTING.set(counted);
        result
    }

    const TEXT: usize = 64 * 1024;

    /// A text written without allocating.
    struct Page {
        octets: [u8; TEXT],
        len: usize,
    }

    impl Page {
        fn of(&mut self, text: &dyn Show) -> &[u8] {
            self.len = 0;
            write!(self, "{text}").unwrap();
            &self.octets[..self.len]
        }
    }

    impl Write for Page {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = &mut self.octets[self.len..];
            room[..text.len()].copy_from_slice(text.as_bytes());
            self.len += text.len();
            Ok(())
        }
    }

    /// The fake host, whose own work is not counted.
    struct Uncounted {
        host: FakeHost,
        page: Box<Page>,
    }

    impl Sink for Uncounted {
        fn report(&mut self, diagnostic: &Diagnostic<'_>) {
            self.page.of(diagnostic);
            aside(|| self.host.report(diagnostic));
        }
    }

    impl Host for Uncounted {
        fn now(&mut self) -> Instant {
            self.host.now()
        }

        fn send(&mut self, requests: &[u8]) -> Result<(), Errno> {
            aside(|| self.host.send(requests))
        }

        fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
            aside(|| self.host.receive(buffer))
        }

        fn have_links_changed(&mut self) -> bool {
            true
        }

        fn is_settled(&mut self, ifindex: u32) -> Settled {
            self.host.is_settled(ifindex)
        }

        fn read(&mut self, file: OutputFile<'_>) -> Result<&[u8], Errno> {
            aside(|| self.host.read(file))
        }

        fn write(&mut self, file: OutputFile<'_>, text: &dyn Show) -> Result<(), Errno> {
            let text = self.page.of(text);
            let text = str::from_utf8(text).unwrap();
            aside(|| self.host.write(file, &text))
        }

        fn remove(&mut self, file: OutputFile<'_>) {
            aside(|| self.host.remove(file));
        }

        fn list_owned(&mut self) {
            aside(|| self.host.list_owned());
        }

        fn owned(&self, n: usize) -> Option<IfName> {
            aside(|| self.host.owned(n))
        }

        fn ethtool(&mut self, _: &IfName, _: &mut [u8], _: &mut Room) -> Result<(), Errno> {
            Err(Errno::EOPNOTSUPP)
        }

        fn progress(&mut self, news: &dyn Show) {
            let news = str::from_utf8(self.page.of(news)).unwrap();
            aside(|| self.host.progress(&news));
        }

        fn transmit(
            &mut self,
            ifindex: u32,
            what: Packet,
            to: &Mac,
            packet: &[u8],
        ) -> Result<(), Errno> {
            aside(|| self.host.transmit(ifindex, what, to, packet))
        }

        fn unicast(
            &mut self,
            ifindex: u32,
            from: Ipv4Addr,
            to: Ipv4Addr,
            packet: &[u8],
        ) -> Result<(), Errno> {
            aside(|| self.host.unicast(ifindex, from, to, packet))
        }

        fn trace(&mut self, what: &dyn Show) {
            let what = str::from_utf8(self.page.of(what)).unwrap();
            aside(|| self.host.trace(&what));
        }
    }

    type Small = Machine<16, 64, 64, 256, 320, 1_024, 1_024, 65_536>;

    static SMALL: Mutex<Small> = Mutex::new(Machine::new());

    /// Swaps two links that are up, names a third, and uses most words there are; two of them are wrong.
    const CMDLINE: &str = "quiet ip=192.0.2.5::192.0.2.1:255.255.255.0:host:eth0:none:1400 \
        ip=[2001:db8::5]::[2001:db8::1]:64::eth1:none:192.0.2.53 ip=10.0.0.5:10.0.0.9:::::none \
        ip=eth9:nonsense ifname=eth0:02:00:00:00:00:03 ifname=eth1:02:00:00:00:00:02 \
        ifname=lan0:02:00:00:00:00:04 ip=10.7.0.5:::16::lan0:none rd.route=172.16.0.0/12:192.0.2.1:eth0 \
        rd.route=bad nameserver=192.0.2.54 rd.net.timeout.carrier=5 bootdev=eth0";

    fn host(live_rename: bool) -> Uncounted {
        let mut kernel = Kernel::new();
        for (name, number) in ["eth0", "eth1", "eth2", "eth3"].iter().zip(2..) {
            let link = Link::new(name, [2, 0, 0, 0, 0, number]);
            let ifindex = kernel.add_link(link);
            kernel.tables.set_flags(ifindex, 1, 1).unwrap();
        }
        kernel.settings.live_rename = live_rename;
        let page = Page {
            octets: [0; TEXT],
            len: 0,
        };
        let mut host = FakeHost::new(kernel);
        host.files
            .insert("hostname".to_owned(), b"(none)\n".to_vec());
        Uncounted {
            host,
            page: Box::new(page),
        }
    }

    fn read(engine: &mut Engine<'_>, host: &mut Uncounted, text: &str) {
        let file = engine.config.add_file(b"cmdline").unwrap();
        let (config, text) = (&mut engine.config, text.as_bytes());
        let mut cx = Context::new(config, host, file, b"cmdline", text);
        cmdline::read(&mut cx);
        cmdline::finish(&mut cx);
    }

    #[test]
    fn nothing_is_allocated_from_the_first_word_to_the_last_answer() {
        for live_rename in [true, false] {
            let mut host = host(live_rename);
            let mut machine = SMALL.lock().unwrap_or_else(PoisonError::into_inner);
            let mut engine = machine.engine();
            engine.clear();

            let ((), parsed) = allocations_in(|| read(&mut engine, &mut host, CMDLINE));
            assert_eq!(parsed, 0, "reading");
            assert_eq!(host.host.complaints.len(), 3, "{:#?}", host.host.complaints);

            let (planned, count) = allocations_in(|| engine.plan(&mut host));
            assert_eq!((planned, count), (Ok(()), 0), "planning");
            assert!(engine.plan.steps.len() > 10);

            for round in 0..2 {
                let (done, count) = allocations_in(|| engine.converge(&mut host));
                assert_eq!((done, count), (Ok(()), 0), "round {round}");
                assert_eq!(engine.progress(), Progress::Done);
            }
            let ((), count) = allocations_in(|| engine.publish_state(&mut host));
            assert_eq!(count, 0, "state");
            assert!(host.host.kernel.link("lan0").is_some());
            let is_up = |state: &LinkState| *state == LinkState::Up;
            assert!(engine.states.iter().filter(|state| is_up(state)).count() >= 3);

            let eth0 = IfName::new(b"eth0").unwrap();
            let (down, count) = allocations_in(|| engine.down(&eth0, &mut host));
            assert_eq!((down, count), (Ok(()), 0), "down");
            assert!(!engine.plan.errors.any());
        }
    }

    #[test]
    fn nothing_is_allocated_when_everything_fails() {
        let mut host = host(false);
        for kind in [19, 20, 24] {
            (0..60).for_each(|_| host.host.kernel.fail_next(kind, 12));
        }
        let mut machine = SMALL.lock().unwrap_or_else(PoisonError::into_inner);
        let mut engine = machine.engine();
        engine.clear();
        read(&mut engine, &mut host, CMDLINE);
        let (_, count) = allocations_in(|| engine.converge(&mut host));
        assert!(host.host.said("ENOMEM") > 5, "{:#?}", host.host.complaints);
        assert_eq!(count, 0);
    }

    /// The counter counts.
    #[test]
    fn an_allocation_is_seen() {
        let ((), count) = allocations_in(|| drop(std::hint::black_box(vec![1_u8])));
        assert_eq!(count, 2);
        let ((), count) = allocations_in(|| aside(|| drop(std::hint::black_box(vec![1_u8]))));
        assert_eq!(count, 0);
    }
}
