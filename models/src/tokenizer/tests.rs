use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;

mod mixed;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/clip")
}

fn goldens() -> Value {
    read(&folder().join("tokenizer.json"))
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn manner(name: &Value) -> Manner {
    match text(name) {
        "openai" => Manner::OpenAi,
        "open-clip" => Manner::OpenClip,
        _ => Manner::Transformers,
    }
}

/// The same vocabulary as each of its files.
fn vocabularies(document: &Value) -> Vec<Vocabulary> {
    if let Some(path) = document["path"].as_str() {
        return vec![Vocabulary::Merges(std::fs::read(PathBuf::from(path)).unwrap().into())];
    }
    let merges = text(&document["merges"]);
    vec![
        Vocabulary::Merges(format!("#version\n{merges}").into_bytes().into()),
        Vocabulary::VocabAndMerges {
            vocab: text(&document["vocab"]).into(),
            merges: format!("#version: 0.2\n{merges}\n").into(),
        },
        Vocabulary::TokenizerJson(document["tokenizer"].to_string().into()),
    ]
}

/// How many texts there are, and those whose tokens are others.
fn compare(document: &Value) -> (usize, Vec<String>) {
    let count = document["count"].as_u64().unwrap() as usize;
    let (mut compared, mut differ) = (0, Vec::new());
    for set in document["sets"].as_array().unwrap() {
        for vocabulary in vocabularies(document) {
            let tokenizer = Tokenizer::new(&vocabulary, manner(&set["manner"]), count).unwrap();
            assert_eq!(tokenizer.count(), count);
            for row in set["rows"].as_array().unwrap() {
                let needed: Vec<u32> = serde_json::from_value(row[1].clone()).unwrap();
                let found = tokenizer.encode(text(&row[0])).unwrap();
                compared += 1;
                if found != needed {
                    let given = text(&row[0]).escape_unicode();
                    differ.push(format!("{:?} {given}: {found:?}, {needed:?}", tokenizer.manner));
                }
            }
        }
    }
    (compared, differ)
}

#[test]
fn tokens_are_those_of_the_originals() {
    let (compared, differ) = compare(&goldens());
    assert!(compared > 200 && differ.is_empty(), "{}", differ.join("\n"));
}

/// With OpenAI's own list: see `tests/reference/clip_tokenizer.py`.
#[test]
#[ignore = "needs a file that is made by hand"]
fn tokens_of_a_file_are_those_of_the_originals() {
    let path = std::env::var_os("OCELLI_TOKENIZER_CASES").expect("OCELLI_TOKENIZER_CASES");
    let (compared, differ) = compare(&read(Path::new(&path)));
    eprintln!("{} of {compared} texts differ", differ.len());
    assert!(differ.is_empty(), "{}", differ[..differ.len().min(20)].join("\n"));
}

#[test]
fn malformed_vocabularies_are_errors() {
    let document = goldens();
    let count = document["count"].as_u64().unwrap() as usize;
    let json = |json: Value| Vocabulary::TokenizerJson(json.to_string().into());
    let merges = |text: &str| Vocabulary::Merges(text.as_bytes().into());
    let mut cut = document["tokenizer"].clone();
    cut["model"]["vocab"].as_object_mut().unwrap().remove("a</w>");
    let mut wordpiece = document["tokenizer"].clone();
    wordpiece["model"]["type"] = json!("WordPiece");
    let rows = [
        (json(json!({})), "no byte pair encoding"),
        (json(cut), "no token `a</w>`"),
        (json(wordpiece), "no byte pair encoding"),
        (merges("#version\na b"), "has not the 300 pairs"),
        (merges("\u{1f}"), "has not the 300 pairs"),
        (Vocabulary::Merges([0x1f, 0x8b, 8, 0, 1].as_slice().into()), "cannot be read"),
        (
            Vocabulary::VocabAndMerges { vocab: "[]".into(), merges: "".into() },
            "has no table of tokens",
        ),
        (
            Vocabulary::VocabAndMerges {
                vocab: text(&document["vocab"]).into(),
                merges: "<|endoftext|> <|endoftext|>".into(),
            },
            "no token `<|endoftext|><|endoftext|>`",
        ),
    ];
    for (vocabulary, reason) in rows {
        let error = Tokenizer::new(&vocabulary, Manner::OpenAi, count).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    for vocabulary in vocabularies(&document) {
        assert!(Tokenizer::new(&vocabulary, Manner::OpenAi, 500).is_err());
    }
}

#[test]
fn long_texts_take_no_long_time_or_are_errors() {
    let document = goldens();
    let count = document["count"].as_u64().unwrap() as usize;
    let tokenizer = Tokenizer::new(&vocabularies(&document)[0], Manner::OpenAi, count).unwrap();
    let nested = format!("&{}lt;", "amp;".repeat(MAX_TEXT / 4 - 2));
    for text in ["a".repeat(MAX_TEXT), nested, "'".repeat(MAX_TEXT), "\u{1b}[".repeat(MAX_TEXT / 2)]
    {
        assert!(tokenizer.encode(&text).is_ok());
    }
    let error = tokenizer.encode(&"a".repeat(MAX_TEXT + 1)).unwrap_err().to_string();
    assert!(error.contains("16385 bytes"), "{error}");
}

#[test]
fn tokens_may_share_a_number() {
    let document = goldens();
    let count = document["count"].as_u64().unwrap() as usize;
    let mut vocab: Value = serde_json::from_str(text(&document["vocab"])).unwrap();
    for number in vocab.as_object_mut().unwrap().values_mut() {
        *number = json!(0);
    }
    let (vocab, merges) = (vocab.to_string().into(), text(&document["merges"]).into());
    let vocabulary = Vocabulary::VocabAndMerges { vocab, merges };
    let tokenizer = Tokenizer::new(&vocabulary, Manner::Transformers, count).unwrap();
    assert_eq!(tokenizer.encode(&"a".repeat(MAX_TEXT)).unwrap(), [0; 3]);
}
