//! Pickles that lie, repeat, recurse or overflow.

use std::fmt::Write;

use super::build::{int, pickle, text};
use super::{assert_refused, exercise, open};
use ocelli_converters::Value;

#[test]
fn every_opcode_on_an_empty_stack_is_harmless() {
    for opcode in 0..=255 {
        for tail in [&b""[..], b"\0\0\0\0\0\0\0\0\0\0", b"1\n2\n", &[0xff; 12]] {
            for head in [&b""[..], b"N", b"(", b"]", b"(NN", b")", b"ca\nb\n", b"ca\nb\n)"] {
                exercise(pickle(&[head, &[opcode], tail].concat()));
            }
        }
    }
}

#[test]
fn announced_lengths_are_checked_before_anything_is_allocated() {
    for body in [
        b"\x8b\xff\xff\xff\x7f".to_vec(),
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f".to_vec(),
        b"\x96\xff\xff\xff\xff\xff\xff\xff\x7f".to_vec(),
        b"X\xff\xff\xff\xff".to_vec(),
        b"B\xff\xff\xff\xff".to_vec(),
        b"T\xff\xff\xff\xff".to_vec(),
    ] {
        assert_refused(pickle(&body), "corrupt", "are announced");
    }
}

#[test]
fn a_list_may_contain_itself() {
    let weights = open(pickle(b"]q\0h\0a")).unwrap();
    assert!(matches!(weights.root().as_slice().unwrap(), [Value::Cycle]));
    let object = open(pickle(b"ca\nB\n)\x81q\0}X\x04\0\0\0selfh\0sb")).unwrap();
    assert!(matches!(object.root().get("self"), Some(Value::Cycle)));
}

/// Each level holds the one below ten times.
fn laughs(innermost: &[u8], levels: u32) -> Vec<u8> {
    let mut body = [b"(", innermost, b"lq\0"].concat();
    for level in 0..levels {
        let below = [b"h", &[level as u8][..]].concat().repeat(10);
        body.extend([b"(", &below[..], b"lq", &[level as u8 + 1]].concat());
    }
    pickle(&body)
}

#[test]
fn a_billion_shared_lists_cost_nothing() {
    let weights = open(laughs(b"K\x01", 200)).unwrap();
    assert!(weights.is_empty());
    assert!(format!("{:?}", weights.root()).len() < 100_000);
}

#[test]
fn a_billion_shared_tensors_are_refused() {
    let array = [
        &b"cnumpy.core.multiarray\n_reconstruct\n)R"[..],
        b"(K\x01K\x01\x85cnumpy\ndtype\nX\x02\0\0\0u1\x85R\x89C\x01\x07tb",
    ]
    .concat();
    assert_eq!(open(laughs(&array, 1)).unwrap().len(), 10);
    assert_refused(laughs(&array, 30), "limit", "number of named tensors");
}

#[test]
fn deep_nesting_is_refused_whichever_way_it_is_built() {
    let tuples = [b"N".to_vec(), vec![0x85; 100_000]].concat();
    assert_refused(pickle(&tuples), "limit", "how deep");
    // Each chain is shallow where it is first met; together they are deep.
    let mut chains = b"(Nq\0".to_vec();
    for _ in 0..50 {
        chains.extend([b"h\0".to_vec(), vec![0x85; 500], b"q\0".to_vec()].concat());
    }
    chains.push(b'l');
    assert_refused(pickle(&chains), "limit", "how deep");
}

#[test]
fn copies_are_bounded() {
    let long = [b"(".to_vec(), b"N".repeat(100_000), b"tq\0".to_vec()].concat();
    let copies = b"cbuiltins\nset\nq\x01".to_vec();
    let calls = b"h\x01h\0\x85R".repeat(10_000);
    assert_refused(
        pickle(&[long, copies, calls].concat()),
        "limit",
        "the bytes that a pickle copies",
    );
}

