//! What is heard: answers of servers, what routers and neighbours say.

use super::describe6::duid;
use super::dhcp::{NAK, TAKEN, lessee};
use super::{Engine, Event, Host};
use crate::diag::{Complaint, Effect, Problem};
use crate::model::addr::Family;
use crate::model::lease::{Field, Lease, Verdict};
use crate::model::statement::{Form, Statement};
use crate::proto::Heard;
use crate::proto::dhcpv4::{Client, State};

impl Engine<'_> {
    /// Takes what somebody said on a link, as the jail read it, and answers at once: servers take their time.
    #[inline(never)]
    pub fn hear(&mut self, ifindex: u32, said: &mut Statement, host: &mut impl Host) {
        self.now = host.now();
        let verdict = said.verdict();
        let problem = match verdict {
            Verdict::Neighbor => {
                self.hear_neighbor(ifindex, &said.advert);
                None
            }
            Verdict::Malformed => Some(Problem::BadPacket),
            Verdict::BadChecksum => Some(Problem::BadChecksum),
            Verdict::Fine | Verdict::Arp => self.take_said(ifindex, said, verdict, host),
            Verdict::Unread | Verdict::NotForUs => None,
        };
        self.attend_to(ifindex, host);
        if let Some(problem) = problem
            && self.lessee(ifindex).is_some()
        {
            const DROPPED: Complaint =
                Complaint::warning(Problem::BadPacket, Effect::AnswerDropped);
            self.say(ifindex, Complaint { problem, ..DROPPED }, b"", host);
        }
    }

    /// Takes what was said to a link's lessee; why not.
    #[inline(never)]
    fn take_said(
        &mut self,
        ifindex: u32,
        said: &mut Statement,
        verdict: Verdict,
        host: &mut impl Host,
    ) -> Option<Problem> {
        let now = self.now;
        let (lessee, link) = lessee(self.lessees, &self.observed, ifindex)?;
        let mac = link.mac.as_bytes();
        let (family, offer, got, heard) = match said.form {
            Form::Advert => {
                lessee.ndisc.hear(now, &said.advert);
                self.note(ifindex, Event::Advertisement, host);
                return (said.advert.left_out() != 0).then_some(Problem::BadAdvert);
            }
            Form::Lease6 => {
                let duid = duid(&self.config, lessee.config, link);
                let heard =
                    (lessee.client6).hear(now, &said.lease6, duid.as_ref()?, &mut lessee.lease6);
                (Family::V6, Event::Offer6, Event::Reply, heard)
            }
            Form::Lease if verdict == Verdict::Arp => {
                if is_conflict(&said.lease, &lessee.client, mac) {
                    lessee.client.taken(now);
                    self.lost(ifindex, Family::V4, TAKEN, host);
                }
                return None;
            }
            Form::Lease => {
                let chaddr = if mac.len() > 16 { b"" } else { mac };
                let heard = lessee.client.hear(now, &said.lease, chaddr);
                if matches!(heard, Heard::Bound | Heard::Probing) {
                    lessee.lease = said.lease;
                }
                (Family::V4, Event::Offer, Event::Ack, heard)
            }
        };
        match heard {
            Heard::Nothing => {}
            Heard::Refused(problem) => return Some(problem),
            Heard::Offer => self.note(ifindex, offer, host),
            Heard::Bound | Heard::Probing | Heard::Informed => {
                lessee.set_saved(family, false);
                self.note(ifindex, got, host);
                if heard != Heard::Probing {
                    self.bound(ifindex, family, host);
                }
            }
            Heard::Nak => self.lost(ifindex, family, NAK, host),
            Heard::V6Only => {
                lessee.v6_only = true;
                self.forget(ifindex, family, host);
            }
        }
        None
    }
}

/// Whether somebody else has the address of a client, or asks for it as we do (RFC 5227 s.2.1.1).
fn is_conflict(said: &Lease, client: &Client, mac: &[u8]) -> bool {
    let mut addr = said.addr(Field::Addr);
    if addr.is_unspecified() {
        addr = said.addr(Field::NextServer);
    }
    client.state() == State::Probing && addr == client.addr() && said.get(Field::Chaddr) != mac
}
