//! The files of the crates, and what each of them uses: read from the code, not looked for as words.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::Span;
use syn::{Attribute, Item, UseTree, spanned::Spanned, visit::Visit};

/// A path as it stands in the code, such as `["crate", "feed", "tail", "Tail"]`.
pub(crate) type Used = Vec<String>;

/// One file of a crate.
pub(crate) struct Source {
    /// From the root of the repository.
    pub(crate) path: String,
    /// Its module within the crate, such as `["feed", "tail"]`.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    /// Paths that it names outside its tests.
    pub(crate) uses: BTreeSet<Used>,
    /// Its functions outside its tests, and how many lines each has.
    pub(crate) functions: Vec<(String, usize)>,
    /// Its lines outside its tests.
    pub(crate) lines: usize,
}

/// One crate's code, without tests.
pub(crate) struct Crate {
    pub(crate) files: Vec<Source>,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files below a folder with one of these endings.
pub(crate) fn files(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, endings, into);
        } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            into.push(path);
        }
    }
    into.sort();
}

impl Crate {
    /// The crate whose code lies in this folder. Modules that only tests have are left out.
    pub(crate) fn read(folder: &str) -> Self {
        let base = root().join(folder);
        let mut paths = Vec::new();
        files(&base, &["rs"], &mut paths);
        let parsed: Vec<(PathBuf, syn::File, String)> = paths
            .into_iter()
            .map(|path| {
                let text = fs::read_to_string(&path).unwrap();
                (path, syn::parse_file(&text).unwrap(), text)
            })
            .collect();
        let module = |path: &Path| -> Vec<String> {
            let relative = path.strip_prefix(&base).unwrap().with_extension("");
            let parts = relative.iter().map(|part| part.to_str().unwrap().to_owned());
            parts.filter(|part| !["mod", "lib", "main"].contains(&part.as_str())).collect()
        };
        let of_tests: BTreeSet<Vec<String>> = parsed
            .iter()
            .flat_map(|(path, file, _)| {
                let parent = module(path);
                let modules = file.items.iter().filter_map(|item| match item {
                    Item::Mod(item) if is_left_out(&item.attrs) => Some(item.ident.to_string()),
                    _ => None,
                });
                modules.map(move |name| [parent.clone(), vec![name]].concat()).collect::<Vec<_>>()
            })
            .collect();
        let files = parsed.into_iter().filter_map(|(path, file, text)| {
            let module = module(&path);
            if (1..=module.len()).any(|length| of_tests.contains(&module[..length])) {
                return None;
            }
            let mut found = Found::default();
            found.visit_file(&file);
            let lines = text.lines().count() - found.test_lines;
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            Some(Source { path, module, text, uses: found.uses, functions: found.functions, lines })
        });
        Self { files: files.collect() }
    }

    /// The file that a path used in `from` leads to, if it is one of this crate: the deepest module that it names.
    pub(crate) fn target(&self, from: &Source, used: &Used) -> Option<&Source> {
        let mut full = match used.first()?.as_str() {
            "crate" => used[1..].to_vec(),
            "self" => [from.module.clone(), used[1..].to_vec()].concat(),
            "super" => {
                let up = used.iter().take_while(|part| *part == "super").count();
                let parent = &from.module[..from.module.len().checked_sub(up)?];
                [parent.to_vec(), used[up..].to_vec()].concat()
            }
            _ => return None,
        };
        loop {
            if let Some(file) = self.files.iter().find(|file| file.module == full) {
                return Some(file);
            }
            full.pop()?;
        }
    }

    /// Which file uses which others.
    pub(crate) fn edges(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let edges = self.files.iter().map(|file| {
            let targets = file.uses.iter().filter_map(|used| self.target(file, used));
            (file.path.as_str(), targets.map(|target| target.path.as_str()).filter(|path| *path != file.path).collect())
        });
        edges.collect()
    }
}

#[derive(Default)]
struct Found {
    uses: BTreeSet<Used>,
    functions: Vec<(String, usize)>,
    test_lines: usize,
}

impl Found {
    fn flatten(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.flatten(&path.tree, &with(path.ident.to_string())),
            UseTree::Name(name) if name.ident == "self" => drop(self.uses.insert(before.to_vec())),
            UseTree::Name(name) => drop(self.uses.insert(with(name.ident.to_string()))),
            UseTree::Rename(name) => drop(self.uses.insert(with(name.ident.to_string()))),
            UseTree::Glob(_) => drop(self.uses.insert(before.to_vec())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.flatten(tree, before)),
        }
    }

    fn function(&mut self, name: String, span: Span) {
        self.functions.push((name, span.end().line - span.start().line + 1));
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => return syn::visit::visit_item(self, item),
        };
        if is_left_out(attributes) {
            self.test_lines += item.span().end().line - item.span().start().line + 1;
            return;
        }
        if let Item::Use(item) = item {
            return self.flatten(&item.tree, &[]);
        }
        if let Item::Fn(item) = item {
            self.function(item.sig.ident.to_string(), item.span());
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_left_out(&item.attrs) {
            self.function(item.sig.ident.to_string(), item.span());
            syn::visit::visit_impl_item_fn(self, item);
        }
    }

    /// Who may see something is no use of it.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.uses.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }
}

/// What only tests are built with.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Meta>().is_ok_and(|meta| match &meta {
                syn::Meta::Path(path) => path.is_ident("test"),
                syn::Meta::NameValue(pair) => pair.path.is_ident("feature"),
                syn::Meta::List(_) => false,
            })
    })
}
