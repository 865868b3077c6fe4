//! What the kernel tells of changes: which of it asks for a look.
//!
//! Our own echoes do not, nor what somebody else adds beside what is ours. A link that is told again as it is known
//! has not changed.

use super::{Engine, Host};
use crate::diag::Errno;
use crate::model::addr::Family;
use crate::model::desired::What;
use crate::wire::netlink::{self, Message, NLM_F_REPLACE};
use crate::wire::rtnetlink::{
    RTM_DELADDR, RTM_DELLINK, RTM_DELROUTE, RTM_DELRULE, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE,
    Seen, link,
};

/// Datagrams that are heard in a row: others have their turn after them.
const ROW: u32 = 256;

impl Engine<'_> {
    /// Hears what was told since the last time. What was lost may have been anything.
    #[inline(never)]
    pub fn listen(&mut self, host: &mut impl Host) {
        let buffer = core::mem::take(&mut self.buffers.datagram);
        for _ in 0..ROW {
            match host.event(buffer) {
                Ok(len) => self.overhear(buffer.get(..len).unwrap_or_default()),
                Err(Errno::EAGAIN) => break,
                Err(_) => self.links_changed = true,
            }
        }
        self.buffers.datagram = buffer;
        if self.links_changed {
            self.is_news = true;
        }
        self.look_again |= self.is_news;
    }

    /// Has the next look be one at everything.
    pub fn look_at_everything(&mut self) {
        (self.look_again, self.is_news, self.links_changed) = (true, true, true);
    }

    /// Takes one datagram of events.
    fn overhear(&mut self, datagram: &[u8]) {
        for message in netlink::messages(datagram) {
            let what = match message.kind {
                RTM_NEWLINK | RTM_DELLINK => {
                    self.links_changed |= self.has_link_changed(&message);
                    continue;
                }
                RTM_NEWADDR | RTM_DELADDR => What::Addr,
                RTM_NEWROUTE | RTM_DELROUTE => What::Route,
                RTM_DELRULE => What::Rule,
                _ => continue,
            };
            if message.port != self.port {
                self.is_news |= self.is_missed(what, &message);
            }
        }
    }

    /// Whether a link is not as it is known.
    fn has_link_changed(&self, message: &Message<'_>) -> bool {
        let Some((ifindex, digest)) = link::digest(message.payload) else {
            return false;
        };
        let known = self.observed.by_index(ifindex);
        match message.kind {
            RTM_NEWLINK => known.is_none_or(|link| link.digest != digest),
            _ => known.is_some(),
        }
    }

    /// Whether somebody else took away or replaced what may be missed.
    fn is_missed(&mut self, what: What, message: &Message<'_>) -> bool {
        let mut seen = Seen::nothing();
        if seen.read(what, message.payload).is_none() {
            return false;
        }
        let thing = &seen.thing;
        let is_new = matches!(message.kind, RTM_NEWADDR | RTM_NEWROUTE)
            && message.flags & NLM_F_REPLACE == 0;
        if what == What::Addr && self.desired.link(thing.ifindex).is_some() {
            // With an address of a link its routes may go, and of IPv6 all of them are looked after.
            if !is_new || thing.route.family() == Family::V6 {
                return true;
            }
        }
        let mut is_ours = false;
        self.desired.things.each(thing, &mut |_| is_ours = true);
        // An address that is told again has another time to live.
        is_ours && (!is_new || what == What::Addr)
    }
}
