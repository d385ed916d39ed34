//! What a country says of money, time and language, so that setting up asks for one thing and proposes the rest.

use lignaflow_core::bound::Calendar;

/// What an organization in a country most likely wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// ISO 4217.
    pub currency: &'static str,
    /// BCP 47.
    pub locale: &'static str,
    /// IANA; of a country with several, where most people live.
    pub time_zone: &'static str,
    pub calendar: Calendar,
}

const fn preset(
    currency: &'static str,
    locale: &'static str,
    time_zone: &'static str,
    week_starts: u8,
    fiscal_year_starts: u8,
) -> Preset {
    Preset { currency, locale, time_zone, calendar: Calendar { week_starts, fiscal_year_starts } }
}

/// The country that is proposed first.
pub const FIRST: &str = "AU";

const PRESETS: [(&str, Preset); 24] = [
    ("AU", preset("AUD", "en-AU", "Australia/Sydney", 1, 7)),
    ("AT", preset("EUR", "de-AT", "Europe/Vienna", 1, 1)),
    ("BE", preset("EUR", "nl-BE", "Europe/Brussels", 1, 1)),
    ("CA", preset("CAD", "en-CA", "America/Toronto", 7, 1)),
    ("CH", preset("CHF", "de-CH", "Europe/Zurich", 1, 1)),
    ("CZ", preset("CZK", "cs-CZ", "Europe/Prague", 1, 1)),
    ("DE", preset("EUR", "de-DE", "Europe/Berlin", 1, 1)),
    ("DK", preset("DKK", "da-DK", "Europe/Copenhagen", 1, 1)),
    ("ES", preset("EUR", "es-ES", "Europe/Madrid", 1, 1)),
    ("FI", preset("EUR", "fi-FI", "Europe/Helsinki", 1, 1)),
    ("FR", preset("EUR", "fr-FR", "Europe/Paris", 1, 1)),
    ("GB", preset("GBP", "en-GB", "Europe/London", 1, 4)),
    ("IE", preset("EUR", "en-IE", "Europe/Dublin", 1, 1)),
    ("IN", preset("INR", "en-IN", "Asia/Kolkata", 7, 4)),
    ("IT", preset("EUR", "it-IT", "Europe/Rome", 1, 1)),
    ("NL", preset("EUR", "nl-NL", "Europe/Amsterdam", 1, 1)),
    ("NO", preset("NOK", "nb-NO", "Europe/Oslo", 1, 1)),
    ("NZ", preset("NZD", "en-NZ", "Pacific/Auckland", 1, 4)),
    ("PL", preset("PLN", "pl-PL", "Europe/Warsaw", 1, 1)),
    ("PT", preset("EUR", "pt-PT", "Europe/Lisbon", 1, 1)),
    ("SE", preset("SEK", "sv-SE", "Europe/Stockholm", 1, 1)),
    ("SG", preset("SGD", "en-SG", "Asia/Singapore", 1, 1)),
    ("US", preset("USD", "en-US", "America/New_York", 7, 1)),
    ("ZA", preset("ZAR", "en-ZA", "Africa/Johannesburg", 1, 3)),
];

/// Where nothing is known: only the week and the year are proposed.
const ELSEWHERE: Preset = preset("", "", "", 1, 1);

/// Of a country by its code in capitals. What is not known of it is empty.
pub fn preset_of(country: &str) -> Preset {
    PRESETS.iter().find(|(code, _)| *code == country).map_or(ELSEWHERE, |(_, preset)| *preset)
}

/// The countries with a preset, in the order to propose them.
pub fn with_preset() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(code, _)| *code)
}

/// ISO 3166-1 alpha-2, the codes that are assigned.
const CODES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC \
    CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD \
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH \
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW \
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC \
    SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY \
    UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

pub(crate) fn exists(code: &str) -> bool {
    code.len() == 2 && CODES.split_whitespace().any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Reader;

    #[test]
    fn every_preset_is_what_its_form_takes() {
        for (code, preset) in PRESETS {
            let mut reader = Reader::default();
            assert_eq!(reader.country(code, code), code);
            assert_eq!(reader.currency(preset.currency, code).as_str(), preset.currency);
            assert_eq!(reader.locale(preset.locale, code), preset.locale);
            assert_eq!(reader.time_zone(preset.time_zone, code), preset.time_zone);
            assert!(reader.finish().is_ok());
        }
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        assert_eq!(CODES.split_whitespace().count(), 249);
        assert!(exists("AU") && !exists("XX") && !exists("A") && !exists("AU AW"));
    }
}
