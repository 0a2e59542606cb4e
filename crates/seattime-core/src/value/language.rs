//! Language tags: `en`, `de-CH`, `i-klingon`.

/// Second letters of the codes of ISO 639-1, by their first; with the withdrawn `mo`.
const TWO: [&str; 26] = [
    "abefkmnrsvyz",
    "aeghimnors",
    "aehorsuvy",
    "aevz",
    "elnostu",
    "afijory",
    "adlnuv",
    "aeiortuyz",
    "adegikostu",
    "av",
    "agijklmnorsuvwy",
    "abginotuv",
    "ghiklnorsty",
    "abdeglnorvy",
    "cjmrs",
    "ailst",
    "u",
    "mnouw",
    "acdegiklmnoqrstuvw",
    "aeghiklnorstwy",
    "gkrz",
    "eio",
    "ao",
    "h",
    "io",
    "ahu",
];
/// Second and third letters of the codes of ISO 639-2, by their first; with the withdrawn `mol`, `scc` and `scr`.
const THREE: [&str; 26] = [
    "arbkcechdadyfafhfrinkakklblelgltmhngnppararcrgrmrnrprtrwsmstthusvavewaymze",
    "adaiakalamanaqasatejelemenerhoihikinislantodosraretkuauguluryn",
    "adaiaratauebeleshahbhehghihkhmhnhohphrhuhvhymcnroporospepfpprerhrpsbusymze",
    "akanarayeleneugrinivoirasbuaumutyuzo",
    "figykalllxngnmpostuswewo",
    "anaoasatijiliniuonrarermrorrrsryulur",
    "aaaybaemeoerezillalelglvmhohonorotrbrcrernswujwi",
    "aiatauaweberiliminitmnmorvsbunupye",
    "babocedoiijokulelonancndnenhpkraroslta",
    "avbopnprrb",
    "aaabacalamanarasatauawazbdhahihmhoikinirmbokomonorospercrlroruuaumurut",
    "adahamaoataveziminitoloztzuaubuguiunuous",
    "acadagahaiakalanaoaparasaydfdrengaiciniskdkhlgltncninooholonosrisaulunuswlwryayn\
     yv",
    "ahaiapauavbldedodsepewiaiciuldnoobogonorqosoubwcyaymynyozi",
    "cijirirmsasstato",
    "aaagalamanapaueoerhihnliolonorrarous",
    "ue",
    "ajaparoaohomonumunupus",
    "adagahaialamanasatcccncocrelemgagnhnidinioitlalklolvmamemimjmnmomsnandnkogomonot\
     paqirdrnrprrsaswukunusuxwaweycyr",
    "ahaiamatelemeretgkglhaibigirivkllhlimhogonpisisnsoukumupurutvlwiyv",
    "dmgaigkrmbndrdzb",
    "aienieolot",
    "akalaraselenlnol",
    "alho",
    "aoapidorpk",
    "apblenghhahondulunxxza",
];

/// Whether a text is a language tag: a code of ISO 639, `i` or `x`, then subtags of up to eight letters and
/// digits. Upper and lower case are one.
///
/// Spec: RTE, *language_type*; the book's reference suite refuses codes that ISO 639 does not have.
pub fn is_tag(text: &str) -> bool {
    let mut tags = text.as_bytes().split(|it| *it == b'-');
    let first = tags.next().unwrap_or_default();
    let is_code = match first {
        [b'i' | b'I' | b'x' | b'X'] => first.len() < text.len(),
        _ => is_code(first),
    };
    is_code && tags.all(|it| matches!(it.len(), 1..=8) && it.iter().all(u8::is_ascii_alphanumeric))
}

fn is_code(code: &[u8]) -> bool {
    let (Some((first, rest)), table) = (code.split_first(), if code.len() == 2 { &TWO } else { &THREE })
    else {
        return false;
    };
    let letter = usize::from(first.to_ascii_lowercase().wrapping_sub(b'a'));
    let is_local = code.len() == 3 && letter == 16 && matches!(rest, [b'a'..=b't', b'a'..=b'z']);
    let known = table.get(letter).map_or("", |it| it).as_bytes();
    let is_known = (1..=2).contains(&rest.len())
        && known.chunks_exact(rest.len()).any(|it| it.eq_ignore_ascii_case(rest));
    is_known || is_local
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: RTE, *language_type*.
    #[test]
    fn a_tag_begins_with_a_code_that_exists() {
        #[rustfmt::skip]
        let legal = ["en", "EN", "en-GB", "fra", "fre", "i-klingon", "x-custom", "de-CH-1996", "mo", "scr", "zza", "qaa"];
        for tag in legal {
            assert!(is_tag(tag), "{tag:?}");
        }
        #[rustfmt::skip]
        let illegal = [
            "", "e", "english", "en_GB", "en-", "i", "x-", "en-toolongtag", "1n", "-en", "é",
            "frl", "exg", "sp", "ruq-JM", // of the right shape, and no languages of ISO 639
        ];
        for tag in illegal {
            assert!(!is_tag(tag), "{tag:?}");
        }
    }
}
