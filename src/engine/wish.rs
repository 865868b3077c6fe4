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
    /// one is noted, whatever is read anew, and ends what somebody else did to the link; of more than
    /// [`MAX_LINKS`](crate::limits::MAX_LINKS) the oldest is forgotten.
    pub fn wish(&mut self, name: &IfName, wish: Wish) {
        remove(self.wishes, |(of, _)| of == name);
        if self.wishes.is_full() {
            self.wishes.remove(0);
        }
        let _ = self.wishes.push((*name, wish));
        self.forget_past(name);
        self.look_at_everything();
    }

    /// What became of a link until now counts no more: what is waited for begins anew, and how it ends is told again.
    #[inline(never)]
    pub(super) fn forget_past(&mut self, name: &IfName) {
        let (key, link) = (key(name), self.observed.by_name(name));
        for ifindex in [key, link.map_or(key, |link| link.ifindex)] {
            self.forget_marks(ifindex);
            watched::forget(self.watched, ifindex);
        }
    }

    /// What the sources say of booting holds again for all links, as if we began now; those that somebody wanted up
    /// stay so.
    pub fn wish_as_at_boot(&mut self) {
        remove(self.wishes, |(_, wish)| *wish == Wish::Down);
        self.watched.clear();
        self.marks.clear();
        self.look_at_everything();
    }

    /// How far a link is.
    pub fn state_of(&self, name: &IfName) -> LinkState {
        let mut links = self.desired.links.iter();
        let link = links.find(|link| link.name == *name);
        let id = link.and_then(|link| link.config);
        let id = id.or_else(|| self.config.named(name));
        let state = id.and_then(|id| self.states.get(id.place()));
        state.copied().unwrap_or(LinkState::NotAsked)
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
    fn as_at_boot_only_what_somebody_wants_up_is_left() {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        let (eth0, eth1) = (name("eth0"), name("eth1"));
        engine.wish(&eth0, Wish::Down);
        engine.wish(&eth1, Wish::Up);
        engine.mark(7, crate::engine::Event::Carrier);
        engine.look_again = false;
        engine.wish_as_at_boot();
        assert!(engine.look_again && engine.marks.is_empty());
        assert_eq!(**engine.wishes, [(eth1, Wish::Up)]);
    }

    #[test]
    fn what_became_of_a_link_ends_with_a_wish() {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        let eth0 = name("eth0");
        let _ = engine.observed.links.push(link(2, "eth0", 0));
        for ifindex in [2, 3, key(&eth0)] {
            engine.mark(ifindex, crate::engine::Event::Done);
        }
        engine.wish(&eth0, Wish::Up);
        let left: std::vec::Vec<u32> = engine.marks.iter().map(|mark| mark.ifindex).collect();
        assert_eq!(left, [3]);
    }

    #[test]
    fn a_link_is_as_far_as_its_description() {
        let mut tables = Tables::new();
        let mut engine = tables.engine();
        let (eth0, eth1) = (name("eth0"), name("eth1"));
        assert_eq!(engine.state_of(&eth0), LinkState::NotAsked);
        let id = engine.config.add_link(&config("eth0"));
        let any = LinkConfig::matching(LinkMatch::Any, SourceKind::Cmdline, Origin::NONE);
        let any = engine.config.add_link(&any);
        let _ = engine
            .states
            .extend_from_slice(&[LinkState::WaitingDevice, LinkState::Up]);
        assert_eq!(engine.state_of(&eth0), LinkState::WaitingDevice, "{id:?}");
        assert_eq!(engine.state_of(&eth1), LinkState::NotAsked);
        engine.desired.add_link(3, &eth1, Origin::NONE);
        if let Some(link) = engine.desired.links.first_mut() {
            link.config = any;
        }
        assert_eq!(engine.state_of(&eth1), LinkState::Up);
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
