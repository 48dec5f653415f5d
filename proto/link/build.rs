//! Generates the gRPC service over the wire types of `auscult-proto`, without an installed protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=../v1/link.proto");
    let descriptors = protox::compile(["v1/link.proto"], [".."])?;
    tonic_prost_build::configure()
        .extern_path(".auscult.v1", "::auscult_proto::wire")
        .compile_fds(descriptors)?;
    Ok(())
}
