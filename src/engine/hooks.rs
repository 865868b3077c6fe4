//! When hooks are run: once for each change of a link, never for a look.

use super::{Engine, Host};
use crate::model::config::LinkMatch;
use crate::model::link::IfName;
use crate::output::hook::{Environment, Hook};
use crate::plan::resolve::LinkState;

impl Engine<'_> {
    /// After a look: tells which links are up that were not, and which are not any more.
    #[inline(never)]
    pub(super) fn tell_hooks(&mut self, host: &mut impl Host) {
        let mut n = 0_usize;
        while let Some(&(ifindex, _)) = self.hooked.get(n) {
            // What is about to be taken back is down once it was.
            if self.is_up(ifindex, true) || self.leaving.iter().any(|row| row.0 == ifindex) {
                n = n.wrapping_add(1);
            } else {
                self.tell_down(ifindex, host);
            }
        }
        n = 0;
        while let Some(link) = self.desired.links.get(n) {
            n = n.wrapping_add(1);
            let row @ (ifindex, _) = (link.ifindex, link.name);
            if self.hooked_as(ifindex).is_none()
                && self.is_up(ifindex, false)
                && self.hooked.push(row).is_ok()
            {
                self.tell_hook(Hook::Up, ifindex, host);
            }
        }
    }

    /// Tells that a link is down, if it was told that it is up.
    #[inline(never)]
    pub(super) fn tell_down(&mut self, ifindex: u32, host: &mut impl Host) {
        self.tell_hook(Hook::Down, ifindex, host);
        if let Some(n) = self.hooked.iter().position(|row| row.0 == ifindex) {
            self.hooked.remove(n);
        }
    }

    /// Tells of something that happened to a link, if it was told that it is up.
    #[inline(never)]
    pub(super) fn tell_hook(&self, hook: Hook, ifindex: u32, host: &mut impl Host) {
        if let Some(name) = self.hooked_as(ifindex) {
            let link = self.desired.link(ifindex).filter(|_| hook != Hook::Down);
            let environment = Environment {
                engine: self,
                name: link.map_or(name, |link| &link.name),
                link,
            };
            host.hook(hook, environment.name.as_bytes(), &environment);
        }
    }

    /// What a link was called when hooks were told that it is up, if they were.
    #[inline(never)]
    fn hooked_as(&self, ifindex: u32) -> Option<&IfName> {
        let row = self.hooked.iter().find(|row| row.0 == ifindex);
        row.map(|(_, name)| name)
    }

    /// Whether a link has what it is configured to have; for one that was up, whether it is left what it was up with: its
    /// lease, if it asks for one.
    #[inline(never)]
    fn is_up(&self, ifindex: u32, was_up: bool) -> bool {
        let Some(link) = self.desired.link(ifindex) else {
            return false;
        };
        let Some(config) = self.config.link(link.id()) else {
            return false;
        };
        let is_done = self.states.get(link.id().place()) == Some(&LinkState::Up);
        // Of any link, those without a lease go on asking.
        is_done && !matches!(config.matches, LinkMatch::Any)
            || (link.leased || !link.asks) && (was_up || is_done)
    }
}
