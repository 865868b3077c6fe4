//! One word of the command line in its handler's hands: its fields, what it may add, and complaints.

use super::{Context, offset};
use crate::diag::{Complaint, Effect, Escaped, Origin, Problem, Subject};
use crate::model::attr::Attr;
use crate::model::config::{Config, LinkConfig, LinkId, LinkMatch, LinkNumber, Role, SourceKind};
use crate::model::link::{IfName, LinkKind};
use crate::text::{parts, scalar};
use core::net::IpAddr;

/// The word is done with: what was wrong has been reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported;

/// The word has no effect, because of its field of this number, or because of all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    field: u8,
    /// None where it has been reported.
    what: Option<Problem>,
}

impl Refused {
    /// Because of all of it.
    pub const WHOLE: usize = u8::MAX as usize;

    /// Because of a field.
    pub const fn of(n: usize, what: Problem) -> Refused {
        Refused {
            field: n as u8,
            what: Some(what),
        }
    }
}

impl From<Reported> for Refused {
    fn from(_: Reported) -> Refused {
        Refused {
            field: 0,
            what: None,
        }
    }
}

/// What a handler answers.
pub type Done = Result<(), Refused>;

/// The parts of a value between `:` that are not in brackets. Every part is a slice of the value, which is how
/// [`Arg::complain`] knows its column.
#[derive(Clone, Copy)]
pub struct Fields<'w>(pub Option<&'w [u8]>);

impl<'w> Iterator for Fields<'w> {
    type Item = &'w [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'w [u8]> {
        let rest = self.0?;
        let mut bracketed = false;
        let end = rest.iter().position(|octet| {
            match octet {
                b'[' => bracketed = true,
                b']' => bracketed = false,
                _ => {}
            }
            *octet == b':' && !bracketed
        });
        let (field, tail) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        self.0 = tail.get(1..);
        Some(field)
    }
}

/// One word in its handler's hands. In the order of use, as [`LinkConfig`] is.
#[repr(C)]
pub struct Arg<'w, 'c, 'm> {
    /// The reader's hands.
    pub cx: &'w mut Context<'c, 'm>,
    /// Its value, empty where there is none.
    pub value: &'w [u8],
    /// The number of its fields.
    pub len: usize,
    /// The first of them; those that are not there are empty, and stand at its end.
    fields: [&'w [u8]; 9],
    /// Its key as the table has it.
    name: Escaped<'w>,
    /// Who says it.
    pub source: SourceKind,
}

