//! What ethtool(8) sets: asked for and set link by link, beside rtnetlink.

use super::{AGAIN, Engine, Event, Host};
use crate::diag::Errno;
use crate::plan::{Act, Phase};
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
            for option in self.config.attrs_of(link.id()) {
                if let Some(tool) = option.attr.ethtool() {
                    commands |= 1_u32.wrapping_shl(tool.command.into());
                }
            }
            if commands != 0 && self.when(ifindex, Event::Tuned).is_none() {
                let mut is_same = true;
                while commands != 0 {
                    let command = commands.trailing_zeros() as u8;
                    commands &= commands.wrapping_sub(1);
                    // A link that is still to be made has nothing to show, which is an error.
                    if self.is_offline || self.ethtool(n, command, false, host).is_err() {
                        self.plan.push_at(Phase::Ethtool, command, Act::Ethtool, n);
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

    /// Sees that nothing differs of what a command asks for of the desired link `n`: what does is set (`sets`).
    ///
    /// # Errors
    /// What the kernel answers; [`Errno::EOPNOTSUPP`] too for what the device has not, or cannot change; [`AGAIN`] for
    /// what differs and is not set.
    #[inline(never)]
    pub(super) fn ethtool(
        &mut self,
        n: u32,
        command: u8,
        sets: bool,
        host: &mut impl Host,
    ) -> Result<(), Errno> {
        let (room, _) = self.buffers.datagram.as_chunks_mut();
        let (Some(link), Some(room)) = (self.desired.links.get(n as usize), room.first_chunk_mut())
        else {
            return Err(Errno::ENODEV);
        };
        let mut request = Vec::<u8, { ethtool::OCTETS }>::new();
        ethtool::request(&mut request, link.ifindex, command);
        host.ethtool(&link.name, &mut request, room)?;
        let id = link.id();
        let is_all = ethtool::put(&mut request, &self.config, id, command, room);
        if request.len() > ethtool::REQUEST {
            if !sets {
                return Err(AGAIN);
            }
            host.ethtool(&link.name, &mut request, room)?;
        }
        match is_all {
            true => Ok(()),
            false => Err(Errno::EOPNOTSUPP),
        }
    }
}
