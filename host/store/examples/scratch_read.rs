// scratch: measurement, not kept
use lignaflow_core::bind::Binder;
use lignaflow_core::bound::Calendar;
use lignaflow_core::caller::Access;
use lignaflow_core::catalog::Catalog;
use lignaflow_core::query::*;
use lignaflow_core::{Id, OrganizationId};
use lignaflow_store::*;
use sqlx::Row as _;
use std::time::Instant;

const P: &str = r#"
id = "work"
version = "0.1.0"
title = "Work"
api = "0.1"
[[collections]]
name = "clients"
title = { one = "c", many = "c" }
display = "name"
fields = { name = { type = "text", required = true } }
[[collections]]
name = "projects"
title = { one = "p", many = "p" }
display = "name"
indexes = [["start"], ["status", "start"]]
[collections.fields]
name = { type = "text", required = true, search = true }
number = { type = "text" }
client = { type = "reference", to = "clients", required = true }
status = { type = "choice", of = ["draft", "active", "done"] }
start = { type = "date" }
due = { type = "date" }
budget = { type = "money" }
minutes = { type = "duration" }
"#;

const SUMS_PG: &str = "select client, sum(minutes)::bigint from work__projects where organization = $1 and archived_at is null group by client order by client limit 1000";
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let rest = text.rsplit(')').next().unwrap().split_whitespace().collect::<Vec<_>>();
    (rest[11].parse::<f64>().unwrap() + rest[12].parse::<f64>().unwrap()) / 100.0
}

