//! Netlink messages and attributes (linux/netlink.h, netlink(7)).
//!
//! ```text
//!  0       2       4       6       8              12              16
//!  +---------------+-------+-------+---------------+---------------+----------------- - -
//!  | nlmsg_len     | type  | flags | nlmsg_seq     | nlmsg_pid     | payload, padded to 4
//!  +---------------+-------+-------+---------------+---------------+----------------- - -
//!  +-------+-------+----------------- - -
//!  |nla_len| type  | payload, padded to 4
//!  +-------+-------+----------------- - -
//! ```
//!
//! Both lengths count their header and not the padding. See [`crate::wire`] for the contract.

use crate::diag::Errno;
pub use crate::model::link::until_nul;
use heapless::VecView;

/// It is a request.
pub const NLM_F_REQUEST: u16 = 0x1;
/// Part of an answer that ends with `NLMSG_DONE`.
pub const NLM_F_MULTI: u16 = 0x2;
/// Acknowledge even success.
pub const NLM_F_ACK: u16 = 0x4;
/// The table changed during the dump: what was dumped may miss entries.
pub const NLM_F_DUMP_INTR: u16 = 0x10;
/// The kernel filtered the dump as asked.
pub const NLM_F_DUMP_FILTERED: u16 = 0x20;
/// Of a GET request: all entries (`NLM_F_ROOT | NLM_F_MATCH`).
pub const NLM_F_DUMP: u16 = 0x300;
/// Of a NEW request: take the place of an existing entry.
pub const NLM_F_REPLACE: u16 = 0x100;
/// Of a NEW request: fail if there is one. (Of a DEL request the same bit is `NLM_F_BULK`.)
pub const NLM_F_EXCL: u16 = 0x200;
/// Of a NEW request: create what is not there.
pub const NLM_F_CREATE: u16 = 0x400;
/// Of a NEW request: add to what is there.
pub const NLM_F_APPEND: u16 = 0x800;
/// Of an acknowledgement: only the header of the request is echoed (`NETLINK_CAP_ACK`).
pub const NLM_F_CAPPED: u16 = 0x100;
/// Of an acknowledgement: attributes follow (`NETLINK_EXT_ACK`).
pub const NLM_F_ACK_TLVS: u16 = 0x200;

/// Nothing; to be skipped.
pub const NLMSG_NOOP: u16 = 1;
/// An error number and the request it belongs to; number 0 is an acknowledgement.
pub const NLMSG_ERROR: u16 = 2;
/// End of a dump.
pub const NLMSG_DONE: u16 = 3;
/// Data was lost.
pub const NLMSG_OVERRUN: u16 = 4;

/// What is wrong, as text.
pub const NLMSGERR_ATTR_MSG: u16 = 1;

/// The payload consists of attributes.
pub const NLA_F_NESTED: u16 = 0x8000;
/// The payload is in network byte order.
pub const NLA_F_NET_BYTEORDER: u16 = 0x4000;

/// Octets of a message header.
pub(super) const NLMSG_HDRLEN: usize = 16;
/// Octets of an attribute header.
const NLA_HDRLEN: usize = 4;

/// One message of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// `nlmsg_type`: `NLMSG_*` or `RTM_*`.
    pub kind: u16,
    /// `nlmsg_flags`: `NLM_F_*`.
    pub flags: u16,
    /// `nlmsg_seq`: that of the request this answers; 0 in events.
    pub seq: u32,
    /// `nlmsg_pid`: the socket of who asked, also for what is told to everybody.
    pub port: u32,
    /// What follows the header, without padding.
    pub payload: &'a [u8],
}

/// How a request or a dump ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The error; `None` where it succeeded.
    pub errno: Option<Errno>,
    /// What the kernel says about it (extended acknowledgement); empty for nothing.
    pub said: &'a [u8],
}

impl<'a> Message<'a> {
    /// How the request with this message's `seq` ended; `None` unless this is `NLMSG_ERROR` or
    /// `NLMSG_DONE`. One without room for the error number counts as `EIO`.
    ///
    /// ```text
    ///  NLMSG_ERROR  i32 -errno, request header, [rest of the request,] [attributes]
    ///  NLMSG_DONE   i32 -errno, [attributes]
    /// ```
    ///
    /// The rest of the request is there unless `NLM_F_CAPPED` is set; the kernel sets it with every
    /// success. The attributes are there if `NLM_F_ACK_TLVS` is set.
    #[inline(never)]
    pub fn outcome(&self) -> Option<Outcome<'a>> {
        if !matches!(self.kind, NLMSG_ERROR | NLMSG_DONE) {
            return None;
        }
        let (number, mut rest) = match self.payload.split_first_chunk() {
            Some((number, rest)) => (i32::from_ne_bytes(*number), rest),
            None => (EIO, &[][..]),
        };
        if self.kind == NLMSG_ERROR {
            rest = after_request(rest, self.flags);
        }
        let mut said: &[u8] = &[];
        if self.flags & NLM_F_ACK_TLVS != 0 {
            said = until_nul(attr_in(rest, NLMSGERR_ATTR_MSG));
        }
        let errno = (number != 0).then_some(Errno::new(number));
        Some(Outcome { errno, said })
    }
}

