//! What we made in earlier runs, read back from the `owned-IF` files.
//!
//! The line `link N` of a file says which link it is of, whatever name that has now. What is desired still
//! is ours; what is not is stale: it goes into the desired tables with a mark, so that one look at the
//! kernel tells of both.

use super::{Engine, Host};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::addr::{Cidr, Family};
use crate::model::desired::{DesiredAddr, DesiredRoute, Full, Presence, Standing};
use crate::model::link::IfName;
use crate::model::route::Route;
use crate::output::owned;
use crate::text::scalar;

impl Engine<'_> {
    /// Reads what the files say of the desired links.
    #[inline(never)]
    pub(super) fn recall_owned(&mut self, host: &mut dyn Host) {
        host.owned_files(&mut |name, file| self.recall(&name, file));
        for n in 0..self.desired.links.len() {
            let Some(link) = self.desired.links.get(n) else {
                continue;
            };
            let (name, recalled) = (link.name, link.recalled);
            let (problem, errno) = match recalled.file {
                Ok(()) | Err(Errno::ENOENT) => (recalled.problem, Errno::ENOENT),
                Err(errno) => (Some(Problem::File), errno),
            };
            if let Some(problem) = problem {
                let complaint = Complaint::warning(problem, Effect::PartIgnored);
                self.complain_of(host, complaint.with_errno(errno), Origin::NONE, &name);
            }
        }
    }

    /// Reads the file `owned-name`.
    #[inline(never)]
    fn recall(&mut self, name: &IfName, file: Result<&[u8], Errno>) {
        let mut links = self.desired.links.iter_mut();
        let named = links.find(|link| link.name == *name);
        let is_taken = named.is_some();
        if let Some(link) = named {
            link.recalled.file = file.map(|_| ());
        }
        let mut ifindex = 0;
        for (word, rest) in owned::lines(file.unwrap_or_default()) {
            if word == b"link" {
                ifindex = scalar::number(rest).unwrap_or(0);
                if let Some(link) = self.desired.link_mut(ifindex) {
                    link.recalled.file = Ok(());
                    if !is_taken {
                        link.recalled.old_name = *name;
                    }
                }
            } else if self.desired.link(ifindex).is_some()
                && let Err(problem) = self.recall_line(word, rest, ifindex)
                && let Some(link) = self.desired.link_mut(ifindex)
            {
                link.recalled.problem = Some(problem);
            }
        }
    }

    /// What one line says of a desired link.
    #[inline(never)]
    fn recall_line(&mut self, word: &[u8], rest: &[u8], ifindex: u32) -> Result<(), Problem> {
        let (origin, presence, standing) = (Origin::NONE, Presence::Missing, Standing::Stale);
        if word == b"up" {
            if let Some(link) = self.desired.link_mut(ifindex) {
                link.owned_up = true;
            }
        } else if word == b"addr" {
            let mut stale = DesiredAddr {
                ifindex,
                addr: Cidr::default(Family::V4),
                peer: None,
                broadcast: None,
                origin,
                presence,
                standing,
            };
            owned::addr(rest, &mut stale.addr, &mut stale.peer)
                .ok_or(Problem::OwnedNotUnderstood)?;
            match self.desired.find_addr(ifindex, &stale.addr, &stale.peer) {
                Some(addr) => addr.standing = addr.standing.recalled(),
                None => self
                    .desired
                    .add_addr(&stale)
                    .map_err(|Full| Problem::MaxAddrs)?,
            }
        } else if word != b"dns" && word != b"search" {
            let mut stale = DesiredRoute {
                ifindex,
                route: Route::new(Cidr::default(Family::V4)),
                origin,
                presence,
                standing,
            };
            owned::route(word, rest, &mut stale.route).ok_or(Problem::OwnedNotUnderstood)?;
            let mut is_known = false;
            self.desired.each_route(&stale.route.key(), &mut |route| {
                if route.ifindex == ifindex {
                    route.standing = route.standing.recalled();
                    is_known = true;
                }
            });
            if !is_known {
                self.desired
                    .add_route(&stale)
                    .map_err(|Full| Problem::MaxRoutes)?;
            }
        }
        Ok(())
    }
}
