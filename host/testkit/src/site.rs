//! A firm whose records are not for everybody: the plugin [`HOURS`], with access rules of records and of fields, and two
//! people of whom neither sees all.

use crate::plugins::declared;
use crate::{Client, Database, Org, Race, Role, Server, Setup, Visitor};
use serde_json::json;

pub const HOURS: &str = r#"
id = "hours"
version = "0.1.0"
title = "Hours"
api = "0.1"

[permissions]
see-all = "See all"
see-rates = "See rates"

[[collections]]
name = "projects"
title = { one = "Project", many = "Projects" }
display = "name"
[collections.access]
read = "members includes caller or has(see-all)"
write = "has(see-all)"
[collections.fields]
name = { type = "text", required = true, search = true }
members = { type = "people" }

[[collections]]
name = "entries"
title = { one = "Entry", many = "Entries" }
display = "note"
list = ["note", "rate", "user"]
sort = "-rate"
[collections.access]
read = "user = caller or project.members includes caller or has(see-all)"
write = "user = caller or has(see-all)"
remove = "has(see-all)"
[collections.fields]
note = { type = "text", required = true, search = true }
user = { type = "person", default = "caller" }
project = { type = "reference", to = "projects" }
rate = { type = "money", read = "has(see-rates)" }
review = { type = "text", search = true, read = "user = caller or has(see-all)", write = "has(see-all)" }
minutes = { type = "integer" }
contract = { type = "media", read = "has(see-rates)" }
slips = { type = "files" }
[[collections.views]]
name = "mine"
title = "Mine"
filter = { user = "me" }
[[collections.views]]
name = "dear"
title = "Dear"
filter = { "rate[is_null]" = false }
[[collections.views]]
name = "papers"
title = "Papers"
list = ["contract"]

[[collections]]
name = "receipts"
title = { one = "Receipt", many = "Receipts" }
display = "name"
part_of = "entry"
[collections.fields]
name = { type = "text", required = true, search = true }
entry = { type = "reference", to = "entries", required = true }
amount = { type = "money", read = "has(see-rates)" }
scan = { type = "media" }

[[collections]]
name = "rooms"
title = { one = "Room", many = "Rooms" }
display = "name"
[collections.fields]
name = { type = "text", required = true }
keepers = { type = "people" }

[[collections]]
name = "keys"
title = { one = "Key", many = "Keys" }
display = "name"
[collections.access]
write = "room.keepers includes caller"
[collections.fields]
name = { type = "text", required = true }
room = { type = "reference", to = "rooms" }
"#;

pub const PROJECTS: &str = "hours/projects";
pub const ENTRIES: &str = "hours/entries";
pub const RECEIPTS: &str = "hours/receipts";

/// An organization of Mia, who works on the kitchen, and Ben, who works on the roof. Its owner sees all.
#[derive(Debug)]
pub struct Site {
    pub server: Server,
    pub org: Org,
    pub mia: Client,
    pub mia_id: String,
    pub mia_email: String,
    pub ben: Client,
    pub ben_id: String,
    pub kitchen: String,
    pub roof: String,
}

pub async fn site(database: &Database) -> Site {
    with(database, Setup::default()).await
}

/// The same, where writers can be made to meet.
pub async fn racing(database: &Database, race: Race) -> Site {
    with(database, Setup { race: Some(race), ..Setup::default() }).await
}

pub async fn with(database: &Database, setup: Setup) -> Site {
    let server = database.serve_with(Setup { plugins: vec![declared(HOURS)], ..setup }).await;
    let org = server.organization("Halloran").await;
    let (mia_id, mia_email, mia) = server.member(&org, "Mia", Role::Member).await;
    let (ben_id, _, ben) = server.member(&org, "Ben", Role::Member).await;
    let (mia_id, ben_id) = (mia_id.to_string(), ben_id.to_string());
    let kitchen = org.make(PROJECTS, json!({ "name": "Kitchen", "members": [mia_id] })).await;
    let roof = org.make(PROJECTS, json!({ "name": "Roof", "members": [ben_id] })).await;
    Site { server, org, mia, mia_id, mia_email, ben, ben_id, kitchen, roof }
}

impl Site {
    pub async fn entry(&self, note: &str, user: &str, project: &str, minutes: i64) -> String {
        let rate = json!({ "minor": minutes * 100, "currency": "AUD" });
        let body = json!({ "note": note, "user": user, "project": project, "minutes": minutes, "rate": rate,
            "review": format!("Reviewed {note}") });
        self.org.make(ENTRIES, body).await
    }

    /// A browser in which Mia is signed in.
    pub async fn mia_opens(&self) -> Visitor {
        let visitor = self.server.visitor();
        visitor.sign_in(&self.mia_email, &self.org.password).await;
        visitor
    }
}