impl<'w, 'c, 'm> Arg<'w, 'c, 'm> {
    /// A word that is not taken apart yet.
    #[inline(never)]
    pub fn new(
        cx: &'w mut Context<'c, 'm>,
        source: SourceKind,
        name: &'w [u8],
        value: &'w [u8],
    ) -> Arg<'w, 'c, 'm> {
        Arg {
            cx,
            value,
            fields: [value; 9],
            len: 0,
            name: Escaped(name),
            source,
        }
    }

    /// Takes the value apart. Its form has not the first `shift` fields: they are empty.
    #[inline(never)]
    pub fn split(&mut self, shift: usize) {
        self.fields = [parts::slice(self.value, self.value.len(), 0); 9];
        self.len = shift;
        for field in Fields(Some(self.value)) {
            if let Some(slot) = self.fields.get_mut(self.len) {
                *slot = field;
            }
            self.len = self.len.wrapping_add(1);
        }
    }

    /// Field number `n`, empty where there is none.
    pub fn field(&self, n: usize) -> &'w [u8] {
        self.fields.get(n).copied().unwrap_or_default()
    }

    /// The fields from number `n` on, undivided.
    #[inline(never)]
    pub fn rest(&self, n: usize) -> &'w [u8] {
        let at = offset(self.field(n), self.value);
        parts::slice(self.value, at, self.value.len())
    }

    /// Where a field stands.
    #[inline(never)]
    pub fn origin(&self, field: &[u8]) -> Origin {
        self.cx.origin(field)
    }

    /// Complains about a part of the value.
    #[inline(never)]
    pub fn complain(&mut self, part: &[u8], complaint: Complaint) {
        let column = self.cx.column(part);
        let subject = Subject::Word(&self.name);
        self.cx.report(column, subject, part, complaint, b"");
    }

    /// Complains about the value as a whole.
    #[inline(never)]
    pub fn say(&mut self, complaint: Complaint) {
        self.complain(self.value, complaint);
    }

    /// Says why the word has no effect, where that has not been said; whether it has one.
    #[inline(never)]
    pub fn settle(&mut self, done: Done) -> bool {
        if let Err(refused) = done
            && let Some(what) = refused.what
        {
            let part = match usize::from(refused.field) {
                Refused::WHOLE => self.value,
                n => self.field(n),
            };
            self.complain(part, Complaint::error(what, Effect::WordIgnored));
        }
        done.is_ok()
    }

    /// The word has no effect because of a text that may be no field of it.
    ///
    /// # Errors
    /// Always.
    pub fn refuse_text<T>(&mut self, text: &[u8], what: Problem) -> Result<T, Reported> {
        self.complain(text, Complaint::error(what, Effect::WordIgnored));
        Err(Reported)
    }

    /// A part of the value has no effect.
    #[inline(never)]
    pub fn leave_out(&mut self, part: &[u8], what: Problem) {
        self.complain(part, Complaint::of_part(what));
    }

    /// What the word adds is more than a table takes.
    #[inline(never)]
    pub fn check_room(&mut self, added: Result<(), Problem>) {
        self.check(self.value, added);
    }

    /// The address in a field; `None` for an empty field and for `0.0.0.0` and `::`. What is
    /// no address is left out.
    #[inline(never)]
    pub fn address(&mut self, field: &[u8]) -> Option<IpAddr> {
        let mut addr = scalar::ip(field);
        if addr.is_none() && !field.is_empty() {
            self.leave_out(field, Problem::NotAnAddress);
        }
        scalar::forget_zeros(&mut addr);
        addr
    }

    /// Adds a name server, if the text says one.
    #[inline(never)]
    pub fn server(&mut self, text: &[u8], link: Option<LinkId>) {
        if let Some(addr) = &self.address(text) {
            let added = self.cx.add_server(addr, link);
            self.check_room(added);
        }
    }

    /// A link with nothing asked of it but to be up.
    pub fn new_link(&self) -> LinkConfig {
        LinkConfig::new(self.source, self.origin(self.value))
    }

    /// Makes `link` the one that `text` names: a name, a MAC as `52-54-00-12-34-56` or
    /// `[52:54:00:12:34:56]`, `enx525400123456` (which is both), or nothing for any link.
    ///
    /// # Errors
    /// The word was reported and has no effect.
    #[inline(never)]
    pub fn device(&mut self, text: &[u8], link: &mut LinkConfig) -> Result<(), Reported> {
        if identify(text, link).is_some() {
            return Ok(());
        }
        // of a port only the name is wrong
        let complaint = match link.role {
            Role::Port => NOT_A_PORT,
            Role::Addressed | Role::Lower | Role::Named => NOT_A_LINK_NAME,
        };
        self.complain(text, complaint);
        Err(Reported)
    }

    /// The link the command line describes for a text, made where it is the first to name it. A bad name of a
    /// port costs only that.
    ///
    /// # Errors
    /// It was reported.
    #[inline(never)]
    pub fn link(&mut self, text: &[u8], role: Role) -> Result<LinkId, Reported> {
        let mut link = self.new_link();
        link.role = role;
        self.device(text, &mut link)?;
        self.put_link(&link)
    }

    /// The link the command line describes that is matched so; `link` where there is none.
    ///
    /// # Errors
    /// The word was reported and has no effect.
    pub fn put_link(&mut self, link: &LinkConfig) -> Result<LinkId, Reported> {
        let known = find_link(self.cx.config, self.source, &link.matches);
        let Some(have) = known.and_then(|id| self.cx.config.link_mut(id)) else {
            let added = self.cx.config.add_link(link);
            if added.is_none() {
                self.leave_out(self.value, Problem::MaxLinks);
            }
            return added.ok_or(Reported);
        };
        have.role = have.role.min(link.role);
        known.ok_or(Reported)
    }

    /// Field number `n` as the MTU of a link; an empty one and 0 are none.
    #[inline(never)]
    pub fn mtu(&mut self, n: usize, link: LinkId) {
        let field = self.field(n);
        if field.is_empty() {
            return;
        }
        match scalar::mtu(scalar::number(field)) {
            Some(None) => {}
            Some(mtu) => {
                if let Some(link) = self.cx.config.link_mut(link) {
                    LinkNumber::Mtu.set(link, mtu);
                }
            }
            None => self.leave_out(field, Problem::NotAnMtu),
        }
    }

    /// Sets an option of a link anew; an empty text takes it away, and so does a bad one.
    #[inline(never)]
    pub fn put(&mut self, link: LinkId, attr: Attr, text: &[u8]) {
        self.cx.config.drop_attr(link, attr);
        if !text.is_empty() {
            let origin = self.origin(self.value);
            let put = self.cx.put_text(link, attr, text, origin);
            self.check(text, put);
        }
    }

    /// Says that fields from number `n` on are left out.
    #[inline(never)]
    pub fn end(&mut self, n: usize) {
        if self.len > n {
            self.complain(self.rest(n), EXTRA);
        }
    }

    /// A part of the value that could not be put has no effect.
    #[inline(never)]
    pub fn check(&mut self, part: &[u8], put: Result<(), Problem>) {
        if let Err(what) = put {
            self.leave_out(part, what);
        }
    }

    /// Yes or no; a bare word and an empty value are yes, and so, with a complaint, is anything else.
    pub fn boolean(&mut self) -> bool {
        let value = self.value;
        let said = scalar::boolean(value);
        if said.is_none() && !value.is_empty() {
            self.say(NO_BOOLEAN);
        }
        said.unwrap_or(true)
    }
}

