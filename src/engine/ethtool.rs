//! What ethtool(8) sets: asked for and set link by link, beside rtnetlink.

use super::{Engine, Event, Host};
use crate::diag::Errno;
use crate::model::config::LinkId;
use crate::model::observed::Birth;
use crate::plan::{Act, Phase, Step};
use crate::wire::ethtool;
use heapless::Vec;

impl Engine<'_> {
    /// Adds a step for each command of ethtool(8) that changes something, or whose answer is an error. A link that has
    /// once been as it shall be is not asked again: some take a long time to be what they were told, and show something
    /// else meanwhile.
    #[inline(never)]
    pub(super) fn compare_ethtool(&mut self, host: &mut impl Host) {
        let mut n = 0_u32;
        while let Some(link) = self.desired.links.get(n as usize) {
            let ifindex = link.ifindex;
            let mut commands = 0_u32;
            for option in self.config.attrs_of(link.config.unwrap_or(LinkId::NONE)) {
                if let Some(tool) = option.attr.ethtool() {
                    commands |= 1_u32.wrapping_shl(tool.command.into());
                }
            }
            if commands != 0 && self.when(ifindex, Event::Tuned).is_none() {
                let link = self.observed.by_index(ifindex);
                let is_seen =
                    !self.is_offline && link.is_some_and(|link| link.birth == Birth::Seen);
                let mut is_same = true;
                for depth in 0..u32::BITS as u8 {
                    if commands >> depth & 1 == 0 {
                        continue;
                    }
                    let step = Step {
                        n,
                        act: Act::Ethtool,
                        phase: Phase::Ethtool,
                        depth,
                        errno: None,
                    };
                    if !is_seen || self.ethtool(step, false, host) != Ok(false) {
                        self.plan.push_at(step.phase, depth, step.act, n);
                        is_same = false;
                    }
                }
                if is_same {
                    self.mark(ifindex, Event::Tuned);
                }
            }
            n = n.wrapping_add(1);
        }
    }

    /// Whether something differs of what a command asks for, or is about to: then it is set (`sets`).
    ///
    /// # Errors
    /// What the kernel answers; [`Errno::EOPNOTSUPP`] too for what the device has not, or cannot change.
    #[inline(never)]
    pub(super) fn ethtool(
        &mut self,
        step: Step,
        sets: bool,
        host: &mut impl Host,
    ) -> Result<bool, Errno> {
        let link = self.desired.links.get(step.n as usize);
        let link = link.ok_or(Errno::ENODEV)?;
        let (mut request, command) = (Vec::<u8, { ethtool::OCTETS }>::new(), step.depth);
        ethtool::request(&mut request, link.ifindex, command);
        let answer = &mut *self.buffers.datagram;
        let len = host.ethtool(&link.name, &mut request, answer)?;
        let id = link.config.unwrap_or(LinkId::NONE);
        let is_all = ethtool::put(&mut request, &self.config, id, command, answer, len);
        let differs = request.len() > ethtool::REQUEST;
        if differs && sets {
            host.ethtool(&link.name, &mut request, answer)?;
        }
        match is_all {
            true => Ok(differs),
            false => Err(Errno::EOPNOTSUPP),
        }
    }
}
