//! What the last run, or the supervisor, left in state.json, for people or as it is.

use crate::cli::Opt;
use crate::run::{NOT_UP, UP};
use crate::sys::file::Out;
use crate::system::System;
use ifdawn::diag::{Complaint, Effect, Problem, Subject};
use ifdawn::output::json::{Octets, begins_with};
use ifdawn::output::{show, state};
use ifdawn::packed::word;
use ifdawn::text::parts;
use ifdawn::text::show::Text;

const NO_STATE: Complaint = Complaint::error(Problem::File, Effect::None);
const NOT_OURS: Complaint = Complaint::error(Problem::WrittenByOthers, Effect::None);
const NOT_THERE: Complaint = Complaint::error(Problem::NothingOfOurs, Effect::None);

/// Shows each link, or those that were asked for.
#[inline(never)]
pub fn show(system: &mut System<'_>, out: &mut Out<'_>) -> u8 {
    let options = system.options;
    // (A supervisor that runs is to write its state first.)
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
    let (mut code, mut before) = (UP, word!(""));
    let mut names = options.links.iter();
    let mut name = names.next();
    loop {
        let (mut rest, mut is_there) = (links, name.is_none());
        while let Some(line) = parts::next(&mut rest, b'\n') {
            if let Some((line, of)) = state::link_line(line)
                && name.is_none_or(|name| begins_with(of, &Octets(name.as_bytes())))
            {
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
        }
        let Some(asked) = name else { break };
        if !is_there {
            NOT_THERE.say(log, Subject::Link(asked));
            code = NOT_UP;
        }
        name = names.next();
        if name.is_none() {
            break;
        }
    }
    if as_json {
        text.put(b"\n]}\n");
    }
    code
}