/// `EIO`.
const EIO: i32 = Errno::EIO.number() as i32;

/// What follows the request that an `NLMSG_ERROR` with these flags echoes.
fn after_request(echo: &[u8], flags: u16) -> &[u8] {
    let whole = echo.first_chunk().filter(|_| flags & NLM_F_CAPPED == 0);
    let claimed = whole.copied().map_or(0, u32::from_ne_bytes);
    let len = aligned(claimed as usize).max(NLMSG_HDRLEN);
    echo.get(len..).unwrap_or_default()
}

/// The messages of a datagram, up to the first that is not whole.
pub fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages { rest: datagram }
}

/// See [`messages`].
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let (header, _) = self.rest.split_first_chunk::<NLMSG_HDRLEN>()?;
        let [
            l0,
            l1,
            l2,
            l3,
            k0,
            k1,
            f0,
            f1,
            s0,
            s1,
            s2,
            s3,
            p0,
            p1,
            p2,
            p3,
        ] = *header;
        let len = u32::from_ne_bytes([l0, l1, l2, l3]) as usize;
        Some(Message {
            payload: take(&mut self.rest, NLMSG_HDRLEN, len)?,
            kind: u16::from_ne_bytes([k0, k1]),
            flags: u16::from_ne_bytes([f0, f1]),
            seq: u32::from_ne_bytes([s0, s1, s2, s3]),
            port: u32::from_ne_bytes([p0, p1, p2, p3]),
        })
    }
}

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr<'a> {
    /// `nla_type` without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
    pub kind: u16,
    /// What follows the header, without padding.
    pub payload: &'a [u8],
}

/// The attributes in `octets`, up to the first that is not whole.
pub fn attrs(octets: &[u8]) -> Attrs<'_> {
    Attrs { rest: octets }
}

/// See [`attrs`].
#[derive(Clone, Debug)]
pub struct Attrs<'a> {
    rest: &'a [u8],
}

impl<'a> Attrs<'a> {
    /// What follows those that were taken.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Attr<'a>;

    fn next(&mut self) -> Option<Attr<'a>> {
        let (&[l0, l1, k0, k1], _) = self.rest.split_first_chunk::<NLA_HDRLEN>()?;
        let len = usize::from(u16::from_ne_bytes([l0, l1]));
        Some(Attr {
            payload: take(&mut self.rest, NLA_HDRLEN, len)?,
            kind: u16::from_ne_bytes([k0, k1]) & !(NLA_F_NESTED | NLA_F_NET_BYTEORDER),
        })
    }
}

/// The payload of the first attribute of this type in `octets`; empty for none.
#[inline(never)]
pub fn attr_in(octets: &[u8], kind: u16) -> &[u8] {
    for attr in attrs(octets) {
        if attr.kind == kind {
            return attr.payload;
        }
    }
    &[]
}

/// The 32-bit number in the first attribute of this type in `octets`; `usual` for none.
#[inline(never)]
pub fn number_in(octets: &[u8], kind: u16, usual: u32) -> u32 {
    u32_in(attr_in(octets, kind)).unwrap_or(usual)
}

/// Takes `len` octets and their padding from the front of `rest` and returns those after the header.
/// `None`, and `rest` is empty from then on, if `len` is shorter than the header or longer than `rest`.
fn take<'a>(rest: &mut &'a [u8], header: usize, len: usize) -> Option<&'a [u8]> {
    let all = core::mem::take(rest);
    let payload = all.get(header..len)?;
    *rest = all.get(aligned(len)..).unwrap_or_default();
    Some(payload)
}

/// The next multiple of 4 (`NLMSG_ALIGN`, `NLA_ALIGN`).
pub(crate) fn aligned(len: usize) -> usize {
    len.wrapping_add(3) & !3
}

/// A 32-bit number in host byte order; `None` unless there are exactly four octets.
pub fn u32_in(payload: &[u8]) -> Option<u32> {
    payload.try_into().ok().map(u32::from_ne_bytes)
}

/// Appends octets, if there is room.
#[inline(never)]
pub fn append(to: &mut VecView<u8>, octets: &[u8]) {
    let _ = to.extend_from_slice(octets);
}

/// Appends an attribute and its padding, if there is room.
#[inline(never)]
pub fn append_attr(to: &mut VecView<u8>, kind: u16, payload: &[u8]) {
    let [k0, k1] = kind.to_ne_bytes();
    let [l0, l1] = (payload.len().wrapping_add(NLA_HDRLEN) as u16).to_ne_bytes();
    append(to, &[l0, l1, k0, k1]);
    append(to, payload);
    let _ = to.resize(aligned(to.len()), 0);
}

