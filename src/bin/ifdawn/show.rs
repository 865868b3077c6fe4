//! What the last run, or the supervisor, left in state.json, for people or as it is.

use crate::cli::Opt;
use crate::control;
use crate::run::{NOT_UP, UP};
use crate::sys::out::Out;
use crate::system::System;
use ifdawn::diag::{Complaint, Effect, Problem, Subject};
use ifdawn::output::json::{Octets, begins_with};
use ifdawn::output::{show, state};
use ifdawn::text::parts;
use ifdawn::text::show::Text;

const NO_STATE: Complaint = Complaint::error(Problem::File, Effect::None);
const NOT_OURS: Complaint = Complaint::error(Problem::WrittenByOthers, Effect::None);
const NOT_THERE: Complaint = Complaint::error(Problem::NothingOfOurs, Effect::None);

/// Shows each link, or those that were asked for.
#[inline(never)]
pub fn show(system: &mut System<'_>, out: &mut Out<'_>) -> u8 {
    let options = system.options;
    control::refresh(system);
    let (text, log) = match system.state() {
        Ok(state) => state,
        Err(errno) => {
            system.failed(NO_STATE, errno, Subject::State);
            return NOT_UP;
        }
    };
    let (head, links) = parts::split(text, b'\n');
    if !(state::is_ours(head) && matches!(head, [.., b'['])) {
        NOT_OURS.say(log, Subject::State);
        return NOT_UP;
    }
    let as_json = options.has(Opt::Json);
    let text = &mut Text(out);
    if as_json {
        text.put(head);
    }
    let (mut code, mut before) = (UP, &b"\n"[..]);
    let mut n = 0_usize;
    loop {
        // None, where no link is named.
        let name = options.links.get(n);
        let is_asked =
            |of: &[u8]| name.is_none_or(|name| begins_with(of, &Octets(name.as_bytes())));
        let (mut rest, mut is_there) = (links, false);
        while let Some(line) = state::next_link(&mut rest, &is_asked) {
            is_there = true;
            if as_json {
                text.put(before);
                text.put(line);
                before = b",\n";
            } else {
                show::show(line, options.has(Opt::Verbose), text);
            }
        }
        if let Some(name) = name
            && !is_there
        {
            NOT_THERE.say(log, Subject::Link(name));
            code = NOT_UP;
        }
        n = n.wrapping_add(1);
        if n >= options.links.len() {
            break;
        }
    }
    if as_json {
        text.put(b"\n]}\n");
    }
    code
}
