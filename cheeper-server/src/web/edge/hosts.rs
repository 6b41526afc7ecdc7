//! The names that this server goes by. Pure.
//!
//! A page of somebody else's can have its own name lead to this server (DNS rebinding): the browser then takes the server's answers
//! for that page's own. Such a request names that name as its `Host`, so a name has to be one that the host of this server
//! has given it. An address is no name that anybody could have lead anywhere, so every one will do: the server need not know
//! those by which a router, a container or a balancer makes it reachable.

use super::authority::{Authority, Host};

/// The names that this server goes by.
pub(crate) struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// Those that the host gave it, those that always mean this machine, and `machine`, by which its network knows it.
    pub(crate) fn new(mut allowed: Vec<String>, machine: Option<&str>) -> Self {
        allowed.push("localhost".to_owned());
        if let Some(machine) = machine.filter(|name| !name.is_empty()) {
            let label = machine.split('.').next().unwrap_or(machine);
            allowed.extend([machine.to_owned(), label.to_owned(), format!("{label}.local")]);
        }
        let name = |name: String| name.strip_suffix('.').map_or_else(|| name.clone(), str::to_owned);
        Self { names: allowed.into_iter().map(name).collect() }
    }

    /// Whether this server may be asked for by this name.
    pub(crate) fn know(&self, asked: &Authority<'_>) -> bool {
        match asked.host {
            Host::Address(_) => true,
            Host::Name(name) => self.names.iter().any(|known| known.eq_ignore_ascii_case(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_goes_by_addresses_by_its_machines_name_and_by_those_it_was_given() {
        let hosts =
            Hosts::new(vec!["Class.example".to_owned(), "dotted.example.".to_owned()], Some("lab7.school.example"));
        let knows = |host: &str| hosts.know(&Authority::parse(host).unwrap());
        for ours in [
            "localhost",
            "LOCALHOST:5000",
            "localhost.",
            "127.0.0.1:5000",
            "[::1]",
            "192.0.2.1:80",
            "class.example",
            "class.example.:443",
            "dotted.example",
            "lab7.school.example:5000",
            "lab7",
            "LAB7.local.",
        ] {
            assert!(knows(ours), "{ours}");
        }
        for foreign in
            ["evil.example", "evil.class.example", "class.example.evil", "localhost.evil", "lab7.evil", "127.1"]
        {
            assert!(!knows(foreign), "{foreign}");
        }
        let alone = Hosts::new(vec![], None);
        assert!(alone.know(&Authority::parse("localhost").unwrap()) && !alone.know(&Authority::parse("lab7").unwrap()));
    }
}
