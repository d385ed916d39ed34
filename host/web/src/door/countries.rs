//! What a country usually means for an organization: its currency (ISO 4217), its capital's or largest city's zone, and
//! how dates and figures are written there. A proposal at setup; everything can be chosen otherwise.

/// One country (ISO 3166-1 alpha-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country {
    pub code: &'static str,
    pub name: &'static str,
    pub currency: &'static str,
    pub zone: &'static str,
    pub locale: &'static str,
}

const fn c(
    code: &'static str,
    name: &'static str,
    currency: &'static str,
    zone: &'static str,
    locale: &'static str,
) -> Country {
    Country { code, name, currency, zone, locale }
}

/// Australia first, then by name.
pub const COUNTRIES: [Country; 47] = [
    c("AU", "Australia", "AUD", "Australia/Sydney", "en-AU"),
    c("AT", "Austria", "EUR", "Europe/Vienna", "de-AT"),
    c("BE", "Belgium", "EUR", "Europe/Brussels", "nl-BE"),
    c("BR", "Brazil", "BRL", "America/Sao_Paulo", "pt-BR"),
    c("CA", "Canada", "CAD", "America/Toronto", "en-CA"),
    c("CL", "Chile", "CLP", "America/Santiago", "es-CL"),
    c("CO", "Colombia", "COP", "America/Bogota", "es-CO"),
    c("HR", "Croatia", "EUR", "Europe/Zagreb", "hr-HR"),
    c("CZ", "Czechia", "CZK", "Europe/Prague", "cs-CZ"),
    c("DK", "Denmark", "DKK", "Europe/Copenhagen", "da-DK"),
    c("EE", "Estonia", "EUR", "Europe/Tallinn", "et-EE"),
    c("FJ", "Fiji", "FJD", "Pacific/Fiji", "en-FJ"),
    c("FI", "Finland", "EUR", "Europe/Helsinki", "fi-FI"),
    c("FR", "France", "EUR", "Europe/Paris", "fr-FR"),
    c("DE", "Germany", "EUR", "Europe/Berlin", "de-DE"),
    c("GR", "Greece", "EUR", "Europe/Athens", "el-GR"),
    c("HK", "Hong Kong", "HKD", "Asia/Hong_Kong", "en-HK"),
    c("HU", "Hungary", "HUF", "Europe/Budapest", "hu-HU"),
    c("IS", "Iceland", "ISK", "Atlantic/Reykjavik", "is-IS"),
    c("IN", "India", "INR", "Asia/Kolkata", "en-IN"),
    c("ID", "Indonesia", "IDR", "Asia/Jakarta", "id-ID"),
    c("IE", "Ireland", "EUR", "Europe/Dublin", "en-IE"),
    c("IL", "Israel", "ILS", "Asia/Jerusalem", "he-IL"),
    c("IT", "Italy", "EUR", "Europe/Rome", "it-IT"),
    c("JP", "Japan", "JPY", "Asia/Tokyo", "ja-JP"),
    c("KE", "Kenya", "KES", "Africa/Nairobi", "en-KE"),
    c("LV", "Latvia", "EUR", "Europe/Riga", "lv-LV"),
    c("LT", "Lithuania", "EUR", "Europe/Vilnius", "lt-LT"),
    c("MY", "Malaysia", "MYR", "Asia/Kuala_Lumpur", "en-MY"),
    c("MX", "Mexico", "MXN", "America/Mexico_City", "es-MX"),
    c("NL", "Netherlands", "EUR", "Europe/Amsterdam", "nl-NL"),
    c("NZ", "New Zealand", "NZD", "Pacific/Auckland", "en-NZ"),
    c("NO", "Norway", "NOK", "Europe/Oslo", "nb-NO"),
    c("PG", "Papua New Guinea", "PGK", "Pacific/Port_Moresby", "en-PG"),
    c("PH", "Philippines", "PHP", "Asia/Manila", "en-PH"),
    c("PL", "Poland", "PLN", "Europe/Warsaw", "pl-PL"),
    c("PT", "Portugal", "EUR", "Europe/Lisbon", "pt-PT"),
    c("SG", "Singapore", "SGD", "Asia/Singapore", "en-SG"),
    c("SK", "Slovakia", "EUR", "Europe/Bratislava", "sk-SK"),
    c("SI", "Slovenia", "EUR", "Europe/Ljubljana", "sl-SI"),
    c("ZA", "South Africa", "ZAR", "Africa/Johannesburg", "en-ZA"),
    c("KR", "South Korea", "KRW", "Asia/Seoul", "ko-KR"),
    c("ES", "Spain", "EUR", "Europe/Madrid", "es-ES"),
    c("SE", "Sweden", "SEK", "Europe/Stockholm", "sv-SE"),
    c("CH", "Switzerland", "CHF", "Europe/Zurich", "de-CH"),
    c("GB", "United Kingdom", "GBP", "Europe/London", "en-GB"),
    c("US", "United States", "USD", "America/New_York", "en-US"),
];

/// The country of a code.
pub fn country(code: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lignaflow_core::value::Currency;

    #[test]
    fn every_country_has_a_zone_and_a_currency_that_exist() {
        for country in COUNTRIES {
            assert!(jiff::tz::TimeZone::get(country.zone).is_ok(), "{}", country.zone);
            assert!(country.currency.parse::<Currency>().is_ok());
            assert!(country.locale.ends_with(country.code), "{}", country.code);
        }
        assert!(COUNTRIES[1..].is_sorted_by_key(|country| country.name));
        assert_eq!(country("AU").unwrap().currency, "AUD");
        assert!(country("XX").is_none());
    }
}
