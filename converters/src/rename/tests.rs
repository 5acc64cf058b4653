use super::Rename;
use crate::{DType, StateDict};

fn renamed(table: &Rename, name: &str) -> Option<String> {
    table.apply(name)
}

#[test]
fn rules_rename_whole_names_prefixes_and_patterns() {
    let table = Rename::new()
        .exact("cls", "token.cls")
        .drop("mask")
        .pattern("blocks.{}.mlp.fc{}.{*}", "layers.{}.mlp.{-1}.{*}")
        .unwrap()
        .pattern("blocks.{}.norm", "layers.{+1}.norm")
        .unwrap()
        .prefix("head.", "classifier.")
        .drop_prefix("optimizer.");
    let cases = [
        ("cls", Some("token.cls")),
        ("cls.more", Some("cls.more")),
        ("mask", None),
        ("blocks.10.mlp.fc1.weight", Some("layers.10.mlp.0.weight")),
        ("blocks.10.mlp.fc0.weight", Some("blocks.10.mlp.fc0.weight")),
        ("blocks.x.norm", Some("blocks.x.norm")),
        ("blocks.1.norm", Some("layers.2.norm")),
        ("blocks.1.norm.weight", Some("blocks.1.norm.weight")),
        ("blocks.99999999999999999999.norm", Some("blocks.99999999999999999999.norm")),
        ("head.bias", Some("classifier.bias")),
        ("optimizer.state", None),
        ("", Some("")),
    ];
    for (name, expected) in cases {
        assert_eq!(renamed(&table, name).as_deref(), expected, "{name}");
    }
}

#[test]
fn the_first_matching_rule_decides() {
    let table = Rename::new().prefix("a.b.", "1.").prefix("a.", "2.");
    assert_eq!(renamed(&table, "a.b.c").as_deref(), Some("1.c"));
    assert_eq!(renamed(&table, "a.c").as_deref(), Some("2.c"));
}

#[test]
fn impossible_patterns_are_refused() {
    let cases = [
        ("a.{}", "b", "the two sides have different holes"),
        ("a.{", "b", "a `{` is not closed"),
        ("a.{}{}", "b.{}.{}", "two holes touch"),
        ("{*}.a", "{*}", "`{*}` stands at the end"),
        ("a.{+1}", "a.{}", "only the right side may add to an integer"),
        ("a.{x}", "a.{}", "holes are `{}`, `{+1}`, `{-1}` and `{*}`"),
    ];
    for (from, to, what) in cases {
        assert_eq!(Rename::new().pattern(from, to).unwrap_err().what, what, "{from}");
    }
}

#[test]
fn a_state_dict_is_renamed_without_touching_its_tensors() {
    let tensor = |name: &str| (name.to_owned(), DType::U8, vec![1], vec![name.len() as u8]);
    let weights = StateDict::from_tensors([tensor("head.bias"), tensor("mask"), tensor("x")]);
    let renamed = weights.unwrap().rename(&Rename::new().prefix("head.", "fc.").drop("mask"));
    assert_eq!(renamed.names().collect::<Vec<_>>(), ["fc.bias", "x"]);
    assert_eq!(renamed.tensor("fc.bias").unwrap().to_i64().unwrap(), [9]);
}
