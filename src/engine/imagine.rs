//! Links for a plan that asks no kernel.

use super::Engine;
use crate::model::link::{IfName, Mac};
use crate::model::observed::{IFF_LOOPBACK, Link, Observed};
use crate::packed::word;
use crate::text::show::Text;

impl Engine<'_> {
    /// Takes every link that the configuration names to exist, down and unconfigured, in the place of what
    /// the kernel has.
    #[inline(never)]
    pub(super) fn imagine_links(&mut self) {
        let (config, observed) = (&self.config, &mut self.observed);
        observed.clear();
        imagine(observed, &IfName::LO, IFF_LOOPBACK, &Mac::NONE);
        for link in config.links.iter() {
            let mut rules = config.name_rules.iter();
            let rule = rules.find(|rule| rule.gives(&link.name));
            let mac = link.matches.mac().or(rule.map(|rule| &rule.mac));
            let mac = mac.unwrap_or(&Mac::NONE);
            if let Some(name) = link.name.or_else(|| enx_name(mac)) {
                imagine(observed, &name, 0, mac);
            }
        }
    }
}

/// Adds a link that looks like Ethernet, unless there is one of this name.
#[inline(never)]
fn imagine(observed: &mut Observed<'_>, name: &IfName, flags: u32, mac: &Mac) {
    let ifindex = (observed.links.len() as u32).saturating_add(1);
    if observed.by_name(name).is_none() {
        let mut link = Link::new(ifindex, *name);
        (link.flags, link.mac, link.perm_mac) = (flags, *mac, *mac);
        let _ = observed.links.push(link);
    }
}

/// The name that systemd would make of a MAC: what stands for a link known by nothing else. `None` for
/// no MAC.
#[inline(never)]
fn enx_name(mac: &Mac) -> Option<IfName> {
    if *mac == Mac::NONE {
        return None;
    }
    let mut name = heapless::Vec::<u8, 64>::new();
    let mut text = name.as_mut_view();
    let mut text = Text(&mut text);
    text.word(word!("enx"));
    for octet in mac.as_bytes() {
        text.hex(word!(""), *octet);
    }
    IfName::cut(&name)
}
