//! A text that is ten times as long is ten times the work, and not more, for every reader: counted in
//! [`steps`]. Where each line may add to a table that is searched as a whole, the text is longer than the table: what a
//! search costs at most is a matter of the limits.

use super::assignments::{Entry, Scratch};
use super::ifcfg::{self, Defaults};
use super::route_file::{self, Form};
use super::{Context, cmdline, name_rule, sysconfig};
use crate::diag::{Diagnostic, FileId, Sink};
use crate::limits::MAX_ASSIGNMENTS;
use crate::machine::Machine;
use crate::model::addr::Family;
use crate::model::config::{NameSource, RouteDev};
use crate::text::steps;
use heapless::Vec;
use std::format;
use std::string::String;
use std::sync::{Mutex, PoisonError};

const LINKS: usize = 128;
const ADDRS: usize = 4_096;
const ROUTES: usize = 16_384;
const STRINGS: usize = 1024 * 1024;

type Tables = Machine<LINKS, LINKS, ADDRS, ROUTES, 1, 1, 1, STRINGS>;

struct Memory {
    machine: Tables,
    entries: Vec<Entry, MAX_ASSIGNMENTS>,
    values: Vec<u8, STRINGS>,
    slots: [u32; 2 * MAX_ASSIGNMENTS],
}

static MEMORY: Mutex<Memory> = Mutex::new(Memory {
    machine: Machine::new(),
    entries: Vec::new(),
    values: Vec::new(),
    slots: [0; 2 * MAX_ASSIGNMENTS],
});

struct Deaf;

impl Sink for Deaf {
    fn report(&mut self, _: &Diagnostic<'_>) {}
}

type Read = for<'c> fn(&mut Scratch<'c>, &mut Context<'c, '_>);

/// Steps for a text.
fn steps_of(text: &str, read: Read) -> u64 {
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let Memory {
        machine,
        entries,
        values,
        slots,
    } = &mut *memory;
    let config = &mut machine.engine().config;
    config.clear();
    let mut scratch = Scratch::new(entries, values, slots);
    let mut deaf = Deaf;
    let mut cx = Context::new(config, &mut deaf, FileId(0), b"file", text.as_bytes());
    steps::count(|| read(&mut scratch, &mut cx))
}

/// Whether ten times as many lines, behind the first ones, are about ten times the work: while tables fill, a little
/// more. What is quadratic is a hundred times.
fn is_linear(first: &str, line: fn(usize) -> String, lines: usize, read: Read) {
    let of = |lines: usize| {
        let text: String = (0..lines).map(line).collect();
        steps_of(&format!("{first}{text}"), read)
    };
    let (few, many) = (of(lines), of(10 * lines));
    assert!(few > lines as u64 / 2, "{}: nothing is counted", line(0));
    assert!(many < 15 * few, "{}: {few}, then {many} steps", line(0));
}

fn routes<'c>(scratch: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    route_file::read(Form::Route, Family::V4, RouteDev::Anywhere, scratch, cx);
}

fn policy<'c>(scratch: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    route_file::read(Form::Rule, Family::V4, RouteDev::Anywhere, scratch, cx);
}

fn statics<'c>(scratch: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    route_file::read(Form::Static, Family::V4, RouteDev::Anywhere, scratch, cx);
}

fn tables<'c>(scratch: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    route_file::read(Form::Table, Family::V4, RouteDev::Anywhere, scratch, cx);
}

fn file<'c>(scratch: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    ifcfg::read(b"eth0", &Defaults::none(), scratch, cx);
}

fn network<'c>(scratch: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    sysconfig::read(&mut Defaults::none(), scratch, cx);
}

fn words<'c>(_: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    cmdline::read(cx);
    cmdline::finish(cx);
}

fn rules<'c>(_: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    name_rule::read(NameSource::Udev, cx.text.len(), cx);
}

fn link<'c>(_: &mut Scratch<'c>, cx: &mut Context<'c, '_>) {
    name_rule::read(NameSource::Link, cx.text.len(), cx);
}

