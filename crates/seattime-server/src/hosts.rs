//! Other hosts: which of them content may use, and which of them may show a course in a frame.

use std::fmt::{Display, Formatter, Result as Formatted};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most hosts in one list.
const MAX_HOSTS: usize = 50;
/// The longest list, in bytes: it is part of the address of each of a package's files.
const MAX_LIST_BYTES: usize = 1_500;

/// Which hosts other than the server's content may use: for scripts, styles, pictures, fonts, media, frames and requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stated", into = "Stated")]
pub enum ExternalHosts {
    /// Every host, encrypted; forms may still be sent to the server alone.
    #[default]
    Https,
    /// These alone, such as `cdn.example`, `*.example.com` or `http://media.intranet:8080`.
    Listed(Vec<String>),
    /// No host but the players of YouTube and Vimeo, in frames.
    None,
}

/// The policy in JSON: `"https"`, `"none"` or a list.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stated {
    Word(String),
    List(Vec<String>),
}

impl TryFrom<Stated> for ExternalHosts {
    type Error = String;

    fn try_from(stated: Stated) -> Result<ExternalHosts, String> {
        match stated {
            Stated::List(hosts) => Ok(ExternalHosts::Listed(hosts)),
            Stated::Word(word) => match word.as_str() {
                "https" => Ok(ExternalHosts::Https),
                "none" => Ok(ExternalHosts::None),
                _ => Err(format!(
                    "external_hosts is {word:?}; it may be \"https\", \"none\" or a list of hosts"
                )),
            },
        }
    }
}

impl From<ExternalHosts> for Stated {
    fn from(hosts: ExternalHosts) -> Stated {
        match hosts {
            ExternalHosts::Https => Stated::Word("https".to_owned()),
            ExternalHosts::None => Stated::Word("none".to_owned()),
            ExternalHosts::Listed(hosts) => Stated::List(hosts),
        }
    }
}

impl Display for ExternalHosts {
    fn fmt(&self, out: &mut Formatter<'_>) -> Formatted {
        match self {
            ExternalHosts::Https => out.write_str("https"),
            ExternalHosts::None => out.write_str("none"),
            ExternalHosts::Listed(hosts) => out.write_str(&hosts.join(",")),
        }
    }
}

impl FromStr for ExternalHosts {
    type Err = String;

    /// Parses `https`, `none`, or hosts with commas between them.
    fn from_str(text: &str) -> Result<ExternalHosts, String> {
        let hosts = match text.trim() {
            "https" => ExternalHosts::Https,
            "none" => ExternalHosts::None,
            list => ExternalHosts::Listed(
                list.split(',').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect(),
            ),
        };
        hosts.check().map(|()| hosts)
    }
}

impl ExternalHosts {
    /// Checks each host of a list.
    ///
    /// # Errors
    ///
    /// A sentence that names the host, and what a host looks like.
    pub fn check(&self) -> Result<(), String> {
        let ExternalHosts::Listed(hosts) = self else { return Ok(()) };
        if hosts.is_empty() {
            return Err("external_hosts is an empty list; name a host, or say \"none\"".to_owned());
        }
        if hosts.len() > MAX_HOSTS || hosts.iter().map(|it| it.len() + 1).sum::<usize>() > MAX_LIST_BYTES {
            return Err(format!(
                "external_hosts is too long; it may be {MAX_HOSTS} hosts of {MAX_LIST_BYTES} bytes in all: \
                 use wildcards such as *.example.com, or \"https\""
            ));
        }
        match hosts.iter().find(|it| !is_host_source(it)) {
            None => Ok(()),
            Some(found) => Err(format!(
                "external_hosts has {found:?}; a host looks like cdn.example, *.example.com, cdn.example:8443 or, \
                 without encryption, http://media.example"
            )),
        }
    }

    /// The sources of a Content-Security-Policy, each with a blank before it.
    pub(crate) fn sources(&self) -> String {
        let hosts = match self {
            ExternalHosts::Https => return " https: wss:".to_owned(),
            ExternalHosts::None => return String::new(),
            ExternalHosts::Listed(hosts) => hosts,
        };
        let mut sources = String::new();
        for host in hosts {
            let (scheme, host) = host.split_once("://").unwrap_or(("https", host));
            if scheme == "http" {
                sources.push_str(&format!(" http://{host} ws://{host}"));
            }
            sources.push_str(&format!(" https://{host} wss://{host}"));
        }
        sources
    }
}

/// Which pages of other origins may show player and content in a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EmbedOrigins {
    /// All.
    #[default]
    Any,
    /// These, such as `https://lms.example` or `https://*.example.com`.
    Listed(Vec<String>),
}

impl FromStr for EmbedOrigins {
    type Err = String;

