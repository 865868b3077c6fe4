//! Settings of IPv6 with a file each.

use super::complain::write;
use super::{Engine, Host, OutputFile};
use crate::diag::{Escaped, LineBuf};
use crate::model::knob::{Knob, RANDOM};
use crate::packed::word;
use crate::text::parts;

/// Octets of the text of a setting: those of an IPv6 address.
const MAX_TEXT: usize = 39;

impl Engine<'_> {
    /// Changes a setting of the desired link `n`. What became of it shows at the next look at the links, and is not
    /// tried again before.
    pub(super) fn set_knob(&mut self, n: u32, knob: Knob, value: u32, host: &mut impl Host) {
        let Some(link) = self.desired.links.get(n as usize) else {
            return;
        };
        let mut text = LineBuf::<64>::new();
        // The secret that stable addresses are made of: the number of the machine as an IPv6 address. Without one the
        // kernel refuses what is written, and they are random.
        if knob == Knob::ADDR_GEN_MODE
            && let Ok(id) = host.read(OutputFile::MachineId)
            && let Some(id) = id.first_chunk::<32>()
        {
            for digits in id.chunks(4) {
                text.put(digits);
                text.put(b":");
            }
        } else {
            text.show(&value);
        }
        let file = OutputFile::Knob(&link.name, knob.row().word);
        if !write(
            host,
            file,
            &Escaped(parts::slice(text.as_bytes(), 0, MAX_TEXT)),
        ) && knob == Knob::ADDR_GEN_MODE
        {
            let mode = OutputFile::Knob(&link.name, word!("addr_gen_mode"));
            let _ = host.write(mode, &RANDOM);
        }
        if let Some(link) = self.observed.by_index_mut(link.ifindex) {
            link.knobs.set(knob, value);
        }
    }
}
