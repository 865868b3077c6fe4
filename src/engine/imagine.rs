//! Links for a plan that asks no kernel.

use super::Engine;
use crate::model::config::LinkMatch;
use crate::model::link::{IfName, Mac};
use crate::model::observed::{IFF_LOOPBACK, Link, Observed};
use crate::packed::word;
use crate::plan::rename::written_name;
use crate::text::show::{Show, Text};

impl Engine<'_> {
    /// Takes every link that the configuration names and that is not made to exist, down and unconfigured, in the
    /// place of what the kernel has.
    #[inline(never)]
    pub(super) fn imagine_links(&mut self) {
        self.forget_links();
        let (config, observed) = (&self.config, &mut self.observed);
        imagine(observed, &IfName::LO, IFF_LOOPBACK, &Mac::NONE);
        for link in config.links.iter() {
            if link.made_kind().is_some() {
                if let Some(LinkMatch::Name(lower)) = &link.lower
                    && config.named(lower).is_none()
                {
                    imagine(observed, lower, 0, &Mac::NONE);
                }
                continue;
            }
            let rule = config.rule_for(&link.name);
            let mac = link.matches.mac().or(rule.map(|rule| &rule.mac));
            let mac = mac.unwrap_or(&Mac::NONE);
            let made;
            let name = match &link.name {
                Some(name) => name,
                None if *mac == Mac::NONE => continue,
                None => {
                    made = written_name(word!("enx"), &Digits(mac));
                    &made
                }
            };
            imagine(observed, name, 0, mac);
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
        observed.last_index = ifindex;
        let _ = observed.links.push(link);
    }
}

/// The digits of a MAC, of which systemd makes a name: what stands for a link known by nothing else.
struct Digits<'a>(&'a Mac);

impl Show for Digits<'_> {
    fn show(&self, f: &mut Text<'_>) {
        for octet in self.0.as_bytes() {
            f.hex(word!(""), *octet);
        }
    }
}
