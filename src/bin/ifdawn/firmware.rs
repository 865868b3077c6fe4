//! Files in which Linux shows what the firmware configured to boot, below the root: sysfs, and the device tree and
//! ACPI tables there.

use crate::load::Files;
use crate::sys::file::{Path, Root};
use crate::sys::names::Order;
use ifdawn::diag::{FileId, LineBuf, Sink};
use ifdawn::model::config::{Config, GlobalFlag, SourceKind};
use ifdawn::model::link::until_nul;
use ifdawn::packed::{Packed, Word, word};
use ifdawn::source::Context;
use ifdawn::source::firmware::{FILES, Nic, Table};
use ifdawn::source::nbft;
use ifdawn::text::parts;

/// Reads them into the configuration.
pub struct Firmware<'a, 'm> {
    /// Below which the files are.
    pub root: &'a Root<'a>,
    /// Memory for reading.
    pub files: &'a mut Files,
    /// Filled.
    pub config: &'a mut Config<'m>,
    /// Receives complaints.
    pub sink: &'a mut dyn Sink,
}

impl Firmware<'_, '_> {
    /// Whatever is there: iBFT and Open Firmware where they are asked for, NBFT where it is not declined.
    #[inline(never)]
    pub fn read(&mut self) {
        let global = &self.config.global;
        let reads_ibft = GlobalFlag::Ibft.is_yes(global);
        let reads_nbft = !GlobalFlag::NoNbft.is_yes(global);
        if reads_ibft {
            let tree = word!("/sys/firmware/devicetree/base/");
            let chosen = Path::join(b"", tree, b"chosen");
            self.nic(chosen.as_bytes(), Table::Chosen);
            self.directory(word!("/sys/firmware/ibft/"), Table::Ibft);
        }
        if reads_nbft {
            self.directory(word!("/sys/firmware/acpi/tables/"), Table::Nbft);
        }
    }

    /// Reads what is in a directory.
    #[inline(never)]
    fn directory(&mut self, directory: Word, table: Table) {
        let path = Path::join(b"", directory, b"");
        let is_wanted = |name: &[u8]| name.starts_with(b"ethernet") || name.starts_with(b"NBFT");
        // no directory is no firmware of this kind
        self.files.names.clear(Order::Counted);
        let _ = (self.root).list(path.as_bytes(), is_wanted, &mut self.files.names);
        self.files.names.sort();
        for n in 0..self.files.names.len() {
            let path = Path::join(b"", directory, self.files.names.name(n));
            self.nic(path.as_bytes(), table);
        }
    }

    /// Reads one NIC, or one table of several.
    #[inline(never)]
    fn nic(&mut self, path: &[u8], table: Table) {
        let mut nic = Nic::new(SourceKind::Firmware);
        let mut len = self.take(&mut nic, path, table);
        match table {
            Table::Chosen => {
                // its last file says which device it was booted from
                let device = parts::slice(&self.files.octets, 0, len);
                let device = until_nul(parts::split(device, b':').0);
                let tree = word!("/sys/firmware/devicetree/base/");
                let device = Path::join(b"", tree, device);
                self.take(&mut nic, device.as_bytes(), Table::Device);
            }
            Table::Nbft => {
                let octets = &mut self.files.octets;
                len = self.root.path(path).read(octets).unwrap_or(0) as usize;
            }
            Table::Ibft | Table::Device => {}
        }
        let file = self.config.add_file(path).unwrap_or(FileId(0));
        let text = parts::slice(&self.files.octets, 0, len);
        let cx = &mut Context::new(self.config, self.sink, file, path, text);
        match table {
            Table::Nbft => nbft::read(cx),
            Table::Chosen | Table::Ibft | Table::Device => nic.put(cx),
        }
    }

    /// Has a NIC take what the files of a directory say. How long the last of them is.
    #[inline(never)]
    fn take(&mut self, nic: &mut Nic, directory: &[u8], table: Table) -> usize {
        let (mut names, mut n, mut last) = (Some(FILES.line(table as usize).0), 0, 0);
        while let Some(name) = parts::next(&mut names, b',') {
            let mut shown = LineBuf::<20>::new();
            shown.show(&Packed(name));
            let path = Path::join(directory, word!("/"), shown.as_bytes());
            let path = self.root.path(path.as_bytes());
            if !name.is_empty()
                && let Ok(len) = path.read(&mut self.files.octets)
            {
                last = len as usize;
                nic.take(table, n, parts::slice(&self.files.octets, 0, last));
            }
            n = n.wrapping_add(1);
        }
        last
    }
}