const EXTRA: Complaint = Complaint::warning(Problem::ExtraField, Effect::PartIgnored);
const NOT_A_LINK_NAME: Complaint = Complaint::error(Problem::NotALinkName, Effect::WordIgnored);
const NOT_A_PORT: Complaint = Complaint::error(Problem::NotALinkName, Effect::PartIgnored);
const NO_BOOLEAN: Complaint = Complaint::error(Problem::NotABoolean, Effect::DefaultUsed);

/// See [`Arg::device`].
pub fn identify(text: &[u8], link: &mut LinkConfig) -> Option<()> {
    if scalar::ip(text).is_none() {
        IfName::read(text, &mut link.name);
    }
    let mut mac = scalar::mac(scalar::unbracketed(text));
    if mac.is_none() {
        mac = scalar::enx_mac(text);
    }
    if !link.identify(&mac) && !text.is_empty() {
        return None;
    }
    set_kind(link);
    Some(())
}

/// Ethernet, unless name or MAC say InfiniBand.
#[inline(never)]
pub fn set_kind(link: &mut LinkConfig) {
    let mac = link.matches.mac();
    let is_long = mac.is_some_and(|mac| mac.as_bytes().len() == 20);
    let is_ib = match link.name.as_ref().map(IfName::padded) {
        Some([b'i', b'b', more @ ..]) => !more.starts_with(b"ft"),
        Some(_) | None => false,
    };
    if is_long || is_ib {
        link.kind = LinkKind::Infiniband;
    }
}

/// The link a source describes for `matches`. A VLAN that is known by the MAC of what it lies on is another one.
#[inline(never)]
pub fn find_link(config: &Config<'_>, source: SourceKind, matches: &LinkMatch) -> Option<LinkId> {
    let is_it = |link: &LinkConfig| {
        let is_upper = link.kind == LinkKind::Vlan && link.name.is_none();
        link.source == source && !is_upper && link.matches == *matches
    };
    let n = config.links.iter().position(is_it)?;
    Some(LinkId::new(n as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn device(text: &[u8]) -> Option<LinkConfig> {
        let mut link = LinkConfig::new(SourceKind::Cmdline, Origin::NONE);
        identify(text, &mut link).map(|()| link)
    }

    fn split(text: &str) -> Vec<(&str, usize)> {
        let fields = Fields(Some(text.as_bytes()));
        let at = |field: &[u8]| field.as_ptr().addr() - text.as_ptr().addr();
        fields
            .map(|field| (core::str::from_utf8(field).unwrap(), at(field)))
            .collect()
    }

    #[test]
    fn colons_in_brackets_do_not_separate() {
        assert_eq!(split(""), [("", 0)]);
        assert_eq!(split("a::b:"), [("a", 0), ("", 2), ("b", 3), ("", 5)]);
        assert_eq!(
            split("[2001:db8::1]/64:x"),
            [("[2001:db8::1]/64", 0), ("x", 17)]
        );
        assert_eq!(split("[a:b"), [("[a:b", 0)]);
        assert_eq!(split("a]:b"), [("a]", 0), ("b", 3)]);
    }

    #[test]
    fn devices_are_names_macs_or_both() {
        let mac = scalar::mac(b"52:54:00:12:34:56").unwrap();
        for text in ["52-54-00-12-34-56", "[52:54:00:12:34:56]"] {
            let link = device(text.as_bytes()).unwrap();
            assert_eq!((link.matches, link.name), (LinkMatch::Mac(mac), None));
        }
        let both = device(b"enx525400123456").unwrap();
        assert_eq!(both.matches, LinkMatch::Mac(mac));
        assert_eq!(both.name, IfName::new(b"enx525400123456"));
        assert_eq!(device(b"").unwrap().matches, LinkMatch::Any);
        for bad in [
            &b"thisnameiswaytoolong"[..],
            b"a/b",
            b"a b",
            b"10.0.0.5",
            b"::1",
            b"eth0\0",
        ] {
            assert_eq!(device(bad), None, "{}", Escaped(bad));
        }
    }

    #[test]
    fn infiniband_shows_in_name_or_mac() {
        let kind = |text: &str| device(text.as_bytes()).unwrap().kind;
        assert_eq!(kind("ib1"), LinkKind::Infiniband);
        assert_eq!(kind("ibs2"), LinkKind::Infiniband);
        assert_eq!(kind("ibft0"), LinkKind::Ethernet);
        assert_eq!(kind("eth0"), LinkKind::Ethernet);
        assert_eq!(
            kind("00-11-22-33-44-55-66-77-88-99-aa-bb-cc-dd-ee-ff-00-11-22-33"),
            LinkKind::Infiniband
        );
    }
}
