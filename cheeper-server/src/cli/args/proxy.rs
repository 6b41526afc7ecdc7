//! Flags about what stands between a client and this server, and whose pages may use it.

use clap::Args;

/// Names and origins that this server goes by.
#[derive(Debug, Args)]
pub struct ProxyArgs {
    /// A page, besides our own, whose scripts may connect and use /api; can be given more than once.
    #[arg(long, env = "CHEEPER_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = origin)]
    pub allow_origin: Vec<String>,
}

fn origin(typed: &str) -> Result<String, String> {
    let (scheme, host) = typed.split_once("://").unwrap_or_default();
    if matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '?', '#', ' ', '@']) {
        Ok(typed.to_owned())
    } else {
        Err("an origin is a scheme and a host, such as https://example.org or http://localhost:8080".to_owned())
    }
}