/// Makes what stands from `at` on the rest of the attribute that begins there, and appends its padding.
#[inline(never)]
pub fn end_attr(attrs: &mut VecView<u8>, at: usize) {
    let len = attrs.len().wrapping_sub(at) as u16;
    copy_to(attrs, at, &len.to_ne_bytes());
    let _ = attrs.resize(aligned(attrs.len()), 0);
}

/// The request did not fit, and nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Appends requests to a buffer: a batch that is sent as one datagram.
///
/// ```text
///  begin(kind, flags, seq)  header(octets)  { attr(kind, octets) }  finish()
/// ```
///
/// Nothing between `begin` and `finish` fails. If something does not fit, `finish` returns [`Full`] and
/// [`Writer::written`] is what it was before `begin`: send it, [`Writer::clear`], and encode the request
/// again. A `begin` without `finish` leaves no trace either.
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    /// Octets of the finished requests.
    written: usize,
    /// Where the last finished request begins.
    last: usize,
    /// Finished requests.
    requests: usize,
    /// End of the request under construction; [`OVERFULL`] once something of it did not fit.
    end: usize,
}

/// An offset that lies beyond every buffer.
const OVERFULL: usize = usize::MAX;

impl<'b> Writer<'b> {
    /// An empty batch.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Writer {
            buffer,
            written: 0,
            last: 0,
            requests: 0,
            end: 0,
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.written = 0;
        self.requests = 0;
        self.end = 0;
    }

    /// The finished requests: the datagram to send.
    #[inline(never)]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.written).unwrap_or_default()
    }

    /// The request under construction, or attributes without one; nothing where it does not fit.
    #[inline(never)]
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.written..self.end).unwrap_or_default()
    }

    /// How many requests are finished.
    pub fn requests(&self) -> usize {
        self.requests
    }

    /// Has the last finished request acknowledged even if it succeeds, so that the end of the batch
    /// shows. Failures are reported without being asked for.
    pub fn acknowledge_last(&mut self) {
        // The low octet of the flags.
        let at = if cfg!(target_endian = "big") { 7 } else { 6 };
        if let Some(flags) = self.buffer.get_mut(self.last.saturating_add(at)) {
            *flags |= NLM_F_ACK as u8;
        }
    }

    /// Begins a request; `NLM_F_REQUEST` is added to the flags.
    pub fn begin(&mut self, kind: u16, flags: u16, seq: u32) {
        let [k0, k1] = kind.to_ne_bytes();
        let [f0, f1] = (flags | NLM_F_REQUEST).to_ne_bytes();
        let [s0, s1, s2, s3] = seq.to_ne_bytes();
        self.end = self.written;
        self.header(&[0, 0, 0, 0, k0, k1, f0, f1, s0, s1, s2, s3, 0, 0, 0, 0]);
    }

    /// Appends the fixed header of the family, or other octets, and their padding of zeros.
    #[inline(never)]
    pub fn header(&mut self, octets: &[u8]) {
        let end = self.end.saturating_add(aligned(octets.len()));
        match self.buffer.get_mut(self.end..end) {
            None => self.end = OVERFULL,
            Some(room) => {
                self.end = end;
                room.fill(0);
                copy(room, octets);
            }
        }
    }

    /// Appends an attribute, unless it is empty.
    #[inline(never)]
    pub fn attr(&mut self, kind: u16, payload: &[u8]) {
        if payload.is_empty() {
            return;
        }
        let [k0, k1] = kind.to_ne_bytes();
        let len_with_header = u16::try_from(payload.len().wrapping_add(NLA_HDRLEN));
        let Ok([l0, l1]) = len_with_header.map(u16::to_ne_bytes) else {
            self.end = OVERFULL;
            return;
        };
        self.header(&[l0, l1, k0, k1]);
        self.header(payload);
    }

    /// Appends an attribute with a 32-bit number.
    pub fn attr_u32(&mut self, kind: u16, value: u32) {
        self.attr(kind, &value.to_ne_bytes());
    }

    /// Ends the request. [`Full`] if it did not fit; then nothing of it remains.
    pub fn finish(&mut self) -> Result<(), Full> {
        if self.end == OVERFULL {
            return Err(Full);
        }
        let len = self.end.wrapping_sub(self.written) as u32;
        copy_to(self.buffer, self.written, &len.to_ne_bytes());
        self.last = self.written;
        self.written = self.end;
        self.requests = self.requests.wrapping_add(1);
        Ok(())
    }
}

/// Copies to `at`, as much as there is room for.
#[inline(never)]
pub fn copy_to(room: &mut [u8], at: usize, octets: &[u8]) {
    copy(room.get_mut(at..).unwrap_or_default(), octets);
}

/// Copies as much as there is room for.
#[inline(never)]
pub(crate) fn copy(room: &mut [u8], octets: &[u8]) {
    room.iter_mut()
        .zip(octets)
        .for_each(|(to, from)| *to = *from);
}
