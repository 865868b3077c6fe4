//! What the last run, or the supervisor, left in state.json, for people or as it is.

use crate::cli::Opt;
use crate::control;
use crate::run::{NOT_UP, UP};
use crate::sys::file::Out;
use crate::system::System;
use ifdawn::diag::{Complaint, Effect, Problem, Subject};
use ifdawn::model::link::IfName;
use ifdawn::output::json::{Octets, begins_with};
use ifdawn::output::{show, state};
use ifdawn::packed::word;
use ifdawn::text::parts;
use ifdawn::text::show::Text;

const NO_STATE: Complaint = Complaint::error(Problem::File, Effect::None);
const NOT_OURS: Complaint = Complaint::error(Problem::WrittenByOthers, Effect::None);
const NOT_THERE: Complaint = Complaint::error(Problem::NotInState, Effect::None);

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
    if !state::is_ours(head) {
        NOT_OURS.say(log, Subject::State);
        return NOT_UP;
    }
    let as_json = options.has(Opt::Json);
    let text = &mut Text(out);
    if as_json {
        text.put(head);
    }
    let mut before = word!("");
    // Whether there is a line of this link, or, where none is named, of any.
    let mut show_lines_of = |name: Option<&IfName>| {
        let (mut rest, mut is_there) = (links, name.is_none());
        while let Some(line) = parts::next(&mut rest, b'\n') {
            let Some((line, of)) = state::link_line(line) else {
                continue;
            };
            if let Some(name) = name
                && !begins_with(of, &Octets(name.as_bytes()))
            {
                continue;
            }
            is_there = true;
            if as_json {
                text.word(before);
                text.octet(b'\n');
                text.put(line);
                before = word!(",");
            } else {
                show::show(line, options.has(Opt::Verbose), text);
            }
        }
        is_there
    };
    let mut code = UP;
    if options.links.is_empty() {
        show_lines_of(None);
    }
    for name in &options.links {
        if !show_lines_of(Some(name)) {
            NOT_THERE.say(log, Subject::Link(name));
            code = NOT_UP;
        }
    }
    if as_json {
        text.put(b"\n]}\n");
    }
    code
}