/// Three octets of an address or a MAC.
fn octets(n: usize) -> (usize, usize, usize) {
    (n >> 16 & 255, n >> 8 & 255, n & 255)
}

#[test]
fn lines_of_routes() {
    is_linear(
        "",
        |n| {
            let (a, b, c) = octets(n);
            format!("11.{a}.{b}.{c}/32 via 192.0.2.1 metric {n}\n")
        },
        1_000,
        routes,
    );
    is_linear("", |_| String::from("nonsense\n"), 1_000, routes);
}

#[test]
fn lines_of_other_files() {
    is_linear("", |n| format!("fwmark {n} table 5\n"), 300, policy);
    is_linear("", |_| String::from("nonsense\n"), 1_000, policy);
    let line = |n| format!("any net 10.0.{}.0/24 gw 10.0.0.1\n", n & 255);
    is_linear("", line, 1_000, statics);
    is_linear("", |_| String::from("eth0 net\n"), 1_000, statics);
    is_linear("", |n| format!("{n} nonsense {n}\n"), 1_000, tables);
}

#[test]
fn keys_of_routes() {
    is_linear(
        "",
        |n| format!("ADDRESS{n}=10.0.{}.0\nNETMASK{n}=255.255.255.0\n", n & 255),
        100,
        routes,
    );
}

#[test]
fn keys_of_files() {
    const HEAD: &str = "DEVICE=eth0\nBOOTPROTO=none\n";
    is_linear(HEAD, |n| format!("UNKNOWN_{n}=x\n"), 300, file);
    is_linear(HEAD, |n| format!("DNS{n}=192.0.2.{}\n", n & 255), 100, file);
    is_linear(HEAD, |_| String::from("no assignment\n"), 1_000, file);
    is_linear("", |n| format!("UNKNOWN_{n}=x\n"), 300, network);
}

#[test]
fn addresses_of_files() {
    is_linear(
        "DEVICE=eth0\nBOOTPROTO=none\n",
        |n| {
            let (a, b, c) = octets(n);
            format!("IPADDR{n}=10.{a}.{b}.{c}\nPREFIX{n}=32\n")
        },
        200,
        file,
    );
}

#[test]
fn long_values() {
    is_linear(
        "DEVICE=eth0\nDOMAIN=\"",
        |n| format!("d{n}.example "),
        300,
        file,
    );
    is_linear("A=1\nDOMAIN=\"", |_| String::from("$A${A}"), 300, file);
}

#[test]
fn words_of_the_command_line() {
    is_linear("", |_| String::from("ip=eth0:dhcp "), 1_000, words);
    is_linear("", |n| format!("other{n}=word "), 1_000, words);
    is_linear("", |n| format!("ip=eth{n}:dhcp "), 500, words);
    is_linear(
        "",
        |n| format!("nameserver=10.0.{}.{} ", n >> 8 & 255, n & 255),
        500,
        words,
    );
    is_linear(
        "",
        |n| format!("rd.route=10.0.{}.0/24:10.0.0.1 ", n & 255),
        1_000,
        words,
    );
    is_linear("ip=", |_| String::from("eth0:"), 1_000, words);
}

#[test]
fn rules_and_link_files() {
    let rule = |n: usize| {
        let (a, b, c) = octets(n);
        format!("ATTR{{address}}==\"52:54:00:{a:02x}:{b:02x}:{c:02x}\", NAME=\"n{n}\"\n")
    };
    is_linear("", rule, 500, rules);
    is_linear("", |_| String::from("KERNEL==\"x\", \\\n"), 1_000, rules);
    is_linear("NAME=\"", |_| String::from("x\", NAME=\""), 1_000, rules);
    is_linear("[Match]\n", |_| String::from("Driver=a b\n"), 1_000, link);
    is_linear(
        "[Link]\nName=a\n[Match]\nMACAddress=",
        |_| String::from("x "),
        1_000,
        link,
    );
}
