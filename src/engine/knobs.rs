//! Settings of IPv6 with a file each, and the secret that stable addresses are made of.

use super::{Engine, Host, OutputFile};
use crate::diag::Errno;
use crate::model::attr::Attr;
use crate::model::knob::{Knob, STABLE_PRIVACY};
use crate::plan::Act;
use crate::text::show::{Show, Text};

impl Engine<'_> {
    /// Carries out a step that changes a setting. What became of it shows at the next look at the links, and is not
    /// tried again before.
    #[inline(never)]
    pub(super) fn set_knob(&mut self, at: usize, host: &mut impl Host) -> Result<(), Errno> {
        let Some(step) = self.plan.steps.get(at) else {
            return Ok(());
        };
        let (Some(op), Some(link)) = (self.op(*step), self.desired.links.get(step.n as usize))
        else {
            return Ok(());
        };
        let (knob, value, ifindex) = (Knob(step.depth), op.knob(link), link.ifindex);
        host.trace(&op);
        let done = host.write(OutputFile::Knob(&link.name, knob.row().word), &value);
        if let Some(link) = self.observed.by_index_mut(ifindex) {
            link.knobs.set(knob, value);
        }
        done
    }

    /// Sees that a link whose addresses are to be stable has a secret to make them of, of which the kernel takes what is
    /// set for good: the number of the machine. Without one they are random.
    pub(super) fn give_secrets(&mut self, host: &mut impl Host) {
        let mut at = 0_usize;
        while let Some(&step) = self.plan.steps.get(at) {
            let n = step.n as usize;
            if step.act == Act::SetGenMode
                && let Some(link) = self.desired.links.get(n)
                && self.config.number_of(link.id(), Attr::ADDR_GEN_MODE) == Some(STABLE_PRIVACY)
                && let Err(errno) = give_secret(
                    OutputFile::Knob(&link.name, Knob::ADDR_GEN_MODE.row().word),
                    host,
                )
            {
                self.tell_refused(host, at, errno, b"");
                if let Some(link) = self.desired.links.get_mut(n) {
                    link.lacks_secret = true;
                }
            }
            at = at.wrapping_add(1);
        }
    }
}

/// Writes a secret into the file, unless there is one, which alone can be read.
fn give_secret(file: OutputFile<'_>, host: &mut impl Host) -> Result<(), Errno> {
    if host.read(file).is_ok() {
        return Ok(());
    }
    let mut secret = Secret([0; 32]);
    let id = host.read(OutputFile::MachineId)?;
    secret.0 = *id.first_chunk().ok_or(Errno::EINVAL)?;
    host.write(file, &secret)
}

/// A number of 32 digits, as an IPv6 address.
struct Secret([u8; 32]);

impl Show for Secret {
    fn show(&self, f: &mut Text<'_>) {
        for (n, digits) in self.0.as_chunks::<4>().0.iter().enumerate() {
            if n > 0 {
                f.octet(b':');
            }
            f.put(digits);
        }
    }
}