    /// Parses `any`, `none`, or origins with commas between them.
    fn from_str(text: &str) -> Result<EmbedOrigins, String> {
        let origins: Vec<String> = match text.trim() {
            "any" | "*" => return Ok(EmbedOrigins::Any),
            "none" => Vec::new(),
            list => list.split(',').map(|it| it.trim().trim_end_matches('/').to_owned()).collect(),
        };
        match origins.iter().find(|it| !it.contains("://") || !is_host_source(it)) {
            None => Ok(EmbedOrigins::Listed(origins)),
            Some(found) => Err(format!(
                "{found:?} is no origin; an origin looks like https://lms.example or https://*.example.com, \
                 and \"any\" stands for all"
            )),
        }
    }
}

impl EmbedOrigins {
    /// The directive of a Content-Security-Policy, with a semicolon before it; empty where any page may.
    pub(crate) fn directive(&self) -> String {
        match self {
            EmbedOrigins::Any => String::new(),
            EmbedOrigins::Listed(origins) => {
                let origins: String = origins.iter().map(|it| format!(" {it}")).collect();
                format!("; frame-ancestors 'self'{origins}")
            }
        }
    }
}

/// Returns true if a text is a host as a policy writes it: with http:// or https:// or without, no path.
pub(crate) fn is_host_source(text: &str) -> bool {
    let host = ["https://", "http://"].iter().find_map(|it| text.strip_prefix(it)).unwrap_or(text);
    let (host, port) = host.rsplit_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    let is_port = |it: &str| it.parse::<u16>().is_ok_and(|n| n > 0) && it.bytes().all(|b| b.is_ascii_digit());
    let (host, is_wildcard) = host.strip_prefix("*.").map_or((host, false), |it| (it, true));
    let is_label =
        |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    host.len() <= 253
        && host.split('.').all(is_label)
        && (!is_wildcard || host.contains('.'))
        && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_with_or_without_scheme_and_port() {
        #[rustfmt::skip]
        let cases = [
            ("cdn.example",                  true),
            ("localhost",                    true),
            ("*.example.com",                true),
            ("cdn.example:8443",             true),
            ("https://cdn.example",          true),
            ("http://127.0.0.1:8081",        true),
            ("my_bucket.s3.example",         true),
            ("*",                            false), // that is "https"
            ("*.com",                        false),
            ("*:443",                        false),
            ("cdn.example/path",             false),
            ("cdn.example; script-src *",    false),
            ("'unsafe-inline'",              false),
            ("https:",                       false),
            ("data:",                        false),
            ("cdn.example:0",                false),
            ("cdn.example:+1",               false),
            ("cdn..example",                 false),
            ("bücher.example",               false), // as xn--bcher-kva.example
            ("ftp://cdn.example",            false),
            ("",                             false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_host_source(text), expected, "{text}");
        }
    }

    #[test]
    fn a_policy_is_read_and_written_as_a_word_or_a_list() {
        let listed = ExternalHosts::Listed(vec!["cdn.example".to_owned(), "http://a.example:81".to_owned()]);
        #[rustfmt::skip]
        let cases = [
            ("https",                             r#""https""#,                               ExternalHosts::Https),
            ("none",                              r#""none""#,                                ExternalHosts::None),
            (" cdn.example, http://a.example:81", r#"["cdn.example","http://a.example:81"]"#, listed.clone()),
        ];
        for (text, json, expected) in cases {
            assert_eq!(text.parse(), Ok(expected.clone()), "{text}");
            assert_eq!(serde_json::from_str::<ExternalHosts>(json).ok(), Some(expected.clone()), "{json}");
            assert_eq!(serde_json::to_string(&expected).ok().as_deref(), Some(json));
        }
        for text in ["", "*", "http", "cdn.example cdn.example", "cdn.example/x"] {
            // "http" is a host of one label.
            assert_eq!(text.parse::<ExternalHosts>().is_ok(), text == "http", "{text}");
        }
        assert_eq!(
            listed.sources(),
            " https://cdn.example wss://cdn.example http://a.example:81 ws://a.example:81 https://a.example:81 \
             wss://a.example:81"
        );
        let many = ExternalHosts::Listed(vec!["cdn.example".to_owned(); MAX_HOSTS + 1]);
        assert!(many.check().is_err());
    }

    #[test]
    fn an_embedding_page_is_named_by_its_origin() {
        #[rustfmt::skip]
        let cases = [
            ("any",                                          Some("")),
            ("none",                                         Some("; frame-ancestors 'self'")),
            ("https://lms.example/, https://*.example.com",  Some("; frame-ancestors 'self' https://lms.example https://*.example.com")),
            ("lms.example",                                  None),
            ("https://lms.example/path",                     None),
            ("https://lms.example; script-src *",            None),
            ("",                                             None),
        ];
        for (text, expected) in cases {
            let found = text.parse::<EmbedOrigins>().ok().map(|it| it.directive());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
