//! What we made in earlier runs, read back from the `owned-IF` files.
//!
//! The line `link N` of a file says which link it is of, whatever name that has now. What is desired still
//! is ours; what is not is stale: it goes into the desired tables with a mark, so that one look at the
//! kernel tells of both.

use super::complain::say;
use super::{Engine, Host, OutputFile};
use crate::diag::{Complaint, Effect, Errno, Origin, Problem};
use crate::model::addr::{Cidr, Family};
use crate::model::config::Config;
use crate::model::desired::{Desired, DesiredLink, Full, JOINED, Standing, Thing, Things};
use crate::model::index::{HASH_START, hash};
use crate::model::link::IfName;
use crate::output::owned;
use crate::text::scalar;

impl Engine<'_> {
    /// Reads what the files say of the desired links.
    #[inline(never)]
    pub(super) fn recall_owned(&mut self, host: &mut impl Host) {
        host.list_owned();
        let mut n = 0;
        while let Some(name) = &host.owned(n) {
            self.recall(name, host.read(OutputFile::Owned(name)));
            n = n.wrapping_add(1);
        }
        for link in self.desired.links.iter() {
            let (problem, errno) = match link.recalled.file {
                Ok(()) | Err(Errno::ENOENT) => (link.recalled.problem, Errno::ENOENT),
                Err(errno) => (Some(Problem::File), errno),
            };
            if let Some(problem) = problem {
                let complaint = Complaint::warning(problem, Effect::PartIgnored);
                say(host, complaint.with_errno(errno), &link.name);
            }
        }
    }

    /// Reads the file `owned-name`.
    fn recall(&mut self, name: &IfName, file: Result<&[u8], Errno>) {
        let Desired { links, things } = &mut self.desired;
        let text = file.unwrap_or_default();
        let own = links.iter_mut().find(|link| link.name == *name);
        let is_taken = own.is_some();
        if let Some(link) = own {
            link.recalled.file = file.map(|_| ());
            link.recalled.sum = hash(HASH_START, text);
        }
        let mut link = None;
        for (word, value) in owned::lines(text) {
            if word == owned::LINK {
                let number = scalar::number(value);
                // of one that is gone, which `down` may name, rules may be left
                let is_it = |link: &DesiredLink| {
                    Some(link.ifindex) == number || link.ifindex == 0 && link.name == *name
                };
                link = links.iter_mut().find(|link| is_it(link));
                if let Some(link) = &mut link {
                    link.recalled.file = Ok(());
                    if !is_taken {
                        link.recalled.old_name = *name;
                    }
                }
            } else if let Some(link) = &mut link {
                let deed = match word {
                    owned::DONE..owned::ADDR => {
                        1_u8.wrapping_shl(word.wrapping_sub(owned::DONE) as u32)
                    }
                    _ => 0,
                };
                link.done |= deed;
                if deed == JOINED {
                    // who goes down is not told by the configuration what it shall belong to, and who leaves neither
                    let number = scalar::number(value).unwrap_or(0);
                    if link.is_free || link.config.is_none() {
                        link.master = number;
                    }
                    if link.master != number || link.is_free {
                        link.done &= !JOINED;
                    }
                }
                if word < owned::ADDR {
                    continue;
                }
                let read = recall_thing(word, value, link.ifindex, things, &mut self.config);
                if let Err(problem) = read {
                    link.recalled.problem = Some(problem);
                }
            }
        }
    }
}

/// What one line says that we made on a desired link.
#[inline(never)]
fn recall_thing(
    word: usize,
    value: &[u8],
    ifindex: u32,
    things: &mut Things<'_>,
    config: &mut Config<'_>,
) -> Result<(), Problem> {
    let mut stale = Thing::addr(ifindex, &Cidr::default(Family::V4), &None, Origin::NONE);
    stale.standing = Standing::Stale;
    let understood = owned::thing(word, value, &mut stale, config);
    understood.ok_or(Problem::OwnedNotUnderstood)?;
    let mut is_known = false;
    things.each(&stale, &mut |thing| {
        if thing.is_on_link_of(&stale) {
            thing.standing = thing.standing.recalled();
            is_known = true;
        }
    });
    if !is_known {
        things.add(&stale).map_err(|Full| stale.what.full())?;
    }
    Ok(())
}
