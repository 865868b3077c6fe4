//! Which link an `ifcfg` file is for: by name, by MAC, or by a rule that gives the link with the MAC the name.

use super::ifcfg::{NOT_ITS, Reader};
use super::ifcfg_keys::{DEVICE, Field, HWADDR, PHYSDEV};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::config::{LinkConfig, LinkId, LinkMatch, NameRule, NameSource, SourceKind};
use crate::model::link::{IfName, LinkKind};
use crate::model::said::Values;
use crate::packed::packed;
use crate::text::scalar;

const NO_LINK: Complaint = Complaint::error(Problem::NoLink, Effect::FileIgnored);
const NO_NAME: Complaint = Complaint::error(Problem::NotALinkName, Effect::KeyUnset);
const NO_MAC: Complaint = Complaint::error(Problem::NotAMac, Effect::KeyUnset);
const AGAIN: Complaint = Complaint::warning(Problem::Duplicate, Effect::LaterWins);
const ON_CMDLINE: Complaint = Complaint::note(Problem::OnCmdline, Effect::FileIgnored);
const LINKS_FULL: Complaint = Complaint::error(Problem::MaxLinks, Effect::FileIgnored);
const RULES_FULL: Complaint = Complaint::error(Problem::MaxNameRules, Effect::NotRenamed);

impl Reader<'_, '_, '_> {
    /// Finds out which link the file is for, and makes it; `None` if it is not used after all.
    #[inline(never)]
    pub(super) fn identify(&mut self) -> Option<()> {
        // the last key that is there of these names the link, and is what complaints are about
        self.at(PHYSDEV);
        let mut mac = None;
        let word = self.at(HWADDR);
        if !word.is_empty() {
            let mut complaint = NOT_ITS;
            if let LinkKind::Ethernet | LinkKind::Infiniband = self.known.draft.link.kind {
                mac = scalar::mac(word);
                complaint = NO_MAC;
            }
            if mac.is_none() {
                self.complain(complaint);
            }
        }
        let word = self.at(DEVICE);
        if self.known.draft.link.name.is_none()
            && !word.is_empty()
            && !IfName::read(word, &mut self.known.draft.link.name)
        {
            self.complain(NO_NAME);
        }
        let link = &mut self.known.draft.link;
        if !link.identify(&mac) {
            self.entry = None;
            return self.refuse(NO_LINK);
        }
        link.origin.file = self.file.cx.at.id;
        link.ipv4.origin = link.origin;
        link.ipv6.origin = link.origin;
        // what is true of the loopback link anyway
        if word == b"lo"
            && self
                .first(Field::Addr, packed!(",127.0.0.1,::1,::1/128"))
                .is_none()
        {
            return None;
        }
        self.add_name_rule();
        if let Err(complaint) = self.claim() {
            return self.refuse(complaint);
        }
        let link = &mut self.known.draft.link;
        link.rename = matches!(link.matches, LinkMatch::Mac(_)) && link.name.is_some();
        Some(())
    }

    /// Finds the link among those of earlier files, or adds it.
    fn claim(&mut self) -> Result<(), Complaint> {
        let link = &mut self.known.draft.link;
        let links = &mut self.file.cx.config.links;
        for (earlier, n) in links.iter_mut().zip(0..) {
            if !is_same_link(earlier, link) {
                continue;
            }
            if earlier.source == SourceKind::Cmdline {
                return Err(ON_CMDLINE);
            }
            if let LinkMatch::Mac(_) = link.matches {
                earlier.matches = link.matches;
            }
            if link.name.is_some() {
                earlier.name = link.name;
            }
            if link.kind != LinkKind::Ethernet {
                earlier.kind = link.kind;
                earlier.lower = link.lower;
            }
            if link.master.is_some() {
                earlier.master = link.master;
                earlier.role = link.role;
            }
            *link = *earlier;
            self.id = LinkId::new(n);
            self.before = 0;
            self.known.draft.said = Values::NOTHING;
            self.complain(AGAIN);
            return Ok(());
        }
        self.id = self.file.cx.config.add_link(link).ok_or(LINKS_FULL)?;
        Ok(())
    }

    /// Adds the MAC rule of a link that is to be renamed. One that an earlier file has for the same
    /// name is replaced.
    fn add_name_rule(&mut self) {
        if let (LinkMatch::Mac(mac), Some(name)) =
            (&self.known.draft.link.matches, &self.known.draft.link.name)
        {
            let rule = &NameRule::new(mac, name, NameSource::Ifcfg, self.origin());
            if self.file.cx.add_rule(rule) == Err(Problem::MaxNameRules) {
                self.complain(RULES_FULL);
            }
        }
    }
}

/// Whether the two have one name, or one MAC and not two names.
fn is_same_link(earlier: &LinkConfig, link: &LinkConfig) -> bool {
    if earlier.name.is_some() && link.name.is_some() {
        return is_same_name(&earlier.name, &link.name);
    }
    let LinkMatch::Mac(mac) = &link.matches else {
        return false;
    };
    earlier.matches.mac() == Some(mac)
}

/// Whether the two are one, or both unknown.
#[inline(never)]
pub(super) fn is_same_name(name: &Option<IfName>, other: &Option<IfName>) -> bool {
    name == other
}
