//! Generates the wire types from `v1/*.proto` without an installed protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=v1");
    let files = ["v1/observation.proto", "v1/link.proto", "v1/state.proto"];
    let descriptors = protox::compile(files, ["."])?;
    prost_build::Config::new()
        .bytes(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
