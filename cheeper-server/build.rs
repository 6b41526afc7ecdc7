//! Makes the page's files light while the server is built: without comments and indentation, and compressed as well as can
//! be, so that serving them costs nothing. They work as they are in `web`, too; no tool is needed to change or test them.

use std::{env, ffi::OsStr, fs, io, path::Path};

use brotli::enc::BrotliEncoderParams;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=web");
    let out = env::var_os("OUT_DIR").expect("cargo says where to write");
    for file in fs::read_dir("web")? {
        let path = file?.path();
        let Some(name) = path.file_name().and_then(OsStr::to_str).filter(|_| path.is_file()) else { continue };
        let body = match path.extension().and_then(OsStr::to_str) {
            Some("js" | "css" | "html") => without_comments(name, &fs::read_to_string(&path)?).into_bytes(),
            _ => fs::read(&path)?,
        };
        let written = |extension: &str| Path::new(&out).join(format!("{name}{extension}"));
        fs::write(written(".br"), brotli(&body)?)?;
        fs::write(written(".gz"), gzip(&body)?)?;
        fs::write(written(""), body)?;
    }
    Ok(())
}

/// Takes out lines that are nothing but comment, and what indents the others. Comments behind code stay.
fn without_comments(name: &str, text: &str) -> String {
    let mut kept = String::new();
    let mut is_comment = false;
    for line in text.lines().map(str::trim) {
        // Within a text that runs over lines, indentation would count, and a comment would be none.
        assert!(line.matches('`').count() % 2 == 0, "{name}: a template over several lines");
        let is_block = is_comment || line.starts_with("/*");
        is_comment = is_block && !line.ends_with("*/");
        if !is_block && !line.starts_with("//") && !line.is_empty() {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn brotli(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let parameters = BrotliEncoderParams { quality: 11, size_hint: body.len(), ..Default::default() };
    brotli::BrotliCompress(&mut &*body, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, body, &mut compressed)?;
    Ok(compressed)
}
