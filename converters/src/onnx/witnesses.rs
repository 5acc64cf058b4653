//! Modules that an exporter's paths leave out: whoever calls `backbone.forward_features(x)` enters no `backbone`.

use std::collections::HashMap;

/// The most modules around a layer that are looked at.
const DEPTH: usize = 64;

/// Paths of modules as an exporter wrote them, and what layers of known names within them show them to be; nothing
/// where those disagree.
#[derive(Default)]
pub(crate) struct Witnesses<'a>(HashMap<&'a str, Option<&'a str>>);

impl<'a> Witnesses<'a> {
    /// Takes note of a layer at `path` that is called `name`.
    pub(crate) fn add(&mut self, mut path: &'a str, name: &'a str) {
        let mut name = Some(name);
        for _ in 0..DEPTH {
            let Some((outer, last)) = path.rsplit_once('.') else { return };
            name = name.and_then(|name| match name.rsplit_once('.') {
                Some((outer, end)) => (end == last).then_some(outer),
                None => (name == last).then_some(""),
            });
            let known = self.0.entry(outer).or_insert(name);
            if *known != name {
                *known = None;
            }
            path = outer;
        }
    }

    /// What the module at `path` is called, if the nearest module around it that has a witness tells.
    pub(crate) fn name(&self, path: &str) -> Option<String> {
        let mut outer = path;
        for _ in 0..DEPTH {
            outer = outer.rsplit_once('.')?.0;
            let Some(known) = self.0.get(outer) else { continue };
            let rest = &path[outer.len()..];
            return known.map(|known| format!("{known}{rest}").trim_start_matches('.').to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Witnesses;

    #[test]
    fn the_nearest_module_with_a_witness_tells() {
        let mut witnesses = Witnesses::default();
        for (path, name) in [
            ("blocks.0.attn.proj", "backbone.blocks.0.attn.proj"),
            ("blocks.0.norm", "backbone.blocks.0.norm"),
            ("core.fc", "fc"),
            ("trunk.0.conv", "head3.trunk.0.conv"),
            ("trunk.1.conv", "head4.trunk.1.conv"),
            ("trunk.2.conv_1", "head4.trunk.2.conv"),
        ] {
            witnesses.add(path, name);
        }
        let cases = [
            ("blocks.0.attn.qkv", Some("backbone.blocks.0.attn.qkv")),
            ("blocks.0.mlp.fc1", Some("backbone.blocks.0.mlp.fc1")),
            ("blocks.1.mlp.fc1", Some("backbone.blocks.1.mlp.fc1")),
            ("core.head", Some("head")),
            ("trunk.0.norm", Some("head3.trunk.0.norm")),
            ("trunk.2.norm", None),
            ("trunk.3.norm", None),
            ("other.fc", None),
            ("blocks", None),
        ];
        for (path, name) in cases {
            assert_eq!(witnesses.name(path).as_deref(), name, "{path}");
        }
    }
}
