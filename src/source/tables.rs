//! `rt_tables`: names of routing tables, `NUMBER NAME` in each line (ip-route(8)).

use super::Context;
use super::assignments::{is_text, skip_mark};
use super::route_line::number;
use crate::diag::{Complaint, Effect, Problem};
use crate::text::lines::lines;
use crate::text::parts;

/// Reads a whole file. The first of a name counts.
#[inline(never)]
pub fn read(cx: &mut Context<'_, '_>) {
    skip_mark(cx);
    for line in lines(cx.text) {
        cx.line = line;
        let mut rest = line.octets;
        let first = parts::next_word(&mut rest).unwrap_or_default();
        if matches!(first, [] | [b'#', ..]) || !is_text(cx) {
            continue;
        }
        let name = parts::next_word(&mut rest).unwrap_or_default();
        let put = match number(first, b"") {
            None => Err((first, Problem::NotANumber)),
            Some(_) if matches!(name, [] | [b'#', ..]) => Err((first, Problem::NoArgument)),
            // `unspec`
            Some(0) => Ok(()),
            Some(number) => cx.add_table(name, number).map_err(|full| (name, full)),
        };
        if let Err((part, problem)) = put {
            let complaint = Complaint::error(problem, Effect::LineIgnored);
            cx.complain(b"table", part, complaint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Storage;
    use super::*;

    #[test]
    fn names_have_numbers() {
        let mut storage = Storage::default();
        let text = "\u{feff}# reserved\n255\tlocal\n0 unspec\r\n 0x64  mine # ours\n7 mine\n\n4294967295 last";
        let heard = storage.read("rt_tables", text, read);
        assert_eq!(heard.lines(), ["note 0:0 file ByteOrderMark None"]);
        let config = storage.config();
        for (name, number) in [("mine", Some(100)), ("last", Some(u32::MAX)), ("unspec", None)] {
            assert_eq!(config.table(name.as_bytes()), number, "{name}");
        }
    }

    #[test]
    fn a_bad_line_costs_itself() {
        let mut storage = Storage::default();
        let heard = storage.read("rt_tables", "x a\n1\n2 # b\n-1 c\n3 d\n4\0 e\n", read);
        assert_eq!(
            heard.lines(),
            [
                "error 1:1 table \"x\" NotANumber LineIgnored",
                "error 2:1 table \"1\" NoArgument LineIgnored",
                "error 3:1 table \"2\" NoArgument LineIgnored",
                "error 4:1 table \"-1\" NotANumber LineIgnored",
                "error 6:2 file Nul LineIgnored",
            ]
        );
        assert_eq!(storage.config().table(b"d"), Some(3));
    }

    #[test]
    fn a_full_table_is_named() {
        let mut storage = Storage::default();
        let heard = storage.read("rt_tables", "1 a\n2 b\n3 c\n4 d\n5 e\n", read);
        assert_eq!(heard.lines(), ["error 5:3 table \"e\" MaxTables LineIgnored"]);
    }
}
