//! What unit tests of several rooms say by text: addresses, prefixes, names, routes; and a link.

use crate::model::addr::Cidr;
use crate::model::knob::Knobs;
use crate::model::link::{IfName, Mac};
use crate::model::observed::Link;
use crate::model::route::Route;
use core::net::IpAddr;

/// An address.
pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// An address with its prefix length.
pub fn cidr(text: &str) -> Cidr {
    let (addr, len) = text.split_once('/').unwrap();
    Cidr::new(ip(addr), len.parse().unwrap()).unwrap()
}

/// A link name.
pub fn name(text: &str) -> IfName {
    IfName::new(text.as_bytes()).unwrap()
}

/// 02:00:00:00:00:NN
pub fn mac(number: u8) -> Mac {
    Mac::new(&[2, 0, 0, 0, 0, number]).unwrap()
}

/// A route with a gateway.
pub fn via(dst: &str, via: &str) -> Route {
    Route {
        via: Some(ip(via)),
        ..Route::new(cidr(dst))
    }
}

/// A link that looks like Ethernet, with the MAC of its number.
pub fn link(ifindex: u32, text: &str, flags: u32) -> Link {
    let mac = mac(u8::try_from(ifindex).unwrap());
    Link {
        flags,
        mac,
        broadcast: Mac::new(&[0xff; 6]).unwrap(),
        perm_mac: mac,
        knobs: Knobs::NONE,
        ..Link::new(ifindex, name(text))
    }
}
