//! Names and places.

pub(crate) const FAMILIES: [&str; 40] = [
    "Abbott",
    "Bailey",
    "Chandra",
    "Dimitriou",
    "Evans",
    "Farrugia",
    "Gallagher",
    "Hoang",
    "Ibrahim",
    "Jovanovic",
    "Kelly",
    "Lam",
    "Marchetti",
    "Nguyen",
    "O’Brien",
    "Papadakis",
    "Quinn",
    "Rossi",
    "Singh",
    "Thompson",
    "Underwood",
    "Vella",
    "Whitford",
    "Xu",
    "Yilmaz",
    "Zammit",
    "Armitage",
    "Brennan",
    "Costa",
    "Doyle",
    "Fonseca",
    "Greenway",
    "Huang",
    "Ingram",
    "Jarvis",
    "Koh",
    "Lindqvist",
    "Mahoney",
    "Novak",
    "Osborne",
];

/// Suburbs, with the zone whose clocks they keep.
pub(crate) const PLACES: [(&str, &str); 16] = [
    ("Marrickville NSW", SYDNEY),
    ("Cremorne NSW", SYDNEY),
    ("Newtown NSW", SYDNEY),
    ("Balmain NSW", SYDNEY),
    ("Parramatta NSW", SYDNEY),
    ("Mosman NSW", SYDNEY),
    ("Redfern NSW", SYDNEY),
    ("Manly NSW", SYDNEY),
    ("Leichhardt NSW", SYDNEY),
    ("Hornsby NSW", SYDNEY),
    ("Surry Hills NSW", SYDNEY),
    ("Katoomba NSW", SYDNEY),
    ("Fremantle WA", PERTH),
    ("Subiaco WA", PERTH),
    ("Cottesloe WA", PERTH),
    ("Mount Lawley WA", PERTH),
];

pub(crate) const STREETS: [&str; 12] = [
    "Addison Road",
    "Beach Street",
    "Cowper Street",
    "Darling Street",
    "Enmore Road",
    "Ferry Lane",
    "Glebe Point Road",
    "Harris Street",
    "Illawarra Road",
    "Johnston Street",
    "King Street",
    "Military Road",
];

pub(crate) const SYDNEY: &str = "Australia/Sydney";
pub(crate) const PERTH: &str = "Australia/Perth";

pub(crate) const TRADES: [&str; 8] =
    ["Dental", "Bakery", "Legal", "Early Learning", "Physiotherapy", "Books", "Coffee Roasters", "Architects"];

/// What is built, and its rooms.
pub(crate) const WORKS: [(&str, &[&str]); 10] = [
    ("Kitchen", &["Kitchen", "Scullery"]),
    ("Reception fit-out", &["Reception", "Waiting room", "Back office"]),
    ("Wardrobes", &["Main bedroom", "Second bedroom", "Hall"]),
    ("Bathroom joinery", &["Bathroom", "Ensuite"]),
    ("Library", &["Study", "Stair"]),
    ("Shop fit-out", &["Shop floor", "Counter", "Store room"]),
    ("Laundry and mudroom", &["Laundry", "Mudroom"]),
    ("Stair and balustrade", &["Stair", "Landing"]),
    ("Café fit-out", &["Counter", "Seating", "Kitchen"]),
    ("Staff kitchen", &["Kitchen", "Breakout"]),
];

/// What is done on a job, in its order: the task, the phase it belongs to and its usual hours.
pub(crate) const TASKS: [(&str, &str, i64); 10] = [
    ("Measure on site", "Planning", 3),
    ("Shop drawings", "Design", 10),
    ("Order board and hardware", "Procurement", 3),
    ("Cut and edge", "Construction", 14),
    ("Assemble carcasses", "Construction", 18),
    ("Make doors and drawers", "Construction", 16),
    ("Finish and polish", "Construction", 12),
    ("Deliver", "Handover", 4),
    ("Install", "Construction", 22),
    ("Defects and handover", "Handover", 5),
];

pub(crate) const SUPPLIERS: [&str; 6] =
    ["Wilbur Hardware", "Southside Board", "Harbour Stone", "Bright Glass", "Port Paint", "Hume Hire"];

pub(crate) const NOTES: [&str; 10] = [
    "South wall.",
    "Waiting for the electrician.",
    "Second coat.",
    "Back for the handles.",
    "Benchtop scribed.",
    "With Ravi.",
    "Panel saw serviced first.",
    "Client moved the fridge.",
    "Offcuts to the tip.",
    "Touch-ups.",
];
