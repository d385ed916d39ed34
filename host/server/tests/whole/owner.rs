//! The owner's way through the sample firm, in a browser: from the first page to what was planned of one job and what
//! became of it, down to the hours behind a figure, and away with them as a file.

use crate::walks::Walk;
use calamine::{Data, Reader as _, Xlsx};
use lignaflow_testkit::Method;
use lignaflow_testkit::driver::Browser;
use std::io::Cursor;

pub(crate) async fn follows_one_job_down_to_its_hours(walk: &Walk, browser: &Browser) {
    let Walk { server, org, .. } = walk;
    // The active job on which most was worked.
    let worked = "timesheets/entries/summary?group=project&sum=duration&filter[project.status]=active";
    let worked = org.get(worked).await.is(200);
    let most = worked.data().iter().max_by_key(|row| row["sum_duration"].as_i64()).cloned().unwrap();
    let project = most["project"].as_str().unwrap().to_owned();

    browser.sign_in(&server.root, &org.email, &org.password).await;
    browser.pictures("owner-first-page").await;
    browser.resize(1280, 900).await;
    browser.press(".figure a[href*='/projects/projects?']").await;
    browser.pictures("owner-projects").await;
    browser.resize(1280, 900).await;
    browser.press(&format!("a[href='/projects/projects/{project}']")).await;
    browser.pictures("owner-project").await;
    browser.resize(1280, 900).await;
    browser.press(".tabs a[href^='/reporting/-/project?']").await;
    let told = browser.text("table.report").await;
    assert!(told.contains("Total"), "{told}");
    browser.pictures("owner-plan-against-actual").await;
    browser.resize(1280, 900).await;

    browser.goto(&format!("{}/projects/projects/{project}", server.root)).await;
    browser.press(".tabs a[href^='/reporting/-/result?']").await;
    browser.pictures("owner-did-it-pay").await;
    browser.resize(1280, 900).await;
    // All of its time, not what of it is to be billed.
    browser.press("table.report a[href*='/timesheets/entries?']:not([href*='approved'])").await;
    browser.pictures("owner-hours").await;
    browser.resize(1280, 900).await;
    let file = browser.find(".files a[href*='format=xlsx']").await.attr("href").await.unwrap().unwrap();
    assert_eq!(browser.complaints().await, [""; 0]);

    let owner = server.signed_in(org).await;
    let answer = owner.request(Method::GET, &file).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{file}");
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(answer.bytes().await.unwrap())).unwrap();
    let (_, sheet) = book.worksheets().remove(0);
    let hours = org.get(&format!("timesheets/entries?filter[project]={project}&count=true&limit=1")).await.is(200);
    let rows = sheet.rows().filter(|row| row.iter().any(|cell| *cell != Data::Empty)).count();
    assert_eq!(
        u64::try_from(rows).unwrap(),
        1 + hours.json["count"].as_u64().unwrap(),
        "a row of heads, and each entry"
    );
}
