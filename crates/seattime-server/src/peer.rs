//! Who is at the other end of a connection, and whom a proxy there speaks for.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Peer {
    /// Under which name a request is counted: the address of its client, of IPv6 the network of 64 bits that one
    /// client has for itself. What a proxy says of whom it speaks for is believed of `proxies` alone.
    pub fn counted(self, headers: &HeaderMap, proxies: &[IpAddr]) -> String {
        let mut client = self.0.to_canonical();
        let said = headers.get_all("x-forwarded-for").iter().filter_map(|it| it.to_str().ok());
        let mut said: Vec<&str> = said.flat_map(|it| it.split(',')).map(str::trim).collect();
        // Each proxy appends whom it was asked by; what stands before that, the client may have made up.
        while proxies.contains(&client) {
            let Some(before) = said.pop().and_then(|it| it.parse::<IpAddr>().ok()) else { break };
            client = before.to_canonical();
        }
        match client {
            IpAddr::V4(it) => it.to_string(),
            IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() >> 64 << 64).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_who_asked_the_last_proxy_that_is_known() {
        #[rustfmt::skip]
        let cases = [
            // peer               X-Forwarded-For                expected          why it is here
            ("203.0.113.9",       None,                          "203.0.113.9"),
            ("203.0.113.9",       Some("198.51.100.1"),          "203.0.113.9"),   // anybody can say so
            ("10.0.0.1",          None,                          "10.0.0.1"),
            ("10.0.0.1",          Some("198.51.100.1"),          "198.51.100.1"),
            ("::ffff:10.0.0.1",   Some("198.51.100.1"),          "198.51.100.1"),  // of a socket for both
            ("10.0.0.1",          Some("1.1.1.1, 198.51.100.1"), "198.51.100.1"),  // the first was made up
            ("10.0.0.1",          Some("198.51.100.1, 10.0.0.2"), "198.51.100.1"), // two proxies
            ("10.0.0.1",          Some("no address"),            "10.0.0.1"),
            ("10.0.0.1",          Some("10.0.0.2"),              "10.0.0.2"),
            ("2001:db8:1:2::9",   None,                          "2001:db8:1:2::"),
            ("10.0.0.1",          Some("2001:db8:1:2:3::4"),     "2001:db8:1:2::"),
        ];
        let proxies = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        for (peer, said, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(said) = said {
                headers.insert("x-forwarded-for", said.parse().unwrap());
            }
            let peer = Peer(peer.parse().unwrap());
            assert_eq!(peer.counted(&headers, &proxies), expected, "{peer:?} {said:?}");
        }
    }
}
