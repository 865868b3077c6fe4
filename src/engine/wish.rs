//! What people want of single links, beside what the sources say of them.

use super::remake::key;
use super::{Engine, remove, watched};
use crate::model::link::IfName;
use crate::plan::resolve::LinkState;

/// What somebody wants of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It comes up, whatever its file says of booting.
    Up,
    /// It is left alone, and so is what is there for it only.
    Down,
}

impl Engine<'_> {
    /// Notes what is wanted of a link from now on, in place of what was wanted of it before. It holds until another
    /// one is noted, whatever is read anew, and ends what somebody else did to the link; of more than [`MAX_LINKS`](crate::limits::MAX_LINKS) the oldest is
    /// forgotten.
    pub fn wish(&mut self, name: &IfName, wish: Wish) {
        remove(self.wishes, |(of, _)| of == name);
        if self.wishes.is_full() {
            self.wishes.remove(0);
        }
        let _ = self.wishes.push((*name, wish));
        // What became of it until now counts no more.
        let key = key(name);
        self.forget_marks(key);
        let link = self.observed.by_name(name);
        for ifindex in [key, link.map_or(key, |link| link.ifindex)] {
            watched::forget(self.watched, ifindex);
        }
        self.look_at_everything();
    }
}

impl Engine<'_> {
    /// What the sources say of booting holds again for all links.
    pub fn forget_wishes(&mut self) {
        self.wishes.clear();
        self.look_again = true;
    }

    /// Whether anything of a link, or of any, is still waited for.
    pub fn is_awaited(&self, name: Option<&IfName>) -> bool {
        self.has_state(name, |state| state.awaited().is_some())
    }

    /// Whether a link is what it shall be.
    pub fn is_link_up(&self, name: &IfName) -> bool {
        self.has_state(Some(name), |state| state == LinkState::Up)
    }

    /// Whether the state of a link, or of any, is one of those.
    fn has_state(&self, name: Option<&IfName>, is_it: fn(LinkState) -> bool) -> bool {
        let mut n = 0_usize;
        while let Some((link, state)) = self.link_at(n) {
            let is_meant = link.name.is_none() || name.is_none_or(|name| name.is(&link.name));
            if is_meant && is_it(state) {
                return true;
            }
            n = n.wrapping_add(1);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Origin;
    use crate::machine::Machine;
    use crate::model::config::{LinkConfig, LinkMatch, SourceKind};
    use crate::plan::resolve::Goal;
    use crate::testing::{link, name};

    type Tables = Machine<2, 8, 8, 8, 16, 128, 32, 64>;

    fn config(text: &str) -> LinkConfig {
        let matches = LinkMatch::Name(name(text));
        LinkConfig::matching(matches, SourceKind::Ifcfg, Origin::NONE)
    }

    #[test]
    fn the_last_wish_counts_and_outlives_what_is_read() {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        let (eth0, eth1) = (name("eth0"), name("eth1"));
        engine.wish(&eth0, Wish::Up);
        engine.wish(&eth1, Wish::Up);
        assert!(core::mem::take(&mut engine.look_again));
        engine.wish(&eth0, Wish::Down);
        assert!(engine.look_again);
        engine.clear();
        assert_eq!(**engine.wishes, [(eth1, Wish::Up), (eth0, Wish::Down)]);
        engine.wish(&name("eth2"), Wish::Down);
        let left = [(eth0, Wish::Down), (name("eth2"), Wish::Down)];
        assert_eq!(**engine.wishes, left, "the oldest went");
    }

    #[test]
    fn a_wish_beats_what_the_sources_say() {
        let (eth0, eth1) = (name("eth0"), name("eth1"));
        let wants = |wish, onboot, names, is_needed| {
            let goal = Goal { names, ..Goal::ALL };
            let wishes = [(eth0, wish)];
            let goal = goal.with(&wishes);
            let mut own = config("eth0");
            own.onboot = onboot;
            goal.wants(&own, None, is_needed)
        };
        let other = &[eth1][..];
        for names in [&[][..], other] {
            for (onboot, is_needed) in [(false, false), (true, false), (false, true)] {
                assert!(wants(Wish::Up, onboot, names, is_needed));
                assert!(!wants(Wish::Down, onboot, names, is_needed));
            }
        }
    }

    #[test]
    fn a_wish_is_of_the_kernels_link_where_the_configuration_means_any() {
        let wishes = [(name("eth0"), Wish::Down), (name("eth1"), Wish::Up)];
        let goal = Goal::ALL.with(&wishes);
        let any = LinkConfig::matching(LinkMatch::Any, SourceKind::Cmdline, Origin::NONE);
        let wants = |text| goal.wants(&any, Some(&link(2, text, 0)), false);
        assert_eq!(["eth0", "eth1", "eth2"].map(wants), [false, true, true]);
    }

    #[test]
    fn ports_and_what_lies_on_a_link_are_left_alone_with_it() {
        let bond = (name("bond0"), Wish::Down);
        let eth1 = (name("eth1"), Wish::Up);
        let wants = |own: &LinkConfig, wishes: &[_]| Goal::ALL.with(wishes).wants(own, None, false);
        let (mut port, mut vlan) = (config("eth1"), config("bond0.5"));
        port.master = Some(name("bond0"));
        vlan.lower = Some(LinkMatch::Name(name("bond0")));
        assert!(!wants(&port, &[bond]) && !wants(&vlan, &[bond]));
        assert!(wants(&config("eth1"), &[bond]));
        // Unless they are spoken of themselves, before or after.
        assert!(wants(&port, &[bond, eth1]) && wants(&port, &[eth1, bond]));
        assert!(!wants(&vlan, &[eth1, bond]));
    }
}
