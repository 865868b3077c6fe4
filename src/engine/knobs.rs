//! Settings of IPv6 with a file each.

use super::complain::write;
use super::{Engine, Host, OutputFile};
use crate::model::knob::Knob;
use crate::text::show::{Show, Text};

impl Engine<'_> {
    /// Changes a setting of the desired link `n`. What became of it shows at the next look at the links, and is not
    /// tried again before.
    #[inline(never)]
    pub(super) fn set_knob(&mut self, n: u32, knob: Knob, value: u32, host: &mut impl Host) {
        let Some(link) = self.desired.links.get(n as usize) else {
            return;
        };
        let mut text = Value(value, [0; 32]);
        if knob == Knob::ADDR_GEN_MODE
            && let Ok(id) = host.read(OutputFile::MachineId)
            && let Some(id) = id.first_chunk()
        {
            text.1 = *id;
        }
        write(host, OutputFile::Knob(&link.name, knob.row().word), &text);
        if let Some(link) = self.observed.by_index_mut(link.ifindex) {
            link.knobs.set(knob, value);
        }
    }
}

/// A number; or, with its digits, that of the machine as an IPv6 address: the secret that stable addresses are made of.
struct Value(u32, [u8; 32]);

impl Show for Value {
    fn show(&self, f: &mut Text<'_>) {
        if self.1 == [0; 32] {
            return self.0.show(f);
        }
        for (n, digit) in self.1.iter().enumerate() {
            if n & 3 == 0 && n > 0 {
                f.octet(b':');
            }
            f.octet(*digit);
        }
    }
}
