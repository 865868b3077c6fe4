//! Links that are made: those that the kernel refuses, and what lies on them.

use super::{Engine, Event};
use crate::diag::Errno;
use crate::model::index::{HASH_START, hash};
use crate::model::link::IfName;
use crate::model::observed::Birth;
use crate::plan::Step;
use crate::plan::resolve::LinkState;

impl Engine<'_> {
    /// The link of a step could not be made. Whether it is looked at again before anybody is told: a link has taken
    /// its name or its number, as the bonding driver makes `bond0` when it is loaded for one.
    pub(super) fn is_not_made(&mut self, step: Step, errno: Errno, said: &[u8]) -> bool {
        let Some(link) = self.desired.links.get(step.n as usize) else {
            return false;
        };
        let (ifindex, name) = (link.ifindex, link.name);
        let looks_again = errno == Errno::EEXIST
            && said.is_empty()
            && self.when(key(&name), Event::Seen).is_none();
        // Once it is told, it is not asked for again: who is told of each try, as of a bridge that is made, refused an
        // option and deleted, would try for ever.
        self.mark(
            key(&name),
            match looks_again {
                true => Event::Seen,
                false => Event::Failed,
            },
        );
        if let Some(link) = self.observed.by_index_mut(ifindex) {
            link.birth = Birth::Refused;
        }
        self.refuse_uppers();
        let links = self.observed.links.iter();
        for refused in links.filter(|link| link.birth == Birth::Refused) {
            let id = self
                .desired
                .link(refused.ifindex)
                .and_then(|link| link.config);
            if let Some(state) = id.and_then(|id| self.states.get_mut(id.place())) {
                *state = LinkState::Failed;
            }
        }
        looks_again
    }

    /// What lies on a link that cannot be made, cannot be made either. Links that are to be made stand behind what they
    /// lie on.
    fn refuse_uppers(&mut self) {
        let links = self.observed.links.as_mut_slice();
        for n in 0..links.len() {
            let Some((link, above)) = links.get_mut(n..).and_then(|links| links.split_first_mut())
            else {
                return;
            };
            if link.birth == Birth::Refused {
                let uppers = above.iter_mut().filter(|upper| upper.lower == link.ifindex);
                uppers.for_each(|upper| upper.birth = Birth::Refused);
            }
        }
    }

    /// What was refused once in this run is not asked for again.
    pub(super) fn refuse_again(&mut self) {
        for n in 0..self.observed.links.len() {
            if let Some(link) = self.observed.links.get(n)
                && link.birth == Birth::Planned
                && self.when(key(&link.name), Event::Failed).is_some()
                && let Some(link) = self.observed.links.get_mut(n)
            {
                link.birth = Birth::Refused;
            }
        }
        self.refuse_uppers();
    }
}

/// The number under which something is remembered of a link by its name, which no link has.
fn key(name: &IfName) -> u32 {
    hash(HASH_START, name.as_bytes()) | 1 << 31
}
