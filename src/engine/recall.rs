//! What we made in earlier runs, read back from the `owned-IF` files.
//!
//! The line `link N` of a file says which link it is of, whatever name that has now. What is desired still
//! is ours; what is not is stale: it goes into the desired tables with a mark, so that one look at the
//! kernel tells of both.

use super::{Engine, Host};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::addr::{Cidr, Family};
use crate::model::desired::{Full, Standing, Thing, What};
use crate::model::link::IfName;
use crate::output::owned;
use crate::text::scalar;

impl Engine<'_> {
    /// Reads what the files say of the desired links.
    #[inline(never)]
    pub(super) fn recall_owned(&mut self, host: &mut impl Host) {
        host.owned_files(&mut |name, file| self.recall(name, file));
        for link in self.desired.links.iter() {
            let (problem, errno) = match link.recalled.file {
                Ok(()) | Err(Errno::ENOENT) => (link.recalled.problem, Errno::ENOENT),
                Err(errno) => (Some(Problem::File), errno),
            };
            if let Some(problem) = problem {
                let complaint = Complaint::warning(problem, Effect::PartIgnored);
                complaint.with_errno(errno).say(host, &link.name);
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
        let mut ifindex = None;
        for (word, rest) in owned::lines(file.unwrap_or_default()) {
            if word == b"link" {
                ifindex = None;
                if let Some(number) = scalar::number(rest)
                    && let Some(link) = self.desired.link_mut(number)
                {
                    ifindex = Some(number);
                    link.recalled.file = Ok(());
                    if !is_taken {
                        link.recalled.old_name = *name;
                    }
                }
            } else if let Some(ifindex) = ifindex
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
        if word == b"up" {
            if let Some(link) = self.desired.link_mut(ifindex) {
                link.owned_up = true;
            }
            return Ok(());
        }
        if word == b"dns" || word == b"search" {
            return Ok(());
        }
        let mut stale = Thing::addr(ifindex, &Cidr::default(Family::V4), &None, Origin::NONE);
        stale.standing = Standing::Stale;
        let understood = if word == b"addr" {
            owned::addr(rest, &mut stale.route.dst, &mut stale.route.via)
        } else {
            stale.what = What::Route;
            owned::route(word, rest, &mut stale.route)
        };
        understood.ok_or(Problem::OwnedNotUnderstood)?;
        let things = &mut self.desired.things;
        let mut is_known = false;
        things.each(&stale.key(), &mut |thing| {
            if thing.ifindex == ifindex {
                thing.standing = thing.standing.recalled();
                is_known = true;
            }
        });
        if !is_known {
            things.add(&stale).map_err(|Full| stale.what.full())?;
        }
        Ok(())
    }
}
