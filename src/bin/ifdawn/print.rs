//! Commands that change nothing: what is wrong, what would change, what is desired.

use crate::cli::Opt;
use crate::report::{Report, Target};
use crate::run::{NOT_UP, UP};
use crate::sys::kernel;
use crate::sys::names::Names;
use crate::sys::out::Out;
use crate::system::{System, resolv_conf};
use ifdawn::diag::Escaped;
use ifdawn::engine::Engine;
use ifdawn::output::json::{Json, Octets};
use ifdawn::output::plan_json::{self, PLAN};
use ifdawn::packed::word;
use ifdawn::text::parts;
use ifdawn::text::show::Text;

/// Parses only, and shows each complaint with its line.
#[inline(never)]
pub fn check(
    system: &mut System<'_>,
    engine: &mut Engine<'_>,
    kept: &mut Names,
    colored: bool,
    out: &mut Out<'_>,
) -> u8 {
    let mut report = Report {
        out,
        kept,
        colored,
        counts: [0; 3],
    };
    system.read(engine, Some(Target::Report(&mut report)));
    report.flush();
    let [errors, warnings, notes] = report.counts;
    let text = &mut Text(report.out);
    text.count(word!(""), errors);
    text.count(word!(" errors, "), warnings);
    text.count(word!(" warnings, "), notes);
    text.word(word!(" notes\n"));
    match errors {
        0 => UP,
        _ => NOT_UP,
    }
}

/// Prints what `up` would change.
#[inline(never)]
pub fn plan(system: &mut System<'_>, engine: &mut Engine<'_>, out: &mut Out<'_>) -> u8 {
    let options = system.options;
    system.read(engine, None);
    engine.is_offline = options.has(Opt::Offline);
    // Whoever renames tries.
    engine.live_rename = kernel::live_rename();
    if !engine.is_offline {
        system.begin(engine);
    }
    if let Err(errno) = engine.plan(system) {
        return system.refused(errno);
    }
    let text = &mut Text(out);
    for step in engine.plan.steps.iter() {
        if let Some(op) = &engine.op(*step)
            && !engine.is_off(*step)
        {
            text.show(word!(""), op);
            text.octet(b'\n');
        }
    }
    if !engine.is_offline && engine.resolv_conf_differs(system) {
        // All but the mark, which is the first line.
        let mut rest = parts::after(engine.resolv_conf(), b'\n');
        while let Some(line @ [_, ..]) = parts::next(&mut rest, b'\n') {
            text.show(word!("# "), &Escaped(resolv_conf(options)));
            text.show(word!(": "), &Octets(line));
            text.octet(b'\n');
        }
    }
    UP
}

/// The configuration as JSON. Its diagnostics come last, so the sources are read twice: once for the
/// links, once for the complaints, which then need not be kept.
#[inline(never)]
pub fn plan_json(system: &mut System<'_>, engine: &mut Engine<'_>, out: &mut Out<'_>) -> u8 {
    system.log.mute();
    system.read(engine, None);
    let mut json = Json::new(out, PLAN);
    plan_json::begin(&mut json, &engine.config);
    engine.config.clear();
    system.read(engine, Some(Target::Json(&mut json)));
    plan_json::end(&mut json);
    UP
}
