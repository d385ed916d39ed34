//! Rows can still be measured: the host answers what is asked of it, and host and limit answer the same. How quick they
//! are is looked at by `cargo xtask bench`, on a machine that has nothing else to do, and how that grows with it.

use lignaflow_testkit::needs;
use std::path::Path;
use std::process::Command;

#[test]
fn rows_are_measured_of_a_little() {
    let Some(postgres) = needs::found("LIGNAFLOW_TEST_POSTGRES", "postgres") else { return };
    let bench = Path::new(env!("CARGO_BIN_EXE_lignaflow-bench"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // Beside the other tests, and not optimized, a host is too busy for all that would come at once.
    let little = ["--dry", "--rounds=1", "--seconds=1", "--connections=8", "--tasks=1000", "--entries=1000"];
    let rows = ["list", "summary", "report", "route", "create", "footprint"];
    let done = Command::new(bench)
        .args(little)
        .args(rows.iter().flat_map(|row| ["--only", row]))
        .current_dir(root)
        .env("LIGNAFLOW_BENCH_SERVER", bench.with_file_name("lignaflow"))
        .env("LIGNAFLOW_BENCH_POSTGRES", postgres)
        .output()
        .unwrap();
    let (printed, told) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{told}\n{printed}");
    for row in ["list of 50", "summary of 1000 tasks", "time entries", "hello", "create", "switch a plugin"] {
        assert!(printed.contains(row), "no row of {row}:\n{printed}");
    }
}