macro_rules! timed {
    ($name:expr, $n:expr, $body:expr) => {{
        for _ in 0..20 { $body; }
        let mut best = f64::MAX;
        let (mut tot, c0, t0) = (0.0, cpu(), Instant::now());
        for _ in 0..$n {
            let t = Instant::now();
            $body;
            let e = t.elapsed().as_secs_f64() * 1e6;
            best = best.min(e); tot += e;
        }
        let _ = t0;
        println!("{:52} mean {:9.1} µs  min {:9.1} µs  own cpu {:8.1} µs", $name, tot / $n as f64, best, (cpu() - c0) * 1e6 / $n as f64);
    }};
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::args().nth(1).unwrap();
    let pg = url.starts_with("postgres");
    let options = StoreOptions { url: url.parse().unwrap(), max_connections: 4, create: true };
    let store = Store::open(&options).await.unwrap();
    store.migrate().await.unwrap();
    let d = lignaflow_core::descriptor::parse(P).unwrap();
    let catalog = Catalog::new([&d]).unwrap();
    store.apply_schema(&catalog).await.unwrap();
    let org = OrganizationId("01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap());
    let orgu = org.0.uuid();
    let have = store.database().fetch_one(Statement::new("select count(*) from work__projects", vec![])).await.unwrap().i64(0).unwrap();
    if have == 0 {
        let clients: Vec<Id> = (0..500).map(|_| Id::fresh()).collect();
        let cl = clients.clone();
        let dialect = store.dialect();
        let r: Result<(), StoreError> = store.database().write(move |tx| Box::pin(async move {
            for o in 0..2 {
            let orgu = if o == 0 { orgu } else { Id::fresh().uuid() };
            for (i, id) in cl.iter().enumerate() {
                let mut q = sea_query::Query::insert();
                let n = format!("Client {i}");
                q.into_table("work__clients").columns(["organization","id","version","created_at","updated_at","name","name__fold"])
                 .values_panic([orgu.into(), id.uuid().into(), 1i64.into(), 0i64.into(), 0i64.into(), n.clone().into(), n.to_lowercase().into()]);
                tx.execute(build(dialect, &q)).await?;
            }
            for b in 0..200 {
                let mut q = sea_query::Query::insert();
                q.into_table("work__projects").columns(["organization","id","version","created_at","updated_at","name","name__fold","number","number__fold","client","status","start","due","budget__minor","budget__currency","minutes"]);
                for i in 0..500 {
                    let k = (b*500+i) as i64; let h = (k * 7919) % 100003;
                    let n = format!("Project {h:06}");
                    let s = ["draft","active","done"][(h % 3) as usize];
                    q.values_panic([orgu.into(), Id::fresh().uuid().into(), 1i64.into(), k.into(), k.into(), n.clone().into(), n.to_lowercase().into(), format!("P{k}").into(), format!("p{k}").into(),
                      cl[(h % 500) as usize].uuid().into(), s.into(), (18000 + (h % 2000) as i32).into(), if h % 10 == 0 { sea_query::Expr::val(Option::<i32>::None) } else {(19000 + (h % 1000) as i32).into()}, (h*100).into(), "AUD".into(), (h*60).into()]);
                }
                tx.execute(build(dialect, &q)).await?;
            }}
            Ok(())
        })).await;
        r.unwrap();
        let r: Result<u64, StoreError> = store.database().write(move |tx| Box::pin(async move { tx.execute(Statement::new("analyze", vec![])).await })).await; r.unwrap();
    }
    let access = Access::of_plugin(org);
    let binder = Binder { catalog: &catalog, home: None };
    let sel = |filter: Predicate, sort: &[(&str, bool)], limit: u16| Selection { collection: "work/projects".into(), authority: Authority::Caller, filter,
        sort: sort.iter().map(|(p,d)| SortKey { path: (*p).into(), descending: *d }).collect(),
        select: ["id","version","name","number","client","status","start","due","budget","minutes","created_at","updated_at","client.name"].map(String::from).to_vec(), limit, after: None };
    let n = 2000;
    let list = binder.selection(&sel(Predicate::always(), &[("name", false)], 50)).unwrap();
    let hand = "select p.id, p.version, p.name, p.number, p.client, p.status, p.start, p.due, p.budget__minor, p.budget__currency, p.minutes, p.created_at, p.updated_at, c.name from work__projects p left join work__clients c on c.organization = p.organization and c.id = p.client where p.organization = $1 and p.archived_at is null order by p.name__fold, p.id limit 51";
    let sums = "select client, sum(minutes) from work__projects where organization = $1 and archived_at is null group by client order by client limit 1000";
    let sums_month = if pg { "select date_trunc('month', date '1970-01-01' + start)::date as m, sum(minutes)::bigint from work__projects where organization = $1 and archived_at is null group by 1 order by 1" } else { "select date(start * 86400, 'unixepoch', 'start of month') as m, sum(minutes) from work__projects where organization = $1 and archived_at is null group by 1 order by 1" };
    if pg {
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        timed!("hand: list 50 by name", n, {
            let rows = sqlx::query(hand).bind(orgu).fetch_all(&pool).await.unwrap();
            let out: Vec<_> = rows.iter().map(|r| (r.get::<uuid::Uuid,_>(0), r.get::<i64,_>(1), r.get::<String,_>(2), r.get::<Option<String>,_>(3), r.get::<uuid::Uuid,_>(4), r.get::<String,_>(5), r.get::<Option<i32>,_>(6), r.get::<Option<i32>,_>(7), r.get::<Option<i64>,_>(8), (r.get::<Option<String>,_>(9), r.get::<Option<i64>,_>(10), r.get::<i64,_>(11), r.get::<i64,_>(12), r.get::<Option<String>,_>(13)))).collect();
            assert_eq!(out.len(), 51);
        });
        timed!("hand: sums by client", 50, {
            let rows = sqlx::query(SUMS_PG).bind(orgu).fetch_all(&pool).await.unwrap();
            assert_eq!(rows.len(), 500);
        });
        timed!("hand: sums by month", 50, {
            let rows = sqlx::query(sums_month).bind(orgu).fetch_all(&pool).await.unwrap();
            assert!(rows.len() > 10);
        });
    } else {
        let path = url.strip_prefix("sqlite:").unwrap();
        let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect(path).await.unwrap();
        timed!("hand: list 50 by name", n, {
            let rows = sqlx::query(hand).bind(orgu).fetch_all(&pool).await.unwrap();
            let out: Vec<_> = rows.iter().map(|r| (r.get::<uuid::Uuid,_>(0), r.get::<i64,_>(1), r.get::<String,_>(2), r.get::<Option<String>,_>(3), r.get::<uuid::Uuid,_>(4), r.get::<String,_>(5), r.get::<Option<i32>,_>(6), r.get::<Option<i32>,_>(7), r.get::<Option<i64>,_>(8), (r.get::<Option<String>,_>(9), r.get::<Option<i64>,_>(10), r.get::<i64,_>(11), r.get::<i64,_>(12), r.get::<Option<String>,_>(13)))).collect();
            assert_eq!(out.len(), 51);
        });
        timed!("hand: sums by client", 50, {
            let rows = sqlx::query(sums).bind(orgu).fetch_all(&pool).await.unwrap();
            assert_eq!(rows.len(), 500);
        });
        timed!("hand: sums by month", 50, {
            let rows = sqlx::query(sums_month).bind(orgu).fetch_all(&pool).await.unwrap();
            assert!(rows.len() > 10);
        });
    }
    timed!("store: list 50 by name", n, { let p = store.find(access, &list).await.unwrap(); assert_eq!(p.rows.len(), 50); });
    for (name, filter, sort) in [
        ("-start", Predicate::always(), vec![("start", true)]),
        ("start", Predicate::always(), vec![("start", false)]),
        ("-due,name (no index)", Predicate::always(), vec![("due", true), ("name", false)]),
        ("status=active,-start", Predicate::equal("status", lignaflow_core::Value::Text("active".into())), vec![("start", true)]),
        ("name", Predicate::always(), vec![("name", false)]),
        ("-name", Predicate::always(), vec![("name", true)]),
        ("client.name", Predicate::always(), vec![("client.name", false)]),
        ("client.name=Client 7, name", Predicate::equal("client.name", lignaflow_core::Value::Text("Client 7".into())), vec![("name", false)]),
        ("q=000123", Predicate::Search("000123".into()), vec![("name", false)]),
    ] {
        let mut s = sel(filter, &sort, 50);
        let b = binder.selection(&s).unwrap();
        let reps = if name.contains("no index") || name.starts_with("client.name") || name.starts_with("q=") { 20 } else { 500 };
        timed!(format!("store: first 50 by {name}"), reps, { store.find(access, &b).await.unwrap() });
        // deep: jump to the 60,000th by a cursor
        let mut deep = s.clone(); deep.limit = 1000;
        let mut k = 0;
        loop {
            let b = binder.selection(&deep).unwrap();
            let p = store.find(access, &b).await.unwrap();
            k += 1;
            match p.next { Some(nx) => deep.after = Some(nx), None => break }
            if k >= 60 || (reps == 20 && k >= 3) { break }
        }
        s.after = deep.after.clone();
        if s.after.is_some() {
            let b = binder.selection(&s).unwrap();
            timed!(format!("store: next 50 by {name} after {}k", k), reps, { store.find(access, &b).await.unwrap() });
        }
    }
    let summary = |group: &str, bucket| binder.summary(&Summary { collection: "work/projects".into(), authority: Authority::Caller, filter: Predicate::always(), group_by: vec![GroupKey { path: group.into(), bucket }],
        metrics: vec![Metric { kind: MetricKind::Sum, path: "minutes".into(), filter: Predicate::always(), label: "m".into() }], sort: vec![], limit: 1000, after: None }, Calendar::default()).unwrap();
    for (name, g, b) in [("client", "client", Bucket::None), ("client.name", "client.name", Bucket::None), ("month", "start", Bucket::Month), ("quarter", "start", Bucket::Quarter), ("fiscal year", "start", Bucket::FiscalYear), ("week", "start", Bucket::Week)] {
        let s = summary(g, b);
        timed!(format!("store: sums by {name}"), 50, { store.summarize(access, &s).await.unwrap() });
    }
    let c = binder.selection(&sel(Predicate::always(), &[], 50)).unwrap();
    timed!("store: count of all", 50, { store.count(access, &c).await.unwrap() });
    let page = store.find(access, &list).await.unwrap();
    let ids: Vec<Id> = page.rows.iter().map(|r| r[0].as_reference().unwrap()).collect();
    let schema = catalog.schema(&"work/projects".parse().unwrap()).unwrap();
    timed!("store: get", n, { store.get(access, schema, ids[0]).await.unwrap() });
    timed!("store: records of 50", n, { store.records(access, schema, &ids).await.unwrap() });
    if pg {
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
        for _ in 0..4 {
        timed!("A hand: list 50 by name", 5000, {
            let rows = sqlx::query(hand).bind(orgu).fetch_all(&pool).await.unwrap();
            let out: Vec<_> = rows.iter().map(|r| (r.get::<uuid::Uuid,_>(0), r.get::<i64,_>(1), r.get::<String,_>(2), r.get::<Option<String>,_>(3), r.get::<uuid::Uuid,_>(4), r.get::<String,_>(5), r.get::<Option<i32>,_>(6), r.get::<Option<i32>,_>(7), r.get::<Option<i64>,_>(8), (r.get::<Option<String>,_>(9), r.get::<Option<i64>,_>(10), r.get::<i64,_>(11), r.get::<i64,_>(12), r.get::<Option<String>,_>(13)))).collect();
            assert_eq!(out.len(), 51);
        });
        timed!("B store: list 50 by name", 5000, { let p = store.find(access, &list).await.unwrap(); assert_eq!(p.rows.len(), 50); });
        }
    }
    store.close().await;
    timed!("closed: build only", 20000, { let _ = store.find(access, &list).await; });
}
