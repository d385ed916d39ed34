//! Prints the JSON Schema of `plugin.toml`.

fn main() {
    println!("{:#}", lignaflow_core::descriptor::json_schema());
}
