//! The kernel of this machine, in a user and network namespace that goes with the test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Sends and receives in the namespace: one request a line, one answer a line.
const AGENT: &str = r#"
import socket, struct, subprocess, sys
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
netlink.setsockopt(270, 11, 1)  # SOL_NETLINK, NETLINK_EXT_ACK
netlink.settimeout(10)
def told(answer):
    length, kind, flags = struct.unpack_from("=IHH", answer)
    errno = -struct.unpack_from("=i", answer, 16)[0]
    text = ""
    if flags & 0x200:
        at = 36 if flags & 0x100 else 20 + (struct.unpack_from("=I", answer, 20)[0] + 3 & ~3)
        while at + 4 <= length:
            size, what = struct.unpack_from("=HH", answer, at)
            if what == 1:
                text = " " + answer[at + 4:at + size].rstrip(b"\0").decode()
            at += size + 3 & ~3
    return f"{errno}{text}"
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "send":
        netlink.send(bytes.fromhex(rest))
        print(told(netlink.recv(65536)), flush=True)
    elif word == "link":
        # RTM_GETLINK of one
        netlink.send(struct.pack("=IHHIIBxHiII", 32, 18, 1, 1, 0, 0, 0, int(rest), 0, 0))
        print(netlink.recv(65536).hex(), flush=True)
    else:
        done = subprocess.run(rest, shell=True, capture_output=True, text=True)
        print((done.stdout + done.stderr).replace("\n", " "), flush=True)
"#;

/// See the module.
pub struct Namespace {
    agent: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Namespace {
    /// `None`, and a word about it, where there can be none here.
    pub fn new() -> Option<Namespace> {
        let mut agent = Command::new("unshare")
            .args(["-rn", "python3", "-c", AGENT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let to = agent.stdin.take()?;
        let from = BufReader::new(agent.stdout.take()?);
        let mut namespace = Namespace { agent, to, from };
        if namespace.run("echo here").trim() == "here" {
            return Some(namespace);
        }
        println!("skipped: no namespaces here");
        None
    }

    fn ask(&mut self, line: &str) -> String {
        let mut answer = String::new();
        if writeln!(self.to, "{line}").is_ok() {
            let _ = self.from.read_line(&mut answer);
        }
        answer.trim_end().to_owned()
    }

    /// What the kernel answers to a request: its error and what it says, or `0`.
    pub fn send(&mut self, request: &[u8]) -> String {
        let hex: String = request.iter().map(|octet| format!("{octet:02x}")).collect();
        self.ask(&format!("send {hex}"))
    }

    /// What a command prints.
    pub fn run(&mut self, command: &str) -> String {
        self.ask(&format!("run {command}"))
    }

    /// The payload of a link's `RTM_NEWLINK`, header included.
    pub fn link(&mut self, ifindex: u32) -> Vec<u8> {
        let answer = self.ask(&format!("link {ifindex}"));
        let octet = |at| u8::from_str_radix(answer.get(at..at + 2)?, 16).ok();
        (32..answer.len()).step_by(2).filter_map(octet).collect()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}