#[test]
fn marks_memo_slots_and_types_are_checked() {
    let cases: &[(&[u8], &str)] = &[
        (&b"(".repeat(100_000), "the stack is empty"),
        (b"t", "no mark is open"),
        (b"h\x05", "memo slot 5 is empty"),
        (b"j\xff\xff\xff\xff", "memo slot 4294967295 is empty"),
        (b"NNa", "something that is no list"),
        (b"NNNs", "something that is no dict"),
        (b"}(Nu", "a key without a value"),
        (b"ca\nb\nNR", "no tuple of arguments"),
        (b"NN\x93", "a class name is expected"),
        (b"ca\nb", "does not end"),
        (b"NQ", "a persistent id names no storage"),
        (b"\x00", "is no pickle opcode"),
        (b"Iabc\n", "a decimal integer"),
        (b"Fabc\n", "a decimal number"),
        (b"S'abc\n", "a quoted string"),
    ];
    for (body, says) in cases {
        assert_refused(pickle(body), "corrupt", says);
    }
    assert_refused(b"\x80\x05\x97.".to_vec(), "unsupported", "out-of-band");
    assert_refused(b"\x80\x05\x80\x09.".to_vec(), "unsupported", "protocol 9");
    assert_refused(pickle(b"\x82\x01"), "unsupported", "extension codes");
}

#[test]
fn nothing_is_executed() {
    let weights = open(pickle(b"cos\nsystem\nX\x04\0\0\0exit\x85R")).unwrap();
    let call = weights.root().as_object().unwrap();
    assert_eq!((call.class(), call.args()[0].as_str()), ("os.system", Some("exit")));
}

#[test]
fn repeated_keys_keep_the_last_value() {
    let pairs = [text("a"), int(1), text("b"), int(2), text("a"), int(3)].concat();
    let weights = open(pickle(&[b"}(", pairs.as_slice(), b"u"].concat())).unwrap();
    let root = weights.root().as_dict().unwrap();
    let mut text = String::new();
    for (key, value) in root.iter() {
        write!(text, "{key:?}={value:?};").unwrap();
    }
    assert_eq!(text, "\"a\"=3;\"b\"=2;");
}

#[test]
fn integers_of_any_length_keep_their_value() {
    let cases: &[(&[u8], i64)] = &[
        (b"\x8a\x00", 0),
        (b"\x8a\x01\xff", -1),
        (b"\x8a\x02\xff\x00", 255),
        (b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\x7f\x00", i64::MAX),
        (b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\xff", i64::MIN),
        (b"J\xff\xff\xff\xff", -1),
        (b"I-7\n", -7),
        (b"L12L\n", 12),
    ];
    for (body, value) in cases {
        assert_eq!(open(pickle(body)).unwrap().root().as_i64(), Some(*value), "{body:?}");
    }
    let huge = open(pickle(b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00")).unwrap();
    assert!(matches!(huge.root(), Value::BigInt(_)), "2^64 - 1 is not -1");
}

#[test]
fn long_keys_met_often_are_refused() {
    let key = [text(&"k".repeat(1 << 16)), b"q\0".to_vec()].concat();
    let dicts = b"}h\0}NNssa".repeat(10_000);
    let nested = b"}h\0}K\x01K\x01ssa".repeat(10_000);
    for dicts in [dicts, nested] {
        let body = [key.as_slice(), b"0]", &dicts].concat();
        assert_refused(pickle(&body), "limit", "the bytes of all tensor names");
    }
}

#[test]
fn keys_that_read_alike_get_numbers() {
    let array = b"cnumpy._core.numeric\n_frombuffer\n(C\x01\x07cnumpy\ndtype\nX\x02\0\0\0u1\x85RK\x01\x85X\x01\0\0\0CtR";
    let pairs = [&int(1)[..], array, &text("1"), array].concat();
    let weights = open(pickle(&[b"}(", pairs.as_slice(), b"u"].concat())).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["1", "1#2"]);
}
