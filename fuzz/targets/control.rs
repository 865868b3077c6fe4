//! What a supervisor is asked. What is understood is written and read as the same.
#![no_main]

use ifdawn::model::link::IfName;
use ifdawn::wire::control::{LONGEST, Op, name, read, write};
use ifdawn_fuzz::sow;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: sow(seeds()), |data: &[u8]| {
    let names: Vec<IfName> = (0..).map_while(|n| name(data, n)).collect();
    if let Some(op) = read(data)
        && data.len() <= LONGEST
    {
        let mut octets = [0; LONGEST];
        let len = write(op, &names, &mut octets);
        let request = octets.get(..len).expect("room");
        assert_eq!((len, read(request)), (data.len(), Some(op)));
        let again: Vec<IfName> = (0..).map_while(|n| name(request, n)).collect();
        assert_eq!(again, names);
    }
});

fn seeds() -> Vec<Vec<u8>> {
    let names: Vec<IfName> = ["eth0", "br0.5", "abcdefghijklmno"]
        .iter()
        .filter_map(|name| IfName::new(name.as_bytes()))
        .collect();
    let ops = [Op::Reload, Op::Up, Op::Down, Op::Release, Op::State];
    let request = |(op, names): (Op, &[IfName])| {
        let mut octets = [0; LONGEST];
        let len = write(op, names, &mut octets);
        octets.get(..len).expect("room").to_vec()
    };
    let with = |op| [(op, &names[..0]), (op, &names[..])];
    ops.into_iter().flat_map(with).map(request).collect()
}
